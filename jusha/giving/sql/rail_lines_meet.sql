-- Find the entries of lines that had none when they were read.
-- Reads: giving_seen. Writes: giving_rail_line.
UPDATE giving_rail_line l
SET deed = s.number
FROM giving_seen s
WHERE l.bill = ANY (%(near_bills)s) AND l.deed IS NULL AND s.key = l.key
