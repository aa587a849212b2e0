"""People who watch a giving day while others give: pages that poll, and one crawler.

A process of its own. Each viewer holds a connection and asks for the campaign's live fragment as
the page's script does: every two seconds, a quarter more or less, with the ETag of what it has. The
crawler reads pages one after another without pause. A lost connection is opened again and counted.
"""

import argparse
import heapq
import json
import random
import re
import resource
import select
import socket
import subprocess
import sys
import time
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

EVERY_SECONDS: Final = 2.0
READ_BYTES: Final = 1 << 16
PATIENCE_SECONDS: Final = 30.0
REST_SECONDS: Final = 1.0
HEAD: Final = b"\r\n\r\n"
LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
ETAG: Final = re.compile(rb'\r\netag: *("[^"\r\n]*")', re.IGNORECASE)
STATUS: Final = slice(9, 12)
NO_BODY: Final = frozenset({204, 304})
WATCHED: Final = "watched"
CRAWLED: Final = "crawled"


@dataclass(frozen=True, slots=True)
class Watched:
    """What the viewers saw, in milliseconds; `statuses` by HTTP status, 0 for a lost connection."""

    asked: int
    statuses: dict[int, int]
    p50_ms: float
    p99_ms: float
    max_ms: float


class Viewer:
    """One connection and its question."""

    __slots__ = ("asked_at", "etag", "fd", "kind", "partial", "place", "sock")

    def __init__(self, kind: str) -> None:
        self.kind, self.place = kind, 0
        self.sock: socket.socket | None = None
        self.fd = -1
        self.partial, self.etag, self.asked_at = b"", b"", 0.0


class Crowd:
    """All viewers and the crawler on one epoll."""

    def __init__(self, port: int, live: str, pages: Sequence[str], viewers: int) -> None:
        self._peer, self._live, self._pages = ("127.0.0.1", port), live, pages
        self._epoll = select.epoll()
        self._open: dict[int, Viewer] = {}
        self._due: list[tuple[float, int, Viewer]] = []
        self._count = 0
        self._random = random.Random(1)  # noqa: S311 - when a viewer looks, no secret
        self.took = {WATCHED: array("d"), CRAWLED: array("d")}
        self.statuses = {WATCHED: Counter[int](), CRAWLED: Counter[int]()}
        now = time.monotonic()
        for _ in range(viewers):
            self._later(Viewer(WATCHED), now + self._random.random() * EVERY_SECONDS)
        if pages:
            self._later(Viewer(CRAWLED), now)

    def run(self, *, until: float) -> None:
        """Look until a moment (monotonic)."""
        while (now := time.monotonic()) < until:
            while self._due and self._due[0][0] <= now:
                self._ask(heapq.heappop(self._due)[2], now)
            pause = min(self._due[0][0] - now if self._due else 0.1, 0.1)
            for fd, _ in self._epoll.poll(max(pause, 0.0), 512):
                self._read(self._open[fd])
            self._give_up(now)

    def _later(self, viewer: Viewer, at: float) -> None:
        self._count += 1
        heapq.heappush(self._due, (at, self._count, viewer))

    def _ask(self, viewer: Viewer, now: float) -> None:
        path = self._live if viewer.kind == WATCHED else self._pages[viewer.place]
        known = f"if-none-match: {viewer.etag.decode()}\r\n" if viewer.etag else ""
        question = f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{known}\r\n".encode()
        viewer.asked_at = now
        try:
            if viewer.sock is None:
                viewer.sock = socket.create_connection(self._peer, timeout=5)
                viewer.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                viewer.fd = viewer.sock.fileno()
                self._open[viewer.fd] = viewer
                self._epoll.register(viewer.fd, select.EPOLLIN)
            viewer.sock.sendall(question)
        except OSError:
            self._lose(viewer)

    def _read(self, viewer: Viewer) -> None:
        assert viewer.sock is not None
        try:
            data = viewer.sock.recv(READ_BYTES)
        except OSError:
            data = b""
        if not data:
            self._lose(viewer)
            return
        viewer.partial += data
        end = viewer.partial.find(HEAD)
        if end < 0:
            return
        status, length = int(viewer.partial[STATUS]), LENGTH.search(viewer.partial, 0, end + 2)
        whole = end + len(HEAD) + (int(length[1]) if length and status not in NO_BODY else 0)
        if len(viewer.partial) >= whole:
            self._answered(viewer, status, end)

    def _answered(self, viewer: Viewer, status: int, end: int) -> None:
        now = time.monotonic()
        self.took[viewer.kind].append(now - viewer.asked_at)
        self.statuses[viewer.kind][status] += 1
        if viewer.kind == WATCHED:
            found = ETAG.search(viewer.partial, 0, end + 2)
            viewer.etag = found[1] if found else viewer.etag
            self._later(viewer, now + EVERY_SECONDS * (0.75 + self._random.random() / 2))
        else:
            viewer.place = (viewer.place + 1) % len(self._pages)
            self._later(viewer, now)
        viewer.partial, viewer.asked_at = b"", 0.0

    def _give_up(self, now: float) -> None:
        """A question that nobody answers is charged as it is, and asked on a new connection."""
        late = [
            v for v in self._open.values() if v.asked_at and now - v.asked_at > PATIENCE_SECONDS
        ]
        for viewer in late:
            self.took[viewer.kind].append(now - viewer.asked_at)
            self._lose(viewer)

    def _lose(self, viewer: Viewer) -> None:
        if viewer.sock is not None:
            self._open.pop(viewer.fd, None)
            viewer.sock.close()
        viewer.sock, viewer.partial, viewer.asked_at = None, b"", 0.0
        self.statuses[viewer.kind][0] += 1
        self._later(viewer, time.monotonic() + REST_SECONDS)

    def seen(self, kind: str) -> dict[str, Any]:
        """What was seen of one kind, as `Watched` has it."""
        ranked = sorted(self.took[kind]) or [0.0]
        return {
            "asked": len(self.took[kind]),
            "statuses": dict(self.statuses[kind]),
            "p50_ms": round(ranked[len(ranked) // 2] * 1e3, 1),
            "p99_ms": round(ranked[len(ranked) * 99 // 100] * 1e3, 1),
            "max_ms": round(ranked[-1] * 1e3, 1),
        }


class Watching:
    """The crowd in a process of its own, from now until it is told to stop."""

    def __init__(self, *, port: int, live: str, pages: Sequence[str], viewers: int) -> None:
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jusha.management.drill.viewers"),
                *("--port", str(port), "--live", live, "--viewers", str(viewers)),
                *("--pages", *pages),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def result(self) -> tuple[Watched, Watched]:
        """Stop it: what the viewers saw, and what the crawler."""
        told, _ = self.process.communicate("stop\n")
        found = json.loads(told)
        return _watched(found[WATCHED]), _watched(found[CRAWLED])


def _watched(found: dict[str, Any]) -> Watched:
    statuses = {int(code): count for code, count in found.pop("statuses").items()}
    return Watched(**found, statuses=statuses)


def main() -> None:
    """Look until something is written to the standard input, then tell what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--live", required=True)
    parser.add_argument("--pages", nargs="*", default=[])
    parser.add_argument("--viewers", type=int, required=True)
    told = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    crowd = Crowd(told.port, told.live, told.pages, told.viewers)
    while not select.select([sys.stdin], [], [], 0)[0]:
        crowd.run(until=time.monotonic() + 0.5)
    json.dump({kind: crowd.seen(kind) for kind in (WATCHED, CRAWLED)}, sys.stdout)


if __name__ == "__main__":
    main()
