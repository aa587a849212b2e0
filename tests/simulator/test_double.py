"""The double is as strict as PostgreSQL where Jusha leans on it, and refuses the unknown."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors

from jusha.settlement.pack import copy_bytes
from tests.simulator.connections import Connection, Double
from tests.simulator.processes import (
    DIES_AFTER,
    DIES_BEFORE,
    LOST,
    REFUSED,
    UNREPORTED,
    Died,
    Process,
)
from tests.simulator.schema import tables
from tests.simulator.statements import UnknownSqlError

REPO = Path(__file__).resolve().parents[2]
COPY_PAID = "COPY payments_paid FROM STDIN (FORMAT binary)"
PAYEE = "INSERT INTO charities_payee (id, code, number) VALUES (%s, %s, %s)"
ACCOUNT = "INSERT INTO ledger_account (id, book, asset, kind, owner, normal) VALUES (%s, %s, 1, 'fund', %s, -1)"  # noqa: E501


@pytest.fixture
def double() -> Double:
    return Double()


def connect(double: Double, *, autocommit: bool = True) -> Any:
    return Connection(double, Process("test"), autocommit=autocommit)


def payees(double: Double) -> list[str]:
    return [row[1] for row in double.database.table("charities_payee")]


def test_sql_without_a_meaning_is_an_error_that_names_it(double: Double) -> None:
    for sql in ("DELETE FROM charities_payee", "INSERT INTO nowhere (id) VALUES (1)",
                "SELECT sum(number) FROM charities_payee", "VACUUM"):  # fmt: skip
        with pytest.raises((UnknownSqlError, KeyError)):
            connect(double).execute(sql, ())


def test_keys_uniques_checks_types_and_append_only_hold(double: Double) -> None:
    one = connect(double)
    one.execute(PAYEE, (1, "shan", 0))
    for values, error in (
        ((1, "other", 0), errors.UniqueViolation),
        ((2, "shan", 0), errors.UniqueViolation),
        ((1 << 31, "far", 0), errors.NumericValueOutOfRange),
        ((3, None, 0), errors.NotNullViolation),
    ):
        with pytest.raises(error):
            one.execute(PAYEE, values)
    one.execute(ACCOUNT, (1, "charity:shan", "books"))
    with pytest.raises(errors.CheckViolation):
        one.execute("UPDATE ledger_account SET debits = %s WHERE id = %s", (5, 1))
    one.execute("INSERT INTO payments_paid (order_no, number) VALUES (%s, %s)", (1, 1))
    with pytest.raises(errors.IntegrityConstraintViolation):
        one.execute("UPDATE payments_paid SET number = %s WHERE order_no = %s", (2, 1))
    assert payees(double) == ["shan"]


def test_nobody_sees_what_is_not_committed_and_a_savepoint_undoes_its_own(double: Double) -> None:
    one, other = connect(double, autocommit=False), connect(double)
    count = "SELECT count(*) FROM charities_payee"
    with one.transaction():
        one.execute(PAYEE, (1, "shan", 0))
        with pytest.raises(errors.UniqueViolation):
            add_two_of_which_one_is_there(one)
        assert one.execute(count).fetchone() == (1,)
        assert other.execute(count).fetchone() == (0,)
    assert payees(double) == ["shan"]


def add_two_of_which_one_is_there(connection: Any) -> None:
    with connection.transaction():
        connection.execute(PAYEE, (2, "hai", 0))
        connection.execute(PAYEE, (1, "again", 0))


def test_after_an_error_a_transaction_refuses_all_but_its_end(double: Double) -> None:
    one = connect(double, autocommit=False)
    with pytest.raises(errors.NumericValueOutOfRange):
        one.execute(PAYEE, (1 << 40, "far", 0))
    with pytest.raises(errors.InFailedSqlTransaction):
        one.execute(PAYEE, (1, "shan", 0))
    one.rollback()
    one.execute(PAYEE, (1, "shan", 0))
    one.commit()
    assert payees(double) == ["shan"]


def test_a_row_that_another_holds_is_waited_for_and_not_overwritten(double: Double) -> None:
    one, other = connect(double, autocommit=False), connect(double)
    one.execute("SELECT epoch FROM settlement_writer WHERE shard = 0 FOR SHARE", ())
    take = "UPDATE settlement_writer SET epoch = epoch + 1 WHERE shard = 0 RETURNING epoch"
    with pytest.raises(errors.LockNotAvailable):
        other.execute(take, ())
    one.rollback()
    assert other.execute(take, ()).fetchone() == (1,)


def test_copied_bytes_are_read_back_by_the_types_of_the_table(double: Double) -> None:
    row = (7, 1, 2, 3, 1, 100, bytes(16), 0, 5, 6, bytes(32), 0, 0, True)
    kinds = ("int8", "int2", "int4", "int4", "int2", "int8", "uuid", "int8", "time", "time", "hash",
             "int8", "int8", "bool")  # fmt: skip
    with connect(double).cursor().copy("COPY giving_deed FROM STDIN (FORMAT binary)") as copy:
        copy.write(copy_bytes(kinds, [row, (8, *row[1:])]))
    first, second = double.database.table("giving_deed")
    assert (first[0], first[5], first[13], second[0]) == (7, 100, True, 8)
    assert (first[8].timestamp(), first[9].microsecond) == (5e-6, 6)
    wrong_width = copy_bytes(("int8", "int4"), [(1, 1)])
    with pytest.raises(AssertionError), connect(double).cursor().copy(COPY_PAID) as copy:
        copy.write(wrong_width)


@pytest.mark.parametrize(
    ("fault", "error", "stored"),
    [
        (LOST, psycopg.OperationalError, []),
        (UNREPORTED, psycopg.OperationalError, ["shan"]),
        (REFUSED, psycopg.OperationalError, []),
        (DIES_BEFORE, Died, []),
        (DIES_AFTER, Died, ["shan"]),
    ],
)
def test_a_commit_fails_in_each_of_its_ways(
    double: Double, fault: str, error: type[BaseException], stored: list[str]
) -> None:
    process = Process("test", fault=fault, fault_after=2)
    one: Any = Connection(double, process)
    one.execute(PAYEE, (1, "shan", 0))
    with pytest.raises(error):
        one.commit()
    assert payees(double) == stored
    assert one.broken == (fault != REFUSED)


def test_every_table_of_the_migrations_is_known() -> None:
    assert {"ledger_transfer", "tlog_entries", "inbox_row", "matching_match"} <= tables().keys()
    assert tables()["ledger_transfer"].append_only
    assert len(tables()["ledger_account"].checks) == 4


def test_the_endless_run_says_how_far_it_came() -> None:
    command = [sys.executable, "-m", "tests.simulator.fuzz", "--seed", "4", "--count", "3"]
    run = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=True)
    assert "seeds from 4" in run.stdout
    assert "3 histories" in run.stdout
    assert "0 failed" in run.stdout
