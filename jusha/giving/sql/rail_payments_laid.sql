-- A day's payments of one rail beside the deeds of the same name, one verdict each.
-- Reads: giving_deed. Writes: nothing.
CREATE TEMP TABLE rail_payment_laid ON COMMIT DROP AS
SELECT m.key, m.nth, m.bill, m.line, m.order_no, m.charity, m.amount AS there, m.fee_micro, m.at,
       d.number AS deed, d.amount AS here, d.effective_at AS here_at,
       CASE WHEN m.nth > 1 OR p.key IS NOT NULL THEN 'repeated'
            WHEN d.number IS NULL THEN 'only-there'
            WHEN d.amount <> m.amount OR d.asset <> 1 THEN 'amount-differs'
            WHEN d.effective_at < %(begins)s OR d.effective_at >= %(ends)s THEN 'day-differs'
            ELSE 'matched' END AS verdict
FROM rail_day_line m
LEFT JOIN (SELECT DISTINCT key FROM rail_near WHERE is_before) p ON p.key = m.key
LEFT JOIN giving_deed d ON d.number = m.deed
WHERE m.kind = 0
