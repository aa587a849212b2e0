-- Mark payments of the day whose deed is of a day that no neighbouring bill is of: it came late.
-- Reads: nothing of the rooms. Writes: giving_rail_line.
UPDATE giving_rail_line l
SET far = true
FROM rail_payment_laid p
WHERE p.verdict IN ('day-differs', 'amount-differs') AND l.bill = p.bill AND l.line = p.line AND NOT l.far
  AND (p.here_at < %(begins)s::timestamptz - interval '1 day'
       OR p.here_at >= %(ends)s::timestamptz + interval '1 day')
