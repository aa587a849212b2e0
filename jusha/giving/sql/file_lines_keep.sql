-- Keep lines that went into the inbox, in the same transaction; the first of each key stands, as it
-- does in settlement. Reads: nothing. Writes: jusha_fileline.
INSERT INTO jusha_fileline (key, channel, charity, batch, read, amount, at)
SELECT key, %(channel)s, charity, batch, read, amount, to_timestamp(at)
FROM unnest(%(keys)s::uuid[], %(charities)s::text[], %(batches)s::text[], %(reads)s::text[],
            %(amounts)s::bigint[], %(ats)s::bigint[]) AS u (key, charity, batch, read, amount, at)
ON CONFLICT (key) DO NOTHING
