-- The list of sponsors that are not taken is edited by two reviewers and never changed. It begins
-- with what Charity Law 40 (R-CL-40) says. Reads: nothing.
-- Writes: jusha_decisionkind, jusha_sponsorblock, the schema.
SELECT jusha_append_only('jusha_sponsorblock');

INSERT INTO jusha_decisionkind (kind, proposes, confirms)
VALUES ('sponsor-block', ARRAY['office:reviewer'], ARRAY['office:reviewer']);

INSERT INTO jusha_sponsorblock (text, how, category, words, begins, at)
SELECT word, 'word', 'tobacco', '《慈善法》第四十条：不得以任何方式宣传烟草制品', '2016-09-01', now()
FROM unnest(ARRAY['烟草', '卷烟', '香烟', '电子烟', 'tobacco', 'cigarette']) AS word;

CREATE TRIGGER as_decided BEFORE INSERT ON jusha_sponsorblock
    FOR EACH ROW EXECUTE FUNCTION jusha_as_decided('sponsor-block', '');
