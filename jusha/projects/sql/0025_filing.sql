-- Plans, filings and ends of projects are written as two persons decided and never changed; a
-- filing number belongs to one project of the charity whose credit code it begins with; a parent
-- has no parent. Reads: jusha_charity, jusha_project, jusha_decision.
-- Writes: the schema, jusha_decisionkind.
SELECT jusha_append_only(name)
FROM unnest(ARRAY['jusha_filing', 'jusha_projectplan', 'jusha_projectend']) AS name;

INSERT INTO jusha_decisionkind (kind, proposes, confirms) VALUES
    ('publish', '{role:programme}', '{office:reviewer}'),
    ('filing', '{role:programme}', '{office:reviewer}'),
    ('project-end', '{role:programme}', '{role:finance}');

CREATE FUNCTION jusha_filing_is_own() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.number = '' THEN
        RETURN NEW;
    END IF;
    IF NOT EXISTS (SELECT FROM jusha_charity c
                   WHERE c.code = NEW.charity AND c.uscc = left(NEW.number, 18)) THEN
        RAISE EXCEPTION 'filing number % is not of charity %', NEW.number, NEW.charity
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'filing_is_own';
    END IF;
    -- Two that take one number at once must see each other.
    PERFORM pg_advisory_xact_lock(hashtextextended('jusha_filing ' || NEW.number, 0));
    IF EXISTS (SELECT FROM jusha_filing f
               WHERE f.number = NEW.number AND f.project <> NEW.project) THEN
        RAISE EXCEPTION 'filing number % belongs to another project', NEW.number
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'filing_of_one';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER filing_is_own BEFORE INSERT ON jusha_filing
    FOR EACH ROW EXECUTE FUNCTION jusha_filing_is_own();

CREATE TRIGGER filing_as_decided BEFORE INSERT ON jusha_filing
    FOR EACH ROW EXECUTE FUNCTION jusha_as_decided('publish', 'filing', 'filing', '');
CREATE TRIGGER plan_as_decided BEFORE INSERT ON jusha_projectplan
    FOR EACH ROW EXECUTE FUNCTION jusha_as_decided('publish', 'plan');
CREATE TRIGGER end_as_decided BEFORE INSERT ON jusha_projectend
    FOR EACH ROW EXECUTE FUNCTION jusha_as_decided('project-end', '');

-- The version of a project's plan that is in force on a day: that of the filing that runs. A version
-- that was not filed itself (a change by consent, a child's plan) begins with the one before it.
-- While none has begun the first; 0 where no plan is kept.
CREATE FUNCTION jusha_plan_on(of_project text, day date) RETURNS integer
LANGUAGE sql STABLE AS $$
    WITH own AS (
        SELECT l.version, min(f.starts_on) AS begins
        FROM jusha_projectplan l
        LEFT JOIN jusha_filing f ON f.project = l.project AND f.plan = l.version
        WHERE l.project = of_project GROUP BY l.version
    ), timed AS (
        SELECT o.version, coalesce(o.begins, (SELECT b.begins FROM own b
                                              WHERE b.version < o.version AND b.begins IS NOT NULL
                                              ORDER BY b.version DESC LIMIT 1),
                                   '-infinity') AS begins
        FROM own o
    )
    SELECT coalesce((SELECT t.version FROM timed t WHERE t.begins <= day
                     ORDER BY t.begins DESC, t.version DESC LIMIT 1),
                    (SELECT min(t.version) FROM timed t), 0)
$$;

-- 子母计划: one level, one charity, and the children's targets lie within the parent's.
CREATE FUNCTION jusha_project_family() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    above record;
    within bigint;
BEGIN
    IF NEW.parent <> '' THEN
        -- Locked, so that two children that come at once must see each other.
        SELECT p.code, p.charity_id, p.parent, p.target_amount INTO above
        FROM jusha_project p WHERE p.code = NEW.parent FOR UPDATE;
        IF above.code IS NULL OR above.code = NEW.code OR above.parent <> ''
            OR above.charity_id <> NEW.charity_id
            OR (TG_OP = 'INSERT' AND EXISTS (SELECT FROM jusha_projectend e
                                             WHERE e.project = NEW.parent))
            OR EXISTS (SELECT FROM jusha_project p WHERE p.parent = NEW.code) THEN
            RAISE EXCEPTION 'project % cannot be a child of %', NEW.code, NEW.parent
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'project_one_level';
        END IF;
        SELECT coalesce(sum(p.target_amount), 0) INTO within
        FROM jusha_project p WHERE p.parent = NEW.parent AND p.code <> NEW.code;
        IF within + NEW.target_amount > above.target_amount THEN
            RAISE EXCEPTION 'the children of % would raise more than it may', NEW.parent
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'project_within';
        END IF;
    ELSIF TG_OP = 'UPDATE' THEN
        SELECT coalesce(sum(p.target_amount), 0) INTO within
        FROM jusha_project p WHERE p.parent = NEW.code;
        IF within > NEW.target_amount THEN
            RAISE EXCEPTION 'the children of % would raise more than it may', NEW.code
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'project_within';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER project_family
    BEFORE INSERT OR UPDATE OF parent, target_amount, charity_id, code ON jusha_project
    FOR EACH ROW EXECUTE FUNCTION jusha_project_family();
