"""How many messages a second the door takes, beside the usual Django view in the same minutes.

Both sides are asked over HTTP by the same load generator with as many connections, check the
signature of a notice of 400 to 440 bytes, and answer when it is durable. Runs alternate, because
the machine's mood changes within an hour. The usual view settles its gift before it answers, as
such views do; the door leaves that to settlement (measured by bench_settle) and promises only
that nothing acknowledged is lost: afterwards every acknowledged id is looked up in the inbox.
"""

import argparse
import hashlib
import hmac
import json
import os
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any, Final

import psutil
import psycopg

from benchmarks.load import LoadPlan, LoadResult, acknowledged_ids, load_apart, read_journal
from benchmarks.requests import write_requests
from benchmarks.results import append_result
from benchmarks.throwaway import database
from benchmarks.usual_django.measure import free_port, measure_best_http
from benchmarks.workload import Gift, Workload
from jusha.config.postgres import database_url, default_home, server_version
from jusha.config.supervisor import plan as processes
from jusha.inbox.envelopes import Deed, decode
from jusha.inbox.keys import deed_key
from jusha.people.vault import load as load_secret
from jusha.people.vault import seal

CHANNEL: Final = "rail"
SECRET: Final = hashlib.sha256(b"a secret of the benchmark, no one's").digest()
PATH: Final = "/door/v1/deeds"
PER_SECOND_MAX: Final = 20_000
"""No more requests are made ready for a second of load; the journal tells if that was too few."""
SIGNED_FOR_SECONDS: Final = 240
"""A run must be over by then: a signature is good for 300 s."""
LISTEN_SECONDS: Final = 30.0
WARM_UP_SECONDS: Final = 1.0


class BenchFailedError(Exception):
    """The figures would be of no worth: something was lost, doubled or refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is measured; `seconds` of each run, a quarter of it warm-up (2 s at most).

    At `connections_alone` the door is measured without the usual view beside it.
    """

    connections: tuple[int, ...] = (64, 256)
    connections_alone: tuple[int, ...] = (512, 1024)
    rounds: int = 3
    seconds: float = 8.0
    rival_seconds: float = 4.0


