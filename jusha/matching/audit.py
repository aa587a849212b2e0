"""Audit of pools against the ledger, by sums: promises, windows and money set aside.

Each match and claim is decided again and compared one by one in settlement.audit_deeds and
settlement.audit_closings; these sums need none of that, so they stand beside it.
"""

from typing import Any, Final

from psycopg import Connection

from jusha.ledger.findings import Finding, found_by

PROMISED_SQL: Final = """
SELECT format('pool %s', p.code), coalesce(m.amount, 0), coalesce(a.amount, 0)
FROM matching_pool p
LEFT JOIN (SELECT pool, sum(amount) AS amount FROM matching_match GROUP BY pool) m ON m.pool = p.id
LEFT JOIN (SELECT book, sum(credits) AS amount FROM ledger_account
           WHERE kind = 'promised' GROUP BY book) a ON a.book = 'pool:' || p.code
WHERE coalesce(m.amount, 0) <> coalesce(a.amount, 0) ORDER BY p.id"""

SHARING_SQL: Final = """
SELECT format('pool %s', p.code), coalesce(k.waiting, 0), coalesce(a.credits - a.debits, 0)
FROM matching_pool p
LEFT JOIN (SELECT r.pool, sum(c.budget - c.paid) AS waiting
           FROM matching_closing c JOIN matching_rule r ON r.id = c.rule
           WHERE NOT c.done GROUP BY r.pool) k ON k.pool = p.id
LEFT JOIN ledger_account a
       ON a.book = 'pool:' || p.code AND a.kind = 'sharing' AND a.owner = p.code
WHERE coalesce(k.waiting, 0) <> coalesce(a.credits - a.debits, 0) ORDER BY p.id"""

# Keys of slices are Unix minutes, far above any day's number: what they count, days count too.
WINDOWS_SQL: Final = """
SELECT format('pool %s', p.code),
       format('%s matched and set aside', coalesce(m.amount, 0) + coalesce(k.waiting, 0)),
       format('%s used', coalesce(w.used, 0))
FROM matching_pool p
LEFT JOIN (SELECT pool, sum(amount) AS amount FROM matching_match GROUP BY pool) m ON m.pool = p.id
LEFT JOIN (SELECT r.pool, sum(c.budget - c.paid) AS waiting
           FROM matching_closing c JOIN matching_rule r ON r.id = c.rule
           WHERE NOT c.done GROUP BY r.pool) k ON k.pool = p.id
LEFT JOIN (SELECT pool, sum(used) AS used FROM matching_window WHERE day < 1000000
           GROUP BY pool) w ON w.pool = p.id
WHERE coalesce(m.amount, 0) + coalesce(k.waiting, 0) <> coalesce(w.used, 0)
UNION ALL
SELECT format('pool %s day %s', pool, day), format('up to %s', budget), format('%s used', used)
FROM matching_window WHERE used > budget"""

COUPONS_SQL: Final = """
SELECT format('coupon %s.%s', r.code, c.serial), 'a match of its gift', c.number
FROM matching_coupon c LEFT JOIN matching_rule r ON r.id = c.rule
WHERE NOT EXISTS (SELECT FROM matching_match m JOIN matching_rule v ON v.id = m.rule
                  WHERE m.id >= c.number * 16 AND m.id < (c.number + 1) * 16
                    AND v.family = c.rule)
ORDER BY c.rule, c.serial"""

CHECKS: Final = (
    ("promises are not the sum of matches", PROMISED_SQL),
    ("money set aside is not what closings still pay", SHARING_SQL),
    ("windows are not the sum of matches", WINDOWS_SQL),
    ("coupon was used for no match", COUPONS_SQL),
)


def check(connection: Connection[Any]) -> list[Finding]:
    """Check pools by sums. Reads: the matching tables, ledger_account."""
    return [
        finding for what, sql in CHECKS for finding in found_by(connection, "matching", what, sql)
    ]
