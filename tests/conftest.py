"""Fixtures of every room: a fresh database cloned from a migrated template, and a house in it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import count

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from psycopg import sql

from jusha.config.postgres import Cluster, database_url
from tests.cast import House
from tests.home import HOME, SHARED

settings.register_profile(
    "default", deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.register_profile("ci", settings.get_profile("default"), derandomize=True)
settings.register_profile("fuzz", settings.get_profile("default"), max_examples=5_000)
settings.load_profile("ci" if os.environ.get("CI") else "default")

_clones = count(1)


@pytest.fixture(scope="session")
def template(worker_id: str) -> Iterator[str]:
    """Name a database that has the whole schema and nothing else."""
    name = f"template_{worker_id}_{os.getpid()}"
    with Cluster(HOME).connect("postgres") as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
        admin.execute(sql.SQL("CREATE DATABASE {} OWNER jusha_owner").format(sql.Identifier(name)))
    subprocess.run(
        [sys.executable, "-c", MIGRATE],
        env=os.environ | {"DATABASE_URL": database_url("owner", HOME, name)},
        check=True,
        capture_output=True,
    )
    yield name
    with Cluster(HOME).connect("postgres") as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))


MIGRATE = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "jusha.config.settings"
import django
django.setup()
from jusha.settlement.schema import migrate
migrate()
"""


@pytest.fixture
def database(template: str, worker_id: str) -> Iterator[str]:
    """Name a fresh database with the whole schema; dropped after the test."""
    name = f"test_{worker_id}_{os.getpid()}_{next(_clones)}"
    with Cluster(HOME).connect("postgres") as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER jusha_owner").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    yield name
    with Cluster(HOME).connect("postgres") as admin:
        admin.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )


@pytest.fixture
def house(database: str) -> Iterator[House]:
    """Open a house: a small invented world in a fresh database, with its settlement."""
    house = House(database)
    yield house
    house.close()


@pytest.fixture(scope="session")
def shared() -> str:
    """Path of the real data beside the checkout; tests that need it skip where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"no real data at {SHARED}")
    return str(SHARED)


@pytest.fixture
def owner(database: str) -> Iterator[psycopg.Connection]:
    """Connect as the owner, autocommit."""
    with psycopg.connect(database_url("owner", HOME, database), autocommit=True) as connection:
        yield connection


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Name what failed at once: a long run's end is half an hour away."""
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        print(f"\nFAILED ALREADY {report.nodeid} ({report.when})", file=sys.__stderr__, flush=True)
