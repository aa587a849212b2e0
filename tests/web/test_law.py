"""The table of figures: seeded, read, and added to by two persons alone."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, transaction
from django.utils import translation

from jusha.config.postgres import database_url
from jusha.law.add import FigureRefusedError, add, proposed
from jusha.law.models import LawRule
from jusha.law.queries import as_figure, figure, figures, forget, holding, seed
from jusha.people.decisions import confirm, propose
from jusha.people.models import Decision
from jusha.people.rules import Office
from jusha.web.law_words import value
from tests.home import HOME
from tests.web.conftest import Site
from tests.web.staff import as_owner, officer

TODAY = date(2026, 11, 23)
RULE = "file-before-start-days"
ASKED: dict[str, Any] = {
    "value": 20,
    "begins": date(2027, 1, 1),
    "source": "《某办法》第十一条",
    "sure": "V",
    "today": TODAY,
}


@pytest.fixture(autouse=True)
def new_figures() -> Iterator[None]:
    forget()
    yield
    forget()


def body(**told: Any) -> dict[str, Any]:
    return proposed(holding(RULE, on=TODAY), **(ASKED | told))


def write(made: Decision) -> None:
    add(made.body, decision=made.pk)


def write_another(made: Decision) -> None:
    add(made.body | {"value": 1}, decision=made.pk)


def test_the_migration_wrote_the_table_of_the_house(site: Site) -> None:
    assert [each._replace(place=0) for each in figures()] == list(seed())
    assert figure(RULE, on=TODAY) == 10


def test_a_new_figure_takes_two_persons_and_holds_from_its_day(site: Site) -> None:
    one = officer(site, "one@platform.example", Office.OPERATOR).pk
    two = officer(site, "two@platform.example", Office.REVIEWER).pk
    made = propose("law", charity="", subject=RULE, body=body(), by=one)
    confirm(made.pk, kind="law", by=two, apply=write)
    assert figure(RULE, on=date(2026, 12, 31)) == 10
    assert figure(RULE, on=date(2027, 1, 1)) == 20


def test_the_pages_write_no_figure_that_nobody_decided(site: Site) -> None:
    with pytest.raises(IntegrityError, match="as two persons decided"), transaction.atomic():
        add(body(), decision=1)
    one = officer(site, "one@platform.example", Office.REVIEWER).pk
    two = officer(site, "two@platform.example", Office.REVIEWER).pk
    made = propose("law", charity="", subject=RULE, body=body(), by=one)
    with pytest.raises(IntegrityError, match="as two persons decided"):
        confirm(
            made.pk,
            kind="law",
            by=two,
            apply=write_another,
        )
    assert figure(RULE, on=date(2027, 1, 1)) == 10


def test_a_figure_is_never_changed_or_deleted(site: Site) -> None:
    url = database_url("owner", HOME, site.house.database)
    with psycopg.connect(url, autocommit=True) as owner:
        for statement in (
            "UPDATE jusha_lawrule SET value = 1",
            "DELETE FROM jusha_lawrule",
            "TRUNCATE jusha_lawrule",
        ):
            with pytest.raises(psycopg.Error, match="append-only"):
                owner.execute(statement)


def test_one_is_not_many_in_english() -> None:
    once = as_figure(LawRule(rule="r", article="", value=1, unit="years", begins=TODAY))
    with translation.override("en"):
        assert value(once) == "1 year"
        assert value(once._replace(value=5)) == "5 years"


def test_the_owner_corrects_a_figure_by_a_later_row_of_the_same_day(site: Site) -> None:
    with as_owner(site):
        row = LawRule.objects.filter(rule=RULE).latest("id")
        told = as_figure(row)._asdict() | {"value": 11}
        del told["place"]
        LawRule.objects.create(**told)
    forget()
    assert figure(RULE, on=TODAY) == 11


def test_other_processes_see_a_new_row_within_seconds(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = 100.0
    monkeypatch.setattr("jusha.law.queries.time.monotonic", lambda: at)
    assert figure(RULE, on=TODAY) == 10
    with as_owner(site):
        told = as_figure(LawRule.objects.filter(rule=RULE).latest("id"))._asdict() | {"value": 12}
        del told["place"]
        LawRule.objects.create(**told)
    assert figure(RULE, on=TODAY) == 10, "what is held is asked for once in a while"
    at += 5.0
    assert figure(RULE, on=TODAY) == 12


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"value": -1}, "value"),
        ({"begins": TODAY}, "too-early"),
        ({"source": "  "}, "no-source"),
        ({"sure": "M"}, "no-doubt"),
    ],
)
def test_what_is_no_ground_for_a_change_is_refused(
    site: Site, told: dict[str, Any], why: str
) -> None:
    with pytest.raises(FigureRefusedError, match=why):
        body(**told)
