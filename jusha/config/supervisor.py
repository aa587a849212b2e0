"""`jusha up`: starts every process, starts again what dies, stops all of them cleanly.

The state of each is in JUSHA_HOME/run/state.json, which the health page shows. A
process that keeps dying is started again ever more slowly, so that it neither storms
the database nor hides: its restarts are counted and shown, and so is the reason it
gives for standing still (processes.why).
"""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

import psutil
import structlog

from jusha.config.postgres import Cluster, PostgresRefusal, external_url
from jusha.config.postgres.archive import streams
from jusha.config.postgres.postmaster import find_postmaster
from jusha.config.processes import leash
from jusha.config.processes.why import REFUSING, read_why

TICK_SECONDS: Final = 0.2
DATABASE_EVERY_SECONDS: Final = 1.0
ATTACH_EVERY_SECONDS: Final = 5.0
STOP_SECONDS: Final = 10.0
BACKOFF_FIRST_SECONDS: Final = 0.2
BACKOFF_MAX_SECONDS: Final = 5.0
STEADY_SECONDS: Final = 10.0

HOME_MARK: Final = leash.HOME_MARK
"""Environment variable by which what a killed supervisor left behind is found: its home."""
WEB_THREADS: Final = "4"
"""Pages at once. One thread leaves the processor idle while PostgreSQL answers: a third fewer deed
pages a second with 1, an eighth fewer with 2, and no better p99 (docs/performance.md, Pages)."""
INTAKE, SETTLING, PUBLISHING = range(3)
"""Stages of a clean stop: first nothing comes in, then nothing is settled, then published."""

log = structlog.get_logger("supervisor")


class SupervisorRunningError(Exception):
    """Another `jusha up` keeps this home."""


@dataclass(slots=True)
class Child:
    """One supervised process.

    `once`: not started again after it ended well. `closed_while`: (process, code); while
    that process gives that reason, this one is kept stopped.
    """

    name: str
    argv: list[str]
    role: str
    stage: int = INTAKE
    once: bool = False
    closed_while: tuple[str, str] | None = None
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    restarts: int = 0
    last_exit: int | None = None
    closed: bool = False
    backoff_s: float = BACKOFF_FIRST_SECONDS
    not_before: float = 0.0


