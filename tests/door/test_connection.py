"""One connection and the lobby, moment by moment: order, room, patience, farewells."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jusha.door import app, connection
from jusha.door.app import Door
from jusha.door.connection import (
    AHEAD_MAX,
    BODY,
    GOODBYE,
    HEAD,
    PATIENCE_SECONDS,
    REQUEST,
    Connection,
    Lobby,
)
from jusha.door.intake import NotStoredError
from jusha.door.live import Streams
from jusha.door.messages import Keys
from jusha.door.notices import Rails
from jusha.inbox.envelopes import Envelope
from tests.door.wire import BATCH, CHANNEL, SECRET, deed, encode, request, sign

BODY_BYTES = encode(deed())
HEALTH = b"GET /door/v1/health HTTP/1.1\r\nHost: door\r\n\r\n"


def good() -> bytes:
    """Sign it now: a message signed when the file was read is stale late in a long run."""
    return request(BODY_BYTES, sign(BODY_BYTES))


class Lane:
    """An intake whose commits the test decides."""

    waiting = durable = 0

    def __init__(self) -> None:
        self.secrets = {CHANNEL: SECRET}
        self.taken: list[asyncio.Future[None]] = []

    def put(self, envelopes: list[Envelope], raw: bytes) -> asyncio.Future[None]:
        self.taken.append(asyncio.get_running_loop().create_future())
        return self.taken[-1]


class Wire(asyncio.Transport):
    """What the connection did to its transport."""

    def __init__(self) -> None:
        super().__init__()
        self.written, self.deeds = b"", list[str]()

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def __getattribute__(self, name: str) -> Any:
        if name in {"write_eof", "close", "abort", "pause_reading", "resume_reading"}:
            return lambda: self.deeds.append(name)
        return super().__getattribute__(name)

    @property
    def statuses(self) -> list[int]:
        return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+) ", self.written)]


class Scene:
    """A door with a lane that the test holds in its hand."""

    def __init__(self) -> None:
        self.lane = Lane()
        keys = Keys(deed=bytes(32), person=bytes(32))
        rails = Rails(Path("no-home-here"), keys)
        self.door = Door(self.lane, keys, rails)  # type: ignore[arg-type] # what Door uses of it
        self.lobby = Lobby(self.door, Streams(Path("nowhere")))

    def enter(self) -> tuple[Connection, Wire]:
        wire = Wire()
        sender = Connection(self.lobby)
        sender.connection_made(wire)
        return sender, wire

    def seconds(self, count: int) -> None:
        for _ in range(count):
            self.lobby.tick()

    @property
    def room(self) -> int:
        return self.door._reading_bytes


def scene(act: Callable[[Scene], Any]) -> None:
    """Play it on a loop; `act` is asynchronous."""

    async def play() -> None:
        await act(Scene())

    asyncio.run(play())


async def commit(*futures: asyncio.Future[None], error: Exception | None = None) -> None:
    for future in futures:
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
    await asyncio.sleep(0)  # the callbacks of the futures


def test_an_answer_is_written_when_the_message_is_durable_and_not_before() -> None:
    async def act(s: Scene) -> None:
        sender, wire = s.enter()
        sender.data_received(good())
        assert (wire.written, s.room) == (b"", 0)
        await commit(*s.lane.taken)
        assert wire.statuses == [200]
        assert wire.written.endswith(b'\r\n\r\n{"accepted":1}')
        assert wire.deeds == []

    scene(act)


def test_what_could_not_be_stored_is_unsure_and_the_sender_may_go_on() -> None:
    async def act(s: Scene) -> None:
        sender, wire = s.enter()
        sender.data_received(good())
        await commit(*s.lane.taken, error=NotStoredError())
        assert b"urn:jusha:problem:unsure" in wire.written
        assert b"retry-after: 1\r\n" in wire.written
        sender.data_received(good())
        await commit(s.lane.taken[-1])
        assert wire.statuses == [503, 200]

    scene(act)


def test_what_is_sent_ahead_waits_its_turn_and_stops_the_reading() -> None:
    async def act(s: Scene) -> None:
        sender, wire = s.enter()
        sender.data_received(good())
        assert wire.deeds == []  # who sends one at a time is never paused
        sender.data_received(HEALTH + good())
        assert wire.deeds == ["pause_reading"]
        assert (wire.written, len(s.lane.taken)) == (b"", 1)
        await commit(s.lane.taken[0])
        assert wire.statuses == [200, 200]  # the gift, then the health behind it
        assert wire.deeds == ["pause_reading", "resume_reading"]
        await commit(s.lane.taken[1])
        assert wire.statuses == [200, 200, 200]

    scene(act)


def test_only_so_many_may_be_sent_ahead() -> None:
    async def act(s: Scene) -> None:
        sender, wire = s.enter()
        sender.data_received(good() * 1_000)
        while len(s.lane.taken) > len(wire.statuses):
            await commit(s.lane.taken[len(wire.statuses)])
        assert wire.statuses == [200] * AHEAD_MAX
        assert wire.deeds[-1] == "close"
        assert s.room == 0

    scene(act)


def test_a_sender_that_takes_no_answers_is_not_read_until_it_does() -> None:
    async def act(s: Scene) -> None:
        sender, wire = s.enter()
        sender.pause_writing()
        sender.data_received(HEALTH)
        assert (wire.written, wire.deeds) == (b"", ["pause_reading"])
        sender.resume_writing()
        assert wire.statuses == [200]
        assert wire.deeds == ["pause_reading", "resume_reading"]

    scene(act)


def test_a_sender_that_is_gone_gets_nothing_and_leaves_nothing() -> None:
    async def act(s: Scene) -> None:
        sender, wire = s.enter()
        sender.data_received(good() + good() + good()[:-20])
        assert s.room == 2 * len(BODY_BYTES)  # what is sent ahead, and what is still coming
        sender.connection_lost(None)
        assert (s.room, s.lobby.connections) == (0, set())
        await commit(*s.lane.taken)
        assert (wire.written, len(s.lane.taken)) == (b"", 1)

    scene(act)


def test_past_the_room_large_bodies_wait_outside_and_small_ones_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(app, "READING_BYTES_MAX", 150_000)
    large = request(b" " * 100_000, {}, path=BATCH)

    async def act(s: Scene) -> None:
        (first, _), (second, wire), (third, small) = (s.enter() for _ in range(3))
        first.data_received(large[:-1])
        second.data_received(large[:-1])
        assert wire.statuses == [503]
        assert b"problem:full" in wire.written
        third.data_received(good())
        await commit(*s.lane.taken)
        assert small.statuses == [200]
        first.connection_lost(None)
        assert s.room == 0

    scene(act)


def test_past_the_room_nothing_is_taken_ahead_of_an_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(app, "READING_BYTES_MAX", len(BODY_BYTES))

    async def act(s: Scene) -> None:
        sender, wire = s.enter()
        sender.data_received(good() * 4)
        await commit(*s.lane.taken)
        assert wire.statuses == [200, 503]
        assert s.room == 0

    scene(act)


@pytest.mark.parametrize(
    ("sent", "phase", "status"),
    [
        (b"", REQUEST, []),
        (good()[:30], HEAD, []),
        (good()[:-1], BODY, [408]),
        (b"nonsense\r\n\r\n", GOODBYE, [400]),
    ],
)
def test_the_door_waits_for_a_sender_so_long_and_no_longer(
    sent: bytes, phase: int, status: list[int]
) -> None:
    async def act(s: Scene) -> None:
        sender, wire = s.enter()
        if sent:
            sender.data_received(sent)
        before = list(wire.deeds)
        s.seconds(PATIENCE_SECONDS[phase])
        assert wire.deeds == before
        s.seconds(1)
        assert wire.statuses == status
        assert wire.deeds[len(before) :] == ["write_eof" if phase == BODY else "abort"]

    scene(act)


def test_the_senders_patience_is_its_own_while_the_door_commits() -> None:
    async def act(s: Scene) -> None:
        sender, wire = s.enter()
        sender.data_received(good())
        s.seconds(1_000)
        assert wire.deeds == []
        await commit(*s.lane.taken)
        assert wire.statuses == [200]

    scene(act)


def test_one_connection_too_many_is_told_so_and_the_others_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "CONNECTIONS_MAX", 2)

    async def act(s: Scene) -> None:
        one, other, third = s.enter(), s.enter(), s.enter()
        assert third[1].statuses == [503]
        assert b"retry-after: 1\r\nconnection: close\r\n" in third[1].written
        third[0].connection_lost(None)
        one[0].connection_lost(None)
        fourth, wire = s.enter()
        for sender in (fourth, other[0]):
            sender.data_received(HEALTH)
        assert (wire.statuses, other[1].statuses) == ([200], [200])

    scene(act)


def test_a_door_that_closes_answers_what_waits_and_lets_the_others_go() -> None:
    async def act(s: Scene) -> None:
        (idle, nothing), (sender, wire) = s.enter(), s.enter()
        sender.data_received(good())
        s.lobby.finish()
        assert (nothing.deeds, wire.deeds) == (["close"], [])
        sender.data_received(good())  # too late
        await commit(*s.lane.taken)
        assert (wire.statuses, wire.deeds) == ([200], ["close"])
        assert not s.lobby.gone.is_set()
        idle.connection_lost(None)
        sender.connection_lost(None)
        assert s.lobby.gone.is_set()

    scene(act)


def test_a_sender_that_has_said_all_still_gets_its_answer() -> None:
    async def act(s: Scene) -> None:
        sender, wire = s.enter()
        sender.data_received(good())
        assert sender.eof_received()  # the transport stays open
        await commit(*s.lane.taken)
        assert (wire.statuses, wire.deeds) == ([200], ["close"])

    scene(act)


def test_a_sender_that_leaves_between_requests_is_let_go() -> None:
    async def act(s: Scene) -> None:
        sender, wire = s.enter()
        sender.data_received(HEALTH)
        assert not sender.eof_received()
        assert wire.statuses == [200]

    scene(act)
