-- Find the progress of one file under one map, or start it at nothing.
-- Reads: jusha_import. Writes: jusha_import.
WITH fresh AS (
    INSERT INTO jusha_import (file_hash, map_hash, name, rows_appended, report, started_at)
    VALUES (%(file)s, %(map)s, %(name)s, 0, '{"records": 0}', now())
    ON CONFLICT (file_hash, map_hash) DO NOTHING
    RETURNING id, rows_appended, report, finished_at
)
SELECT id, rows_appended, report, finished_at FROM fresh
UNION ALL
SELECT id, rows_appended, report, finished_at FROM jusha_import
WHERE file_hash = %(file)s AND map_hash = %(map)s AND NOT EXISTS (SELECT FROM fresh)
