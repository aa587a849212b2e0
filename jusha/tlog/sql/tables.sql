-- Log entries as settlement wrote them, and the tables that seals name by hash.
-- Reads: nothing. Writes: the schema.
-- chain = SHA-256(previous chain || entries): the publisher signs only what continues it.

CREATE TABLE tlog_entries (
    first bigint PRIMARY KEY,
    count integer NOT NULL CHECK (count > 0),
    entries bytea NOT NULL,
    chain bytea NOT NULL CHECK (octet_length(chain) = 32)
);
ALTER TABLE tlog_entries ALTER COLUMN entries SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX tlog_entries_next ON tlog_entries ((first + count));

CREATE TABLE tlog_table (
    hash bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    number bigint NOT NULL,
    body bytea NOT NULL
);
