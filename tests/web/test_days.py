"""A giving day from the desk: written, opened by two, funded, ruled, joined, closed, reported."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jusha.campaigns.day_models import Participation, PoolPromise
from jusha.campaigns.day_queries import lineage, promises
from jusha.campaigns.day_rules import KINDS, DayRefusedError, anchors, identity
from jusha.campaigns.edit_day import page_of, save_page
from jusha.campaigns.models import Campaign, Terms
from jusha.campaigns.open_day import propose_open
from jusha.campaigns.scenes import known
from jusha.charities.rules import Role
from jusha.money.clock import minute_text
from jusha.payments.models import AttributedOrder
from jusha.people.models import Decision
from jusha.people.rules import Office
from jusha.web.desk.day_decide import MAY_CONFIRM
from tests.cast import ALICE, BOB, BOOKS, WATER, ratio
from tests.web.conftest import Site
from tests.web.join import paper
from tests.web.staff import member, officer, signed_in
from verify import recompute

WORDS: dict[str, Any] = {
    "title_zh": "聚沙节",
    "title_en": "Grains Festival",
    "theme_zh": "一起来",
    "theme_en": "Together",
    "story_zh": "第一段。",
    "story_en": "First.",
    "colour": "jade",
}
RULE = """
title_zh = "一配一"
[gives]
kind = "ratio"
numerator = 1
denominator = 1
[caps]
gift = {gift}
[window]
from_minute = 0
to_minute = 1440
budget = 100000000
"""


class Desk:
    """Two operators, finance, a reviewer, and a programme officer of the charity."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.people = {
            "op": officer(site, "op@p.example", Office.OPERATOR),
            "op2": officer(site, "op2@p.example", Office.OPERATOR),
            "fin": officer(site, "fin@p.example", Office.FINANCE),
            "fin2": officer(site, "fin2@p.example", Office.FINANCE),
            "rev": officer(site, "rev@p.example", Office.REVIEWER),
            "rev2": officer(site, "rev2@p.example", Office.REVIEWER),
            "li": member(site, "li@shan.example", Role.PROGRAMME),
        }
        self.clients: dict[str, Client] = {
            who: signed_in(each) for who, each in self.people.items()
        }

    def post(self, who: str, path: str, *, status: int = 303, **said: Any) -> Any:
        answer = self.clients[who].post(path, said)
        assert answer.status_code == status, answer.content.decode()[:3000]
        self.site.house.settle()
        return answer

    def confirm(self, who: str, path: str, *, status: int = 303) -> Any:
        number = Decision.objects.filter(end__isnull=True).latest("id").pk
        return self.post(who, path, status=status, do="confirm", number=number)

    def text(self, who: str, path: str) -> str:
        answer = self.clients[who].get(path)
        assert answer.status_code == 200, path
        return str(answer.content.decode())

    def write(self, code: str, parent: str = "", **more: Any) -> None:
        path = f"/desk/days/at/{parent}/venue" if parent else "/desk/days/new"
        said: dict[str, Any] = WORDS | times() | {"code": code} | more
        self.post("op", path, **said)

    def open(self, code: str) -> None:
        path = f"/desk/days/at/{code}"
        self.post("op", path, do="open")
        self.post("op", path, status=422, do="confirm", number=Decision.objects.latest("id").pk)
        self.confirm("op2", path)

    def fund(self, code: str, pool: str = "bao", **more: Any) -> None:
        path = f"/desk/days/at/{code}/pools"
        said = {
            "do": "fund", "pool": pool, "sponsor": "Bao Ltd", "amount": "999900.00",
            "how": "trusted", "due_on": timezone.localdate().isoformat(), "paper": paper(),
            "notice_days": "0", "on_return": "sponsor",
        }  # fmt: skip
        self.post("op", path, **(said | more))
        self.confirm("fin", path)

    def rule(self, code: str, *, gift: int = 0, name: str = "F1", pool: str = "bao") -> None:
        path = f"/desk/days/at/{code}/rules"
        said: dict[str, Any] = {
            "do": "propose",
            "rule": name,
            "pool": pool,
            "text": RULE.format(gift=gift),
        }
        self.post("op", path, **said)
        self.confirm("rev", path)


