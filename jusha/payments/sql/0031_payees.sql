-- Where a charity's money arrives is a history: rows are added, and an order is paid into the
-- account that held when it was made. A page adds a row as two persons of the charity's finance
-- decided; it begins after a delay, in which it can be stopped.
-- Reads: jusha_decision, jusha_decisionend, jusha_lawrule, jusha_charity, jusha_certificate.
-- Writes: jusha_decisionkind, the schema.
INSERT INTO jusha_decisionkind (kind, proposes, confirms) VALUES
    ('payee-rail', ARRAY['role:finance'], ARRAY['role:finance']),
    ('payee-bank', ARRAY['role:finance'], ARRAY['role:finance']);

SELECT jusha_append_only('jusha_payeestop');

CREATE TRIGGER as_decided BEFORE INSERT ON jusha_merchant
    FOR EACH ROW EXECUTE FUNCTION jusha_as_decided('payee-rail', '');
CREATE TRIGGER as_decided BEFORE INSERT ON jusha_bankaccount
    FOR EACH ROW EXECUTE FUNCTION jusha_as_decided('payee-bank', '');

-- What is true of any account that money is paid to. One that was decided on a page begins when
-- the law table's figure of today has passed, whatever the row says; it is in the charity's own
-- name, the charity may raise money in public, and no token comes with it.
CREATE FUNCTION jusha_payee_checked() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    new_row CONSTANT jsonb := to_jsonb(NEW);
    by_rail CONSTANT text := coalesce(new_row ->> 'rail', 'bank');
    to_address CONSTANT text := coalesce(new_row ->> 'merchant', new_row ->> 'number');
    today CONSTANT date := (now() AT TIME ZONE 'Asia/Shanghai')::date;
    wait integer;
    held record;
BEGIN
    -- Two that take one account at once must see each other.
    PERFORM pg_advisory_xact_lock(hashtextextended(concat_ws(' ', 'jusha_payee', by_rail, to_address), 0));
    IF EXISTS (SELECT FROM jusha_payeerow r WHERE r.rail = by_rail
               AND r.address = to_address AND r.charity <> NEW.charity
               AND NOT r.stopped) THEN
        RAISE EXCEPTION '% % is another charity''s account', by_rail, to_address
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'payee_of_one';
    END IF;
    IF NEW.decision IS NULL THEN
        RETURN NEW;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended(concat_ws(' ', 'jusha_payee', NEW.charity), 0));
    IF EXISTS (SELECT FROM jusha_payeerow r WHERE r.rail = by_rail
               AND r.charity = NEW.charity AND r.since > now() AND NOT r.stopped) THEN
        RAISE EXCEPTION 'another change of % is on its way for %', by_rail, NEW.charity
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'payee_waits';
    END IF;
    SELECT c.valid_until INTO held FROM jusha_certificate c
    WHERE c.charity = NEW.charity AND c.valid_from <= today ORDER BY c.id DESC LIMIT 1;
    IF held.valid_until IS NULL OR held.valid_until < today THEN
        RAISE EXCEPTION '% may not raise money in public, so it is no payee', NEW.charity
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'payee_qualified';
    END IF;
    IF NOT EXISTS (SELECT FROM jusha_charity c
                   WHERE c.code = NEW.charity AND c.name_zh = NEW.holder)
        OR coalesce(new_row ->> 'sealed_token', '\x') <> '\x'
        OR new_row ->> 'ended_at' IS NOT NULL
        OR NOT EXISTS (SELECT FROM jusha_decision d JOIN jusha_decisionend e ON e.decision_id = d.id
                       WHERE d.id = NEW.decision AND d.proposed_by::text = NEW.set_by
                         AND e.ended_by::text = NEW.second AND e.verdict = 'confirmed') THEN
        RAISE EXCEPTION 'an account is in the charity''s own name, as its two persons wrote it'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'payee_own_name';
    END IF;
    SELECT f.value INTO wait FROM jusha_lawrule f
    WHERE f.rule = 'payee-change-days' AND f.begins <= today
    ORDER BY f.begins DESC, f.id DESC LIMIT 1;
    NEW.since := now() + make_interval(days => greatest(wait, 1));
    RETURN NEW;
END $$;

-- Rows of both tables as one: by which rail or bank, to which address, since when.
CREATE VIEW jusha_payeerow AS
SELECT m.rail::text AS rail, m.charity, m.merchant::text AS address, m.since, m.decision,
       EXISTS (SELECT FROM jusha_payeestop s WHERE s.decision = m.decision) AS stopped,
       m.rail = 'alipay' AND m.decision IS NOT NULL AND m.sealed_token = '' AS waits_token
FROM jusha_merchant m
UNION ALL
SELECT 'bank', b.charity, b.number, b.since, b.decision,
       EXISTS (SELECT FROM jusha_payeestop s WHERE s.decision = b.decision)
           OR coalesce(b.ended_at <= b.since, false),
       false
FROM jusha_bankaccount b;

CREATE TRIGGER payee_checked BEFORE INSERT ON jusha_merchant
    FOR EACH ROW EXECUTE FUNCTION jusha_payee_checked();
CREATE TRIGGER payee_checked BEFORE INSERT ON jusha_bankaccount
    FOR EACH ROW EXECUTE FUNCTION jusha_payee_checked();

-- Anybody of the charity's finance, and an operator, stops a change that has not begun.
CREATE FUNCTION jusha_payee_stopped() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    planned record;
BEGIN
    SELECT r.charity, r.since, r.waits_token INTO planned
    FROM jusha_payeerow r WHERE r.decision = NEW.decision;
    IF planned.since IS NULL OR (planned.since <= now() AND NOT planned.waits_token) THEN
        RAISE EXCEPTION 'this change has begun'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'payee_began';
    END IF;
    IF NOT jusha_holds((to_jsonb(NEW) ->> 'by')::uuid, planned.charity,
                       ARRAY['role:finance', 'office:operator']) THEN
        RAISE EXCEPTION 'this change is not for this person to stop'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'decision_not_yours';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payee_stopped BEFORE INSERT ON jusha_payeestop
    FOR EACH ROW EXECUTE FUNCTION jusha_payee_stopped();

-- Accounts at rails that hold or held. Alipay pays whom the token is of, so a row that was decided
-- on a page waits for its token.
CREATE VIEW jusha_merchantheld AS
SELECT m.* FROM jusha_merchant m
WHERE m.since <= now()
  AND NOT EXISTS (SELECT FROM jusha_payeestop s WHERE s.decision = m.decision)
  AND NOT (m.rail = 'alipay' AND m.decision IS NOT NULL AND m.sealed_token = '');

-- The account of a charity at a rail for what was ordered at a time: the one that the rail was
-- already asked with, else the one that held then; what is older than all is paid into the first.
-- `asked` is a page's word: an account that was replaced before the order came is not taken on it.
CREATE FUNCTION jusha_merchant_for(by_rail text, of_charity text, at timestamptz, asked text)
RETURNS SETOF jusha_merchantheld LANGUAGE sql STABLE AS $$
    SELECT h.* FROM jusha_merchantheld h
    WHERE h.rail = by_rail AND h.charity = of_charity
    ORDER BY coalesce(h.merchant = asked AND NOT EXISTS (
                 SELECT FROM jusha_merchantheld n
                 WHERE n.rail = h.rail AND n.charity = h.charity AND n.merchant <> h.merchant
                   AND n.since > h.since AND n.since <= at), false) DESC, h.since <= coalesce(at, now()) DESC,
             abs(extract(epoch FROM h.since - coalesce(at, now()))), h.id DESC
    LIMIT 1
$$;
