-- Keep what became of one look at an attempt; who pays and from where is forgotten once it is not
-- needed to ask again. Reads: nothing. Writes: jusha_attempt.
UPDATE jusha_attempt
SET state = %(state)s::text,
    told = %(told)s::text,
    ask = coalesce(%(ask)s::jsonb, ask),
    payable = coalesce(%(payable)s::jsonb, payable),
    tries = %(tries)s,
    next_at = now() + %(after_ms)s::bigint * interval '1 millisecond',
    payer = CASE WHEN %(state)s::text = 'asked' THEN payer ELSE '' END,
    client_ip = CASE WHEN %(state)s::text = 'asked' THEN client_ip ELSE '' END
WHERE id = %(id)s
