"""Audit of matches against the ledger: each is one promise, and no pool was ever overdrawn.

Caps, windows and rules need the deeds and are checked above, in giving.audit_matches.
"""

from typing import Any, Final

from psycopg import Connection

from jusha.ledger.findings import Finding, found_by
from jusha.matching.rules import BY

TERMS_SQL: Final = """
SELECT format('match %s', m.id), format('pool %s', r.pool), format('pool %s', m.pool)
FROM matching_match m LEFT JOIN matching_rule r ON r.id = m.rule
WHERE r.pool IS DISTINCT FROM m.pool OR m.bound < 0 OR m.bound >= bounds_known
ORDER BY m.id"""

TRANSFERS_SQL: Final = """
SELECT format('match %s of pool %s', m.id, p.code),
       format('%s from available %s to promised', m.amount, p.code),
       CASE WHEN t.id IS NOT NULL THEN format('%s from %s %s to %s %s', t.amount, d.kind, d.owner,
                                              c.kind, c.owner) END
FROM matching_match m
LEFT JOIN matching_pool p ON p.id = m.pool
LEFT JOIN ledger_transfer t ON t.id = m.id
LEFT JOIN ledger_account d ON d.id = t.debit
LEFT JOIN ledger_account c ON c.id = t.credit
WHERE t.amount IS DISTINCT FROM m.amount OR d.book IS DISTINCT FROM 'pool:' || p.code
   OR d.kind <> 'available' OR c.kind <> 'promised'
ORDER BY m.id"""

OVERDRAWN_SQL: Final = """
SELECT format('pool %s after transfer %s', owner, id), '0 or more', rest
FROM (SELECT a.owner, t.id, sum(t.amount) OVER (PARTITION BY a.id ORDER BY t.id) AS rest
      FROM ledger_account a
      JOIN (SELECT debit AS account, id, -amount AS amount FROM ledger_transfer
            UNION ALL SELECT credit, id, amount FROM ledger_transfer) t ON t.account = a.id
      WHERE a.kind = 'available') AS moves
WHERE rest < 0 ORDER BY id"""

WINDOWS_SQL: Final = """
SELECT format('pool %s', coalesce(m.pool, w.pool)),
       format('%s matched', coalesce(m.amount, 0)), format('%s used', coalesce(w.used, 0))
FROM (SELECT pool, sum(amount) AS amount FROM matching_match GROUP BY pool) m
FULL JOIN (SELECT pool, sum(used) AS used FROM matching_window GROUP BY pool) w ON w.pool = m.pool
WHERE coalesce(m.amount, 0) <> coalesce(w.used, 0)
UNION ALL
SELECT format('pool %s day %s', pool, day), format('up to %s', budget), format('%s used', used)
FROM matching_window WHERE used > budget"""


def check(connection: Connection[Any]) -> list[Finding]:
    """Check matches and pools. Reads: the matching tables, ledger_account, ledger_transfer."""
    return [
        *found_by(
            connection, "matching", "match by a rule of another pool or an unknown bound",
            TERMS_SQL.replace("bounds_known", str(len(BY))),
        ),
        *found_by(connection, "matching", "match is not its transfer", TRANSFERS_SQL),
        *found_by(connection, "matching", "pool overdrawn", OVERDRAWN_SQL),
        *found_by(connection, "matching", "windows are not the sum of matches", WINDOWS_SQL),
    ]  # fmt: skip
