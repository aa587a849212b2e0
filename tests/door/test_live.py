"""The big screens' stream: what changed goes to all who listen, and nobody waits for a slow one."""

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

from jusha.door import live
from jusha.door.app import Door
from jusha.door.connection import Connection, Lobby
from jusha.door.live import (
    OF_ONE_MAX,
    QUIET_SECONDS,
    SKIPS_MAX,
    STILL_HERE,
    Screen,
    Streams,
    as_event,
    network,
    screen_of,
)
from jusha.door.messages import BODY_MAX

DAY = Screen("day", "zh-hans")
ASK = b"GET /door/v1/live/day HTTP/1.1\r\nHost: door\r\n\r\n"


class Hall:
    """A listener that reads, or does not."""

    def __init__(self, *, reads: bool = True) -> None:
        self.reads, self.heard, self.gone = reads, b"", False

    def send(self, data: bytes) -> bool:
        if self.reads:
            self.heard += data
        return self.reads

    def hang_up(self) -> None:
        self.gone = True


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for folder in ("t", "s"):
        (tmp_path / "live" / folder).mkdir(parents=True)
    tell(tmp_path, "t", "1 gift")
    return tmp_path


def tell(home: Path, folder: str, text: str) -> None:
    path = home / "live" / folder / "day.zh-hans.html"
    draft = path.with_suffix(".new")
    draft.write_text(text, "utf-8")
    draft.replace(path)


def test_an_address_names_a_screen_and_nothing_else() -> None:
    assert screen_of("/door/v1/live/day") == DAY
    assert screen_of("/door/v1/live/day/en") == Screen("day", "en")
    for other in ("/door/v1/live/", "/door/v1/live/../x", "/door/v1/live/day/en/x", "/live/day"):
        assert screen_of(other) is None


def test_an_event_has_every_line() -> None:
    assert as_event("total", b"<p>\n1</p>\n") == b"event: total\ndata: <p>\ndata: 1</p>\n\n"


def test_what_was_told_comes_at_once_and_then_what_changed(home: Path) -> None:
    streams, hall = Streams(home), Hall()
    streams.join(DAY, hall)
    assert hall.heard == as_event("total", b"1 gift")
    streams.tick()
    assert hall.heard == as_event("total", b"1 gift"), "nothing changed"
    tell(home, "t", "2 gifts")
    tell(home, "s", "a curve")
    streams.tick()
    assert hall.heard.endswith(as_event("total", b"2 gifts") + as_event("scene", b"a curve"))
    late = Hall()
    streams.join(DAY, late)
    assert late.heard == as_event("total", b"2 gifts") + as_event("scene", b"a curve")


def test_a_quiet_stream_says_that_it_lives(home: Path) -> None:
    streams, hall = Streams(home), Hall()
    streams.join(DAY, hall)
    for _ in range(QUIET_SECONDS):
        streams.tick()
    assert hall.heard.endswith(STILL_HERE)


def test_who_does_not_read_is_hung_up_on_and_holds_up_nobody(home: Path) -> None:
    streams, slow, hall = Streams(home), Hall(reads=False), Hall()
    streams.join(DAY, slow)
    streams.join(DAY, hall)
    for n in range(SKIPS_MAX + 1):
        assert not slow.gone
        tell(home, "t", f"{n} more")
        streams.tick()
    assert slow.gone
    assert as_event("total", b"10 more") in hall.heard


def test_what_was_taken_away_is_told_to_nobody_who_comes_later(home: Path) -> None:
    streams, hall, late = Streams(home), Hall(), Hall()
    tell(home, "s", "names")
    streams.join(DAY, hall)
    assert b"names" in hall.heard
    (home / "live" / "s" / "day.zh-hans.html").unlink()
    streams.tick()
    streams.join(DAY, late)
    assert late.heard == as_event("total", b"1 gift")
    tell(home, "s", "none")
    streams.tick()
    assert late.heard.endswith(as_event("scene", b"none"))


def test_the_last_to_leave_takes_the_memory_along(home: Path) -> None:
    streams, hall = Streams(home), Hall()
    streams.join(DAY, hall)
    streams.leave(DAY, hall)
    assert streams.count == 0
    assert (streams._listeners, streams._last, streams._seen) == ({}, {}, {})


