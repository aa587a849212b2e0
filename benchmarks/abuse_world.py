"""A giving day with planted abuse and honest look-alikes, put set-based into a database.

Shapes follow jusha/campaigns/days.py: gifts of scripts, accounts that are reimbursed 1,000 yuan
each, one hand behind many payers. 25,244 machine-like accounts in ten million gifts are the
yardstick of 2017; a smaller day has fewer of each, at least one group of every kind.
"""

import time
from datetime import UTC, datetime
from typing import Any, Final

import psycopg

WHOLE: Final = 10_000_000
"""Gifts of the day for which the sizes below are given."""
OPENS: Final = datetime(2026, 9, 9, 1, tzinfo=UTC)
FIRST_ORDER: Final = 202609090000000000
PROJECTS: Final = 2_000
SPLITTER_GIFTS: Final = 40
RING: Final = 20
HAND: Final = 15

SPLITTER, SLOW, RING_BROWSER, RING_INVITED, HAND_BROWSER = range(1, 6)
CROWD, FAMILY, DORM, TABLET, TEAM, RICH_TEAM, QUICK, PREPARED = range(11, 19)
KINDS: Final = {
    SPLITTER: "scripts, a gift each 5 s", SLOW: "scripts, a gift each 16 s",
    RING_BROWSER: "reimbursed, one browser", RING_INVITED: "reimbursed, one inviter of 20",
    HAND_BROWSER: "one hand, 15 payers a browser",
    CROWD: "crowd", FAMILY: "families of 4 at a browser", DORM: "dorms of 7, 1,000 yuan each",
    TABLET: "volunteers' tablets, 16 payers", TEAM: "office teams of 40, 200 yuan each",
    RICH_TEAM: "teams of 35, 1,000 yuan each", QUICK: "4 gifts in the opening minute",
    PREPARED: "5 prepared gifts at once",
}  # fmt: skip
PLANTED: Final = (SPLITTER, SLOW, RING_BROWSER, RING_INVITED, HAND_BROWSER)

# What each kind brings of `count` groups: (group g, place i) -> time in seconds after the opening,
# payer, amount, browser, invitation. Groups spread over the first three hours.
SHAPES: Final = {
    SPLITTER: (11_362, SPLITTER_GIFTS, "g %% 600 + i * 5 + random()", "g", "100 + 100 * (i %% 2)",
               "NULL", "0"),
    SLOW: (1_262, SPLITTER_GIFTS, "g %% 600 + i * 16 + random() * 0.5", "g", "100", "NULL", "0"),
    RING_BROWSER: (360, RING, "g %% 7000 + i * 90", "g * 1000 + i", "100000", "g", "0"),
    RING_INVITED: (40, RING, "g %% 7000 + i * 90", "g * 1000 + i", "100000",
                   "g * 1000 + i", "900000000 + g"),
    HAND_BROWSER: (308, HAND, "g %% 9000 + i * 240", "g * 1000 + i",
                   "500 + (i * 137) %% 900", "g", "0"),
    FAMILY: (100_000, 4, "g %% 10800 + i * 40", "g * 1000 + i", "10000", "g", "0"),
    DORM: (4_000, 7, "g %% 10800 + i * 60", "g * 1000 + i", "100000", "g", "0"),
    TABLET: (50, 16, "g %% 9000 + i * 100", "g * 1000 + i", "1000", "g", "0"),
    TEAM: (400, 40, "g %% 7000 + i * 30", "g * 1000 + i", "20000", "g * 1000 + i",
           "910000000 + g"),
    RICH_TEAM: (20, 35, "g %% 7000 + i * 50", "g * 1000 + i", "100000", "g * 1000 + i",
                "920000000 + g"),
    QUICK: (20_000, 4, "i * 15 + random() * 14", "g", "1000", "g", "0"),
    PREPARED: (500, 5, "random() * 2", "g", "2000", "g", "0"),
}  # fmt: skip

STAGE_SQL: Final = """
CREATE UNLOGGED TABLE abuse_stage (
    kind smallint, at_s double precision, payer uuid, project integer, amount bigint,
    browser uuid, invite bigint)"""
