-- Figures of the law are never changed, and a page adds one only as two persons decided.
-- Reads: jusha_decision, jusha_decisionend. Writes: jusha_decisionkind, the schema.
SELECT jusha_append_only('jusha_lawrule');
CREATE TRIGGER lawrule_as_decided BEFORE INSERT ON jusha_lawrule
    FOR EACH ROW EXECUTE FUNCTION jusha_as_decided('law');

-- What two persons decide on a page is public for a day before it binds anybody.
CREATE FUNCTION jusha_lawrule_later() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.decision IS NOT NULL
        AND NEW.begins <= (now() AT TIME ZONE 'Asia/Shanghai')::date THEN
        RAISE EXCEPTION 'a figure that is decided on a page begins tomorrow at the earliest'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'lawrule_later';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER lawrule_later BEFORE INSERT ON jusha_lawrule
    FOR EACH ROW EXECUTE FUNCTION jusha_lawrule_later();

INSERT INTO jusha_decisionkind (kind, proposes, confirms)
VALUES ('law', ARRAY['office:reviewer', 'office:operator'], ARRAY['office:reviewer']);
