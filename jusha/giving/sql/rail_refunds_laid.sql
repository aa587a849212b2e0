-- A day's refunds of one rail beside what was sent from here, one verdict each. A refund that was
-- told to settlement by the rail's name (a chargeback, a payment by hand) is known as well.
-- Reads: giving_refund, giving_repaid, jusha_sending. Writes: nothing.
CREATE TEMP TABLE rail_refund_laid ON COMMIT DROP AS
WITH told AS (
    SELECT reference, min(amount) AS amount FROM giving_repaid WHERE residue = 0
    GROUP BY reference
)
SELECT m.refund, m.state, m.nth, m.line, m.order_no, m.charity, m.amount AS there, m.fee_micro, m.at,
       r.deed, coalesce(r.amount, t.amount) AS here,
       CASE WHEN m.nth > 1 AND m.state <> 2 THEN 'repeated'
            WHEN s.refund IS NULL AND t.reference IS NULL
                THEN CASE WHEN m.state = 2 THEN 'matched' ELSE 'refunded-there' END
            WHEN m.state = 2
                THEN CASE WHEN s.state IN ('arrived', 'booked') THEN 'not-arrived-there'
                          ELSE 'matched' END
            WHEN coalesce(r.amount, t.amount) <> m.amount THEN 'amount-differs'
            WHEN m.state = 0 AND t.reference IS NULL AND s.state NOT IN ('arrived', 'booked')
                THEN 'not-arrived-here'
            ELSE 'matched' END AS verdict
FROM rail_day_line m
LEFT JOIN jusha_sending s ON s.rail = %(rail)s AND s.key = m.refund AND m.refund <> ''
LEFT JOIN giving_refund r ON r.number = s.refund
LEFT JOIN told t ON t.reference = m.refund AND m.refund <> ''
WHERE m.kind = 1
