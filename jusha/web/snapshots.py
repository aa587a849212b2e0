"""Home, campaigns and projects as files, for when the pages are let go.

The board renders them in turn while there is time for it, so that they are there when there is
none: each as it is for a visitor of whom nothing is known, in every language, with the moment it
is of; and beside it a light one that leads to giving and does nothing else. They are served before
Django begins, without the database (live_serve.py).
"""

import re
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.utils import translation
from django.utils.translation import get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header

from jusha.web.live_files import CODE, write_at
from jusha.web.shed_rules import Level

PATHS: Final = re.compile(rf"/|/[cp]/{CODE}", re.ASCII)
FOLDER: Final = "snapshots"
MARK: Final = "JUSHA_SNAPSHOT"
"""In a request's META: the level for which a page is rendered. No header can set it."""
POLICY: Final = "Content-Security-Policy"
GONE: Final = ("404", "410")
CARRIED: Final = ("team", "company", "scene", "campaign")
FIELD: Final = b'<input type="hidden" name="jusha-carry" value="1">'
LINK: Final = b"jusha-carry=1"
PER_TICK: Final = 4
"""Pages rendered a call: about a twentieth of a core, a second apart."""
PER_TICK_LATE: Final = 12
"""While they are what everybody sees."""


class Page(NamedTuple):
    """A rendered page: its policy and its bytes."""

    policy: str
    body: bytes


def file_of(path: str, language: str, level: Level) -> Path:
    """Where the page of a path stands."""
    name = sha256(path.encode()).hexdigest()[:32]
    return Path(settings.HOME) / FOLDER / f"{name}.{language}.{int(level)}.html"


def language_of(cookie: str, accepted: str) -> str:
    """The visitor's language, by Django's own rules: the cookie, then what the browser accepts."""
    found = re.search(rf"(?:^|;\s*){re.escape(settings.LANGUAGE_COOKIE_NAME)}=([\w-]+)", cookie)
    asked = [found[1]] if found else []
    asked += [each for each, _ in parse_accept_lang_header(accepted)]
    for each in asked:
        try:
            return get_supported_language_variant(each)
        except LookupError:
            continue
    return str(settings.LANGUAGE_CODE)


def read(path: str, language: str, level: Level) -> Page | None:
    """The page as it was rendered last; None if it never was."""
    try:
        head, _, body = file_of(path, language, level).read_bytes().partition(b"\n")
    except OSError:
        return None
    return Page(head.decode("latin-1"), body)


def carry(body: bytes, query: str) -> bytes:
    """The light page, carrying on what its own address said of where the gift comes from."""
    told = [
        (name, value)
        for name, value in parse_qsl(query)
        if name in CARRIED and re.fullmatch(CODE, value, re.ASCII)
    ]
    fields = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in told)
    links = "&amp;".join(f"{name}={value}" for name, value in told)
    return body.replace(FIELD, fields.encode()).replace(LINK, links.encode())


class Snapshots:
    """Renders pages in turn, the oldest first."""

    def __init__(self, paths: Callable[[], list[str]], handler: WSGIHandler | None = None) -> None:
        """`paths`: what is worth keeping now; asked for at the start of each turn."""
        self._paths = paths
        self._handler = handler or WSGIHandler()
        self._turn: list[tuple[str, str, Level]] = []

    def tell(self, level: Level) -> int:
        """Render some; how many. Raises OSError."""
        done = 0
        for _ in range(PER_TICK_LATE if level >= Level.SNAPSHOTS else PER_TICK):
            if not self._turn:
                if done:
                    break  # a turn shorter than one call needs no second one in it
                self._turn = self._next_turn()
            if not self._turn:
                break
            done += self._render(*self._turn.pop())
        return done

    def _next_turn(self) -> list[tuple[str, str, Level]]:
        languages = [code for code, _ in settings.LANGUAGES]
        levels = (Level.SNAPSHOTS, Level.DONATE_ONLY)
        paths = reversed(self._paths())
        turn = [(path, each, kind) for path in paths for each in languages for kind in levels]
        kept = {file_of(*each).name for each in turn}
        for path in (Path(settings.HOME) / FOLDER).glob("*"):
            if path.name not in kept:  # it would show for ever what was so once
                path.unlink(missing_ok=True)
        return turn

    def _render(self, path: str, language: str, level: Level) -> bool:
        told: dict[str, Any] = {}

        def start(status: str, headers: list[tuple[str, str]], _: Any = None, /) -> Any:
            told["status"], told["policy"] = status, dict(headers).get(POLICY, "")

        with translation.override(language):  # what the page speaks is spoken in it alone
            answer = self._handler(_environ(path, language, level), start)
            try:
                body = b"".join(answer)
            finally:
                answer.close()
        if not told["status"].startswith("200"):
            if told["status"][:3] in GONE:  # else the last one stands: the database may be away
                file_of(path, language, level).unlink(missing_ok=True)
            return False
        write_at(file_of(path, language, level), told["policy"].encode() + b"\n" + body)
        return True


def _environ(path: str, language: str, level: Level) -> dict[str, Any]:
    """A request by nobody: no cookie, no address."""
    host = settings.ALLOWED_HOSTS[0].lstrip(".") if settings.ALLOWED_HOSTS else "localhost"
    return {
        "REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": "", "SCRIPT_NAME": "",
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": host,
        "HTTP_ACCEPT_LANGUAGE": language, "HTTP_ACCEPT": "text/html", "REMOTE_ADDR": "",
        "wsgi.url_scheme": "https" if settings.JUSHA_HTTPS else "http", "wsgi.input": BytesIO(),
        "wsgi.errors": BytesIO(), "wsgi.version": (1, 0), "wsgi.multithread": False,
        "wsgi.multiprocess": True, "wsgi.run_once": False, MARK: int(level),
    }  # fmt: skip


def paths_of(campaigns: list[str], projects: list[str]) -> list[str]:
    """Addresses of home, campaigns and projects, in this order."""
    return ["/", *(f"/c/{code}" for code in campaigns), *(f"/p/{code}" for code in projects)]
