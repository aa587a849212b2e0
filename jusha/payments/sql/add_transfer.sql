-- Keep that an order is to be paid by bank transfer: ready at once, and nothing to ask anybody, so
-- it is never due. Reads: nothing. Writes: jusha_attempt.
INSERT INTO jusha_attempt (order_no, rail, way, payer, client_ip, back, open_until, state, told, tries,
                           next_at, created_at)
VALUES (%(order_no)s, %(rail)s, 'transfer', '', '', '', %(open_until)s, 'ready', '', 0, NULL, now())
ON CONFLICT (order_no, rail) DO NOTHING
