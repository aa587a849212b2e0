"""Whether settlement keeps its rate: two million gifts in one database, tenth by tenth.

Indexes grow, caps of more persons are in use, checkpoints and autovacuum run. Each tenth waits in
the inbox before it is settled; appending it is not counted. At the end the books must agree with
the plain oracle: pool, days and projects to the fen.
"""

import argparse
import gc
import os
import time
from collections.abc import Callable
from itertools import islice
from typing import Any, Final

import psutil
import psycopg

from benchmarks.bench_settle import (
    BenchFailedError,
    furnish,
    measure_round,
    project_code,
    send,
    settle_all,
)
from benchmarks.oracle import Outcome
from benchmarks.oracle import settle as settle_plainly
from benchmarks.results import append_result
from benchmarks.throwaway import database
from benchmarks.workload import Workload
from jusha.config.postgres import Cluster, database_url, default_home, server_version
from jusha.settlement.batch import Settlement
from jusha.settlement.fence import take_over

GIFTS: Final = 2_000_000
QUICK_GIFTS: Final = 200_000
TENTHS: Final = 10
MIB: Final = 1 << 20
Tell = Callable[[str], object]


def verify(connection: psycopg.Connection[Any], workload: Workload) -> None:
    """Hold pool and projects to the oracle. Raises BenchFailedError."""
    expected: Outcome = settle_plainly(workload, workload.gifts())
    left = connection.execute(
        "SELECT credits - debits FROM ledger_account WHERE kind = 'available'"
    ).fetchone()
    found = {
        code: (donated, matched)
        for code, donated, matched in connection.execute(
            "SELECT f.code, t.donated, t.matched FROM campaigns_total t"
            " JOIN projects_fund f ON f.project = t.project"
        )
    }
    wanted = {
        project_code(project): (given, expected.matched_by_project_fen[project])
        for project, given in expected.given_by_project_fen.items()
    }
    if left != (expected.pool_left_fen,) or found != wanted:
        raise BenchFailedError("pool or projects are not as the oracle says")


def run(*, quick: bool, tell: Tell) -> dict[str, Any]:
    """Measure, verify, print, and append one line to the results; returns that line.

    Raises BenchFailedError, NotEmbeddedError.
    """
    home, gifts_total = default_home(), QUICK_GIFTS if quick else GIFTS
    workload = Workload(gifts_total=gifts_total)
    tenths: list[dict[str, float]] = []
    with (
        database(home, "sustained", schema=True) as name,
        Cluster(home).connect(name) as watch,
        psycopg.connect(database_url("settle", home, name)) as connection,
    ):
        settlement = Settlement(connection, epoch=take_over(connection, holder="bench"))
        furnish(watch, workload)
        settle_all(settlement)
        postmaster = Cluster(home).status().pid
        assert postmaster is not None, "it answers, so it lives"
        gifts, load = workload.gifts(), os.getloadavg()[0]
        for tenth in range(TENTHS):
            sent = send(watch, islice(gifts, gifts_total // TENTHS), gifts_total)
            gc.collect()
            time.sleep(1)  # what the server still writes of the appending is not settlement's
            tenths.append(measure_round(watch, settlement, sent, postmaster=postmaster))
            one = tenths[-1]
            tell(
                f"tenth {tenth + 1:2d}  {one['per_second']:8.0f} gifts/s  Python"
                f" {one['python_us']:5.1f} us  server {one['server_us']:5.1f} us"
                f"  WAL {one['wal_bytes']:5.0f} B  memory"
                f" {psutil.Process().memory_info().rss // MIB} MiB"
            )
        verify(watch, workload)
    rates = [one["per_second"] for one in tenths]
    result = append_result(
        "sustained-quick" if quick else "sustained",
        {
            "gifts": gifts_total,
            "per_second": rates,
            "last_to_first": round(rates[-1] / rates[0], 3),
            "wal_bytes": [one["wal_bytes"] for one in tenths],
            "memory_mib": psutil.Process().memory_info().rss // MIB,
            "load": round(load, 2),
        },
        postgres=server_version(database_url("owner", home)) or "",
    )
    tell(f"last tenth / first tenth: {result['last_to_first']}; books as the oracle says")
    return result


def main() -> None:
    """Run from the command line: `python -m benchmarks.bench_sustained [--quick]`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth as many gifts")
    run(quick=parser.parse_args().quick, tell=lambda line: print(line, flush=True))


if __name__ == "__main__":
    main()
