-- Official accounts are written as a charity proposed and a reviewer confirmed; posts by a programme
-- member of a charity that has one, version after version. Neither is ever changed.
-- Reads: jusha_decision, jusha_decisionend, jusha_officialaccount, jusha_post.
-- Writes: jusha_decisionkind, the schema.
SELECT jusha_append_only(name) FROM unnest(ARRAY['jusha_officialaccount', 'jusha_post']) AS name;

INSERT INTO jusha_decisionkind (kind, proposes, confirms)
VALUES ('account', ARRAY['role:programme'], ARRAY['office:reviewer']);

CREATE TRIGGER as_decided BEFORE INSERT ON jusha_officialaccount
    FOR EACH ROW EXECUTE FUNCTION jusha_as_decided('account', '');

CREATE FUNCTION jusha_post_is_own() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.version <> (SELECT coalesce(max(p.version), 0) + 1 FROM jusha_post p
                       WHERE p.charity = NEW.charity AND p.number = NEW.number)
        OR NEW.version = 1 AND NEW.number <> (
            SELECT coalesce(max(p.number), 0) + 1 FROM jusha_post p
            WHERE p.charity = NEW.charity) THEN
        RAISE EXCEPTION 'posts and their versions follow one another'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'post_next_version';
    END IF;
    IF NOT EXISTS (SELECT FROM jusha_officialaccount a WHERE a.charity = NEW.charity)
        OR NOT jusha_holds((to_jsonb(NEW) ->> 'by')::uuid, NEW.charity,
                           ARRAY['role:programme']) THEN
        RAISE EXCEPTION 'a post is its charity''s programme''s, under its official account'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'post_is_own';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER post_is_own BEFORE INSERT ON jusha_post
    FOR EACH ROW EXECUTE FUNCTION jusha_post_is_own();
