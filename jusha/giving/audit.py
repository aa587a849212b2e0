"""Audit of deeds: the replay guard, orders, cases, refunds, and their place in the money line.

Deeds are compared with their log entries and transfers one by one in settlement.audit_leaves.
"""

from typing import Any, Final

from psycopg import Connection

from jusha.giving.audit_matches import check_matches
from jusha.ledger.findings import Finding, found_by

SEEN_SQL: Final = """
SELECT format('deed %s', number), CASE WHEN d.number IS NOT NULL THEN 'seen once' END,
       CASE WHEN s.times > 0 THEN format('seen %s times, body %s', s.times, s.body) END
FROM giving_deed d
FULL JOIN (SELECT number, count(*) AS times, min(body) AS body FROM giving_seen
           GROUP BY number) s USING (number)
WHERE d.number IS NULL OR s.times IS DISTINCT FROM 1
   OR s.body <> ('x' || encode(substr(d.body, 1, 8), 'hex'))::bit(64)::bigint
ORDER BY number"""

CASES_SQL: Final = """
SELECT format('deed %s', d.number), 'a case', NULL
FROM giving_deed d WHERE d.held AND NOT EXISTS (SELECT FROM giving_case c WHERE c.number = d.number)
ORDER BY d.number"""

PAID_SQL: Final = """
SELECT format('order %s', coalesce(p.order_no, d.order_no)),
       CASE WHEN d.number IS NOT NULL THEN format('paid by %s', d.number) END,
       CASE WHEN p.number IS NOT NULL THEN format('paid by %s', p.number) END
FROM (SELECT number, order_no FROM giving_deed WHERE NOT held AND order_no <> 0) d
FULL JOIN payments_paid p ON p.order_no = d.order_no AND p.number = d.number
WHERE d.number IS NULL OR p.number IS NULL
ORDER BY 1"""

ORDERS_SQL: Final = """
SELECT format('deed %s of order %s', d.number, d.order_no),
       format('project %s, campaign %s, asset %s, amount %s',
              o.project, o.campaign, o.asset, o.amount),
       format('project %s, campaign %s, asset %s, amount %s',
              d.project, d.campaign, d.asset, d.amount)
FROM giving_deed d LEFT JOIN payments_order o ON o.no = d.order_no
WHERE NOT d.held AND d.order_no <> 0
  AND (o.project, o.campaign, o.asset, o.amount)
      IS DISTINCT FROM (d.project, d.campaign, d.asset, d.amount)
ORDER BY d.number"""

REFUNDS_SQL: Final = """
WITH refunds AS (
    SELECT number, deed, amount, matched,
           sum(amount) OVER (PARTITION BY deed ORDER BY number) - amount AS done
    FROM giving_refund
), returned AS (
    SELECT r.number, r.deed, r.amount, r.matched, r.done, d.amount AS whole,
           coalesce(sum(div(m.amount * (r.done + r.amount), d.amount::numeric)
                        - div(m.amount * r.done, d.amount::numeric)), 0) AS back
    FROM refunds r
    LEFT JOIN giving_deed d ON d.number = r.deed
    LEFT JOIN matching_match m ON m.id >= d.number * 16 AND m.id < (d.number + 1) * 16
    GROUP BY r.number, r.deed, r.amount, r.matched, r.done, d.amount
)
SELECT format('refund %s of deed %s', number, deed),
       format('up to %s, match %s', whole - done, back), format('%s, match %s', amount, matched)
FROM returned
WHERE whole IS NULL OR deed >= number OR done + amount > whole OR matched <> back
ORDER BY number"""

