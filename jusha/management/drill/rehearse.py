"""`jusha db rehearse`: a scratch installation is lost under load and recovered from its archive.

A backup is taken while gifts arrive. Later the streaming receiver, PostgreSQL and every process are
killed with -9, the receiver first, and the data folder is deleted: what is left is what a real
installation keeps elsewhere, namely backup, archive, secrets and the public log. Then three
recoveries are made and compared: to a moment (settlement and publisher must refuse), to the end of
the whole segments (what it would have cost not to stream), and to the end of the stream, which must
go on as if nothing had happened.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

import psutil

from benchmarks.load import LoadPlan, LoadResult, acknowledged_ids, finish, start_apart
from benchmarks.requests import write_requests
from jusha.config.postgres import Cluster
from jusha.config.postgres.archive import FOLDER_ENV, STREAM_ENV, WAIT
from jusha.config.processes.why import REFUSING
from jusha.config.supervisor import leftovers
from jusha.inbox.keys import deed_key
from jusha.management.drill import gifts
from jusha.management.drill.installation import (
    DrillFailedError,
    Installation,
    scratch_folder,
)
from jusha.people.vault import load as load_secret

CONNECTIONS: Final = 64
BACKUP_PART, MOMENT_PART, LOSS_PART = 0.25, 0.6, 0.9
"""When in the load the backup is taken, the moment is noted, and the loss happens."""
KEPT_ELSEWHERE: Final = ("secrets", "log", "sandbox")
REPLAY_DATABASE: Final = "rehearsal_replay"
MORE_GIFTS: Final = 20

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Loss:
    """What was known outside the data at the moment of its loss."""

    moment: str
    """A time between backup and loss, by the database's clock."""
    published: int
    checkpoint: bytes
    acknowledged: set[str]


def rehearse(*, seconds: float, rate_per_second: int, stream: str, keep: bool, tell: Tell) -> int:
    """Lose and recover; return how many checks failed. Raises DrillFailedError.

    `stream` is JUSHA_ARCHIVE_STREAM: with "1" the last acknowledged gifts may be lost, and are
    counted; with "wait" none may be.
    """
    rehearsal = Rehearsal(seconds=seconds, rate=rate_per_second, stream=stream, tell=tell)
    try:
        rehearsal.run()
    finally:
        if not keep:
            rehearsal.remove()
    return rehearsal.failed