def times(*, hours: int = 1) -> dict[str, Any]:
    """From an hour ago until soon, as the form sends it."""
    now = timezone.localtime().replace(second=0, microsecond=0)
    span = now - timedelta(hours=1), now + timedelta(hours=hours)
    return {
        name: f"{at:%Y-%m-%dT%H:%M}" for name, at in zip(("opens", "closes"), span, strict=True)
    }


@pytest.fixture
def desk(site: Site) -> Desk:
    return Desk(site)


def test_who_may_confirm_is_what_the_database_has(site: Site) -> None:
    rows = site.house.web.execute("SELECT kind, confirms FROM jusha_decisionkind").fetchall()
    held = {kind: set(confirms) for kind, confirms in rows if kind in KINDS}
    assert held == {
        kind: {f"office:{office}" for office in offices} for kind, offices in MAY_CONFIRM.items()
    }


def test_a_day_with_venues_is_opened_by_two_and_shows_them(desk: Desk) -> None:
    desk.write("fest")
    desk.write("fest-sea", "fest", title_zh="海边会场")
    desk.write("fest-hill", "fest", title_zh="山里会场")
    assert desk.site.get("/c/fest").status_code == 404, "a draft is nobody's page"
    desk.open("fest")
    text = desk.site.text("/c/fest")
    assert "海边会场" in text
    assert "山里会场" in text
    assert "「聚沙节」的分会场" in desk.site.text("/c/fest-sea")
    assert "海边会场" not in desk.site.text("/days")
    assert "聚沙节" in desk.site.text("/days")
    with pytest.raises(IntegrityError, match="keeps its name"), transaction.atomic():
        Campaign.objects.filter(code="fest").update(closes=timezone.now())
    with pytest.raises(IntegrityError, match="itself no venue"), transaction.atomic():
        Campaign.objects.create(**WORDS, code="deep", parent="fest-sea")
    desk.post("op", "/desk/days/at/fest/edit", **(WORDS | {"title_zh": "新名字"}))
    assert "新名字" in desk.site.text("/c/fest"), "words stay to be mended"
    desk.site.house.check()


def test_the_calendar_fills_the_dates_of_a_new_day_in(desk: Desk) -> None:
    text = desk.text("op", "/desk/days/new?anchor=charity-day")
    on = anchors()["charity-day"].next(timezone.localdate())
    assert on is not None
    assert f'value="{on}T00:00"' in text
    assert f'value="{on + timedelta(days=1)}T00:00"' in text
    assert 'value="charity-day" selected' in text
    assert "desk/days/new?anchor=" in desk.text("op", "/desk/days")


def test_eight_venues_ask_no_more_questions_than_one(desk: Desk) -> None:
    desk.write("fest")
    desk.write("fest-0", "fest")
    desk.open("fest")

    def asked() -> int:
        with CaptureQueriesContext(connection) as found:
            desk.site.text("/c/fest")
        return len(found)

    one = asked()
    for number in range(1, 8):
        desk.write(f"fest-{number}", "fest", title_zh=f"会场{number}")
    desk.open("fest")
    assert asked() == one
    assert "会场7" in desk.site.text("/c/fest")


def test_a_page_that_changed_after_it_was_proposed_is_not_opened(desk: Desk) -> None:
    desk.write("fest")
    desk.post("op", "/desk/days/at/fest", do="open")
    desk.post("op", "/desk/days/at/fest/edit", **(WORDS | times() | {"theme_zh": "换了"}))
    answer = desk.confirm("op2", "/desk/days/at/fest", status=422)
    assert "情况变了" in answer.content.decode()
    assert not Terms.objects.filter(code="fest").exists()


