-- Ask that an order be shown on a rail; who asked first decides the way. Reads: nothing.
-- Writes: jusha_attempt.
INSERT INTO jusha_attempt (order_no, rail, way, payer, client_ip, back, open_until, state, told, tries,
                           next_at, created_at)
VALUES (%(order_no)s, %(rail)s, %(way)s, %(payer)s, %(client_ip)s, %(back)s, %(open_until)s, 'asked', '', 0,
        now(), now())
ON CONFLICT (order_no, rail) DO NOTHING
