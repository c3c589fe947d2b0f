-- Tables of any columns: generated and identity ones, domains, enumerations, ids that are text, names with percent signs.
SET client_min_messages = warning;
CREATE FUNCTION pg_temp.log(results text, run text DEFAULT '') RETURNS text LANGUAGE sql RETURN
    format('{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t"}}%s,"results":[%s]}]}', run, results);
CREATE FUNCTION pg_temp.result(rule text, line int DEFAULT 1, more text DEFAULT '') RETURNS text LANGUAGE sql RETURN
    format('{"ruleId":"%s","message":{"text":"%1$s"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a.py"},"region":{"startLine":%s}}}]%s}', rule, line, more);
CREATE FUNCTION pg_temp.scan(scan text, log text, VARIADIC options text[] DEFAULT '{}',
    OUT total int, OUT inserted int, OUT updated int, OUT unchanged int, OUT reopened int, OUT fixed int, OUT errors jsonb)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SELECT total, inserted, updated, unchanged, reopened, fixed, errors FROM ingest_sarif($1, md5(''o'')::uuid, md5(''r'')::uuid, md5($2)::uuid%s)',
                   coalesce((SELECT string_agg(', ' || o, '') FROM unnest(options) o), ''))
    INTO total, inserted, updated, unchanged, reopened, fixed, errors USING log, scan;
END $$;
-- A finding appears, is gone, and is back.
CREATE FUNCTION pg_temp.life(findings text, run text DEFAULT '') RETURNS TABLE (inserted int, updated int, reopened int, fixed int, errors jsonb)
LANGUAGE sql AS $$
    SELECT s.inserted, s.updated, s.reopened, s.fixed, s.errors
    FROM (VALUES (1, 'a,b'), (2, 'a'), (3, 'a,b'), (4, 'a')) v (scan, rules),
         pg_temp.scan(v.scan::text, pg_temp.log((SELECT string_agg(pg_temp.result(r), ',') FROM unnest(string_to_array(v.rules, ',')) r), run),
                      format('findings => %L', findings)) s
$$;

-- Generated columns of any name that ingest would set.
SELECT create_findings_table('made');
ALTER TABLE made DROP resolved_at, DROP tool_name, DROP updated_at, DROP suppressed, DROP sarif_data, DROP automation_category;
ALTER TABLE made
    ADD tool_name text NOT NULL GENERATED ALWAYS AS ('t' || left(fingerprint, 0)) STORED,
    ADD resolved_at timestamptz GENERATED ALWAYS AS (fixed_at) STORED,
    ADD updated_at timestamptz GENERATED ALWAYS AS (last_seen_at) VIRTUAL,
    ADD suppressed boolean NOT NULL GENERATED ALWAYS AS (suppressions IS NOT NULL) STORED,
    ADD sarif_data jsonb GENERATED ALWAYS AS (metadata) STORED,
    ADD automation_category text GENERATED ALWAYS AS (CASE WHEN organization_id = repository_id THEN 'same' END) STORED,
    ADD sarif_run_index int GENERATED ALWAYS AS IDENTITY,
    ADD serial bigint NOT NULL GENERATED ALWAYS AS IDENTITY;
SELECT * FROM pg_temp.life('made');
SELECT rule_id, status, resolved_at = fixed_at AS resolved, serial FROM made ORDER BY 1;
-- A row that the table refuses makes it go row by row.
ALTER TABLE made ADD CHECK (rule_id <> 'bad');
SELECT * FROM pg_temp.scan('5', pg_temp.log(concat_ws(',', pg_temp.result('a'), pg_temp.result('bad'), pg_temp.result('c'))), 'findings => ''made''');
SELECT code, message, hint FROM refusal($$SELECT ingest_sarif('{"version":"2.1.0","runs":[]}'::text, md5('o')::uuid, md5('r')::uuid, md5('s')::uuid, 'made', extra => '{"serial": 1}')$$);
CREATE TABLE made_key (organization_id uuid, repository_id uuid, last_seen_scan_id uuid, status text, tool_name text, rule_id text,
    fingerprint text GENERATED ALWAYS AS (rule_id) STORED, UNIQUE (repository_id, fingerprint));
SELECT code, message, hint FROM refusal($$SELECT ingest_sarif('{"version":"2.1.0","runs":[]}'::text, md5('o')::uuid, md5('r')::uuid, md5('s')::uuid, 'made_key')$$);
SELECT name, type, base_type, length, is_domain, is_writable, is_required, has_default FROM ingest_columns('made')
WHERE name IN ('id', 'tool_name', 'serial', 'rule_id') ORDER BY name;

