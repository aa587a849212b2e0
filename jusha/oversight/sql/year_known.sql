-- What this platform knows of a charity's year: what was given to its projects, and what was recorded
-- as spent for their purpose and for running costs, in fen, by the day on which settlement booked it.
-- Reads: settlement_batch, charities_payee, projects_fund, giving_deed, projects_expense.
-- Writes: nothing.
WITH span AS (
    SELECT coalesce(max(next) FILTER (WHERE settled_at < %(begins)s), 0) AS first,
           coalesce(max(next) FILTER (WHERE settled_at < %(ends)s), 0) AS upto
    FROM settlement_batch
), own AS (
    SELECT f.project FROM projects_fund f JOIN charities_payee p ON p.id = f.payee
    WHERE p.code = %(charity)s
)
SELECT (SELECT coalesce(sum(d.amount), 0)::bigint FROM giving_deed d
        WHERE d.number >= s.first AND d.number < s.upto AND NOT d.held AND d.asset = 1
          AND d.project IN (SELECT project FROM own)),
       coalesce(sum(e.amount) FILTER (WHERE e.line = 1), 0)::bigint,
       coalesce(sum(e.amount) FILTER (WHERE e.line = 2), 0)::bigint
FROM span s
LEFT JOIN projects_expense e ON e.number >= s.first AND e.number < s.upto
    AND e.project IN (SELECT project FROM own)
GROUP BY s.first, s.upto
