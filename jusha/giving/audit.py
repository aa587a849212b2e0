"""Audit of deeds: orders, cases, refunds and voids, each table against the others.

Deeds are compared with envelopes, entries, transfers and matches one by one in
settlement.audit_deeds, in the order of the log.
"""

from typing import Any, Final

from psycopg import Connection

from jusha.giving import audit_receipts
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
WITH back AS (
    SELECT r.number, r.amount FROM giving_refund r JOIN giving_deed d ON d.number = r.deed
    WHERE NOT d.held
    UNION ALL SELECT number, 0 FROM matching_clawback
), summed AS (
    SELECT b.number, b.amount + coalesce(debt.amount, 0) AS gone,
           coalesce((SELECT sum(v.length) FROM projects_void v WHERE v.number = b.number), 0)
               + coalesce(cover.amount, 0) AS found
    FROM back b
    LEFT JOIN ledger_transfer cover ON cover.id = b.number * 16 + 14
    LEFT JOIN ledger_transfer debt ON debt.id = b.number * 16 + 15
)
SELECT format('entry %s', number), gone, found FROM summed WHERE gone <> found ORDER BY number"""

VOID_PLACES_SQL: Final = """
WITH inside AS (
    SELECT r.number, f.project, d.amount, f.running_permille, d.programme_at, d.running_at
    FROM giving_refund r
    JOIN giving_deed d ON d.number = r.deed AND NOT d.held
    JOIN projects_fund f ON f.project = d.project
    UNION ALL
    SELECT b.number, f.project, m.amount, f.running_permille, m.programme_at, m.running_at
    FROM (SELECT number, deed FROM giving_refund
          UNION ALL SELECT number, deed FROM matching_clawback) b
    JOIN giving_deed d ON d.number = b.deed AND NOT d.held
    JOIN matching_release m ON m.project = d.project AND m.number < b.number
    JOIN projects_fund f ON f.project = d.project
), cut AS (
    SELECT number, project, 1 AS line, programme_at AS low,
           programme_at + amount - amount * running_permille / 1000 AS high FROM inside
    UNION ALL
    SELECT number, project, 2, running_at, running_at + amount * running_permille / 1000
    FROM inside
)
SELECT format('entry %s, project %s line %s', v.number, v.project, v.line),
       'within what the entry takes back', format('from %s to %s', v.start, v.start + v.length)
FROM projects_void v
WHERE NOT EXISTS (SELECT FROM cut c WHERE c.number = v.number AND c.project = v.project
                  AND c.line = v.line AND c.low <= v.start AND v.start + v.length <= c.high)
ORDER BY v.number"""

REFUND_CASES_SQL: Final = """
SELECT format('case %s', c.id),
       format('refund %s of deed %s by %s', c.entry, c.deed, c.amount),
       CASE WHEN r.number IS NOT NULL
           THEN format('refund %s of deed %s by %s', r.number, r.deed, r.amount) END
FROM jusha_refundcase c LEFT JOIN giving_refund r ON r.number = c.entry
WHERE c.state IN ('booked', 'sent', 'undelivered', 'arrived')
  AND ((r.deed, r.amount) IS DISTINCT FROM (c.deed, c.amount)
       OR c.approved_by = '' OR c.confirmed_by IN ('', c.approved_by))
ORDER BY c.id"""

RESIDUE_SQL: Final = """
SELECT format('gift %s', g.deed), format('%s by R%s to %s', x.amount, o.decision, o.receiver),
       format('%s by %s to %s', g.amount, g.reference, p.code)
FROM giving_repaid g
LEFT JOIN jusha_residuegift x ON x.deed = g.deed
LEFT JOIN jusha_residueorder o ON o.decision = x.order_id
LEFT JOIN charities_payee p ON p.id = g.residue
WHERE g.residue > 0
  AND (g.deed, g.amount, g.reference, p.code)
      IS DISTINCT FROM (x.deed, x.amount, 'R' || o.decision, o.receiver::text)
UNION ALL
SELECT format('order %s', o.decision), format('%s of %s gifts', o.amount, o.gifts),
       format('%s of %s gifts', sum(x.amount), count(x.deed))
FROM jusha_residueorder o LEFT JOIN jusha_residuegift x ON x.order_id = o.decision
GROUP BY o.decision HAVING (o.amount, o.gifts) IS DISTINCT FROM (sum(x.amount), count(x.deed))
ORDER BY 1"""

CLEARED_SQL: Final = """
SELECT format('difference %s', id), 'cleared by two',
       format('%s, then %s', proposed_by, confirmed_by)
FROM jusha_raildifference
WHERE state = 'cleared' AND (proposed_by IN ('', confirmed_by) OR confirmed_by = '')
ORDER BY id"""

CHECKS: Final = (
    ("held deed has no case", CASES_SQL),
    ("order and its payment do not name each other", PAID_SQL),
    ("gift is not what its order says", ORDERS_SQL),
    ("more was refunded than given", REFUNDS_SQL),
    ("gift of no fund", NO_FUND_SQL),
    ("what went back is not voids and cover", VOIDS_SQL),
    ("void outside what it takes back", VOID_PLACES_SQL),
    ("refund case says what was not booked", REFUND_CASES_SQL),
    ("difference of a bill was not cleared by two", CLEARED_SQL),
    ("residue is not what two decided", RESIDUE_SQL),
)


def check(connection: Connection[Any]) -> list[Finding]:
    """Check deeds, refunds, voids and receipts.

    Reads: the giving tables, jusha_raildifference, jusha_refundcase, jusha_residueorder,
    jusha_residuegift, charities_payee, payments_order,
    payments_paid, projects_fund, projects_void, matching_release, matching_clawback,
    ledger_transfer, and what `audit_receipts.check` reads.
    """
    return [
        *(finding for what, sql in CHECKS for finding in found_by(connection, "giving", what, sql)),
        *audit_receipts.check(connection),
    ]
