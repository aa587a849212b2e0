"""Refunds at the desk: who sees a case, who decides it, and that money needs two people."""

import time
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from jusha.charities.models import Charity
from jusha.charities.rules import Role
from jusha.giving.models import RefundCase
from jusha.giving.refund_follow import follow_refunds
from jusha.people.models import OwnedOrder
from jusha.people.rules import Office
from tests.web.conftest import Site
from tests.web.staff import member, officer, signed_in
from tests.web.test_refund_page import Gift

LIST = "/desk/refunds"
OPEN = "/desk/refunds/open"


class Desk:
    """A case of 35 yuan, two of finance and browsers for them."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.gift = Gift(site)
        self.li = member(site, "li@shan.example")
        self.wang = member(site, "wang@shan.example")
        self.first, self.second = signed_in(self.li), signed_in(self.wang)
        self.case = self.gift.ask(words="多打了一个零")
        self.path = f"{LIST}/{self.case.pk}"

    def text(self, client: Client, path: str = "", *, status: int = 200) -> str:
        answer = self.site.get(path or self.path, client=client)
        assert answer.status_code == status, answer.content.decode()
        return str(answer.content.decode())

    def post(self, client: Client, path: str = "", **fields: str) -> int:
        return int(client.post(path or self.path, fields).status_code)

    def state(self) -> str:
        self.case.refresh_from_db()
        return self.case.state


@pytest.fixture
def desk(site: Site) -> Desk:
    return Desk(site)


def test_one_approves_and_another_confirms_and_the_money_goes(desk: Desk) -> None:
    assert ">1</span>" in desk.text(desk.first, "/desk")
    assert self_path(desk) in desk.text(desk.first, LIST)
    page = desk.text(desk.first)
    assert "多打了一个零" in page
    assert desk.post(desk.first, do="approve") == 303
    mine = desk.text(desk.first)
    assert "确认要由另一位财务来做" in mine
    assert "/confirm" not in mine
    assert "waiting-count" not in desk.text(desk.first, "/desk")
    assert ">1</span>" in desk.text(desk.second, "/desk")
    assert desk.post(desk.first, f"{desk.path}/confirm") == 422
    assert desk.state() == "approved"
    assert f"{desk.path}/confirm" in desk.text(desk.second)
    assert "确认退 35 元" in desk.text(desk.second, f"{desk.path}/confirm")
    assert desk.post(desk.second, f"{desk.path}/confirm") == 303
    assert desk.state() == "confirmed"
    desk.gift.follow()
    assert desk.state() == "booked"
    done = desk.text(desk.second)
    assert "li@shan.example" in done
    assert "wang@shan.example" in done
    desk.site.house.check()


def stranger(site: Site) -> Client:
    """Finance of another charity."""
    shan = Charity.objects.get(code="shan")
    shan.pk, shan.code = None, "other"
    shan.save(force_insert=True)
    return signed_in(member(site, "mei@other.example", charity="other"))


def self_path(desk: Desk) -> str:
    return f'href="{desk.path}"'


def test_who_did_not_just_prove_who_they_are_is_asked_to_before_money_moves(desk: Desk) -> None:
    desk.post(desk.first, do="approve")
    late = signed_in(desk.wang, proven_at=time.time() - 3600)
    assert desk.post(late, f"{desk.path}/confirm") == 302
    assert desk.state() == "approved"
    assert desk.text(late), "looking is free"


def test_a_declined_case_needs_a_reason_and_moves_nothing(desk: Desk) -> None:
    assert desk.post(desk.first, do="decline") == 422
    assert desk.post(desk.first, do="decline", reason="because") == 422
    assert desk.post(desk.first, do="decline", reason="no-evidence") == 303
    assert desk.state() == "declined"
    assert desk.post(desk.second, do="approve") == 422
    assert self_path(desk) not in desk.text(desk.first, LIST)
    assert self_path(desk) in desk.text(desk.first, f"{LIST}?show=closed")


def test_another_charity_does_not_see_the_case_and_cannot_touch_it(desk: Desk) -> None:
    other = stranger(desk.site)
    desk.text(other, status=404)
    assert self_path(desk) not in desk.text(other, LIST)
    assert desk.post(other, do="approve") == 404
    assert desk.post(other, f"{desk.path}/confirm") == 404
    assert desk.state() == "asked"


def test_colleagues_see_the_case_but_not_what_the_donor_wrote_and_decide_nothing(
    desk: Desk,
) -> None:
    viewer = signed_in(member(desk.site, "v@shan.example", Role.VIEWER))
    auditor = signed_in(officer(desk.site, "a@platform.example", Office.AUDITOR))
    for client, codes in ((viewer, {422}), (auditor, {403})):
        page = desk.text(client)
        assert "多打了一个零" not in page
        assert "同意退款" not in page
        assert desk.post(client, do="approve") in codes
        assert desk.post(client, f"{desk.path}/confirm") == 403
    operator = signed_in(officer(desk.site, "o@platform.example", Office.OPERATOR))
    desk.text(operator, LIST, status=403)
    assert desk.post(Client(), do="approve") == 302
    assert desk.state() == "asked"


def test_nobody_decides_about_their_own_gift(site: Site) -> None:
    gift = Gift(site)
    li = member(site, "li@shan.example")
    OwnedOrder.objects.create(order_no=gift.order, account=li)
    case = gift.ask()
    client = signed_in(li)
    page = site.get(f"{LIST}/{case.pk}", client=client).content.decode()
    assert "同意退款" not in page
    assert client.post(f"{LIST}/{case.pk}", {"do": "approve"}).status_code == 422
    assert "waiting-count" not in site.get("/desk", client=client).content.decode()


def test_staff_open_a_dispute_with_its_number_and_day_and_it_takes_the_wishes_place(
    desk: Desk,
) -> None:
    fields = {"deed": str(desk.gift.deed), "reason": "chargeback"}
    assert desk.post(desk.first, OPEN, **fields) == 422
    fields |= {"reference": "CB-1", "due_on": "2020-01-01"}
    assert desk.post(desk.first, OPEN, **fields) == 303
    assert desk.state() == "overtaken"
    case = RefundCase.objects.latest("id")
    assert (case.amount, case.reference) == (3500, "CB-1")
    assert "已经过期" in desk.text(desk.second, LIST)
    path = f"{LIST}/{case.pk}"
    assert desk.post(desk.second, path, do="approve") == 303
    assert "不会再付一次" in desk.text(desk.first, f"{path}/confirm")
    assert desk.post(desk.first, f"{path}/confirm") == 303
    desk.gift.follow()
    case.refresh_from_db()
    assert case.state == "arrived"
    desk.site.house.check()


@pytest.mark.parametrize(
    "fields",
    [
        {"deed": "", "reason": "other"},
        {"deed": "-1", "reason": "other"},
        {"deed": "999999", "reason": "other"},
        {"deed": "9" * 30, "reason": "other"},
        {"reason": "because"},
        {"reason": "other", "own": "abc"},
        {"reason": "other", "own": "0"},
        {"reason": "other", "own": "36"},
        {"reason": "complaint", "reference": "C", "due_on": "tomorrow"},
        {"reason": "complaint", "reference": "C" * 65, "due_on": "2026-12-01"},
        {"reason": "complaint", "reference": "C\u202e", "due_on": "2026-12-01"},
    ],
)
def test_what_staff_cannot_open_is_refused_in_words(desk: Desk, fields: dict[str, str]) -> None:
    said = {"deed": str(desk.gift.deed)} | fields
    answer = desk.first.post(OPEN, said)
    assert answer.status_code == 422
    assert "什么都没有改变" in answer.content.decode()
    assert desk.state() == "asked"
    assert RefundCase.objects.count() == 1


def test_finance_of_another_charity_opens_no_case_for_this_ones_gift(desk: Desk) -> None:
    other = stranger(desk.site)
    assert desk.post(other, OPEN, deed=str(desk.gift.deed), reason="other") == 422
    assert RefundCase.objects.count() == 1


def test_beside_another_platform_nobody_opens_a_case(desk: Desk, settings: Any) -> None:
    settings.JUSHA_MODE = "beside"
    desk.text(desk.first, OPEN, status=404)
    assert desk.post(desk.first, OPEN, deed=str(desk.gift.deed), reason="other") == 404
    assert OPEN not in desk.text(desk.first, LIST)


def test_the_list_asks_as_often_for_many_cases_as_for_one(desk: Desk) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            desk.text(desk.first, LIST)
        return len(asked)

    one = queries()
    for _ in range(3):
        Gift(desk.site).ask()
    assert queries() == one <= 8


def test_money_held_for_an_unknown_order_is_platform_finances_to_decide(desk: Desk) -> None:
    held = desk.site.house.give(500, "nowhere")
    clerk = signed_in(officer(desk.site, "f@platform.example", Office.FINANCE))
    assert desk.post(desk.first, OPEN, deed=str(held), reason="other") == 422
    assert desk.post(clerk, OPEN, deed=str(held), reason="other") == 303
    case = RefundCase.objects.latest("id")
    assert case.charity == ""
    desk.text(desk.first, f"{LIST}/{case.pk}", status=404)
    assert desk.post(clerk, f"{LIST}/{case.pk}", do="approve") == 303
    assert desk.post(clerk, f"{LIST}/{case.pk}/confirm") == 422
    second = signed_in(officer(desk.site, "g@platform.example", Office.FINANCE))
    assert desk.post(second, f"{LIST}/{case.pk}/confirm") == 303
    desk.site.house.settle()
    follow_refunds(desk.site.house.web)
    case.refresh_from_db()
    assert case.state == "booked"
    desk.site.house.check()
