-- Triggers look at the schema's own tables. A role that may make temporary tables, as the pages' may,
-- could else put a table of its own with the same name before them and be its own second person.
-- Reads: nothing. Writes: the schema.
DO $$
DECLARE
    each regprocedure;
BEGIN
    FOR each IN
        SELECT p.oid::regprocedure FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND p.proname LIKE 'jusha\_%'
          AND (p.prorettype = 'trigger'::regtype OR p.proname = 'jusha_holds')
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = public, pg_temp', each);
    END LOOP;
END $$;
