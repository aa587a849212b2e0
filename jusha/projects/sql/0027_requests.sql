-- Who asks for an expense and who confirms it; notes stay as they are.
-- Reads: nothing. Writes: jusha_decisionkind, and the schema.
INSERT INTO jusha_decisionkind (kind, proposes, confirms) VALUES
    ('expense', ARRAY['role:programme'], ARRAY['role:finance']);
-- Up to where of a project's programme line donors were told that their money is used up.
CREATE TABLE jusha_arrived (
    project integer PRIMARY KEY,
    spent bigint NOT NULL
);
SELECT jusha_append_only(name) FROM unnest(ARRAY['jusha_expensenote']) AS name;
