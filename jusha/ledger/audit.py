"""Audit of the books: every balance is the sum of its transfers, and each stays in its book."""

from typing import Any, Final

from psycopg import Connection

from jusha.ledger.findings import Finding, compared, found_by
from jusha.ledger.rules import NORMAL_SIDE

BALANCES_SQL: Final = """
WITH debited AS (SELECT debit AS id, sum(amount) AS amount FROM ledger_transfer GROUP BY debit),
    credited AS (SELECT credit AS id, sum(amount) AS amount FROM ledger_transfer GROUP BY credit),
    posted AS (SELECT id, coalesce(d.amount, 0) AS debits, coalesce(c.amount, 0) AS credits
               FROM debited d FULL JOIN credited c USING (id))
SELECT format('account %s %s %s %s', id, a.book, a.kind, a.owner),
       format('debits %s, credits %s', coalesce(p.debits, 0), coalesce(p.credits, 0)),
       CASE WHEN a.id IS NOT NULL THEN format('debits %s, credits %s', a.debits, a.credits) END
FROM ledger_account a FULL JOIN posted p USING (id)
WHERE a.id IS NULL OR a.debits <> coalesce(p.debits, 0) OR a.credits <> coalesce(p.credits, 0)
ORDER BY id"""

BOOKS_SQL: Final = """
SELECT format('transfer %s', t.first), format('%s, asset %s', d.book, d.asset),
       format('%s, asset %s', c.book, c.asset)
FROM (SELECT debit, credit, min(id) AS first FROM ledger_transfer GROUP BY debit, credit) t
JOIN ledger_account d ON d.id = t.debit
JOIN ledger_account c ON c.id = t.credit
WHERE (d.book, d.asset) <> (c.book, c.asset)
ORDER BY t.first"""

NEGATIVE_SQL: Final = """
SELECT format('account %s %s %s %s', id, book, kind, owner), '0 or more',
       normal * (debits - credits)
FROM ledger_account WHERE normal * (debits - credits) < 0 ORDER BY id"""


def check(connection: Connection[Any]) -> list[Finding]:
    """Check every account against its transfers. Reads: ledger_account, ledger_transfer."""
    sides = connection.execute("SELECT id, kind, normal FROM ledger_account ORDER BY id").fetchall()
    return [
        *found_by(connection, "ledger", "balance is not the sum of its transfers", BALANCES_SQL),
        *found_by(connection, "ledger", "transfer leaves its book or asset", BOOKS_SQL),
        *found_by(connection, "ledger", "balance below zero", NEGATIVE_SQL),
        *(
            finding
            for id_, kind, normal in sides
            for finding in compared(
                "ledger",
                f"account {id_}",
                [(f"side of a {kind} account", NORMAL_SIDE.get(kind), normal)],
            )
        ),
    ]
