"""Group commit: what is answered is durable, and whoever cannot be answered is told so."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress

import msgspec
import psycopg
import pytest

from jusha.config.postgres import database_url
from jusha.door import intake
from jusha.door.intake import DoorFullError, Intake, NotStoredError, first_line
from jusha.inbox.envelopes import Deed, Envelope, decode
from jusha.people.vault import unseal
from tests.home import HOME

KEY = bytes(range(32))


def new_intake(database: str, *, lane: str = "door", commit_seconds: float = 10.0) -> Intake:
    url = database_url("web", HOME, database)
    return Intake(
        url=url, lane=lane, raw_key=KEY, secret_key=KEY, commit_seconds=commit_seconds
    )  # fmt: skip


def deeds(first: int, count: int) -> list[Envelope]:
    return [
        Deed(channel="c", key=n.to_bytes(16, "big"), body=bytes(32), asset="CNY", amount=1)
        for n in range(first, first + count)
    ]


async def beside(lane: Intake, work: Callable[[], Awaitable[None]]) -> None:
    """Do some work while the lane commits; close its connection at the end."""
    committing = asyncio.create_task(lane.run())
    try:
        await work()
    finally:
        committing.cancel()
        with suppress(asyncio.CancelledError):
            await committing
        await lane._disconnect()


@pytest.fixture
def held(database: str) -> Iterator[psycopg.Connection]:
    """The door's lane, locked until this connection's transaction ends."""
    with psycopg.connect(database_url("owner", HOME, database)) as connection:
        connection.execute("SELECT 1 FROM inbox_lane WHERE name = 'door' FOR UPDATE")
        yield connection


def test_what_waits_together_is_one_row_with_its_raw_messages_sealed(
    database: str, owner: psycopg.Connection
) -> None:
    lane = new_intake(database)

    async def work() -> None:
        waits = [lane.put(deeds(n, 1), b"raw %d" % n) for n in range(100)]
        assert lane.waiting == 100
        await asyncio.gather(*waits)
        assert (lane.waiting, lane.durable) == (0, 100)

    asyncio.run(beside(lane, work))
    ((count, payload),) = owner.execute("SELECT count, payload FROM inbox_row").fetchall()
    assert count == 100
    assert decode(payload) == deeds(0, 100)
    ((sealed,),) = owner.execute("SELECT sealed FROM inbox_raw").fetchall()
    raw = msgspec.msgpack.decode(unseal(KEY, sealed, b"inbox-raw"))
    assert raw == [b"raw %d" % n for n in range(100)]


@pytest.mark.parametrize(
    ("bytes_each", "wanted"), [(1, [5_000, 4_000]), (3 << 20, [2_000] * 4 + [1_000])]
)
def test_a_row_holds_no_more_than_settlement_takes_at_once(
    database: str, owner: psycopg.Connection, bytes_each: int, wanted: list[int]
) -> None:
    lane = new_intake(database)

    async def work() -> None:
        await asyncio.gather(
            *(lane.put(deeds(n * 1_000, 1_000), bytes(bytes_each)) for n in range(9))
        )

    asyncio.run(beside(lane, work))
    assert [row[0] for row in owner.execute("SELECT count FROM inbox_row ORDER BY n")] == wanted
    rows = owner.execute("SELECT payload FROM inbox_row ORDER BY n").fetchall()
    assert [envelope for (payload,) in rows for envelope in decode(payload)] == deeds(0, 9_000)


def test_many_bytes_fill_the_door_as_many_envelopes_do(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "WAITING_BYTES_MAX", 1_000)
    lane = new_intake(database)

    async def work() -> None:
        waits = lane.put(deeds(0, 1), bytes(1_000))
        with pytest.raises(DoorFullError):
            lane.put(deeds(1, 1), b"x")
        await waits
        await lane.put(deeds(1, 1), bytes(1_000))

    asyncio.run(beside(lane, work))
    assert lane.durable == 2


def test_a_database_that_does_not_answer_leaves_it_unsure(
    database: str, held: psycopg.Connection
) -> None:
    lane = new_intake(database, commit_seconds=0.2)

    async def work() -> None:
        with pytest.raises(NotStoredError):
            await lane.put(deeds(0, 1), b"raw")
        held.rollback()
        while True:
            with suppress(NotStoredError):
                await lane.put(deeds(0, 1), b"raw")
                break

    asyncio.run(beside(lane, work))
    assert (lane.durable, lane.waiting) == (1, 0)


def test_a_lane_that_does_not_exist_takes_nothing_and_says_so(
    database: str, owner: psycopg.Connection
) -> None:
    lane = new_intake(database, lane="nowhere")

    async def work() -> None:
        with pytest.raises(NotStoredError):
            await lane.put(deeds(0, 1), b"raw")

    asyncio.run(beside(lane, work))
    assert lane.durable == 0
    assert owner.execute("SELECT count(*) FROM inbox_row").fetchone() == (0,)


def test_a_fault_that_nobody_foresaw_stops_no_later_message(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane = new_intake(database)

    def broken(key: bytes, plain: bytes, about: bytes) -> bytes:
        raise RuntimeError("no entropy")

    async def work() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(intake, "seal", broken)
            with pytest.raises(NotStoredError):
                await lane.put(deeds(0, 1), b"raw")
        await lane.put(deeds(1, 1), b"raw")

    asyncio.run(beside(lane, work))
    assert lane.durable == 1


def test_an_error_is_told_without_the_values_that_postgresql_adds() -> None:
    told = 'new row violates check constraint "x"\nDETAIL:  Failing row contains (secret).'
    assert "secret" not in first_line(psycopg.errors.CheckViolation(told))
    assert first_line(TimeoutError()) == "TimeoutError"