class Rehearsal:
    """One rehearsal with its folders: backup and archive lie outside every home."""

    def __init__(self, *, seconds: float, rate: int, stream: str, tell: Tell) -> None:
        self.seconds, self.rate, self.tell = seconds, rate, tell
        self.stream = stream
        self.base = scratch_folder("jusha-rehearsal-")
        self.archive, self.backup = self.base / "archive", self.base / "backup"
        self.workload = gifts.plan_gifts(int(seconds * rate))
        self.homes: list[Installation] = []
        self.failed = 0

    def run(self) -> None:
        """Load, back up, lose, recover three times, compare."""
        lost = self._live_and_lose()
        home = self._new_home()
        self._recover_to_the_moment(home, lost)
        self._recover_whole_segments(lost)
        self._recover_to_the_end(home, lost)

    def remove(self) -> None:
        """End and delete everything."""
        for home in self.homes:
            home.remove()
        shutil.rmtree(self.base, ignore_errors=True)

    def _home(self) -> Installation:
        home = Installation()
        self.homes.append(home)
        return home

    def _check(self, well: object, what: str) -> None:
        self.failed += not well
        self.tell(f"{'ok   ' if well else 'WRONG'} {what}")

    def _live_and_lose(self) -> Loss:
        here = self._home()
        self._archive_of(here, on=True)
        here.start()
        with here.connect() as connection:
            gifts.open_campaign(connection, self.workload)
        self.tell(f"running; {self.rate} gifts a second for {self.seconds:.0f} s begin")
        loading, journal = self._start_load(here)
        began = time.monotonic()

        def sleep_until(part: float) -> None:
            time.sleep(max(0.0, began + self.seconds * part - time.monotonic()))

        sleep_until(BACKUP_PART)
        took = self._command(here, "backup", str(self.backup))
        self.tell(f"  {time.monotonic() - began:5.1f} s  backup made under load, in {took:.1f} s")
        sleep_until(MOMENT_PART)
        moment = str(here.ask("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC',"
                              " 'YYYY-MM-DD\"T\"HH24:MI:SS.USZ')"))  # fmt: skip
        self.tell(f"  {time.monotonic() - began:5.1f} s  the moment {moment}")
        sleep_until(LOSS_PART)
        destroy(here)
        self.tell(f"  {time.monotonic() - began:5.1f} s  killed everything, deleted the data")
        published, checkpoint = here.published(), (here.public / "checkpoint").read_bytes()
        loaded = finish(loading)
        self._tell_load(loaded)
        return Loss(moment, published, checkpoint, acknowledged_ids(journal))

    def _tell_load(self, loaded: LoadResult) -> None:
        self.tell(f"load: {loaded.acknowledged} notices acknowledged before the loss")

    def _start_load(self, here: Installation) -> tuple[subprocess.Popen[str], Path]:
        secret = bytes.fromhex(
            (here.home / "sandbox" / f"{gifts.CHANNEL}.secret").read_text().strip()
        )
        ready, journal = self.base / "requests", self.base / "journal"
        write_requests(ready, gifts.requests(self.workload, secret))
        plan = LoadPlan(
            port=here.door_port,
            connections=CONNECTIONS,
            seconds=self.seconds,
            drain_seconds=1.0,
            rate_per_second=self.rate,
        )
        return start_apart(plan, requests=ready, journal=journal), journal

    def _archive_of(self, here: Installation, *, on: bool) -> None:
        here.environment.pop(FOLDER_ENV, None)
        here.environment.pop(STREAM_ENV, None)
        if on:
            here.environment |= {FOLDER_ENV: str(self.archive), STREAM_ENV: self.stream}

    def _new_home(self) -> Installation:
        """Another home with what was kept elsewhere: secrets, the public log, the key."""
        lost, here = self.homes[0], self._home()
        for name in KEPT_ELSEWHERE:
            shutil.copytree(lost.home / name, here.home / name)
        return here

    def _command(self, here: Installation, *arguments: str) -> float:
        began = time.monotonic()
        done = here.run("-m", "jusha", "db", *arguments)
        if done.returncode:
            raise DrillFailedError(f"jusha db {arguments[0]}: {done.stderr[-2000:]}")
        return time.monotonic() - began

    def _recover(self, here: Installation, archive: Path, to: str, *more: str) -> None:
        took = self._command(
            here, "recover", str(self.backup), "--archive", str(archive), "--to", to, *more
        )
        entries, rows = here.settled(), here.ask("SELECT sum(last_n)::bigint FROM inbox_lane")
        newest = here.ask("SELECT max(last_received_at) FROM inbox_lane")
        self.tell(
            f"recovered to {to} in {took:.1f} s: {rows} inbox rows, {entries} entries, newest"
            f" {newest:%H:%M:%S.%f}"
        )

    def _recover_to_the_moment(self, here: Installation, lost: Loss) -> None:
        self._archive_of(here, on=False)
        self._recover(here, self.archive, lost.moment)
        settled = here.settled()
        self._check(
            settled < lost.published,
            f"the moment is behind the public log: {settled} entries, {lost.published} published",
        )
        here.launch()
        for name, code in (
            ("settlement", REFUSING),
            ("publisher", "refusing_to_sign"),
            ("door", "closed"),
        ):
            here.wait(says(here, name, code), f"{name} to refuse")
            self._check(says(here, name, code)(), f"{name} says {code}")
        self._check(not here.door_answers(), "the door takes nothing in")
        self._check(
            (here.public / "checkpoint").read_bytes() == lost.checkpoint,
            "the published checkpoint is the same bytes",
        )
        here.stop()

    def _recover_whole_segments(self, lost: Loss) -> None:
        """What would be left without the stream: the price of whole segments only."""
        here = self._new_home()
        segments = self.base / "segments"
        segments.mkdir(mode=0o755)
        (segments / "wal").symlink_to(self.archive / "wal")
        self._recover(here, segments, "latest")
        missing = self._missing(here, lost)
        self.tell(f"      whole segments alone: {missing} acknowledged gifts would be lost")
        self._command(here, "stop")

    def _recover_to_the_end(self, here: Installation, lost: Loss) -> None:
        self._archive_of(here, on=True)
        self._recover(here, self.archive, "latest", "--force")
        missing = self._missing(here, lost)
        settled = here.settled()
        self._check(
            settled >= lost.published,
            f"every published entry is there: {settled} entries, {lost.published} published",
        )
        here.start()
        here.wait(here.drained, "all to be settled and published")
        gone = self._missing(here, lost)
        told = f"{gone} of {len(lost.acknowledged)} acknowledged gifts are lost"
        self._check(gone == 0 or self.stream != WAIT, told)
        self.tell(f"      ({missing} of them were received and not settled at the loss)")
        before = here.published()
        done = here.run(
            "-m", "jusha_sandbox.traffic", f"--door=http://127.0.0.1:{here.door_port}",
            f"--secrets={here.home / 'sandbox'}", "--campaign=",
            f"--projects={','.join(gifts.PROJECTS)}", "--rate=20", f"--count={MORE_GIFTS}",
        )  # fmt: skip
        here.wait(lambda: here.published() >= before + MORE_GIFTS, "new gifts to be published")
        self._check(done.returncode == 0, f"{MORE_GIFTS} new gifts are settled and published")
        self._check(here.stop()[0] == 0, "a clean stop")
        self._compare(here)

    def _missing(self, here: Installation, lost: Loss) -> int:
        """How many acknowledged gifts have no number here."""
        secret = load_secret(here.home, "dedupe")
        keys = [UUID(bytes=deed_key(secret, gifts.CHANNEL, name)) for name in lost.acknowledged]
        with here.connect() as connection:
            row = connection.execute(
                "SELECT count(*) FROM giving_seen WHERE key = ANY(%s)", (keys,)
            ).fetchone()
        return len(keys) - (int(row[0]) if row else 0)

    def _compare(self, here: Installation) -> None:
        self._command(here, "start")
        vkey = (here.public / "vkey").read_text().strip()
        checks: tuple[tuple[str, tuple[str, ...]], ...] = (
            ("jusha audit finds nothing wrong", ("-m", "jusha", "audit")),
            ("verify/recompute.py says EQUAL", ("verify/recompute.py", str(here.public),
                                                 "--vkey", vkey)),
            ("replaying the inbox gives the same root", ("-m", "jusha", "replay", "--into",
                                                         REPLAY_DATABASE)),
        )  # fmt: skip
        for name, arguments in checks:
            done = here.run(*arguments)
            said = (done.stdout.strip().splitlines() or [done.stderr[-500:]])[-1]
            self._check(done.returncode == 0, f"{name}: {said}")
        self._command(here, "stop")


def says(here: Installation, name: str, code: str) -> Callable[[], bool]:
    """Ask whether a process is held by `code`, as the state file says it."""
    return lambda: code in str(here.process(name).get("why") or "")


def destroy(here: Installation) -> None:
    """Kill the stream's receiver, then PostgreSQL and everything else, and delete the data."""
    cluster = Cluster(here.home)
    data = cluster.place.data
    server = psutil.Process(here.postmaster())
    processes = [here.pid("archive"), server.pid, *(each.pid for each in server.children())]
    processes += [each.pid for each in leftovers(here.home)]
    assert here.supervisor is not None
    for pid in [*processes, here.supervisor.pid]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    here.supervisor.wait()
    here.supervisor = None
    shutil.rmtree(data)
