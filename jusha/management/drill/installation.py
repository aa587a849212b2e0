"""An installation that lives for one drill: a scratch home, free ports, `jusha up`.

It is the real thing in real processes; only the home is thrown away. The drill reads it
from outside, by its files, its ports and its database.
"""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import psutil
import psycopg
from django.conf import settings

from jusha.config.postgres import Cluster, database_url
from jusha.config.postgres.postmaster import find_postmaster
from jusha.config.supervisor import leftovers
from jusha.merkle.checkpoint import parse_checkpoint
from jusha.merkle.note import parse_note

READY: Final = "Jusha is running"
START_SECONDS: Final = 180.0
WAIT_SECONDS: Final = 180.0
LOOK_EVERY_SECONDS: Final = 0.05
PORTS: Final = (
    "JUSHA_WEB_PORT", "JUSHA_DOOR_PORT", "JUSHA_CASHIER_PORT", "JUSHA_WITNESS_PORT",
    "JUSHA_WECHAT_PORT", "JUSHA_ALIPAY_PORT", "JUSHA_RECEIPTS_PORT",
)  # fmt: skip


class DrillFailedError(Exception):
    """The installation did not do in time what was waited for."""


class Installation:
    """One scratch installation; use `remove` at the end, whatever happened."""

    def __init__(
        self, home: Path | None = None, *, log: Path | None = None, world: str = "--demo"
    ) -> None:
        """Take `home` (default: a new folder); what `jusha up` says goes to `log`.

        `world`: "--demo", or "--gateways" for the simulated gateways and nothing else.
        """
        self.world = world
        self.home = home or scratch_folder("jusha-drill-")
        self.ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("JUSHA_", "DATABASE_"))
        }
        self.environment = kept | {"JUSHA_HOME": str(self.home)}
        self.environment |= {name: str(port) for name, port in self.ports.items()}
        self.log = log or self.home / "up.log"
        self.supervisor: subprocess.Popen[bytes] | None = None

    @property
    def door_port(self) -> int:
        """The port of the front door."""
        return self.ports["JUSHA_DOOR_PORT"]

    @property
    def public(self) -> Path:
        """The folder of the public log."""
        return self.home / "log" / "public"

    def start(self) -> None:
        """Run `jusha up` and wait until its world stands. Raises DrillFailedError."""
        self.launch()
        self.wait(lambda: READY in self.said(), "the installation to run", START_SECONDS)

    def launch(self) -> None:
        """Run `jusha up` with its world, output to the log, and do not wait."""
        with self.log.open("wb") as log:
            self.supervisor = subprocess.Popen(
                [sys.executable, "-m", "jusha", "up", self.world],
                cwd=settings.REPO_DIR,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self) -> str:
        """What `jusha up` and its processes have written since the last start."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def wait(self, done: Callable[[], object], what: str, seconds: float = WAIT_SECONDS) -> float:
        """Wait until `done()` is true; return the seconds it took. Raises DrillFailedError."""
        began = time.monotonic()
        while not done():
            if time.monotonic() - began > seconds:
                tail = "\n".join(self.said().splitlines()[-15:])
                raise DrillFailedError(f"waited {seconds:.0f} s for {what}\n{tail}")
            if self.supervisor is not None and self.supervisor.poll() not in {None, 0, -9}:
                raise DrillFailedError(f"`jusha up` ended:\n{self.said()[-3000:]}")
            time.sleep(LOOK_EVERY_SECONDS)
        return time.monotonic() - began

    def state(self) -> dict[str, Any]:
        """The supervisor's state file; {} before it is written."""
        try:
            found: dict[str, Any] = json.loads((self.home / "run" / "state.json").read_text())
        except FileNotFoundError:
            return {}
        return found

    def process(self, name: str) -> dict[str, Any]:
        """The state of one process: pid, restarts, why, ..."""
        found: dict[str, Any] = self.state().get("processes", {}).get(name, {})
        return found

    def pid(self, name: str) -> int:
        """The process id of one supervised process, 0 while it is down."""
        return int(self.process(name).get("pid") or 0)

    def worker(self, name: str) -> int:
        """The process id of a server's worker, 0 while it has none."""
        try:
            children = psutil.Process(self.pid(name)).children()
        except (psutil.NoSuchProcess, ValueError):
            return 0
        return children[0].pid if self.pid(name) and children else 0

    def postmaster(self) -> int:
        """The process id of PostgreSQL, 0 while it is down."""
        found = find_postmaster(Cluster(self.home).place.data)
        return found.pid if found else 0

    def connect(self, role: str = "web") -> psycopg.Connection[Any]:
        """Connect to the installation's database in autocommit mode."""
        return psycopg.connect(database_url(role, self.home), autocommit=True, connect_timeout=5)

    def ask(self, query: str) -> Any:
        """The first value of a query; None while the database is away."""
        try:
            with self.connect() as connection:
                row = connection.execute(query).fetchone()
        except psycopg.OperationalError:
            return None
        return row[0] if row else None

    def settled(self) -> int:
        """How many entries are settled; 0 while the database is away."""
        return int(self.ask("SELECT coalesce(max(first + count), 0) FROM tlog_entries") or 0)

    def published(self) -> int:
        """How many entries are published."""
        path = self.public / "checkpoint"
        return parse_checkpoint(parse_note(path.read_bytes()).text).size if path.exists() else 0

    def drained(self) -> bool:
        """Whether all that was taken in is settled and all that is settled is published."""
        waiting = self.ask(
            "SELECT sum(l.last_n - coalesce((b.positions ->> l.lane::text)::bigint, 0))::bigint"
            " FROM inbox_lane l LEFT JOIN"
            " (SELECT positions FROM settlement_batch ORDER BY id DESC LIMIT 1) b ON true"
        )
        return waiting == 0 and self.settled() == self.published()

    def door_answers(self) -> bool:
        """Whether the front door answers its health address."""
        door = http.client.HTTPConnection("127.0.0.1", self.door_port, timeout=2)
        try:
            door.request("GET", "/door/v1/health")
            return door.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            door.close()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the repository in this installation: "-m jusha ...", a script, ..."""
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=settings.REPO_DIR,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def stop(self) -> tuple[int, float]:
        """Stop it as Ctrl-C does; return the exit code and the seconds it took."""
        assert self.supervisor is not None
        began = time.monotonic()
        self.supervisor.send_signal(signal.SIGINT)
        code = self.supervisor.wait(WAIT_SECONDS)
        self.supervisor = None
        return code, time.monotonic() - began

    def left_behind(self) -> list[str]:
        """Everything of it that still runs or listens."""
        found = [f"pid {process.pid}" for process in leftovers(self.home)]
        if pid := self.postmaster():
            found.append(f"postgres {pid}")
        for name, port in self.ports.items():
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    found.append(f"{name} {port}")
        return found

    def end_all(self) -> None:
        """End what still runs, as roughly as it needs, and keep every file."""
        if self.supervisor is not None:
            self.supervisor.terminate()
            try:
                self.supervisor.wait(WAIT_SECONDS)
            except subprocess.TimeoutExpired:
                self.supervisor.kill()
                self.supervisor.wait()
        for process in leftovers(self.home):
            process.kill()
        Cluster(self.home).stop()

    def remove(self) -> None:
        """End what still runs and delete the home."""
        self.end_all()
        place = Cluster(self.home).place
        for folder in (place.socket, place.root, self.home):
            shutil.rmtree(folder, ignore_errors=True)


def scratch_folder(prefix: str) -> Path:
    """Make a new folder that PostgreSQL, which runs as another OS user under root, can enter."""
    folder = Path(tempfile.mkdtemp(prefix=prefix)).resolve()
    folder.chmod(0o755)
    return folder


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()
