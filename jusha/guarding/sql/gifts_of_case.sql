-- The gifts of a case with what hangs on them, oldest first. Reads: jusha_abusegift, giving_deed,
-- projects_fund, matching_match, matching_review, matching_clawback, jusha_guardtrace.
-- Writes: nothing.
SELECT g.deed, d.person,
       coalesce((SELECT array_agg(DISTINCT t.link ORDER BY t.link) FROM jusha_guardtrace t
                 WHERE t.number = g.deed AND t.kind IN (1, 2, 3)), '{}'),
       f.code, d.amount,
       (SELECT coalesce(sum(m.amount), 0)::bigint FROM matching_match m
        WHERE m.id >= g.deed * 16 AND m.id < (g.deed + 1) * 16),
       d.effective_at,
       coalesce((SELECT r.held FROM matching_review r WHERE r.deed = g.deed
                 ORDER BY r.number DESC LIMIT 1), false),
       EXISTS (SELECT FROM matching_clawback b WHERE b.deed = g.deed)
FROM jusha_abusegift g
JOIN giving_deed d ON d.number = g.deed
JOIN projects_fund f ON f.project = d.project
WHERE g.case_id = %(case)s
ORDER BY d.effective_at, g.deed LIMIT %(most)s
