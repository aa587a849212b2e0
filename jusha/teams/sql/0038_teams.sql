-- What of a team may change, who took it down and who lifts that; nobody is in two places at once.
-- Reads: jusha_team, jusha_teamstep, what jusha_holds reads. Writes: jusha_teamcursor, the schema.
SELECT jusha_append_only('jusha_teamstep');

INSERT INTO jusha_teamcursor (id, number) VALUES (1, -1);

-- A team is opened under one that is open, for the same project and no longer than that. After that
-- only its captain and state change; texts only go; what is closed stays closed.
CREATE FUNCTION jusha_team_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    over record;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'open' OR NEW.ends_on <= NEW.opened_on OR NEW.ends_on > NEW.opened_on + 30
        THEN
            RAISE EXCEPTION 'a team opens for at most thirty days'
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'team_days';
        END IF;
        IF cardinality(NEW.above) > 0 THEN
            SELECT t.* INTO over FROM jusha_team t
            WHERE t.code = NEW.above[cardinality(NEW.above)];
            IF over IS NULL OR over.state <> 'open' OR over.project <> NEW.project
                OR over.company <> NEW.company OR over.ends_on < NEW.ends_on
                OR over.above || over.code <> NEW.above THEN
                RAISE EXCEPTION 'a sub-team is a part of an open team of its project'
                    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'team_part';
            END IF;
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.code, NEW.kind, NEW.project, NEW.company, NEW.target, NEW.above, NEW.opened_on,
        NEW.ends_on, NEW.at)
        IS DISTINCT FROM (OLD.code, OLD.kind, OLD.project, OLD.company, OLD.target, OLD.above,
                          OLD.opened_on, OLD.ends_on, OLD.at)
        OR NEW.title NOT IN (OLD.title, '') OR NEW.story NOT IN (OLD.story, '')
        OR NEW.figure NOT IN (OLD.figure, '')
        OR OLD.state = 'closed' AND (NEW.state, NEW.closed_at)
            IS DISTINCT FROM (OLD.state, OLD.closed_at) THEN
        RAISE EXCEPTION 'what a team was opened with stays'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'team_stays';
    END IF;
    IF OLD.state = 'down' AND (NEW.state = 'closed' OR NEW.state = 'open' AND EXISTS (
            SELECT FROM jusha_team t WHERE t.code = ANY (NEW.above) AND t.state = 'closed')) THEN
        RAISE EXCEPTION 'what was taken down does not close, nor open under what closed'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'team_down';
    END IF;
    IF (OLD.state = 'down' OR NEW.state = 'down') AND NEW.state <> OLD.state
        AND NOT EXISTS (
            SELECT FROM jusha_teamstep s WHERE s.team = NEW.code
              AND s.id = (SELECT max(l.id) FROM jusha_teamstep l WHERE l.team = NEW.code)
              AND s.did = CASE NEW.state WHEN 'open' THEN 'up' ELSE 'down' END) THEN
        RAISE EXCEPTION 'a team goes down and up as a reviewer wrote'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'team_reviewed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER team_stays BEFORE INSERT OR UPDATE ON jusha_team
    FOR EACH ROW EXECUTE FUNCTION jusha_team_stays();

-- One reviewer takes a team down at once; another lifts it.
CREATE FUNCTION jusha_team_steps() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    person uuid := (to_jsonb(NEW) ->> 'by')::uuid;
BEGIN
    IF NEW.did IN ('down', 'up') AND (
        NEW.words = '' OR NOT jusha_holds(person, '', ARRAY['office:reviewer'])
        OR NEW.did = 'up' AND person = (
            SELECT s."by" FROM jusha_teamstep s WHERE s.team = NEW.team AND s.did = 'down'
            ORDER BY s.id DESC LIMIT 1)) THEN
        RAISE EXCEPTION 'a reviewer takes a team down, another lifts that'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'team_takes_reviewers';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER team_steps BEFORE INSERT ON jusha_teamstep
    FOR EACH ROW EXECUTE FUNCTION jusha_team_steps();

-- Two teams run against each other once the second captain agreed; that is never taken back unsaid.
CREATE FUNCTION jusha_duel_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    IF (NEW.one, NEW.other, NEW.proposed_at) IS DISTINCT FROM (OLD.one, OLD.other, OLD.proposed_at)
        OR OLD.agreed_at IS NOT NULL THEN
        RAISE EXCEPTION 'a match of two teams is agreed once'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'duel_stays';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER duel_stays BEFORE UPDATE ON jusha_teamduel
    FOR EACH ROW EXECUTE FUNCTION jusha_duel_stays();
CREATE UNIQUE INDEX duel_of_either ON jusha_teamduel (least(one, other), greatest(one, other));
