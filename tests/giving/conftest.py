"""Django as the role `web` in the house's own database, for verbs that people call."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from psycopg.conninfo import conninfo_to_dict
from pytest_django.plugin import DjangoDbBlocker

from jusha.config.postgres import database_url
from tests.cast import House
from tests.home import HOME


@contextmanager
def django_at(house: House, blocker: DjangoDbBlocker) -> Iterator[None]:
    """Let Django's tables of the house be used."""
    found = conninfo_to_dict(database_url("web", HOME, house.database))
    default = connections["default"]
    with blocker.unblock():
        default.close()
        before = dict(default.settings_dict)
        default.settings_dict.update(
            NAME=found["dbname"], USER=found["user"], PASSWORD=found.get("password", "")
        )
        yield
        default.close()
        default.settings_dict.update(before)


@pytest.fixture
def desk_house(
    house: House, tmp_path: Path, settings: Any, django_db_blocker: DjangoDbBlocker
) -> Iterator[House]:
    """A furnished house in which Django's own tables can be used too."""
    settings.HOME = tmp_path
    with django_at(house, django_db_blocker):
        house.furnish()
        yield house
