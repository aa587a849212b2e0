"""Killed with -9 under load: no acknowledged gift is lost, none is counted twice."""

import os
import signal
import subprocess

import psutil
import pytest

from jusha.config.supervisor import leftovers
from jusha.management.drill.installation import Installation
from jusha.management.drill.kill import VICTIMS, KillDrill

pytestmark = pytest.mark.drill


def test_every_process_is_killed_under_load_and_every_fen_is_there(
    installation: Installation,
) -> None:
    told: list[str] = []
    drill = KillDrill(installation, seconds=8, rate_per_second=400, tell=told.append)
    checks = drill.run()
    assert drill.kills == dict.fromkeys(VICTIMS, 1)
    assert len(checks) == 7
    assert not [(check.name, check.wrong) for check in checks if check.wrong], "\n".join(told)


def test_a_killed_supervisor_takes_its_processes_with_it_and_up_works_again(
    installation: Installation,
) -> None:
    installation.start()
    assert installation.supervisor is not None
    before = installation.postmaster()
    installation.supervisor.kill()
    installation.supervisor.wait()
    installation.wait(lambda: not leftovers(installation.home), "its processes to end", 30)
    assert installation.postmaster() == before, "the database is nobody's child and stays"
    installation.start()
    settled = installation.settled()
    assert settled > 0
    assert installation.postmaster() == before, "and is found again"
    installation.wait(installation.drained, "everything to be published")
    code, _ = installation.stop()
    assert (code, installation.left_behind()) == (0, [])


def test_a_second_settlement_waits_and_takes_over_when_the_first_is_gone(
    installation: Installation,
) -> None:
    installation.start()
    first = psutil.Process(installation.pid("settlement"))
    epoch = installation.ask("SELECT epoch FROM settlement_writer")
    first.suspend()  # it holds the shard and does nothing: the supervisor sees it alive
    log = installation.home / "second.log"
    with log.open("wb") as output:
        second = subprocess.Popen(first.cmdline(), env=installation.environment, stdout=output)
    try:
        installation.wait(lambda: b"waiting_for_the_shard" in log.read_bytes(), "it to wait")
        assert installation.ask("SELECT epoch FROM settlement_writer") == epoch
        os.kill(first.pid, signal.SIGKILL)
        installation.wait(
            lambda: int(installation.ask("SELECT epoch FROM settlement_writer") or 0) > epoch,
            "somebody to take over",
        )
        installation.wait(installation.drained, "the new one to settle")
    finally:
        second.terminate()
        second.wait()
    assert installation.run("-m", "jusha", "audit").returncode == 0


def test_a_settlement_whose_epoch_is_over_stops_and_begins_anew(
    installation: Installation,
) -> None:
    """It lost its lock without noticing, as after a cut network: the epoch must stop it."""
    installation.start()
    with installation.connect("owner") as admin:
        admin.execute("UPDATE settlement_writer SET epoch = epoch + 1, holder = 'another'")
    pid = installation.pid("settlement")
    installation.wait(lambda: '"fenced_off"' in installation.said(), "it to be fenced off")
    assert installation.pid("settlement") == pid, "it goes back in the queue, it does not crash"
    installation.wait(installation.drained, "it to settle again under a new epoch")
    with installation.connect("settle") as connection:
        holder = connection.execute("SELECT holder FROM settlement_writer").fetchone()
    assert holder != ("another",)


def test_a_stop_asked_for_during_the_start_leaves_nothing_behind(
    installation: Installation,
) -> None:
    installation.launch()
    installation.wait(installation.said, "the first word of jusha up")
    assert installation.supervisor is not None
    installation.supervisor.terminate()
    assert installation.supervisor.wait(120) == 0
    assert installation.left_behind() == []
