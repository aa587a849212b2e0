"""What failed, at the desk: said with what to do next, tried again, or paid by hand by two."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.timezone import localdate

from jusha.charities.rules import Role
from jusha.giving import failed_queries
from jusha.giving.hand_rules import REFUSALS
from jusha.giving.models import HandPaid, Receipt, RefundCase, Repaid
from jusha.giving.receipt_ask import ask_receipt
from jusha.giving.receipt_follow import Follower
from jusha.giving.receipt_rules import E_RECEIPT, Payer
from jusha.giving.receipt_send import Told, begin_due, keep
from jusha.giving.refund_approve import approve_refund
from jusha.giving.refund_confirm import confirm_refund
from jusha.giving.refund_follow import follow_refunds
from jusha.inbox.append import new_id
from jusha.inbox.envelopes import Instruction
from jusha.payments.models import Sending
from jusha.people.rules import Office
from jusha.web import failed_words
from tests.web.conftest import Site
from tests.web.staff import member, officer, signed_in
from tests.web.test_refund_desk import stranger
from tests.web.test_refund_page import LI, WANG, Gift

LIST, BANK = "/desk/failed", "2026112300017"


class Desk:
    """A refund of 35 yuan that its rail could not deliver, and two of finance."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.gift = Gift(site)
        self.case = self.gift.ask()
        approve_refund(self.case.pk, LI)
        confirm_refund(self.case.pk, WANG)
        self.follow()
        entry = RefundCase.objects.get().entry
        self.sending = Sending.objects.create(
            refund=entry, order_no=self.gift.order, rail="wechat", key=f"{self.gift.order}-{entry}",
            state="failed", told="undeliverable", tries=3,
        )  # fmt: skip
        self.follow()
        self.first = signed_in(member(site, "li@shan.example"))
        self.wang = member(site, "wang@shan.example")
        self.second = signed_in(self.wang)
        self.confirm = f"{LIST}/{entry}/confirm"

    def follow(self) -> None:
        self.gift.follow()

    def state(self) -> tuple[str, str]:
        self.case.refresh_from_db()
        self.sending.refresh_from_db()
        return self.case.state, self.sending.state

    def text(self, client: Client, path: str = LIST, *, status: int = 200) -> str:
        answer = self.site.get(path, client=client)
        assert answer.status_code == status, answer.content.decode()
        return str(answer.content.decode())

    def post(self, client: Client, do: str, **fields: Any) -> int:
        said = {"refund": self.sending.pk, "do": do} | fields
        return int(client.post(LIST, said).status_code)

    def say_paid(self, client: Client, **fields: Any) -> int:
        said = {"reference": BANK, "paid_on": f"{localdate():%Y-%m-%d}"} | fields
        return self.post(client, "paid", **said)


@pytest.fixture
def desk(site: Site) -> Desk:
    return Desk(site)


def test_what_failed_is_listed_with_why_and_what_to_do(desk: Desk) -> None:
    assert desk.state() == ("undelivered", "failed")
    assert "没有办成的" in desk.text(desk.first, "/desk")
    assert f'href="{LIST}"' in desk.text(desk.first, f"/desk/refunds/{desk.case.pk}")
    page = desk.text(desk.first)
    assert "退不到付款账户" in page
    assert "先在渠道的商户平台处理" in page
    assert desk.sending.key in page
    for code in ("no-route", "order-closed", "not-this-payment", "SYSTEM_SAYS_NO"):
        Sending.objects.update(told=code)
        page = desk.text(desk.first)
        assert str(failed_words.why(code)) in page
        assert str(failed_words.next_step(code)) in page


def test_another_try_goes_out_under_the_same_key(desk: Desk) -> None:
    key = desk.sending.key
    assert desk.post(desk.first, "retry") == 303
    assert desk.state() == ("undelivered", "asked")
    assert (desk.sending.key, desk.sending.tries, desk.sending.told) == (key, 0, "")
    assert desk.sending.next_at is not None
    assert desk.sending.next_at <= timezone.now()
    assert desk.post(desk.first, "retry") == 422, "it is under way"
    assert "没有退不回去的退款" in desk.text(desk.first)
    desk.follow()
    assert desk.state() == ("booked", "asked")


