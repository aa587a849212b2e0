"""How many pages a second the web process answers on one processor, uncached and from files.

The server is started as the supervisor starts it (Granian, WSGI, one worker, four threads) and held
on one processor; PostgreSQL, the teller and the load generator have the other. Home, project and
deed pages are rendered anew for every request, from a world of a giving day with gifts of a day;
deeds are asked for all over the log. What is shared for a second in the real program (the live
numbers) is shared here. Connections are kept open; each asks again when it has its answer.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Final

import psutil

from benchmarks.load import LoadPlan, LoadResult, load_apart
from benchmarks.requests import write_requests
from benchmarks.results import append_result
from benchmarks.throwaway import database
from benchmarks.usual_django.measure import free_port
from jusha.config.postgres import Cluster, database_url, default_home, server_version
from jusha.config.postgres.postmaster import find_postmaster
from jusha.config.supervisor import plan as processes

GIFTS: Final = 3_000
SERVER_CPU: Final = 0
OTHERS_CPU: Final = 1
READY_SECONDS: Final = 60.0
SEED: Final = 5


class BenchFailedError(Exception):
    """The figures would be of no worth: something answered other than 200, or nothing at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is measured: rounds of `seconds` a page, `connections` at once."""

    rounds: int = 3
    seconds: float = 6.0
    connections: int = 8


QUICK: Final = Plan(rounds=1, seconds=3.0)
PER_SECOND_MAX: Final = {"home": 3_000, "project": 3_000, "deed": 3_000, "live": 30_000,
                         "asset": 30_000}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One page: answers a second, latencies, the server's processor time an answer."""

    page: str
    per_second: float
    p50_ms: float
    p99_ms: float
    server_us: float
    generator_share: float


@contextmanager
def site(home: Path, name: str) -> Iterator[tuple[int, psutil.Process]]:
    """Furnish a world and serve it as the supervisor does; yields port and process.

    Raises BenchFailedError if nobody answers in time.
    """
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        here = os.environ | {
            "JUSHA_HOME": folder,
            "JUSHA_METRICS_PORT": "0",
            "JUSHA_WEB_PORT": str(port),
            "DATABASE_URL": database_url("owner", home, name),
            "DATABASE_WEB_URL": database_url("web", home, name),
            "DATABASE_SETTLE_URL": database_url("settle", home, name),
        }
        furnish = [sys.executable, "-m", "benchmarks.pages_world", str(GIFTS)]
        subprocess.run(furnish, env=here, check=True, stdout=subprocess.DEVNULL)
        settings = SimpleNamespace(
            JUSHA_HOST="127.0.0.1", JUSHA_WEB_PORT=port, JUSHA_DOOR_PORT=port,
            STATIC_ROOT=Path(folder) / "static", HOME=Path(folder),
        )  # fmt: skip
        settings.STATIC_ROOT.mkdir()
        children = {each.name: each for each in processes(settings, sandbox=False)}
        child, teller = children["web"], children["teller"]
        with (
            postgres_on(home, OTHERS_CPU),
            running(child.argv, here | child.environment, SERVER_CPU) as web,
            running(teller.argv, here | teller.environment, OTHERS_CPU),
        ):
            wait_until_ready(web, port)
            yield port, web


@contextmanager
def postgres_on(home: Path, cpu: int) -> Iterator[None]:
    """Hold the server of `home`, and every connection made meanwhile, on one processor."""
    found = find_postmaster(Cluster(home).place.data)
    assert found is not None, "a database was made in it"
    server = psutil.Process(found.pid)
    before = server.cpu_affinity()
    server.cpu_affinity([cpu])
    try:
        yield
    finally:
        server.cpu_affinity(before)


@contextmanager
def running(argv: list[str], environ: dict[str, str], cpu: int) -> Iterator[psutil.Process]:
    """Run a program on one processor and end it."""
    environ = environ | {"JUSHA_DB_ROLE": "web"}
    with subprocess.Popen(argv, env=environ, stdout=subprocess.DEVNULL) as started:
        process = psutil.Process(started.pid)
        process.cpu_affinity([cpu])
        try:
            yield process
        finally:
            started.terminate()


