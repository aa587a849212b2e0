"""A day with planted abuse and honest look-alikes: what is found of it, to the account."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from django.db import connections
from psycopg.conninfo import conninfo_to_dict
from pytest_django.plugin import DjangoDbBlocker

from benchmarks import abuse_world as world
from jusha.config.postgres import database_url
from jusha.guarding.models import AbuseGift
from jusha.guarding.scan import scan
from tests.home import HOME

GIFTS = 50_000
NOW = datetime(2026, 9, 10, tzinfo=UTC)


def test_the_planted_are_found_in_slices_of_any_size(
    database: str, tmp_path: Path, settings: Any, django_db_blocker: DjangoDbBlocker
) -> None:
    settings.HOME = tmp_path
    with psycopg.connect(database_url("owner", HOME, database), autocommit=True) as owner:
        world.furnish(owner, GIFTS)
        default = connections["default"]
        found = conninfo_to_dict(database_url("web", HOME, database))
        with django_db_blocker.unblock():
            default.close()
            before = dict(default.settings_dict)
            default.settings_dict.update(
                NAME=found["dbname"], USER=found["user"], PASSWORD=found.get("password", "")
            )
            try:
                assert scan(NOW, slice_size=7_001) == GIFTS + 1
                assert scan(NOW) == 0
                assert AbuseGift.objects.count() > 0
            finally:
                default.close()
                default.settings_dict.update(before)
        told = world.accounts(owner)
        asked = owner.execute("SELECT sum(count) FROM inbox_row").fetchone()
    there, seen = told["all"], told["any"]
    for kind in (world.SPLITTER, world.RING_BROWSER, world.HAND_BROWSER):
        assert seen[kind] == there[kind], world.KINDS[kind]
    for kind in (world.SLOW, world.RING_INVITED):
        assert kind not in seen, "what keeps below the marks is not found, and that is said"
    honest = {world.FAMILY, world.DORM, world.TEAM, world.QUICK, world.CROWD}
    assert not honest & seen.keys(), "families, dorms, teams and quick hands are left alone"
    assert told["rapid"].keys() == {world.SPLITTER, world.PREPARED}
    assert told["reimbursed"].keys() == {world.RING_BROWSER, world.RICH_TEAM}
    assert told["shared"].keys() == {world.RING_BROWSER, world.HAND_BROWSER, world.TABLET}
    assert asked is not None
    assert asked[0] >= sum(seen.values()), "every gift found is asked to be held"
