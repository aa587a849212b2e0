"""A short chaos: a few faults of every sort in a real installation, and everything compared."""

import errno
from collections.abc import Iterator

import psycopg
import pytest

from jusha.config.postgres import Cluster
from jusha.management.chaos.ground import Ground
from jusha.management.chaos.run import ChaosRun

pytestmark = pytest.mark.drill


@pytest.fixture
def ground(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    ground = Ground()
    yield ground
    ground.remove()


def test_a_short_chaos_loses_nothing_and_the_log_only_grows(ground: Ground) -> None:
    told: list[str] = []
    # One of each sort: a process, a file, a clock, the database.
    only = "kill door,newest bundle flipped,clock of postgres,read-only"
    run = ChaosRun(ground, seed=4, seconds=30, rate_per_second=150, tell=told.append, only=only)
    checks = list(run.run())
    assert run.met.total() >= 3, "\n".join(told)
    assert len(checks) == 11
    assert not [(check.name, check.wrong) for check in checks if check.wrong], "\n".join(told)


def test_a_server_that_lives_and_never_recovers_is_ended_and_started_anew(ground: Ground) -> None:
    """PostgreSQL 18.6 stays "in recovery" for ever when its recovery after a crash fails."""
    if "shim" in ground.missing:
        pytest.skip(f"the disk cannot be made to fail here: {ground.missing['shim']}")
    ground.start()
    ground.wait(ground.drained, "the demo world to be published")
    before = ground.postmaster()
    with ground.connect("owner") as connection:
        ground.set_disk("postgres", errno=errno.EIO)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("CREATE TABLE never ()")

    def recovery_failed() -> bool:
        logs = Cluster(ground.home).place.log.glob("postgresql-*.log")
        return any("PANIC" in line and "pg_control" in line for each in logs
                   for line in each.read_text(errors="replace").splitlines())  # fmt: skip

    ground.wait(recovery_failed, "recovery to fail", 60)
    ground.set_disk("postgres")
    ground.wait(Cluster(ground.home).is_healthy, "a server that answers", 90)
    assert ground.postmaster() != before, "the old one had nobody left who could recover"
    ground.wait(ground.drained, "settlement and publisher to go on")
    assert ground.stop()[0] == 0
    assert ground.left_behind() == []
