-- Money that could not go back and went to a named charity stands beside what was repaid: `residue`
-- is the receiving charity's id, 0 where the money reached its donor; `words` is the SHA-256 of
-- what is said in public. Reads: nothing. Writes: the schema.
ALTER TABLE giving_repaid
    ADD COLUMN residue integer NOT NULL DEFAULT 0 CHECK (residue >= 0),
    ADD COLUMN words bytea NOT NULL DEFAULT '' CHECK (octet_length(words) IN (0, 32));
