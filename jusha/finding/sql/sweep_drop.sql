-- Forget what may not be found any more, of one kind.
-- Reads: nothing. Writes: jusha_findable, jusha_findplace.
WITH gone AS (
    DELETE FROM jusha_findable WHERE kind = %(kind)s AND code = ANY(%(codes)s) RETURNING id
)
DELETE FROM jusha_findplace WHERE found IN (SELECT id FROM gone)
