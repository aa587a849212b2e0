"""The rails' bills at the desk: what differs, who sees it, and that clearing needs two people."""

import itertools
import time
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from jusha.charities.models import Charity
from jusha.charities.rules import Role
from jusha.config.postgres import database_url
from jusha.giving.models import RailBill, RailDifference, RailDifferenceStep
from jusha.giving.rail_bills_rules import bounds, today
from jusha.inbox.keys import deed_key
from jusha.people.rules import Office
from tests.cast import ALWAYS
from tests.giving.rail_bill_files import MERCHANT, SECRET, import_day, line
from tests.home import HOME
from tests.web.conftest import Site
from tests.web.staff import member, officer, signed_in

LIST = "/desk/bills"
MERCHANT_SQL = (
    "INSERT INTO jusha_merchant (rail, charity, merchant, sealed_token, set_by, second, set_at)"
    " VALUES ('wechat', 'shan', %s, '', 'li', 'wang', now())"
)


class Desk:
    """Yesterday's bill with three differences, two of finance and browsers for them."""

    def __init__(self, site: Site) -> None:
        self.site, self.web = site, site.house.web
        self.numbers = itertools.count(1)
        with psycopg.connect(
            database_url("owner", HOME, site.house.database), autocommit=True
        ) as owner:
            owner.execute(MERCHANT_SQL, (MERCHANT,))
        terms = {"assets": ["CNY"], "clock": "file"}
        assert site.house.instruct("admit-channel", code="wechat", terms=terms)[0] == "done"
        campaign: dict[str, Any] = {"code": "rails", "terms": ALWAYS | {"channels": ["wechat"]}}
        assert site.house.instruct("open-campaign", **campaign)[0] == "done"
        self.day = today(int(time.time())) - timedelta(days=3)
        self.at = bounds(self.day)[0] + timedelta(hours=12)
        lines = [self.line(1_000), self.line(2_000, there=20_000), self.line(3_500, is_told=False)]
        self.line(4_200)
        import_day(self.web, site.log_folder.parent, self.day, lines)
        self.li = member(site, "li@shan.example")
        self.first = signed_in(self.li)
        self.second = signed_in(member(site, "wang@shan.example"))
        self.it = RailDifference.objects.get(kind="only-there")
        self.path = f"{LIST}/{self.it.pk}"

    def line(self, fen: int, *, there: int = 0, is_told: bool = True) -> str:
        """Settle a gift, if it is told; its line of the bill."""
        name = f"4200000000{next(self.numbers):018d}"
        if is_told:
            key = deed_key(SECRET, "wechat", name)
            more: dict[str, Any] = {"channel": "wechat", "campaign": "rails", "key": key}
            self.site.house.give(fen, paid_at=int(self.at.timestamp()), **more)
        return line(name, there or fen, at=self.at)

    def text(self, client: Client, path: str = "", *, status: int = 200) -> str:
        answer = self.site.get(path or self.path, client=client)
        assert answer.status_code == status, answer.content.decode()
        return str(answer.content.decode())

    def post(self, client: Client, path: str = "", **fields: str) -> int:
        return int(client.post(path or self.path, fields).status_code)

    def propose(self, client: Client, **fields: str) -> int:
        return self.post(client, **({"reason": "not-a-gift", "note": "工单 17"} | fields))

    def confirm(self, client: Client, **fields: str) -> int:
        said = {"reason": "not-a-gift", "note": "工单 17"} | fields
        return self.post(client, f"{self.path}/confirm", **said)

    def state(self) -> str:
        self.it.refresh_from_db()
        return self.it.state


@pytest.fixture
def desk(site: Site) -> Desk:
    return Desk(site)


def test_finance_sees_the_days_their_differences_and_ages_and_fees(desk: Desk) -> None:
    assert ">3</span>" in desk.text(desk.first, "/desk")
    page = desk.text(desk.first, LIST)
    assert "3 处不一致" in page
    assert "长款：渠道有，账本没有" in page
    assert "等了 3 天" in page
    day = desk.text(desk.first, f"{LIST}/wechat/{desk.day}")
    assert "¥1.47" in day, "0.6 % of 245 yuan"
    assert "短款：账本有，渠道没有" in day
    one = desk.text(desk.first, f"{LIST}/{RailDifference.objects.get(kind='amount-differs').pk}")
    assert "相差十倍" in one
    desk.site.house.check()


def test_one_names_the_reason_and_another_confirms_it(desk: Desk) -> None:
    assert desk.propose(desk.first) == 303
    assert desk.state() == "proposed"
    mine = desk.text(desk.first)
    assert "确认要由另一位财务来做" in mine
    assert "/confirm" not in mine
    assert ">2</span>" in desk.text(desk.first, "/desk")
    assert ">3</span>" in desk.text(desk.second, "/desk")
    assert desk.confirm(desk.first) == 422
    assert desk.state() == "proposed"
    assert "工单 17" in desk.text(desk.second, f"{desk.path}/confirm")
    assert desk.confirm(desk.second) == 303
    assert desk.state() == "cleared"
    done = desk.text(desk.second)
    assert "li@shan.example" in done
    assert "wang@shan.example" in done
    assert "提出核销" in done
    assert desk.propose(desk.first) == 422
    assert desk.confirm(desk.second) == 422
    desk.site.house.check()


