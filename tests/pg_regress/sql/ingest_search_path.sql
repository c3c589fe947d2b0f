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
    FOREACH t IN ARRAY string_to_array('format(text)|format(text, text)|now()|uuidv7()|char_length(text)|char_length(varchar)|to_jsonb(text[])|count(boolean)|jsonb_array_length(jsonb)|pg_advisory_xact_lock(bigint)|to_regclass(text)', '|') LOOP
        EXECUTE format('CREATE FUNCTION evil.%s RETURNS text LANGUAGE plpgsql AS $f$BEGIN RAISE EXCEPTION ''hijacked'' USING ERRCODE = ''57P04''; END$f$', t);
    END LOOP;
END $$;
-- Functions beside ours that a call with untyped literals, or with the types of a table's columns, would fit better.
DO $$
DECLARE
    f text;
BEGIN
    FOREACH f IN ARRAY string_to_array('ingest_results(json, text, text, jsonb, text[], text, text, text[], uuid, text)|ingest_results(json, text, text, jsonb, text[], text, boolean, boolean, text, text[], uuid, text, boolean)|'
        'ingest_objects(jsonb, text, uuid, text)|ingest_plan(regclass, uuid, uuid, uuid)|ingest_columns(oid)|ingest_columns(text)|repository_fingerprint(uuid, varchar)|'
        'fingerprint(uuid, varchar, varchar, integer, integer, text)|fingerprint(varchar, varchar, varchar, integer, integer, text)|'
        'sarif_findings(jsonb, text, text, jsonb, text, text, boolean, boolean, text, text, uuid, boolean, boolean)|sarif_findings(jsonb, text, text, boolean)|'
        'migrate_fingerprints(regclass, uuid, uuid, text)|migrate_fingerprints(regclass, varchar, varchar, text, jsonb)|cluster_map(text, text, text)|result_needs_run(jsonb)', '|') LOOP
        EXECUTE format('CREATE FUNCTION lib.%s RETURNS text LANGUAGE plpgsql AS $f$BEGIN RAISE EXCEPTION ''hijacked'' USING ERRCODE = ''57P04''; END$f$',
                       CASE WHEN f ~ '^ingest_results[(]json, text, text, jsonb, text..., text, text,' THEN
                           'ingest_results(sarif json, mode text, source_root text, uri_bases jsonb, kinds text[], suppressed text, fingerprint text, fingerprint_keys text[], organization_id uuid, raw text)'
                       WHEN f = 'sarif_findings(jsonb, text, text, boolean)' THEN 'sarif_findings(sarif jsonb, source_root text, kinds text, include_absent boolean)'
                       WHEN f = 'cluster_map(text, text, text)' THEN 'cluster_map(query text, eps text, min_samples text)' ELSE f END);
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
-- A table of other types, whose rows move over from the application's fingerprints.
CREATE TABLE work.other (organization_id varchar(36), repository_id varchar(36), first_seen_scan_id pg_catalog.text, last_seen_scan_id pg_catalog.text, fingerprint varchar(64) NOT NULL,
    status varchar(20), tool_name varchar(20), rule_id varchar(20), file_path varchar(20), start_line integer, start_column integer, message pg_catalog.text,
    severity varchar(20), sarif_data jsonb, embedding real[], UNIQUE (organization_id, fingerprint));
CREATE FUNCTION pg_temp.log() RETURNS json LANGUAGE sql RETURN '{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t","rules":[{"id":"b"}]}},"results":[
    {"ruleId":"a","message":{"text":"m"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a.c"}}}]},
    {"ruleIndex":0,"message":{"text":"m"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a.c"}}}]}]}]}'::pg_catalog.json;
SELECT inserted FROM lib.ingest_sarif(pg_temp.log(), '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000003', 'work.other', mode => 'compat');
CALL lib.migrate_all_fingerprints('work.other');
SELECT * FROM lib.migrate_fingerprints_by_log(pg_temp.log(), 'work.other', '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002');
SELECT inserted, updated, fixed FROM lib.ingest_sarif(pg_temp.log(), '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000004', 'work.other', touch => false);
SELECT inserted FROM lib.ingest_findings('[{"message": "m"}]', '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000005', 'work.other');
SELECT change, rule_id FROM lib.scan_changes('00000000-0000-0000-0000-000000000004', findings => 'work.other');
UPDATE work.other SET embedding = '{1,0}';
SELECT pg_catalog.length(lib.findings_report('work.other')) OPERATOR(pg_catalog.>) 0 AS reported;
RESET search_path;
DROP SCHEMA evil, work CASCADE;
ALTER EXTENSION reviewpro_pg SET SCHEMA public;
DROP SCHEMA lib CASCADE;
