"""A receipt from the wish to the paper, and back again before money goes back."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.test.utils import CaptureQueriesContext

from jusha.charities.models import Charity
from jusha.giving import receipt_send
from jusha.giving.erase_payer import erase_payer
from jusha.giving.models import Receipt, ReceiptPaper, ReceiptPayer, RefundCase
from jusha.giving.receipt_ask import ask_receipt, withdraw_receipt
from jusha.giving.receipt_follow import Follower, follow
from jusha.giving.receipt_issuer import (
    Answer,
    IssuerRefusedError,
    IssuerUnsureError,
    Stamp,
    Wish,
)
from jusha.giving.receipt_payer import locked_until, read_payer
from jusha.giving.receipt_queries import find, state_of_order, states_of
from jusha.giving.receipt_rules import Payer, ReceiptRefusedError
from jusha.giving.receipt_send import answer_to, begin_due, keep
from jusha.giving.refund_approve import approve_refund
from jusha.giving.refund_ask import ask_refund
from jusha.giving.refund_confirm import confirm_refund
from jusha.giving.refund_decline import decline_refund
from jusha.giving.refund_follow import follow_refunds
from jusha.giving.refund_rules import Actor, RefundRefusedError
from tests.cast import House

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
LI, WANG = (Actor("finance", name, frozenset({"shan"})) for name in ("li", "wang"))
PERSON = Payer("person", "李四")
FIRM = Payer("organisation", "云岭有限公司", "91110000600037341L", "a@yunling.example")


class Desk:
    """An issuer in memory, after the port's contract; `troubles` spoil the next questions."""

    def __init__(self) -> None:
        self.papers: dict[str, tuple[int, Stamp]] = {}
        self.reversed: list[Stamp] = []
        self.heard: list[str] = []
        self.troubles: list[str] = []

    def issue(self, wish: Wish, *, key: str) -> Answer:
        self.heard.append(f"issue {wish.amount} {wish.payer_name}")
        return self._do(key, wish.amount)

    def reverse(self, stamp: Stamp, *, amount: int, key: str) -> Answer:
        self.heard.append(f"reverse {amount}")
        answer = self._do(key, amount)
        if answer.state == "issued" and stamp not in self.reversed:
            self.reversed.append(stamp)
        return answer

    def query(self, key: str) -> Answer:
        self.heard.append("query")
        found = self.papers.get(key)
        return Answer("issued", found[1]) if found else Answer("unknown")

    def _do(self, key: str, amount: int) -> Answer:
        trouble = self.troubles.pop(0) if self.troubles else ""
        if trouble == "refused":
            raise IssuerRefusedError("not-accepted")
        if trouble == "unsure":
            raise IssuerUnsureError("status-503")
        if key in self.papers:
            assert self.papers[key][0] == amount, "a repeat is the same"
        number = f"{len(self.papers) + 1:010d}"
        found = self.papers.setdefault(key, (amount, Stamp("99990126", number, "abc123")))
        if trouble == "silent":
            raise IssuerUnsureError("status-503")
        if trouble == "late":
            return Answer("pending")
        return Answer("issued", found[1])


def ordered(house: House, amount: int = 2000) -> int:
    order = house.order(amount)
    house.send(order)
    house.settle()
    return order.no


def paid(house: House, amount: int = 2000) -> tuple[int, int]:
    no = ordered(house, amount)
    return no, house.give(amount, "", order=no, campaign="")


def ask(no: int, payer: Payer = PERSON, kind: str = "letter", **more: Any) -> Receipt:
    wish: dict[str, Any] = {"order_no": no, "kind": kind, "payer": payer, "consent": True}
    return ask_receipt(**{"now": NOW} | wish | more)


def papers(no: int) -> list[tuple[str, str, int, int]]:
    receipt = find(no)
    assert receipt is not None
    found = ReceiptPaper.objects.filter(receipt=receipt.pk).order_by("id")
    return list(found.values_list("kind", "does", "number", "amount"))


def refused(code: str, act: Callable[[], object]) -> None:
    with pytest.raises(ReceiptRefusedError) as refusal:
        act()
    assert refusal.value.code == code


def rounds(desk: Desk, at: datetime = NOW, count: int = 1) -> None:
    """What the jobs process does, with the flights landing at once."""
    follower = Follower()
    for _ in range(count):
        follower.round(at, whole=True)
        for question in begin_due(now=at, leaving_out=[], most=16):
            keep(answer_to(desk, question), now=at)