def test_what_was_proposed_can_be_handed_back_and_said_anew(desk: Desk) -> None:
    desk.propose(desk.first)
    assert desk.post(desk.second, do="return") == 303
    assert desk.state() == "open"
    assert desk.propose(desk.second, reason="sent-back", note="回单 9") == 303
    assert desk.confirm(desk.second, reason="sent-back", note="回单 9") == 422
    assert desk.confirm(desk.first) == 422, "another reason was read than stands there now"
    assert desk.confirm(desk.first, reason="sent-back", note="回单 9") == 303
    steps = RailDifferenceStep.objects.filter(difference=desk.it.pk).order_by("id")
    assert [step.did for step in steps] == [
        "found", "proposed", "returned", "proposed", "cleared",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "fields",
    [
        {"reason": ""}, {"reason": "because"}, {"note": ""}, {"note": "  "}, {"note": "x" * 201},
        {"note": "a\nb"}, {"note": "a\u202eb"},
    ],
    ids=["none", "unknown", "bare", "blank", "long", "lines", "turned"],
)  # fmt: skip
def test_a_reason_needs_to_be_one_of_the_list_and_a_note(
    desk: Desk, fields: dict[str, str]
) -> None:
    answer = desk.first.post(desk.path, {"reason": "other", "note": "工单 17"} | fields)
    assert answer.status_code == 422
    assert "什么都没有改变" in answer.content.decode()
    assert desk.state() == "open"


def test_who_did_not_just_prove_who_they_are_is_asked_to_before_confirming(desk: Desk) -> None:
    desk.propose(desk.first)
    late = signed_in(member(desk.site, "mei@shan.example"), proven_at=time.time() - 3_600)
    assert desk.confirm(late) == 302
    assert desk.state() == "proposed"


def test_colleagues_and_auditors_look_and_others_see_nothing(desk: Desk) -> None:
    shan = Charity.objects.get(code="shan")
    shan.pk, shan.code = None, "other"
    shan.save(force_insert=True)
    viewer = signed_in(member(desk.site, "v@shan.example", Role.VIEWER))
    auditor = signed_in(officer(desk.site, "a@platform.example", Office.AUDITOR))
    platform = signed_in(officer(desk.site, "f@platform.example", Office.FINANCE))
    for client in (viewer, auditor, platform):
        page = desk.text(client)
        assert "提出核销</button>" not in page
        assert desk.propose(client) in {403, 422}
        assert desk.confirm(client) in {403, 422}
    other = signed_in(member(desk.site, "o@other.example", charity="other"))
    assert "不一致" not in desk.text(other, LIST).split("每天的账单")[1]
    desk.text(other, status=404)
    assert desk.propose(other) == 404
    assert desk.confirm(other) == 404
    operator = signed_in(officer(desk.site, "w@platform.example", Office.OPERATOR))
    desk.text(operator, LIST, status=403)
    assert desk.post(Client(), do="propose") == 302
    assert desk.state() == "open"


def test_platform_finance_clears_what_is_no_charitys(desk: Desk) -> None:
    RailDifference.objects.filter(pk=desk.it.pk).update(charity="")
    assert desk.propose(desk.first) == 404
    one, two = (
        signed_in(officer(desk.site, f"{name}@platform.example", Office.FINANCE))
        for name in ("one", "two")
    )
    assert desk.propose(one) == 303
    assert desk.confirm(two) == 303
    assert desk.state() == "cleared"


def test_finance_has_a_bill_fetched_again_and_others_do_not(desk: Desk) -> None:
    asked = {"day": str(desk.day)}
    viewer = signed_in(member(desk.site, "v@shan.example", Role.VIEWER))
    RailBill.objects.update(next_at=None)
    assert desk.post(viewer, LIST, **asked) == 422
    for day in ("", "yesterday", "2099-01-01", "2020-01-01", "2026-13-01"):
        assert desk.post(desk.first, LIST, day=day) == 422
    assert not RailBill.objects.filter(next_at__isnull=False).exists()
    assert desk.post(desk.first, LIST, **asked) == 303
    assert RailBill.objects.get(day=desk.day).next_at is not None
    now = today(int(time.time()))
    assert desk.post(desk.first, LIST, day=str(now)) == 303
    assert RailBill.objects.get(day=now).state == "asked"


def test_money_in_suspense_ages_beside_the_differences_until_it_went_back(desk: Desk) -> None:
    house = desk.site.house
    held = house.give(700, "nowhere")
    platform = signed_in(officer(desk.site, "f@platform.example", Office.FINANCE))
    assert "1 笔款项" in ages(desk.text(platform, LIST))
    assert "1 笔款项" not in ages(desk.text(desk.first, LIST)), (
        "no charity of theirs is known for it"
    )
    assert house.instruct("refund", deed=held, amount=700, reason="asked")[0] == "done"
    assert "1 笔款项" not in ages(desk.text(platform, LIST))


def ages(page: str) -> str:
    return page.split("bill-ages")[1].split("</table>", maxsplit=1)[0]


def test_the_list_asks_as_often_for_many_days_as_for_one(desk: Desk) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            desk.text(desk.first, LIST)
        return len(asked)

    one = queries()
    for back in range(1, 5):
        import_day(
            desk.web, desk.site.log_folder.parent, desk.day - timedelta(days=back), [desk.line(100)]
        )
    assert queries() == one <= 12


def test_steps_are_never_changed(desk: Desk) -> None:
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        desk.web.execute("UPDATE jusha_raildifferencestep SET did = 'cleared'")
