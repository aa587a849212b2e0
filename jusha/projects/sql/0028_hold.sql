-- One reviewer places a hold, and the pages' role cannot name somebody else; only two lift one.
-- Reads: nothing. Writes: jusha_decisionkind.
SELECT jusha_append_only('jusha_projecthold');

INSERT INTO jusha_decisionkind (kind, proposes, confirms)
VALUES ('lift-hold', ARRAY['office:reviewer'], ARRAY['office:reviewer']);

CREATE FUNCTION jusha_hold_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_user = 'jusha_web'
        AND NOT jusha_holds(NEW."by", NEW.charity, ARRAY['office:reviewer']) THEN
        RAISE EXCEPTION 'a hold is placed by a reviewer'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'hold_not_yours';
    END IF;
    -- A milder hold over a harder one would be half a lift by one person.
    IF NEW.cause = 'suspended' AND (SELECT h.what = 'place' AND h.cause = 'taken-down'
                                    FROM jusha_projecthold h WHERE h.project = NEW.project
                                    ORDER BY h.id DESC LIMIT 1) THEN
        RAISE EXCEPTION 'a hold is made milder by two'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'hold_not_milder';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER hold_begins BEFORE INSERT ON jusha_projecthold
    FOR EACH ROW WHEN (NEW.what = 'place') EXECUTE FUNCTION jusha_hold_begins();
CREATE TRIGGER hold_ends BEFORE INSERT ON jusha_projecthold
    FOR EACH ROW WHEN (NEW.what = 'lift') EXECUTE FUNCTION jusha_as_decided('lift-hold');