-- Domains, that must not be null or have checks; enumerations; ids that are text; a percent sign in names.
CREATE DOMAIN needed_text AS text NOT NULL;
CREATE DOMAIN needed_name AS needed_text;
CREATE DOMAIN short AS varchar(4);
CREATE DOMAIN short_needed AS short NOT NULL CHECK (VALUE <> 'bad');
CREATE DOMAIN other_needed AS int NOT NULL DEFAULT 7;
CREATE TYPE "per%cent s" AS ENUM ('critical', 'high', 'medium', 'low');
CREATE TYPE category AS ENUM ('frontend', 'backend');
CREATE TABLE odd (id text PRIMARY KEY, organization_id varchar(36), repository_id text NOT NULL, last_seen_scan_id char(36),
    first_seen_scan_id needed_text, fixed_scan_id varchar, reopened_scan_id text, fingerprint needed_text, status needed_text,
    tool_name needed_name, rule_id short_needed, automation_category category, severity "per%cent s", start_line other_needed,
    "%s%I" other_needed, occurrence_count int, UNIQUE (organization_id, repository_id, fingerprint));
SELECT name, type, base_type, length, is_required, has_default FROM ingest_columns('odd') WHERE is_domain ORDER BY name;
SELECT * FROM pg_temp.life('odd', ',"automationDetails":{"id":"frontend/1"},"invocations":[{"executionSuccessful":true}]');
SELECT rule_id, status, automation_category, severity, "%s%I", fixed_scan_id = md5('4')::uuid::text AS fixed, reopened_scan_id = md5('3')::uuid::text AS reopened
FROM odd ORDER BY 1;
SELECT total, inserted, errors FROM pg_temp.scan('5', pg_temp.log(concat_ws(',', pg_temp.result('longer'), pg_temp.result('bad'), pg_temp.result('c', 1, ',"level":"none"'), '{"message":{"text":"m"}}', pg_temp.result('d'))), 'findings => ''odd''');
ALTER TABLE odd ADD CHECK (rule_id::text <> 'e');
SELECT inserted, updated, unchanged, errors FROM pg_temp.scan('6', pg_temp.log(concat_ws(',', pg_temp.result('a'), pg_temp.result('e'))), 'findings => ''odd''', 'touch => false', 'close => false');
SELECT updated, unchanged, errors FROM pg_temp.scan('7', pg_temp.log(pg_temp.result('a')), 'findings => ''odd''', 'touch => false', 'close => false', 'extra => ''{"%s%I": 5}''');
SELECT code, message FROM refusal($$SELECT pg_temp.scan('8', pg_temp.log(pg_temp.result('f')), 'findings => ''odd''', 'extra => ''{"%s%I": null}''')$$);
ALTER TABLE odd ALTER last_seen_scan_id TYPE bigint USING 1;
SELECT code, message FROM refusal($$SELECT pg_temp.scan('9', pg_temp.log(pg_temp.result('f')), 'findings => ''odd''')$$);

-- Tables that inherit: the rows of others are neither seen nor changed.
CREATE TABLE parent (LIKE odd INCLUDING ALL);
ALTER TABLE parent ALTER last_seen_scan_id TYPE uuid USING NULL;
CREATE TABLE child () INHERITS (parent);
SELECT inserted FROM pg_temp.scan('1', pg_temp.log(pg_temp.result('a') || ',' || pg_temp.result('b')), 'findings => ''parent''');
INSERT INTO child SELECT * FROM parent;
SELECT updated, fixed FROM pg_temp.scan('2', pg_temp.log(pg_temp.result('a')), 'findings => ''parent''');
SELECT tableoid::regclass AS stored_in, rule_id, status, occurrence_count FROM parent ORDER BY 1, 2;
DELETE FROM ONLY parent;
SELECT inserted, updated, fixed FROM pg_temp.scan('3', pg_temp.log(pg_temp.result('a')), 'findings => ''parent''');
SELECT tableoid::regclass AS stored_in, rule_id, status, occurrence_count FROM parent ORDER BY 1, 2;
DROP TABLE made, made_key, odd, child, parent;
DROP DOMAIN needed_name, needed_text, short_needed, short, other_needed;
DROP TYPE "per%cent s", category;