@pytest.fixture
def house(desk_house: House) -> House:
    Charity.objects.create(
        code="shan", name_zh="善小基金会", name_en="x", uscc="91110000600037341L",
        certificate_no="x", address_zh="x", address_en="x", phone="x",
    )  # fmt: skip
    return desk_house


def test_every_gift_has_a_state_whether_asked_or_not(house: House) -> None:
    asked, number = paid(house)
    _, quiet = paid(house)
    partners = house.give(500)
    ask(asked)
    assert states_of([number, quiet, partners, 10**9]) == {
        number: "issued", quiet: "waived", partners: "anonymous",
    }  # fmt: skip
    assert state_of_order(asked) == "issued"
    assert state_of_order(20_261_123_000_000_000) == "waived"


def test_the_database_takes_no_receipt_without_a_state_and_changes_no_paper(house: House) -> None:
    no, _ = paid(house)
    ask(no)
    for state in ("", "lost", None):
        with pytest.raises(DatabaseError), transaction.atomic():
            Receipt.objects.filter(order_no=no).update(state=state)
    with pytest.raises(DatabaseError), transaction.atomic():
        ReceiptPaper.objects.update(amount=1)
    with pytest.raises(DatabaseError), transaction.atomic():
        ReceiptPaper.objects.all().delete()


def test_a_letter_asked_before_paying_is_there_once_it_is_paid(house: House) -> None:
    no = ordered(house)
    assert ask(no).state == "requested"
    assert Follower().round(NOW) == 0
    house.give(2000, "", order=no, campaign="")
    follower = Follower()
    assert follower.round(NOW) == 1
    assert follower.round(NOW) == 0
    assert state_of_order(no) == "issued"
    assert papers(no) == [("letter", "issue", 1, 2000)]


def test_a_held_payment_gets_no_letter(house: House) -> None:
    no = ordered(house)
    ask(no)
    house.give(1999, "", order=no, campaign="")
    Follower().round(NOW)
    assert (state_of_order(no), papers(no)) == ("requested", [])


def test_numbers_have_no_gap_by_charity_and_year_even_after_a_crash(house: House) -> None:
    one, two, three = (paid(house)[0] for _ in range(3))
    ask(one)

    def ask_and_die() -> None:
        with transaction.atomic():
            ask(two)
            connection.cursor().execute("SELECT 1 / 0")

    with pytest.raises(DatabaseError):
        ask_and_die()
    ask(three)
    ask(two)
    next_year = ask(paid(house)[0], now=datetime(2026, 12, 31, 16, 0, tzinfo=UTC))
    found = ReceiptPaper.objects.order_by("id").values_list("year", "number")
    assert list(found) == [(2026, 1), (2026, 2), (2026, 3), (2027, 1)]
    assert str(ReceiptPaper.objects.get(receipt=next_year.pk)) == "shan-2027-000001"


def test_whom_it_is_for_stands_sealed_and_nowhere_else(house: House) -> None:
    no, _ = paid(house)
    receipt = ask(no, FIRM)
    assert read_payer(receipt.pk) == FIRM
    for (table,) in house.web.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    ).fetchall():
        text = house.web.execute(
            f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t"
        ).fetchone()
        assert text is not None
        assert "云岭有限公司" not in text[0], table
        assert "yunling" not in text[0], table
    assert erase_payer(no, now=NOW).state == "issued"
    assert read_payer(receipt.pk) is None
    assert locked_until(receipt.pk) == date(2036, 12, 31), "the law has it kept"
    assert papers(no) == [("letter", "issue", 1, 2000)], "what was issued keeps its number"


def test_a_letter_for_another_name_takes_the_place_of_the_first(house: House) -> None:
    no, _ = paid(house)
    receipt = ask(no)
    ask(no, FIRM)
    assert papers(no) == [
        ("letter", "issue", 1, 2000), ("letter", "reverse", 2, 2000), ("letter", "issue", 3, 2000),
    ]  # fmt: skip
    assert read_payer(receipt.pk) == FIRM
    for _ in range(3):
        ask(no)
    refused("too-often", lambda: ask(no))


