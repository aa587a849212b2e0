-- What each rule version promised out of each pool of a campaign. Named: campaign.
-- Rule 0 is what a pool's rest was spread by at its close.
-- Reads: matching_match, matching_pool, matching_rule. Writes: nothing.
SELECT p.code, coalesce(r.code || '.' || r.version, ''), count(*), sum(m.amount)::bigint
FROM matching_match m
JOIN matching_pool p ON p.id = m.pool
LEFT JOIN matching_rule r ON r.id = m.rule
WHERE p.campaign = %(campaign)s
GROUP BY 1, 2 ORDER BY 1, 2
