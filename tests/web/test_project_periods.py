"""A plan that was filed anew waits for its day; a parent does not end while a child is opened."""

import threading
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from django.db import connection

from jusha.people.decisions import DecisionRefusedError
from jusha.people.models import Decision
from jusha.projects.draft import begin_change, save
from jusha.projects.end import EndRefusedError, confirm_end, propose_end
from jusha.projects.file_later import confirm_filing, propose_filing
from jusha.projects.models import Project
from jusha.projects.page import restate_begun
from jusha.projects.plan_models import Filing, ProjectEnd
from jusha.projects.publish import hand_in, publish
from jusha.projects.queries import plan_on, published
from jusha.projects.rules import Asked
from tests.web.conftest import Site
from tests.web.test_projects import TODAY, USCC, WHOLE, Rooms

CHILD = {"title": "子计划", "number": "", "filed_on": "", "starts_on": "", "ends_on": ""}
HALVES = {
    "target": "50000", "line-0-count": "1300", "line-1-count": "4", "line-2-unit": "1500",
    "line-3-unit": "1000",
}  # fmt: skip
LATER = TODAY + timedelta(days=30)
UNTIL = TODAY + timedelta(days=400)
SECOND = f"{USCC}A26778"


@pytest.fixture
def desk(site: Site) -> Iterator[Rooms]:
    yield Rooms(site)
    site.house.settle()
    site.house.check()


def change(desk: Rooms, project: Project, **more: str) -> Decision:
    draft = begin_change(project, by=desk.li.pk)
    refiled = {
        "basis": "refile", "change": "学校要课桌", "use": "改为买课桌", "number": SECOND,
        "filed_on": f"{TODAY - timedelta(days=1)}", "starts_on": f"{LATER}", "ends_on": f"{UNTIL}",
    }  # fmt: skip
    fields = draft.fields | refiled | more
    kept = save(draft.pk, edition=draft.edition, fields=fields, evidence="b" * 64, by=desk.li.pk)
    return hand_in(kept, by=desk.li.pk, today=TODAY)


def on(project: Project, day: date) -> tuple[str, str]:
    """The plan's use and the filing's number, as the project's page has them on a day."""
    found = published(project.code, day)
    assert found.plan
    number = Project.objects.get(code=project.code).filing_no
    return found.plan["texts"]["use"], found.filing.number if found.filing else number


def test_a_plan_that_was_filed_anew_is_shown_from_the_first_day_of_its_filing(desk: Rooms) -> None:
    project = desk.published()
    made = change(desk, project, title="山里的课桌")
    publish(made.pk, by=desk.reviewer.pk, today=TODAY)
    assert on(project, TODAY) == on(project, LATER - timedelta(days=1))
    assert on(project, TODAY) == (WHOLE["use"], WHOLE["number"])
    assert on(project, LATER) == ("改为买课桌", SECOND)
    html = desk.site.text(f"/p/{project.code}")
    assert f"从 {LATER} 起" in html
    assert f"{TODAY} 至 {WHOLE['ends_on']}" in html
    assert "山里的课桌" not in html.split('id="coming"')[0]
    page = Project.objects.get(code=project.code)
    assert (page.title_zh, page.filing_no) == ("山里的书包", WHOLE["number"])


def test_pages_are_written_again_on_the_first_day_of_a_filing(desk: Rooms) -> None:
    project = desk.published()
    child = desk.published(parent=project.code, **CHILD)
    publish(change(desk, project, title="山里的课桌").pk, by=desk.reviewer.pk, today=TODAY)
    assert restate_begun(LATER - timedelta(days=1)) == 0
    assert restate_begun(LATER) == 1
    assert restate_begun(LATER) == 0
    page, of_child = (Project.objects.get(code=each.code) for each in (project, child))
    told = (page.title_zh, page.filing_no, page.starts_on, page.ends_on)
    assert told == ("山里的课桌", SECOND, LATER, UNTIL)
    assert (of_child.title_zh, of_child.filing_no, of_child.ends_on) == ("子计划", SECOND, UNTIL)


