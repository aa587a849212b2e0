"""What is due is written down once, published by two persons, and what is late stops new orders."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import IntegrityError, transaction

from jusha.campaigns.queries import SUMS_SQL, project_sums
from jusha.charities.models import Charity
from jusha.charities.rules import Role
from jusha.config.postgres import database_url
from jusha.law.models import LawRule
from jusha.law.queries import as_figure, forget
from jusha.people.decisions import DecisionRefusedError, confirm
from jusha.people.rules import Office
from jusha.projects.disclosure_models import Disclosure, DisclosurePaper
from jusha.projects.disclosure_queries import items, overdue, overdue_of_charity, papers
from jusha.projects.models import Project
from jusha.projects.plan_disclosures import plan, plan_all
from jusha.projects.plan_models import Filing, ProjectPlan
from jusha.projects.publish_paper import (
    PaperRefusedError,
    Written,
    confirm_paper,
    correct_post,
    propose_paper,
    publish_post,
)
from jusha.projects.statement_rules import (
    NOTHING,
    StatementError,
    Sums,
    check,
    document,
    statement,
    sums_of,
)
from jusha.web.report_drafts import figures
from tests.cast import BOOKS, WATER
from tests.home import HOME
from tests.settlement.test_spend import give_back_after_release, spend
from tests.verify.test_recompute_house import Traveller
from tests.web.conftest import Site
from tests.web.staff import as_owner, member, officer

DAY = date(2026, 11, 23)
FINAL = f"p/{BOOKS}/final/1"


@pytest.fixture
def traveller(database: str) -> Iterator[Traveller]:
    """A house whose clock a test moves."""
    house = Traveller(database)
    yield house
    house.close()


class Desk:
    """Programme and finance of the charity, and what they write."""

    def __init__(self, site: Site) -> None:
        self.li = member(site, "li@shan.example", Role.PROGRAMME).pk
        self.wang = member(site, "wang@shan.example", Role.FINANCE).pk
        self.far = member(site, "far@else.example", Role.FINANCE, charity="else").pk
        self.auditor = officer(site, "aud@platform.example", Office.AUDITOR).pk

    def written(self, **told: Any) -> Written:
        now = project_sums(BOOKS)
        figures = document(statement(NOTHING, now), now)
        asked: dict[str, Any] = {"title": "九月", "words": "送到了。", "figures": figures}
        return Written(**asked | told)

    def publish(self, key: str = FINAL, **told: Any) -> None:
        made = propose_paper(key, self.written(**told), by=self.li)
        confirm_paper(made.pk, by=self.wang)


@pytest.fixture
def desk(site: Site) -> Iterator[Desk]:
    forget()
    with as_owner(site):
        Charity.objects.create(
            code="else", name_zh="别家", name_en="Else", uscc="x", certificate_no="",
            address_zh="", address_en="", phone="",
        )  # fmt: skip
    for project in (BOOKS, WATER):
        file(site, project, date(2026, 9, 1), date(2027, 2, 28))
    plan(BOOKS, today=DAY)
    yield Desk(site)
    forget()


def file(site: Site, project: str, starts_on: date, ends_on: date, **told: Any) -> None:
    """File a plan anew, as two persons of the platform do: other dates hold from now on."""
    with as_owner(site):
        own = Filing.objects.filter(project=project).latest("id").number
        number = told.pop("number", "" if told else own)
        Filing.objects.create(
            charity="shan", project=project, number=number, starts_on=starts_on, ends_on=ends_on,
            filed_on=starts_on - timedelta(days=30) if number else None, set_by="li",
            second="wang", **told,
        )  # fmt: skip


def due_days(project: str) -> dict[str, date]:
    return {each.row.key: each.due_on for each in items(DAY, project=project)}


def late(day: date) -> list[str]:
    return sorted(set(overdue(day).values_list("project", flat=True)))


def test_planning_again_writes_nothing_and_other_dates_move_what_is_due(
    site: Site, desk: Desk
) -> None:
    assert due_days(BOOKS) == {
        FINAL: date(2027, 5, 28),
        f"p/{BOOKS}/leftover/1": date(2027, 5, 28),
    }
    assert plan(BOOKS, today=DAY) == 0
    file(site, BOOKS, date(2026, 9, 1), date(2027, 3, 31))
    assert plan(BOOKS, today=DAY) == 4
    assert (
        due_days(BOOKS)
        == {
            f"p/{BOOKS}/progress/1": date(2026, 12, 1),
            f"p/{BOOKS}/progress/2": date(2027, 3, 1),
            FINAL: date(2027, 6, 30),
            f"p/{BOOKS}/leftover/1": date(2027, 6, 30),
        }
        or plan(BOOKS, today=DAY) == 0
    )


def test_shorter_dates_take_back_what_is_not_due_any_more(site: Site, desk: Desk) -> None:
    file(site, BOOKS, date(2026, 9, 1), date(2027, 3, 31))
    plan(BOOKS, today=DAY)
    file(site, BOOKS, date(2026, 9, 1), date(2027, 2, 28))
    plan(BOOKS, today=DAY)
    assert f"p/{BOOKS}/progress/1" not in due_days(BOOKS)
    assert late(date(2026, 12, 2)) == []


def test_a_second_period_has_reports_of_its_own_and_takes_none_of_the_first_back(
    site: Site, desk: Desk
) -> None:
    file(site, BOOKS, date(2027, 4, 1), date(2027, 6, 30))
    plan(BOOKS, today=DAY)
    first = {FINAL: date(2027, 5, 28), f"p/{BOOKS}/leftover/1": date(2027, 5, 28)}
    second = {
        f"p/{BOOKS}/final/2-1": date(2027, 9, 30), f"p/{BOOKS}/leftover/2-1": date(2027, 9, 30),
    }  # fmt: skip
    assert due_days(BOOKS) == first | second
    assert plan(BOOKS, today=date(2027, 5, 1)) == 0
    desk.publish()
    assert late(date(2027, 5, 29)) == [BOOKS]
    desk.publish(f"p/{BOOKS}/leftover/1")
    assert late(date(2027, 5, 29)) == late(date(2027, 9, 30)) == []
    assert [row.key for row in overdue_of_charity("shan", date(2027, 10, 1))] == [*second]
    for key in second:
        desk.publish(key)
    assert late(date(2027, 10, 1)) == []
    assert "九月" in site.text(f"/p/{BOOKS}/disclosures/final/2-1")


def test_the_second_final_report_begins_where_the_first_ended(site: Site, desk: Desk) -> None:
    file(site, BOOKS, date(2027, 4, 1), date(2027, 6, 30))
    plan(BOOKS, today=DAY)
    site.house.give(2000)
    desk.publish()
    site.house.give(500)
    told = [figures(Disclosure.objects.get(key=key)) for key in (FINAL, f"p/{BOOKS}/final/2-1")]
    assert [each and each["statement"]["gifts"] for each in told] == [2500, 500]


def test_a_partner_of_the_second_plan_owes_nothing_about_the_first_period(
    site: Site, desk: Desk
) -> None:
    with as_owner(site):
        for version, partners in ((1, "无。"), (2, "云岭县教育局")):
            content = {"texts": {"partners": partners}}
            told = {"charity": "shan", "project": BOOKS, "content": content}
            ProjectPlan.objects.create(version=version, **told)
    number = Filing.objects.filter(project=BOOKS).latest("id").number
    file(site, BOOKS, date(2027, 4, 1), date(2027, 6, 30), plan=2, number=number)
    plan(BOOKS, today=DAY)
    assert [key for key in due_days(BOOKS) if "/partner/" in key] == [f"p/{BOOKS}/partner/2-1"]


def test_what_was_due_before_a_project_came_is_not_asked(site: Site, desk: Desk) -> None:
    plan(WATER, today=DAY)
    file(site, WATER, date(2025, 1, 1), date(2025, 9, 30))
    assert plan(WATER, today=DAY) == 0


def test_a_late_report_stops_the_project_from_the_day_after_until_it_is_published(
    desk: Desk,
) -> None:
    assert late(date(2027, 5, 28)) == []
    assert late(date(2027, 5, 29)) == [BOOKS]
    keys = [row.key for row in overdue_of_charity("shan", date(2027, 5, 29))]
    assert keys == [FINAL, f"p/{BOOKS}/leftover/1"]
    desk.publish()
    desk.publish(f"p/{BOOKS}/leftover/1")
    assert late(date(2027, 5, 29)) == []


def test_a_change_of_law_moves_what_is_due_after_it(site: Site, desk: Desk) -> None:
    with as_owner(site):
        row = as_figure(LawRule.objects.filter(rule="disclosure-end-months").latest("id"))
        told = row._asdict() | {"value": 4, "begins": date(2027, 5, 28)}
        del told["place"]
        LawRule.objects.create(**told)
    forget()
    assert plan_all(today=DAY) > 0
    assert due_days(BOOKS)[FINAL] == date(2027, 6, 28)
    assert late(date(2027, 5, 29)) == [BOOKS, WATER], "leftovers have a rule of their own"


def test_a_report_takes_two_persons_of_the_charity(desk: Desk) -> None:
    made = propose_paper(FINAL, desk.written(), by=desk.li)
    for by, why in ((desk.li, "same-person"), (desk.far, "not-yours"), (desk.auditor, "not-yours")):
        with pytest.raises(DecisionRefusedError, match=why):
            confirm_paper(made.pk, by=by)
    with pytest.raises(DecisionRefusedError, match="not-yours"):
        propose_paper(FINAL, desk.written(), by=desk.wang)
    confirm_paper(made.pk, by=desk.wang)
    assert [paper.version for paper in papers(FINAL)] == [1]


def test_a_correction_is_a_further_version_and_says_why(desk: Desk) -> None:
    desk.publish()
    with pytest.raises(PaperRefusedError, match="no-correction"):
        propose_paper(FINAL, desk.written(words="改"), by=desk.li)
    desk.publish(words="改", correction="地点写错了。")
    assert [(p.version, p.words) for p in papers(FINAL)] == [(2, "改"), (1, "送到了。")]


def test_two_corrections_at_once_make_one_version(desk: Desk) -> None:
    one, other = (propose_paper(FINAL, desk.written(), by=desk.li) for _ in range(2))
    confirm_paper(one.pk, by=desk.wang)
    with pytest.raises(DecisionRefusedError, match="stale"):
        confirm_paper(other.pk, by=desk.wang)


def test_a_post_is_one_programme_members_and_satisfies_nothing(desk: Desk) -> None:
    made = publish_post(BOOKS, Written("到了", "五百册。"), by=desk.li)
    correct_post(made.key, Written("到了", "四百册。", correction="数错了。"), by=desk.li)
    assert [p.version for p in papers(made.key)] == [2, 1]
    assert late(date(2027, 5, 29)) == [BOOKS]
    for by in (desk.wang, desk.far, desk.auditor, uuid4()):
        with pytest.raises(PaperRefusedError, match="unknown"):
            publish_post(BOOKS, Written("到了", "五百册。"), by=by)


def row(*, key: str = FINAL, by: UUID, **told: Any) -> DisclosurePaper:
    asked: dict[str, Any] = {
        "key": key, "version": 1, "charity": "shan", "project": BOOKS, "kind": "final",
        "title": "a", "words": "b", "by": by,
    }  # fmt: skip
    return DisclosurePaper.objects.create(**asked | told)


def test_the_database_refuses_what_the_verbs_would_never_write(desk: Desk) -> None:
    for told in (
        {},
        {"decision": 1},
        {"kind": "post", "key": f"p/{BOOKS}/post/1", "figures": {"a": 1}},
    ):
        with pytest.raises(IntegrityError, match="as two persons decided"), transaction.atomic():
            row(by=desk.li, **told)
    with pytest.raises(IntegrityError, match="follow one another"), transaction.atomic():
        row(by=desk.li, version=2, correction="x")


def test_a_paper_stands_under_its_own_project_and_charity(site: Site, desk: Desk) -> None:
    with as_owner(site):
        own = Charity.objects.get(code="else")
        theirs = Project.objects.get(code=WATER)
        Project.objects.filter(pk=theirs.pk).update(charity=own)
    post: dict[str, Any] = {"kind": "post", "by": desk.li}
    for told in (
        {"key": f"p/{WATER}/post/1", "project": WATER},  # of another charity
        {"key": f"p/{WATER}/post/1"},  # under another project's address
        {"key": f"p/{BOOKS}/final/1"},  # as a report
        {"key": "c/else/post/1", "project": ""},
    ):
        with pytest.raises(IntegrityError, match="its own project"), transaction.atomic():
            row(**post | told)
    assert row(**post | {"key": f"p/{BOOKS}/post/1"}).pk


def test_a_confirmed_report_is_written_word_for_word(desk: Desk) -> None:
    made = propose_paper(FINAL, desk.written(), by=desk.li)

    def with_a_picture_more(decided: Any) -> None:
        DisclosurePaper.objects.create(**decided.body | {"files": ["0" * 64]}, decision=decided.pk)

    with pytest.raises(IntegrityError, match="as two persons decided"):
        confirm(made.pk, kind="disclosure", by=desk.wang, apply=with_a_picture_more)


def test_nothing_due_or_published_is_ever_changed(site: Site, desk: Desk) -> None:
    desk.publish()
    url = database_url("owner", HOME, site.house.database)
    with psycopg.connect(url, autocommit=True) as owner:
        for table in ("jusha_disclosure", "jusha_disclosurepaper"):
            for statement_ in (f"DELETE FROM {table}", f"UPDATE {table} SET kind = 'post'"):
                with pytest.raises(psycopg.Error, match="append-only"):
                    owner.execute(statement_)


def test_the_yearly_report_is_due_at_the_end_of_may_and_stops_no_orders(desk: Desk) -> None:
    plan_all(today=DAY)
    key = "c/shan/annual/2026"
    assert [row.key for row in overdue_of_charity("shan", date(2027, 5, 31))] == [
        FINAL, f"p/{BOOKS}/leftover/1", *[f"p/{WATER}/{k}/1" for k in ("final", "leftover")],
    ]  # fmt: skip
    assert key in [row.key for row in overdue_of_charity("shan", date(2027, 6, 1))]
    assert Disclosure.objects.filter(key=key, project="").exists()


def test_the_statement_is_the_books_to_the_fen(site: Site, desk: Desk) -> None:
    site.house.give(2000)
    first = project_sums(BOOKS)
    made = statement(NOTHING, first)
    assert (made.opening, made.gifts, made.closing) == (0, 2000, 2000)
    site.house.give(12_345)
    second = statement(sums_of(document(made, first)), project_sums(BOOKS))
    assert (second.opening, second.gifts, second.closing) == (2000, 12_345, 14_345)
    assert second.after == first.entry < second.upto


def test_refunds_spending_and_what_the_charity_covers_stand_in_the_statement(
    site: Site, desk: Desk
) -> None:
    deed = site.house.give(1000, WATER)
    assert spend(site.house, 600, WATER)[0] == "done"
    assert site.house.instruct("refund", deed=deed, amount=700, reason="asked")[0] == "done"
    made = statement(NOTHING, project_sums(WATER))
    assert (made.gifts, made.covered, made.refunds, made.programme) == (1000, 300, 700, 600)
    assert (made.opening, made.closing) == (0, 0)
    site.house.check()


def test_sums_that_disagree_make_no_statement() -> None:
    with pytest.raises(StatementError):
        check(NOTHING._replace(gifts=1))
    with pytest.raises(StatementError, match="ran backwards"):
        statement(NOTHING._replace(gifts=2, credits=2), NOTHING._replace(gifts=1, credits=1))


def test_reports_without_figures_are_refused_where_money_is_the_point(desk: Desk) -> None:
    with pytest.raises(PaperRefusedError, match="no-figures"):
        propose_paper(FINAL, desk.written(figures=None), by=desk.li)
    with pytest.raises(PaperRefusedError, match="unknown"):
        propose_paper("p/nothing/final/1", desk.written(), by=desk.li)


def test_an_emergency_is_asked_every_five_days(site: Site, desk: Desk) -> None:
    file(site, WATER, DAY, DAY + timedelta(days=20), emergency=True)
    plan(WATER, today=DAY)
    days = [day for key, day in due_days(WATER).items() if "/emergency/" in key]
    assert [(day - DAY).days for day in days] == [5, 10, 15, 20]
    assert late(DAY + timedelta(days=5)) == []
    assert late(DAY + timedelta(days=6)) == [WATER]


def test_matches_that_were_released_and_taken_back_stand_in_the_statement(
    traveller: Traveller,
) -> None:
    give_back_after_release(traveller)
    row = traveller.web.execute(SUMS_SQL, {"code": BOOKS}).fetchone()
    assert row is not None
    made = statement(NOTHING, Sums(*row))
    assert (made.gifts, made.refunds) == (1301, 100)
    assert made.matches > made.taken_back > 0
    assert made.closing == made.income - made.outgo
