-- A decision takes two persons, and the database knows who they may be: the pages' role can write
-- a decision, and neither offices nor roles, so it can invent nobody.
-- Reads: jusha_decisionkind, jusha_officer, jusha_member. Writes: the schema.
SELECT jusha_append_only(name)
FROM unnest(ARRAY['jusha_decisionkind', 'jusha_decision', 'jusha_decisionend']) AS name;

-- Whether an account holds one of `wanted` (office:reviewer, role:finance), roles in one charity.
CREATE FUNCTION jusha_holds(person uuid, org text, wanted text[]) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM jusha_officer o
                   WHERE o.account_id = person AND 'office:' || o.office = ANY (wanted))
        OR EXISTS (SELECT FROM jusha_member m
                   WHERE m.account_id = person AND m.charity = org
                     AND 'role:' || m.role = ANY (wanted))
$$;

CREATE FUNCTION jusha_decision_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM jusha_decisionkind k WHERE k.kind = NEW.kind
                   AND jusha_holds(NEW.proposed_by, NEW.charity, k.proposes::text[])) THEN
        RAISE EXCEPTION 'a decision of kind % is not for its proposer', NEW.kind
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'decision_not_yours';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER decision_begins BEFORE INSERT ON jusha_decision
    FOR EACH ROW EXECUTE FUNCTION jusha_decision_begins();

CREATE FUNCTION jusha_decision_ends() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    begun record;
    own boolean;
BEGIN
    SELECT d.proposed_by, d.charity, k.confirms, k.proposes INTO begun
    FROM jusha_decision d JOIN jusha_decisionkind k ON k.kind = d.kind WHERE d.id = NEW.decision_id;
    own := begun.proposed_by = NEW.ended_by;
    IF own <> (NEW.verdict = 'withdrawn') THEN
        RAISE EXCEPTION 'a decision takes two persons'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'decision_takes_two';
    END IF;
    IF NOT own AND NOT jusha_holds(NEW.ended_by, begun.charity, begun.confirms::text[]) THEN
        RAISE EXCEPTION 'a decision is not for this person to end'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'decision_not_yours';
    END IF;
    -- Who was dismissed since is not one of the two any more; it can still be declined.
    IF NEW.verdict = 'confirmed'
        AND NOT jusha_holds(begun.proposed_by, begun.charity, begun.proposes::text[]) THEN
        RAISE EXCEPTION 'who proposed this decision may not any more'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'decision_not_yours';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER decision_ends BEFORE INSERT ON jusha_decisionend
    FOR EACH ROW EXECUTE FUNCTION jusha_decision_ends();

-- For tables with a column `decision`, unique in them: the pages' role writes a row only as a
-- confirmed decision says, field by field, and for the charity of that decision. Arguments: kind,
-- part, kind, part …: which kinds may say it, and in which part of their body; a part '' is the
-- whole body, and the last may be left out.
CREATE FUNCTION jusha_as_decided() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    found record;
    said jsonb;
    part text;
BEGIN
    IF current_user <> 'jusha_web' THEN
        RETURN NEW;
    END IF;
    SELECT d.kind, d.body INTO found
    FROM jusha_decision d JOIN jusha_decisionend e ON e.decision_id = d.id
    WHERE d.id = NEW.decision AND e.verdict = 'confirmed'
      AND coalesce(to_jsonb(NEW) ->> 'charity', d.charity) = d.charity;
    FOR i IN 0 .. (TG_NARGS - 1) / 2 LOOP
        IF found.kind = TG_ARGV[2 * i] THEN
            part := CASE WHEN 2 * i + 1 < TG_NARGS THEN TG_ARGV[2 * i + 1] ELSE '' END;
            said := CASE part WHEN '' THEN found.body ELSE found.body -> part END;
            -- Each word as it was said: a list or an object with more in it would be nobody's.
            IF jsonb_typeof(said) = 'object' AND said <> '{}' AND NOT EXISTS (
                SELECT FROM jsonb_each(said) s
                WHERE to_jsonb(NEW) -> s.key IS DISTINCT FROM s.value) THEN
                RETURN NEW;
            END IF;
        END IF;
    END LOOP;
    RAISE EXCEPTION '% is written as two persons decided, and only so', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'as_decided';
END $$;
