-- The lines of a day's bills, counted where one stands more than once: a payment by its
-- transaction, a refund by its key (lines that say "failed" apart, lines without a key never).
-- Reads: giving_rail_line. Writes: nothing.
CREATE TEMP TABLE rail_day_line ON COMMIT DROP AS
SELECT l.bill, l.line, l.kind, l.state, l.key, l.deed, l.order_no, l.amount, l.fee_micro, l.at,
       l.charity, l.refund,
       CASE WHEN l.kind = 1 AND l.refund = '' THEN 1
            ELSE row_number() OVER (PARTITION BY l.key, l.kind, l.refund, l.state = 2
                                    ORDER BY l.bill, l.line) END AS nth
FROM giving_rail_line l
WHERE l.bill = ANY (%(bills)s)
