"""What the rules against abuse of matches find in ten million gifts, how surely, and at what cost.

The day of benchmarks/abuse_world.py lies in a throwaway database; then the job's own scan reads it
slice after slice, opens cases and asks for the holds. Precision is how many of the accounts found
were planted, recall how many of the planted were found. Nothing settles beside it.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median
from typing import Any, Final

import psycopg

from benchmarks.abuse_world import KINDS, WHOLE, accounts, furnish, marks
from benchmarks.results import append_result
from benchmarks.throwaway import database
from jusha.config.postgres import database_url, default_home, server_version

QUICK_GIFTS: Final = 200_000
ENDS: Final = 10
"""Slices whose median is told, at each end."""
KIB: Final = 1_024


def run(*, quick: bool, tell: Callable[[str], object] = print) -> None:
    """Measure, tell, and append one line to the results."""
    home, gifts = default_home(), QUICK_GIFTS if quick else WHOLE
    load = round(os.getloadavg()[0], 1)
    with database(home, "abuse", schema=True) as name:
        url = database_url("owner", home, name)
        with psycopg.connect(url, autocommit=True) as owner:
            tell(f"{gifts:,} gifts are there after {furnish(owner, gifts):.0f} s")
            here = os.environ | {"JUSHA_DB_ROLE": "owner", "DATABASE_URL": url}
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.bench_abuse", "--inside"],
                env=here, check=True, stdout=subprocess.PIPE,
            )  # fmt: skip
            figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
            figures |= judged(accounts(owner), tell)
            sizes = owner.execute(
                "SELECT count(*), pg_total_relation_size('jusha_guardtrace'),"
                " (SELECT count(*) FROM jusha_abusecase), (SELECT count(*) FROM jusha_abusegift)"
                " FROM jusha_guardtrace"
            ).fetchone()
        version = server_version(url) or "?"
    assert sizes is not None
    names = ("traces", "trace_bytes", "cases", "gifts_held")
    figures |= dict(zip(names, sizes, strict=True))
    tell(str(figures))
    append_result("abuse", {"load_average": load, "gifts": gifts} | figures, postgres=version)


def judged(found: dict[str, dict[int, int]], tell: Callable[[str], object]) -> dict[str, Any]:
    """Precision and recall in per mille, of each rule and of all together."""
    there = found.pop("all")
    told: dict[str, Any] = {}
    for rule, kinds in sorted(found.items()):
        right, all_found, planted, honest = marks(kinds, there)
        told[rule] = {
            "found": all_found, "planted_found": right, "honest_found": honest,
            "precision_permille": right * 1000 // all_found,
            "recall_permille": right * 1000 // planted,
        }  # fmt: skip
    for kind, name in KINDS.items():
        seen = found.get("any", {}).get(kind, 0)
        tell(f"{name:34} {seen:>9,} of {there.get(kind, 0):>9,} accounts found")
    return {"planted": marks({}, there)[2], "rules": told}


def inside() -> dict[str, Any]:
    """Scan everything that is there; run in a process of its own, bound to the database."""
    from jusha.guarding.scan import scan  # noqa: PLC0415 - models

    now, steps = datetime(2026, 9, 10, tzinfo=UTC), list[float]()
    while True:
        began = time.perf_counter()
        if not scan(now, slices=1):
            break
        steps.append((time.perf_counter() - began) * 1_000)
    return {
        "slices": len(steps),
        "seconds": round(sum(steps) / 1_000, 0),
        "first_slices_ms": round(median(steps[:ENDS]), 0),
        "last_slices_ms": round(median(steps[-ENDS:]), 0),
        "slowest_slice_ms": round(max(steps), 0),
        "process_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // KIB,
    }


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside:
        print(json.dumps(inside()))
    else:
        run(quick=asked.quick)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jusha.config.settings")
    import django

    django.setup()
    main()