def test_a_wish_can_be_taken_back_until_it_is_fulfilled(house: House) -> None:
    no = ordered(house)
    ask(no)
    assert withdraw_receipt(no, now=NOW).state == "waived"
    assert not ReceiptPayer.objects.exists()
    house.give(2000, "", order=no, campaign="")
    Follower().round(NOW)
    assert (state_of_order(no), papers(no)) == ("waived", [])
    ask(no)
    refused("already-issued", lambda: withdraw_receipt(no, now=NOW))
    refused("no-wish", lambda: withdraw_receipt(no + 1, now=NOW))


def test_nothing_is_kept_without_consent(house: House) -> None:
    no, _ = paid(house)
    refused("no-consent", lambda: ask(no, consent=False))
    assert not Receipt.objects.exists()


def decided(deed: int, amount: int) -> RefundCase:
    case = ask_refund(deed=deed, amount=amount, reason="wrong-amount", actor=Actor("donor"))
    approve_refund(case.pk, LI)
    return confirm_refund(case.pk, WANG)


def test_a_letter_is_reversed_with_the_refund_and_one_over_the_rest_follows(house: House) -> None:
    no, deed = paid(house)
    ask(no)
    decided(deed, 500)
    assert papers(no)[-1] == ("letter", "reverse", 2, 2000)
    assert state_of_order(no) == "requested"
    follower = Follower()
    follower.round(NOW)
    assert len(papers(no)) == 2, "nothing is issued while the refund is not booked"
    refused("refund-waits", lambda: ask(no))
    house.settle()
    follow_refunds(house.web)
    follower.round(NOW)
    assert papers(no)[-1] == ("letter", "issue", 3, 1500)
    assert state_of_order(no) == "issued"
    house.check()


def test_nothing_is_left_to_receipt_after_a_whole_refund(house: House) -> None:
    no, deed = paid(house)
    ask(no)
    decided(deed, 2000)
    house.settle()
    follow_refunds(house.web)
    Follower().round(NOW)
    assert [each[1] for each in papers(no)] == ["issue", "reverse"]
    assert state_of_order(no) == "waived"


def test_a_refund_that_no_case_asked_for_is_followed_too(house: House) -> None:
    no, deed = paid(house)
    ask(no)
    follower = Follower()
    follower.round(NOW)
    assert house.instruct("refund", deed=deed, amount=800, reason="x")[0] == "done"
    assert follower.round(NOW) == 1
    assert papers(no)[1:] == [("letter", "reverse", 2, 2000), ("letter", "issue", 3, 1200)]
    assert follower.round(NOW) == 0


def test_a_refund_that_dies_leaves_the_letter_standing(house: House) -> None:
    no, deed = paid(house)
    ask(no)
    case = ask_refund(deed=deed, amount=500, reason="other", actor=Actor("donor"))
    approve_refund(case.pk, LI)

    def confirm_and_die() -> None:
        with transaction.atomic():
            confirm_refund(case.pk, WANG)
            connection.cursor().execute("SELECT 1 / 0")

    with pytest.raises(DatabaseError):
        confirm_and_die()
    assert papers(no) == [("letter", "issue", 1, 2000)]
    assert state_of_order(no) == "issued"


def test_an_e_receipt_comes_with_number_and_check_code(house: House) -> None:
    desk = Desk()
    no, _ = paid(house)
    assert ask(no, FIRM, "e-receipt").state == "requested"
    assert papers(no) == [("letter", "issue", 1, 2000)], "the letter does not wait"
    rounds(desk, count=3)
    paper = ReceiptPaper.objects.get(kind="e-receipt")
    assert (paper.issuer_code, paper.issuer_number, paper.issuer_check) == (
        "99990126", "0000000001", "abc123",
    )  # fmt: skip
    assert state_of_order(no) == "issued"
    assert desk.heard == ["issue 2000 云岭有限公司"]
    refused("already-issued", lambda: ask(no))


@pytest.mark.parametrize("trouble", ["unsure", "silent", "late"])
def test_what_was_not_answered_is_asked_again_and_issued_once(house: House, trouble: str) -> None:
    desk = Desk()
    desk.troubles = [trouble]
    no, _ = paid(house)
    ask(no, FIRM, "e-receipt")
    rounds(desk)
    assert state_of_order(no) == "requested"
    refused("under-way", lambda: ask(no))
    refused("already-issued", lambda: withdraw_receipt(no, now=NOW))  # its letter stands
    rounds(desk, NOW + timedelta(hours=1))
    assert state_of_order(no) == "issued"
    assert len(desk.papers) == 1
    assert desk.heard[1] == "query"


