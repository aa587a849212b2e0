-- Keep a file's remittances; those that are known stay as they are. Reads: nothing.
-- Writes: jusha_remittance.
INSERT INTO jusha_remittance (key, channel, batch, amount, at, file_hash)
SELECT key, %(channel)s, batch, amount, to_timestamp(at), %(file)s
FROM unnest(%(keys)s::uuid[], %(batches)s::text[], %(amounts)s::bigint[], %(ats)s::bigint[])
     AS u (key, batch, amount, at)
ON CONFLICT (key) DO NOTHING