def test_one_says_it_was_paid_another_confirms_and_the_books_clear_it(desk: Desk) -> None:
    assert desk.say_paid(desk.first) == 303
    assert BANK in desk.text(desk.second)
    assert desk.post(desk.second, "retry") == 422, "nobody pays a second time meanwhile"
    assert desk.say_paid(desk.second) == 422
    assert desk.first.post(desk.confirm, {"reference": BANK}).status_code == 422
    assert "确认已经付了" not in desk.text(desk.first, desk.confirm)
    assert "确认已经付了" in desk.text(desk.second, desk.confirm)
    assert desk.second.post(desk.confirm, {"reference": "another1"}).status_code == 422
    assert not Repaid.objects.exists()
    assert desk.second.post(desk.confirm, {"reference": BANK}).status_code == 303
    assert desk.second.post(desk.confirm, {"reference": BANK}).status_code == 422
    desk.follow()
    assert desk.state() == ("arrived", "failed")
    repaid = Repaid.objects.get()
    assert (repaid.deed, repaid.amount, repaid.reference) == (desk.gift.deed, 3500, BANK)
    assert BANK not in str(desk.site.house.entries()), "the bank's number stays out of the log"
    assert "没有退不回去的退款" in desk.text(desk.first)
    assert desk.post(desk.first, "retry") == 422
    assert desk.post(desk.first, "return") == 422
    desk.site.house.check()


def test_without_the_banks_number_and_a_day_nothing_is_written(desk: Desk) -> None:
    tomorrow = localdate() + timedelta(days=1)
    for wrong in (
        {"reference": ""}, {"reference": "12345"}, {"reference": "x" * 65},
        {"reference": "李四 6222020000000000"}, {"reference": "1234567\x01"}, {"paid_on": ""},
        {"paid_on": "2026-02-30"}, {"paid_on": f"{tomorrow:%Y-%m-%d}"},
    ):  # fmt: skip
        assert desk.say_paid(desk.first, **wrong) == 422, wrong
    assert not HandPaid.objects.exists()


def test_a_proposal_is_handed_back_and_then_it_may_be_tried_again(desk: Desk) -> None:
    for client in (desk.first, desk.second):
        desk.say_paid(desk.first)
        assert desk.post(client, "return") == (422 if client is desk.first else 303)
    said = HandPaid.objects.get()
    assert said.confirmed_by not in {"", said.proposed_by}, "who handed it back stays known"
    assert said.confirmed_at is None
    assert "已登记" not in desk.text(desk.first)
    assert desk.say_paid(desk.second) == 303, "the same number may be said again"
    assert desk.first.post(desk.confirm, {"reference": BANK}).status_code == 303
    desk.follow()
    assert desk.state() == ("arrived", "failed")


def test_nobody_alone_says_paid_takes_it_back_and_has_the_rail_pay_too(desk: Desk) -> None:
    assert desk.say_paid(desk.first) == 303
    assert desk.post(desk.first, "return") == 422
    assert 'value="return"' not in desk.text(desk.first)
    assert "另一位财务退回" in desk.text(desk.first)
    assert desk.post(desk.first, "retry") == 422
    assert desk.post(desk.second, "return") == 303
    assert desk.post(desk.first, "retry") == 303


def further(desk: Desk, deed: int, amount: int) -> Sending:
    """One more refund of the gift that its rail could not deliver."""
    desk.site.house.instruct("refund", deed=deed, amount=amount, reason="asked")
    entry = desk.site.house.settlement.world.next_number - 1
    return Sending.objects.create(
        refund=entry, order_no=desk.gift.order, rail="wechat", key=f"{desk.gift.order}-{entry}",
        state="failed", told="undeliverable",
    )  # fmt: skip


