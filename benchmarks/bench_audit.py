"""What it costs to check a whole log: a stranger's script, and the house's own audit.

The log is no imitation: gifts of benchmarks.workload are settled by the real settlement, sealed
day by day and published by the real publisher. Then both checks run as anyone runs them, as
processes of their own; processor time and memory are the kernel's account of them. Neither may
find anything, and behind it one forged fen must be found by the stranger, or the figures would be
of a script that looks at nothing.

Left out: orders, refunds, draws and claims, which take the long way, and the download: the log is
read from a folder.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import psutil
import psycopg
from django.conf import settings

from benchmarks.bench_settle import furnish, send, server_cpu_seconds, settle_all
from benchmarks.results import append_result
from benchmarks.throwaway import database
from benchmarks.workload import Workload
from jusha.config.postgres import Cluster, database_url, default_home, server_version
from jusha.inbox.append import append, new_id
from jusha.inbox.envelopes import Instruction
from jusha.money.clock import day_text
from jusha.settlement.batch import Settlement
from jusha.settlement.fence import take_over
from jusha.tlog.publish import Publisher
from verify.recompute import bundle_path

GIFTS: Final = 1_000_000
GIFTS_QUICK: Final = 60_000
ROOT: Final = Path(__file__).resolve().parent.parent
SCRIPT: Final = ROOT / "verify" / "recompute.py"
AT_ONCE: Final = 50_000
"""Gifts appended before settlement takes them: the inbox is not held in memory."""
BUNDLE: Final = 256
Tell = Callable[[str], object]


class BenchFailedError(Exception):
    """The figures would be of no worth: a check found what is not, or missed what is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one check took: the whole run of its process, with the processes it started.

    `peak_mib` is of all its processes together, looked at ten times a second.
    """

    seconds: float
    cpu_seconds: float
    server_cpu_seconds: float
    peak_mib: float


def live(home: Path, name: str, folder: Path, gifts: int) -> int:
    """Settle, seal and publish that many gifts; return the size of the log."""
    workload = Workload(gifts_total=gifts)
    with (
        Cluster(home).connect(name) as watch,
        psycopg.connect(database_url("settle", home, name)) as connection,
    ):
        settlement = Settlement(connection, epoch=take_over(connection, holder="bench"))
        furnish(watch, workload)
        settle_all(settlement)
        stream, sent = workload.gifts(), 0
        while sent < gifts:
            sent += send(watch, stream, min(AT_ONCE, gifts - sent))
            settle_all(settlement)
        days = watch.execute("SELECT DISTINCT day FROM matching_usage ORDER BY 1").fetchall()
        seals = [
            Instruction(
                new_id(), "seal", "one", "",
                {"campaign": "day", "day": day_text(day), "salt": os.urandom(32)},
            )
            for (day,) in days
        ]  # fmt: skip
        append(watch, lane="console", envelopes=list(seals))
        settle_all(settlement)
        publisher = Publisher(folder, origin=settings.JUSHA_LOG_ORIGIN)
        try:
            while publisher.publish_next(watch):
                watch.commit()
            return publisher.signed.checkpoint.size
        finally:
            publisher.close()


def run_measured(arguments: list[str], environment: dict[str, str]) -> tuple[Cost, int, str]:
    """Run a check to its end; what it took, its exit code and what it said.

    Processor time is the kernel's own account of that process and those it started.
    """
    server, peak = _server(), 0
    before, began = server_cpu_seconds(server) if server else 0.0, time.perf_counter()
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(
            arguments, stdout=said, stderr=subprocess.STDOUT, env=environment, cwd=ROOT
        )
        while True:
            ended, status, used = os.wait4(child.pid, os.WNOHANG)
            if ended:
                break
            peak = max(peak, memory_bytes(child.pid))
            time.sleep(0.1)
        child.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - began
        said.seek(0)
        text = said.read().decode(errors="replace")
    after = server_cpu_seconds(server) if server else 0.0
    cost = Cost(
        seconds=round(seconds, 2),
        cpu_seconds=round(used.ru_utime + used.ru_stime, 2),
        server_cpu_seconds=round(after - before, 2),
        peak_mib=round(peak / 2**20, 1),
    )
    return cost, child.returncode, text


def memory_bytes(pid: int) -> int:
    """Resident memory of a process and all it started, now; 0 when it has ended."""
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        return sum(each.memory_info().rss for each in [process, *process.children()])
    return 0


def _server() -> int | None:
    return Cluster(default_home()).status().pid


def stranger(public: Path, *options: str) -> tuple[Cost, int, str]:
    """Run verify/recompute.py over a published log, as anyone would."""
    vkey = (public / "vkey").read_text().strip()
    arguments = [sys.executable, str(SCRIPT), str(public), "--vkey", vkey, *options]
    return run_measured(arguments, dict(os.environ))


def house_audit(home: Path, name: str, public: Path) -> tuple[Cost, int, str]:
    """Run `jusha audit` over the database and its published log."""
    arguments = [sys.executable, "-m", "jusha", "audit", "--log", str(public)]
    url = database_url("owner", home, name)
    return run_measured(arguments, os.environ | {"DATABASE_URL": url})


def lie(public: Path, size: int) -> None:
    """Make the last full bundle of a copied log say one fen more of one match."""
    bundle = public / bundle_path(size // BUNDLE - 1)
    raw = bundle.read_bytes()
    place = raw.index(b'"m":[{"amt":') + len(b'"m":[{"amt":')
    digit = b"2" if raw[place : place + 1] == b"1" else b"1"
    bundle.write_bytes(raw[:place] + digit + raw[place + 1 :])


def must(what: str, outcome: tuple[Cost, int, str], code: int) -> Cost:
    """Return the cost of a check that ended as it had to. Raises BenchFailedError."""
    cost, ended, said = outcome
    if ended != code:
        raise BenchFailedError(f"{what} ended with {ended}: {said[-2000:]}")
    return cost


def measure(home: Path, gifts: int, tell: Tell) -> dict[str, Any]:
    """Live, check by both, tell a lie and have it found; the figures of the result line."""
    costs: dict[str, Cost] = {}
    with (
        database(home, "audit", schema=True) as name,
        tempfile.TemporaryDirectory(dir=home, prefix="bench-audit-") as folder,
    ):
        size = live(home, name, Path(folder), gifts)
        public = Path(folder) / "public"
        tell(f"{size:,} entries lived and published\n{HEAD}")
        ways: dict[str, Callable[[], tuple[Cost, int, str]]] = {
            "stranger": lambda: stranger(public),
            "stranger, one process": lambda: stranger(public, "--jobs", "0"),
            "stranger, --plain": lambda: stranger(public, "--plain"),
            "jusha audit": lambda: house_audit(home, name, public),
        }
        for way, check in ways.items():
            costs[way] = must(way, check(), 0)
            tell(row_of(way, costs[way], size))
        lie(public, size)
        must("the stranger's script, told a lie,", stranger(public), 1)
    return {"entries": size, "of": {way: asdict(cost) for way, cost in costs.items()}}


HEAD: Final = "check                    seconds   cpu s  server s   µs cpu/entry  peak MiB"


def row_of(way: str, cost: Cost, size: int) -> str:
    """One line of the table under HEAD."""
    each = (cost.cpu_seconds + cost.server_cpu_seconds) / size * 1e6
    return (
        f"{way:24s} {cost.seconds:7.1f} {cost.cpu_seconds:7.1f} {cost.server_cpu_seconds:9.1f}"
        f" {each:14.1f} {cost.peak_mib:9.0f}"
    )


def run(
    *, quick: bool, tell: Tell, gifts: int | None = None, record: bool = True
) -> dict[str, Any]:
    """Measure, print, and append one line to the results; returns the figures.

    Raises BenchFailedError, NotEmbeddedError.
    """
    home = default_home()
    gifts = gifts or (GIFTS_QUICK if quick else GIFTS)
    figures = {"gifts": gifts, "load": round(os.getloadavg()[0], 1)} | measure(home, gifts, tell)
    if record:
        postgres = server_version(database_url("owner", home)) or ""
        append_result("audit-quick" if quick else "audit", figures, postgres=postgres)
    tell("both found nothing in the honest log; the stranger found one fen in a copy that lied")
    return figures


def main() -> None:
    """Run from the command line: `python -m benchmarks.bench_audit [--gifts N] [--no-record]`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute, less exact")
    parser.add_argument("--gifts", type=int, help="how many gifts (default: a million)")
    parser.add_argument("--no-record", action="store_true", help="append nothing to results.jsonl")
    options = parser.parse_args()
    run(
        quick=options.quick,
        tell=lambda line: print(line, flush=True),
        gifts=options.gifts,
        record=not options.no_record,
    )


if __name__ == "__main__":
    main()
