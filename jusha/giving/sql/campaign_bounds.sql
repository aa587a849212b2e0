-- A campaign's matches by the rule and the bound that decided them.
-- Reads: matching_match, matching_pool, matching_rule. Writes: nothing.
SELECT p.code, p.sponsor, r.code || '.' || r.version, m.bound, count(*), sum(m.amount)::bigint
FROM matching_match m
JOIN matching_pool p ON p.id = m.pool
JOIN matching_rule r ON r.id = m.rule
WHERE p.campaign = %(campaign)s
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
