-- Who writes the platform's report of a half year, and that nobody changes one.
-- Reads: nothing. Writes: jusha_decisionkind.
INSERT INTO jusha_decisionkind (kind, proposes, confirms) VALUES
    ('platform-report', ARRAY['office:operator', 'office:finance'],
     ARRAY['office:operator', 'office:finance', 'office:reviewer']);
SELECT jusha_append_only(name) FROM unnest(ARRAY['jusha_platformreport']) AS name;
CREATE TRIGGER platform_decided BEFORE INSERT ON jusha_platformreport
    FOR EACH ROW EXECUTE FUNCTION jusha_as_decided('platform-report');
