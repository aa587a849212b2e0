-- A campaign's gifts in yuan by Shanghai day: how many, their sum, how many were matched, the
-- match, and what of the gifts was refunded since.
-- Reads: giving_deed, giving_refund, matching_match, matching_pool. Writes: nothing.
SELECT (d.effective_at AT TIME ZONE 'Asia/Shanghai')::date::text AS day,
       count(*), sum(d.amount)::bigint, count(m.number), coalesce(sum(m.amount), 0)::bigint,
       coalesce(sum(r.amount), 0)::bigint
FROM giving_deed d
LEFT JOIN (SELECT x.id / 16 AS number, sum(x.amount) AS amount
           FROM matching_match x JOIN matching_pool p ON p.id = x.pool
           WHERE p.campaign = %(campaign)s GROUP BY 1) m ON m.number = d.number
LEFT JOIN (SELECT deed, sum(amount) AS amount FROM giving_refund GROUP BY deed) r
       ON r.deed = d.number
WHERE d.campaign = %(campaign)s AND d.asset = 1 AND NOT d.held
GROUP BY 1 ORDER BY 1
