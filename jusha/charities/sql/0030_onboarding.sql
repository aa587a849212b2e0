-- What pages may write about charities: rows that two persons decided, and only so.
-- Reads: jusha_decision, jusha_decisionend, jusha_officer, jusha_admission.
-- Writes: jusha_decisionkind, and the schema.
INSERT INTO jusha_decisionkind (kind, proposes, confirms) VALUES
    ('admit', ARRAY['office:reviewer'], ARRAY['office:reviewer']),
    ('certificate', ARRAY['role:programme', 'role:finance'], ARRAY['office:reviewer']),
    ('member', ARRAY['role:programme', 'role:finance'], ARRAY['role:finance', 'office:reviewer']),
    ('partner', ARRAY['role:programme'], ARRAY['role:finance']);

CREATE TRIGGER as_decided BEFORE INSERT ON jusha_certificate
    FOR EACH ROW EXECUTE FUNCTION jusha_as_decided('admit', 'certificate', 'certificate', '');
CREATE TRIGGER as_decided BEFORE INSERT ON jusha_member
    FOR EACH ROW EXECUTE FUNCTION jusha_as_decided('admit', 'member', 'member', '');
CREATE TRIGGER as_decided BEFORE INSERT ON jusha_admission
    FOR EACH ROW EXECUTE FUNCTION jusha_as_decided('admit', 'admission');
CREATE TRIGGER as_decided BEFORE INSERT ON jusha_partner
    FOR EACH ROW EXECUTE FUNCTION jusha_as_decided('partner', '');

-- An officer of the platform is no member of a charity, whoever writes it.
CREATE FUNCTION jusha_member_side() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM jusha_officer o WHERE o.account_id = NEW.account_id) THEN
        RAISE EXCEPTION 'an officer of the platform works for no charity'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'two_sides';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER two_sides BEFORE INSERT ON jusha_member
    FOR EACH ROW EXECUTE FUNCTION jusha_member_side();

SELECT jusha_append_only(name)
FROM unnest(ARRAY['jusha_admission', 'jusha_partner']) AS name;

-- An application is never changed. It goes with its account, unless a charity was admitted by it.
CREATE FUNCTION jusha_application_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND NOT EXISTS (
        SELECT FROM jusha_admission a
        WHERE to_jsonb(OLD) ->> CASE TG_TABLE_NAME WHEN 'jusha_application' THEN 'id'
                                ELSE 'application_id' END = a.application_id::text) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON jusha_application
    FOR EACH ROW EXECUTE FUNCTION jusha_application_stays();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON jusha_applicationreturn
    FOR EACH ROW EXECUTE FUNCTION jusha_application_stays();
