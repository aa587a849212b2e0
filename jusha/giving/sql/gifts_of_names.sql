-- The gifts that keyed names stand for, by their own name or by another one: name, entry, and what
-- is left of the gift after the refunds so far.
-- Reads: giving_seen, giving_name, giving_deed, giving_refund. Writes: nothing.
SELECT uuid_send(k.key), d.number,
       (d.amount - coalesce((SELECT sum(amount) FROM giving_refund WHERE deed = d.number), 0))::bigint
FROM (
    SELECT k.key, k.key AS gift FROM unnest(%(keys)s::uuid[]) AS k (key)
    UNION
    SELECT n.key, n.gift FROM unnest(%(keys)s::uuid[]) AS k (key) JOIN giving_name n ON n.key = k.key
) k
JOIN giving_seen s ON s.key = k.gift
JOIN giving_deed d ON d.number = s.number
ORDER BY 1, 2
