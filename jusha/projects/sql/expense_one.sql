-- One expense with the request that it names.
-- Reads: projects_expense, projects_fund, jusha_decision. Writes: nothing.
SELECT e.number, f.code, e.line, e.amount, e.amount AS mine, e.what,
       to_char(e.at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD') AS on_day, e.words, d.body
FROM projects_expense e
JOIN projects_fund f ON f.project = e.project
LEFT JOIN jusha_decision d ON d.kind = 'expense'
    AND d.id = CASE WHEN e.ref ~ '^E[1-9][0-9]{0,14}$' THEN substr(e.ref, 2)::bigint END
WHERE e.number = %(number)s
