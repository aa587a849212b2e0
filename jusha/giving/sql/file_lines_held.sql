-- Lines of files that settlement holds, with why and what has not gone back, the newest first.
-- Whose it is: the account's charity, else that of the order's or the deed's project. Cases have no
-- index by deed: they are read once, for the lines that are shown.
-- Reads: jusha_fileline, giving_seen, giving_deed, giving_case, giving_refund, payments_channel,
-- payments_order, projects_fund, charities_payee. Writes: nothing.
WITH held AS MATERIALIZED (
    SELECT d.number, h.code, coalesce(nullif(l.charity, ''), p.code, '') AS charity, l.batch,
           l.read, d.amount, d.amount - coalesce(r.back, 0) AS left_over, l.at
    FROM jusha_fileline l
    JOIN giving_seen s ON s.key = l.key
    JOIN giving_deed d ON d.number = s.number AND d.held
    JOIN payments_channel h ON h.id = d.channel
    LEFT JOIN LATERAL (SELECT sum(amount)::bigint AS back FROM giving_refund g
                       WHERE g.deed = d.number) r ON true
    LEFT JOIN payments_order o ON o.no = d.order_no AND d.order_no > 0
    LEFT JOIN projects_fund f ON f.project = coalesce(nullif(d.project, 0), o.project)
    LEFT JOIN charities_payee p ON p.id = f.payee
    WHERE d.amount > coalesce(r.back, 0)
      AND (%(codes)s::text[] IS NULL
           OR coalesce(nullif(l.charity, ''), p.code, '') = ANY (%(codes)s::text[]))
    ORDER BY d.number DESC
    LIMIT %(limit)s
), why AS (
    SELECT DISTINCT ON (number) number, reason FROM giving_case
    WHERE number IN (SELECT number FROM held)
    ORDER BY number, id
)
SELECT h.number, h.code, h.charity, h.batch, h.read, w.reason, h.amount, h.left_over, h.at
FROM held h
JOIN why w ON w.number = h.number
ORDER BY h.number DESC
