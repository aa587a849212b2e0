-- Which payments stand on the bills of the day and its neighbours, and which on the day before's.
-- Reads: giving_rail_line. Writes: nothing.
CREATE TEMP TABLE rail_near ON COMMIT DROP AS
SELECT l.deed, l.key, l.bill = ANY (%(bills_before)s) AS is_before
FROM giving_rail_line l
WHERE l.bill = ANY (%(near_bills)s) AND l.kind = 0
