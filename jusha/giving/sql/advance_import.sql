-- Move one import on from where this process last left it; no row if another process moved it.
-- Runs in the transaction that appends the rows, so neither is ever there without the other.
-- Reads: jusha_import. Writes: jusha_import.
UPDATE jusha_import
SET rows_appended = rows_appended + %(appended)s,
    report = %(report)s,
    finished_at = CASE WHEN %(finished)s THEN now() END
WHERE id = %(id)s
  AND (report ->> 'records')::bigint = %(from_records)s
  AND (finished_at IS NULL OR %(again)s)
