"""Audit of funds: each belongs to a known payee, and voids lie apart within their lines.

That deeds and refunds fit these lines is checked above, in giving.audit.
"""

from typing import Any, Final

from psycopg import Connection

from jusha.ledger.findings import Finding, found_by

PAYEES_SQL: Final = """
SELECT format('project %s', f.code), 'a known payee', f.payee
FROM projects_fund f LEFT JOIN charities_payee p ON p.id = f.payee
WHERE p.id IS NULL ORDER BY f.project"""

BEYOND_SQL: Final = """
SELECT format('project %s line %s, refund %s', v.project, v.line, v.number),
       format('an end up to %s', CASE v.line WHEN 1 THEN f.programme_head ELSE f.running_head END),
       v.start + v.length
FROM projects_void v LEFT JOIN projects_fund f ON f.project = v.project
WHERE f.project IS NULL
   OR v.start + v.length > CASE v.line WHEN 1 THEN f.programme_head ELSE f.running_head END
ORDER BY v.number"""

OVERLAP_SQL: Final = """
SELECT format('project %s line %s, refund %s', project, line, number),
       format('a start from %s on', before), start
FROM (SELECT *, lag(start + length) OVER (PARTITION BY project, line ORDER BY start) AS before
      FROM projects_void) AS voids
WHERE start < before ORDER BY project, line, start"""


def check(connection: Connection[Any]) -> list[Finding]:
    """Check funds and voids. Reads: projects_fund, projects_void, charities_payee."""
    return [
        *found_by(connection, "projects", "fund without a payee", PAYEES_SQL),
        *found_by(connection, "projects", "void beyond its line", BEYOND_SQL),
        *found_by(connection, "projects", "void overlaps another", OVERLAP_SQL),
    ]