def test_who_is_erased_while_the_issuer_is_asked_is_locked_and_the_receipt_is_finished(
    house: House,
) -> None:
    desk = Desk()
    desk.troubles = ["silent"]
    no, _ = paid(house)
    receipt = ask(no, FIRM, "e-receipt")
    rounds(desk)
    erase_payer(no, now=NOW)
    assert read_payer(receipt.pk) is None
    assert locked_until(receipt.pk) == date(2056, 12, 31)
    rounds(desk, NOW + timedelta(hours=1))
    assert state_of_order(no) == "issued"
    assert len(desk.papers) == 1


def test_a_wish_that_is_withdrawn_after_a_letter_was_reversed_is_locked_not_lost(
    house: House,
) -> None:
    no, deed = paid(house)
    receipt = ask(no)
    decided(deed, 500)
    withdraw_receipt(no, now=NOW)
    assert [each[1] for each in papers(no)] == ["issue", "reverse"]
    assert read_payer(receipt.pk) is None
    assert locked_until(receipt.pk) == date(2036, 12, 31)


def test_a_crash_after_the_answer_gives_no_second_receipt(house: House) -> None:
    desk = Desk()
    no, _ = paid(house)
    ask(no, FIRM, "e-receipt")
    for question in begin_due(now=NOW, leaving_out=[], most=16):
        answer_to(desk, question)  # answered, and never kept
    rounds(desk, NOW + timedelta(hours=1))
    assert len(desk.papers) == 1
    assert [each for each in papers(no) if each[0] == "e-receipt"] == [
        ("e-receipt", "issue", 1, 2000)
    ]


def test_the_same_answer_kept_twice_is_one_paper(house: House) -> None:
    desk = Desk()
    no, _ = paid(house)
    ask(no, FIRM, "e-receipt")
    (question,) = begin_due(now=NOW, leaving_out=[], most=16)
    told = answer_to(desk, question)
    assert keep(told, now=NOW)
    assert not keep(told, now=NOW)


def test_what_the_issuer_refuses_is_told_and_can_be_asked_again(house: House) -> None:
    desk = Desk()
    desk.troubles = ["refused"]
    no, _ = paid(house)
    ask(no, FIRM, "e-receipt")
    rounds(desk, count=2)
    receipt = find(no)
    assert receipt is not None
    assert (receipt.state, receipt.told) == ("requested", "not-accepted")
    assert len(desk.heard) == 1, "not asked again by itself"
    ask(no, PERSON, "e-receipt")
    rounds(desk)
    assert state_of_order(no) == "issued"
    assert desk.heard[-1] == "issue 2000 李四"


def test_a_refund_waits_until_the_issuer_has_reversed(house: House) -> None:
    desk = Desk()
    no, deed = paid(house)
    at = datetime.now(UTC) + timedelta(minutes=1)  # confirming a refund reads the clock
    ask(no, FIRM, "e-receipt", now=at)
    rounds(desk, at)
    case = ask_refund(deed=deed, amount=500, reason="wrong-amount", actor=Actor("donor"))
    approve_refund(case.pk, LI)
    with pytest.raises(RefundRefusedError, match="receipt-stands"):
        confirm_refund(case.pk, WANG)
    desk.troubles = ["silent"]
    rounds(desk, at)
    with pytest.raises(RefundRefusedError, match="receipt-stands"):
        confirm_refund(case.pk, WANG)
    later = at + timedelta(hours=1)
    rounds(desk, later)
    assert [each for each in desk.heard if "reverse" in each] == ["reverse 2000"]
    confirm_refund(case.pk, WANG)
    house.settle()
    follow_refunds(house.web)
    rounds(desk, later, count=2)
    assert [each[1:] for each in papers(no) if each[0] == "e-receipt"] == [
        ("issue", 1, 2000), ("reverse", 2, 2000), ("issue", 3, 1500),
    ]  # fmt: skip
    assert state_of_order(no) == "issued"
    assert sorted(amount for amount, _ in desk.papers.values()) == [1500, 2000, 2000]
    house.check()


