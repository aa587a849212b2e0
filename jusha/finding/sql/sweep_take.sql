-- Take the oldest changes off the queue; who else sweeps takes others.
-- Reads: jusha_finddue. Writes: jusha_finddue.
DELETE FROM jusha_finddue
WHERE id IN (SELECT id FROM jusha_finddue ORDER BY id LIMIT %(most)s FOR UPDATE SKIP LOCKED)
RETURNING kind, code
