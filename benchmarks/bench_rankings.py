"""What five more seconds of the fullest minute cost the rankings, early and late in a campaign.

Ten million gifts are put set-based into a throwaway database: 2,000 projects of 400 charities,
20,000 teams, 200 companies, 34 provinces, six million payers. The board's own statement counts them
in slices of 80,000 (five seconds of 16,000 a second); the usual GROUP BY over everything so far is
asked in between, at a tenth, half and all of the gifts. Figures are milliseconds of the statement.
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, Final

import psycopg

from benchmarks.results import append_result
from benchmarks.throwaway import database
from jusha.campaigns.live.rank_rules import censuses
from jusha.config.postgres import database_url, default_home, server_version

SQL: Final = Path(__file__).parent.parent / "jusha/campaigns/live/sql"
STEP_SQL: Final = (SQL / "rank_step.sql").read_text()
TOP_SQL: Final = (SQL / "rank_top.sql").read_text()
GIFTS: Final = 10_000_000
QUICK_GIFTS: Final = 400_000
SLICE: Final = 80_000
PROJECTS, CHARITIES, TEAMS, COMPANIES, PAYERS = 2_000, 400, 20_000, 200, 6_000_000
FIRST_ORDER: Final = 202609090000000000
CAMPAIGN: Final = 1
LATE: Final = 10
"""Slices whose median is told, at each end."""

WORLD_SQL: Final = """
INSERT INTO charities_payee SELECT n, 'charity-' || n, 0 FROM generate_series(1, %(charities)s) n;
INSERT INTO projects_fund (project, code, payee, running_permille, state, number)
SELECT n, 'project-' || n, 1 + n %% %(charities)s, 0, 'open', 0
FROM generate_series(1, %(projects)s) n"""
GIFTS_SQL: Final = """
INSERT INTO giving_deed
SELECT n, 1, %(campaign)s, 1 + (hashint8(n) & 2147483647)::bigint * (hashint8(n + 7) & 1023)
       / 1024 %% %(projects)s, 1, 100 + n %% 5000,
       md5(((hashint8(n + 1) & 2147483647) %% %(payers)s)::text)::uuid, %(order)s + n,
       now(), now(), sha256(int8send(n)), 0, 0, false
FROM generate_series(%(first)s::bigint, %(last)s::bigint) n"""
TOLD_SQL: Final = """
INSERT INTO jusha_attribution (order_no, team, company, scene, province, at)
SELECT %(order)s + n,
       CASE WHEN n %% 5 = 0 THEN 'team-' || n / 5 %% %(teams)s ELSE '' END,
       CASE WHEN n %% 33 = 0 THEN 'company-' || n / 33 %% %(companies)s ELSE '' END, '',
       (%(provinces)s::text[])[1 + n / 3 %% 34], now()
FROM generate_series(%(first)s::bigint, %(last)s::bigint) n WHERE n %% 5 < 3"""
ALL_SQL: Final = """
SELECT k.kind, k.code, count(*), count(DISTINCT d.person), sum(d.amount)
FROM giving_deed d
JOIN projects_fund f ON f.project = d.project
JOIN charities_payee c ON c.id = f.payee
LEFT JOIN jusha_attribution t ON t.order_no = d.order_no
CROSS JOIN LATERAL (VALUES (1, f.code), (2, c.code), (3, t.team::text), (4, t.company::text),
                           (5, t.province::text)) AS k (kind, code)
WHERE d.campaign = 1 AND d.number < %(upto)s AND k.code <> '' GROUP BY 1, 2"""


def run(*, quick: bool, tell: Callable[[str], object] = print) -> None:
    """Measure, tell, and append one line to the results."""
    home, gifts = default_home(), QUICK_GIFTS if quick else GIFTS
    load = round(os.getloadavg()[0], 1)
    with database(home, "rankings", schema=True) as name:
        url = database_url("owner", home, name)
        with psycopg.connect(url, autocommit=True) as connection:
            began = time.perf_counter()
            furnish(connection, gifts)
            tell(f"{gifts:,} gifts are there after {time.perf_counter() - began:.0f} s")
            figures = measure(connection, gifts, tell)
        version = server_version(url) or "?"
    tell(str(figures))
    append_result("rankings", {"load_average": load, "gifts": gifts} | figures, postgres=version)


def furnish(connection: psycopg.Connection[Any], gifts: int) -> None:
    """Put the invented world in; bodies and places of the money line are of no meaning here."""
    sizes = {
        "projects": PROJECTS, "charities": CHARITIES, "teams": TEAMS, "companies": COMPANIES,
        "payers": PAYERS, "order": FIRST_ORDER, "campaign": CAMPAIGN,
        "provinces": list(censuses()[0].people),
    }  # fmt: skip
    with psycopg.ClientCursor(connection) as cursor:
        cursor.execute(WORLD_SQL, sizes)
    connection.execute("SELECT jusha_make_partitions(%s)", (gifts,))
    for first in range(0, gifts, 1_000_000):
        span = sizes | {"first": first, "last": min(first + 1_000_000, gifts) - 1}
        connection.execute(GIFTS_SQL, span)
        connection.execute(TOLD_SQL, span)
    for table in ("giving_deed", "jusha_attribution", "projects_fund", "charities_payee"):
        connection.execute(f"VACUUM ANALYZE {table}")


def measure(
    connection: psycopg.Connection[Any], gifts: int, tell: Callable[[str], object]
) -> dict[str, Any]:
    """Count slice after slice; the baseline in between."""
    steps: list[float] = []
    whole: dict[str, float] = {}
    ends = {gifts // 10: "tenth", gifts // 2: "half", gifts: "all"}
    for after in range(0, gifts, SLICE):
        upto = min(after + SLICE, gifts)
        steps.append(timed(connection, STEP_SQL, {"after": after, "upto": upto}))
        for end, title in ends.items():
            if after < end <= upto:
                whole[title] = timed(connection, ALL_SQL, {"upto": upto})
                tell(f"{title}: the last slice {steps[-1]:.0f} ms, GROUP BY {whole[title]:.0f} ms")
    tops = [timed(connection, TOP_SQL, {"campaign": CAMPAIGN, "most": 100}) for _ in range(5)]
    sizes = connection.execute(
        "SELECT pg_total_relation_size('jusha_rankseen'), pg_total_relation_size('jusha_ranksum'),"
        " (SELECT count(*) FROM jusha_rankseen)"
    ).fetchone()
    assert sizes is not None
    return {
        "slice_gifts": SLICE,
        "first_slices_ms": round(median(steps[1 : 1 + LATE]), 0),
        "last_slices_ms": round(median(steps[-LATE:]), 0),
        "slowest_slice_ms": round(max(steps), 0),
        "lists_ms": round(median(tops), 1),
        "group_by_ms": {title: round(ms, 0) for title, ms in whole.items()},
        "seen_bytes": sizes[0], "sums_bytes": sizes[1], "seen_rows": sizes[2],
    }  # fmt: skip


def timed(connection: psycopg.Connection[Any], query: str, values: dict[str, Any]) -> float:
    """Milliseconds of one statement with all its rows."""
    began = time.perf_counter()
    connection.execute(query.encode(), values).fetchall()
    return (time.perf_counter() - began) * 1_000


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    run(quick=parser.parse_args().quick)


if __name__ == "__main__":
    main()
