"""The three roles and the database: made once, checked at every start.

owner runs migrations and may create databases (tests clone a template); settle writes the hot
tables; web reads them. What each may do to a table is said by the migrations that make the table.
"""

import contextlib
from pathlib import Path

import psycopg
import structlog
from psycopg import sql
from psycopg.rows import TupleRow

from jusha.config.postgres.archive import waits
from jusha.config.postgres.cluster import CONNECT_TIMEOUT_S, Cluster
from jusha.config.postgres.passwords import obtain_password, read_password
from jusha.config.postgres.place import default_home
from jusha.config.postgres.urls import (
    DATABASE,
    ROLES,
    embedded_url,
    external_url,
    record_roles_made,
    with_changes,
)

# Any number will do, as long as nobody else uses it: two prepare() calls take turns.
PREPARE_LOCK = 0x6A757368615F7067

log = structlog.get_logger(__name__)

Connection = psycopg.Connection[TupleRow]


def prepare(home: Path | None = None, *, binaries: Path | None = None) -> None:
    """When this returns, the server answers and the roles and the database exist. Idempotent.

    With DATABASE_URL nothing is started: the roles settle and web are made there if that user may,
    and otherwise the log says that the owner's role serves for all. `binaries` as for Cluster.
    Raises PostgresRefusal, or psycopg.OperationalError when the named server does not answer.
    """
    home = (home or default_home()).resolve()
    external = external_url()
    if external is None:
        cluster = Cluster(home, binaries=binaries)
        cluster.start()
        with cluster.connect() as connection:
            _prepare_embedded(connection, home)
    else:
        with psycopg.connect(
            external, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S
        ) as connection:
            record_roles_made(home, external, _prepare_external(connection, home, external))


def server_version(url: str) -> str | None:
    """The version of the server at `url`, such as "15.18"; None when it does not answer."""
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_S) as connection:
            number = connection.info.server_version
    except psycopg.OperationalError:
        return None
    return f"{number // 10000}.{number % 10000}"


def _prepare_embedded(connection: Connection, home: Path) -> None:
    connection.execute("SELECT pg_advisory_lock(%s)", [PREPARE_LOCK])
    for role, name in ROLES.items():
        password = obtain_password(home, role)
        if not _exists(connection, name):
            _create_role(connection, name, password, createdb=role == "owner")
            log.info("database role made", role=name)
        elif not _can_log_in(embedded_url(role, home, password, "template1")):
            # The home's secrets are the truth here: they were lost or replaced, or a backup of
            # another home was restored.
            _set_password(connection, name, password)
            log.warning("database role got the password stored in this home", role=name)
    database = sql.Identifier(DATABASE)
    found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
    if found.fetchone() is None:
        owner = sql.Identifier(ROLES["owner"])
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, owner))
        log.info("database made", database=DATABASE)
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    for role in ("settle", "web"):
        _grant_entry(connection, DATABASE, ROLES[role])
        _wait_for_stream(connection, ROLES[role])


def _prepare_external(connection: Connection, home: Path, url: str) -> set[str]:
    """Make settle and web where missing; return those that can log in with our passwords.

    A role that exists with another password is left alone: another home of the same installation
    uses it. That home's secrets, or DATABASE_SETTLE_URL and DATABASE_WEB_URL, are the way then.
    """
    connection.execute("SELECT pg_advisory_lock(%s)", [PREPARE_LOCK])
    ready = set()
    for role in ("settle", "web"):
        name = ROLES[role]
        if not _exists(connection, name):
            try:
                _create_role(connection, name, obtain_password(home, role), createdb=False)
            except psycopg.errors.InsufficientPrivilege:
                log.warning("DATABASE_URL may not create roles; the owner's serves", role=name)
                continue
        # Only where the keeper of the server has taken this right from everybody is it missing.
        with contextlib.suppress(psycopg.errors.InsufficientPrivilege):
            _grant_entry(connection, connection.info.dbname, name)
        password = read_password(home, role)
        if password and _can_log_in(with_changes(url, user=name, password=password)):
            ready.add(role)
        else:
            log.warning("database role exists with a password this home does not hold", role=name)
    connection.execute("SELECT pg_advisory_unlock(%s)", [PREPARE_LOCK])
    return ready


def _grant_entry(connection: Connection, database: str, name: str) -> None:
    statement = sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}")
    connection.execute(statement.format(sql.Identifier(database), sql.Identifier(name)))


def _wait_for_stream(connection: Connection, name: str) -> None:
    """Let what this role commits wait for the archive's stream, or no longer."""
    change = "SET synchronous_commit = 'on'" if waits() else "RESET synchronous_commit"
    statement = sql.SQL("ALTER ROLE {} {}").format(sql.Identifier(name), sql.SQL(change))
    connection.execute(statement)


def _exists(connection: Connection, name: str) -> bool:
    found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name])
    return found.fetchone() is not None


def _create_role(connection: Connection, name: str, password: str, *, createdb: bool) -> None:
    statement = sql.SQL("CREATE ROLE {} LOGIN {} PASSWORD {}").format(
        sql.Identifier(name),
        sql.SQL("CREATEDB" if createdb else "NOCREATEDB"),
        sql.Literal(_verifier(connection, name, password)),
    )
    connection.execute(statement)


def _set_password(connection: Connection, name: str, password: str) -> None:
    statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(
        sql.Identifier(name), sql.Literal(_verifier(connection, name, password))
    )
    connection.execute(statement)


def _verifier(connection: Connection, name: str, password: str) -> str:
    """The SCRAM verifier (RFC 5803): the password itself never travels into a statement or log."""
    made = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
    return made.decode()


def _can_log_in(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_S).close()
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            return False
        raise
    return True
