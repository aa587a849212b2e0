"""Whatever comes, however it is cut into batches: one log, one set of books, one reason each."""

import hashlib
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import sql
from structlog.testing import capture_logs

from jusha.config.postgres import Cluster, database_url
from jusha.inbox.envelopes import NO_PERSON, Deed, Envelope, Instruction, Order, encode
from jusha.inbox.keys import deed_key
from jusha.settlement.batch import Settled, Settlement
from jusha.settlement.fence import LOCK_KEY, FencedOffError, take_over
from tests.cast import ALICE, BOB, BOOKS, SECRET, WATER, House, ratio
from tests.home import HOME
from tests.settlement import oracle

BOUNDS = oracle.Bounds(pool=2_600, window=1_400, person_day=900, channel=2_500)
MONDAY = 1_757_260_800
RECEIVED = datetime(2026, 11, 22, 12, tzinfo=UTC)
STATE = (
    "SELECT string_agg(encode(entries, 'hex'), '' ORDER BY first) FROM tlog_entries",
    "SELECT * FROM ledger_account ORDER BY id",
    "SELECT * FROM ledger_transfer ORDER BY id",
    "SELECT * FROM matching_usage ORDER BY 1, 2, 3",
    "SELECT * FROM matching_window ORDER BY 1, 2",
    "SELECT * FROM matching_match ORDER BY id",
    "SELECT * FROM campaigns_total ORDER BY 1, 2, 3",
    "SELECT * FROM projects_fund ORDER BY project",
    "SELECT * FROM projects_void ORDER BY project, line, start",
    "SELECT * FROM projects_expense ORDER BY number",
    "SELECT * FROM giving_seen ORDER BY number, key",
    "SELECT * FROM giving_deed ORDER BY number",
    "SELECT id, number, channel, reason, detail FROM giving_case ORDER BY id",
    "SELECT * FROM payments_order ORDER BY no",
    "SELECT * FROM payments_paid ORDER BY order_no",
    "SELECT id, number, code, detail FROM settlement_outcome ORDER BY id",
    "SELECT count(*) FROM settlement_stuck",
)
TERMINATE_SQL = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND usename = 'jusha_settle'"""
_names = itertools.count(1)


@dataclass
class Furnished:
    """A database to clone, with everything but deeds in it."""

    name: str

    def clone(self) -> str:
        """Make one more database like it."""
        name = f"{self.name}_{next(_names)}"
        _admin("CREATE DATABASE {} TEMPLATE {} OWNER jusha_owner", name, self.name)
        return name


def _admin(statement: str, *names: str) -> None:
    with Cluster(HOME).connect("postgres") as admin:
        admin.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@pytest.fixture
def furnished(house: House) -> Furnished:
    house.furnish(
        pool=BOUNDS.pool,
        rule=ratio(budget=BOUNDS.window, person_day_max=BOUNDS.person_day, anonymous="gift"),
        channel={"clock": "file", "draw_max": BOUNDS.channel},
    )
    house.close()
    return Furnished(house.database)


@contextmanager
def cloned(furnished: Furnished) -> Iterator[House]:
    name = furnished.clone()
    house = House(name)
    try:
        yield house
    finally:
        house.close()
        _admin("DROP DATABASE {} WITH (FORCE)", name)


amounts = st.sampled_from([100, 200, 300, 500])
persons = st.sampled_from([ALICE, BOB, NO_PERSON])
times = st.sampled_from([MONDAY, MONDAY + 3600, MONDAY + 86_400])


@st.composite
def deeds(draw: st.DrawFn) -> Deed:
    external, amount = f"gift-{draw(st.integers(1, 30))}", draw(amounts)
    project = draw(st.sampled_from([BOOKS, BOOKS, WATER, "nowhere"]))
    order = draw(st.sampled_from([0, 0, 1, 2, 3]))
    if order:
        project = draw(st.sampled_from(["", "", WATER]))
    return Deed(
        channel=draw(st.sampled_from(["partner"] * 12 + ["nobody"])),
        key=deed_key(SECRET, "partner", external),
        body=hashlib.sha256(f"{external} {amount} {project}".encode()).digest(),
        asset="CNY",
        amount=amount,
        order=order,
        project=project,
        campaign="day",
        person=draw(persons),
        paid_at=draw(times),
    )


@st.composite
def orders(draw: st.DrawFn) -> Order:
    project = draw(st.sampled_from([BOOKS, WATER, "nowhere"]))
    number, person = draw(st.integers(1, 3)), draw(persons)
    return Order(number, project, "day", "CNY", draw(st.sampled_from([100, 200])), person)


@st.composite
def refunds(draw: st.DrawFn) -> Instruction:
    identity = draw(st.binary(min_size=16, max_size=16))
    body = {"deed": draw(st.integers(7, 20)), "amount": draw(amounts), "reason": "asked for"}
    return Instruction(identity, "refund", "li", "wang", body)


rows_of_envelopes = st.lists(
    st.lists(st.one_of(deeds(), deeds(), deeds(), orders(), refunds()), min_size=1, max_size=6),
    min_size=1,
    max_size=14,
)


def fill_inbox(house: House, rows: list[list[Envelope]]) -> None:
    """Append as the door does, but at one fixed time, so that two runs can give equal bytes."""
    with psycopg.connect(database_url("owner", HOME, house.database)) as owner:
        for n, envelopes in enumerate(rows, 1):
            owner.execute(
                "INSERT INTO inbox_row (lane, n, count, received_at, payload)"
                " VALUES (1, %s, %s, %s, %s)",
                (n, len(envelopes), RECEIVED, encode(envelopes)),
            )
        owner.execute(
            "UPDATE inbox_lane SET last_n = %s, last_received_at = %s WHERE lane = 1",
            (len(rows), RECEIVED),
        )


def settle_plainly(house: House) -> None:
    """One inbox row a batch, none beside it."""
    settlement = Settlement(house.settle_connection, epoch=house.settlement.epoch, envelopes_max=1)
    while rows := settlement._read_next():
        settlement.settle_rows(rows)


def settle_overlapping(house: House) -> Settled:
    """One inbox row a batch, each decided while the one before it is stored."""
    settlement = Settlement(house.settle_connection, epoch=house.settlement.epoch, envelopes_max=1)
    total = Settled()
    while (done := settlement.settle_next()).rows:
        total.add(done)
    house.settlement = settlement
    return total


def settle_as_one(house: House) -> None:
    """Everything that waits in one batch."""
    house.settle()


def state_after(
    furnished: Furnished, rows: list[list[Envelope]], settle: Callable[[House], object]
) -> tuple[list[Any], list[dict[str, Any]]]:
    with cloned(furnished) as house, capture_logs():  # what is stuck is told at length
        fill_inbox(house, rows)
        settle(house)
        house.settle_connection.commit()
        house.check()
        return [house.web.execute(query).fetchall() for query in STATE], house.entries()


@settings(max_examples=12)
@given(rows=rows_of_envelopes)
def test_batches_change_nothing_and_every_reason_is_the_oracles(
    furnished: Furnished, rows: list[list[Envelope]]
) -> None:
    envelopes = [envelope for row in rows for envelope in row]
    alone = [[envelope] for envelope in envelopes]
    expected, entries = state_after(furnished, alone, settle_plainly)
    shown = [
        (
            e["k"],
            *((e["m"][0]["amt"], e["m"][0]["by"]) if e["k"] == "don" else (e["amt"], e["why"])),
        )
        for e in entries
        if e["k"] in {"don", "held"}
    ]
    assert shown == oracle.settle(envelopes, BOUNDS, (BOOKS, WATER))
    for cut, settle in (
        (rows, settle_plainly),
        (rows, settle_as_one),
        (rows, settle_overlapping),
        (alone, settle_overlapping),
    ):
        assert state_after(furnished, cut, settle)[0] == expected


def test_a_refused_gift_in_a_backlog_is_parked_alone_and_the_rest_is_settled(
    house: House, owner: psycopg.Connection
) -> None:
    house.furnish()
    owner.execute("ALTER TABLE giving_deed ADD CONSTRAINT unlucky CHECK (amount <> 777)")
    before = house.settlement.world.next_number
    sums = [[100, 200], [300, 777, 400], [500, 600], [777], [777, 800], [900], [1_000, 777]]
    for row in sums:
        house.send(*(house.deed(amount) for amount in row))
    done = settle_overlapping(house)
    assert (done.rows, done.envelopes, done.stuck) == (7, 13, 4)
    good = [amount for row in sums for amount in row if amount != 777]
    assert house.settlement.world.next_number == before + len(good) == len(house.entries())
    booked = house.web.execute("SELECT amount FROM giving_deed ORDER BY number").fetchall()
    assert [row[0] for row in booked] == good
    assert house.balance("charity:shan", "fund", BOOKS) == sum(good)
    parked = house.web.execute("SELECT n, place FROM settlement_stuck ORDER BY 1, 2").fetchall()
    assert parked == [(2, 1), (4, 0), (5, 0), (7, 1)]
    house.check()


def cut_off_at(settlement: Settlement, batch: int, cut: Callable[[], object]) -> None:
    """Do something to a writer just before it stores so many-th batch of a backlog."""
    store, calls = settlement._store, itertools.count(1)

    def stored(parcel: Any) -> None:
        if next(calls) == batch:
            cut()
        store(parcel)

    settlement._store = stored  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("cut", "error"),
    [
        ("UPDATE settlement_writer SET epoch = epoch + 1", FencedOffError),
        (
            TERMINATE_SQL,
            psycopg.OperationalError,
        ),
    ],
)
def test_a_writer_cut_off_within_a_backlog_loses_and_doubles_nothing(
    house: House, owner: psycopg.Connection, cut: str, error: type[Exception]
) -> None:
    house.furnish(pool=1_200)
    for amount in range(100, 900, 100):
        house.send(house.deed(amount), house.deed(amount, person=BOB))
    first = Settlement(house.settle_connection, epoch=house.settlement.epoch, envelopes_max=1)
    with Cluster(HOME).connect(house.database) as admin:
        cut_off_at(first, 4, lambda: admin.execute(cut))
        with pytest.raises(error):
            first.settle_next()
    stored = house.web.execute("SELECT count(*) FROM giving_deed").fetchone()
    assert stored == (8,)  # one batch the plain way and three behind it
    house.settle_connection.close()
    with psycopg.connect(database_url("settle", HOME, house.database)) as connection:
        wait_until_free(connection)
        second = Settlement(connection, epoch=take_over(connection, holder="next"))
        assert second.settle_next().envelopes == 8
    amounts_ = house.web.execute("SELECT amount FROM giving_deed ORDER BY number").fetchall()
    assert [row[0] for row in amounts_] == [n for n in range(100, 900, 100) for _ in range(2)]
    assert house.balance("pool:tree", "available", "tree") == 0
    house.check()


def wait_until_free(connection: psycopg.Connection) -> None:
    """Wait for the server to drop the lock of a session that ended."""
    connection.execute("SELECT pg_advisory_lock(%s)", (LOCK_KEY,))
    connection.execute("SELECT pg_advisory_unlock(%s)", (LOCK_KEY,))
    connection.commit()


class Counting(psycopg.Cursor[Any]):
    """Counts what is sent; executemany sends one statement a row."""

    sent = 0

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        Counting.sent += 1
        return super().execute(*args, **kwargs)

    def executemany(self, query: Any, params_seq: Any, **kwargs: Any) -> None:
        Counting.sent += len(list(params_seq))
        super().executemany(query, params_seq, **kwargs)

    def copy(self, *args: Any, **kwargs: Any) -> Any:
        Counting.sent += 1
        return super().copy(*args, **kwargs)


def test_five_hundred_gifts_take_as_many_statements_as_five(house: House) -> None:
    house.furnish()
    house.settle_connection.cursor_factory = Counting
    fresh = (hashlib.sha256(b"%d" % n).digest()[:16] for n in itertools.count())
    house.give(100)
    counts = []
    for size in (5, 500):
        gifts = [house.deed(100, person=next(fresh)) for _ in range(size - 1)]
        orders_ = [house.order(300) for _ in range(size)]
        paid = [house.deed(300, "", order=order.no, person=next(fresh)) for order in orders_]
        house.send(house.deed(100), *gifts, *orders_, *paid)
        Counting.sent = 0
        house.settlement.settle_next()
        counts.append(Counting.sent)
    assert counts[0] == counts[1] < 30
    house.check()
