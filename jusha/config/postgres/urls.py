"""Which URL a process of a given role connects with, and the same as Django's DATABASES entry.

DATABASE_URL names the owner's database on a server somebody else runs; without it the embedded
server of JUSHA_HOME is meant. Nothing here starts or asks a server.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import TypedDict
from urllib.parse import quote, urlencode

import structlog
from psycopg.conninfo import conninfo_to_dict

from jusha.config.postgres.errors import NotPrepared, UnknownRole
from jusha.config.postgres.passwords import read_password
from jusha.config.postgres.place import PORT, default_home, find_place

DATABASE = "jusha"
ROLES = {"owner": "jusha_owner", "settle": "jusha_settle", "web": "jusha_web"}
URL_ENV = "DATABASE_URL"
ROLE_URL_ENV = {"settle": "DATABASE_SETTLE_URL", "web": "DATABASE_WEB_URL"}
CONNECTION_AGE_MAX_S = 60

log = structlog.get_logger(__name__)


class DjangoDatabase(TypedDict):
    """One entry of Django's DATABASES."""

    ENGINE: str
    NAME: str
    USER: str
    PASSWORD: str
    HOST: str
    PORT: str
    CONN_MAX_AGE: int
    CONN_HEALTH_CHECKS: bool
    OPTIONS: dict[str, str | int]


def external_url() -> str | None:
    """DATABASE_URL, or None when the embedded server is meant."""
    return os.environ.get(URL_ENV) or None


def database_url(role: str, home: Path | None = None, database: str | None = None) -> str:
    """The libpq URL a process of `role` (owner, settle, web) connects with, password inside.

    `database` replaces the database name (by default jusha, or the one in DATABASE_URL). With
    DATABASE_URL: the owner gets it; the others get DATABASE_SETTLE_URL or DATABASE_WEB_URL, else
    DATABASE_URL with their own role if prepare() could make it there, else DATABASE_URL itself
    and a warning in the log. Raises UnknownRole, NotPrepared.
    """
    if role not in ROLES:
        raise UnknownRole(f"{role}: a database role is one of {', '.join(ROLES)}")
    home = (home or default_home()).resolve()
    external = external_url()
    if external is not None:
        return _external_role_url(role, home, external, database)
    password = read_password(home, role)
    if password is None:
        raise NotPrepared(f"no password of role {role} in {home}: run `jusha db start` first")
    return embedded_url(role, home, password, database or DATABASE)


def django_database(role: str, home: Path | None = None) -> DjangoDatabase:
    """The DATABASES entry of a process of `role`, with an application_name that names the role.

    Before the first start there is no password: the entry is then without one, so that settings
    can be loaded (`db start`, type checks, --help), and only connecting fails.
    """
    try:
        url = database_url(role, home)
    except NotPrepared:
        url = embedded_url(role, (home or default_home()).resolve(), "", DATABASE)
    found = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    options: dict[str, str | int] = {"application_name": f"jusha-{role}"}
    known = {name: found.pop(name, "") for name in ("dbname", "user", "password", "host", "port")}
    options.update(found)
    return DjangoDatabase(
        ENGINE="jusha.config.postgres.django",
        NAME=known["dbname"],
        USER=known["user"],
        PASSWORD=known["password"],
        HOST=known["host"],
        PORT=known["port"],
        CONN_MAX_AGE=CONNECTION_AGE_MAX_S,
        CONN_HEALTH_CHECKS=True,
        OPTIONS=options,
    )


def embedded_url(role: str, home: Path, password: str, database: str) -> str:
    """The URL of the embedded server of `home`: its socket folder stands in the query."""
    parts = {"host": str(find_place(home).socket), "port": str(PORT)}
    return _compose(user=ROLES[role], password=password, database=database, rest=parts)


def with_changes(url: str, **changes: str) -> str:
    """The same URL with another user, password or dbname; every other option stays."""
    parts = {name: str(value) for name, value in conninfo_to_dict(url).items()} | changes
    user, password = parts.pop("user", ""), parts.pop("password", "")
    return _compose(user=user, password=password, database=parts.pop("dbname", ""), rest=parts)


def roles_made(home: Path, url: str) -> set[str]:
    """The roles that prepare() knows to work on the server of `url`, passwords in this home."""
    return set(_read_made(home).get(_server_of(url), []))


def record_roles_made(home: Path, url: str, roles: set[str]) -> None:
    """Remember which roles work on the server of `url`; whole or not at all."""
    target = _made_file(home)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = target.with_name(target.name + ".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(_read_made(home) | {_server_of(url): sorted(roles)}))
    draft.replace(target)


def _external_role_url(role: str, home: Path, external: str, database: str | None) -> str:
    url = external
    named = os.environ.get(ROLE_URL_ENV.get(role, "")) if role != "owner" else None
    if named:
        url = named
    elif role != "owner":
        password = read_password(home, role)
        if password is not None and role in roles_made(home, external):
            url = with_changes(external, user=ROLES[role], password=password)
        else:
            log.warning(
                "database role missing, the owner's is used",
                role=ROLES[role],
                remedy=f"run `jusha db start` with a DATABASE_URL that may create roles,"
                f" or set {ROLE_URL_ENV[role]}",
            )
    return with_changes(url, dbname=database) if database else url


def _compose(*, user: str, password: str, database: str, rest: dict[str, str]) -> str:
    """A URL libpq reads back to the same options; a network host stands where people look."""
    rest = dict(rest)
    login = quote(user, safe="") + (":" + quote(password, safe="") if password else "")
    host, port = rest.get("host", ""), rest.get("port", "")
    address = ""
    if host and not host.startswith("/") and "," not in host:
        address = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
        rest.pop("host")
        rest.pop("port", None)
    query = "?" + urlencode(rest, quote_via=quote) if rest else ""
    return f"postgresql://{login}{'@' if login else ''}{address}/{quote(database, safe='')}{query}"


def _server_of(url: str) -> str:
    """A name for the server of a URL that gives away neither its address nor a password."""
    parts = conninfo_to_dict(url)
    text = f"{parts.get('host', '')}:{parts.get('port', '')}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _made_file(home: Path) -> Path:
    return home / "secrets" / "postgres-roles.json"


def _read_made(home: Path) -> dict[str, list[str]]:
    try:
        found = json.loads(_made_file(home).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return {str(server): [str(role) for role in roles] for server, roles in found.items()}
