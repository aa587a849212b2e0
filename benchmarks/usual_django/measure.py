"""What ``make bench`` calls: the rate of the usual Django way, in process and over HTTP.

Nothing here imports Django: the rival runs in processes of its own, with its own settings, so a
caller may have Django set up for something else.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.load import LoadPlan, LoadResult, load_apart
from benchmarks.percentiles import percentile_ms
from benchmarks.requests import write_requests
from benchmarks.usual_django.notices import signed_requests
from benchmarks.workload import Workload

ROOT = Path(__file__).resolve().parents[2]
SECRET = "a secret of the benchmark alone"  # noqa: S105 - protects nothing
CLIENTS = (1, 4, 16, 64)
# (workers, threads) of the server that were best of eight on two cores; which of them, noise says.
SERVERS = ((1, 2), (1, 8), (2, 4))
PER_SECOND_MAX = 2_000  # no more requests are made ready; the rival answers a tenth of it


class RivalFailedError(Exception):
    """A process of the usual Django way ended with an error, or never answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleRate:
    """Donations a second that were committed, and what each call took."""

    clients: int
    threads: bool
    per_second: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    cpu_share: float
    donations: int


def environment(database_url: str) -> dict[str, str]:
    """The environment of the rival's processes."""
    here = {
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": "benchmarks.usual_django.settings",
        "USUAL_DJANGO_SECRET": SECRET,
        "PYTHONPATH": str(ROOT),
    }
    return {**os.environ, **here}


def run_clients(database_url: str, told: dict[str, Any]) -> dict[str, Any]:
    """Hand a task to the command ``usual_django_clients`` and return what it saw."""
    ended = subprocess.run(
        [sys.executable, "-m", "django", "usual_django_clients"],
        input=json.dumps(told),
        env=environment(database_url),
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise RivalFailedError(ended.stderr)
    seen: dict[str, Any] = json.loads(ended.stdout)
    return seen


def measure_settle(
    database_url: str,
    clients: int,
    seconds: float,
    workload: Workload,
    *,
    threads: bool = False,
) -> SettleRate:
    """Settle the workload one transaction a gift with so many clients at once.

    Makes the schema ``usual_django`` of that database afresh, and checks its books afterwards.
    Clients are processes unless ``threads``. Raises RivalFailedError.
    """
    told = {"workload": asdict(workload), "clients": clients, "seconds": seconds}
    seen = run_clients(database_url, {**told, "threads": threads})
    took = seen["took_seconds"]
    return SettleRate(
        clients=clients,
        threads=threads,
        per_second=round(len(took) / seconds, 1),
        p50_ms=percentile_ms(took, per_mille=500),
        p99_ms=percentile_ms(took, per_mille=990),
        max_ms=percentile_ms(took, per_mille=1000),
        cpu_share=round(seen["cpu_seconds"] / seen["wall_seconds"], 2),
        donations=seen["donations"],
    )


def measure_best_settle(
    database_url: str,
    seconds: float,
    workload: Workload,
    *,
    clients: Sequence[int] = CLIENTS,
) -> tuple[SettleRate, list[SettleRate]]:
    """The best rate over several numbers of clients, and all of them."""
    rates = [measure_settle(database_url, count, seconds, workload) for count in clients]
    return max(rates, key=lambda rate: rate.per_second), rates


def free_port() -> int:
    """A TCP port of the loopback address that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def served(database_url: str, *, workers: int, threads: int) -> Iterator[int]:
    """Serve the rival's view by Granian's WSGI while the block runs; yields the port.

    The tables must exist. Raises RivalFailedError if it does not listen within 30 s.
    """
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", str(workers), "--no-ws"]
    command += ["--blocking-threads", str(threads), "--backlog", "1024", "--log-level", "error"]
    command += ["benchmarks.usual_django.wsgi:application"]
    with subprocess.Popen(command, env=environment(database_url), cwd=ROOT) as server:
        try:
            _wait_until_listening(server, port)
            yield port
        finally:
            server.terminate()


def _wait_until_listening(server: subprocess.Popen[bytes], port: int) -> None:
    """Return when the port accepts connections."""
    until = time.monotonic() + 30
    while time.monotonic() < until and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RivalFailedError(f"nothing listens on port {port}")


def measure_best_http(
    database_url: str,
    connections: int,
    seconds: float,
    workload: Workload,
    *,
    servers: Sequence[tuple[int, int]] = SERVERS,
) -> tuple[tuple[int, int], LoadResult]:
    """The best of several (workers, threads) of the server, and what it reached."""
    seen = {
        (workers, threads): measure_http(
            database_url, connections, seconds, workload, workers=workers, threads=threads
        )
        for workers, threads in servers
    }
    best = max(seen, key=lambda server: seen[server].per_second)
    return best, seen[best]


def measure_http(
    database_url: str,
    connections: int,
    seconds: float,
    workload: Workload,
    *,
    workers: int = 2,
    threads: int = 4,
    rate_per_second: float | None = None,
) -> LoadResult:
    """Post the workload over HTTP and count the answers, each sent when its gift is committed.

    Makes the schema afresh and checks its books afterwards. With ``rate_per_second`` arrivals are
    fixed in time (open loop), else each connection sends its next gift when it has its answer.
    Raises RivalFailedError.
    """
    run_clients(database_url, {"workload": asdict(workload)})
    enough = islice(signed_requests(workload, secret=SECRET), int(seconds * PER_SECOND_MAX))
    with tempfile.TemporaryDirectory() as folder:
        requests = Path(folder) / "requests"
        write_requests(requests, enough)
        with served(database_url, workers=workers, threads=threads) as port:
            plan = LoadPlan(
                port=port,
                connections=connections,
                seconds=seconds,
                warmup_seconds=min(2.0, seconds / 4),
                rate_per_second=rate_per_second,
            )
            result = load_apart(plan, requests=requests)
    run_clients(database_url, {"workload": asdict(workload), "fresh": False})
    return result