def test_a_declined_refund_brings_the_e_receipt_back(house: House) -> None:
    desk = Desk()
    no, deed = paid(house)
    ask(no, FIRM, "e-receipt")
    rounds(desk)
    case = ask_refund(deed=deed, amount=500, reason="wrong-amount", actor=Actor("donor"))
    approve_refund(case.pk, LI)
    rounds(desk)
    assert state_of_order(no) == "requested"
    decline_refund(case.pk, WANG, reason="no-evidence")
    rounds(desk)
    assert [each[1:] for each in papers(no) if each[0] == "e-receipt"] == [
        ("issue", 1, 2000), ("reverse", 2, 2000), ("issue", 3, 2000),
    ]  # fmt: skip
    assert state_of_order(no) == "issued"


def test_a_gift_that_is_refunded_before_the_issuer_was_asked_is_never_asked_for(
    house: House,
) -> None:
    desk = Desk()
    no, deed = paid(house)
    ask(no, FIRM, "e-receipt")
    decided(deed, 2000)
    house.settle()
    follow_refunds(house.web)
    rounds(desk, count=2)
    assert desk.heard == []
    assert state_of_order(no) == "waived"


def test_a_round_asks_the_database_as_often_for_many_as_for_one(house: House) -> None:
    def count(receipts: int) -> int:
        for _ in range(receipts):
            no = ordered(house)
            ask(no)
            house.give(2000, "", order=no, campaign="")
        follower = Follower()
        with CaptureQueriesContext(connection) as queries:
            assert follower.round(NOW) == receipts
        return len([q for q in queries.captured_queries if not q["sql"].startswith("UPDATE")])

    assert count(1) == count(12)


def test_two_at_once_number_one_after_the_other(house: House) -> None:
    """The counter's lock is what keeps two papers from one number."""
    no, _ = paid(house)
    ask(no)
    with transaction.atomic():
        other, _ = paid(house)
        ask(other)
        with (
            psycopg.connect(house.web.info.dsn, password=house.web.info.password) as second,
            pytest.raises(psycopg.errors.LockNotAvailable),
        ):
            second.execute("SELECT * FROM jusha_receiptseries FOR UPDATE NOWAIT")


def test_no_name_stands_in_a_log_line(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    desk = Desk()
    desk.troubles = ["unsure", "refused"]
    no, _ = paid(house)
    ask(no, FIRM, "e-receipt")
    rounds(desk)
    rounds(desk, NOW + timedelta(hours=1))
    said = capsys.readouterr()
    assert "issuer_" in said.out + said.err
    assert "云岭" not in said.out + said.err


def test_the_sender_keeps_what_its_flights_bring(house: House) -> None:
    desk = Desk()
    no, _ = paid(house)
    ask(no, FIRM, "e-receipt")
    sender = receipt_send.ReceiptSender(desk)
    sender.round(NOW)
    for future in list(sender.flights._under_way.values()):
        future.result(timeout=5)
    assert sender.round(NOW) == 1
    sender.flights.finish()
    assert state_of_order(no) == "issued"
    assert follow([Receipt.objects.get(order_no=no).pk], now=NOW) == 0


def test_a_configuration_outside_its_mode_is_refused(house: House) -> None:
    from jusha.giving.receipt_config import (  # noqa: PLC0415 - the settings are the test's
        FILE,
        ReceiptsUnreadableError,
        issuer_name,
        read_issuer,
    )

    home = Path(settings.HOME)
    assert read_issuer(home, mode="sandbox") is None
    assert issuer_name(home) == ""
    for address, mode, good in (
        ("http://127.0.0.1:9", "sandbox", True),
        ("http://[::1]:9", "sandbox", True),
        ("https://issuer.example", "sandbox", False),
        ("https://issuer.example", "own-site", True),
        ("http://issuer.example", "own-site", False),
        ("https://localhost", "designated", False),
    ):
        told = {"address": address, "client": "jusha", "name": "票据系统"}
        (home / FILE).write_text("\n".join(f"{k} = {json.dumps(v)}" for k, v in told.items()))
        assert issuer_name(home) == "票据系统"
        if good:
            assert read_issuer(home, mode=mode) is not None
        else:
            with pytest.raises(ReceiptsUnreadableError):
                read_issuer(home, mode=mode)
    for text in ("address = 3", "x", 'address = "http://127.0.0.1"'):
        (home / FILE).write_text(text)
        with pytest.raises(ReceiptsUnreadableError):
            read_issuer(home, mode="sandbox")