class Supervisor:
    """Keeps the processes of one installation running."""

    def __init__(self, home: Path, children: list[Child]) -> None:
        """Take the home. Raises SupervisorRunningError."""
        self.home, self.children = home, children
        (home / "run").mkdir(parents=True, exist_ok=True)
        self._lock = lock_home(home)
        self._stop = threading.Event()
        self._database = DatabaseKeeper(home)
        self._whys: dict[str, dict[str, Any]] = {}
        self._state_unwritten = False

    def stop(self, *_: object) -> None:
        """Ask the loop to end; safe in a signal handler."""
        self._stop.set()

    def listen(self) -> None:
        """Let SIGTERM and SIGINT ask for a clean stop, from now on."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)

    @property
    def stopping(self) -> bool:
        """Whether a stop was asked for."""
        return self._stop.is_set()

    def run(self) -> None:
        """Start everything and keep it running until told to stop."""
        self.listen()
        end_leftovers(self.home)
        try:
            while not self._stop.is_set():
                self.tick()
                self._stop.wait(TICK_SECONDS)
        finally:
            self.shut_down()

    def tick(self) -> None:
        """Look at every process once."""
        self._database.look()
        now = time.monotonic()
        self._whys = {child.name: read_why(self.home, child.name) for child in self.children}
        for child in list(self.children):
            self._look(child, now)
        self._write_state()

    def _look(self, child: Child, now: float) -> None:
        if child.process is not None and child.process.poll() is not None:
            self._bury(child, now)
        self._open_or_close(child)
        if child.process is None:
            if now >= child.not_before and not child.closed and child in self.children:
                self._start(child, now)
        elif now - child.started_at > STEADY_SECONDS:
            child.backoff_s = BACKOFF_FIRST_SECONDS

    def _open_or_close(self, child: Child) -> None:
        """Stop a process that must not run now; what it would have taken in would be lost."""
        if child.closed_while is None:
            return
        name, code = child.closed_while
        closed = self._whys.get(name, {}).get("code") == code
        if closed != child.closed:
            log.warning("process_closed" if closed else "process_opened", name=child.name, why=code)
            child.closed = closed
            if closed and child.process is not None:
                child.process.terminate()

    def _start(self, child: Child, now: float) -> None:
        mark = {"JUSHA_DB_ROLE": child.role, HOME_MARK: str(self.home)}
        try:
            child.process = subprocess.Popen(
                [sys.executable, str(leash.__file__), str(os.getpid()), *child.argv],
                env=os.environ | child.environment | mark,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:  # no memory or no process to be had: later, perhaps
            log.error("process_unstarted", name=child.name, error=str(error))  # noqa: TRY400
            self._put_off(child, now)
            return
        child.started_at = now
        log.info("process_started", name=child.name, pid=child.process.pid)

    def _bury(self, child: Child, now: float) -> None:
        """Note a death, end what the dead process left behind, and plan its return."""
        assert child.process is not None
        child.last_exit = child.process.returncode
        _signal_group(child.process.pid, signal.SIGKILL)
        child.process = None
        if child.closed:
            return
        if child.once and child.last_exit == 0:
            self.children.remove(child)
            log.info("process_done", name=child.name)
            return
        log.warning("process_died", name=child.name, status=child.last_exit)
        child.restarts += 1
        self._put_off(child, now)

    def _put_off(self, child: Child, now: float) -> None:
        child.not_before = now + child.backoff_s
        child.backoff_s = min(child.backoff_s * 2, BACKOFF_MAX_SECONDS)

    def shut_down(self) -> None:
        """Stop stage after stage: intake and pages, then settlement, then the publisher."""
        for stage in sorted({child.stage for child in self.children}):
            self._stop_all([child for child in self.children if child.stage == stage])
        self._database.wait()
        self._write_state()
        self._lock.close()
        log.info("all_stopped")

    def _stop_all(self, children: list[Child]) -> None:
        running = [(child, child.process) for child in children if child.process is not None]
        for _, process in running:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for child, process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("process_killed", name=child.name)
            _signal_group(process.pid, signal.SIGKILL)
            child.last_exit = process.wait()
            child.process = None
            log.info("process_stopped", name=child.name, status=child.last_exit)

    def _write_state(self) -> None:
        now = time.monotonic()
        state: dict[str, Any] = {
            "at": time.time(),
            "supervisor": os.getpid(),
            "database": self._database.state(),
            "processes": {child.name: self._state_of(child, now) for child in self.children},
        }
        target = self.home / "run" / "state.json"
        draft = target.with_name(".state.json.new")
        try:
            draft.write_text(json.dumps(state))
            draft.replace(target)
        except OSError as error:  # a full disk hides the state; it must not end the processes
            if not self._state_unwritten:
                log.error("state_unwritten", error=str(error))  # noqa: TRY400 - it says it all
            self._state_unwritten = True
        else:
            self._state_unwritten = False

    def _state_of(self, child: Child, now: float) -> dict[str, Any]:
        told = self._whys.get(child.name, {})
        why = f"{told['code']}: {told['why']}" if told else None
        if child.closed and child.closed_while:
            why = f"closed: {child.closed_while[0]} says {child.closed_while[1]}"
        return {
            "pid": child.process.pid if child.process else None,
            "up_s": round(now - child.started_at, 1) if child.process else 0,
            "restarts": child.restarts,
            "last_exit": child.last_exit,
            "why": why,
        }


class DatabaseKeeper:
    """Starts the embedded PostgreSQL again when it is gone, beside the supervisor's loop.

    One that lives is attached to now and then, because it may live and never answer
    (Cluster.start ends such a server and starts it anew).
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._looked_at = self._attached_at = 0.0
        self._thread: threading.Thread | None = None
        self._restarts = 0
        self._why: str | None = None

    def look(self) -> None:
        """See every second whether the server lives; recovery may take long and blocks nothing."""
        now = time.monotonic()
        if external_url() or now - self._looked_at < DATABASE_EVERY_SECONDS:
            return
        if self._thread is not None and self._thread.is_alive():
            return
        self._looked_at = now
        if not Cluster(self._home).is_running():
            log.warning("database_down")
            self._restarts += 1
        elif now - self._attached_at < ATTACH_EVERY_SECONDS:
            return
        self._attached_at = now
        self._thread = threading.Thread(target=self._start, name="database", daemon=True)
        self._thread.start()

    def _start(self) -> None:
        before = find_postmaster(Cluster(self._home).place.data)
        try:
            Cluster(self._home).start()
        except (PostgresRefusal, OSError) as refusal:
            self._why = str(refusal)
            log.error("database_refuses", why=self._why)  # noqa: TRY400 - expected, and tried again
        else:
            self._why = None
            after = find_postmaster(Cluster(self._home).place.data)
            if before is None or after is None or before.pid != after.pid:
                log.info("database_up_again")

    def wait(self) -> None:
        """Wait for a start that is under way, so that it can be followed by a stop."""
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def state(self) -> dict[str, Any]:
        """What the state file says of the database."""
        return {"restarts": self._restarts, "why": self._why}


