-- Bills to fetch now, newest first, with the account that each is of.
-- Reads: jusha_railbill, jusha_merchant. Writes: nothing.
SELECT b.id, b.rail, b.day, b.payee,
       coalesce(m.merchant, '') AS merchant,
       coalesce(m.sealed_token, ''::bytea) AS sealed_token
FROM jusha_railbill b
LEFT JOIN LATERAL (
    SELECT h.merchant, h.sealed_token FROM jusha_merchantheld h
    WHERE h.rail = b.rail AND h.charity = b.payee AND (b.merchant = '' OR h.merchant = b.merchant)
    ORDER BY h.since, h.id LIMIT 1
) m ON true
WHERE b.next_at <= %(now)s AND b.rail = ANY (%(rails)s)
ORDER BY b.day DESC, b.id
LIMIT %(most)s
