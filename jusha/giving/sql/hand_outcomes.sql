-- What settlement made of refunds that two persons say were paid by hand; nothing where it has not
-- answered. The instruction's id is paid_by_hand.py's.
-- Reads: jusha_handpaid, jusha_sending, settlement_outcome. Writes: nothing.
SELECT h.refund, x.code
FROM jusha_handpaid h
JOIN jusha_sending s ON s.refund = h.refund
JOIN settlement_outcome x
  ON x.id = encode(substr(sha256(('paid-by-hand' || chr(10) || s.key)::bytea), 1, 16), 'hex')::uuid
WHERE h.confirmed_at IS NOT NULL AND h.refund = ANY (%(refunds)s)