def lock_home(home: Path) -> IO[str]:
    """Keep a home for one supervisor; the kernel frees it when that dies.

    Raises SupervisorRunningError.
    """
    file = (home / "run" / "up.lock").open("a")
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise SupervisorRunningError(str(home)) from error
    return file


def leftovers(home: Path) -> list[psutil.Process]:
    """Processes that a supervisor of this home started, whoever their parent is now."""
    found = []
    for process in psutil.process_iter():
        try:
            marked = process.environ().get(HOME_MARK) == str(home)
            if marked and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def end_leftovers(home: Path) -> None:
    """End what a killed supervisor left: they were told to stop by its death, and get the time."""
    if not (left := leftovers(home)):
        return
    log.warning("leftovers", pids=[process.pid for process in left])
    for process in left:
        with _gone_is_fine():
            process.terminate()
    _, alive = psutil.wait_procs(left, timeout=STOP_SECONDS)
    for process in alive:
        with _gone_is_fine():
            process.kill()
    psutil.wait_procs(alive, timeout=STOP_SECONDS)


def _gone_is_fine() -> contextlib.AbstractContextManager[None]:
    return contextlib.suppress(psutil.NoSuchProcess)


def _signal_group(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return  # the whole group is gone already


def payments_child() -> Child:
    """The process that holds the merchants' keys; only where there are rails."""
    argv = [sys.executable, "-m", "jusha.config.processes.payments"]
    settings = {"DJANGO_SETTINGS_MODULE": "jusha.config.settings"}
    return Child("payments", argv, "web", environment=settings)


def plan(settings: Any, *, sandbox: bool) -> list[Child]:
    """The processes of one installation."""
    python = sys.executable
    granian = [python, "-m", "granian", "--no-ws", "--http", "1", "--respawn-failed-workers"]
    granian += ["--respawn-interval", "0.2"]
    host = ["--host", settings.JUSHA_HOST, "--workers", "1", "--log-level", "warning"]
    static = ["--static-path-route", "/static", "--static-path-mount", str(settings.STATIC_ROOT)]
    web = [
        "--interface",
        "wsgi",
        "--blocking-threads",
        WEB_THREADS,
        "jusha.config.wsgi:application",
    ]
    place = {"JUSHA_HOST": settings.JUSHA_HOST, "JUSHA_DOOR_PORT": str(settings.JUSHA_DOOR_PORT)}
    process = [python, "-m"]
    children = [
        Child("door", [*process, "jusha.config.processes.door"], "web", environment=place),
        Child(
            "web", [*granian, *host, "--port", str(settings.JUSHA_WEB_PORT), *static, *web], "web"
        ),
        Child("jobs", [*process, "jusha.config.processes.jobs"], "web"),
        Child("teller", [*process, "jusha.config.processes.teller"], "web"),
        Child("board", [*process, "jusha.config.processes.board"], "web"),
        Child("hooks", [*process, "jusha.config.processes.hooks"], "web"),
        Child("settlement", [*process, "jusha.config.processes.settlement"], "settle", SETTLING),
        Child("publisher", [*process, "jusha.config.processes.publisher"], "web", PUBLISHING),
    ]
    if streams() and not external_url():
        argv = [*process, "jusha.config.postgres.stream"]
        children.append(Child("archive", argv, "web", PUBLISHING))
    # What the door takes into a database older than the log is lost when the right one is back.
    children[0].closed_while = ("settlement", REFUSING)
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
