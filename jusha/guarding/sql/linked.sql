-- Gifts on links that this slice of entries touched, where a link has as many gifts as its kind
-- needs; the rest is for the rule to say. What a person has judged under this rule is left out.
-- Reads: jusha_guardtrace, jusha_abusegift, jusha_abusecase, jusha_abuseend. Writes: nothing.
WITH wanted AS (
    SELECT * FROM unnest(%(kinds)s::smallint[], %(leasts)s::integer[]) AS w (kind, least)
), touched AS MATERIALIZED (
    SELECT DISTINCT t.kind, t.link FROM jusha_guardtrace t
    WHERE t.number > %(first)s AND t.number <= %(upto)s
      AND t.kind IN (SELECT kind FROM wanted)
), wide AS MATERIALIZED (
    SELECT t.kind, t.link FROM touched u
    JOIN jusha_guardtrace t ON t.kind = u.kind AND t.link = u.link
    JOIN wanted w ON w.kind = u.kind
    GROUP BY t.kind, t.link, w.least HAVING count(*) >= w.least
)
SELECT t.campaign, t.kind, t.link, t.deed, t.who, t.project, t.amount,
       (extract(epoch FROM t.at) * 1000000)::bigint
FROM wide w JOIN jusha_guardtrace t ON t.kind = w.kind AND t.link = w.link
WHERE NOT EXISTS (
    SELECT FROM jusha_abusegift g
    JOIN jusha_abuseend e ON e.case_id = g.case_id
    JOIN jusha_abusecase c ON c.id = g.case_id AND c.rule = %(rule)s
    WHERE g.deed = t.deed)
ORDER BY t.campaign, t.kind, t.link, t.deed
