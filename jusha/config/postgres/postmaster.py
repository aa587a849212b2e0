"""Is a server alive on this data folder? Asked of the process table, not of a file.

postmaster.pid outlives a killed server, its number may be a zombie's or a stranger's, and killed
servers leave children that still write to shared memory. Everything here looks at the process
itself: alive, not a zombie, and with the data folder as working folder (PostgreSQL always enters
it before it writes the file).
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import structlog

PID_FILE = "postmaster.pid"
POLL_S = 0.05
TELL_EVERY_S = 5.0
STARTUP_TITLE = "postgres: startup"
ABORT_S = 10.0
# Orphans usually notice at once that their server died; a busy one is asked, then told.
ORPHAN_ASK_AFTER_S = 2.0
ORPHAN_TELL_AFTER_S = 12.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Postmaster:
    """A living server: its process id, its own word on its state, and its socket folder."""

    pid: int
    state: str
    socket: Path | None


def find_postmaster(data: Path) -> Postmaster | None:
    """The living server of `data`, or None; a zombie or a stranger with its number is None."""
    said = _read_lock_file(data / PID_FILE)
    return said if said is not None and _serves(said.pid, data) else None


def is_running(pid: int) -> bool:
    """Whether the process exists and is more than an entry waiting to be reaped."""
    try:
        return psutil.Process(pid).status() not in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
    except psutil.NoSuchProcess:
        return False


def has_startup_process(pid: int) -> bool:
    """Whether the server's own child that recovers from the write-ahead log is at work."""
    try:
        children = psutil.Process(pid).children()
    except psutil.NoSuchProcess:
        return False
    return any(_title(child).startswith(STARTUP_TITLE) for child in children)


def abort(pid: int) -> None:
    """End a server that can do nothing any more: at once, and recovered at its next start.

    SIGQUIT is PostgreSQL's immediate shutdown; who does not hear it in time is killed, its
    children then end by themselves (clear_remains waits for them).
    """
    for number in (signal.SIGQUIT, signal.SIGKILL):
        _send(pid, number)
        deadline = time.monotonic() + ABORT_S
        while is_running(pid) and time.monotonic() < deadline:
            time.sleep(POLL_S)
        if not is_running(pid):
            return


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return ""


def wait_until(done: Callable[[], bool], *, waiting_for: str, **facts: object) -> None:
    """Wait without limit, and say so in the log every few seconds."""
    started = told = time.monotonic()
    while not done():
        now = time.monotonic()
        if now - told >= TELL_EVERY_S:
            told = now
            log.info("waiting", waiting_for=waiting_for, seconds=round(now - started), **facts)
        time.sleep(POLL_S)


def clear_remains(data: Path, socket_lock: Path) -> None:
    """After a killed server: wait for its orphans, then drop lock files whose number misleads.

    Only called when no server lives. Orphans that stay are asked to end (SIGTERM, which rolls
    their transaction back) and then told to (SIGQUIT, what a server sends its children after a
    crash); they are never killed, and waited for without limit, since they still hold the old
    shared memory. PostgreSQL leaves a pid file and a lock beside its socket, and refuses to start
    while a process with the number in either exists, be it a zombie or a stranger: those two are
    dropped here. A file whose number is free is left to PostgreSQL, which checks more.
    """
    started = time.monotonic()
    steps = [(ORPHAN_ASK_AFTER_S, signal.SIGTERM), (ORPHAN_TELL_AFTER_S, signal.SIGQUIT)]

    def all_gone() -> bool:
        orphans = _processes_in(data)
        if orphans and steps and time.monotonic() - started >= steps[0][0]:
            number = steps.pop(0)[1]
            log.warning("orphans of a killed server are told to end", signal=number.name)
            for orphan in orphans:
                _send(orphan.pid, number)
        return not orphans

    wait_until(all_gone, waiting_for="orphans of a killed server to end", data=str(data))
    for file in (data / PID_FILE, socket_lock):
        said = _read_lock_file(file)
        if said is not None and psutil.pid_exists(said.pid) and not _serves(said.pid, data):
            log.warning("stale lock file removed", file=file.name, pid=said.pid)
            file.unlink(missing_ok=True)


def _read_lock_file(file: Path) -> Postmaster | None:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return None
    # The file is written in two steps: pid first, socket and state as the server gets on.
    if not lines or not lines[0].strip().lstrip("-").isdecimal():
        return None
    socket = lines[4].strip() if len(lines) > 4 else ""  # noqa: PLR2004 - line 5 of the format
    state = lines[7].strip() if len(lines) > 7 else "starting"  # noqa: PLR2004 - line 8
    return Postmaster(abs(int(lines[0])), state, Path(socket) if socket else None)


def _serves(pid: int, data: Path) -> bool:
    try:
        process = psutil.Process(pid)
        if process.status() in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}:
            return False
        try:
            return Path(process.cwd()).resolve() == data.resolve()
        except psutil.AccessDenied:
            # Another user's process: its name is all we may see, and refusing is the safe side.
            return process.name().startswith("postgres")
    except psutil.NoSuchProcess:
        return False


def _processes_in(data: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if (
                process.pid != os.getpid()
                and process.name().startswith("postgres")
                and process.status() not in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
                and Path(process.cwd()).resolve() == data.resolve()
            ):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
