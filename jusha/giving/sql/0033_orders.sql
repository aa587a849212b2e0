-- Who decides where such money goes, and that nobody changes it. Writes: jusha_decisionkind,
-- the schema. Reads: nothing.
INSERT INTO jusha_decisionkind (kind, proposes, confirms) VALUES
    ('residue', ARRAY['office:finance'], ARRAY['office:reviewer']);
SELECT jusha_append_only(name)
FROM unnest(ARRAY['jusha_residueorder', 'jusha_residuegift']) AS name;
CREATE TRIGGER residue_decided BEFORE INSERT ON jusha_residueorder
    FOR EACH ROW EXECUTE FUNCTION jusha_as_decided('residue');
