"""Abuse of matches: found, held within a round, let go by one, taken back by two, told to all."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils.timezone import localdate

from jusha.config.processes import jobs
from jusha.giving.erase_donor import Whose, erase_donor
from jusha.guarding import queries
from jusha.guarding.decide import confirm_claw_back, let_go, propose_claw_back
from jusha.guarding.devices import DEVICE_DAYS, device_of, forget_devices, note_device
from jusha.guarding.edit_rules import confirm_rule, propose_rule
from jusha.guarding.models import (
    AbuseCase,
    AbuseEnd,
    AbuseGift,
    GuardRule,
    GuardTrace,
    OrderDevice,
)
from jusha.guarding.rules import AbuseRefusedError
from jusha.guarding.scan import forget_traces, scan
from jusha.inbox.keys import person_key
from jusha.oversight.models import Complaint
from jusha.oversight.report import report
from jusha.people import decisions
from jusha.people.accounts import open_account
from jusha.people.decisions import DecisionRefusedError, decline
from jusha.people.keep_orders import keep_orders
from jusha.people.rules import Office
from tests.cast import BOB, BOOKS, SECRET, WATER
from tests.web.conftest import Site
from tests.web.staff import member, officer, signed_in
from tests.web.test_donate import order_at

NOW = datetime.now(UTC)
TODAY = localdate()


class Desk:
    """A site with two reviewers, and short words for gifts."""

    def __init__(self, site: Site) -> None:
        self.site, self.house = site, site.house
        self.li = officer(site, "li@platform.example", Office.REVIEWER)
        self.wang = officer(site, "wang@platform.example", Office.REVIEWER)

    def burst(self, gifts: int = 6, person: bytes = BOB) -> list[int]:
        """Gifts of one payer, settled as one row: one moment for all."""
        first = self.house.settlement.world.next_number
        self.house.send(*(self.house.deed(100, person=person) for _ in range(gifts)))
        self.house.settle()
        return list(range(first, first + gifts))

    def ordered(self, count: int, amount: int, project: str = BOOKS) -> list[tuple[int, int]]:
        """Paid orders of as many payers: (order, gift)."""
        found = []
        for place in range(count):
            order = self.house.order(amount, project)
            self.house.send(order, lane="web")
            payer = person_key(SECRET, "test", f"payer-{order.no}")
            self.house.send(self.house.deed(amount, project, payer, order=order.no, campaign=""))
            self.house.settle()
            found.append((order.no, self.house.settlement.world.next_number - 1))
            assert place < count
        return found

    def scan(self) -> list[AbuseCase]:
        """Look through what is new, let settlement obey, and return the open cases."""
        scan(NOW)
        self.house.settle()
        return list(queries.open_cases())


@pytest.fixture
def desk(site: Site) -> Desk:
    return Desk(site)


def held(desk: Desk) -> set[int]:
    return set().union(*desk.house.settlement.world.reviews.values())


def test_a_burst_is_held_within_a_round_and_let_go_by_one(desk: Desk) -> None:
    honest = [desk.house.give(100), desk.house.give(100)]
    gifts = desk.burst()
    (case,) = desk.scan()
    assert (case.rule, case.version, case.campaign, case.project) == ("rapid", 1, "day", BOOKS)
    assert case.inputs == {"apart": 6, "least": 4, "seconds": 60}
    assert held(desk) == set(gifts)
    assert not held(desk) & set(honest)
    assert desk.scan() == [case], "what is read once is not read again"
    let_go(case.pk, words="家里人帮忙点的", by=desk.li.pk)
    desk.house.settle()
    assert held(desk) == set()
    with pytest.raises(AbuseRefusedError, match="ended"):
        let_go(case.pk, words="再来", by=desk.li.pk)
    desk.house.give(100, person=BOB)
    assert desk.scan() == [], "what was judged is no evidence any more"
    desk.house.check()


def test_two_take_the_matches_back_and_no_page_alone(desk: Desk) -> None:
    gifts = desk.burst()
    (case,) = desk.scan()
    made = propose_claw_back(case.pk, words="脚本刷单", by=desk.li.pk)
    with pytest.raises(AbuseRefusedError, match="waits"):
        let_go(case.pk, words="等等", by=desk.wang.pk)
    with pytest.raises(DecisionRefusedError, match="same-person"):
        confirm_claw_back(made.pk, by=desk.li.pk)
    confirm_claw_back(made.pk, by=desk.wang.pk)
    desk.house.settle()
    back = [e for e in desk.house.entries() if e["k"] == "clawback"]
    assert [e["ref"] for e in back] == gifts
    assert sum(each["amt"] for e in back for each in e["m"]) == 600
    assert held(desk) == set()
    end = AbuseEnd.objects.get()
    assert (end.verdict, end.decision) == ("clawed", made.pk)
    desk.house.check()


def test_a_claw_back_is_for_the_gifts_that_were_looked_at(desk: Desk) -> None:
    desk.burst()
    (case,) = desk.scan()
    made = propose_claw_back(case.pk, words="脚本刷单", by=desk.li.pk)
    desk.burst()
    assert desk.scan() == [case], "the same payer again is the same case"
    with pytest.raises(DecisionRefusedError, match="stale"):
        confirm_claw_back(made.pk, by=desk.wang.pk)
    decline(made.pk, kind="abuse-claw-back", by=desk.wang.pk, words="又多了几笔")
    again = propose_claw_back(case.pk, words="脚本刷单", by=desk.li.pk)
    confirm_claw_back(again.pk, by=desk.wang.pk)
    desk.house.settle()
    assert len([e for e in desk.house.entries() if e["k"] == "clawback"]) == 12
    desk.house.check()


def test_the_database_writes_no_claw_back_that_two_did_not_decide(desk: Desk) -> None:
    desk.burst()
    (case,) = desk.scan()
    for decision in (None, 1):
        with pytest.raises(IntegrityError), transaction.atomic():
            AbuseEnd.objects.create(
                case=case, verdict="clawed", words="x", by=desk.li.pk, decision=decision
            )
    for sql in ("DELETE FROM jusha_abusecase", "UPDATE jusha_abusegift SET deed = 1"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    assert AbuseGift.objects.filter(case=case).count() == 6


def test_accounts_paid_for_by_one_hand_are_found_by_their_browser(desk: Desk) -> None:
    browser = uuid4()
    bought = desk.ordered(8, 100_000)
    note_device([no for no, _ in bought], browser, today=TODAY)
    family = desk.ordered(3, 100_000)
    note_device([no for no, _ in family], uuid4(), today=TODAY)
    office = desk.ordered(9, 2_000, WATER)
    for no, _ in office:
        note_device([no], uuid4(), today=TODAY)
    (case,) = desk.scan()
    assert (case.rule, case.inputs["apart"], case.inputs["amount"]) == ("reimbursed", 8, 100_000)
    assert held(desk) == {gift for _, gift in bought}
    gifts = queries.gifts_of(case)
    assert [each.payer for each in gifts] == list(range(1, 9))
    assert {each.links for each in gifts} == {(1,)}
    desk.house.check()


def test_a_charitys_own_people_and_one_payer_behind_accounts(desk: Desk) -> None:
    own = member(desk.site, "fin@shan.example")
    mine = desk.ordered(20, 30_000)
    keep_orders(own, [no for no, _ in mine])
    assert {case.rule for case in desk.scan()} == {"own", "shared"}
    assert held(desk) == {gift for _, gift in mine}
    own_case = AbuseCase.objects.get(rule="own")
    let_go(own_case.pk, words="员工日，已公示", by=desk.li.pk)
    desk.house.settle()
    assert held(desk) == {gift for _, gift in mine}, "the other case holds them still"


def test_who_works_for_the_charity_does_not_judge(desk: Desk) -> None:
    desk.burst()
    (case,) = desk.scan()
    partial = member(desk.site, "li2@platform.example")
    with pytest.raises(AbuseRefusedError, match="conflict"):
        let_go(case.pk, words="自己人", by=partial.pk)


def test_gifts_refunded_again_and_again_are_a_ring(desk: Desk) -> None:
    for _ in range(3):
        deed = desk.house.give(500, person=BOB)
        assert desk.house.instruct("refund", deed=deed, amount=500, reason="asked")[0] == "done"
    assert [case.rule for case in desk.scan()] == ["ring"]


def test_reports_of_forced_giving_open_a_case_and_hold_nothing(desk: Desk) -> None:
    said: dict[str, Any] = {
        "kind": "quota",
        "about": f"/p/{BOOKS}",
        "words": "学校按班级摊派",
        "contact": "",
        "project": BOOKS,
        "charity": "shan",
        "today": TODAY,
    }
    report(**said)
    report(**said)
    assert desk.scan() == []
    report(**said)
    (case,) = desk.scan()
    assert (case.rule, case.project, case.inputs["reports"]) == ("quota", BOOKS, 3)
    with pytest.raises(AbuseRefusedError, match="no-gifts"):
        propose_claw_back(case.pk, words="x", by=desk.li.pk)
    let_go(case.pk, words="已请机构整改，另案处理", by=desk.li.pk)
    assert desk.scan() == [], "the same reports open no second case"


def test_thresholds_change_by_two_from_a_day_on(desk: Desk) -> None:
    tomorrow = TODAY + timedelta(days=1)
    said: dict[str, Any] = {"words": "试行一周", "by": desk.li.pk, "today": TODAY}
    with pytest.raises(AbuseRefusedError, match="days"):
        propose_rule("rapid", {"gifts": 6, "seconds": 60}, begins=TODAY, **said)
    made = propose_rule("rapid", {"gifts": 6, "seconds": 60}, begins=tomorrow, **said)
    with pytest.raises(IntegrityError), transaction.atomic():
        GuardRule.objects.create(decision=made.pk, **made.body)
    confirm_rule(made.pk, by=desk.wang.pk)
    assert queries.in_force(TODAY)["rapid"] == (1, {"gifts": 4, "seconds": 60})
    assert queries.in_force(tomorrow)["rapid"] == (2, {"gifts": 6, "seconds": 60})


def test_a_browser_has_another_name_each_day_and_none_after_a_month(desk: Desk) -> None:
    browser, secret = uuid4(), bytes(32)
    names = {device_of(secret, browser, TODAY + timedelta(days=day)) for day in range(30)}
    assert len(names) == 30
    assert browser not in names
    (order, _), *_rest = desk.ordered(1, 100)
    note_device([order], browser, today=TODAY - timedelta(days=DEVICE_DAYS + 1))
    note_device([order + 1], browser, today=TODAY)
    assert forget_devices(today=TODAY) == 1
    assert OrderDevice.objects.get().order_no == order + 1
    scan(NOW)
    GuardTrace.objects.create(
        number=1, kind=1, link=UUID(int=1), deed=1, who=UUID(int=1), campaign=1, project=1,
        amount=1, at=NOW - timedelta(days=31),
    )  # fmt: skip
    assert forget_traces(NOW) == 1


def test_a_donor_sees_why_and_until_when_and_says_that_it_is_wrong(desk: Desk) -> None:
    account = open_account("donor@home.example")
    own = desk.ordered(20, 30_000)
    keep_orders(account, [no for no, _ in own])
    note_device([no for no, _ in own], uuid4(), today=TODAY)
    cases = desk.scan()
    assert cases
    desk.site.publish()
    deed = own[0][1]
    mine = signed_in(account)
    page = desk.site.get(f"/d/{deed}", client=mine).content.decode()
    assert "这笔善款的配捐正在复核" in page
    assert f"{cases[0].due_on}" in page
    assert "20 个付款账户" in page
    strangers = desk.site.text(f"/d/{deed}")
    assert "这笔善款的配捐正在复核" in strangers
    assert "20 个付款账户" not in strangers, "why is the donor's own"
    entry = next(e["n"] for e in desk.house.entries() if e["k"] == "review" and e["ref"] == deed)
    assert f"第 {deed} 条的配捐正在复核" in desk.site.text(f"/d/{entry}")
    way = f"/report?about=/d/{deed}&kind=match-held"
    assert way.replace("&", "&amp;") in page
    assert 'value="match-held" checked' in mine.get(way).content.decode()
    said = {"kind": "match-held", "about": f"/d/{deed}", "words": "我们是一个班", "contact": ""}
    assert mine.post("/report", said).status_code == 303
    complaint = Complaint.objects.get()
    assert (complaint.kind, complaint.about) == ("match-held", f"/d/{deed}")
    shown = signed_in(desk.li).get(f"/desk/abuse/{cases[0].pk}").content.decode()
    assert f"/desk/complaints/{complaint.pk}" in shown
    assert "等您答复" in shown


def test_the_desk_decides_on_its_pages(desk: Desk) -> None:
    gifts = desk.burst()
    (case,) = desk.scan()
    desk.site.publish()
    li, wang = signed_in(desk.li), signed_in(desk.wang)
    assert "同一个付款账户在 60 秒内捐了 6 笔" in li.get("/desk/abuse").content.decode()
    way = f"/desk/abuse/{case.pk}"
    page = li.get(way).content.decode()
    assert all(f"/d/{deed}" in page for deed in gifts)
    assert page.count("abuse-payer") == 6
    assert li.post(way, {"do": "let", "words": " "}).status_code == 422
    assert li.post(way, {"do": "propose", "words": "脚本"}).status_code == 303
    number = queries.open_cases()[0].pk
    decision = decisions.open_decisions("abuse-claw-back").get().pk
    assert number == case.pk
    assert li.post(way, {"do": "confirm", "decision": decision}).status_code == 422
    assert wang.post(way, {"do": "confirm", "decision": decision}).status_code == 303
    desk.house.settle()
    assert "已收回" in li.get("/desk/abuse").content.decode()
    desk.site.publish()
    told = desk.site.text("/oversight/abuse")
    assert "<td>6</td>" in told
    assert "<td>&lt;5</td>" in told, "one case is fewer than five"
    auditor = signed_in(officer(desk.site, "aud@platform.example", Office.AUDITOR))
    assert auditor.get(way).status_code == 200
    assert auditor.post(way, {"do": "let", "words": "x"}).status_code == 403


def test_thresholds_change_on_their_page(desk: Desk) -> None:
    li, wang = signed_in(desk.li), signed_in(desk.wang)
    way, tomorrow = "/desk/abuse/rules", f"{TODAY + timedelta(days=1)}"
    said = {"do": "propose", "rule": "ring", "refunds": "5", "begins": tomorrow, "words": "试行"}
    assert li.post(way, said | {"refunds": "many"}).status_code == 422
    assert li.post(way, said | {"begins": f"{TODAY}"}).status_code == 422
    assert li.post(way, said).status_code == 303
    decision = decisions.open_decisions("abuse-rule").get().pk
    assert wang.post(way, {"do": "confirm", "decision": decision}).status_code == 303
    assert "ring.2" in li.get(way).content.decode()
    assert "ring.1" in desk.site.text("/oversight/abuse"), "today's still holds"


def test_orders_of_one_browser_have_its_name_of_the_day(desk: Desk) -> None:
    orders = {order_at(desk.site), order_at(desk.site)}
    rows = OrderDevice.objects.all()
    assert {row.order_no for row in rows} == orders
    assert len({row.device for row in rows}) == 1
    desk.site.client = Client()
    order_at(desk.site)
    assert len(set(OrderDevice.objects.values_list("device", flat=True))) == 2


def test_the_jobs_process_looks_and_lets_go(desk: Desk) -> None:
    gifts = desk.burst()
    jobs.guarding()(NOW)
    desk.house.settle()
    assert held(desk) == set(gifts)
    note_device([1], uuid4(), today=TODAY - timedelta(days=DEVICE_DAYS + 1))
    jobs.let_go(NOW)
    assert not OrderDevice.objects.exists()


def test_erasing_a_donor_takes_their_browsers_name_along(desk: Desk) -> None:
    order_at(desk.site)
    order_no = OrderDevice.objects.get().order_no
    erase_donor(Whose(orders=(order_no,)), now=NOW)
    assert not OrderDevice.objects.exists()
