"""Histories by the hundred, on the double and, some of them, on PostgreSQL too."""

from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

import psycopg
import pytest
from psycopg import sql

from jusha.config.postgres import Cluster, database_url
from jusha.management.audit import audit_database
from jusha.settlement.replay import replay
from tests.home import HOME
from tests.simulator.checks import End, Tables, wrong_at
from tests.simulator.connections import Double
from tests.simulator.history import History
from tests.simulator.mutants import MUTANTS, Mutant
from tests.simulator.postgres import Postgres
from tests.simulator.run import HistoryFailedError, live
from tests.simulator.schema import tables
from tests.simulator.statements import statement

HISTORIES: Final = 500
GROUPS: Final = 10
FOUND_WITHIN: Final = 400
REAL_SEEDS: Final = (197, 304, 107, 137, 182, 92, 315, 4)
OF_THE_MACHINE: Final = {
    "settlement_batch": {"settled_at"},
    "settlement_writer": {"since"},
    "inbox_raw": {"sealed"},
}
"""Columns that tell the real time, or random nonces."""


@pytest.mark.parametrize("group", range(GROUPS))
def test_whatever_breaks_every_acknowledged_gift_is_settled_once_and_the_log_never_forks(
    group: int,
) -> None:
    for seed in range(group, HISTORIES, GROUPS):
        live(seed)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: str(mutant.__name__))
def test_a_planted_fault_is_found(mutant: Mutant) -> None:
    statement.cache_clear()
    try:
        with mutant(), pytest.raises(HistoryFailedError):
            deque(map(live, range(1, FOUND_WITHIN)), maxlen=0)
    finally:
        statement.cache_clear()


@pytest.fixture
def server(database: str) -> Iterator[Postgres]:
    server = Postgres(
        owner_url=database_url("owner", HOME, database),
        settle_url=database_url("settle", HOME, database),
    )
    yield server
    server.close()


def lived(server: Any, seed: int, set_clock: Callable[[datetime], None]) -> History:
    history = History(server, seed, set_clock)
    history.run()
    return history


def comparable(rows: Tables) -> Tables:
    """The tables without what the machine adds of its own."""
    found = {}
    for name, table in tables().items():
        hidden = {table.places[column] for column in OF_THE_MACHINE.get(name, ())}
        found[name] = [
            tuple(value for place, value in enumerate(row) if place not in hidden)
            for row in rows[name]
        ]
    return found


@pytest.mark.parametrize("seed", REAL_SEEDS)
def test_postgresql_lives_the_same_history_as_the_double(server: Postgres, seed: int) -> None:
    double = Double()
    expected = lived(double, seed, lambda at: setattr(double.database, "now", at))
    real = lived(server, seed, server.set_clock)
    assert real.logs == expected.logs
    assert real.events == expected.events
    rows = server.tables()
    mine = comparable({name: double.database.table(name) for name in tables()})
    for name, table in comparable(rows).items():
        assert table == mine[name], name
    assert real.publisher.disk.names == expected.publisher.disk.names
    assert wrong_at(End(real, rows)) == []
    assert not [str(f) for f in audit_database(server.admin) if f.kind == "wrong"]


@pytest.fixture
def empty(template: str, database: str) -> Iterator[psycopg.Connection[Any]]:
    name = f"{database}_replay"
    with Cluster(HOME).connect("postgres") as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER jusha_owner").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    with psycopg.connect(database_url("settle", HOME, name)) as connection:
        yield connection
    with Cluster(HOME).connect("postgres") as admin:
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def test_a_history_of_crashes_replays_in_another_database(
    server: Postgres, database: str, empty: psycopg.Connection[Any]
) -> None:
    lived(server, REAL_SEEDS[0], server.set_clock)
    with psycopg.connect(database_url("owner", HOME, database)) as source:
        assert replay(source, empty).differences == []
