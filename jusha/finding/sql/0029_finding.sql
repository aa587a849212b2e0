-- The index of finding: two GIN indexes, the order of a day, and triggers that say what changed.
-- Pairs of characters and stemmed words are ready in the tsvectors: no extension and no parser of
-- Chinese is needed, on PostgreSQL 15 and 18 alike.
-- Reads: jusha_project, jusha_charity. Writes: jusha_finddue, and the schema.
CREATE INDEX findable_head ON jusha_findable USING gin (head);
CREATE INDEX findable_words ON jusha_findable USING gin (words);
ALTER TABLE jusha_findable SET (fillfactor = 80);

-- Rows are ordered by SHA-256(day + ' ' + code); a place is its first 64 bits, as a signed number
-- that compares as those bits do.
CREATE FUNCTION jusha_fair_place(day date, code text) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT ('x' || encode(substr(sha256(convert_to(
        to_char(day, 'YYYY-MM-DD') || ' ' || code, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint
        # (1::bigint << 63)
$$;

CREATE FUNCTION jusha_project_is_due() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO jusha_finddue (kind, code) SELECT DISTINCT 1, r.code FROM changed_rows r;
    RETURN NULL;
END $$;

CREATE FUNCTION jusha_charity_is_due() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO jusha_finddue (kind, code)
    SELECT 2, r.code FROM changed_rows r
    UNION SELECT 1, p.code FROM jusha_project p JOIN changed_rows r ON r.id = p.charity_id;
    RETURN NULL;
END $$;

CREATE TRIGGER project_due_new AFTER INSERT ON jusha_project REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION jusha_project_is_due();
CREATE TRIGGER project_due_now AFTER UPDATE ON jusha_project REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION jusha_project_is_due();
CREATE TRIGGER project_due_gone AFTER DELETE ON jusha_project REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION jusha_project_is_due();
CREATE TRIGGER charity_due_new AFTER INSERT ON jusha_charity REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION jusha_charity_is_due();
CREATE TRIGGER charity_due_now AFTER UPDATE ON jusha_charity REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION jusha_charity_is_due();
CREATE TRIGGER charity_due_gone AFTER DELETE ON jusha_charity REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION jusha_charity_is_due();

INSERT INTO jusha_finddue (kind, code)
SELECT 2, code FROM jusha_charity UNION ALL SELECT 1, code FROM jusha_project;
