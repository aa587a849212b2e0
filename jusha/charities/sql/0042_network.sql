-- Where charities stand is decided by two reviewers and never changed. Reads: nothing.
-- Writes: jusha_decisionkind, the schema.
SELECT jusha_append_only('jusha_charitystanding');

INSERT INTO jusha_decisionkind (kind, proposes, confirms)
VALUES ('charity-tier', ARRAY['office:reviewer'], ARRAY['office:reviewer']);

CREATE TRIGGER as_decided BEFORE INSERT ON jusha_charitystanding
    FOR EACH ROW EXECUTE FUNCTION jusha_as_decided('charity-tier', '');
