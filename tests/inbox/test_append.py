"""Lanes: commit order is n, nothing is skipped, received_at never runs backwards."""

import threading
from itertools import pairwise

import psycopg
import pytest
from psycopg.types.json import Jsonb

from jusha.config.postgres import database_url
from jusha.inbox.append import LaneUnknownError, append
from jusha.inbox.envelopes import Deed, Envelope, decode, encode
from jusha.inbox.read import READ_SQL, read
from tests.cast import House
from tests.home import HOME


def test_an_envelope_reads_back_as_it_was_written(house: House) -> None:
    envelopes: list[Envelope] = [house.deed(100), house.order(5)]
    assert decode(encode(envelopes)) == envelopes


def test_many_writers_of_one_lane_leave_no_gap_and_no_step_back(house: House) -> None:
    def write(count: int) -> None:
        url = database_url("web", HOME, house.database)
        with psycopg.connect(url, autocommit=True) as connection:
            for _ in range(count):
                append(connection, lane="door", envelopes=[house.deed(1)])

    threads = [threading.Thread(target=write, args=(20,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = read(house.web, positions={}, rows_max=1000, envelopes_max=1000)
    assert [row.n for row in rows] == list(range(1, 81))
    assert all(a.received_at <= b.received_at for a, b in pairwise(rows))


def test_an_order_is_read_before_its_payment_although_the_clock_went_back_between_them(
    house: House, owner: psycopg.Connection
) -> None:
    """Two lanes, and the order was taken in while the server's clock was an hour ahead."""
    house.send(house.order(5), lane="web")
    owner.execute("UPDATE inbox_lane SET last_received_at = now() + '1 hour' WHERE name = 'web'")
    house.send(house.order(6), lane="web")
    house.send(house.deed(1))
    house.send(house.deed(1))
    rows = read(house.web, positions={}, rows_max=10, envelopes_max=100)
    assert [(row.lane, row.n) for row in rows] == [(2, 1), (2, 2), (1, 1), (1, 2)]


def test_reading_goes_on_behind_the_positions_and_stops_at_the_most(house: House) -> None:
    for _ in range(3):
        house.send(house.deed(1), house.deed(1))
    house.send(house.deed(1), lane="import")
    first = read(house.web, positions={}, rows_max=10, envelopes_max=4)
    assert [(row.lane, row.n) for row in first] == [(1, 1), (1, 2)]
    rest = read(house.web, positions={"1": 2}, rows_max=10, envelopes_max=100)
    assert [(row.lane, row.n) for row in rest] == [(1, 3), (4, 1)]


def test_of_a_long_backlog_only_what_is_taken_leaves_the_database(house: House) -> None:
    for _ in range(5):
        house.send(house.deed(1), house.deed(1))
    given = {"positions": Jsonb({}), "rows": 100, "envelopes": 5}
    assert len(house.web.execute(READ_SQL, given).fetchall()) == 2
    assert len(house.web.execute(READ_SQL, given | {"envelopes": 1}).fetchall()) == 1


def test_an_unknown_lane_and_an_empty_row_are_refused(house: House) -> None:
    with pytest.raises(LaneUnknownError):
        append(house.web, lane="nowhere", envelopes=[house.deed(1)])
    with pytest.raises(ValueError, match="1 to 5000"):
        append(house.web, lane="door", envelopes=[])


@pytest.mark.parametrize("act", ["UPDATE inbox_row SET count = 2", "DELETE FROM inbox_row"])
def test_rows_are_append_only_even_for_the_owner(
    house: House, owner: psycopg.Connection, act: str
) -> None:
    house.send(house.deed(1))
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        owner.execute(act.encode())
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        house.web.execute(act.encode())


def test_partitions_refuse_truncation_too(owner: psycopg.Connection) -> None:
    for table in ("giving_deed_0", "ledger_transfer_0", "matching_match_0"):
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
            owner.execute(f"TRUNCATE {table}".encode())


def test_a_deed_holds_no_raw_payer() -> None:
    assert "payer" not in Deed.__struct_fields__
