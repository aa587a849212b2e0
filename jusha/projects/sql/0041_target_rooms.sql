-- A project whose plan stops at its target has a room from the moment that its page says so, and
-- nothing in it until it is reckoned (payments/target_rooms.py): too little for a moment, never too
-- much. Reads: nothing. Writes: the schema; its trigger jusha_targetroom.

CREATE FUNCTION jusha_target_room() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.hard_target THEN
        INSERT INTO jusha_targetroom (project, room, target, at)
        VALUES (NEW.code, 0, NEW.target_amount, now())
        ON CONFLICT (project) DO UPDATE SET room = 0, target = EXCLUDED.target, at = now();
    ELSE
        DELETE FROM jusha_targetroom WHERE project = NEW.code;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER target_room_new AFTER INSERT ON jusha_project
    FOR EACH ROW WHEN (NEW.hard_target) EXECUTE FUNCTION jusha_target_room();
CREATE TRIGGER target_room_follows AFTER UPDATE OF hard_target, target_amount ON jusha_project
    FOR EACH ROW WHEN ((OLD.hard_target, OLD.target_amount)
        IS DISTINCT FROM (NEW.hard_target, NEW.target_amount))
    EXECUTE FUNCTION jusha_target_room();
