-- A consent is never changed, but that erasing a person cuts it off from its subject.
-- Reads: nothing. Writes: the schema.
CREATE FUNCTION jusha_consent_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.subject IS NULL
        AND (NEW.id, NEW.kind, NEW.version, NEW.given, NEW.at)
            = (OLD.id, OLD.kind, OLD.version, OLD.given, OLD.at) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON jusha_consent
    FOR EACH ROW EXECUTE FUNCTION jusha_consent_stays();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON jusha_consent
    FOR EACH STATEMENT EXECUTE FUNCTION jusha_refuse_change();
