-- How many kept receipts visitors' browsers reported to have checked: one row a Shanghai day, no
-- person, no address, no receipt. Reads: nothing. Writes: the schema.
CREATE TABLE tlog_rechecks (
    day date PRIMARY KEY,
    reports bigint NOT NULL CHECK (reports > 0),
    checked bigint NOT NULL CHECK (checked >= reports),
    missing bigint NOT NULL CHECK (missing BETWEEN 0 AND checked)
);
