-- Paid gifts of a campaign and its venues by scene. Named: code.
-- Reads: jusha_attribution, giving_deed, campaigns_terms, jusha_campaign. Writes: nothing.
SELECT a.scene, count(*), sum(d.amount)::bigint
FROM jusha_campaign c
JOIN campaigns_terms t ON t.code = c.code
JOIN giving_deed d ON d.campaign = t.id AND NOT d.held AND d.asset = 1
JOIN jusha_attribution a ON a.order_no = d.order_no
WHERE (c.code = %(code)s OR c.parent = %(code)s) AND a.scene <> ''
GROUP BY a.scene
ORDER BY count(*) DESC, a.scene