def test_caps_change_while_it_runs_by_a_new_version(desk: Desk) -> None:
    desk.write("fest")
    desk.open("fest")
    Campaign.objects.get(code="fest").projects.set(_projects())
    desk.fund("fest")
    assert PoolPromise.objects.get(pool="bao").amount == 99_990_000
    desk.rule("fest")
    site = desk.site
    number = site.house.give(2000, campaign="fest")
    assert site.house.entries()[number].get("m") is None, "it acts from a minute ahead"
    desk.rule("fest", gift=999)
    told = desk.text("op", "/desk/days/at/fest/rules")
    assert "F1.1" in told
    assert "没有执行" in told, "a version begins after the one before it, in another minute"
    later = (timezone.localtime() + timedelta(minutes=9)).strftime("%Y-%m-%dT%H:%M")
    said: dict[str, Any] = {"do": "propose", "rule": "F1", "pool": "bao", "from": later}
    path = "/desk/days/at/fest/rules"
    desk.post("op", path, **(said | {"text": RULE.format(gift=999)}))
    desk.confirm("fin", path)
    assert "F1.2" in desk.text("op", path)
    site.house.check()


def test_a_rule_is_read_with_the_line_that_is_wrong_and_tried_before_it_stands(desk: Desk) -> None:
    desk.write("fest")
    desk.open("fest")
    path = "/desk/days/at/fest/rules"
    wrong = RULE.format(gift="0").replace("numerator", "numeratorr")
    answer = desk.post("op", path, status=422, do="try", text=wrong, shape="2015")
    assert "line 5: gives.numeratorr" in answer.content.decode()
    answer = desk.post("op", path, status=200, do="try", text=RULE.format(gift=0), shape="2015")
    told = answer.content.decode()
    assert "会配出" in told
    assert answer.context["tried"].matched == 100_000_000, "the budget runs dry"
    assert not Decision.objects.filter(kind="rule-publish").exists()


def test_a_charity_signs_applies_and_stands_on_the_page_once_approved(desk: Desk) -> None:
    desk.write("fest")
    desk.open("fest")
    said: dict[str, Any] = {
        "do": "apply",
        "charity": "shan",
        "campaign": "fest",
        "project": [BOOKS],
    }
    assert (
        "还没有公布自律公约" in desk.post("li", "/desk/join", status=422, **said).content.decode()
    )
    people = "/desk/days/people"
    desk.post("op", people, do="pact", words_zh="不刷捐。", words_en="No fake gifts.")
    desk.confirm("rev", people)
    assert "要先由机构" in desk.post("li", "/desk/join", status=422, **said).content.decode()
    desk.post("li", "/desk/join", do="sign", charity="shan", version="1")
    desk.post("li", "/desk/join", **said)
    assert "善小基金会" not in desk.site.text("/c/fest")
    desk.confirm("rev", people)
    assert "善小基金会" in desk.site.text("/c/fest")
    assert "书香进山" in desk.site.text("/c/fest")
    assert "不刷捐。" in desk.site.text("/pact")
    with pytest.raises(IntegrityError, match="two persons"), transaction.atomic():
        Participation.objects.create(
            charity="shan", campaign="fest", projects=[WATER], version=1, decision=1
        )


def test_an_excluded_charity_cannot_apply_until_the_day(
    desk: Desk, owner: psycopg.Connection[Any]
) -> None:
    desk.write("fest")
    people, today = "/desk/days/people", timezone.localdate()
    desk.post("op", people, do="pact", words_zh="不刷捐。", words_en="No fake gifts.")
    desk.confirm("rev", people)
    desk.post("li", "/desk/join", do="sign", charity="shan", version="1")
    ends = today + timedelta(days=300)
    out: dict[str, Any] = {
        "do": "exclude",
        "charity": "shan",
        "begins": today,
        "ends": ends,
        "words": "刷捐",
    }
    desk.post("rev", people, **out)
    desk.confirm("op", people)
    said: dict[str, Any] = {
        "do": "apply",
        "charity": "shan",
        "campaign": "fest",
        "project": [BOOKS],
    }
    answer = desk.post("li", "/desk/join", status=422, **said)
    assert f"{ends:%Y-%m-%d}" in answer.content.decode()
    with pytest.raises(psycopg.IntegrityError, match="not excluded"):
        owner.execute(
            "INSERT INTO jusha_participation (charity, campaign, projects, version, decision, at)"
            " VALUES ('shan', 'fest', '{shan-books}', 1, 99, now())"
        )


