-- Giving days are decided by two: pools' promises, rules, steps of a pool, the pact, who takes part,
-- who is excluded, reports. A campaign that settlement was told of keeps its name and its place, and
-- the words that a page ever had are kept.
-- Reads: campaigns_terms, jusha_campaign, jusha_exclusion, jusha_pact, jusha_pactsignature.
-- Writes: jusha_decisionkind, jusha_campaignwords, the schema.
SELECT jusha_append_only(name)
FROM unnest(ARRAY['jusha_poolpromise', 'jusha_pact', 'jusha_pactsignature', 'jusha_participation',
                  'jusha_exclusion', 'jusha_dayreport', 'jusha_campaignwords']) AS name;

INSERT INTO jusha_decisionkind (kind, proposes, confirms) VALUES
    ('campaign-open', ARRAY['office:operator'], ARRAY['office:operator', 'office:reviewer']),
    ('pool-fund', ARRAY['office:operator'], ARRAY['office:finance']),
    ('rule-publish', ARRAY['office:operator'],
     ARRAY['office:operator', 'office:finance', 'office:reviewer']),
    ('pool-step', ARRAY['office:finance'], ARRAY['office:finance', 'office:reviewer']),
    ('pact', ARRAY['office:operator'], ARRAY['office:operator', 'office:reviewer']),
    ('day-join', ARRAY['role:programme'], ARRAY['office:operator', 'office:reviewer']),
    ('day-exclude', ARRAY['office:reviewer'], ARRAY['office:operator', 'office:reviewer']),
    ('day-report', ARRAY['office:operator'], ARRAY['office:finance', 'office:reviewer']);

CREATE TRIGGER as_decided BEFORE INSERT ON jusha_poolpromise
    FOR EACH ROW EXECUTE FUNCTION jusha_as_decided('pool-fund', 'promise');
CREATE TRIGGER as_decided BEFORE INSERT ON jusha_pact
    FOR EACH ROW EXECUTE FUNCTION jusha_as_decided('pact', '');
CREATE TRIGGER as_decided BEFORE INSERT ON jusha_participation
    FOR EACH ROW EXECUTE FUNCTION jusha_as_decided('day-join', '');
CREATE TRIGGER as_decided BEFORE INSERT ON jusha_exclusion
    FOR EACH ROW EXECUTE FUNCTION jusha_as_decided('day-exclude', '');
CREATE TRIGGER as_decided BEFORE INSERT ON jusha_dayreport
    FOR EACH ROW EXECUTE FUNCTION jusha_as_decided('day-report', '');

-- Venues are one level deep; what settlement knows by a code keeps its parent, and does not become
-- a rehearsal behind the backs of those who gave.
CREATE FUNCTION jusha_campaign_stays() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.parent <> '' AND (
        EXISTS (SELECT FROM jusha_campaign c WHERE c.parent = NEW.code)
        OR NOT EXISTS (SELECT FROM jusha_campaign c
                       WHERE c.code = NEW.parent AND c.parent = ''
                         AND c.is_rehearsal = NEW.is_rehearsal)) THEN
        RAISE EXCEPTION 'a venue belongs to a giving day, which is itself no venue'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'venue_of_a_day';
    END IF;
    IF EXISTS (SELECT FROM jusha_campaign c
               WHERE c.parent = NEW.code AND c.is_rehearsal <> NEW.is_rehearsal) THEN
        RAISE EXCEPTION 'a rehearsal has rehearsals as venues, a giving day has none'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'venue_of_a_day';
    END IF;
    IF TG_OP = 'UPDATE'
        AND (OLD.code, OLD.parent, OLD.is_rehearsal, OLD.opens, OLD.closes)
            IS DISTINCT FROM (NEW.code, NEW.parent, NEW.is_rehearsal, NEW.opens, NEW.closes)
        AND EXISTS (SELECT FROM campaigns_terms t WHERE t.code = OLD.code) THEN
        RAISE EXCEPTION 'a campaign that was opened keeps its name, its place and its times'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'campaign_was_opened';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER campaign_stays BEFORE INSERT OR UPDATE ON jusha_campaign
    FOR EACH ROW EXECUTE FUNCTION jusha_campaign_stays();

CREATE FUNCTION jusha_campaign_is_kept() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM campaigns_terms t WHERE t.code = OLD.code) THEN
        RAISE EXCEPTION 'the page of a campaign that was opened is not taken away'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'campaign_was_opened';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER campaign_is_kept BEFORE DELETE ON jusha_campaign
    FOR EACH ROW EXECUTE FUNCTION jusha_campaign_is_kept();

-- Words may be mended by one person alone, so every version of a page is kept with who wrote it
-- (jusha.by is set by the verb that writes; empty for the owner's own hand).
CREATE FUNCTION jusha_campaign_words() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' OR OLD IS DISTINCT FROM NEW THEN
        INSERT INTO jusha_campaignwords (campaign, page, written_by, at)
        VALUES (NEW.code, to_jsonb(NEW) - 'id',
                nullif(current_setting('jusha.by', true), '')::uuid, now());
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER campaign_words AFTER INSERT OR UPDATE ON jusha_campaign
    FOR EACH ROW EXECUTE FUNCTION jusha_campaign_words();

-- The signer works for the charity, in the role that is written, and signs the words that stand.
CREATE FUNCTION jusha_pact_is_signed() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.role NOT IN ('programme', 'finance')
        OR NOT jusha_holds((to_jsonb(NEW) ->> 'by')::uuid, NEW.charity, ARRAY['role:' || NEW.role])
        OR NOT EXISTS (SELECT FROM jusha_pact p
                       WHERE p.version = NEW.version AND p.sha256 = NEW.sha256) THEN
        RAISE EXCEPTION 'a pact is signed by a member of the charity, as it stands'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'pact_signature';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pact_is_signed BEFORE INSERT ON jusha_pactsignature
    FOR EACH ROW EXECUTE FUNCTION jusha_pact_is_signed();

-- Who takes part has signed the pact, and no exclusion overlaps what is left of the campaign.
CREATE FUNCTION jusha_may_take_part() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    first date := (now() AT TIME ZONE 'Asia/Shanghai')::date;
    last date;
BEGIN
    SELECT greatest(first, (c.opens AT TIME ZONE 'Asia/Shanghai')::date),
           ((c.closes - interval '1 microsecond') AT TIME ZONE 'Asia/Shanghai')::date
    INTO first, last FROM jusha_campaign c WHERE c.code = NEW.campaign;
    first := coalesce(first, (now() AT TIME ZONE 'Asia/Shanghai')::date);
    IF NOT EXISTS (SELECT FROM jusha_pactsignature s
                   WHERE s.charity = NEW.charity AND s.version = NEW.version)
        OR EXISTS (SELECT FROM jusha_exclusion e
                   WHERE e.charity = NEW.charity AND e.begins <= greatest(first, last)
                         AND e.ends > first) THEN
        RAISE EXCEPTION 'a charity takes part that signed the pact and is not excluded'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'may_take_part';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER may_take_part BEFORE INSERT ON jusha_participation
    FOR EACH ROW EXECUTE FUNCTION jusha_may_take_part();
