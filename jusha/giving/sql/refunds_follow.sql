-- Bring refund cases up to what settlement and the rails say, and record the step.
-- A case that nobody decided is overtaken where less is left of its deed than it asks for. One
-- that a person moves meanwhile keeps what the person did: its state is looked at again.
-- Arrived is what the rail said and settlement booked, and what two persons said was paid by hand.
-- What else was paid (no rail sends it; an instruction at the console) names no refund: it arrives
-- in the order of the refunds, beside those two. What went to another charity instead never arrives.
-- Reads: settlement_outcome, giving_deed, giving_refund, giving_repaid, jusha_sending,
-- jusha_handpaid.
-- Writes: jusha_refundcase, jusha_refundstep.
WITH answered AS (
    SELECT c.id, c.deed, c.amount, c.reason, c.reference, c.state,
           CASE WHEN c.state = 'confirmed' THEN coalesce(o.number, 0) ELSE c.entry END AS entry,
           CASE WHEN c.state = 'confirmed' THEN coalesce(o.code, 'waits') ELSE 'done' END AS code
    FROM jusha_refundcase c
    LEFT JOIN settlement_outcome o ON o.id = c.key AND c.state = 'confirmed'
    WHERE c.state IN ('asked', 'approved', 'booked', 'confirmed', 'sent', 'undelivered')
), judged AS (
    SELECT a.id, a.state, a.entry, a.code,
           CASE
               WHEN a.state IN ('asked', 'approved')
                   THEN CASE WHEN d.amount - back.whole < a.amount THEN 'overtaken' ELSE a.state END
               WHEN a.code = 'waits' THEN a.state
               WHEN a.code <> 'done' THEN 'refused'
               WHEN a.reason = 'chargeback'
                   THEN CASE WHEN gone.is_charged THEN 'arrived' ELSE 'booked' END
               WHEN s.state = 'booked' THEN 'arrived'
               WHEN gone.is_residue THEN 'undelivered'
               WHEN s.state IN ('pending', 'arrived') THEN 'sent'
               WHEN s.state = 'asked' THEN 'booked'
               WHEN EXISTS (SELECT FROM jusha_handpaid h
                            JOIN giving_repaid p ON p.deed = a.deed AND p.reference = h.reference
                            WHERE h.refund = a.entry AND h.confirmed_at IS NOT NULL)
                   THEN 'arrived'
               WHEN gone.by_hand >= back.by_hand THEN 'arrived'
               WHEN s.state = 'failed' THEN 'undelivered'
               ELSE 'booked'
           END AS became
    FROM answered a
    LEFT JOIN giving_deed d ON d.number = a.deed
    LEFT JOIN jusha_sending s ON s.refund = a.entry AND a.entry > 0
    LEFT JOIN LATERAL (
        SELECT coalesce(sum(r.amount), 0) AS whole,
               coalesce(sum(r.amount) FILTER (
                   WHERE r.number <= a.entry AND r.reason <> 'chargeback'
                     AND coalesce(t.state, 'failed') = 'failed'
                     AND NOT EXISTS (SELECT FROM jusha_handpaid h
                                     JOIN giving_repaid p
                                       ON p.deed = r.deed AND p.reference = h.reference
                                     WHERE h.refund = r.number AND h.confirmed_at IS NOT NULL)
               ), 0) AS by_hand
        FROM giving_refund r
        LEFT JOIN jusha_sending t ON t.refund = r.number
        WHERE r.deed = a.deed
    ) back ON true
    LEFT JOIN LATERAL (
        SELECT coalesce(sum(p.amount) FILTER (
                   WHERE p.residue = 0 AND NOT EXISTS (SELECT FROM jusha_refundcase k
                                     WHERE k.deed = p.deed AND k.reason = 'chargeback'
                                       AND k.reference = p.reference)
                     AND NOT EXISTS (SELECT FROM giving_refund r
                                     JOIN jusha_sending t ON t.refund = r.number
                                     WHERE r.deed = p.deed AND t.key = p.reference)
                     AND NOT EXISTS (SELECT FROM giving_refund r
                                     JOIN jusha_handpaid h ON h.refund = r.number
                                     WHERE r.deed = p.deed AND h.reference = p.reference
                                       AND h.confirmed_at IS NOT NULL)
               ), 0) AS by_hand,
               coalesce(bool_or(p.reference = a.reference), false) AS is_charged,
               coalesce(bool_or(p.residue > 0), false) AS is_residue
        FROM giving_repaid p
        WHERE p.deed = a.deed
    ) gone ON true
), moved AS (
    UPDATE jusha_refundcase c
    SET state = j.became,
        entry = CASE WHEN j.code = 'done' THEN j.entry ELSE c.entry END,
        told = CASE WHEN j.became = 'refused' THEN left(j.code, 40) ELSE c.told END
    FROM judged j
    WHERE c.id = j.id AND j.became <> j.state AND c.state = j.state
    RETURNING c.id, c.state
)
INSERT INTO jusha_refundstep ("case", did, as_role, "by", at)
SELECT id, state, 'house', '', now() FROM moved
ORDER BY id
