-- Add one browser's report to its day. Reads: tlog_rechecks. Writes: tlog_rechecks.
INSERT INTO tlog_rechecks AS told (day, reports, checked, missing)
VALUES (%(day)s, 1, %(checked)s, %(missing)s)
ON CONFLICT (day) DO UPDATE
SET reports = told.reports + excluded.reports,
    checked = told.checked + excluded.checked,
    missing = told.missing + excluded.missing
