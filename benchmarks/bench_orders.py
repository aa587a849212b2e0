"""What an order costs in processor time, without and with a rail's signature.

Without: the private record sealed, the commitment made, the order appended (jusha.payments.order).
With: the same, and then what the payments process does: read the settled order, sign (RSA-2048),
ask WeChat Pay's simulated gateway over HTTP, check the signature of its answer, keep the code.
Counted is our processes' own time, so the gateway's is left out, and PostgreSQL's is counted apart.
Both are measured one order at a time and in rows of a hundred; rounds alternate.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.results import append_result
from benchmarks.throwaway import database
from jusha.config.postgres import database_url, default_home, prepare, server_version

EACH: Final = 300
ROW: Final = 100
CHILD: Final = "import sys; from benchmarks.bench_orders import child; child(sys.argv[1:])"


def child(arguments: list[str]) -> None:
    """Measure in a process whose Django works on the benchmark's database; prints figures."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "jusha.config.settings"
    import django  # noqa: PLC0415 - the database is chosen before

    django.setup()
    rounds, folder = int(arguments[0]), Path(arguments[1])
    from benchmarks.orders_world import World  # noqa: PLC0415 - models

    with World(folder) as world:
        kinds: dict[str, Callable[[int], None]] = {
            "alone": world.place_one_by_one,
            "row": lambda count: world.place_rows(count, ROW),
            "signed": world.place_and_show,
        }
        spent: dict[str, list[tuple[float, float, float]]] = {name: [] for name in kinds}
        for verb in kinds.values():
            verb(ROW)
        for _ in range(rounds):
            for name, verb in kinds.items():
                before, server = time.process_time(), world.server_seconds()
                began = time.monotonic()
                verb(EACH)
                spent[name].append(
                    (
                        (time.process_time() - before) / EACH * 1e6,
                        (world.server_seconds() - server) / EACH * 1e6,
                        EACH / (time.monotonic() - began),
                    )
                )
    for name, rows in spent.items():
        ours, theirs, rate = (round(median(each), 1) for each in zip(*rows, strict=True))
        sys.stdout.write(f"{name} {ours} {theirs} {rate}\n")


def run(*, rounds: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """Measure, print, and append one line to the results; returns that line."""
    home = default_home()
    prepare(home)
    with (
        database(home, "orders", schema=True) as name,
        tempfile.TemporaryDirectory() as folder,
    ):
        told = subprocess.run(
            [sys.executable, "-c", CHILD, str(rounds), folder],
            env=os.environ | {"DATABASE_URL": database_url("owner", home, name)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    figures: dict[str, Any] = {}
    for line in told.splitlines():
        kind, ours, theirs, rate = line.split()
        per_core = round(1e6 / (float(ours) + float(theirs)))
        figures |= {
            f"{kind}_us": float(ours),
            f"{kind}_server_us": float(theirs),
            f"{kind}_per_core": per_core,
        }
        tell(
            f"{kind:8} {ours:>8} µs here, {theirs:>8} µs in PostgreSQL: {per_core} a second"
            f" on one processor; {rate} a second in this run"
        )
    version = server_version(database_url("owner", home)) or ""
    return append_result("orders", figures, postgres=version)


def main() -> None:
    """Run from the command line: `python -m benchmarks.bench_orders [--rounds 5]`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    run(rounds=parser.parse_args().rounds, tell=lambda line: print(line, flush=True))


if __name__ == "__main__":
    main()