GROUP_SQL: Final = """
INSERT INTO abuse_stage
SELECT {kind}, {at}, md5('payer {kind} ' || {payer})::uuid, 1 + g %% %(projects)s, {amount},
       md5('browser {kind} ' || {browser})::uuid, {invite}
FROM generate_series(1, %(groups)s::bigint) g, generate_series(0, %(size)s::bigint - 1) i"""
# The opening minute has 9.6% of a day (2020), the next 29 minutes 40%, the half hour behind 20%.
CROWD_SQL: Final = """
INSERT INTO abuse_stage
SELECT 11, CASE WHEN u < 0.096 THEN u / 0.096 * 60
                WHEN u < 0.496 THEN 60 + (u - 0.096) / 0.4 * 1740
                WHEN u < 0.696 THEN 1800 + (u - 0.496) / 0.2 * 1800
                ELSE 3600 + (u - 0.696) / 0.304 * 43200 END,
       md5('payer 11 ' || n / 2)::uuid, 1 + ((u * 1000003)::bigint %% %(projects)s)::integer,
       (ARRAY[100, 500, 990, 1000, 2000, 5000, 6600, 10000, 100000])[1 + n %% 9],
       CASE WHEN n / 2 %% 5 < 3 THEN md5('browser 11 ' || n / 2)::uuid END, 0
FROM (SELECT n, random() AS u FROM generate_series(1, %(gifts)s::bigint) n OFFSET 0) s"""
MADE_SQL: Final = """
CREATE UNLOGGED TABLE abuse_made AS
SELECT row_number() OVER (ORDER BY at_s) AS number, * FROM abuse_stage;
DROP TABLE abuse_stage"""
WORLD_SQL: Final = """
INSERT INTO payments_channel VALUES (1, 'rail', 0, '{"clock": "rail"}');
INSERT INTO campaigns_terms VALUES (1, 'day', 0, '{}');
INSERT INTO charities_payee SELECT n, 'charity-' || n, 0 FROM generate_series(1, 400) n;
INSERT INTO projects_fund (project, code, payee, running_permille, state, number)
SELECT n, 'project-' || n, 1 + n % 400, 0, 'open', 0 FROM generate_series(1, 2000) n"""
GIFTS_SQL: Final = """
INSERT INTO giving_deed
SELECT number, 1, 1, project, 1, amount, payer, %(order)s + number,
       %(opens)s + at_s * interval '1 s', %(opens)s + at_s * interval '1 s',
       sha256(int8send(number)), 0, 0, false
FROM abuse_made ORDER BY number"""
BROWSERS_SQL: Final = """
INSERT INTO jusha_orderdevice (order_no, device, day)
SELECT %(order)s + number, browser, '2026-09-09' FROM abuse_made WHERE browser IS NOT NULL
ORDER BY number"""
INVITES_SQL: Final = """
INSERT INTO payments_order (no, project, campaign, asset, amount, person, commitment, received_at,
                            invite)
SELECT %(order)s + number, project, 1, 1, amount, payer, '', %(opens)s, invite
FROM abuse_made WHERE invite > 0"""
LOG_SQL: Final = """
INSERT INTO tlog_entries VALUES (0, %s, '', decode(repeat('00', 32), 'hex'))"""
FOUND_SQL: Final = """
SELECT c.rule, m.kind, count(DISTINCT m.payer) FROM jusha_abusegift g
JOIN jusha_abusecase c ON c.id = g.case_id JOIN abuse_made m ON m.number = g.deed GROUP BY 1, 2
UNION ALL
SELECT 'any', m.kind, count(DISTINCT m.payer) FROM jusha_abusegift g
JOIN abuse_made m ON m.number = g.deed GROUP BY m.kind
UNION ALL
SELECT 'all', kind, count(DISTINCT payer) FROM abuse_made GROUP BY kind"""


def furnish(owner: psycopg.Connection[Any], gifts: int) -> float:
    """Put a day of so many gifts in; seconds that it took. `owner` commits by itself."""
    began = time.perf_counter()
    owner.execute("SELECT setseed(0.25)")
    owner.execute(STAGE_SQL)
    staged = 0
    for kind, (groups, size, at, payer, amount, browser, invite) in SHAPES.items():
        count = max(groups * gifts // WHOLE, 1)
        query = GROUP_SQL.format(
            kind=kind, at=at, payer=payer, amount=amount, browser=browser, invite=invite
        )
        owner.execute(query.encode(), {"projects": PROJECTS, "groups": count, "size": size})
        staged += count * size
    owner.execute(CROWD_SQL, {"projects": PROJECTS, "gifts": gifts - staged})
    owner.execute(MADE_SQL)
    owner.execute(WORLD_SQL)
    owner.execute("SELECT jusha_make_partitions(%s)", (gifts + 1,))
    for query in (GIFTS_SQL, BROWSERS_SQL, INVITES_SQL):
        owner.execute(query, {"order": FIRST_ORDER, "opens": OPENS})
    owner.execute(LOG_SQL, (gifts + 1,))
    for table in ("giving_deed", "jusha_orderdevice", "payments_order", "abuse_made"):
        owner.execute(f"VACUUM ANALYZE {table}".encode())
    return time.perf_counter() - began


def accounts(connection: psycopg.Connection[Any]) -> dict[str, dict[int, int]]:
    """Payers by rule and kind: found by a rule, by `any` of them, and `all` there are."""
    found: dict[str, dict[int, int]] = {}
    for rule, kind, count in connection.execute(FOUND_SQL):
        found.setdefault(rule, {})[kind] = count
    return found


def marks(found: dict[int, int], there: dict[int, int]) -> tuple[int, int, int, int]:
    """Planted accounts that were found, all that were found, planted ones, honest ones found."""
    planted = sum(count for kind, count in there.items() if kind in PLANTED)
    right = sum(count for kind, count in found.items() if kind in PLANTED)
    return right, sum(found.values()), planted, sum(found.values()) - right