def test_an_emergency_venue_is_one_form_and_one_confirmation(desk: Desk) -> None:
    said: dict[str, Any] = WORDS | {"code": "flood", "projects": f"{BOOKS} {WATER}", "days": "7"}
    answer = desk.post("op", "/desk/days/emergency", **said)
    assert answer["Location"] == "/desk/days/at/flood"
    desk.confirm("rev", "/desk/days/at/flood")
    number = desk.site.house.give(2000, campaign="flood")
    assert desk.site.house.entries()[number]["rd"] == "flood"
    assert "书香进山" in desk.site.text("/c/flood")
    desk.site.house.check()


def test_a_rehearsal_is_not_listed_says_so_and_takes_gifts(desk: Desk) -> None:
    desk.write("try", is_rehearsal="1", title_zh="试一试")
    desk.open("try")
    Campaign.objects.get(code="try").projects.set(_projects())
    for path in ("/days", f"/p/{BOOKS}"):
        assert "试一试" not in desk.site.text(path), path
    assert "去「试一试」" not in desk.site.text("/")
    for path in ("/c/try", f"/p/{BOOKS}?campaign=try", f"/p/{BOOKS}/donate?campaign=try"):
        assert "是一次彩排" in desk.site.text(path), path
    number = desk.site.house.give(2000, campaign="try")
    assert desk.site.house.entries()[number]["rd"] == "try"


def test_a_rehearsal_is_for_the_sandbox_alone(desk: Desk) -> None:
    desk.write("try", is_rehearsal="1")
    page = page_of(Campaign.objects.get(code="try"))
    now = timezone.now()
    with pytest.raises(DayRefusedError, match="rehearsal"):
        save_page(page, is_new=False, is_sandbox=False)
    with pytest.raises(DayRefusedError, match="rehearsal"):
        propose_open("try", by=uuid4(), now=now, is_sandbox=False)


def test_from_notice_to_payment_and_the_report_is_what_the_log_says(desk: Desk) -> None:
    site, house = desk.site, desk.site.house
    _over(house, timezone.now() - timedelta(days=1))
    Campaign.objects.create(**WORDS, code="gone").projects.set(_projects())
    pools = "/desk/days/at/gone/pools"
    for step, second in (("begin-notice", "fin2"), ("close-pool", "rev")):
        desk.post("fin", pools, do="step", pool="old", step=step)
        desk.confirm(second, pools)
        _later(house)
    desk.post("fin", pools, do="step", pool="old", step="release", project=[BOOKS, WATER])
    desk.confirm("rev", pools)
    assert house.balance("pool:old", "payable", "shan") == 10_000
    said: dict[str, Any] = {"pool": "old", "charity": "shan", "amount": "90", "how": "secured"}
    desk.post("fin", pools, do="step", step="sponsor-paid", **said)
    desk.confirm("fin2", pools)
    assert house.balance("pool:old", "payable", "shan") == 1000
    site.publish()
    desk.post("op", "/desk/days/at/gone", do="report")
    desk.confirm("rev", "/desk/days/at/gone")
    house.give(700)  # the log goes on
    site.publish()
    told = site.get("/c/gone/report.json").json()
    assert "?version=2" not in site.text("/c/gone/report")
    desk.post("op", "/desk/days/at/gone", do="report")
    desk.confirm("rev", "/desk/days/at/gone")
    assert "/c/gone/report?version=1" in site.text("/c/gone/report")
    assert "/c/gone/report?version=2" in site.text("/c/gone/report?version=1")
    assert site.get("/c/gone/report.json?version=1").json() == told
    assert site.get("/c/gone/report.json").json()["entries"] > told["entries"]
    assert site.get("/c/gone/report?version=3").status_code == 404
    assert told["sums"] == _recomputed(house.entries()[: told["entries"]], "gone")
    assert told["venues"][0]["donors"] == 2
    assert [one["amount"] for one in told["venues"][0]["pools"][0]["released"]] == [6667, 3333]
    for path in ("/c/gone/report", "/c/gone"):
        assert "总结报告" in site.text(path)
    assert _stranger(site, told) == []
    lie = json.loads(json.dumps(told))
    lie["venues"][0]["donated"] += 1
    assert len(_stranger(site, lie)) == 2, "the venue, and the sum of the venues"
    less = json.loads(json.dumps(told))
    less["venues"][0]["pools"] = []
    assert _stranger(site, less) == [
        "报告不一致 REPORT DIFFERS: gone pool old: left out, the log has it"
    ]
    house.check()


