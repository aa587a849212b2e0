"""The audit of receipts: silent on an honest desk, and naming every fault planted in it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from jusha.giving.audit_receipts import CHECKS, OVER, REFUNDED
from jusha.giving.models import Receipt, ReceiptPaper
from jusha.giving.receipt_follow import Follower
from jusha.giving.refund_follow import follow_refunds
from jusha.management.audit import audit_database
from tests.audit.conftest import unfettered
from tests.cast import House
from tests.giving.test_receipts import FIRM, NOW, Desk, ask, decided, house, paid, rounds

__all__ = ["house"]

Found = set[tuple[str, str]]
LONG_AGO = "UPDATE settlement_batch SET settled_at = settled_at - interval '1 hour'"


class Papers:
    """A desk with letters, an e-receipt, and one letter reversed and written anew."""

    def __init__(self, house: House) -> None:
        self.house = house
        (self.quiet, self.quiet_deed), (self.firm, _) = paid(house), paid(house, 7000)
        self.part, self.part_deed = paid(house)
        ask(self.quiet)
        ask(self.firm, FIRM, "e-receipt")
        ask(self.part)
        rounds(Desk(), count=3)
        decided(self.part_deed, 500)
        house.settle()
        follow_refunds(house.web)
        Follower().round(NOW)


@pytest.fixture
def papers(house: House) -> Papers:
    return Papers(house)


@pytest.fixture
def forger(papers: Papers) -> Iterator[psycopg.Connection[Any]]:
    yield from unfettered(papers.house.database)


@pytest.fixture
def plant(papers: Papers, forger: psycopg.Connection[Any]) -> Callable[[str], Found]:
    """Runs SQL past every right and trigger; returns what the audit then says, and how sure."""

    def change(*orders: str) -> Found:
        for sql in orders:
            assert forger.execute(sql.encode()).rowcount != 0, sql
        return findings(papers.house)

    return change


def findings(house: House) -> Found:
    return {(each.kind, each.what) for each in audit_database(house.web) if each.room == "giving"}


def test_an_honest_desk_is_in_order(papers: Papers) -> None:
    assert ReceiptPaper.objects.count() == 6
    assert findings(papers.house) == set()


MORE, DEED, GAP, DOUBLE, REVERSAL, TWICE, STATE = (what for what, _ in CHECKS)
ONE = "(SELECT min(id) FROM jusha_receiptpaper WHERE kind = 'letter')"
FAULTS: dict[str, tuple[tuple[str, ...], set[str]]] = {
    "a letter over more than was given": (
        (f"UPDATE jusha_receiptpaper SET amount = amount + 1 WHERE id = {ONE}",),
        {MORE, OVER},
    ),
    "the new letter over what was given at first": (
        ("UPDATE jusha_receiptpaper SET amount = 2000 WHERE amount = 1500", LONG_AGO),
        {OVER},
    ),
    "a reversal gone": (
        ("DELETE FROM jusha_receiptpaper WHERE does = 'reverse'", LONG_AGO),
        {OVER, GAP, TWICE},
    ),
    "a paper torn out of the middle": (
        (f"DELETE FROM jusha_receiptpaper WHERE id = {ONE}",),
        {GAP, STATE},
    ),
    "the last number not used": (
        ("UPDATE jusha_receiptseries SET last = last + 1 WHERE kind = 'letter'",),
        {GAP},
    ),
    "a series without a counter": (
        ("DELETE FROM jusha_receiptseries WHERE kind = 'e-receipt'",),
        {GAP},
    ),
    "one number twice": (
        (
            "ALTER TABLE jusha_receiptpaper DROP CONSTRAINT one_paper_a_number",
            "UPDATE jusha_receiptpaper SET number = 1 WHERE kind = 'letter' AND number = 2",
        ),
        {GAP, DOUBLE},
    ),
    "a receipt of a deed that is not there": (
        ("UPDATE jusha_receipt SET deed = 1000000 WHERE kind = 'e-receipt'",),
        {DEED},
    ),
    "a receipt of somebody else's gift": (
        (
            (
                "UPDATE jusha_receipt SET deed = (SELECT max(deed) FROM jusha_receipt)"
                " WHERE id = (SELECT min(id) FROM jusha_receipt)"
            ),
            LONG_AGO,
        ),
        {DEED, OVER},
    ),
    "a paper of another charity": (
        (
            "UPDATE jusha_receiptpaper SET charity = 'other' WHERE kind = 'e-receipt'",
            "UPDATE jusha_receiptseries SET charity = 'other' WHERE kind = 'e-receipt'",
        ),
        {DEED},
    ),
    "a paper of no receipt": (
        ("UPDATE jusha_receiptpaper SET receipt = 1000000 WHERE kind = 'e-receipt'",),
        {DEED, STATE},
    ),
    "a reversal over another amount": (
        ("UPDATE jusha_receiptpaper SET amount = amount - 1 WHERE does = 'reverse'",),
        {REVERSAL},
    ),
    "a state that no paper bears out": (
        ("UPDATE jusha_receipt SET kind = 'e-receipt' WHERE kind = 'letter'",),
        {STATE},
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_named(plant: Callable[..., Found], fault: str) -> None:
    orders, expected = FAULTS[fault]
    assert {what for kind, what in plant(*orders) if kind == "wrong"} == expected


def test_every_check_has_a_fault_that_shows_it() -> None:
    shown = {what for _, expected in FAULTS.values() for what in expected}
    assert shown | {REFUNDED} == {what for what, _ in CHECKS} | {OVER, REFUNDED}


def test_a_refunded_gift_waits_for_its_reversal_and_is_wrong_when_none_comes(
    papers: Papers, plant: Callable[..., Found]
) -> None:
    told = papers.house.instruct("refund", deed=papers.quiet_deed, amount=2000, reason="x")
    assert told[0] == "done"
    assert findings(papers.house) == {("waiting", REFUNDED)}, "a round will reverse it"
    assert plant(LONG_AGO) == {("wrong", REFUNDED)}
    Follower().round(NOW)
    assert findings(papers.house) == set()


def test_an_e_receipt_waits_for_its_issuer_however_long_it_takes(
    papers: Papers, plant: Callable[..., Found]
) -> None:
    row = Receipt.objects.get(kind="e-receipt")
    papers.house.instruct("refund", deed=row.deed, amount=100, reason="x")
    Follower().round(datetime.now(UTC))
    assert plant(LONG_AGO) == {("waiting", OVER)}
    assert plant("UPDATE jusha_receipt SET next_at = NULL") == {("wrong", OVER)}
