-- Make the order of a day: everything that may be found, by SHA-256(day + ' ' + code).
-- Reads: jusha_findable. Writes: jusha_findplace.
INSERT INTO jusha_findplace (day, kind, place, found)
SELECT %(day)s, kind, jusha_fair_place(%(day)s, code), id FROM jusha_findable
ON CONFLICT DO NOTHING
