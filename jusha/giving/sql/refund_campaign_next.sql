-- The next gifts of a campaign of which something is left: number, what is left, what went back.
-- Reads: giving_deed, giving_refund. Writes: nothing.
SELECT d.number, (d.amount - back.amount)::bigint, back.amount
FROM giving_deed d
CROSS JOIN LATERAL (
    SELECT coalesce(sum(r.amount), 0)::bigint AS amount FROM giving_refund r WHERE r.deed = d.number
) back
WHERE d.campaign = %(campaign)s AND NOT d.held AND d.number > %(after)s AND d.amount > back.amount
ORDER BY d.number
LIMIT %(most)s
