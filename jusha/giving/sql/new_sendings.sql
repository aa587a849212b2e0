-- Refunds of gifts that nobody sent yet, behind the newest that is known. Settlement is one writer
-- and numbers only grow, so none is passed over. What came by a file (a bank transfer, a partner's
-- results) has no rail to go back by: it stands as failed at once, never due, and waits at the desk
-- for the charity to pay it by its bank. A refund that was read in a bill went back already.
-- Reads: giving_refund, giving_deed, payments_channel, jusha_sending. Writes: jusha_sending.
INSERT INTO jusha_sending (refund, order_no, rail, key, state, told, tries, next_at, changed_at)
SELECT r.number, d.order_no, c.code, d.order_no || '-' || r.number,
       CASE WHEN c.code = ANY (%(rails)s) THEN 'asked' ELSE 'failed' END,
       CASE WHEN c.code = ANY (%(rails)s) THEN '' ELSE 'no-rail-channel' END,
       0,
       CASE WHEN c.code = ANY (%(rails)s) THEN now() END,
       now()
FROM giving_refund r
JOIN giving_deed d ON d.number = r.deed
JOIN payments_channel c ON c.id = d.channel
WHERE r.number > (SELECT coalesce(max(refund), -1) FROM jusha_sending)
  AND (c.code = ANY (%(rails)s)
       OR (c.terms ->> 'clock' = 'file'
           AND r.reason <> 'a refund line of the charity''s bill'))  -- take_back.REASON
  AND r.reason <> 'chargeback'  -- the rail took that money back itself (refund_confirm.py)
ON CONFLICT (refund) DO NOTHING
