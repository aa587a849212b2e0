-- Refunds of these gifts that a rail gave up are not tried again. Writes: jusha_sending.
-- Reads: giving_refund.
UPDATE jusha_sending SET state = 'residue', next_at = NULL, changed_at = now()
WHERE state = 'failed'
  AND refund IN (SELECT number FROM giving_refund WHERE deed = ANY (%(deeds)s))
