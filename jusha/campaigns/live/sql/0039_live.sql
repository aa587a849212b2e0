-- The cursors' rows, room in rows that grow often, and what a name on the wall may become.
-- Reads: nothing. Writes: the schema, jusha_rankcursor, jusha_wallcursor.
INSERT INTO jusha_rankcursor (id, number) VALUES (1, 0);
INSERT INTO jusha_wallcursor (id, number) VALUES (1, 0);
ALTER TABLE jusha_ranksum SET (fillfactor = 50);
ALTER TABLE jusha_wallname ADD CONSTRAINT wallname_state CHECK (state BETWEEN 0 AND 3);

-- A cursor goes back for nobody: what was counted would be counted again.
CREATE FUNCTION jusha_cursor_goes_on() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.number < OLD.number THEN
        RAISE EXCEPTION '% only goes on', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER rankcursor_goes_on BEFORE UPDATE OR DELETE ON jusha_rankcursor
    FOR EACH ROW EXECUTE FUNCTION jusha_cursor_goes_on();
CREATE TRIGGER wallcursor_goes_on BEFORE UPDATE OR DELETE ON jusha_wallcursor
    FOR EACH ROW EXECUTE FUNCTION jusha_cursor_goes_on();

-- What a person removed stays removed, and a name, its gift and its order are never exchanged.
CREATE FUNCTION jusha_wallname_stays() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF (NEW.number, NEW.campaign, NEW.order_no, NEW.name, NEW.key)
        IS DISTINCT FROM (OLD.number, OLD.campaign, OLD.order_no, OLD.name, OLD.key)
        OR OLD.state = 3 THEN
        RAISE EXCEPTION 'a name on the wall is shown, hidden or removed, never another'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER wallname_stays BEFORE UPDATE ON jusha_wallname
    FOR EACH ROW EXECUTE FUNCTION jusha_wallname_stays();
