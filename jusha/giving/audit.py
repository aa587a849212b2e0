"""Audit of deeds: orders, cases, refunds and voids, each table against the others.

Deeds are compared with envelopes, entries, transfers and matches one by one in
settlement.audit_deeds, in the order of the log.
"""

from typing import Any, Final

from psycopg import Connection

from jusha.ledger.findings import Finding, found_by

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
SELECT format('deed %s', r.deed), d.amount, sum(r.amount)
FROM giving_refund r LEFT JOIN giving_deed d ON d.number = r.deed
GROUP BY r.deed, d.amount
HAVING d.amount IS NULL OR sum(r.amount) > d.amount OR min(r.number) <= r.deed
ORDER BY r.deed"""

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
    ("held deed has no case", CASES_SQL),
    ("order and its payment do not name each other", PAID_SQL),
    ("gift is not what its order says", ORDERS_SQL),
    ("more was refunded than given", REFUNDS_SQL),
    ("gift of no fund", NO_FUND_SQL),
    ("refund is not the sum of its voids", VOIDS_SQL),
    ("void outside its deed's interval", VOID_PLACES_SQL),
)


def check(connection: Connection[Any]) -> list[Finding]:
    """Check deeds, refunds and voids.

    Reads: the giving tables, payments_order, payments_paid, projects_fund, projects_void.
    """
    return [
        finding for what, sql in CHECKS for finding in found_by(connection, "giving", what, sql)
    ]
