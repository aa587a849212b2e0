"""The big screens' stream: a part of a screen is sent when its file changed, to all who listen.

The files are the teller's and the board's (JUSHA_HOME/live). They are looked at once a second, once
for all listeners of a screen, and what is sent is made once: a further listener costs a connection
and a write. Who does not read is skipped, and hung up on; nobody waits for anybody, and intake for
none of them.
"""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from jusha.door import metrics
from jusha.inbox.envelopes import CODE

PATH: Final = re.compile(
    rf"/door/v1/live/(?P<code>{CODE.pattern})(?:/(?P<lang>[a-z]{{2}}(?:-[a-z]{{2,8}})?))?", re.ASCII
)
FOLDER: Final = "live"
LANGUAGE: Final = "zh-hans"
PARTS: Final = (("total", "t"), ("scene", "s"))
STREAMS_MAX: Final = 600
"""Screens at once; the other connections are for those who report gifts."""
OF_ONE_MAX: Final = 20
"""Screens of one address; of a proxy, behind which everybody may be, as many as there are."""
IPV6_BITS: Final = 64
"""Of an IPv6 address: the rest is the visitor's to choose."""
SKIPS_MAX: Final = 10
"""So many seconds somebody may not read before being hung up on."""
QUIET_SECONDS: Final = 15
"""After so long without news a line without meaning says that the stream lives."""
HEAD: Final = (
    b"HTTP/1.1 200 OK\r\ndate: %b\r\ncontent-type: text/event-stream\r\ncache-control: no-store\r\n"
    b"access-control-allow-origin: *\r\nx-accel-buffering: no\r\nconnection: close\r\n\r\n"
    b"retry: 5000\n\n"
)
STILL_HERE: Final = b": still here\n\n"


class Screen(NamedTuple):
    """Which screen, in which language."""

    code: str
    language: str


class Listener(Protocol):
    """A connection that listens."""

    def send(self, data: bytes) -> bool:
        """Write to it; False if it does not read."""

    def hang_up(self) -> None:
        """End it at once."""


def screen_of(path: str) -> Screen | None:
    """The screen that an address names; None for any other address."""
    found = PATH.fullmatch(path)
    return Screen(found["code"], found["lang"] or LANGUAGE) if found else None


def network(peer: str) -> str:
    """Whose address it is: an IPv4 address, an IPv6 network; "" for this machine or no address."""
    try:
        found: IPv4Address | IPv6Address | None = ip_address(peer.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(found, IPv6Address):
        found = found.ipv4_mapped or found
    if found is None or found.is_loopback:
        return ""
    if isinstance(found, IPv4Address):
        return str(found)
    return str(ip_network((found, IPV6_BITS), strict=False))


class Streams:
    """Everybody who listens, by screen."""

    def __init__(self, home: Path, *, behind_proxy: bool = False) -> None:
        """`behind_proxy`: every peer is a proxy of ours, and says nothing of who listens."""
        self._folder = home / FOLDER
        self._behind_proxy = behind_proxy
        self._of_one: dict[str, int] = {}
        self._listeners: dict[Screen, dict[Listener, int]] = {}
        self._seen: dict[tuple[Screen, str], Any] = {}
        self._last: dict[tuple[Screen, str], bytes] = {}
        self._quiet: dict[Screen, int] = {}
        metrics.watch_streams(lambda: self.count)

    @property
    def count(self) -> int:
        """How many listen."""
        return sum(len(each) for each in self._listeners.values())

    @property
    def is_full(self) -> bool:
        """Whether one more is one too many."""
        return self.count >= STREAMS_MAX

    def admit(self, peer: str) -> bool:
        """Count one more of an address in; False if it has as many as one may have."""
        name = "" if self._behind_proxy else network(peer)
        if not name:
            return True
        count = self._of_one.get(name, 0)
        if count >= OF_ONE_MAX:
            return False
        self._of_one[name] = count + 1
        return True

    def dismiss(self, peer: str) -> None:
        """Count one that was admitted out."""
        name = network(peer)
        if name in self._of_one:
            self._of_one[name] -= 1
            if not self._of_one[name]:
                del self._of_one[name]

    def has(self, screen: Screen) -> bool:
        """Whether anything was ever told of a screen."""
        return self._path(screen, PARTS[0][1]).is_file()

    def join(self, screen: Screen, listener: Listener) -> None:
        """Listen from now on; what was told last comes at once."""
        if screen not in self._listeners:
            self._listeners[screen], self._quiet[screen] = {}, 0
            self._look(screen)
        self._listeners[screen][listener] = 0
        for event, _ in PARTS:
            if (screen, event) in self._last:
                listener.send(self._last[screen, event])

    def leave(self, screen: Screen, listener: Listener) -> None:
        """Listen no more; the last one takes what is known of the screen along."""
        listeners = self._listeners.get(screen, {})
        listeners.pop(listener, None)
        if not listeners and screen in self._listeners:
            del self._listeners[screen], self._quiet[screen]
            for event, _ in PARTS:
                self._seen.pop((screen, event), None)
                self._last.pop((screen, event), None)

    def tick(self) -> None:
        """Send what changed since a second ago."""
        for screen in tuple(self._listeners):
            news = b"".join(self._look(screen))
            self._quiet[screen] = 0 if news else self._quiet[screen] + 1
            if not news and self._quiet[screen] >= QUIET_SECONDS:
                news, self._quiet[screen] = STILL_HERE, 0
            if news:
                self._send(screen, news)

    def _send(self, screen: Screen, news: bytes) -> None:
        listeners = self._listeners[screen]
        for listener, skipped in tuple(listeners.items()):
            if listener.send(news):
                listeners[listener] = 0
            elif skipped >= SKIPS_MAX:
                metrics.stream_dropped()
                listener.hang_up()
            else:
                listeners[listener] = skipped + 1

    def _look(self, screen: Screen) -> list[bytes]:
        """The events of the parts whose files changed."""
        found = []
        for event, folder in PARTS:
            path = self._path(screen, folder)
            try:
                seen = path.stat()
                mark = (seen.st_mtime_ns, seen.st_ino)
                if self._seen.get((screen, event)) == mark:
                    continue
                body = path.read_bytes()
            except FileNotFoundError:  # not told yet, or taken away: nobody gets it any more
                self._seen.pop((screen, event), None)
                self._last.pop((screen, event), None)
                continue
            except OSError:
                continue
            self._seen[screen, event] = mark
            self._last[screen, event] = as_event(event, body)
            found.append(self._last[screen, event])
        return found

    def _path(self, screen: Screen, folder: str) -> Path:
        return self._folder / folder / f"{screen.code}.{screen.language}.html"


def as_event(name: str, body: bytes) -> bytes:
    """One event of the stream: its name, its lines, a blank line."""
    lines = b"".join(b"data: %b\n" % line for line in body.splitlines())
    return b"event: %b\n%b\n" % (name.encode(), lines)
