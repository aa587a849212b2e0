"""The order of projects is what the page says it is."""

from hashlib import sha256

from jusha.projects.queries import in_fair_order
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


def test_a_closed_project_is_not_offered(site: Site) -> None:
    site.house.instruct("close-project", code=WATER)
    assert [project.code for project in in_fair_order("2026-09-09")] == [BOOKS]
