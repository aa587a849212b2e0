"""How long a search, a list, home and a project's page take among 130,000 projects.

A large invented world (`jusha up --scale tencent`) in a throwaway database, its index swept, then
pages asked for in turn, one at a time, interleaved with the usual `icontains` query over the same
texts. Milliseconds are of the whole page without the network; plans are EXPLAIN ANALYZE's own.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from tempfile import TemporaryDirectory
from typing import Any, Final

from benchmarks.results import append_result
from benchmarks.throwaway import database
from jusha.config.postgres import database_url, default_home, server_version

ROUNDS: Final = 150
QUICK_ROUNDS: Final = 10


def run(*, quick: bool, tell: Callable[[str], object] = print) -> None:
    """Measure, tell, and append one line to the results."""
    home = default_home()
    load = round(os.getloadavg()[0], 1)
    with database(home, "find", schema=True) as name, TemporaryDirectory() as folder:
        here = os.environ | {
            "JUSHA_HOME": folder,
            "JUSHA_DB_ROLE": "owner",
            "DATABASE_URL": database_url("owner", home, name),
            "DATABASE_WEB_URL": database_url("web", home, name),
            "DATABASE_SETTLE_URL": database_url("settle", home, name),
        }
        asked = ("small", str(QUICK_ROUNDS)) if quick else ("tencent", str(ROUNDS))
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.find_world", *asked],
            env=here, check=True, stdout=subprocess.PIPE,
        )  # fmt: skip
        figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        version = server_version(database_url("owner", home, name)) or "?"
    plans = figures.pop("plans")
    for title, lines in plans.items():
        tell(f"-- {title}")
        for line in lines:
            tell(f"   {line}")
    for kind, each in figures["pages"].items():
        tell(f"{kind:24} p50 {each['p50_ms']:9.1f} ms   p99 {each['p99_ms']:9.1f} ms")
    tell(", ".join(f"{name} {figures[name]}" for name in figures if name != "pages"))
    append_result("find", {"load_average": load} | figures, postgres=version)


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
