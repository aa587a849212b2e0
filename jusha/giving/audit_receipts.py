"""Audit of receipts: a paper says what its gift is, and no number is left out or used twice.

A receipt beside money that went back is a false receipt (Charity Law 38, 财综〔2024〕1号), so what
stands is held against the gift less its refunds. What the house is about to put right by itself,
within LATE_MINUTES or when the issuer answers, waits; it is wrong afterwards.
"""

from typing import Any, Final

from psycopg import Connection

from jusha.ledger.findings import Finding, capped, found_by

LATE_MINUTES: Final = 10
"""Papers follow a refund within seconds; nobody is woken for less than this."""

LEFT: Final = """
    SELECT p.id, p.kind, p.charity, p.year, p.number, p.amount, q.next_at, d.amount AS given,
           q.deed, d.amount - coalesce((SELECT sum(r.amount) FROM giving_refund r
                                        WHERE r.deed = q.deed), 0) AS remains,
           (SELECT max(b.settled_at) FROM giving_refund r
            JOIN settlement_batch b ON r.number >= b.first AND r.number < b.next
            WHERE r.deed = q.deed) AS refunded_at
    FROM jusha_receiptpaper p
    JOIN jusha_receipt q ON q.id = p.receipt
    JOIN giving_deed d ON d.number = q.deed
    WHERE p.does = 'issue'
      AND NOT EXISTS (SELECT FROM jusha_receiptpaper v WHERE v.reverses = p.id)
"""
"""Papers that stand, with what is left of their gifts."""

OVER_SQL: Final = f"""
WITH standing AS ({LEFT})
SELECT format('%s %s-%s-%s of deed %s', kind, charity, year, number, deed),
       format('at most %s', remains), amount, next_at IS NOT NULL
           OR refunded_at > now() - make_interval(mins => {LATE_MINUTES}), remains <= 0
FROM standing WHERE amount > remains ORDER BY charity, kind, year, number"""  # noqa: S608 - constants

MORE_SQL: Final = """
SELECT format('%s %s-%s-%s of deed %s', p.kind, p.charity, p.year, p.number, d.number),
       format('at most %s', d.amount), p.amount
FROM jusha_receiptpaper p
JOIN jusha_receipt q ON q.id = p.receipt
JOIN giving_deed d ON d.number = q.deed
WHERE p.does = 'issue' AND p.amount > d.amount
ORDER BY p.id"""

DEED_SQL: Final = """
SELECT format('%s %s-%s-%s', p.kind, p.charity, p.year, p.number),
       format('a gift of order %s to %s', q.order_no, p.charity),
       CASE WHEN q.id IS NULL THEN 'no receipt'
            WHEN d.number IS NULL THEN format('no deed %s', q.deed)
            ELSE format('deed %s of order %s to %s%s', d.number, d.order_no, c.code,
                        CASE WHEN d.held THEN ', held' ELSE '' END) END
FROM jusha_receiptpaper p
LEFT JOIN jusha_receipt q ON q.id = p.receipt
LEFT JOIN giving_deed d ON d.number = q.deed
LEFT JOIN projects_fund f ON f.project = d.project
LEFT JOIN charities_payee c ON c.id = f.payee
WHERE d.number IS NULL OR d.held OR d.order_no <> q.order_no OR c.code IS DISTINCT FROM p.charity
ORDER BY p.id"""

GAPS_SQL: Final = """
WITH counted AS (
    SELECT kind, charity, year, count(DISTINCT number) AS papers,
           min(number) AS low, max(number) AS high
    FROM jusha_receiptpaper GROUP BY kind, charity, year
)
SELECT format('%s %s-%s', coalesce(s.kind, c.kind), coalesce(s.charity, c.charity),
              coalesce(s.year, c.year)),
       format('1 to %s', s.last),
       format('%s numbers from %s to %s', coalesce(c.papers, 0), c.low, c.high)
FROM jusha_receiptseries s
FULL JOIN counted c ON c.kind = s.kind AND c.charity = s.charity AND c.year = s.year
WHERE s.last IS NULL OR (coalesce(c.papers, 0), coalesce(c.high, 0)) <> (s.last, s.last)
   OR c.low <> 1
ORDER BY 1"""

