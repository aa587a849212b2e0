-- Expenses that cover [from, to) of the programme line and of the running line of a project, how many
-- fen of them lie there, and the request that each names. Expenses of a line touch: the first that
-- matters is the last that begins at or before `from`.
-- Reads: projects_expense, projects_fund, jusha_decision. Writes: nothing.
SELECT e.number, f.code, e.line, e.amount, least(e.upto, asked.upto) - greatest(e.start, asked.start) AS mine, e.what,
       to_char(e.at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD') AS on_day, e.words, d.body
FROM (VALUES (1, %(programme_from)s::bigint, %(programme_to)s::bigint),
             (2, %(running_from)s::bigint, %(running_to)s::bigint)) AS asked (line, start, upto)
CROSS JOIN LATERAL (
    SELECT x.* FROM projects_expense x
    WHERE x.project = %(project)s AND x.line = asked.line AND asked.start < asked.upto
      AND x.start < asked.upto AND x.upto > asked.start
      AND x.start >= coalesce((SELECT max(b.start) FROM projects_expense b
                               WHERE b.project = %(project)s AND b.line = asked.line
                                 AND b.start <= asked.start), 0)
    ORDER BY x.start LIMIT %(count)s
) AS e
JOIN projects_fund f ON f.project = e.project
LEFT JOIN jusha_decision d ON d.kind = 'expense'
    AND d.id = CASE WHEN e.ref ~ '^E[1-9][0-9]{0,14}$' THEN substr(e.ref, 2)::bigint END
ORDER BY e.number
