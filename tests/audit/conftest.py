"""Fixtures of the audit's tests: a house that lived a week, and someone who may change anything."""

import os
from collections.abc import Iterator
from itertools import count
from typing import Any

import psycopg
import pytest
from psycopg import sql

from jusha.config.postgres import Cluster
from tests.audit.day import live_a_day
from tests.audit.week import Week, close_week, open_week
from tests.cast import House
from tests.home import HOME

_clones = count(1)


def clone(name: str, source: str) -> None:
    """Make a database like another one."""
    with Cluster(HOME).connect("postgres") as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER jusha_owner").format(
                sql.Identifier(name), sql.Identifier(source)
            )
        )


def drop(name: str) -> None:
    """Drop a database."""
    with Cluster(HOME).connect("postgres") as admin:
        admin.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )


@pytest.fixture(scope="session")
def open_week_of(template: str, worker_id: str) -> Iterator[str]:
    """Name a database in which most of a week with all kinds of rules was lived."""
    name = f"open_{worker_id}_{os.getpid()}"
    drop(name)
    clone(name, template)
    house = House(name)
    open_week(Week(house))
    house.close()
    yield name
    drop(name)


@pytest.fixture(scope="session")
def week_of(open_week_of: str, worker_id: str) -> Iterator[str]:
    """Name a database in which the whole week was lived, to the sponsors' payments."""
    name = f"week_{worker_id}_{os.getpid()}"
    drop(name)
    clone(name, open_week_of)
    house = House(name)
    close_week(Week(house))
    house.close()
    yield name
    drop(name)


@pytest.fixture(scope="session")
def day_of(template: str, worker_id: str) -> Iterator[str]:
    """Name a database in which a day was lived."""
    name = f"day_{worker_id}_{os.getpid()}"
    drop(name)
    clone(name, template)
    house = House(name)
    live_a_day(house)
    house.close()
    yield name
    drop(name)


@pytest.fixture
def lived(day_of: str) -> Iterator[House]:
    """Open a house that lived the day, in a database of the test's own."""
    yield from moved_in(day_of)


@pytest.fixture
def day_forger(lived: House) -> Iterator[psycopg.Connection[Any]]:
    """Someone with every right on the day's database, for whom no trigger fires."""
    yield from unfettered(lived.database)


@pytest.fixture
def week(week_of: str) -> Iterator[House]:
    """Open a house that lived the week, in a database of the test's own."""
    yield from moved_in(week_of)


@pytest.fixture
def still_open(open_week_of: str) -> Iterator[House]:
    """Open a house whose week is not closed yet, in a database of the test's own."""
    yield from moved_in(open_week_of)


def moved_in(source: str) -> Iterator[House]:
    """Open a house in a copy of a database."""
    name = f"{source}_{next(_clones)}"
    clone(name, source)
    house = House(name)
    yield house
    house.close()
    drop(name)


@pytest.fixture
def week_forger(week: House) -> Iterator[psycopg.Connection[Any]]:
    """Someone with every right on the week's database, for whom no trigger fires."""
    yield from unfettered(week.database)


@pytest.fixture
def open_forger(still_open: House) -> Iterator[psycopg.Connection[Any]]:
    """The same on the database of the week that is still open."""
    yield from unfettered(still_open.database)


@pytest.fixture
def forger(database: str) -> Iterator[psycopg.Connection[Any]]:
    """Someone with every right, for whom no trigger fires."""
    yield from unfettered(database)


def unfettered(database: str) -> Iterator[psycopg.Connection[Any]]:
    """Connect as the superuser, past triggers and checks of foreign rows."""
    with Cluster(HOME).connect(database) as connection:
        connection.autocommit = True
        connection.execute("SET session_replication_role = replica")
        yield connection
