-- Steps about a complaint are taken by who may: a reporter begins it, reviewers without a role in
-- the charity work on it, the charity's own people reply.
-- Reads: nothing. Writes: jusha_decisionkind.
SELECT jusha_append_only(name) FROM unnest(ARRAY['jusha_complaint', 'jusha_complaintstep']) AS name;

CREATE FUNCTION jusha_complaint_step() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    org text;
    may boolean;
BEGIN
    SELECT c.charity INTO org FROM jusha_complaint c WHERE c.id = NEW.complaint;
    may := CASE NEW.as_role
        WHEN 'reporter' THEN NEW.did = 'received' AND NEW."by" IS NULL
        WHEN 'reviewer' THEN NEW.did NOT IN ('received', 'replied')
            AND jusha_holds(NEW."by", '', ARRAY['office:reviewer'])
            AND NOT EXISTS (SELECT FROM jusha_member m
                            WHERE m.account_id = NEW."by" AND m.charity = org)
        WHEN 'charity' THEN NEW.did = 'replied' AND org <> ''
            AND jusha_holds(NEW."by", org, ARRAY['role:programme', 'role:finance'])
        ELSE false END;
    IF org IS NULL OR may IS NOT TRUE THEN
        RAISE EXCEPTION 'a step % on complaint % is not for this person', NEW.did, NEW.complaint
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'complaint_not_yours';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER complaint_step BEFORE INSERT ON jusha_complaintstep
    FOR EACH ROW EXECUTE FUNCTION jusha_complaint_step();

-- Registers are written by who keeps the platform; exports as two persons decided.
SELECT jusha_append_only(name)
FROM unnest(ARRAY['jusha_registerentry', 'jusha_regulatorexport', 'jusha_exporttaken']) AS name;

INSERT INTO jusha_decisionkind (kind, proposes, confirms)
VALUES ('regulator-export', ARRAY['office:reviewer', 'office:operator'],
        ARRAY['office:reviewer', 'office:operator']);

CREATE FUNCTION jusha_keeps_house() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_user = 'jusha_web'
        AND NOT jusha_holds(NEW."by", '', ARRAY['office:operator', 'office:reviewer']) THEN
        RAISE EXCEPTION '% is written by an operator or a reviewer', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'house_not_yours';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER register_kept BEFORE INSERT ON jusha_registerentry
    FOR EACH ROW EXECUTE FUNCTION jusha_keeps_house();
CREATE TRIGGER export_taken BEFORE INSERT ON jusha_exporttaken
    FOR EACH ROW EXECUTE FUNCTION jusha_keeps_house();
CREATE TRIGGER export_decided BEFORE INSERT ON jusha_regulatorexport
    FOR EACH ROW EXECUTE FUNCTION jusha_as_decided('regulator-export');
