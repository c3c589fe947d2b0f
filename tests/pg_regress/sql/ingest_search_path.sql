-- The extension in a schema of its own, a hostile schema in front of pg_catalog: nothing of it is called.
SET client_min_messages = warning;
CREATE SCHEMA lib;
ALTER EXTENSION reviewpro_pg SET SCHEMA lib;
CREATE SCHEMA evil;
CREATE FUNCTION evil.stolen(anyelement, anyelement) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'hijacked' USING ERRCODE = '57P04'; END$$;
CREATE FUNCTION evil.stolen(anyelement) RETURNS text LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'hijacked' USING ERRCODE = '57P04'; END$$;
DO $$
DECLARE
    t text;
    o text;
BEGIN
    FOREACH t IN ARRAY '{text,uuid,integer,jsonb,boolean,timestamptz,bigint,varchar}'::text[] LOOP
        FOREACH o IN ARRAY '{=,<>,>,<}'::text[] LOOP
            EXECUTE format('CREATE FUNCTION evil.%I(%s, %s) RETURNS boolean LANGUAGE plpgsql AS $f$BEGIN RAISE EXCEPTION ''hijacked'' USING ERRCODE = ''57P04''; END$f$', 'op' || o || t, t, t);
            EXECUTE format('CREATE OPERATOR evil.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = evil.%I)', o, t, t, 'op' || o || t);
        END LOOP;
    END LOOP;
    FOREACH t IN ARRAY '{format(text),format(text,text),now(),uuidv7(),char_length(text),char_length(varchar),to_jsonb(text[]),count(boolean),jsonb_array_length(jsonb),pg_advisory_xact_lock(bigint),to_regclass(text)}'::text[] LOOP
        EXECUTE format('CREATE FUNCTION evil.%s RETURNS text LANGUAGE plpgsql AS $f$BEGIN RAISE EXCEPTION ''hijacked'' USING ERRCODE = ''57P04''; END$f$', t);
    END LOOP;
END $$;
CREATE DOMAIN evil.text AS pg_catalog.text CHECK (false);
CREATE SCHEMA work;
SET search_path = evil, work, pg_catalog;
SELECT lib.create_findings_table('work.findings');
SELECT total, inserted, updated, fixed, errors FROM lib.ingest_sarif('{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t"}},"results":[{"ruleId":"a","message":{"text":"m"}},{"ruleId":"b","message":{"text":"m"}}]}]}'::pg_catalog.json,
    '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000003');
SELECT total, inserted, updated, fixed, errors FROM lib.ingest_sarif('{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t"}},"results":[{"ruleId":"a","message":{"text":"m"}},5]}]}'::pg_catalog.json,
    '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000004', touch => false);
SELECT total, inserted, updated, fixed, errors FROM lib.ingest_sarif('{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t"}},"results":[{"ruleId":"a","message":{"text":"m"}}]}]}'::pg_catalog.json,
    '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000005');
SELECT total, inserted FROM lib.ingest_findings('[{"message": "m"}]', '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000006');
SELECT change, rule_id FROM lib.scan_changes('00000000-0000-0000-0000-000000000005');
SELECT * FROM lib.migrate_fingerprints('work.findings', '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002');
RESET search_path;
DROP SCHEMA evil, work CASCADE;
ALTER EXTENSION reviewpro_pg SET SCHEMA public;
DROP SCHEMA lib;
