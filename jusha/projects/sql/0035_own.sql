-- A filing, a plan and an end are of the charity whose project it is.
-- Reads: jusha_project, jusha_charity. Writes: the schema.
CREATE FUNCTION jusha_project_own() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM jusha_project p JOIN jusha_charity c ON c.id = p.charity_id
               WHERE p.code = NEW.project AND c.code <> NEW.charity) THEN
        RAISE EXCEPTION '% is another charity''s project', NEW.project
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'project_own';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER project_own BEFORE INSERT ON jusha_filing
    FOR EACH ROW EXECUTE FUNCTION jusha_project_own();
CREATE TRIGGER project_own BEFORE INSERT ON jusha_projectplan
    FOR EACH ROW EXECUTE FUNCTION jusha_project_own();
CREATE TRIGGER project_own BEFORE INSERT ON jusha_projectend
    FOR EACH ROW EXECUTE FUNCTION jusha_project_own();
