-- A file is named, and shown, only by the charity or the applicant that handed it in.
-- Reads: jusha_upload, jusha_application. Writes: the schema.
CREATE FUNCTION jusha_evidence_own() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_user = 'jusha_web' AND EXISTS (
        SELECT FROM unnest(NEW.evidence) AS named (sha256)
        WHERE NOT EXISTS (
            SELECT FROM jusha_upload u WHERE u.sha256 = named.sha256
              AND (u.charity = NEW.charity
                   OR NEW.kind = 'admit' AND EXISTS (
                      SELECT FROM jusha_application a
                      WHERE a.id::text = NEW.subject AND a.account = u."by")))) THEN
        RAISE EXCEPTION 'a decision names a file that its charity has not handed in'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'evidence_not_yours';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER evidence_own BEFORE INSERT ON jusha_decision
    FOR EACH ROW EXECUTE FUNCTION jusha_evidence_own();

CREATE FUNCTION jusha_shown_own() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM jusha_upload u
                   WHERE u.sha256 = NEW.sha256 AND u.charity = NEW.charity AND u.charity <> '') THEN
        RAISE EXCEPTION 'a file is shown by the charity that handed it in'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'shown_not_yours';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER shown_own BEFORE INSERT ON jusha_uploadshown
    FOR EACH ROW EXECUTE FUNCTION jusha_shown_own();
