"""`jusha up`: starts every process, starts again what dies, stops all of them cleanly.

The state of each is in JUSHA_HOME/run/state.json, which the health page shows. A
process that keeps dying is started again ever more slowly, so that it neither storms
the database nor hides: its restarts are counted and shown.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import structlog

from jusha.config.postgres import Cluster, external_url

TICK_SECONDS: Final = 0.2
DATABASE_EVERY_SECONDS: Final = 1.0
STOP_SECONDS: Final = 10.0
BACKOFF_FIRST_SECONDS: Final = 0.2
BACKOFF_MAX_SECONDS: Final = 5.0
STEADY_SECONDS: Final = 10.0
PR_SET_PDEATHSIG: Final = 1

log = structlog.get_logger("supervisor")


@dataclass(slots=True)
class Child:
    """One supervised process."""

    name: str
    argv: list[str]
    role: str
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    restarts: int = 0
    backoff_s: float = BACKOFF_FIRST_SECONDS
    not_before: float = 0.0
    environment: dict[str, str] = field(default_factory=dict)


def _die_with_parent() -> None:
    """Ask Linux to end this process when the supervisor is killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Supervisor:
    """Keeps the processes of one installation running."""

    def __init__(self, home: Path, children: list[Child]) -> None:
        self.home, self.children = home, children
        self._stop = threading.Event()
        self._database_checked = 0.0
        (home / "run").mkdir(parents=True, exist_ok=True)

    def stop(self, *_: object) -> None:
        """Ask the loop to end; safe in a signal handler."""
        self._stop.set()

    @property
    def stopping(self) -> bool:
        """Whether a stop was asked for."""
        return self._stop.is_set()

    def run(self) -> None:
        """Start everything and keep it running until told to stop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        try:
            while not self._stop.is_set():
                self.tick()
                self._stop.wait(TICK_SECONDS)
        finally:
            self.shut_down()

    def tick(self) -> None:
        """Look at every process once."""
        self._keep_database()
        now = time.monotonic()
        for child in self.children:
            if child.process is None:
                if now >= child.not_before:
                    self._start(child, now)
            elif child.process.poll() is not None:
                self._bury(child, now)
            elif now - child.started_at > STEADY_SECONDS:
                child.backoff_s = BACKOFF_FIRST_SECONDS
        self._write_state()

    def _start(self, child: Child, now: float) -> None:
        child.process = subprocess.Popen(
            child.argv,
            env=os.environ | child.environment | {"JUSHA_DB_ROLE": child.role},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - the supervisor forks from one thread
        )
        child.started_at = now
        log.info("process_started", name=child.name, pid=child.process.pid)

    def _bury(self, child: Child, now: float) -> None:
        """Note a death, end what the dead process left behind, and plan its return."""
        assert child.process is not None
        log.warning("process_died", name=child.name, status=child.process.returncode)
        _signal_group(child.process.pid, signal.SIGKILL)
        child.process = None
        child.restarts += 1
        child.not_before = now + child.backoff_s
        child.backoff_s = min(child.backoff_s * 2, BACKOFF_MAX_SECONDS)

    def _keep_database(self) -> None:
        """Start the embedded PostgreSQL again if it is gone."""
        now = time.monotonic()
        if external_url() or now - self._database_checked < DATABASE_EVERY_SECONDS:
            return
        self._database_checked = now
        cluster = Cluster(self.home)
        if not cluster.is_running():
            log.warning("database_down")
            cluster.start()

    def shut_down(self) -> None:
        """Stop the processes in order of intake to output, then wait for each."""
        for child in self.children:
            if child.process and child.process.poll() is None:
                child.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for child in self.children:
            if child.process is None:
                continue
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("process_killed", name=child.name)
            _signal_group(child.process.pid, signal.SIGKILL)
            child.process.wait()
            child.process = None
        self._write_state()
        log.info("all_stopped")

    def _write_state(self) -> None:
        now = time.monotonic()
        state: dict[str, Any] = {
            "at": time.time(),
            "supervisor": os.getpid(),
            "processes": {
                child.name: {
                    "pid": child.process.pid if child.process else None,
                    "up_s": round(now - child.started_at, 1) if child.process else 0,
                    "restarts": child.restarts,
                }
                for child in self.children
            },
        }
        target = self.home / "run" / "state.json"
        draft = target.with_name(".state.json.new")
        draft.write_text(json.dumps(state))
        draft.replace(target)


def _signal_group(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return  # the whole group is gone already


def plan(settings: Any, *, sandbox: bool) -> list[Child]:
    """The processes of one installation, in the order in which they stop."""
    python = sys.executable
    granian = [python, "-m", "granian", "--no-ws", "--http", "1", "--respawn-failed-workers"]
    host = ["--host", settings.JUSHA_HOST, "--workers", "1", "--log-level", "warning"]
    static = ["--static-path-route", "/static", "--static-path-mount", str(settings.STATIC_ROOT)]
    web = ["--interface", "wsgi", "--blocking-threads", "4", "jusha.config.wsgi:application"]
    children = [
        Child(
            "door",
            [*granian, *host, "--port", str(settings.JUSHA_DOOR_PORT), "--interface", "rsgi"]
            + ["--backlog", "4096", "jusha.door.app:app"],
            "web",
        ),
        Child(
            "web", [*granian, *host, "--port", str(settings.JUSHA_WEB_PORT), *static, *web], "web"
        ),
        Child("jobs", [python, "-m", "jusha.config.processes.jobs"], "web"),
        Child("settlement", [python, "-m", "jusha.config.processes.settlement"], "settle"),
        Child("publisher", [python, "-m", "jusha.config.processes.publisher"], "web"),
    ]
    if sandbox:
        cashier = ["--interface", "wsgi", "jusha_sandbox.cashier:application"]
        children.insert(
            1,
            Child(
                "cashier",
                [*granian, *host, "--port", str(settings.JUSHA_CASHIER_PORT), *cashier],
                "web",
                environment={
                    "SANDBOX_DOOR": f"http://127.0.0.1:{settings.JUSHA_DOOR_PORT}",
                    "SANDBOX_SECRETS": str(settings.HOME / "sandbox"),
                },
            ),
        )
    for child in children:
        child.environment.setdefault("DJANGO_SETTINGS_MODULE", "jusha.config.settings")
    return children
