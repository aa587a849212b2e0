"""Audit of funds: payees, and lines on which voids and expenses lie as they must.

head - voids - spent = left, and over both lines that is the balance of the fund's account.
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

GAPS_SQL: Final = """
SELECT format('project %s line %s, expense %s', project, line, number),
       format('a start at %s', before), start
FROM (SELECT *, lag(upto, 1, 0::bigint) OVER (PARTITION BY project, line ORDER BY start) AS before
      FROM projects_expense) AS expenses
WHERE start <> before ORDER BY project, line, start"""

SKIPPED_SQL: Final = """
SELECT format('project %s line %s, expense %s', e.project, e.line, e.number),
       format('%s void fen', coalesce(sum(v.length), 0)), e.skipped
FROM projects_expense e
LEFT JOIN projects_void v ON v.project = e.project AND v.line = e.line
                         AND v.start >= e.start AND v.start < e.upto
GROUP BY e.project, e.line, e.number, e.skipped, e.upto
HAVING e.skipped <> coalesce(sum(v.length), 0) OR max(v.start + v.length) > e.upto
ORDER BY e.number"""

LEFT_SQL: Final = """
SELECT format('project %s', f.code),
       format('%s left on its two lines',
              f.programme_head + f.running_head - coalesce(v.length, 0) - coalesce(e.amount, 0)),
       coalesce(a.credits - a.debits, 0)
FROM projects_fund f
JOIN charities_payee p ON p.id = f.payee
LEFT JOIN (SELECT project, sum(length) AS length FROM projects_void GROUP BY project) v
    ON v.project = f.project
LEFT JOIN (SELECT project, sum(amount) AS amount FROM projects_expense GROUP BY project) e
    ON e.project = f.project
LEFT JOIN ledger_account a ON a.book = 'charity:' || p.code AND a.kind = 'fund'
                          AND a.owner = f.code AND a.asset = 1
WHERE coalesce(a.credits - a.debits, 0)
   <> f.programme_head + f.running_head - coalesce(v.length, 0) - coalesce(e.amount, 0)
ORDER BY f.project"""

SPENT_SQL: Final = """
SELECT format('project %s line %s', project, line), format('spent up to %s', spent), upto
FROM (SELECT f.project, l.line,
             CASE l.line WHEN 1 THEN f.programme_spent ELSE f.running_spent END AS spent,
             coalesce((SELECT max(e.upto) FROM projects_expense e
                       WHERE e.project = f.project AND e.line = l.line), 0) AS upto
      FROM projects_fund f CROSS JOIN (VALUES (1), (2)) AS l (line)) AS lines
WHERE spent <> upto ORDER BY project, line"""


PLANS_SQL: Final = """
SELECT format('project %s plan %s', l.project, l.version),
       format('%s per mille, as its fund', f.running_permille), l.content ->> 'running_permille'
FROM jusha_projectplan l JOIN projects_fund f ON f.code = l.project
WHERE l.content ->> 'running_permille' IS DISTINCT FROM f.running_permille::text
ORDER BY l.project, l.version"""


def check(connection: Connection[Any]) -> list[Finding]:
    """Check funds, voids, expenses and the plans that funds were opened by.

    Reads: projects_fund, projects_void, projects_expense, charities_payee, ledger_account,
    jusha_projectplan.
    """
    return [
        *found_by(connection, "projects", "fund without a payee", PAYEES_SQL),
        *found_by(connection, "projects", "void beyond its line", BEYOND_SQL),
        *found_by(connection, "projects", "void overlaps another", OVERLAP_SQL),
        *found_by(connection, "projects", "expense does not begin where the last ended", GAPS_SQL),
        *found_by(connection, "projects", "expense skips other than the voids in it", SKIPPED_SQL),
        *found_by(connection, "projects", "line is spent to another place", SPENT_SQL),
        *found_by(connection, "projects", "fund is not what its lines have left", LEFT_SQL),
        *found_by(connection, "projects", "plan splits gifts otherwise than its fund", PLANS_SQL),
    ]
