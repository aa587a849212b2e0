-- Append-only by triggers on every table and partition, partitions made ahead, rights of roles.
-- Reads: pg_class. Writes: triggers, partitions, grants.
-- A statement trigger on a partitioned parent does not fire for a TRUNCATE of one
-- partition, so each partition gets its own (blueprint decision 10).

CREATE FUNCTION jusha_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE FUNCTION jusha_append_only(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON %I '
                   'FOR EACH STATEMENT EXECUTE FUNCTION jusha_refuse_change()', name);
    IF NOT (SELECT relispartition FROM pg_class WHERE oid = name::regclass) THEN
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I '
                       'FOR EACH ROW EXECUTE FUNCTION jusha_refuse_change()', name);
    END IF;
END $$;

SELECT jusha_append_only(name) FROM unnest(ARRAY[
    'inbox_row', 'ledger_transfer', 'giving_deed', 'giving_seen', 'giving_case', 'giving_refund',
    'payments_order', 'payments_paid', 'projects_void', 'matching_match', 'matching_rule',
    'tlog_entries', 'tlog_table', 'settlement_batch', 'settlement_outcome', 'settlement_stuck'
]) AS name;

-- Partitions of 2^24 entry numbers; transfers and matches have 16 places an entry.
CREATE FUNCTION jusha_make_partitions(upto bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    step CONSTANT bigint := 16777216;
    part bigint := 0;
    item record;
    child text;
BEGIN
    WHILE part * step <= upto LOOP
        FOR item IN SELECT * FROM (VALUES ('giving_deed', 1), ('ledger_transfer', 16),
                                          ('matching_match', 16)) AS t (name, places) LOOP
            child := format('%s_%s', item.name, part);
            IF to_regclass(child) IS NULL THEN
                EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%s) TO (%s)',
                               child, item.name, part * step * item.places,
                               (part + 1) * step * item.places);
                PERFORM jusha_append_only(child);
            END IF;
        END LOOP;
        part := part + 1;
    END LOOP;
    RETURN part * step;
END $$;
SELECT jusha_make_partitions(16777216);

CREATE FUNCTION jusha_make_raw_partitions(first_day date, days integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    d date;
    child text;
BEGIN
    FOR i IN 0..days - 1 LOOP
        d := first_day + i;
        child := 'inbox_raw_' || to_char(d, 'YYYYMMDD');
        IF to_regclass(child) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF inbox_raw FOR VALUES FROM (%L) TO (%L)',
                           child, d, d + 1);
        END IF;
    END LOOP;
END $$;

CREATE FUNCTION jusha_drop_raw_before(day date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    child text;
    dropped integer := 0;
BEGIN
    FOR child IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                 WHERE i.inhparent = 'inbox_raw'::regclass AND c.relname ~ '^inbox_raw_\d{8}$'
                   AND to_date(right(c.relname, 8), 'YYYYMMDD') < day LOOP
        EXECUTE format('DROP TABLE %I', child);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END $$;
-- Rows of a day without its own partition land here: an append is never refused for that.
CREATE TABLE inbox_raw_rest PARTITION OF inbox_raw DEFAULT;
SELECT jusha_make_raw_partitions(current_date, 8);
REVOKE ALL ON FUNCTION jusha_make_partitions(bigint), jusha_make_raw_partitions(date, integer),
    jusha_drop_raw_before(date) FROM PUBLIC;
