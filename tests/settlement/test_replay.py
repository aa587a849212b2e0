"""Replaying the inbox into an empty database gives the same books and the same root."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from jusha.config.postgres import Cluster, database_url
from jusha.inbox.envelopes import NO_PERSON
from jusha.management.audit import audit_database
from jusha.management.commands.replay import replayed_root
from jusha.settlement.replay import InboxDiffersError, TargetNotEmptyError, replay
from jusha.tlog.publish import Publisher
from tests.cast import ALICE, BOB, BOOKS, CAROL, WATER, House, ratio
from tests.home import HOME

NOON = 1_757_390_400  # 2025-09-09 12:00 in Shanghai
Connection = psycopg.Connection[Any]


def live(house: House) -> None:
    """Orders, repeats, caps, a dry pool, refunds, holds, seals, stuck envelopes, odd batches."""
    house.furnish(
        pool=6_000,
        rule=ratio(budget=2_400, person_day_max=1_000, gift_max=800),
        channel={"clock": "file", "draw_max": 3_570},
    )
    order = house.order(3_000, WATER, person=CAROL)
    repeat = house.deed(700, BOOKS, ALICE, paid_at=NOON)
    house.send(order, lane="web")
    house.send(repeat, house.deed(3_000, "", order=order.no, paid_at=NOON), repeat)
    house.send(house.deed(100, channel="never-admitted"), house.deed(50, external="x"))
    house.send(house.deed(60, external="x"), repeat, lane="import")
    house.settle()
    for person in (ALICE, BOB, NO_PERSON, BOB):
        house.send(house.deed(700, BOOKS, person, paid_at=NOON))
        house.send(house.deed(900, WATER, person, paid_at=NOON + 86_400), lane="import")
    house.settle()
    house.settlement.settle_next()
    held = house.give(300, "nowhere", CAROL)
    first = next(entry["n"] for entry in house.entries() if entry["k"] == "don")
    for number, amount in ((first, 200), (first, 33), (held, 300), (first, 10**6)):
        house.instruct("refund", deed=number, amount=amount, reason="asked")
    house.web.execute(  # a damaged row is parked whole
        "WITH l AS (UPDATE inbox_lane SET last_n = last_n + 1 WHERE lane = 1"
        " RETURNING lane, last_n, last_received_at)"
        " INSERT INTO inbox_row SELECT lane, last_n, 1, last_received_at, '\\x00' FROM l"
    )
    house.settle()
    assert house.instruct("close-project", code=WATER)[0] == "done"
    house.give(400, WATER, BOB, paid_at=NOON)
    body: dict[str, Any] = {"campaign": "day", "day": "2025-09-09", "salt": bytes(32)}
    assert house.instruct("seal", **body)[0] == "done"


@pytest.fixture
def lived(house: House) -> House:
    live(house)
    kinds = {entry["k"] for entry in house.entries()}
    assert {"don", "held", "refund", "seal", "rule", "pool"} <= kinds
    stuck = house.web.execute("SELECT count(*) FROM settlement_stuck").fetchone()
    assert stuck == (2,)
    return house


@pytest.fixture
def empty(template: str, database: str) -> Iterator[Connection]:
    name = f"{database}_replay"
    with Cluster(HOME).connect("postgres") as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER jusha_owner").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    with psycopg.connect(database_url("settle", HOME, name)) as connection:
        yield connection
    with Cluster(HOME).connect("postgres") as admin:
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def source(house: House) -> Iterator[Connection]:
    with psycopg.connect(database_url("owner", HOME, house.database)) as connection:
        yield connection


def test_a_replay_gives_the_same_books_the_same_entries_and_the_same_root(
    lived: House, source: Connection, empty: Connection, tmp_path: Path
) -> None:
    publisher = Publisher(tmp_path / "log", origin="test.invalid/log")
    assert publisher.publish_next(lived.web) > 0
    done = replay(source, empty)
    assert done.differences == []
    assert done.entries == len(lived.entries())
    assert done.stuck == 2
    signed = publisher.signed.checkpoint
    assert replayed_root(empty, tmp_path / "again", signed) == signed.root_hash
    publisher.close()
    assert not [str(f) for f in audit_database(empty) if f.kind == "wrong"]


def test_a_replay_needs_no_more_than_the_settling_role_and_changes_nothing_here(
    lived: House, source: Connection, empty: Connection
) -> None:
    before = lived.entries()
    assert replay(source, empty).equal
    assert lived.entries() == before
    lived.give(100)  # the source settles on
    lived.check()


def test_a_replay_settles_only_what_was_settled(
    lived: House, source: Connection, empty: Connection
) -> None:
    lived.send(lived.deed(100))
    done = replay(source, empty)
    assert done.equal
    assert done.entries == len(lived.entries())


def test_a_database_that_is_not_empty_is_refused(
    lived: House, source: Connection, empty: Connection
) -> None:
    assert replay(source, empty).equal
    with pytest.raises(TargetNotEmptyError):
        replay(source, empty)


def test_books_that_were_edited_come_out_differently(
    lived: House, source: Connection, empty: Connection, database: str
) -> None:
    with Cluster(HOME).connect(database) as forger:
        forger.execute("SET session_replication_role = replica")
        forger.execute("UPDATE matching_match SET amount = amount + 1 WHERE amount = 700")
    done = replay(source, empty)
    assert not done.equal
    assert [text.split(":")[0] for text in done.differences] == ["matching_match"]


def test_an_inbox_that_was_edited_is_refused(
    lived: House, source: Connection, empty: Connection, database: str
) -> None:
    with Cluster(HOME).connect(database) as forger:
        forger.execute("SET session_replication_role = replica")
        forger.execute("DELETE FROM inbox_row WHERE lane = 4 AND n = 1")
    with pytest.raises(InboxDiffersError):
        replay(source, empty)
