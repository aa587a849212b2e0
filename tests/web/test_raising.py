"""A project takes orders in its filed time only; the pages, lists and verbs all say the same."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import time_machine
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, connection, transaction

from jusha.charities.models import Charity
from jusha.law.queries import figure
from jusha.people.rules import Office
from jusha.projects.models import Project, ProjectHold
from jusha.projects.plan_models import Filing
from jusha.projects.queries import in_fair_order
from jusha.projects.raising import hindrances, raising_of
from jusha.projects.record_filing import FilingRefusedError, Seen, record_filing
from jusha.projects.rules import Asked
from tests.cast import BOOKS, WATER
from tests.web.conftest import Site
from tests.web.staff import as_owner, officer

USCC = "91110000600037341L"
TODAY = date(2026, 9, 4)
START = TODAY + timedelta(days=30)
ASKED = Asked(f"{USCC}A9", TODAY, START, START + timedelta(days=90))
SEEN = Seen("li", "wang", "0" * 64)


@pytest.fixture
def books(site: Site, owner: psycopg.Connection) -> Project:
    """A project whose charity has a right credit code, and no filing yet."""
    owner.execute("ALTER TABLE jusha_filing DISABLE TRIGGER append_only")
    owner.execute("DELETE FROM jusha_filing")
    owner.execute("ALTER TABLE jusha_filing ENABLE TRIGGER append_only")
    Charity.objects.update(uscc=USCC)
    return Project.objects.select_related("charity").get(code=BOOKS)


def record(site: Site, project: Project, asked: Asked, **more: Any) -> Filing:
    with as_owner(site):
        return record_filing(project, asked, SEEN, today=TODAY, **more)


def agreed(code: str, day: date) -> list[str]:
    """What stands in the way, after checking that the lists say the same."""
    found = [each.code for each in hindrances(code, day)]
    listed = raising_of([code], day) == {code}
    in_list = in_fair_order("x", open_on=day).filter(code=code).exists()
    assert listed is in_list is (not found)
    return found


def test_a_project_raises_money_in_its_filed_time_and_not_a_day_more(
    site: Site, books: Project
) -> None:
    assert agreed(BOOKS, START) == ["filing-none"]
    record(site, books, ASKED)
    for day, why in (
        (START - timedelta(days=1), ["filing-not-yet"]),
        (START, []),
        (ASKED.ends_on, []),
        (ASKED.ends_on + timedelta(days=1), ["filing-ended"]),
    ):
        assert agreed(BOOKS, day) == why
    assert agreed(WATER, START) == ["filing-none"]
    books.refresh_from_db()
    assert (books.filing_no, books.ends_on) == (ASKED.number, ASKED.ends_on)


def test_an_emergency_stops_by_itself_and_goes_on_with_its_number(
    site: Site, books: Project
) -> None:
    pending = Asked("", None, TODAY, ASKED.ends_on, emergency=True)
    record(site, books, pending)
    last = TODAY + timedelta(days=figure("emergency-filing-days", on=TODAY))
    assert agreed(BOOKS, TODAY) == agreed(BOOKS, last) == []
    assert agreed(BOOKS, last + timedelta(days=1)) == ["filing-unfiled"]
    record(site, books, Asked(ASKED.number, TODAY, TODAY, ASKED.ends_on, emergency=True))
    assert agreed(BOOKS, last + timedelta(days=1)) == []


def test_a_filing_for_later_waits_and_the_one_that_has_begun_goes_on(
    site: Site, books: Project
) -> None:
    record(site, books, ASKED)
    later = Asked(f"{USCC}A10", START, ASKED.ends_on + timedelta(days=1), date(2028, 1, 1))
    with as_owner(site):
        record_filing(books, later, SEEN, today=START)
    assert agreed(BOOKS, START) == agreed(BOOKS, later.starts_on) == []
    assert agreed(BOOKS, date(2028, 1, 2))[0] == "filing-ended", "later, reports are due too"


def test_borrowed_reused_expired_and_early_numbers_are_refused(site: Site, books: Project) -> None:
    record(site, books, ASKED)
    water = Project.objects.select_related("charity").get(code=WATER)
    soon = TODAY + timedelta(days=figure("file-before-start-days", on=TODAY) - 1)
    for project, wrong, why in (
        (water, ASKED, "number-reused"),
        (books, Asked(f"53{USCC[2:]}A9", TODAY, START, ASKED.ends_on), "number-borrowed"),
        (books, Asked(ASKED.number, TODAY, soon, ASKED.ends_on), "starts-too-early"),
        (
            books,
            Asked(ASKED.number, date(2025, 1, 1), date(2025, 2, 1), TODAY - timedelta(days=1)),
            "number-expired",
        ),
    ):
        with pytest.raises(FilingRefusedError) as refused:
            record(site, project, wrong)
        assert refused.value.codes == [why]
    assert Filing.objects.count() == 1


@pytest.mark.parametrize(
    ("project", "number", "why"),
    [
        (WATER, ASKED.number, "another project"),
        (WATER, f"53{USCC[2:]}A9", "is not of charity"),
        (WATER, "", "filing_comes_first"),
    ],
)
def test_the_database_refuses_what_goes_round_the_rules(
    site: Site, books: Project, owner: psycopg.Connection, project: str, number: str, why: str
) -> None:
    record(site, books, ASKED)
    with pytest.raises(psycopg.IntegrityError, match=why):
        owner.execute(
            "INSERT INTO jusha_filing (charity, project, number, filed_on, starts_on, ends_on,"
            " emergency, plan, evidence, set_by, second, set_at) VALUES ('shan', %s, %s, %s, %s,"
            " %s, false, 0, '', 'li', 'wang', now())",
            (project, number, TODAY, START, ASKED.ends_on),
        )


def test_a_page_that_was_taken_over_files_nothing(site: Site, books: Project) -> None:
    with pytest.raises(IntegrityError, match="two persons decided"), transaction.atomic():
        record_filing(books, ASKED, SEEN, today=TODAY)
    record(site, books, ASKED)
    with pytest.raises(IntegrityError, match="append-only"), connection.cursor() as cursor:
        cursor.execute("UPDATE jusha_filing SET ends_on = '2099-01-01'")


def test_donors_read_why_and_no_order_is_taken(site: Site, books: Project) -> None:
    for path in (f"/p/{BOOKS}", f"/p/{BOOKS}/donate"):
        assert "募捐方案还没有备案" in site.text(path), path
    answer = site.client.post(f"/p/{BOOKS}/donate", {"amount": "3500", "display": "anonymous"})
    assert "募捐方案还没有备案" in answer.content.decode()
    site.house.settle()
    assert site.house.web.execute("SELECT count(*) FROM payments_order").fetchone() == (0,)
    assert f'href="/p/{BOOKS}"' not in site.text("/")
    site.house.give(1_000)
    site.house.check()


def test_the_command_files_and_lists(
    site: Site, books: Project, tmp_path: Path, capsys: Any
) -> None:
    scan = tmp_path / "filing.pdf"
    scan.write_bytes(b"%PDF-1.7 a filing")
    days = ("--filed", "2026-01-01", "--from", "2026-03-01", "--until", "2099-12-31")
    two = ("--by", "li", "--second", "wang")
    with as_owner(site):
        call_command("filing", BOOKS, ASKED.number, *days, "--evidence", str(scan), *two)
        call_command("filing")
        said = capsys.readouterr().out
        assert f"done 已设定: {BOOKS} raises money by {ASKED.number}" in said
        assert f"{WATER:24} none" in said
        with pytest.raises(CommandError, match="number-borrowed; nothing was changed"):
            call_command("filing", BOOKS, "1" * 24, *days, "--evidence", str(scan), *two)
        with pytest.raises(CommandError, match="two-persons"):
            call_command("filing", BOOKS, ASKED.number, *days, "--evidence", str(scan))


def test_a_number_that_comes_late_for_an_earlier_time_hides_no_later_filing(
    site: Site, books: Project
) -> None:
    crisis = Asked("", None, TODAY, TODAY + timedelta(days=20), emergency=True)
    record(site, books, crisis)
    record(site, books, ASKED)
    late = replace(crisis, number=f"{USCC}A8", filed_on=TODAY)
    record(site, books, late)
    assert agreed(BOOKS, TODAY) == []
    assert agreed(BOOKS, START) == []


def test_what_stops_a_parent_stops_its_children(site: Site, books: Project) -> None:
    record(site, books, ASKED)
    Project.objects.filter(code=WATER).update(parent=BOOKS, target_amount=books.target_amount)
    assert agreed(WATER, START) == []
    reviewer = officer(site, "rev@p.example", Office.REVIEWER).pk
    with time_machine.travel(START):
        ProjectHold.objects.create(
            project=BOOKS, charity="shan", what="place", cause="suspended", reason="other",
            words="核实中", by=reviewer,
        )  # fmt: skip
    assert agreed(WATER, START) == ["held"]
    assert agreed(BOOKS, START) == ["held"]