QUICK: Final = Plan(
    connections=(256,), connections_alone=(), rounds=1, seconds=4.0, rival_seconds=3.0
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of the door, with what its processes spent on a message."""

    result: LoadResult
    door_us: float
    server_us: float
    row_envelopes: float


def message(gift: Gift) -> bytes:
    """The gift as a channel reports it, in about 410 bytes."""
    external_id, project, person, amount, second = gift
    told = {
        "id": external_id,
        "asset": "CNY",
        "amount": amount,
        "order": f"2026{external_id[-14:]}",
        "project": f"project-{project:04d}-reading-rooms-in-the-hills",
        "campaign": "giving-day-2026-main-venue-east-china",
        "payee": "foundation-for-reading-rooms-in-hills",
        "payer": hashlib.sha512(f"person {person}".encode()).hexdigest(),
        "paid_at": 1_788_710_400 + second,
    }
    return json.dumps(told, separators=(",", ":")).encode()


def signed_requests(gifts: Iterator[Gift]) -> Iterator[tuple[str, bytes]]:
    """(id, complete HTTP/1.1 request) for each gift, signed now; docs/door.md is the protocol."""
    timestamp = str(int(time.time()))
    head = f"jusha-hmac-v1\nPOST\n{PATH}\n{CHANNEL}\n{timestamp}\n".encode()
    for gift in gifts:
        body = message(gift)
        signature = hmac.digest(SECRET, head + body, "sha256").hex()
        lines = (
            f"POST {PATH} HTTP/1.1\r\n"
            "Host: localhost\r\n"
            "Content-Type: application/json\r\n"
            f"Jusha-Channel: {CHANNEL}\r\n"
            f"Jusha-Timestamp: {timestamp}\r\n"
            f"Jusha-Signature: v1={signature}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        yield gift[0], lines.encode() + body


@contextmanager
def open_door(home: Path, name: str) -> Iterator[tuple[int, int]]:
    """Start the door on a database as the supervisor would; yields its port and process id.

    Raises BenchFailedError if it is not ready in 30 s.
    """
    port = free_port()
    settings = SimpleNamespace(
        JUSHA_HOST="127.0.0.1",
        JUSHA_DOOR_PORT=port,
        JUSHA_WEB_PORT=port,
        STATIC_ROOT=home / "static",
        HOME=home,
    )
    child = processes(settings, sandbox=False)[0]
    here = {
        "JUSHA_HOME": str(home),
        "JUSHA_DB_ROLE": child.role,
        "DATABASE_URL": database_url("owner", home, name),
        "DATABASE_WEB_URL": database_url("web", home, name),
    }
    with subprocess.Popen(child.argv, env=os.environ | child.environment | here) as door:
        try:
            _wait_until_ready(door, port)
            yield port, door.pid
        finally:
            door.terminate()


def _wait_until_ready(door: subprocess.Popen[bytes], port: int) -> None:
    """Return when the door takes messages, that is when it knows its channels."""
    until = time.monotonic() + LISTEN_SECONDS
    while time.monotonic() < until and door.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/door/v1/health", timeout=1):
                return
        except (OSError, urllib.error.HTTPError):
            time.sleep(0.05)
    raise BenchFailedError("the door is not ready")


def cpu_seconds(processes_: list[psutil.Process]) -> float:
    """User and system time of these processes so far."""
    times = [process.cpu_times() for process in processes_]
    return sum(cpu.user + cpu.system for cpu in times)


class DoorSide:
    """The door on its database, and what has been sent and acknowledged so far."""

    def __init__(
        self, *, port: int, pid: int, watch: psycopg.Connection[Any], gifts: Iterator[Gift]
    ) -> None:
        self._port, self._watch, self._gifts = port, watch, gifts
        top = psutil.Process(pid)
        self._door = [top, *top.children(recursive=True)]
        self.acknowledged: set[str] = set()
        self.unanswered: set[str] = set()

    def run(self, connections: int, seconds: float) -> Run:
        """Load the door once. Raises BenchFailedError on any other answer than 200."""
        rows, envelopes = self._inbox()
        backends = [psutil.Process(pid) for pid in self._backends()]
        with tempfile.TemporaryDirectory() as folder:
            requests, journal = Path(folder) / "requests", Path(folder) / "journal"
            began = time.monotonic()
            count = int(seconds * PER_SECOND_MAX)
            write_requests(requests, signed_requests(islice(self._gifts, count)))
            before, server_before = cpu_seconds(self._door), cpu_seconds(backends)
            result = load_apart(
                LoadPlan(
                    port=self._port,
                    connections=connections,
                    seconds=seconds,
                    warmup_seconds=min(2.0, seconds / 4),
                ),
                requests=requests,
                journal=journal,
            )
            if time.monotonic() - began > SIGNED_FOR_SECONDS:
                raise BenchFailedError("the run took longer than its signatures are good for")
            self.acknowledged |= acknowledged_ids(journal)
            self.unanswered |= read_journal(journal).keys() - self.acknowledged
        if result.statuses.keys() != {200}:
            raise BenchFailedError(f"answers: {result.statuses}")
        rows, envelopes = self._inbox()[0] - rows, self._inbox()[1] - envelopes
        return Run(
            result=result,
            door_us=round((cpu_seconds(self._door) - before) / envelopes * 1e6, 1),
            server_us=round((cpu_seconds(backends) - server_before) / envelopes * 1e6, 1),
            row_envelopes=round(envelopes / rows, 1),
        )

    def _inbox(self) -> tuple[int, int]:
        row = self._watch.execute(
            "SELECT count(*), coalesce(sum(count), 0) FROM inbox_row"
        ).fetchone()
        assert row is not None
        return int(row[0]), int(row[1])

    def _backends(self) -> list[int]:
        """The server's processes that the door is connected to."""
        return [
            pid
            for (pid,) in self._watch.execute(
                "SELECT pid FROM pg_stat_activity"
                " WHERE datname = current_database() AND usename = 'jusha_web'"
            )
        ]

    def verify(self, deed_secret: bytes) -> int:
        """Look every acknowledged id up in the inbox; the number of deeds there.

        Raises BenchFailedError if one is missing or there twice, if the inbox holds what was
        never sent, or if a row does not hold as many as it says.
        """
        seen: Counter[bytes] = Counter()
        for lane, n, count, payload in self._watch.execute(
            "SELECT lane, n, count, payload FROM inbox_row ORDER BY lane, n"
        ):
            deeds = [envelope for envelope in decode(payload) if isinstance(envelope, Deed)]
            if len(deeds) != count:
                raise BenchFailedError(f"row {lane}/{n} says {count} and holds {len(deeds)}")
            seen.update(deed.key for deed in deeds)
        promised = {deed_key(deed_secret, CHANNEL, name) for name in self.acknowledged}
        perhaps = {deed_key(deed_secret, CHANNEL, name) for name in self.unanswered}
        if lost := promised - seen.keys():
            raise BenchFailedError(f"{len(lost)} acknowledged ids are not in the inbox")
        if doubled := [key for key, times in seen.items() if times > 1]:
            raise BenchFailedError(f"{len(doubled)} ids are in the inbox more than once")
        if strange := seen.keys() - promised - perhaps:
            raise BenchFailedError(f"{len(strange)} ids in the inbox were never sent")
        return seen.total()


HEAD: Final = (
    "connections  who     per s   p50 ms   p99 ms  generator  ratio  door us  server us  per row"
)


def row_of(connections: int, run: Run, ratio: float | None) -> str:
    """The door's line of the table under HEAD."""
    beside = f"{ratio:6.1f}" if ratio is not None else "     -"
    one = run.result
    return (
        f"{connections:11d}  door {one.per_second:8.0f} {one.p50_ms:8.1f} {one.p99_ms:8.1f}"
        f" {one.cpu_share:10.0%} {beside} {run.door_us:8.1f} {run.server_us:10.1f}"
        f" {run.row_envelopes:8.1f}"
    )


def rival_row_of(connections: int, server: tuple[int, int], one: LoadResult) -> str:
    """The usual view's line; its server's workers and threads stand at the end."""
    return (
        f"{connections:11d}  usual{one.per_second:8.0f} {one.p50_ms:8.1f} {one.p99_ms:8.1f}"
        f" {one.cpu_share:10.0%}   {server[0]} x {server[1]} threads"
    )


def measure(home: Path, plan: Plan, tell: Any) -> tuple[dict[int, list[dict[str, Any]]], int]:
    """Run all rounds, the usual view and the door in turn, then verify the inbox."""
    counts = plan.connections + plan.connections_alone
    runs = plan.rounds * len(counts)
    gifts_total = int((runs * plan.seconds + WARM_UP_SECONDS) * PER_SECOND_MAX)
    rival_workload = Workload(seed=7, prefix="41000")
    seen: dict[int, list[dict[str, Any]]] = {count: [] for count in counts}
    with (
        database(home, "door", schema=True) as ours,
        database(home, "rival", schema=False) as rival,
        psycopg.connect(database_url("owner", home, ours), autocommit=True) as watch,
    ):
        watch.execute(
            "INSERT INTO jusha_channelsecret (code, sealed, created_at) VALUES (%s, %s, now())",
            (CHANNEL, seal(load_secret(home, "channels"), SECRET, CHANNEL.encode())),
        )
        with open_door(home, ours) as (port, pid):
            gifts = Workload(gifts_total=gifts_total).gifts()
            door = DoorSide(port=port, pid=pid, watch=watch, gifts=gifts)
            door.run(16, WARM_UP_SECONDS)  # connects, and prepares its statement
            for _ in range(plan.rounds):
                for connections in plan.connections:
                    server, usual = measure_best_http(
                        database_url("owner", home, rival),
                        connections,
                        plan.rival_seconds,
                        rival_workload,
                    )
                    tell(rival_row_of(connections, server, usual))
                    run = door.run(connections, plan.seconds)
                    ratio = round(run.result.per_second / usual.per_second, 1)
                    tell(row_of(connections, run, ratio))
                    seen[connections].append({"run": run, "usual": usual, "ratio": ratio})
                for connections in plan.connections_alone:
                    run = door.run(connections, plan.seconds)
                    tell(row_of(connections, run, None))
                    seen[connections].append({"run": run})
            return seen, door.verify(load_secret(home, "dedupe"))


def figures_of(seen: list[dict[str, Any]]) -> dict[str, Any]:
    """What is remembered of one number of connections: medians of the rounds."""
    runs: list[Run] = [one["run"] for one in seen]
    figures = {
        "per_second": [run.result.per_second for run in runs],
        "p50_ms": median(run.result.p50_ms for run in runs),
        "p99_ms": median(run.result.p99_ms for run in runs),
        "generator_share": median(run.result.cpu_share for run in runs),
        "door_us": median(run.door_us for run in runs),
        "server_us": median(run.server_us for run in runs),
        "row_envelopes": median(run.row_envelopes for run in runs),
    }
    usual: list[LoadResult] = [one["usual"] for one in seen if "usual" in one]
    if not usual:
        return figures
    return figures | {
        "ratio": round(median(one["ratio"] for one in seen), 1),
        "usual_per_second": [one.per_second for one in usual],
        "usual_p50_ms": median(one.p50_ms for one in usual),
        "usual_p99_ms": median(one.p99_ms for one in usual),
    }


def run(*, quick: bool, tell: Any) -> dict[str, Any]:
    """Measure, verify, print, and append one line to the results; returns that line.

    Raises BenchFailedError, NotEmbeddedError, RivalFailedError.
    """
    plan, home = QUICK if quick else Plan(), default_home()
    tell(HEAD)
    seen, deeds = measure(home, plan, tell)
    result = append_result(
        "door-quick" if quick else "door",
        {f"connections_{count}": figures_of(rounds) for count, rounds in seen.items()}
        | {"verified": deeds, "loop": "uvloop"},
        postgres=server_version(database_url("owner", home)) or "",
    )
    for count in plan.connections:
        figures = result[f"connections_{count}"]
        tell(
            f"ratio at {count} connections: {figures['ratio']} (median of {plan.rounds});"
            f" p99 {figures['p99_ms']:.1f} ms beside {figures['usual_p99_ms']:.0f} ms"
        )
    tell(f"all {deeds} messages in the inbox were acknowledged or cut off, none lost or doubled")
    return result


def main() -> None:
    """Run from the command line: `python -m benchmarks.bench_door [--quick]`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute, less exact")
    run(quick=parser.parse_args().quick, tell=lambda line: print(line, flush=True))


if __name__ == "__main__":
    main()
