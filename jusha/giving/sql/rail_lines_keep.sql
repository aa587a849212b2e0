-- Keep a bill's lines, each with the entry of its name where there is one by now.
-- Reads: giving_seen. Writes: giving_rail_line.
INSERT INTO giving_rail_line (bill, line, kind, state, key, deed, order_no, amount, fee_micro, at,
                              charity, refund)
SELECT %(bill)s, t.line, t.kind, t.state, t.key, s.number, t.order_no, t.amount, t.fee_micro, t.at,
       t.charity, t.refund
FROM rail_line_stage t
LEFT JOIN giving_seen s ON s.key = t.key
