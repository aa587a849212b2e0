-- Places, from 1, of lines whose transfer is known with another amount, batch or time.
-- Reads: jusha_remittance. Writes: nothing.
SELECT u.place
FROM unnest(%(keys)s::uuid[], %(batches)s::text[], %(amounts)s::bigint[], %(ats)s::bigint[])
     WITH ORDINALITY AS u (key, batch, amount, at, place)
JOIN jusha_remittance r ON r.key = u.key
WHERE (r.batch, r.amount, r.at) IS DISTINCT FROM (u.batch, u.amount, to_timestamp(u.at))
ORDER BY u.place
