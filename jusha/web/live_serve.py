"""Files that need no page: live numbers and assets, answered before Django begins.

So are home, campaigns and projects while pages are let go under load (snapshots.py).

On a giving day most requests ask for the same few hundred bytes. Django's middleware and routing
cost ten times what such an answer costs, so the server looks here first. The answers carry the same
headers as Django's.
"""

import os
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

from jusha.web import live_files, shed, snapshots
from jusha.web.assets import asset
from jusha.web.metrics import REQUESTS
from jusha.web.shed_rules import Level
from jusha.web.snapshots import POLICY

LIVE: Final = "/live/"
ASSETS: Final = "/assets/"
SNAPSHOT_KEEP: Final = "private, max-age=1"
LIVE_KEEP: Final = "public, max-age=1"
FOR_EVER: Final = "public, max-age=31536000, immutable"
KINDS: Final = {".json": "application/json", ".html": "text/html; charset=utf-8"}
HELD_MAX: Final = 500
"""Files held in memory: more campaigns than that are read from the disk each time."""
SAFE: Final = (
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
)
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Found(NamedTuple):
    """A file as it is answered."""

    body: bytes
    kind: str
    keep: str
    etag: str
    view: str
    policy: str = ""

    def headers(self, *, fresh: bool) -> list[tuple[str, str]]:
        """The answer's headers; `fresh` where the asker has it already and gets no body."""
        told = [("Cache-Control", self.keep), ("ETag", self.etag), *SAFE]
        if self.policy:
            told = [each for each in told if each[0] != POLICY]
            told += [(POLICY, self.policy), ("Vary", "Accept-Language, Cookie")]
        if fresh:
            return told
        return [("Content-Type", self.kind), ("Content-Length", str(len(self.body))), *told]


class Files:
    """Finds files by their address; one that did not change is not read again."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[tuple[str, int, int, int], Found]] = {}

    def find(self, address: str) -> Found | None:
        """The file at an address, or None where Django may know better."""
        if address.startswith(LIVE):
            return self._live(address.removeprefix(LIVE))
        if address.startswith(ASSETS):
            digest, _, name = address.removeprefix(ASSETS).partition("/")
            found = asset(name)
            if found is not None and digest == found.digest:
                return Found(found.body, found.content_type, FOR_EVER, f'"{digest}"', "asset")
        return None

    def _live(self, name: str) -> Found | None:
        if not live_files.NAME.fullmatch(name):
            return None
        path = live_files.folder() / name
        try:
            seen = os.stat(path)  # noqa: PTH116 - the address is asked for thousands of times a second
            mark = (str(path), seen.st_mtime_ns, seen.st_size, seen.st_ino)
            held = self._held.get(name)
            if held is not None and held[0] == mark:
                return held[1]
            body = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        etag = f'"{sha256(body).hexdigest()[:16]}"'
        found = Found(body, KINDS[Path(name).suffix], LIVE_KEEP, etag, "live")
        if len(self._held) < HELD_MAX or name in self._held:
            self._held[name] = (mark, found)
        return found


FILES: Final = Files()


def snapshot(environ: dict[str, Any], level: Level) -> Found | None:
    """The page as a file, while pages are let go; None where it has to be made."""
    path = environ.get("PATH_INFO", "")
    if not snapshots.PATHS.fullmatch(path):
        return None
    cookie, accepted = environ.get("HTTP_COOKIE", ""), environ.get("HTTP_ACCEPT_LANGUAGE", "")
    language = snapshots.language_of(cookie, accepted)
    query = environ.get("QUERY_STRING", "")
    if query and level < Level.DONATE_ONLY:
        return None  # what led here is carried on by the page itself
    page = snapshots.read(path, language, level)
    if page is None:
        return None
    body = snapshots.carry(page.body, query)
    etag = f'"{sha256(body).hexdigest()[:16]}"'
    return Found(body, KINDS[".html"], SNAPSHOT_KEEP, etag, "snapshot", page.policy)


def before(application: Application) -> Application:
    """An application that answers files by the short way, and leaves all else to the other."""

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] in {"GET", "HEAD"}:
            level = shed.level()
            found = FILES.find(environ.get("PATH_INFO", ""))
            if found is None and level >= Level.SNAPSHOTS:
                found = snapshot(environ, level)
            if found is not None:
                fresh = environ.get("HTTP_IF_NONE_MATCH") == found.etag
                status = "304 Not Modified" if fresh else "200 OK"
                REQUESTS.labels(found.view, status[:3]).inc()
                start(status, found.headers(fresh=fresh))
                empty = fresh or environ["REQUEST_METHOD"] == "HEAD"
                return [] if empty else [found.body]
        return application(environ, start)

    return answer
