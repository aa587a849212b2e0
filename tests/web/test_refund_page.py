"""A donor asks for money back on a page, and sees it come; nobody else sees anything."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from jusha.giving.models import RefundCase
from jusha.giving.refund_approve import approve_refund
from jusha.giving.refund_confirm import confirm_refund
from jusha.giving.refund_decline import decline_refund
from jusha.giving.refund_follow import follow_refunds
from jusha.giving.refund_rules import (
    DECLINES,
    DISPUTE_REASONS,
    REASONS,
    REFUSALS,
    STATES,
    Actor,
)
from jusha.giving.refund_words import read_words
from jusha.people.models import OwnedOrder, UserAccount
from jusha.web import refund_words
from tests.web.conftest import Site
from tests.web.test_donate import order_at, pay

SHAN = frozenset({"shan"})
LI, WANG = Actor("finance", "li", SHAN), Actor("finance", "wang", SHAN)


class Gift:
    """An order of 35 yuan that is paid, with the page of its refund."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.order = order_at(site)
        self.deed = pay(site, self.order, 3500)
        self.path = f"/o/{self.order}/refund"

    def post(self, client: Client | None = None, **fields: Any) -> Any:
        said = {"do": "ask", "deed": self.deed, "part": "whole", "reason": "wrong-amount"}
        return (client or self.site.client).post(self.path, said | fields)

    def ask(self, **fields: Any) -> RefundCase:
        answer = self.post(**fields)
        assert (answer.status_code, answer.headers["Location"]) == (303, self.path)
        return RefundCase.objects.latest("id")

    def follow(self) -> None:
        self.site.house.settle()
        follow_refunds(self.site.house.web)

    def text(self) -> str:
        return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", self.site.text(self.path)))


@pytest.fixture
def gift(site: Site) -> Gift:
    return Gift(site)


def test_a_donor_asks_sees_each_step_and_gets_the_money(gift: Gift) -> None:
    before = gift.site.text(gift.path)
    assert "还可以退" in before
    assert 'value="changed-mind"' in before
    assert not re.search(r'name="reason"[^>]*checked', before), "no reason is chosen for anybody"
    case = gift.ask(part="part", own="１５.５０", words="多写了一个零")
    assert (case.amount, case.reason, case.asked_as, case.charity) == (
        1550, "wrong-amount", "donor", "shan",
    )  # fmt: skip
    waiting = gift.text()
    assert "等待机构财务审核" in waiting
    assert "提交退款申请" not in waiting
    approve_refund(case.pk, LI)
    assert "审核通过，等待第二人确认" in gift.text()
    confirm_refund(case.pk, WANG)
    assert "撤回这个申请" not in gift.text()
    gift.follow()
    assert "已记账，正在原路退回" in gift.text()
    case.refresh_from_db()
    assert f'href="/d/{case.entry}"' in gift.site.text(gift.path)
    sent: dict[str, Any] = {"deed": gift.deed, "amount": 1550, "reference": "R1"}
    assert gift.site.house.instruct("refund-sent", **sent)[0] == "done"
    gift.follow()
    done = gift.text()
    assert "已退回" in done
    assert "¥19.50" in done, "the rest may still be asked for"
    assert "提交退款申请" in done
    gift.site.house.check()


def test_a_refund_that_arrived_before_anybody_looked_still_leads_to_its_entry(gift: Gift) -> None:
    case = gift.ask()
    approve_refund(case.pk, LI)
    confirm_refund(case.pk, WANG)
    gift.site.house.settle()
    sent: dict[str, Any] = {"deed": gift.deed, "amount": 3500, "reference": "R1"}
    assert gift.site.house.instruct("refund-sent", **sent)[0] == "done"
    gift.follow()
    case.refresh_from_db()
    assert case.state == "arrived"
    assert f'href="/d/{case.entry}"' in gift.site.text(gift.path)


def test_a_donor_takes_the_wish_back_and_may_ask_again(gift: Gift) -> None:
    case = gift.ask()
    assert gift.post(do="withdraw", case=case.pk).status_code == 303
    assert "申请已撤回" in gift.text()
    again = gift.ask(reason="other")
    answer = gift.post(do="withdraw", case=case.pk)
    assert answer.status_code == 422
    assert "什么都没有改变" in answer.content.decode()
    assert RefundCase.objects.get(pk=again.pk).state == "asked"


def test_a_declined_case_says_why_and_what_the_donor_can_do(gift: Gift) -> None:
    case = gift.ask()
    decline_refund(case.pk, LI, reason="no-evidence")
    text = gift.text()
    assert "还缺少说明或证明" in text
    assert "请补充说明后再申请一次" in text
    assert "400-000-0000" in text, "whom to call"


def test_nobody_but_the_donor_sees_the_page_or_can_ask(gift: Gift) -> None:
    case = gift.ask()
    stranger = Client()
    assert gift.site.get(gift.path, client=stranger).status_code == 404
    for fields in ({}, {"do": "withdraw", "case": case.pk}):
        assert gift.post(stranger, **fields).status_code == 404
    stranger.cookies["jusha_orders"] = f"[{gift.order}]:forged:signature"
    assert gift.site.get(gift.path, client=stranger).status_code == 404
    assert RefundCase.objects.get().state == "asked"


