"""A refund from the wish to the money's arrival, through real settlement."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from jusha.giving import refund_before, refund_rules, refund_words
from jusha.giving.models import RefundCase, RefundStep, RefundWords
from jusha.giving.refund_approve import approve_refund
from jusha.giving.refund_ask import ask_refund, open_dispute
from jusha.giving.refund_confirm import confirm_refund
from jusha.giving.refund_decline import decline_refund
from jusha.giving.refund_follow import follow_refunds
from jusha.giving.refund_queries import deeds_of_order, money
from jusha.giving.refund_rules import Actor, RefundRefusedError
from jusha.giving.refund_withdraw import withdraw_refund
from jusha.giving.send_refunds import NEW_SQL
from jusha.inbox.connect import django_connection
from jusha.management.audit import audit_database
from tests.cast import House

DONOR = Actor("donor")
SHAN = frozenset({"shan"})
LI, WANG, ZHAO = (Actor("finance", name, SHAN) for name in ("li", "wang", "zhao"))
DUE = datetime(2026, 12, 1, tzinfo=UTC)


def asked(deed: int, amount: int, **more: Any) -> RefundCase:
    wish: dict[str, Any] = {"deed": deed, "amount": amount, "reason": "wrong-amount"}
    return ask_refund(**wish | {"actor": DONOR} | more)


def decided(deed: int, amount: int, **more: Any) -> RefundCase:
    """A case that two persons have let through."""
    case = asked(deed, amount, **more)
    approve_refund(case.pk, LI)
    return confirm_refund(case.pk, WANG)


def followed(house: House, case: RefundCase) -> str:
    """Settle, follow, and return the state."""
    house.settle()
    follow_refunds(house.web)
    case.refresh_from_db()
    return case.state


def confirm_and_die(case: RefundCase) -> None:
    """Confirm, and lose the transaction after all was said in it."""
    with transaction.atomic():
        confirm_refund(case.pk, WANG)
        django_connection().execute("SELECT 1 / 0")


def history(case: RefundCase) -> list[tuple[str, str, str]]:
    found = RefundStep.objects.filter(case=case.pk).order_by("id")
    return list(found.values_list("did", "as_role", "by"))


def refused(code: str, act: Callable[[], object]) -> None:
    with pytest.raises(RefundRefusedError) as refusal:
        act()
    assert refusal.value.code == code
    assert code in refund_rules.REFUSALS


def test_a_refund_goes_from_the_wish_to_the_arrival_and_the_match_goes_home(
    desk_house: House,
) -> None:
    house = desk_house
    deed = house.give(2_000)
    case = asked(deed, 800, words="  多打了一个零\n请退 ")
    assert refund_words.read_words(case.pk) == "多打了一个零 请退"
    assert followed(house, case) == "asked"
    approve_refund(case.pk, LI)
    assert followed(house, case) == "approved"
    confirm_refund(case.pk, WANG)
    assert followed(house, case) == "booked"
    entry = house.entries()[case.entry]
    assert (entry["k"], entry["ref"], entry["amt"]) == ("refund", deed, 800)
    assert entry["m"] == [{"amt": 800, "pool": "tree"}]
    assert house.balance("charity:shan", "refundable", "partner") == 800
    assert house.instruct("refund-sent", deed=deed, amount=800, reference="R-1")[0] == "done"
    assert followed(house, case) == "arrived"
    assert history(case) == [
        ("asked", "donor", ""),
        ("approved", "finance", "li"),
        ("confirmed", "finance", "wang"),
        ("booked", "house", ""),
        ("arrived", "house", ""),
    ]
    assert money([deed])[0].left == 1_200
    house.check()


def test_the_money_follows_what_the_payments_process_writes_of_it(
    desk_house: House, owner: psycopg.Connection
) -> None:
    case = decided(desk_house.give(500), 500)
    assert followed(desk_house, case) == "booked"
    owner.execute(
        "INSERT INTO jusha_sending (refund, order_no, rail, key, state, told, tries, changed_at)"
        " VALUES (%s, 0, 'wechat', 'k', 'pending', '', 1, now())",
        (case.entry,),
    )
    assert followed(desk_house, case) == "sent"
    sent: dict[str, Any] = {"deed": case.deed, "amount": 500, "reference": "k"}
    assert desk_house.instruct("refund-sent", **sent)[0] == "done"
    owner.execute("UPDATE jusha_sending SET state = 'arrived'")
    assert followed(desk_house, case) == "sent"
    owner.execute("UPDATE jusha_sending SET state = 'booked'")
    assert followed(desk_house, case) == "arrived"
    desk_house.check()


def test_what_a_rail_could_not_deliver_stays_owed_until_it_is_paid_by_hand(
    desk_house: House, owner: psycopg.Connection
) -> None:
    case = decided(desk_house.give(500), 500)
    assert followed(desk_house, case) == "booked"
    owner.execute(
        "INSERT INTO jusha_sending (refund, order_no, rail, key, state, told, tries, changed_at)"
        " VALUES (%s, 0, 'wechat', 'k', 'failed', '', 1, now())",
        (case.entry,),
    )
    assert followed(desk_house, case) == "undelivered"
    sent: dict[str, Any] = {"deed": case.deed, "amount": 500, "reference": "bank transfer 7"}
    assert desk_house.instruct("refund-sent", **sent)[0] == "done"
    assert followed(desk_house, case) == "arrived"
    desk_house.check()


def test_a_confirmation_that_is_repeated_sends_the_money_once(desk_house: House) -> None:
    deed = desk_house.give(2_000)
    case = decided(deed, 500)
    confirm_refund(case.pk, WANG)
    desk_house.settle()
    confirm_refund(case.pk, WANG)  # settled, and nobody looked yet
    assert followed(desk_house, case) == "booked"
    assert [e["amt"] for e in desk_house.entries() if e["k"] == "refund"] == [500]
    refused("not-now", lambda: confirm_refund(case.pk, WANG))
    desk_house.check()


def test_a_crash_inside_the_confirmation_leaves_neither_state_nor_instruction(
    desk_house: House,
) -> None:
    case = asked(desk_house.give(2_000), 500)
    approve_refund(case.pk, LI)
    with pytest.raises(psycopg.errors.DivisionByZero):
        confirm_and_die(case)
    assert followed(desk_house, case) == "approved"
    confirm_refund(case.pk, WANG)
    assert followed(desk_house, case) == "booked"
    desk_house.check()


@pytest.mark.parametrize(
    ("actor", "code"),
    [
        (LI, "same-person"),
        (Actor("finance", "wang", frozenset({"other"})), "not-yours"),
        (Actor("donor", "wang", SHAN), "not-yours"),
        (Actor("staff", "wang", SHAN), "not-yours"),
        (Actor("finance", "", SHAN), "needs-a-name"),
        (Actor("finance", "donor-7", SHAN), "own-gift"),
    ],
)
def test_only_another_person_of_the_same_finance_confirms(
    desk_house: House, actor: Actor, code: str
) -> None:
    case = asked(desk_house.give(2_000), 500, donor="donor-7")
    approve_refund(case.pk, LI)
    refused(code, lambda: confirm_refund(case.pk, actor))
    assert followed(desk_house, case) == "approved"


def test_a_deed_has_one_open_case_and_after_it_is_booked_the_rest_may_be_asked_for(
    desk_house: House,
) -> None:
    deed = desk_house.give(2_000)
    first = asked(deed, 500)
    refused("open-case", lambda: asked(deed, 500))
    approve_refund(first.pk, LI)
    confirm_refund(first.pk, WANG)
    refused("open-case", lambda: asked(deed, 500))
    assert followed(desk_house, first) == "booked"
    refused("too-much", lambda: asked(deed, 1_501))
    assert followed(desk_house, decided(deed, 1_500)) == "booked"
    refused("too-much", lambda: asked(deed, 1))
    assert desk_house.balance("pool:tree", "returned", "tree") == 2_000
    desk_house.check()


def test_two_who_ask_at_once_open_one_case(desk_house: House) -> None:
    deed = desk_house.give(2_000)
    codes: list[str] = []
    at_once = threading.Barrier(2)

    def ask() -> None:
        at_once.wait()
        try:
            codes.append(asked(deed, 500).state)
        except RefundRefusedError as refusal:
            codes.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == ["asked", "open-case"]
    assert RefundCase.objects.count() == RefundStep.objects.count() == 1


def test_two_persons_who_decide_at_once_are_one_after_the_other(desk_house: House) -> None:
    case = asked(desk_house.give(2_000), 500)
    codes: list[str] = []
    at_once = threading.Barrier(2)

    def act(verb: Callable[[], RefundCase]) -> None:
        at_once.wait()
        try:
            codes.append(verb().state)
        except RefundRefusedError as refusal:
            codes.append(refusal.code)
        finally:
            connection.close()

    verbs: list[Callable[[], RefundCase]] = [
        lambda: withdraw_refund(case.pk, DONOR),
        lambda: decline_refund(case.pk, LI, reason="other"),
    ]
    threads = [threading.Thread(target=act, args=(verb,)) for verb in verbs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "not-now" in codes
    assert len(history(case)) == 2


def test_a_declined_or_withdrawn_case_moves_nothing_and_the_donor_may_ask_again(
    desk_house: House,
) -> None:
    deed = desk_house.give(2_000)
    declined, withdrawn = asked(deed, 500), None
    refused("bad-reason", lambda: decline_refund(declined.pk, LI, reason="no"))
    decline_refund(declined.pk, LI, reason="already-spent")
    refused("not-now", lambda: approve_refund(declined.pk, LI))
    withdrawn = asked(deed, 500)
    refused("not-yours", lambda: withdraw_refund(withdrawn.pk, Actor("donor", "someone")))
    withdraw_refund(withdrawn.pk, DONOR)
    assert followed(desk_house, withdrawn) == "withdrawn"
    assert [e for e in desk_house.entries() if e["k"] == "refund"] == []
    for _ in range(3):
        withdraw_refund(asked(deed, 500).pk, DONOR)
    refused("too-many", lambda: asked(deed, 500))


def test_a_case_gives_way_to_a_refund_that_came_another_way(desk_house: House) -> None:
    deed = desk_house.give(2_000)
    case = asked(deed, 1_500)
    approve_refund(case.pk, LI)
    assert desk_house.instruct("refund", deed=deed, amount=600, reason="a bill")[0] == "done"
    refused("too-much", lambda: confirm_refund(case.pk, WANG))
    assert followed(desk_house, case) == "overtaken"
    assert followed(desk_house, decided(deed, 1_400)) == "booked"
    desk_house.check()


def test_what_settlement_refuses_says_so_and_books_nothing(desk_house: House) -> None:
    deed = desk_house.give(2_000)
    case = asked(deed, 1_500)
    approve_refund(case.pk, LI)
    confirm_refund(case.pk, WANG)
    house = desk_house
    house.web.execute("SELECT 1")
    assert RefundCase.objects.get(pk=case.pk).state == "confirmed"
    # Another refund is read first: its row is of a lane with a smaller number.
    house.instruct("refund", deed=deed, amount=600, reason="a bill")
    state = followed(house, case)
    refunds = [e["amt"] for e in house.entries() if e["k"] == "refund"]
    assert (state, refunds) in [("booked", [1_500]), ("refused", [600])]
    assert case.told == ("" if state == "booked" else "more-than-is-left")
    house.check()


def test_held_money_goes_back_by_the_same_way_and_its_order_names_who_decides(
    desk_house: House,
) -> None:
    order = desk_house.order(2_000)
    desk_house.send(order, lane="web")
    paid = desk_house.give(2_000, "", order=order.no, campaign="")
    twice = desk_house.give(2_000, "", order=order.no, campaign="")
    assert deeds_of_order(order.no) == [paid, twice]
    about = money([twice])[0]
    assert (about.held, about.charity, about.order_no) == (True, "shan", order.no)
    case = decided(twice, 2_000, reason="paid-twice")
    assert followed(desk_house, case) == "booked"
    assert desk_house.balance("channel:partner", "suspense-refundable", "partner") == 2_000
    desk_house.check()


def test_a_receipt_that_stands_holds_the_money_back_and_a_reversed_one_does_not(
    desk_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    deed = desk_house.give(2_000)
    asked_for: list[tuple[int, int]] = []
    standing = {deed}

    def reverse(planned: Any) -> set[int]:
        asked_for.extend(planned)
        RefundWords.objects.update_or_create(case=case.pk, defaults={"sealed": b"begun"})
        return standing & {each.deed for each in planned}

    monkeypatch.setattr(refund_before, "BEFORE_BOOKING", (reverse,))
    case = asked(deed, 500)
    approve_refund(case.pk, LI)
    refused("receipt-stands", lambda: confirm_refund(case.pk, WANG))
    assert followed(desk_house, case) == "approved"
    assert RefundWords.objects.filter(case=case.pk).exists(), "what was begun goes on"
    standing.clear()
    confirm_refund(case.pk, WANG)
    assert followed(desk_house, case) == "booked"
    assert asked_for == [(deed, 500), (deed, 500)]


def test_a_complaint_has_a_due_date_and_takes_the_place_of_a_wish(desk_house: House) -> None:
    deed = desk_house.give(2_000)
    wish = asked(deed, 500)
    rail = Actor("rail", "wechat")
    case = open_dispute(
        deed=deed, amount=2_000, reason="complaint", reference="C-1", due_at=DUE, actor=rail
    )
    assert followed(desk_house, wish) == "overtaken"
    assert (case.due_at, case.asked_by) == (DUE, "wechat")
    decline_refund(case.pk, LI, reason="answered")
    assert followed(desk_house, case) == "declined"
    refused("bad-reason", lambda: asked(deed, 500, reason="complaint"))


def test_a_chargeback_books_that_the_money_is_gone_so_that_nobody_sends_it_again(
    desk_house: House,
) -> None:
    deed = desk_house.give(2_000)
    case = open_dispute(
        deed=deed, amount=2_000, reason="chargeback", reference="CB-9", due_at=DUE, actor=LI
    )
    approve_refund(case.pk, LI)
    confirm_refund(case.pk, WANG)
    confirm_refund(case.pk, WANG)
    assert followed(desk_house, case) == "arrived"
    assert desk_house.balance("charity:shan", "refundable", "partner") == 0
    assert [e["amt"] for e in desk_house.entries() if e["k"] == "repaid"] == [2_000]
    desk_house.check()


def test_what_the_rail_charged_back_does_not_pass_for_what_it_could_not_deliver(
    desk_house: House, owner: psycopg.Connection
) -> None:
    house, deed = desk_house, desk_house.give(2_000)
    failed = decided(deed, 500)
    assert followed(house, failed) == "booked"
    owner.execute(
        "INSERT INTO jusha_sending (refund, order_no, rail, key, state, told, tries, changed_at)"
        " VALUES (%s, 0, 'wechat', 'k', 'failed', '', 1, now())",
        (failed.entry,),
    )
    dispute = open_dispute(
        deed=deed, amount=1_500, reason="chargeback", reference="CB-1", due_at=DUE, actor=LI
    )
    approve_refund(dispute.pk, LI)
    confirm_refund(dispute.pk, WANG)
    assert followed(house, dispute) == "arrived"
    assert followed(house, failed) == "undelivered", "500 is still owed"
    assert house.instruct("refund-sent", deed=deed, amount=500, reference="by hand")[0] == "done"
    assert followed(house, failed) == "arrived"
    house.check()


def test_the_payments_process_sends_what_was_decided_but_no_chargeback(
    desk_house: House, owner: psycopg.Connection
) -> None:
    house = desk_house
    terms = {"assets": ["CNY"], "clock": "rail"}
    assert house.instruct("admit-channel", code="wechat", terms=terms)[0] == "done"
    dispute = open_dispute(
        deed=house.give(700, channel="wechat"),
        amount=700, reason="chargeback", reference="CB-9", due_at=DUE, actor=LI,
    )  # fmt: skip
    approve_refund(dispute.pk, LI)
    confirm_refund(dispute.pk, WANG)
    wish = decided(house.give(500, channel="wechat"), 500)
    assert (followed(house, dispute), followed(house, wish)) == ("arrived", "booked")
    house.web.execute(NEW_SQL, {"rails": ["wechat"]})
    sent = owner.execute("SELECT refund, state FROM jusha_sending").fetchall()
    assert sent == [(wish.entry, "asked")]


@pytest.mark.parametrize(
    "lie", ["amount = 900", "deed = 1", "entry = 0", "confirmed_by = approved_by"]
)
def test_the_audit_finds_a_case_that_says_what_was_not_booked(
    desk_house: House, owner: psycopg.Connection, lie: str
) -> None:
    case = decided(desk_house.give(2_000), 500)
    assert followed(desk_house, case) == "booked"
    desk_house.check()
    owner.execute(f"UPDATE jusha_refundcase SET {lie}")
    found = audit_database(desk_house.web)
    wrong = [str(each) for each in found if each.kind == "wrong"]
    assert len(wrong) == 1
    assert "refund case says what was not booked" in wrong[0]


def test_words_are_sealed_and_erased_while_the_case_stays(desk_house: House) -> None:
    case = asked(desk_house.give(2_000), 500, words="我的电话 13800000000")
    sealed = bytes(RefundWords.objects.get(case=case.pk).sealed)
    assert b"13800000000" not in sealed
    assert refund_words.erase_words(case.pk)
    assert refund_words.read_words(case.pk) == ""
    assert not refund_words.erase_words(case.pk)
    assert RefundCase.objects.filter(pk=case.pk).exists()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"amount": 0}, "bad-amount"),
        ({"amount": -5}, "bad-amount"),
        ({"amount": 2_001}, "too-much"),
        ({"reason": "because"}, "bad-reason"),
        ({"words": "字" * 201}, "words-too-long"),
        ({"words": "a\x00b"}, "bad-words"),
        ({"words": "a\u202eb"}, "bad-words"),
    ],
)
def test_an_impossible_wish_opens_no_case(
    desk_house: House, fields: dict[str, Any], code: str
) -> None:
    deed = desk_house.give(2_000)
    refused(code, lambda: asked(deed, **{"amount": 500} | fields))
    assert not RefundCase.objects.exists()
    refused("unknown-deed", lambda: asked(deed + 5, 500))


def test_the_history_of_a_case_cannot_be_changed(
    desk_house: House, owner: psycopg.Connection
) -> None:
    asked(desk_house.give(2_000), 500)
    for change in (
        "UPDATE jusha_refundstep SET by = 'x'",
        "DELETE FROM jusha_refundstep",
        "TRUNCATE jusha_refundstep",
    ):
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
            owner.execute(change)