def test_one_transfer_clears_one_refund_and_a_refunds_own_key_is_no_transfer(desk: Desk) -> None:
    gift = Gift(desk.site)
    other = further(desk, gift.deed, 3500)
    wide = desk.sending.key.replace("-", "\uff0d")
    for key in (desk.sending.key, other.key, wide):
        assert desk.say_paid(desk.first, reference=key) == 422, key
    assert not HandPaid.objects.exists()
    assert desk.say_paid(desk.first) == 303
    for typed in (BANK, f" {BANK}", "\uff12" + BANK[1:]):
        answer = desk.first.post(LIST, {
            "refund": other.pk, "do": "paid", "reference": typed,
            "paid_on": f"{localdate():%Y-%m-%d}",
        })  # fmt: skip
        assert answer.status_code == 422, typed
        assert "已经登记过的回单号不能再用" in answer.content.decode()
    assert HandPaid.objects.count() == 1
    assert desk.second.post(desk.confirm, {"reference": BANK}).status_code == 303
    desk.site.house.instruct("refund-sent", deed=gift.deed, amount=1, reference="CONSOLE-1")
    third = Gift(desk.site)
    last = further(desk, third.deed, 3500)
    for typed in (BANK, "CONSOLE-1"):
        assert desk.say_paid(desk.first, refund=last.pk, reference=typed) == 422
    assert desk.say_paid(desk.first, refund=last.pk, reference="CONSOLE-2") == 303


def test_of_two_failed_refunds_of_a_gift_the_one_that_was_paid_arrives(site: Site) -> None:
    gift = Gift(site)
    cases, sendings = [], []
    for _ in range(2):
        case = gift.ask(part="part", own="15")
        approve_refund(case.pk, LI)
        confirm_refund(case.pk, WANG)
        gift.follow()
        case.refresh_from_db()
        cases.append(case)
        sendings.append(Sending.objects.create(
            refund=case.entry, order_no=gift.order, rail="wechat",
            key=f"{gift.order}-{case.entry}", state="failed", told="undeliverable",
        ))  # fmt: skip
        gift.follow()
    first = signed_in(member(site, "li@shan.example"))
    second = signed_in(member(site, "wang@shan.example"))
    later = sendings[1].pk
    said = {"refund": later, "do": "paid", "reference": BANK, "paid_on": f"{localdate():%Y-%m-%d}"}
    assert first.post(LIST, said).status_code == 303
    assert second.post(f"{LIST}/{later}/confirm", {"reference": BANK}).status_code == 303

    def states() -> list[str]:
        gift.follow()
        return [RefundCase.objects.get(pk=case.pk).state for case in cases]

    assert states() == ["undelivered", "arrived"]
    assert sendings[0].key in site.get(LIST, client=first).content.decode()
    site.house.instruct("refund-sent", deed=gift.deed, amount=1500, reference="console-1")
    assert states() == ["arrived", "arrived"]
    site.house.check()


def test_what_two_confirmed_and_settlement_refused_stays_listed_with_its_code(desk: Desk) -> None:
    assert desk.say_paid(desk.first) == 303
    sent: dict[str, Any] = {"deed": desk.gift.deed, "amount": 3000, "reference": "typed"}
    told = Instruction(new_id(), "refund-sent", "li", "wang", sent)
    desk.site.house.send(told, lane="console")  # not settled yet, so the desk cannot know
    assert desk.second.post(desk.confirm, {"reference": BANK}).status_code == 303
    assert desk.sending.key not in desk.text(desk.first), "settlement has not answered"
    desk.follow()
    page = desk.text(desk.first)
    assert desk.sending.key in page
    assert "more-than-is-owed" in page
    assert "账本没有接受" in page
    assert 'value="retry"' not in page
    assert 'value="return"' not in page
    assert "作为第二人确认" not in desk.text(desk.second)
    assert desk.post(desk.first, "retry") == 422
    desk.site.house.check()


def test_the_database_itself_wants_two_persons(desk: Desk) -> None:
    desk.say_paid(desk.first)
    by = HandPaid.objects.get().proposed_by
    with pytest.raises(IntegrityError), transaction.atomic():
        HandPaid.objects.update(confirmed_by=by)


def test_who_did_not_just_prove_who_they_are_does_so_before_confirming(desk: Desk) -> None:
    desk.say_paid(desk.first)
    late = signed_in(desk.wang, proven_at=time.time() - 3600)
    assert late.post(desk.confirm, {"reference": BANK}).status_code == 302
    assert HandPaid.objects.get().confirmed_by == ""