def test_the_account_that_keeps_the_order_asks_from_any_browser(gift: Gift) -> None:
    keeper, other = UserAccount.objects.open(), UserAccount.objects.open()
    OwnedOrder.objects.create(order_no=gift.order, account=keeper)
    client = Client()
    client.force_login(other)
    assert gift.site.get(gift.path, client=client).status_code == 404
    client.force_login(keeper)
    assert gift.site.get(gift.path, client=client).status_code == 200
    assert gift.post(client).status_code == 303
    case = RefundCase.objects.get()
    assert (case.donor, case.asked_by) == (str(keeper.pk), str(keeper.pk))
    # The browser that placed the order is the same donor.
    assert gift.post(do="withdraw", case=case.pk).status_code == 303
    case.refresh_from_db()
    assert case.state == "withdrawn"


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"reason": ""}, 422, "请选一个原因"),
        ({"reason": "chargeback"}, 422, "请选一个原因"),
        ({"part": "part", "own": ""}, 422, "请写成 20 或 20.50"),
        ({"part": "part", "own": "0"}, 422, "请写成 20 或 20.50"),
        ({"part": "part", "own": "-3"}, 422, "请写成 20 或 20.50"),
        ({"part": "part", "own": "1e3"}, 422, "请写成 20 或 20.50"),
        ({"part": "part", "own": "35.01"}, 422, "超过了还可以退的金额"),
        ({"part": "both"}, 422, "什么都没有改变"),
        ({"words": "字" * 201}, 422, "说明最多 200 个字"),
        ({"words": "a\u202eb"}, 422, "不能显示的字符"),
        ({"deed": "0"}, 404, ""),
        ({"deed": "99999999999999999999"}, 404, ""),
        ({"deed": "1 OR 1=1"}, 404, ""),
        ({"do": "withdraw", "case": "x"}, 422, "什么都没有改变"),
        ({"do": "withdraw", "case": "123456"}, 422, "什么都没有改变"),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_changes_nothing(
    gift: Gift, fields: dict[str, Any], status: int, words: str
) -> None:
    answer = gift.post(**fields)
    assert answer.status_code == status
    assert words in answer.content.decode()
    assert not RefundCase.objects.exists()


def test_words_are_shown_to_nobody_as_markup_and_stand_in_no_page_or_log(gift: Gift) -> None:
    case = gift.ask(words="<script>alert(1)</script>")
    assert "alert(1)" not in gift.site.text(gift.path)
    approve_refund(case.pk, LI)
    confirm_refund(case.pk, WANG)
    gift.follow()
    assert "alert" not in str(gift.site.house.entries())
    tried = gift.post(words="<script>alert(2)</script>", reason="")
    assert "<script>alert(2)" not in tried.content.decode()


def test_a_donor_erases_what_was_written_and_the_case_goes_on(gift: Gift) -> None:
    case = gift.ask(words="我的电话 13800000000")
    assert 'value="erase"' in gift.site.text(gift.path)
    assert gift.post(Client(), do="erase", case=case.pk).status_code == 404
    assert gift.post(do="erase", case=case.pk).status_code == 303
    assert read_words(case.pk) == ""
    assert 'value="erase"' not in gift.site.text(gift.path)
    assert "等待机构财务审核" in gift.text()


def test_a_second_payment_of_an_order_is_sent_back_from_the_same_page(gift: Gift) -> None:
    twice = pay(gift.site, gift.order, 3500)
    page = gift.text()
    assert "待核的一笔付款" in page
    assert page.count("提交退款申请") == 2
    case = gift.ask(deed=twice, reason="paid-twice")
    assert (case.deed, case.charity) == (twice, "shan")


def test_a_page_of_another_method_or_an_unpaid_order_is_not_there(site: Site) -> None:
    order = order_at(site)
    site.house.settle()
    assert site.get(f"/o/{order}/refund").status_code == 404
    assert site.client.put(f"/o/{order}/refund").status_code == 405
    assert site.get("/o/202611220000000001/refund").status_code == 404


def test_a_form_of_another_site_is_refused(gift: Gift) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = gift.site.client.cookies
    assert gift.post(strict).status_code == 403


def test_the_page_asks_the_database_as_often_with_one_case_as_with_many(gift: Gift) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            gift.site.text(gift.path)
        return len(asked)

    empty = queries()
    gift.ask()
    one = queries()
    for _ in range(3):
        gift.post(do="withdraw", case=RefundCase.objects.latest("id").pk)
        gift.ask()
    assert queries() == one == empty + 2
    assert empty <= 14


def test_the_page_speaks_english_too(gift: Gift) -> None:
    gift.ask()
    english = gift.site.text(gift.path, lang="en")
    assert "Waiting for the charity" in english


def test_every_code_has_words() -> None:
    assert {*REASONS, *DISPUTE_REASONS} == refund_words.REASONS.keys()
    assert refund_words.DECLINES.keys() == refund_words.WHAT_NEXT.keys() == set(DECLINES)
    assert refund_words.STATES.keys() == refund_words.STEPS.keys() == set(STATES)
    assert refund_words.REFUSALS.keys() == set(REFUSALS)
