-- The newest published table of accounts of each day of one charity, by what its canonical JSON
-- begins with: other tables beside the log begin otherwise.
-- Reads: tlog_table. Writes: nothing.
SELECT DISTINCT ON (found[2]) found[2] AS day, number, hash, coalesce(found[1], '') AS corrects
FROM (
    SELECT number, hash, regexp_match(
        encode(substring(body FROM 1 FOR 200), 'escape'),
        '^\{(?:"corrects":"([0-9a-f]{64})",)?"day":"(\d{4}-\d\d-\d\d)","org":"([A-Za-z0-9._-]+)"'
    ) AS found
    FROM tlog_table
) AS tables
WHERE found[3] = %(charity)s
ORDER BY found[2], number DESC