def wait_until_ready(web: psutil.Process, port: int) -> None:
    """Return when page and live file are answered. Raises BenchFailedError."""
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until and web.is_running():
        try:
            for path in ("/", "/live/today.zh-hans.html"):
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5):
                    pass
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise BenchFailedError("the pages are not ready")


def asked(page: str, count: int, port: int) -> Iterator[tuple[str, bytes]]:
    """(id, complete request) as often as asked for."""
    paths = paths_of(page)
    for n in range(count):
        head = f"GET {paths[n % len(paths)]} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n"
        yield f"{page}-{n}", head.encode()


def paths_of(page: str) -> list[str]:
    """The addresses of a kind of page."""
    if page == "project":
        from jusha.management.demo.build import WORLD  # noqa: PLC0415 - needs Django set up

        return [f"/p/{row['code']}" for row in WORLD["project"]]
    if page == "deed":
        return [f"/d/{n}" for n in random.Random(SEED).sample(range(40, GIFTS), 1_000)]  # noqa: S311
    if page == "live":
        return ["/live/today.zh-hans.html"]
    if page == "asset":
        from jusha.web.assets import asset  # noqa: PLC0415 - as above

        found = asset("live.js")
        assert found is not None
        return [f"/assets/{found.digest}/live.js"]
    return ["/"]


def measure(page: str, port: int, web: psutil.Process, plan: Plan) -> Figure:
    """Ask for one kind of page for a while. Raises BenchFailedError."""
    with tempfile.TemporaryDirectory() as folder:
        requests = Path(folder) / "requests"
        write_requests(requests, asked(page, int(plan.seconds * PER_SECOND_MAX[page]), port))
        before = cpu_seconds(web)
        result: LoadResult = load_apart(
            LoadPlan(
                port=port, connections=plan.connections, seconds=plan.seconds,
                warmup_seconds=plan.seconds / 4, cpu=OTHERS_CPU,
            ),
            requests=requests,
        )  # fmt: skip
        spent = cpu_seconds(web) - before
    if set(result.statuses) != {200} or result.unanswered:
        raise BenchFailedError(f"{page}: {result.statuses}, {result.unanswered} unanswered")
    return Figure(
        page=page, per_second=round(result.per_second, 1), p50_ms=result.p50_ms,
        p99_ms=result.p99_ms, generator_share=round(result.cpu_share, 2),
        server_us=round(spent / result.acknowledged * 1e6, 1),
    )  # fmt: skip


def cpu_seconds(top: psutil.Process) -> float:
    """User and system time of a process and its children so far."""
    times = [each.cpu_times() for each in (top, *top.children(recursive=True))]
    return sum(cpu.user + cpu.system for cpu in times)


def run(*, quick: bool, tell: Callable[[str], object] = print) -> None:
    """Measure, tell, and append one line to the results."""
    plan = QUICK if quick else Plan()
    home = default_home()
    found: dict[str, list[Figure]] = {page: [] for page in PER_SECOND_MAX}
    with database(home, "pages", schema=True) as name, site(home, name) as (port, web):
        for _ in range(plan.rounds):
            for page, figures in found.items():
                figure = measure(page, port, web, plan)
                figures.append(figure)
                tell(
                    f"{page:8} {figure.per_second:8,.0f}/s  p50 {figure.p50_ms} ms,"
                    f" p99 {figure.p99_ms} ms, server {figure.server_us} µs,"
                    f" generator {figure.generator_share:.0%} of a processor"
                )
        version = server_version(database_url("owner", home, name)) or "?"
    middle = {
        page: asdict(sorted(figures, key=lambda each: each.per_second)[len(figures) // 2])
        for page, figures in found.items()
    }
    about = {"rounds": plan.rounds, "connections": plan.connections, "gifts": GIFTS}
    load = round(os.getloadavg()[0], 1)
    append_result("pages", {"load_average": load, "pages": middle} | about, postgres=version)
    tell(f"median of all pages {median(f['per_second'] for f in middle.values()):,.0f}/s")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    run(quick=parser.parse_args().quick)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jusha.config.settings")
    import django

    django.setup()
    main()
