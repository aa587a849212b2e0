-- Companies, who speaks for them, pledges and pools are written as two persons decided, and never
-- changed; what a company matches its representative approves, and nobody else.
-- Reads: jusha_decision, jusha_decisionend, jusha_companymember, jusha_officer, jusha_member.
-- Writes: jusha_decisionkind, the schema.
SELECT jusha_append_only(name) FROM unnest(ARRAY[
    'jusha_company', 'jusha_companymember', 'jusha_companyreturn', 'jusha_companypledge',
    'jusha_companypool']) AS name;

-- As before, and a company's representative in `co:` and its code, which is no charity's.
CREATE OR REPLACE FUNCTION jusha_holds(person uuid, org text, wanted text[]) RETURNS boolean
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM jusha_officer o
                   WHERE o.account_id = person AND 'office:' || o.office = ANY (wanted))
        OR EXISTS (SELECT FROM jusha_member m
                   WHERE m.account_id = person AND m.charity = org
                     AND 'role:' || m.role = ANY (wanted))
        OR EXISTS (SELECT FROM jusha_companymember c
                   WHERE c.account_id = person AND 'co:' || c.company = org
                     AND 'company:' || c.role = ANY (wanted))
$$;

INSERT INTO jusha_decisionkind (kind, proposes, confirms) VALUES
    ('company', ARRAY['office:reviewer'], ARRAY['office:reviewer']),
    ('company-pledge', ARRAY['company:representative'], ARRAY['office:reviewer']),
    ('company-pool', ARRAY['office:finance'], ARRAY['office:finance']);

CREATE TRIGGER as_decided BEFORE INSERT ON jusha_company
    FOR EACH ROW EXECUTE FUNCTION jusha_as_decided('company', 'company');
CREATE TRIGGER as_decided BEFORE INSERT ON jusha_companymember
    FOR EACH ROW EXECUTE FUNCTION jusha_as_decided('company', 'member');
CREATE TRIGGER as_decided BEFORE INSERT ON jusha_companypledge
    FOR EACH ROW EXECUTE FUNCTION jusha_as_decided('company-pledge', '');
CREATE TRIGGER as_decided BEFORE INSERT ON jusha_companypool
    FOR EACH ROW EXECUTE FUNCTION jusha_as_decided('company-pool', '');

-- A row that names a company belongs to a decision of that company's.
CREATE FUNCTION jusha_company_own() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM jusha_decision d
                   WHERE d.id = NEW.decision AND d.charity = 'co:' || NEW.company) THEN
        RAISE EXCEPTION 'a company''s row is by its own decision'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'company_own';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER company_own BEFORE INSERT ON jusha_companymember
    FOR EACH ROW EXECUTE FUNCTION jusha_company_own();
CREATE TRIGGER company_own BEFORE INSERT ON jusha_companypledge
    FOR EACH ROW EXECUTE FUNCTION jusha_company_own();
CREATE TRIGGER company_own BEFORE INSERT ON jusha_companypool
    FOR EACH ROW EXECUTE FUNCTION jusha_company_own();

CREATE FUNCTION jusha_company_answers() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.state <> 'waiting' OR TG_OP = 'UPDATE' AND (
        (NEW.company, NEW.project, NEW.at) IS DISTINCT FROM (OLD.company, OLD.project, OLD.at)
        OR NEW.state <> OLD.state AND (NEW.state = 'waiting' OR NOT jusha_holds(
            NEW.answered_by, 'co:' || NEW.company, ARRAY['company:representative']))) THEN
        RAISE EXCEPTION 'what a company matches its representative approves'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'company_answers';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER company_answers BEFORE INSERT OR UPDATE ON jusha_companyproject
    FOR EACH ROW EXECUTE FUNCTION jusha_company_answers();
