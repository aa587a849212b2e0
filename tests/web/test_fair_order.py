"""The order of projects is what the page says it is."""

from hashlib import sha256

from jusha.projects.queries import in_fair_order
from jusha.web.reference import one_of_each, projects_of_all
from tests.cast import BOOKS, WATER
from tests.web.conftest import Site


def test_anyone_can_work_the_order_of_a_day_out(site: Site) -> None:
    firsts = set()
    for day in range(1, 29):
        text = f"2026-09-{day:02d}"
        shown = [project.code for project in in_fair_order(text)]
        assert shown == sorted(
            (BOOKS, WATER), key=lambda code: sha256(f"{text} {code}".encode()).digest()
        )
        firsts.add(shown[0])
    assert firsts == {BOOKS, WATER}, "nobody is first for ever"


def test_the_front_page_takes_one_project_of_each_charity_first() -> None:
    placed = [("a1", "a"), ("a2", "a"), ("b1", "b"), ("a3", "a"), ("c1", "c"), ("d1", "d")]
    assert one_of_each(placed, 3) == [("a1", "a"), ("b1", "b"), ("c1", "c")]
    assert one_of_each(placed[:4], 3) == [("a1", "a"), ("a2", "a"), ("b1", "b")]
    assert one_of_each(placed[:2], 3) == placed[:2]
    assert one_of_each([], 3) == []


def test_with_one_charity_the_front_page_still_has_its_projects(site: Site) -> None:
    assert [each.code for each in projects_of_all("2026-09-09", 3)] == [
        each.code for each in in_fair_order("2026-09-09")
    ]


def test_a_closed_project_is_not_offered(site: Site) -> None:
    site.house.instruct("close-project", code=WATER)
    assert [project.code for project in in_fair_order("2026-09-09")] == [BOOKS]
