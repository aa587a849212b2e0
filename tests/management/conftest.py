"""Commands over a house: Django works in the house's own database, and settlement answers."""

import threading
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import connections
from psycopg.conninfo import conninfo_to_dict
from pytest_django.plugin import DjangoDbBlocker

from jusha.config.postgres import database_url
from tests.cast import House
from tests.home import HOME


class Console:
    """A person's terminal: what a command says, while settlement works beside it."""

    def __init__(self, house: House) -> None:
        self.house = house

    def run(self, *words: str, settling: bool = False) -> str:
        """Run `jusha` with these words; return what it printed."""
        out = StringIO()
        if not settling:
            call_command(*words, stdout=out)
            return out.getvalue()
        over = threading.Event()

        def settle() -> None:
            while not over.is_set():
                self.house.settle()
                over.wait(0.01)

        worker = threading.Thread(target=settle)
        worker.start()
        try:
            call_command(*words, stdout=out)
        finally:
            over.set()
            worker.join()
        return out.getvalue()


@pytest.fixture
def console(
    house: House, tmp_path: Path, settings: Any, django_db_blocker: DjangoDbBlocker
) -> Iterator[Console]:
    """Sit down at a terminal of the house."""
    settings.HOME = tmp_path
    found = conninfo_to_dict(database_url("web", HOME, house.database))
    default = connections["default"]
    changed = {
        "NAME": found["dbname"],
        "USER": found["user"],
        "PASSWORD": found.get("password", ""),
    }
    with django_db_blocker.unblock():
        default.close()
        before = dict(default.settings_dict)
        default.settings_dict.update(changed)
        assert django_settings.DATABASES["default"]["NAME"] == house.database
        yield Console(house)
        default.close()
        default.settings_dict.update(before)
