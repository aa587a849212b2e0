-- Rules against abuse of matches are edited by two reviewers and never changed; what they found
-- and what became of it is never changed either. Taking matches back takes two. The first versions
-- are the house's; four gifts a minute is what the press measured in 2017.
-- Reads: nothing. Writes: jusha_decisionkind, jusha_guardrule, the schema.
SELECT jusha_append_only(name)
FROM unnest(ARRAY['jusha_guardrule', 'jusha_abusecase', 'jusha_abusegift', 'jusha_abuseend']) AS name;

INSERT INTO jusha_decisionkind (kind, proposes, confirms) VALUES
    ('abuse-rule', ARRAY['office:reviewer'], ARRAY['office:reviewer']),
    ('abuse-claw-back', ARRAY['office:reviewer'], ARRAY['office:reviewer']);

INSERT INTO jusha_guardrule (rule, version, terms, begins, words, at) VALUES
    ('rapid', 1, '{"gifts": 4, "seconds": 60}', '2017-09-07',
     '一次捐赠人手操作约需 15 秒，每分钟最多 4 笔（2017 年公开的统计）', now()),
    ('shared', 1, '{"persons": 10, "accounts": 5}', '2017-09-07',
     '一家人共用一台设备很常见，十个付款账户不常见', now()),
    ('reimbursed', 1, '{"persons": 8, "friends": 30, "least_fen": 50000, "minutes": 60}', '2021-09-07',
     '先捐后报销：许多账户、同一笔大额、同一个项目（2021 年公开的案例，每个账户 1000 元）', now()),
    ('own', 1, '{"gifts": 20, "least_fen": 500000}', '2017-09-07',
     '机构自己的账户当天向本机构大量捐赠，疑似自捐套取配捐', now()),
    ('ring', 1, '{"refunds": 3}', '2017-09-07',
     '捐赠、得到配捐、退款，反复三次以上', now()),
    ('quota', 1, '{"reports": 3, "days": 7}', '2021-09-07',
     '一周内三件关于同一项目的摊派举报', now());

CREATE TRIGGER as_decided BEFORE INSERT ON jusha_guardrule
    FOR EACH ROW EXECUTE FUNCTION jusha_as_decided('abuse-rule', '');

-- Two reviewers, and no page alone, end a case as taken back: what the pages' role writes of it is
-- what they decided, with the very case in the decision's body.
CREATE FUNCTION jusha_abuse_ends() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.verdict = 'clawed' AND NOT EXISTS (
        SELECT FROM jusha_decision d JOIN jusha_decisionend e ON e.decision_id = d.id
        WHERE d.id = NEW.decision AND d.kind = 'abuse-claw-back' AND e.verdict = 'confirmed'
          AND (d.body ->> 'case')::bigint = NEW.case_id) THEN
        RAISE EXCEPTION 'matches are taken back as two persons decided, and only so'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'as_decided';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER abuse_ends BEFORE INSERT ON jusha_abuseend
    FOR EACH ROW EXECUTE FUNCTION jusha_abuse_ends();
