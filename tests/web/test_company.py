"""Companies: examined by two, what they promise is kept by what they paid, nobody is listed."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils.timezone import localdate, now

from jusha.charities.models import Charity
from jusha.inbox.keys import person_key
from jusha.money.clock import minute_text
from jusha.payments.attribution import Attribution, keep
from jusha.people.accounts import open_account
from jusha.people.models import UserAccount
from jusha.people.rules import Office
from jusha.teams.company_models import (
    Company,
    CompanyCode,
    CompanyMember,
    CompanyPledge,
    CompanyPool,
    Employee,
)
from jusha.teams.count_gifts import count_gifts
from tests.cast import BOOKS, SECRET, ratio
from tests.web.conftest import Site
from tests.web.join import paper
from tests.web.staff import officer, signed_in

APPLY = {
    "code": "big-tree", "name_zh": "大树纸业", "name_en": "Big Tree Paper",
    "uscc": "91110000600037341L", "intro": "做纸的。", "capabilities": ["funds", "goods"],
    "domain": "bigtree.example", "contact": "石榴 400-000-0009",
}  # fmt: skip
ROOM = "/company/big-tree/room"
PAGE = "/company/big-tree"


class Hall:
    """A company's representative and the platform's people."""

    def __init__(self, site: Site, *, people: dict[str, Client] | None = None) -> None:
        self.site = site
        self.account = open_account("chen@bigtree.example")
        self.chen = signed_in(self.account)
        self.people = people or {
            "rev": signed_in(officer(site, "rev@p.example", Office.REVIEWER)),
            "rev2": signed_in(officer(site, "rev2@p.example", Office.REVIEWER)),
            "fin": signed_in(officer(site, "fin@p.example", Office.FINANCE)),
            "fin2": signed_in(officer(site, "fin2@p.example", Office.FINANCE)),
        }

    def apply(self, **more: Any) -> Any:
        return self.chen.post("/companies/apply", APPLY | {"registration": paper()} | more)

    def decide(self, who: str, do: str, *, number: int = 0, **more: str) -> int:
        """Press a button for what waits first; the status."""
        page = self.people[who].get("/desk/companies")
        rows = page.context["rows"]
        told = {"do": do, "number": str(number or rows[0].found.pk)} | more
        return int(self.people[who].post("/desk/companies", told).status_code)

    def open(self) -> None:
        assert self.apply().status_code == 303
        waiting = self.people["rev"].get("/desk/companies").context["applications"]
        assert waiting[0][1] == APPLY["contact"]
        assert self.decide("rev", "propose", number=waiting[0][0].pk) == 303
        assert self.decide("rev2", "confirm") == 303

    def pledge(self, **more: Any) -> Any:
        today = localdate()
        said = {
            "do": "pledge", "text": "捐一百元配捐", "amount": "100", "file": paper(),
            "signed_on": today.isoformat(), "due_on": (today + timedelta(days=9)).isoformat(),
        }  # fmt: skip
        return self.chen.post(ROOM, said | more)

    def fund(self, **more: str) -> Any:
        said = {
            "do": "fund", "company": "big-tree", "pool": "paper", "campaign": "day",
            "amount": "100", "how": "secured", "purpose": "project", "about": BOOKS,
        }  # fmt: skip
        return self.people["fin"].post("/desk/companies", said | more)


@pytest.fixture
def hall(site: Site) -> Hall:
    return Hall(site)


def test_a_company_is_admitted_by_two_reviewers_and_not_by_one(hall: Hall) -> None:
    assert hall.site.get(PAGE, client=Client()).status_code == 404
    assert hall.apply(uscc="91110000600037341X").status_code == 422, "the check digit"
    assert hall.apply(domain="qq.com").status_code == 422
    assert hall.apply(capabilities=[]).status_code == 422
    assert hall.apply().status_code == 303
    assert "正在审核" in hall.chen.get("/companies/apply").content.decode()
    number = hall.people["rev"].get("/desk/companies").context["applications"][0][0].pk
    assert hall.decide("rev", "propose", number=number) == 303
    assert hall.decide("rev", "confirm") == 422
    assert hall.decide("fin", "confirm") == 422
    assert not Company.objects.exists()
    assert hall.decide("rev2", "confirm") == 303
    text = hall.site.text(PAGE)
    assert "大树纸业" in text
    assert str(APPLY["uscc"]) in text
    assert "石榴" not in text
    assert hall.people["rev"].get(ROOM).status_code == 404
    with pytest.raises(IntegrityError, match="two persons"), transaction.atomic():
        CompanyMember.objects.create(
            company="big-tree", account_id=hall.account.pk, role="representative", decision=9
        )


def test_what_is_handed_back_says_why_and_comes_again(hall: Hall) -> None:
    hall.apply()
    number = hall.people["rev"].get("/desk/companies").context["applications"][0][0].pk
    assert hall.decide("rev", "return", number=number) == 422
    assert hall.decide("rev", "return", number=number, words="执照过期了") == 303
    assert "执照过期了" in hall.chen.get("/companies/apply").content.decode()
    assert hall.apply().status_code == 303


def test_a_pledge_is_public_and_paid_by_what_charities_got(hall: Hall) -> None:
    hall.open()
    assert hall.pledge(amount="x").status_code == 422
    assert hall.pledge(due_on="2020-01-01").status_code == 422
    assert hall.pledge().status_code == 303
    assert hall.decide("fin", "confirm") == 422
    assert hall.decide("rev", "confirm") == 303
    text = hall.site.text(PAGE)
    assert "捐一百元配捐" in text
    assert "已承诺" in text
    pledge = CompanyPledge.objects.get()
    assert pledge.file in text
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        CompanyPledge.objects.update(amount=1)
    assert hall.fund().status_code == 303
    assert hall.decide("fin", "confirm") == 422
    assert hall.decide("fin2", "confirm") == 303
    hall.site.house.settle()
    assert hall.site.house.balance("pool:paper", "available", "paper") == 10_000
    assert "100" in hall.chen.get(ROOM).content.decode()


def test_a_pledge_is_kept_when_its_charities_were_paid_and_not_before(hall: Hall) -> None:
    hall.open()
    hall.pledge()
    hall.decide("rev", "confirm")
    house, over = hall.site.house, now() - timedelta(days=1)
    opens, closes = (minute_text(int(at.timestamp())) for at in (over - timedelta(hours=2), over))
    rights = {"assets": ["CNY"], "clock": "file"}
    assert house.instruct("admit-channel", code="files", terms=rights)[0] == "done"
    span = {"opens": opens, "closes": closes, "channels": ["files"]}
    assert house.instruct("open-campaign", code="gone", terms=span)[0] == "done"
    house.fund(5_000, code="paper", campaign="gone", sponsor="大树纸业", notice_days=0)
    assert hall.fund(campaign="gone").status_code == 303
    assert hall.decide("fin2", "confirm") == 303
    house.settle()
    house.rule(ratio(), code="G1", from_=opens, pool="paper")
    paid_at = int((over - timedelta(hours=1)).timestamp())
    house.give(10_000, channel="files", campaign="gone", paid_at=paid_at)
    assert "已承诺" in hall.site.text(PAGE), "what was promised to match is not paid"
    for step in ("begin-notice", "close-pool"):
        assert house.instruct(step, pool="paper")[0] == "done"
        house.web.execute(
            "UPDATE inbox_lane SET last_received_at = greatest(last_received_at, now())"
            " + '1 minute' WHERE name = 'console'"
        )
    assert house.instruct("release", pool="paper", project=BOOKS)[0] == "done"
    paid: dict[str, Any] = {"pool": "paper", "charity": "shan", "how": "secured"}
    assert house.instruct("sponsor-paid", amount=4_000, **paid)[0] == "done"
    assert "付了一部分" in hall.site.text(PAGE)
    assert house.instruct("sponsor-paid", amount=6_000, **paid)[0] == "done"
    text = hall.site.text(PAGE)
    assert "已付清" in text
    assert "共 1 年" in text
    told = hall.chen.get(ROOM).context["forecast"]
    assert (told.paid_in, told.spent, told.promised, told.left) == (15_000, 10_000, 0, 0)
    house.check()


def test_coupons_for_customers_are_counted_as_they_are_used(hall: Hall) -> None:
    hall.open()
    hall.fund()
    hall.decide("fin2", "confirm")
    house = hall.site.house
    house.settle()
    gives = {"kind": "coupon", "count": 2, "permille": 1_000, "most": 300}
    house.rule({"gives": gives, "window": {"budget": 10_000}}, code="C1", pool="paper")
    house.give(500, coupon="C1.1")
    house.give(500, coupon="C1.1")
    assert "用了 1 张，共 2 张" in hall.site.text(PAGE)


def test_its_own_project_is_matched_only_with_words_in_public(hall: Hall) -> None:
    hall.open()
    with pytest.raises(IntegrityError, match="two persons"), transaction.atomic():
        CompanyPool.objects.create(
            company="big-tree", pool="x", campaign="day", purpose="project", about=BOOKS,
            amount=1, how="secured", decision=1,
        )  # fmt: skip
    Charity.objects.filter(code="shan").update(name_zh="大树纸业")
    assert "自己的项目" in hall.fund().content.decode()
    assert hall.fund(declared="基金会由我们发起").status_code == 303
    assert hall.decide("fin2", "confirm") == 303
    hall.site.house.settle()
    assert "基金会由我们发起" in hall.site.text(PAGE)
    hall.chen.post(PAGE, {"do": "suggest", "project": f"https://x.example/p/{BOOKS}"})
    assert hall.chen.post(ROOM, {"do": "approve", "project": BOOKS}).status_code == 422
    told = {"do": "approve", "project": BOOKS, "declared": "是我们发起的"}
    assert hall.chen.post(ROOM, told).status_code == 303
    assert "是我们发起的" in hall.site.text(PAGE)


def test_colleagues_come_by_address_or_code_and_nobody_else(hall: Hall) -> None:
    hall.open()
    stranger = signed_in(open_account("li@evil-bigtree.example"))
    assert stranger.post(PAGE, {"do": "mail"}).status_code == 422
    assert stranger.post(PAGE, {"do": "code", "typed": "wrong"}).status_code == 422
    assert stranger.post(PAGE, {"do": "code", "typed": ""}).status_code == 422
    assert stranger.post(PAGE, {"do": "suggest", "project": BOOKS}).status_code == 422
    assert hall.chen.post(PAGE, {"do": "mail"}).status_code == 303
    code = CompanyCode.objects.get().code
    assert stranger.post(PAGE, {"do": "code", "typed": code}).status_code == 303
    assert Employee.objects.count() == 2
    assert hall.chen.post(ROOM, {"do": "new-code"}).status_code == 303
    assert CompanyCode.objects.get().code != code
    assert stranger.post(PAGE, {"do": "leave"}).status_code == 303
    assert Employee.objects.count() == 1
    assert "不到 5 人，不显示" in hall.chen.get(ROOM).content.decode()


def test_sums_show_from_five_people_on(hall: Hall) -> None:
    hall.open()
    house = hall.site.house

    def give(person: bytes) -> None:
        order = house.order(1_100)
        keep([(order.no, Attribution(company="big-tree"))])
        house.send(order, lane="web")
        house.give(1_100, person=person, order=order.no)
        count_gifts()

    for name in range(4):
        give(person_key(SECRET, "test", f"colleague {name}"))
    assert "44.00" not in hall.site.text(PAGE)
    assert "44.00" not in hall.chen.get(ROOM).content.decode()
    give(person_key(SECRET, "test", "the fifth"))
    assert "5 人" in hall.site.text(PAGE)


def test_a_team_of_colleagues_stands_for_what_the_company_approved(hall: Hall) -> None:
    hall.open()
    hall.chen.post(PAGE, {"do": "mail"})
    ends = (localdate() + timedelta(days=3)).isoformat()
    said = {
        "project": BOOKS, "kind": "company", "title": "造纸车间", "story": "为了书",
        "target": "100", "ends": ends, "company": "big-tree",
    }  # fmt: skip
    assert "还没有同意" in hall.chen.post("/teams/new", said).content.decode()
    hall.chen.post(PAGE, {"do": "suggest", "project": BOOKS})
    assert hall.chen.post(ROOM, {"do": "approve", "project": BOOKS}).status_code == 303
    made = hall.chen.post("/teams/new", said)
    assert made.status_code == 303
    page = str(made["Location"]).removesuffix("/room")
    text = hall.site.text(page)
    assert "company=big-tree" in text
    assert "满五个人捐了才显示" in text
    assert "造纸车间" in hall.site.text(PAGE)
    outsider = signed_in(UserAccount.objects.open())
    assert outsider.post("/teams/new", said).status_code == 422
