"""Doors of the tests: one that is only refused at, and one beside a furnished house."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from jusha.config.postgres import Cluster, database_url
from tests.cast import House
from tests.door.wire import DoorProcess, door_on, give_secret
from tests.home import HOME


@pytest.fixture(scope="module")
def shut_door(template: str, worker_id: str) -> Iterator[DoorProcess]:
    """A door on a database of its module: for what records nothing."""
    name = f"{template}_door"
    identifier = sql.Identifier(name)
    with Cluster(HOME).connect("postgres") as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier))
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER jusha_owner").format(
                identifier, sql.Identifier(template)
            )
        )
    give_secret(name)
    with door_on(name) as door:
        yield door
    with Cluster(HOME).connect("postgres") as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier))


@pytest.fixture
def nothing_recorded(shut_door: DoorProcess) -> Iterator[DoorProcess]:
    """The shut door; after the test its inbox must still be empty."""
    yield shut_door
    shut_door.wait_for(waiting=0)
    with psycopg.connect(database_url("owner", HOME, shut_door.database)) as owner:
        assert owner.execute("SELECT count(*) FROM inbox_row").fetchone() == (0,)


@pytest.fixture
def door(house: House) -> Iterator[DoorProcess]:
    """A door beside a furnished house; the house settles when the test asks it to."""
    house.furnish()
    give_secret(house.database)
    with door_on(house.database) as door:
        yield door
