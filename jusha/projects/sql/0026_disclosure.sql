-- What was due and published stays. Two persons publish what carries money figures; a post without
-- figures is one programme member's, because it decides nothing and speed is worth more. A paper's
-- key names its own project, and the project is of the charity that publishes it.
-- Reads: jusha_decision, jusha_decisionend, jusha_disclosurepaper, jusha_project, jusha_charity.
-- Writes: jusha_decisionkind, the schema.
SELECT jusha_append_only(name)
FROM unnest(ARRAY['jusha_disclosure', 'jusha_disclosurepaper']) AS name;

INSERT INTO jusha_decisionkind (kind, proposes, confirms)
VALUES ('disclosure', ARRAY['role:programme'], ARRAY['role:finance']);

CREATE FUNCTION jusha_paper_as_decided() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    author CONSTANT uuid := (to_jsonb(NEW) ->> 'by')::uuid;
BEGIN
    IF NEW.version <> (SELECT coalesce(max(p.version), 0) + 1
                       FROM jusha_disclosurepaper p WHERE p.key = NEW.key) THEN
        RAISE EXCEPTION 'versions of a paper follow one another'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'paper_next_version';
    END IF;
    IF NOT starts_with(NEW.key, CASE NEW.project WHEN '' THEN 'c/' || NEW.charity
                                ELSE 'p/' || NEW.project END || '/' || NEW.kind || '/')
        OR NEW.project <> '' AND NOT EXISTS (
            SELECT FROM jusha_project p JOIN jusha_charity c ON c.id = p.charity_id
            WHERE p.code = NEW.project AND c.code = NEW.charity) THEN
        RAISE EXCEPTION 'a paper stands under its own project and charity'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'paper_is_own';
    END IF;
    IF current_user <> 'jusha_web' THEN
        RETURN NEW;
    END IF;
    IF NEW.kind = 'post' AND NEW.figures IS NULL AND NEW.project <> ''
        AND jusha_holds(author, NEW.charity, ARRAY['role:programme']) THEN
        RETURN NEW;
    END IF;
    IF NOT EXISTS (
        SELECT FROM jusha_decision d JOIN jusha_decisionend e ON e.decision_id = d.id
        WHERE d.id = NEW.decision AND d.kind = 'disclosure' AND e.verdict = 'confirmed'
          AND d.charity = NEW.charity AND d.proposed_by = author
          -- As it stands, list by list: a picture more would be nobody's word.
          AND NOT EXISTS (SELECT FROM jsonb_each(d.body) AS said
                          WHERE to_jsonb(NEW) -> said.key IS DISTINCT FROM said.value)) THEN
        RAISE EXCEPTION 'a report is published as two persons decided, and only so'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'as_decided';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER paper_as_decided BEFORE INSERT ON jusha_disclosurepaper
    FOR EACH ROW EXECUTE FUNCTION jusha_paper_as_decided();
