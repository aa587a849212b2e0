-- Keep what became of one look at a refund on its way. Reads: nothing. Writes: jusha_sending.
UPDATE jusha_sending
SET state = %(state)s::text, told = %(told)s::text, tries = %(tries)s,
    next_at = now() + %(after_ms)s::bigint * interval '1 millisecond', changed_at = now()
WHERE refund = %(refund)s
