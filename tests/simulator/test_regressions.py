"""Every fault that a history found, as the shortest story that shows it."""

from contextlib import suppress
from random import Random
from typing import Any

import psycopg
import pytest
from structlog.testing import capture_logs

from jusha.inbox.append import append
from jusha.inbox.envelopes import Deed, Envelope, Instruction
from jusha.merkle.tiles import encode_bundle
from jusha.settlement.batch import Settlement
from jusha.settlement.fence import take_over
from jusha.tlog.leaves import CHAIN_START, chained
from tests.simulator.cast import CAMPAIGN, MORNING
from tests.simulator.connections import Connection, Double
from tests.simulator.oracle_books import minute_of
from tests.simulator.processes import LOST, REFUSED, Process
from tests.simulator.publishing import SimulatedPublisher
from tests.simulator.schema import EPOCH, MICROSECOND
from tests.simulator.seeds import MemorySecrets

RATIO = {"kind": "ratio", "numerator": 1, "denominator": 1}
ALWAYS = {"kind": "random-range", "low": 1000, "high": 1000}
DRAWING_SEED = bytes(range(32))
POWER_CUTS = 12


class Room:
    """A double with a settlement that can be started anew, and short words to use it."""

    def __init__(self) -> None:
        self.double = Double()
        self.double.database.now = EPOCH + MORNING * 10**6 * MICROSECOND
        self.secrets = MemorySecrets()
        self.ids = 0
        self.start()

    def start(self) -> None:
        """End the settlement that runs, and start one."""
        self.double.drop_locks()
        self.process = Process("settlement")
        connection: Any = Connection(self.double, self.process)
        epoch = take_over(connection, holder="room")
        with self.secrets.installed():
            self.settlement = Settlement(connection, epoch=epoch)

    def send(self, *envelopes: Envelope) -> None:
        """Append one row and settle it."""
        web: Any = Connection(self.double, Process("web"), autocommit=True)
        append(web, lane="door", envelopes=list(envelopes))
        with capture_logs(), self.secrets.installed():
            self.settlement.settle_next()

    def instruct(self, kind: str, **body: Any) -> None:
        """Send one instruction by two persons."""
        self.ids += 1
        self.send(Instruction(self.ids.to_bytes(16, "big"), kind, "li", "wang", body))

    def deed(self, project: str, channel: str = "rail") -> Deed:
        """A gift of its own."""
        self.ids += 1
        key, person = self.ids.to_bytes(16, "big"), bytes([1] * 16)
        return Deed(channel, key, bytes(32), "CNY", 100, 0, project, CAMPAIGN, "", person)

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """A table."""
        return self.double.database.table(table)


@pytest.fixture
def room() -> Room:
    return Room()


def furnish(room: Room, gives: dict[str, Any]) -> None:
    room.instruct("admit-charity", code="shan")
    room.instruct("admit-channel", code="rail", terms={"assets": ["CNY"], "clock": "rail"})
    for project in ("books", "water"):
        room.instruct("open-project", code=project, charity="shan", running_permille=0)
    terms = {"opens": "2020-01-01T00:00Z", "closes": "2099-01-01T00:00Z", "channels": ["rail"]}
    room.instruct("open-campaign", code=CAMPAIGN, terms=terms)
    pool = {"code": "tree", "campaign": CAMPAIGN, "sponsor": "Tree", "amount": 10_000}
    room.instruct("fund-pool", how="secured", **pool)
    rule = {"gives": gives, "window": {"budget": 10_000}}
    room.instruct("publish-rule", code="R1", pool="tree", terms=rule,
                  **{"from": "2020-01-01T00:00Z"})  # fmt: skip


def furnish_with_draws(room: Room) -> None:
    furnish(room, ALWAYS)
    digest = room.secrets.keep(DRAWING_SEED)
    day = minute_of(MORNING + 8 * 3600)[:10]
    room.instruct("commit-seed", rule="R1", day=day, hash=digest)


def test_an_account_that_a_refused_instruction_looked_up_takes_no_other_accounts_number(
    room: Room,
) -> None:
    furnish(room, RATIO)
    paid = {"pool": "tree", "charity": "shan", "amount": 100, "how": "trusted"}
    room.instruct("sponsor-paid", **paid)
    room.send(room.deed("books"))
    room.start()
    room.send(room.deed("water"))
    assert room.rows("settlement_stuck") == []
    numbers = [row[0] for row in room.rows("ledger_account")]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_digest_before_a_draw_does_not_take_the_number_that_the_gift_was_promised(
    room: Room,
) -> None:
    furnish_with_draws(room)
    room.send(room.deed("books"), room.deed("books"))
    assert [row[2] for row in room.rows("giving_seen")] == [
        row[0] for row in room.rows("giving_deed")
    ]


def test_a_row_of_which_an_envelope_is_stuck_writes_its_digest_once(room: Room) -> None:
    furnish_with_draws(room)
    gifts = [room.deed("books"), room.deed("books"), room.deed("books", "nobody")]
    room.send(*gifts, room.deed("water"))
    assert len(room.rows("settlement_stuck")) == 1
    raw = b"".join(row[2] for row in room.rows("tlog_entries"))
    assert raw.count(b'"k":"draw"') == 1
    assert raw.count(b'"k":"don"') == 3


def test_a_world_that_could_not_be_read_half_way_is_read_again_from_a_clean_start(
    room: Room,
) -> None:
    room.process.fault, room.process.fault_after = REFUSED, 3
    with suppress(psycopg.errors.QueryCanceled):
        room.settlement._forget()
    with room.secrets.installed():
        room.settlement._forget()
    room.instruct("admit-charity", code="shan")
    assert [row[1] for row in room.rows("charities_payee")] == ["shan"]


def settled(double: Double, count: int) -> None:
    """Entries as settlement leaves them."""
    rows = double.database.rows["tlog_entries"]
    first = sum(row[1] for row in rows.values())
    chain = rows[max(rows)][3] if rows else CHAIN_START
    raw = encode_bundle([b'{"n":%d}' % n for n in range(first, first + count)])
    rows[first] = (first, count, raw, chained(chain, raw))


def publish_all(publisher: SimulatedPublisher) -> None:
    assert publisher.start()
    while publisher.step():
        pass
    assert publisher.forks == []


@pytest.mark.parametrize("seed", range(POWER_CUTS))
def test_a_log_that_began_with_a_key_brought_along_survives_a_power_cut(seed: int) -> None:
    double = Double()
    publisher = SimulatedPublisher(double, bytes(32))
    settled(double, 5)
    publish_all(publisher)
    publisher.lose_power(Random(seed))
    settled(double, 5)
    publish_all(publisher)
    assert sorted(publisher.seen) == [5, 10]


@pytest.mark.parametrize("seed", range(POWER_CUTS))
def test_a_record_that_one_start_could_not_sync_is_synced_by_the_next_before_it_is_shown(
    seed: int,
) -> None:
    double = Double()
    publisher = SimulatedPublisher(double, bytes(32))
    settled(double, 5)
    publish_all(publisher)
    settled(double, 5)
    for step in range(200):  # the step at which the record's folder is synced is among them
        publisher.process.fault, publisher.process.fault_after = LOST, step
        if publisher.step() is not None:
            break
        told = publisher.told[-1]
        publisher.start()
        if told.endswith("sync log/state"):
            break
    publisher.lose_power(Random(seed))
    publish_all(publisher)
    assert max(publisher.seen) == 10