class Wire(asyncio.Transport):
    """What the connection did."""

    def __init__(self, peer: str = "") -> None:
        super().__init__({"peername": (peer, 4000)} if peer else None)
        self.written, self.aborted, self.closed = b"", False, False

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def abort(self) -> None:
        self.aborted = True

    def close(self) -> None:
        self.closed = True

    def write_eof(self) -> None:
        self.closed = True

    def pause_reading(self) -> None:
        """Nothing more is asked of it."""

    def resume_reading(self) -> None:
        """Nor that."""


class Quiet:
    """A door of which only the room for bodies is asked."""

    def announced_bytes(self, *_args: object, **_more: object) -> int:
        return 0

    def release(self, _length: int) -> None:
        """There is none."""


def asked(lobby: Lobby, peer: str = "") -> tuple[Connection, Wire]:
    connection, wire = Connection(lobby), Wire(peer)
    connection.connection_made(wire)
    connection.data_received(ASK)
    return connection, wire


def lobby_of(home: Path) -> Lobby:
    return Lobby(cast("Door", Quiet()), Streams(home))


def test_a_connection_that_listens_is_never_impatient_and_ends_with_the_door(home: Path) -> None:
    lobby = lobby_of(home)
    connection, wire = asked(lobby)
    head, _, rest = wire.written.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert b"text/event-stream" in head
    assert rest.endswith(as_event("total", b"1 gift"))
    for _ in range(120):
        lobby.tick()
    assert not wire.aborted
    lobby.finish()
    assert wire.closed
    connection.connection_lost(None)
    assert lobby.streams.count == 0


def test_one_screen_too_many_and_one_that_nobody_told_are_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "STREAMS_MAX", 1)
    lobby = lobby_of(home)
    asked(lobby)
    assert asked(lobby)[1].written.startswith(b"HTTP/1.1 503")
    (home / "live" / "t" / "day.zh-hans.html").unlink()
    assert asked(lobby_of(home))[1].written.startswith(b"HTTP/1.1 404")


def test_one_address_holds_so_many_streams_and_a_proxy_as_many_as_there_are(home: Path) -> None:
    lobby = lobby_of(home)
    first, _ = asked(lobby, "203.0.113.7")
    for _ in range(OF_ONE_MAX - 1):
        assert asked(lobby, "203.0.113.7")[1].written.startswith(b"HTTP/1.1 200")
    assert asked(lobby, "203.0.113.7")[1].written.startswith(b"HTTP/1.1 503")
    assert asked(lobby, "203.0.113.8")[1].written.startswith(b"HTTP/1.1 200")
    first.connection_lost(None)
    assert asked(lobby, "203.0.113.7")[1].written.startswith(b"HTTP/1.1 200")
    assert asked(lobby, "203.0.113.7")[1].written.startswith(b"HTTP/1.1 503")
    behind = Lobby(cast("Door", Quiet()), Streams(home, behind_proxy=True))
    for where, peer in ((behind, "203.0.113.7"), (lobby, "127.0.0.1")):
        for _ in range(OF_ONE_MAX + 1):
            assert asked(where, peer)[1].written.startswith(b"HTTP/1.1 200")


def test_addresses_that_are_forgotten_leave_nothing(home: Path) -> None:
    lobby = lobby_of(home)
    for connection in [asked(lobby, "2001:db8::1")[0] for _ in range(3)]:
        connection.connection_lost(None)
    assert lobby.streams._of_one == {}


def test_who_has_a_network_of_ipv6_is_one(home: Path) -> None:
    assert network("2001:db8::1") == network("2001:db8::2") != network("2001:db8:0:1::1")
    assert network("::ffff:203.0.113.7") == "203.0.113.7"
    assert network("::1") == network("127.0.0.1") == network("::ffff:127.0.0.1") == ""


def test_a_body_sent_behind_the_question_for_a_stream_holds_no_room(home: Path) -> None:
    door = Door(cast("Any", object()), cast("Any", None), cast("Any", None))
    lobby = Lobby(door, Streams(home))
    path = max(BODY_MAX, key=lambda each: BODY_MAX[each])
    size = 200_000
    head = f"POST {path} HTTP/1.1\r\nHost: door\r\nContent-Length: {size}\r\n\r\n".encode()
    for _ in range(3):
        connection, wire = Connection(lobby), Wire()
        connection.connection_made(wire)
        connection.data_received(ASK + head + b"x" * size)
        assert wire.written.startswith(b"HTTP/1.1 200")
        assert door._reading_bytes == 0
        connection.connection_lost(None)
    assert door._reading_bytes == 0
