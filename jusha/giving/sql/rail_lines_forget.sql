-- Forget lines that the rail itself does not serve any more; what differed keeps its rows.
-- Reads: jusha_railbill. Writes: giving_rail_line.
DELETE FROM giving_rail_line l
USING jusha_railbill b
WHERE b.id = l.bill AND b.day < %(before)s
