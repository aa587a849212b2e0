-- Rights of the two working roles. Reads: pg_class, pg_roles. Writes: grants.
-- jusha_settle alone writes the hot tables; jusha_web reads them, appends to the inbox
-- and writes what people edit. Runs after every migration, so new tables are covered.
DO $$
DECLARE
    hot CONSTANT text[] := ARRAY[
        'ledger_account', 'ledger_transfer', 'giving_deed', 'giving_seen', 'giving_case',
        'giving_refund', 'giving_repaid', 'payments_channel', 'payments_channel_use', 'payments_order',
        'payments_paid', 'projects_fund', 'projects_void', 'projects_expense', 'charities_payee', 'campaigns_terms',
        'campaigns_total', 'matching_pool', 'matching_rule', 'matching_window', 'matching_usage',
        'matching_match', 'matching_claim', 'matching_closing', 'matching_coupon',
        'matching_invite', 'matching_seed', 'matching_clawback', 'matching_review', 'matching_release', 'tlog_entries', 'tlog_table', 'settlement_writer', 'settlement_batch',
        'settlement_outcome', 'settlement_stuck'];
    intake CONSTANT text[] := ARRAY['inbox_lane', 'inbox_row', 'inbox_raw'];
    -- Where money is paid to, and who decides about it, is no page's business.
    guarded CONSTANT text[] := ARRAY['jusha_merchant', 'jusha_bankaccount', 'jusha_member', 'jusha_officer', 'jusha_apikey',
        'jusha_certificate', 'jusha_decisionkind'];
    name text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'jusha_settle')
        OR NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'jusha_web') THEN
        RAISE NOTICE 'working roles absent: the owner does all work';
        RETURN;
    END IF;
    GRANT USAGE ON SCHEMA public TO jusha_settle, jusha_web;
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO jusha_settle, jusha_web;
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO jusha_web;
    FOREACH name IN ARRAY hot LOOP
        EXECUTE format('GRANT INSERT, UPDATE ON %I TO jusha_settle', name);
    END LOOP;
    FOREACH name IN ARRAY intake LOOP
        EXECUTE format('GRANT INSERT ON %I TO jusha_web, jusha_settle', name);
    END LOOP;
    GRANT UPDATE ON inbox_lane TO jusha_web, jusha_settle;
    FOR name IN SELECT c.relname FROM pg_class c
                WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
                  AND NOT c.relispartition AND c.relname <> ALL (hot) AND c.relname <> ALL (intake)
                  AND c.relname <> ALL (guarded)
                  AND c.relname <> 'django_migrations' LOOP
        EXECUTE format('GRANT INSERT, UPDATE, DELETE ON %I TO jusha_web', name);
    END LOOP;
    -- Rows of these that pages write are what two persons decided: triggers see to it
    -- (charities/sql/0030_onboarding.sql, payments/sql/0031_payees.sql). Changing and taking away stay the owner's.
    GRANT INSERT ON jusha_member, jusha_certificate, jusha_merchant, jusha_bankaccount TO jusha_web;
    GRANT EXECUTE ON FUNCTION jusha_make_partitions(bigint) TO jusha_settle;
    GRANT EXECUTE ON FUNCTION jusha_make_raw_partitions(date, integer), jusha_drop_raw_before(date)
        TO jusha_web;
END $$;