DOUBLES_SQL: Final = """
SELECT format('%s %s-%s-%s', kind, charity, year, number), 'one paper',
       format('%s papers', count(*))
FROM jusha_receiptpaper GROUP BY kind, charity, year, number HAVING count(*) > 1
ORDER BY 1"""

REVERSALS_SQL: Final = """
SELECT format('%s %s-%s-%s', v.kind, v.charity, v.year, v.number),
       format('receipt %s, %s, %s, %s', v.receipt, v.kind, v.charity, v.amount),
       CASE WHEN p.id IS NOT NULL
            THEN format('%s of receipt %s, %s, %s, %s', p.does, p.receipt, p.kind, p.charity,
                        p.amount) END
FROM jusha_receiptpaper v LEFT JOIN jusha_receiptpaper p ON p.id = v.reverses AND p.id < v.id
WHERE v.does = 'reverse'
  AND (p.does, p.receipt, p.kind, p.charity, p.amount)
      IS DISTINCT FROM ('issue', v.receipt, v.kind, v.charity, v.amount)
ORDER BY v.id"""

TWICE_SQL: Final = """
SELECT format('receipt %s', p.receipt), format('one %s', p.kind), count(*)
FROM jusha_receiptpaper p
WHERE p.does = 'issue' AND NOT EXISTS (SELECT FROM jusha_receiptpaper v WHERE v.reverses = p.id)
GROUP BY p.receipt, p.kind HAVING count(*) > 1
ORDER BY p.receipt"""

STATE_SQL: Final = """
SELECT format('receipt of order %s', q.order_no), format('a %s that stands', q.kind), 'none'
FROM jusha_receipt q
WHERE q.state = 'issued' AND NOT EXISTS (
    SELECT FROM jusha_receiptpaper p
    WHERE p.receipt = q.id AND p.kind = q.kind AND p.does = 'issue'
      AND NOT EXISTS (SELECT FROM jusha_receiptpaper v WHERE v.reverses = p.id))
ORDER BY q.id"""

CHECKS: Final = (
    ("receipt over more than was given", MORE_SQL),
    ("receipt's deed is not the gift that it says", DEED_SQL),
    ("receipt numbers have a gap", GAPS_SQL),
    ("receipt number is used twice", DOUBLES_SQL),
    ("reversal is not of the paper that it names", REVERSALS_SQL),
    ("two receipts stand for one gift", TWICE_SQL),
    ("receipt says issued and none stands", STATE_SQL),
)
REFUNDED: Final = "receipt of a refunded gift was not reversed"
OVER: Final = "receipt stands over more than is left of its gift"


def check(connection: Connection[Any]) -> list[Finding]:
    """Check every paper against its gift, its series and its reversal.

    Reads: jusha_receipt, jusha_receiptpaper, jusha_receiptseries, giving_deed, giving_refund,
    settlement_batch, projects_fund, charities_payee.
    """
    return [
        *_standing(connection),
        *(finding for what, sql in CHECKS for finding in found_by(connection, "giving", what, sql)),
    ]


def _standing(connection: Connection[Any]) -> list[Finding]:
    rows = connection.execute(OVER_SQL.encode()).fetchall()
    found = [
        Finding(
            "giving",
            REFUNDED if nothing_left else OVER,
            where,
            expected,
            str(amount),
            kind="waiting" if is_soon else "wrong",
        )
        for where, expected, amount, is_soon, nothing_left in rows
    ]
    return [
        each
        for what in (REFUNDED, OVER)
        for each in capped(finding for finding in found if finding.what == what)
    ]
