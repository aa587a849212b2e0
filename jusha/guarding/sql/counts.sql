-- What each rule found in each campaign and what became of it, for everybody: no persons.
-- Reads: jusha_abusecase, jusha_abusegift, jusha_abuseend, matching_review, matching_match,
-- matching_clawback. Writes: nothing.
WITH gift AS (
    SELECT c.rule, c.campaign, c.id AS number, g.deed, e.verdict,
           coalesce((SELECT r.held FROM matching_review r WHERE r.deed = g.deed
                     ORDER BY r.number DESC LIMIT 1), false) AS held,
           (SELECT coalesce(sum(m.amount), 0)::bigint FROM matching_match m
            WHERE m.id >= g.deed * 16 AND m.id < (g.deed + 1) * 16) AS matched,
           b.amount AS clawed
    FROM jusha_abusecase c
    LEFT JOIN jusha_abusegift g ON g.case_id = c.id
    LEFT JOIN jusha_abuseend e ON e.case_id = c.id
    LEFT JOIN matching_clawback b ON b.deed = g.deed
)
SELECT rule, campaign, count(DISTINCT number), count(DISTINCT deed),
       count(DISTINCT deed) FILTER (WHERE held AND verdict IS NULL),
       count(DISTINCT deed) FILTER (WHERE verdict = 'let'),
       count(DISTINCT deed) FILTER (WHERE clawed IS NOT NULL AND verdict = 'clawed'),
       coalesce(sum(matched) FILTER (WHERE held AND verdict IS NULL), 0)::bigint,
       coalesce(sum(clawed) FILTER (WHERE verdict = 'clawed'), 0)::bigint
FROM gift GROUP BY rule, campaign