def test_a_number_that_comes_later_files_the_plan_of_its_own_days(desk: Rooms) -> None:
    project = desk.published(number="", filed_on="", emergency="yes")
    publish(change(desk, project).pk, by=desk.reviewer.pk, today=TODAY)
    asked = Asked(WHOLE["number"], TODAY, TODAY, TODAY + timedelta(days=100), emergency=True)
    filed = propose_filing(project, asked, evidence="a" * 64, by=desk.li.pk, today=TODAY)
    confirm_filing(filed.pk, by=desk.reviewer.pk, today=TODAY)
    assert Filing.objects.latest("id").plan == 1
    assert on(project, TODAY) == (WHOLE["use"], WHOLE["number"])
    assert Project.objects.get(code=project.code).filing_no == WHOLE["number"]


def test_a_change_by_consent_holds_with_the_version_that_it_changes(desk: Rooms) -> None:
    project = desk.published()
    publish(change(desk, project).pk, by=desk.reviewer.pk, today=TODAY)
    third = change(desk, project, basis="consent", use="改为买课本")
    publish(third.pk, by=desk.reviewer.pk, today=TODAY)
    assert [plan_on(project.code, day) for day in (TODAY, LATER)] == [1, 3]
    assert plan_on("nobody", TODAY) == 0


def test_what_is_coming_carries_its_children_too(desk: Rooms) -> None:
    project = desk.published()
    smaller, child = change(desk, project, **HALVES), child_of(desk, project)
    publish(child.pk, by=desk.reviewer.pk, today=TODAY)
    with pytest.raises(DecisionRefusedError, match="above-parent"):
        publish(smaller.pk, by=desk.reviewer.pk, today=TODAY)


def test_a_child_lies_within_what_is_coming_too(desk: Rooms) -> None:
    project = desk.published()
    smaller, child = change(desk, project, **HALVES), child_of(desk, project)
    publish(smaller.pk, by=desk.reviewer.pk, today=TODAY)
    with pytest.raises(DecisionRefusedError, match="above-parent"):
        publish(child.pk, by=desk.reviewer.pk, today=TODAY)


def child_of(desk: Rooms, parent: Project) -> Decision:
    return hand_in(desk.draft(parent=parent.code, **CHILD), by=desk.li.pk, today=TODAY)


def ending(desk: Rooms, parent: Project) -> Decision:
    return propose_end(parent, leftover="by-plan", words="用完", by=desk.li.pk)


def test_a_parent_whose_child_came_meanwhile_does_not_end(desk: Rooms) -> None:
    parent = desk.published()
    ends, child = ending(desk, parent), child_of(desk, parent)
    publish(child.pk, by=desk.reviewer.pk, today=TODAY)  # settlement has not opened it yet
    with pytest.raises(DecisionRefusedError, match="children"):
        confirm_end(ends.pk, by=desk.wang.pk)
    with pytest.raises(EndRefusedError, match="children"):
        ending(desk, parent)
    assert not ProjectEnd.objects.exists()


def test_a_parent_that_ended_meanwhile_takes_no_child(desk: Rooms) -> None:
    parent = desk.published()
    ends, child = ending(desk, parent), child_of(desk, parent)
    confirm_end(ends.pk, by=desk.wang.pk)  # its fund is open until settlement reads that
    with pytest.raises(DecisionRefusedError, match="no-parent"):
        publish(child.pk, by=desk.reviewer.pk, today=TODAY)
    assert not Project.objects.filter(parent=parent.code).exists()


def test_of_an_end_and_a_child_at_once_one_is_refused(desk: Rooms) -> None:
    parent = desk.published()
    ends, child = ending(desk, parent).pk, child_of(desk, parent).pk
    by_wang, by_reviewer = desk.wang.pk, desk.reviewer.pk
    at_once, refused = threading.Barrier(2), list[str]()

    def end() -> None:
        confirm_end(ends, by=by_wang)

    def open_child() -> None:
        publish(child, by=by_reviewer, today=TODAY)

    def act(verb: object) -> None:
        try:
            at_once.wait()
            verb()  # type: ignore[operator]
        except DecisionRefusedError as error:
            refused.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=act, args=(verb,)) for verb in (end, open_child)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    is_ended = ProjectEnd.objects.filter(project=parent.code).exists()
    assert refused == (["no-parent"] if is_ended else ["children"])
    assert Project.objects.filter(parent=parent.code).exists() != is_ended