def test_others_see_what_is_theirs_and_change_nothing(desk: Desk) -> None:
    viewer = signed_in(member(desk.site, "v@shan.example", Role.VIEWER))
    auditor = signed_in(officer(desk.site, "a@platform.example", Office.AUDITOR))
    other = stranger(desk.site)
    for client, sees, status in ((viewer, True, 422), (auditor, True, 403), (other, False, 422)):
        page = desk.text(client)
        assert (desk.sending.key in page) == sees
        assert 'value="retry"' not in page
        for do in ("retry", "paid", "return"):
            assert desk.say_paid(client) == status
            assert desk.post(client, do) == status
    assert Client().get(LIST).status_code == 302
    assert desk.state() == ("undelivered", "failed")


def refused_receipt(desk: Desk) -> Receipt:
    """An e-receipt that the issuer refuses, for a gift of its own."""
    gift = Gift(desk.site)
    now = timezone.now()
    payer = Payer("person", "李四")
    ask_receipt(order_no=gift.order, kind=E_RECEIPT, payer=payer, consent=True, now=now)
    Follower().round(now, whole=True)
    (asked,) = begin_due(now=now, leaving_out=[], most=16)
    assert not keep(Told(asked, None, "bad-title"), now=now)
    return Receipt.objects.get(order_no=gift.order)


def test_a_refused_receipt_is_listed_and_asked_for_again(desk: Desk) -> None:
    receipt = refused_receipt(desk)
    page = desk.text(desk.first)
    assert "机构的票据系统没有接受" in page
    assert "bad-title" in page
    assert "李四" not in page, "whom it is for is no business of this page"
    other = stranger(desk.site)
    assert "bad-title" not in desk.text(other)
    assert desk.post(other, "receipt", receipt=receipt.pk) == 422
    assert desk.post(desk.first, "receipt", receipt=receipt.pk) == 303
    (asked,) = begin_due(now=timezone.now(), leaving_out=[], most=16)
    assert (asked.receipt, asked.amount) == (receipt.pk, 3500)
    assert desk.post(desk.first, "receipt", receipt=receipt.pk) == 422


def test_one_charitys_many_hide_nothing_of_anothers(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failed_queries, "LISTED_MAX", 2)
    monkeypatch.setattr(failed_queries, "READ_AT_ONCE", 4)
    for number in range(9):
        Receipt.objects.create(order_no=10**9 + number, kind=E_RECEIPT, told="bad-title")
    last = refused_receipt(desk)
    (found,) = failed_queries.refused_receipts({"shan"})
    assert found.receipt.pk == last.pk
    assert len(failed_queries.refused_receipts(None)) == 2


def test_a_refund_far_down_the_list_is_confirmed_all_the_same(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert desk.say_paid(desk.first) == 303
    monkeypatch.setattr(failed_queries, "LISTED_MAX", 0)
    assert desk.sending.key not in desk.text(desk.second)
    assert "确认已经付了" in desk.text(desk.second, desk.confirm)
    other = stranger(desk.site)
    assert other.get(desk.confirm).status_code == 404


def test_the_list_costs_the_same_questions_however_much_failed(desk: Desk) -> None:
    desk.text(desk.first)
    with CaptureQueriesContext(connection) as one:
        desk.text(desk.first)
    refund = Gift(desk.site)
    refund.site.house.instruct("refund", deed=refund.deed, amount=3500, reason="x")
    entry = refund.site.house.settlement.world.next_number - 1
    Sending.objects.create(
        refund=entry, order_no=refund.order, rail="wechat", key="k", state="failed", told="no-route"
    )
    follow_refunds(desk.site.house.web)
    with CaptureQueriesContext(connection) as two:
        assert "商户号" in desk.text(desk.first)
    assert len(one) == len(two) <= 24, [each["sql"][:90] for each in two]


def test_every_refusal_has_words() -> None:
    assert set(failed_words.REFUSALS) == set(REFUSALS)
