"""The large invented world is as large as it says, repeatable, and clearly invented."""

from random import Random
from typing import Any

import pytest
from django.db import connections
from django.utils.timezone import localdate, now
from psycopg.conninfo import conninfo_to_dict
from pytest_django.plugin import DjangoDbBlocker

from jusha.charities.models import Certificate, Charity
from jusha.config.postgres import database_url
from jusha.finding.queries import facets
from jusha.finding.sweep import Sweep
from jusha.management.demo import scale
from jusha.projects.models import Fund, Project
from jusha.projects.raising import raising
from tests.cast import House
from tests.home import HOME

SMALL = scale.SCALES["small"]


@pytest.fixture
def owned(house: House, django_db_blocker: DjangoDbBlocker) -> Any:
    """The house, with Django as the owner of its database."""
    found = conninfo_to_dict(database_url("owner", HOME, house.database))
    default = connections["default"]
    with django_db_blocker.unblock():
        default.close()
        before = dict(default.settings_dict)
        default.settings_dict.update(
            NAME=found["dbname"], USER=found["user"], PASSWORD=found.get("password", "")
        )
        yield house
        default.close()
        default.settings_dict.update(before)


def test_a_large_world_is_written_told_and_found(owned: House) -> None:
    today = localdate()
    assert scale.write_pages(SMALL, today=today)
    assert not scale.write_pages(SMALL, today=today), "a second time does nothing"
    assert scale.tell_settlement(owned.web, SMALL) == SMALL.charities + SMALL.projects
    owned.settle()
    assert scale.tell_settlement(owned.web, SMALL) == 0
    assert Fund.objects.filter(state="open").count() == SMALL.projects
    assert 0 < raising(today).count() < SMALL.projects
    assert Certificate.objects.exclude(number__contains="演示").count() == 0
    assert all("演示" in name for name in Charity.objects.values_list("name_zh", flat=True))
    assert all("DEM" in number for number in Project.objects.values_list("filing_no", flat=True))
    assert Sweep().round(now()) == SMALL.charities + SMALL.projects
    assert facets().projects == SMALL.projects
    owned.check()


def test_the_same_seed_makes_the_same_world(owned: House) -> None:
    today = localdate()
    first = [each.title_zh for each, _ in _made(today)]
    assert first == [each.title_zh for each, _ in _made(today)]
    assert len({*first}) > len(first) // 3


def _made(today: Any) -> list[tuple[Project, str]]:

    return list(scale.projects(SMALL, Random(scale.SEED), today, list(range(SMALL.charities))))