def _stranger(site: Site, told: dict[str, Any]) -> list[str]:
    """What the stranger's script has against a report."""
    folder = site.log_folder / "public"
    key = (folder / "vkey").read_text().strip()
    found = recompute.recompute(str(folder), key, report=told, jobs=0)
    assert found["differences"] == []
    assert found["equal"] == (found["report"] == [])
    differences: list[str] = found["report"]
    return differences


def test_a_promise_that_is_due_and_unpaid_is_said_on_the_page(
    desk: Desk, owner: psycopg.Connection[Any]
) -> None:
    house, today = desk.site.house, timezone.localdate()
    _over(house, timezone.now() - timedelta(days=1))
    Campaign.objects.create(**WORDS, code="gone").projects.set(_projects())
    signed = (
        "INSERT INTO jusha_poolpromise (pool, campaign, sponsor, amount, how, due_on, evidence,"
        " decision, at) VALUES ('old', 'gone', 'Tree Ltd', 10000, 'secured', %s, 'x', 99, now())"
    )
    owner.execute(signed, (today - timedelta(days=1),))
    assert promises(["old"], today=today) == {}, "settlement obeyed nothing of it"
    owner.execute(
        "INSERT INTO settlement_outcome (id, number, code, detail) VALUES (%s, 0, 'done', '{}')",
        (UUID(bytes=identity(99)),),
    )
    assert "承诺逾期" not in desk.site.text("/c/gone"), "nothing is released yet"
    for step in ("begin-notice", "close-pool"):
        assert house.instruct(step, pool="old")[0] == "done"
        _later(house)
    assert house.instruct("release", pool="old", project=BOOKS)[0] == "done"
    text = desk.site.text("/c/gone")
    assert "承诺逾期" in text
    assert "还有 66.67 元 没有付给机构" in text
    assert promises(["old"], today=today - timedelta(days=1))["old"].is_default is False
    for decision, code, promised in ((98, "refused", 10_000), (97, "done", 20_000)):
        owner.execute(signed.replace("99", str(decision)), (today + timedelta(days=3000),))
        owner.execute(
            "INSERT INTO settlement_outcome (id, number, code, detail) VALUES (%s, 0, %s, '{}')",
            (UUID(bytes=identity(decision)), code),
        )
        stands = promises(["old"], today=today)["old"]
        assert (stands.promised, stands.is_default) == (promised, True), "a later one hides nothing"


def test_only_registered_scenes_are_kept_and_counted(desk: Desk) -> None:
    lines = "\n".join(f"s{n},场景{n},Scene {n},map,Sea Ltd" for n in range(130))
    desk.post("op", "/desk/scenes", do="save", lines=lines)
    answer = desk.post("op", "/desk/scenes", status=422, do="save", lines="s1,只有中文")
    assert "（1）" in answer.content.decode()
    today = timezone.localdate()
    assert known("s7", today) == "s7"
    assert known("s7", today - timedelta(days=1)) == ""
    assert known("s777", today) == ""
    desk.post("op", "/desk/scenes", do="end", code="s7")
    assert known("s7", today) == ""
    donate = f"/p/{BOOKS}/donate"
    for scene in ("s8", "s777", "s7"):
        wish = {"own": "20", "display": "anonymous", "campaign": "day", "scene": scene}
        assert Client().post(donate, wish).status_code == 303
    assert list(AttributedOrder.objects.values_list("scene", flat=True)) == ["s8"]


