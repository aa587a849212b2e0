"""The supervisor, with small real processes: restarts, backoff, order, reasons, no one left."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from jusha.config import supervisor as module
from jusha.config.processes.why import REFUSING, Why, read_why
from jusha.config.supervisor import (
    BACKOFF_FIRST_SECONDS,
    BACKOFF_MAX_SECONDS,
    INTAKE,
    PUBLISHING,
    SETTLING,
    Child,
    Supervisor,
    SupervisorRunningError,
    leftovers,
)

PATIENCE_SECONDS = 30.0
SLEEPS = "import time; time.sleep(600)"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    # A server of somebody else: these tests are about processes, not about PostgreSQL.
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@localhost/nothing")
    yield tmp_path
    for process in leftovers(tmp_path):
        process.kill()


def child(name: str, code: str = SLEEPS, **more: Any) -> Child:
    return Child(name, [sys.executable, "-c", code], "web", **more)


def tick_until(supervisor: Supervisor, done: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not done():
        assert time.monotonic() < deadline, "it never came true"
        supervisor.tick()
        time.sleep(0.01)


def state(home: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((home / "run" / "state.json").read_text())
    each: dict[str, Any] = found["processes"][name]
    return each


def test_a_process_that_is_killed_is_started_again_and_its_restarts_are_shown(home: Path) -> None:
    one = child("one")
    supervisor = Supervisor(home, [one])
    supervisor.tick()
    first = state(home, "one")["pid"]
    os.kill(first, signal.SIGKILL)
    tick_until(supervisor, lambda: state(home, "one")["pid"] not in {first, None})
    assert (state(home, "one")["restarts"], state(home, "one")["last_exit"]) == (1, -9)
    supervisor.shut_down()
    assert state(home, "one")["pid"] is None


def test_a_state_that_cannot_be_written_ends_no_process_and_is_written_again_afterwards(
    home: Path,
) -> None:
    """As on a full disk: `jusha up` once ended by it, and everything with it."""
    one = child("one")
    supervisor = Supervisor(home, [one])
    in_the_way = home / "run" / ".state.json.new"
    in_the_way.mkdir()
    supervisor.tick()
    assert one.process is not None
    assert not (home / "run" / "state.json").exists()
    in_the_way.rmdir()
    supervisor.tick()
    assert state(home, "one")["pid"] == one.process.pid
    in_the_way.mkdir()
    supervisor.shut_down()
    assert one.process is None, "a full disk is no reason to leave somebody behind"


def test_a_process_that_cannot_be_started_is_tried_again_and_holds_up_no_other(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = child("one"), child("other")
    start = subprocess.Popen

    def without_memory(argv: list[str], **more: Any) -> Any:
        if more["env"]["JUSHA_DB_ROLE"] == "settle":
            raise OSError(errno.ENOMEM, "no memory")
        return start(argv, **more)

    one.role = "settle"
    supervisor = Supervisor(home, [one, other])
    monkeypatch.setattr(subprocess, "Popen", without_memory)
    supervisor.tick()
    assert one.process is None
    assert other.process is not None
    assert one.not_before > time.monotonic() - BACKOFF_MAX_SECONDS
    monkeypatch.undo()
    tick_until(supervisor, lambda: one.process)
    supervisor.shut_down()


def test_a_reason_that_cannot_be_written_ends_nobody(home: Path) -> None:
    (home / "run").write_text("no folder")
    why = Why(home, "one")
    assert why.tell("database_away", "it is gone")
    assert why.tell("database_away", "it is gone"), "told again until it is written"
    (home / "run").unlink()
    why.tell("database_away", "it is gone")
    assert read_why(home, "one")["code"] == "database_away"


def test_a_process_that_keeps_dying_is_started_ever_more_slowly_up_to_a_limit(home: Path) -> None:
    one = child("one", "raise SystemExit(3)")
    supervisor = Supervisor(home, [one])
    waits = []
    for _ in range(8):
        supervisor.tick()
        started = one.process
        assert started is not None
        started.wait()
        before = one.backoff_s
        supervisor.tick()
        waits.append(before)
        assert state(home, "one")["pid"] is None, "it is not started again at once"
        one.not_before = 0.0
    supervisor.shut_down()
    assert waits[:3] == [BACKOFF_FIRST_SECONDS * 2**n for n in range(3)]
    assert waits[-1] == BACKOFF_MAX_SECONDS


def test_what_a_dead_process_left_running_is_ended_with_it(home: Path) -> None:
    code = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', sys.argv[1]]).wait()"
    one = Child("one", [sys.executable, "-c", code, SLEEPS], "web")
    supervisor = Supervisor(home, [one])
    supervisor.tick()
    assert one.process is not None
    main = psutil.Process(one.process.pid)
    tick_until(supervisor, main.children)
    orphan = main.children()[0]
    main.kill()
    tick_until(supervisor, lambda: one.restarts)
    psutil.wait_procs([orphan], timeout=PATIENCE_SECONDS)
    assert not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE
    supervisor.shut_down()


def test_a_clean_stop_goes_from_intake_over_settlement_to_the_publisher(home: Path) -> None:
    code = (
        "import pathlib, signal, sys, time\n"
        "def end(*_):\n"
        "    with open(sys.argv[1], 'a') as file: file.write(sys.argv[2] + ' ')\n"
        "    raise SystemExit(0)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "pathlib.Path(sys.argv[1] + sys.argv[2]).touch()\n"
        "time.sleep(600)"
    )
    told = home / "told"
    stages = {"publisher": PUBLISHING, "door": INTAKE, "settlement": SETTLING}
    children = [
        Child(name, [sys.executable, "-c", code, str(told), name], "web", stage)
        for name, stage in stages.items()
    ]
    supervisor = Supervisor(home, children)
    tick_until(supervisor, lambda: all(Path(f"{told}{name}").exists() for name in stages))
    supervisor.shut_down()
    assert told.read_text().split() == ["door", "settlement", "publisher"]
    assert leftovers(home) == []


def test_a_process_that_does_not_stop_is_killed_and_leaves_no_zombie(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STOP_SECONDS", 0.2)
    deaf = (
        "import pathlib, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "pathlib.Path(sys.argv[1]).touch()\n"
        "time.sleep(600)"
    )
    ready = home / "ready"
    one = Child("one", [sys.executable, "-c", deaf, str(ready)], "web")
    supervisor = Supervisor(home, [one])
    tick_until(supervisor, ready.exists)
    supervisor.shut_down()
    assert one.last_exit == -signal.SIGKILL
    zombies = [p for p in psutil.Process().children() if p.status() == psutil.STATUS_ZOMBIE]
    assert not zombies


def test_what_runs_once_is_not_started_again_after_it_ended_well_but_after_it_failed(
    home: Path,
) -> None:
    flag = home / "tried"
    code = (
        "import pathlib, sys\n"
        "flag = pathlib.Path(sys.argv[1])\n"
        "tried = flag.exists()\n"
        "flag.touch()\n"
        "raise SystemExit(0 if tried else 1)"
    )
    one = Child("one", [sys.executable, "-c", code, str(flag)], "web", once=True)
    supervisor = Supervisor(home, [one])
    tick_until(supervisor, lambda: not supervisor.children)
    assert (one.restarts, one.last_exit) == (1, 0)
    supervisor.shut_down()


def test_why_a_process_stands_still_is_in_the_state_until_it_is_taken_back(home: Path) -> None:
    supervisor = Supervisor(home, [child("settlement")])
    why = Why(home, "settlement")
    assert why.tell("database_away", "no  answer\nat all")
    assert not why.tell("database_away", "no answer at all"), "said once is enough for the log"
    supervisor.tick()
    assert state(home, "settlement")["why"] == "database_away: no answer at all"
    why.clear()
    supervisor.tick()
    assert state(home, "settlement")["why"] is None
    supervisor.shut_down()


def test_a_reason_left_over_by_a_killed_process_is_cleared_by_its_successor(home: Path) -> None:
    Why(home, "jobs").tell("failed", "x")
    Why(home, "jobs").clear()
    assert read_why(home, "jobs") == {}


def test_the_door_is_closed_while_settlement_refuses_and_opens_again_by_itself(home: Path) -> None:
    door = child("door", closed_while=("settlement", REFUSING))
    supervisor = Supervisor(home, [door, child("settlement")])
    why = Why(home, "settlement")
    why.tell(REFUSING, "older than the log")
    supervisor.tick()
    assert state(home, "door") | {"up_s": 0} == {
        "pid": None, "up_s": 0, "restarts": 0, "last_exit": None,
        "why": f"closed: settlement says {REFUSING}",
    }  # fmt: skip
    why.clear()
    tick_until(supervisor, lambda: state(home, "door")["pid"])
    why.tell(REFUSING, "older than the log")
    tick_until(supervisor, lambda: state(home, "door")["pid"] is None)
    assert state(home, "door")["restarts"] == 0, "closing is no crash"
    supervisor.shut_down()


def test_a_home_has_one_supervisor(home: Path) -> None:
    first = Supervisor(home, [])
    with pytest.raises(SupervisorRunningError):
        Supervisor(home, [])
    first.shut_down()
    Supervisor(home, []).shut_down()


RUN = """
import sys
from pathlib import Path
from jusha.config import logs
from jusha.config.supervisor import Child, Supervisor
logs.configure("supervisor")
sleeps = [sys.executable, "-c", "import time; time.sleep(600)"]
supervisor = Supervisor(Path(sys.argv[1]), [Child("one", sleeps, "web")])
print("ready", flush=True)
supervisor.run()
"""


def start_apart(home: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(home)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def wait_for(done: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not done():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def test_its_log_is_one_json_object_a_line(home: Path) -> None:
    process = start_apart(home)
    wait_for(lambda: leftovers(home))
    process.terminate()
    out, _ = process.communicate(timeout=PATIENCE_SECONDS)
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["event"] for line in lines] == [
        "process_started", "process_stopped", "all_stopped",
    ]  # fmt: skip
    assert all(line["process"] == "supervisor" and line["timestamp"] for line in lines)
    assert (lines[0]["name"], process.returncode) == ("one", 0)
    assert leftovers(home) == []


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's leash is Linux's own")
def test_when_the_supervisor_is_killed_its_processes_die_with_it(home: Path) -> None:
    process = start_apart(home)
    wait_for(lambda: leftovers(home))
    process.kill()
    process.communicate()
    wait_for(lambda: not leftovers(home))


def test_a_new_supervisor_ends_what_a_killed_one_left_behind(home: Path) -> None:
    left = subprocess.Popen(
        [sys.executable, "-c", SLEEPS],
        env=os.environ | {module.HOME_MARK: str(home)},
        start_new_session=True,
    )
    wait_for(lambda: leftovers(home))
    module.end_leftovers(home)
    left.wait(PATIENCE_SECONDS)
    assert leftovers(home) == []
