-- Who says what a charity's whole year was, and that nobody changes it.
-- Reads: nothing. Writes: jusha_decisionkind.
INSERT INTO jusha_decisionkind (kind, proposes, confirms) VALUES
    ('year-figures', ARRAY['role:finance'], ARRAY['role:finance']);
SELECT jusha_append_only(name) FROM unnest(ARRAY['jusha_yearfigures']) AS name;
CREATE TRIGGER year_decided BEFORE INSERT ON jusha_yearfigures
    FOR EACH ROW EXECUTE FUNCTION jusha_as_decided('year-figures');