def test_a_lineage_is_told_in_order_whatever_the_names_and_ends_at_a_ring(site: Site) -> None:
    for code, before in (("a24", ""), ("b25", "a24"), ("c26", "b25"), ("x", "y"), ("y", "x")):
        Campaign.objects.create(**WORDS, code=code, predecessor=before)
    middle = Campaign.objects.get(code="b25")
    assert [each.code for each in lineage(middle)] == ["a24", "b25", "c26"]
    assert [each.is_this for each in lineage(middle)] == [False, True, False]
    assert not any(each.has_page for each in lineage(middle)), "they ran elsewhere"
    assert lineage(Campaign.objects.get(code="day")) == []
    assert sorted(each.code for each in lineage(Campaign.objects.get(code="x"))) == ["x", "y"]


def _projects() -> list[int]:
    return list(Campaign.objects.get(code="day").projects.values_list("pk", flat=True))


def _over(house: Any, at: datetime) -> None:
    """A campaign that is over: its gifts count by the time at which they were paid."""
    span = {"opens": _minute(at - timedelta(hours=2)), "closes": _minute(at)}
    paid_at = int((at - timedelta(hours=1)).timestamp())
    rights = {"assets": ["CNY"], "clock": "file"}
    steps: tuple[tuple[str, dict[str, Any]], ...] = (
        ("admit-channel", {"code": "files", "terms": rights}),
        ("open-campaign", {"code": "gone", "terms": span | {"channels": ["files"]}}),
    )
    for kind, body in steps:
        assert house.instruct(kind, **body)[0] == "done"
    house.fund(10_000, code="old", campaign="gone", notice_days=0, on_return="spread")
    house.rule(ratio(), code="G1", from_=span["opens"], pool="old")
    fields: dict[str, Any] = {"channel": "files", "campaign": "gone", "paid_at": paid_at}
    house.give(2000, BOOKS, ALICE, **fields)
    house.give(1000, WATER, BOB, **fields)
    last = house.give(500, WATER, BOB, **fields)
    assert house.instruct("refund", deed=last, amount=500, reason="asked")[0] == "done"


def _later(house: Any) -> None:
    """Let a minute pass in the inbox: the notice ends on a whole one."""
    house.web.execute(
        "UPDATE inbox_lane SET last_received_at = greatest(last_received_at, now()) + '1 minute'"
        " WHERE name = 'console'"
    )


def _minute(at: datetime) -> str:
    return minute_text(int(at.timestamp()))


def _recomputed(entries: list[dict[str, Any]], campaign: str) -> dict[str, int]:
    """The report's sums from the log alone, the slow way."""
    gifts = {
        each["n"]: each for each in entries if each["k"] == "don" and each.get("rd") == campaign
    }
    back = [each for each in entries if each["k"] == "refund" and each["ref"] in gifts]
    clawed = [each for each in entries if each["k"] == "clawback" and each["ref"] in gifts]
    pools = {each["pool"] for each in entries if each["k"] == "pool" and each["rd"] == campaign}
    closes = [each for each in entries if each["k"] == "close" and each["pool"] in pools]
    spread = sum(amount for each in closes for _, amount in each.get("prj", ()))
    return {
        "gifts": len(gifts),
        "donated": sum(each["amt"] for each in gifts.values()),
        "matched": _matched([*gifts.values()]) + spread,
        "refunded": sum(each["amt"] for each in back),
        "returned": _matched([*back, *clawed]),
        "unnamed": sum("tag" not in each for each in gifts.values()),
        "refunds": len(back),
        "clawbacks": len(clawed),
        "clawed": _matched(clawed),
    }


def _matched(entries: list[dict[str, Any]]) -> int:
    return sum(match["amt"] for each in entries for match in each.get("m", ()))
