"""What counting a gift for its team costs, for a hundred thousand teams and for one that grows.

Gifts are put set-based into a throwaway database: half of them spread over 100,000 teams, half in
one sub-team of a team of 7,541 members (what one starter brought, facts of 2016). The room's own
statement counts them, 5,000 entries at a time. Figures are milliseconds of a statement, the median
of the first and of the last ten of each half.
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
from jusha.config.postgres import database_url, default_home, server_version
from jusha.teams.count_gifts import MOST
from jusha.teams.rules import RECENT

COUNT_SQL: Final = (Path(__file__).parent.parent / "jusha/teams/sql/count_gifts.sql").read_text()
GIFTS: Final = 1_000_000
QUICK_GIFTS: Final = 100_000
TEAMS, MEMBERS, PAYERS = 100_000, 7_541, 400_000
FIRST_ORDER: Final = 202609090000000000
ENDS: Final = 10
"""Statements whose median is told, at each end."""

WORLD_SQL: Final = """
INSERT INTO charities_payee VALUES (1, 'charity', 0);
INSERT INTO projects_fund (project, code, payee, running_permille, state, number)
VALUES (1, 'project', 1, 0, 'open', 0);
INSERT INTO jusha_team (code, kind, title, story, figure, project, company, target, above, captain,
    handover, state, opened_on, ends_on, at)
SELECT 'team-' || n, 'friends', 'x', 'x', '', 'project', '', 100000,
       CASE WHEN n = 1 THEN ARRAY['team-0'] ELSE '{}' END, gen_random_uuid(), '', 'open',
       current_date, current_date + 20, now()
FROM generate_series(0, %(teams)s) n;
INSERT INTO jusha_teammember (team, account, token, came_by, depth, at)
SELECT 'team-0', gen_random_uuid(), n::text, 0, 1, now() FROM generate_series(1, %(members)s) n"""
GIFTS_SQL: Final = """
INSERT INTO giving_deed
SELECT n, 1, 0, 1, 1, 100 + n %% 5000,
       md5(((hashint8(n) & 2147483647) %% %(payers)s)::text)::uuid, %(order)s + n,
       now(), now(), sha256(int8send(n)), 0, 0, false
FROM generate_series(%(first)s::bigint, %(last)s::bigint) n;
INSERT INTO payments_paid SELECT %(order)s + n, n
FROM generate_series(%(first)s::bigint, %(last)s::bigint) n;
INSERT INTO jusha_attribution (order_no, team, company, scene, province, at)
SELECT %(order)s + n, CASE WHEN n < %(half)s THEN 'team-' || 2 + n * 7919 %% (%(teams)s - 1)
                      ELSE 'team-1' END, '', '', '', now()
FROM generate_series(%(first)s::bigint, %(last)s::bigint) n"""


def run(*, quick: bool, tell: Callable[[str], object] = print) -> None:
    """Measure, tell, and append one line to the results."""
    home, gifts = default_home(), QUICK_GIFTS if quick else GIFTS
    load = round(os.getloadavg()[0], 1)
    with database(home, "teams", schema=True) as name:
        url = database_url("owner", home, name)
        with psycopg.connect(url, autocommit=True) as connection:
            furnish(connection, gifts)
            figures = measure(connection, gifts)
        version = server_version(url) or "?"
    tell(str(figures))
    append_result("teams", {"load_average": load, "gifts": gifts} | figures, postgres=version)


def furnish(connection: psycopg.Connection[Any], gifts: int) -> None:
    """Put the invented world in; bodies and places of the money line are of no meaning here."""
    told = {
        "teams": TEAMS, "members": MEMBERS, "payers": PAYERS, "order": FIRST_ORDER,
        "half": gifts // 2, "first": 0, "last": gifts - 1,
    }  # fmt: skip
    with psycopg.ClientCursor(connection) as cursor:
        cursor.execute(WORLD_SQL, told)
        cursor.execute("SELECT jusha_make_partitions(%s)", (gifts,))
        cursor.execute(GIFTS_SQL, told)
        cursor.execute("ANALYZE")


def measure(connection: psycopg.Connection[Any], gifts: int) -> dict[str, Any]:
    """Count everything; the medians of the statements, and what the totals came to."""
    took = []
    while True:
        began = time.perf_counter()
        asked = {"most": MOST, "recent": RECENT}
        if connection.execute(COUNT_SQL, asked).fetchone() is None:
            break
        took.append((time.perf_counter() - began) * 1000)
    spread, one = took[: len(took) // 2], took[len(took) // 2 :]
    row = connection.execute(
        "SELECT sum(gifts) FILTER (WHERE code <> 'team-0'), count(*) FROM jusha_teamtotal"
    ).fetchone()
    assert row is not None
    assert row[0] == gifts, "each gift is counted for its team, once"
    return {
        "entries_a_statement": MOST,
        "spread_first_ms": round(median(spread[:ENDS]), 1),
        "spread_last_ms": round(median(spread[-ENDS:]), 1),
        "one_team_first_ms": round(median(one[:ENDS]), 1),
        "one_team_last_ms": round(median(one[-ENDS:]), 1),
        "teams_with_gifts": row[1],
        "gifts_a_second": round(gifts / (sum(took) / 1000)),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer gifts")
    run(quick=parser.parse_args().quick)
