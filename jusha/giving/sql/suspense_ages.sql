-- Money that is held for a case, by whole days since the case was opened: days, deeds, fen (CNY).
-- Held deeds that went back whole are over. Without a known order nobody's charity is in it.
-- Reads: giving_case, giving_deed, giving_refund, payments_order, projects_fund, charities_payee.
-- Writes: nothing.
WITH held AS (
    SELECT DISTINCT ON (d.number) d.number, d.order_no, c.opened_at,
           d.amount - coalesce((SELECT sum(r.amount) FROM giving_refund r
                                WHERE r.deed = d.number), 0) AS left_over
    FROM giving_case c
    JOIN giving_deed d ON d.number = c.number AND d.held AND d.asset = 1
    ORDER BY d.number, c.opened_at
)
SELECT extract(epoch FROM %(now)s - h.opened_at)::bigint / 86400 AS days, count(*),
       sum(h.left_over)::bigint
FROM held h
LEFT JOIN payments_order o ON o.no = h.order_no AND h.order_no > 0
LEFT JOIN projects_fund f ON f.project = o.project
LEFT JOIN charities_payee p ON p.id = f.payee
WHERE h.left_over > 0
  AND (%(codes)s::text[] IS NULL OR coalesce(p.code, '') = ANY (%(codes)s::text[]))
GROUP BY 1
