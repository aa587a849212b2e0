-- Papers of expenses that donors may see, and a project frozen by whom.
-- Reads: projects_expense, projects_fund, charities_payee. Writes: the schema.
SELECT jusha_append_only('jusha_expensepaper');

CREATE FUNCTION jusha_paper_own() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM projects_expense e
                   JOIN projects_fund f ON f.project = e.project
                   JOIN charities_payee y ON y.id = f.payee
                   WHERE e.number = NEW.number AND y.code = NEW.charity)
        OR current_user = 'jusha_web'
           AND NOT jusha_holds(NEW."by", NEW.charity, ARRAY['role:programme', 'role:finance']) THEN
        RAISE EXCEPTION 'papers of an expense are shown by its charity'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'paper_not_yours';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER paper_own BEFORE INSERT ON jusha_expensepaper
    FOR EACH ROW EXECUTE FUNCTION jusha_paper_own();

-- 1: an operator's freeze, 2: a hold; each ends its own (settlement/world.py).
ALTER TABLE projects_fund ALTER COLUMN frozen DROP DEFAULT;
ALTER TABLE projects_fund ALTER COLUMN frozen TYPE smallint USING frozen::integer::smallint;
ALTER TABLE projects_fund ALTER COLUMN frozen SET DEFAULT 0;
ALTER TABLE projects_fund ADD CONSTRAINT fund_frozen_by CHECK (frozen BETWEEN 0 AND 3);