LINES_SQL: Final = """
WITH cut AS (
    SELECT d.project, d.number, d.programme_at, d.running_at, d.amount,
           d.amount * f.running_permille / 1000 AS running
    FROM giving_deed d JOIN projects_fund f ON f.project = d.project
    WHERE NOT d.held
), placed AS (
    SELECT *, coalesce(lag(programme_at + amount - running) OVER line, 0) AS programme_from,
           coalesce(lag(running_at + running) OVER line, 0) AS running_from
    FROM cut WINDOW line AS (PARTITION BY project ORDER BY number)
)
SELECT format('deed %s', number), format('programme %s, running %s', programme_from, running_from),
       format('programme %s, running %s', programme_at, running_at)
FROM placed
WHERE (programme_at, running_at) <> (programme_from, running_from)
ORDER BY number"""

HEADS_SQL: Final = """
WITH cut AS (
    SELECT d.project, d.amount, d.amount * f.running_permille / 1000 AS running
    FROM giving_deed d JOIN projects_fund f ON f.project = d.project WHERE NOT d.held
), summed AS (
    SELECT project, sum(amount - running) AS programme, sum(running) AS running
    FROM cut GROUP BY project
)
SELECT format('project %s', f.code),
       format('programme %s, running %s', coalesce(s.programme, 0), coalesce(s.running, 0)),
       format('programme %s, running %s', f.programme_head, f.running_head)
FROM projects_fund f LEFT JOIN summed s ON s.project = f.project
WHERE (coalesce(s.programme, 0), coalesce(s.running, 0)) <> (f.programme_head, f.running_head)
ORDER BY f.project"""

NO_FUND_SQL: Final = """
SELECT format('deed %s', d.number), 'a known fund', d.project
FROM giving_deed d LEFT JOIN projects_fund f ON f.project = d.project
WHERE NOT d.held AND f.project IS NULL ORDER BY d.number"""

VOIDS_SQL: Final = """
SELECT format('refund %s', r.number), r.amount, coalesce(sum(v.length), 0)
FROM giving_refund r
JOIN giving_deed d ON d.number = r.deed AND NOT d.held
LEFT JOIN projects_void v ON v.number = r.number
GROUP BY r.number, r.amount HAVING r.amount <> coalesce(sum(v.length), 0)
ORDER BY r.number"""

VOID_PLACES_SQL: Final = """
WITH cut AS (
    SELECT v.project, v.line, v.number, v.start, v.length, r.deed, d.project AS of_deed,
           CASE v.line WHEN 1 THEN d.programme_at ELSE d.running_at END AS low,
           CASE v.line WHEN 1 THEN d.programme_at + d.amount - d.amount * f.running_permille / 1000
                       ELSE d.running_at + d.amount * f.running_permille / 1000 END AS high
    FROM projects_void v
    LEFT JOIN giving_refund r ON r.number = v.number
    LEFT JOIN giving_deed d ON d.number = r.deed AND NOT d.held
    LEFT JOIN projects_fund f ON f.project = d.project
)
SELECT format('refund %s of deed %s, project %s line %s', number, deed, project, line),
       format('within project %s from %s to %s', of_deed, low, high),
       format('project %s from %s to %s', project, start, start + length)
FROM cut
WHERE of_deed IS DISTINCT FROM project OR start < low OR start + length > high
ORDER BY number"""

CHECKS: Final = (
    ("deed is not in the replay guard exactly once", SEEN_SQL),
    ("held deed has no case", CASES_SQL),
    ("order and its payment do not name each other", PAID_SQL),
    ("gift is not what its order says", ORDERS_SQL),
    ("refund is too large or returns another match", REFUNDS_SQL),
    ("gift of no fund", NO_FUND_SQL),
    ("gift does not start where the one before it ended", LINES_SQL),
    ("line's head is not the sum of its gifts", HEADS_SQL),
    ("refund is not the sum of its voids", VOIDS_SQL),
    ("void outside its deed's interval", VOID_PLACES_SQL),
)


def check(connection: Connection[Any]) -> list[Finding]:
    """Check deeds, refunds, money lines and matches.

    Reads: the giving tables, payments_order, payments_paid, payments_channel,
    payments_channel_use, projects_fund, projects_void, the matching tables.
    """
    return [
        finding for what, sql in CHECKS for finding in found_by(connection, "giving", what, sql)
    ] + check_matches(connection)
