-- What became of refunds: by the id of each one's instruction, the outcome, its entry, and how much
-- went back of which gift; nothing where settlement has not answered.
-- Reads: settlement_outcome, giving_refund. Writes: nothing.
SELECT uuid_send(o.id), o.code, o.number, coalesce(r.deed, 0), coalesce(r.amount, 0)
FROM unnest(%(ids)s::uuid[]) AS k (id)
JOIN settlement_outcome o ON o.id = k.id
LEFT JOIN giving_refund r ON r.number = o.number AND o.code = 'done'
