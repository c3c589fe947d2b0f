BEGIN;
SET LOCAL client_min_messages = warning;
SELECT create_findings_table('findings');
CREATE FUNCTION scan(n int) RETURNS uuid LANGUAGE sql RETURN md5('scan' || n)::uuid;
-- Two scans of one repository, one of another. What the second no longer finds is fixed.
SELECT inserted, updated, fixed FROM ingest_findings('[
    {"rule_id": "B608", "rule_name": "hardcoded_sql_expressions", "severity": "high", "security_severity": 8.8, "file_path": "src/a.py", "line": 3,
     "message": "Possible SQL injection.", "code_snippet": "query = \"SELECT \" + name", "cwe": ["CWE-89"], "tool_name": "Bandit"},
    {"rule_id": "B101", "severity": "low", "file_path": "src/a.py", "line": 9, "message": "Use of assert detected.", "tool_name": "Bandit"},
    {"rule_id": "B101", "severity": "low", "file_path": "src/b.py", "line": 1, "message": "Use of assert detected.", "tool_name": "Bandit"}]',
    md5('o')::uuid, md5('r')::uuid, scan(1), close => true);
UPDATE findings SET first_seen_at = '2026-11-01 03:00+00', last_seen_at = '2026-11-01 03:00+00';
SELECT inserted, updated, fixed FROM ingest_findings('[
    {"rule_id": "B608", "rule_name": "hardcoded_sql_expressions", "severity": "high", "security_severity": 8.8, "file_path": "src/a.py", "line": 3,
     "message": "Possible SQL injection.", "code_snippet": "query = \"SELECT \" + name", "cwe": ["CWE-89"], "tool_name": "Bandit"},
    {"rule_id": "x | y `z` <b>", "severity": "critical", "file_path": "src/|.py", "line": 4, "message": "<script>alert(1)</script> | *bold*\nsecond line",
     "code_snippet": "</code><script>alert(1)</script>\n````", "tool_name": "Bandit"},
    {"rule_id": "B101", "severity": "low", "file_path": "src/a.py", "line": 9, "message": "Use of assert detected.", "tool_name": "Bandit"}]',
    md5('o')::uuid, md5('r')::uuid, scan(2), close => true);
SELECT inserted FROM ingest_findings('[{"rule_id": "S1", "severity": "info", "message": "m", "tool_name": "Other"}]', md5('o')::uuid, md5('q')::uuid, scan(3));
UPDATE findings SET first_seen_at = '2026-11-08 03:00+00' WHERE first_seen_scan_id <> scan(1);
UPDATE findings SET last_seen_at = '2026-11-08 03:00+00' WHERE last_seen_scan_id <> scan(1);
UPDATE findings SET fixed_at = '2026-11-08 03:00+00' WHERE status = 'fixed';
UPDATE findings SET status = 'false_positive' WHERE rule_id = 'B101' AND status = 'open';

CREATE FUNCTION page(text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT regexp_replace(line, 'Generated: .*', 'Generated: ...') FROM string_to_table($1, E'\n') line $$;
\pset tuples_only on
\pset format unaligned
SELECT page(findings_report(format => 'markdown', title => 'Everything'));
SELECT page(findings_report('findings', 'markdown', repository_id => md5('q')::uuid, top => 1, worst => 0));
SELECT page(findings_report('findings', 'markdown', scan_id => scan(2), worst => 1));
\pset format aligned
\pset tuples_only off
-- What the page is made of.
SELECT key, jsonb_typeof(value) FROM jsonb_each(findings_report_data(findings_report_query('findings'))) ORDER BY key;
SELECT d -> 'totals' AS totals, d -> 'changes' AS changes FROM findings_report_data(findings_report_query('findings')) d;
-- HTML: one page, no script, everything that was written as text.
CREATE TEMPORARY TABLE html AS SELECT findings_report() AS page;
SELECT page ~ '^<!DOCTYPE html>' AS is_page, page LIKE '%default-src ''none''; style-src ''sha256-%' AS has_policy, page ~ '<script|z` <b>|javascript:' AS is_hit,
       page LIKE '%&lt;script&gt;alert(1)&lt;/script&gt; | *bold*%' AS is_text FROM html;
-- A repeated report differs in nothing but its time.
SELECT regexp_replace(page, 'Generated.*UTC', '') = regexp_replace(findings_report(), 'Generated.*UTC', '') AS same FROM html;

-- A map: of the column embedding, of several models' vectors those that are most; or of a query.
ALTER TABLE findings ADD COLUMN embedding real[];
UPDATE findings SET embedding = CASE rule_id WHEN 'B608' THEN '{1,0,0}' WHEN 'S1' THEN '{1,2}' ELSE '{0.9,0.1,0}' END::real[];
SELECT jsonb_pretty(findings_report_data(findings_report_query('findings', eps => 0.1)) -> 'map' -> 'points' -> 0 -> 'label') AS label,
       d -> 'of' AS of, jsonb_array_length(d -> 'points') AS drawn
FROM (SELECT findings_report_data(findings_report_query('findings')) -> 'map' AS d) d;
SELECT findings_report() LIKE '%<svg class="map"%' AS has_map, findings_report(max_points => 0) LIKE '%<svg class="map"%' AS without;
SELECT jsonb_path_query_array(findings_report_data(findings_report_query('findings', embeddings => $$
    SELECT '<' || n, ARRAY[n, 1] ::real[] FROM generate_series(1, 5) n$$, max_points => 3)), '$.map.points[*].label') AS labels;
ALTER TABLE findings DROP COLUMN embedding;

-- An application's table: other types, fewer columns. It does not say what was reopened; what was fixed, by the time.
CREATE TYPE severity AS ENUM ('low', 'high');
CREATE TABLE "Odd ""table""" (severity severity, status varchar(20), rule_id varchar(255), first_seen_scan_id uuid, last_seen_scan_id uuid, last_seen_at timestamptz,
                       fixed_at timestamptz, cwe_ids text[], start_line text, security_severity numeric, repository_id bigint);
INSERT INTO "Odd ""table""" VALUES
    ('high', 'open', NULL, scan(5), scan(5), '2026-11-08', NULL, '{CWE-1,NULL,CWE-2}', 'x', 'NaN', 1),
    ('low', 'fixed', 'r', scan(4), scan(4), '2026-11-01', '2026-11-08', NULL, NULL, NULL, 1),
    ('low', 'fixed', 'r', scan(4), scan(4), '2026-10-01', '2026-10-08', NULL, NULL, NULL, 1),
    (NULL, 'open', 'r', scan(4), scan(5), '2026-11-08', NULL, '{}', NULL, 11, 1);
SELECT d -> 'totals' AS totals, d -> 'changes' AS changes, d -> 'worst' AS worst
FROM findings_report_data(findings_report_query('"Odd ""table"""')) d;
CREATE TABLE small AS SELECT 'high' AS severity, 'open' AS status;
SELECT d -> 'changes' AS changes, d -> 'severities' -> 1 AS high FROM findings_report_data(findings_report_query('small')) d;
CREATE VIEW small_view AS SELECT * FROM small;
SELECT findings_report('small_view', 'markdown') LIKE '%| high | 1 |%' AS of_a_view;
CREATE TABLE empty_table AS SELECT * FROM findings LIMIT 0;
SELECT findings_report('empty_table') LIKE '%No finding is open.%' AS of_nothing;

-- Whatever a column can hold.
CREATE TABLE extreme (severity text, status text DEFAULT 'open', file_path text, security_severity numeric, start_line bigint, first_seen_at date,
    last_seen_at timestamp, fixed_at timestamptz, first_seen_scan_id uuid DEFAULT scan(1), last_seen_scan_id uuid DEFAULT scan(2), cwe_ids json, embedding float8[]);
INSERT INTO extreme (file_path, severity, security_severity, start_line, first_seen_at, last_seen_at, fixed_at, cwe_ids, embedding) VALUES
    ('1', 'high', '1e400', 9223372036854775807, '5874897-12-31', '294276-12-31 23:59:59.999999', '294276-12-31', '["\u0000"]', '{1e300,1}'),
    ('2', 'high', '1e-400', -9223372036854775808, '4713-01-01 BC', '4713-01-01 BC', '4713-01-02 BC', '1e999999', '{1,NaN}'),
    ('3', 'high', 'Infinity', 0, 'infinity', 'infinity', 'infinity', '["CWE-1", 5, {"a": "\ud800"}]', '{1,Infinity}'),
    ('4', 'high', '-Infinity', NULL, '-infinity', '-infinity', '-infinity', '{}', '{NULL,1}'),
    ('5', 'high', 'NaN', 1, '2026-11-08', '2026-11-08', '2026-11-08', '["CWE-79"]', '{}'),
    ('6', 'high', 9.8, 1, '2026-11-08', '2026-11-08', '2026-11-08', 'null', '{0,0}'), ('7', 'high', -1, 1, NULL, NULL, NULL, NULL, '{{1},{2}}'),
    ('8', 'high', 10, 1, NULL, NULL, NULL, '[]', '{1,2}'), ('9', repeat('x', 100000), 5, 1, NULL, NULL, NULL, '[]', '{1,3}');
SELECT w ->> 'file_path' AS file, w -> 'security_severity' AS score, w -> 'start_line' AS line, w ->> 'first_seen' AS first_seen, w -> 'cwe_ids' AS cwe_ids
FROM findings_report_data(findings_report_query('extreme')) d, jsonb_array_elements(d -> 'worst') w;
SELECT findings_report('extreme') <> '', findings_report('extreme', 'markdown') <> '';
ALTER TABLE extreme ALTER security_severity TYPE float8 USING 8.1, ALTER embedding TYPE real[] USING '{1,NaN}', ALTER first_seen_at TYPE timestamptz USING 'infinity';
UPDATE extreme SET security_severity = 1.7976931348623157e308 WHERE file_path = '2';
UPDATE extreme SET security_severity = 5e-324 WHERE file_path = '3';
SELECT findings_report('extreme') <> '' AS reported;
ALTER TABLE extreme ALTER security_severity TYPE float4 USING 8.1;
SELECT w -> 'security_severity' AS score FROM findings_report_data(findings_report_query('extreme', worst => 1)) d, jsonb_array_elements(d -> 'worst') w;

-- Names and operators of the caller's own do not get in.
CREATE SCHEMA trap;
CREATE FUNCTION trap.count(anyelement) RETURNS bigint LANGUAGE sql AS 'SELECT 666::bigint';
CREATE FUNCTION trap.never(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
CREATE OPERATOR trap.= (LEFTARG = text, RIGHTARG = text, FUNCTION = trap.never);
CREATE FUNCTION trap.left(text, int) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
SET LOCAL search_path = trap, pg_catalog, public;
SELECT public.findings_report('public.findings') LIKE '%hardcoded_sql_expressions%' AS not_trapped;
SET LOCAL search_path = '';
SELECT public.findings_report('public.findings') LIKE '%hardcoded_sql_expressions%' AS without_path;
SET LOCAL search_path = public;

-- Row-level security and grants are the caller's.
CREATE ROLE reviewpro_reader;
GRANT SELECT ON findings TO reviewpro_reader;
ALTER TABLE findings ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON findings USING (repository_id = md5('q')::uuid);
SET LOCAL ROLE reviewpro_reader;
SELECT findings_report_data(findings_report_query('findings')) -> 'totals' ->> 'findings' AS seen;
SELECT code, message FROM refusal('SELECT findings_report(''small'')');
RESET ROLE;

-- What cannot be reported.
SELECT * FROM refusal('SELECT findings_report(''nowhere'')');
SELECT * FROM refusal('SELECT findings_report(''findings'', ''pdf'')');
SELECT * FROM refusal('SELECT findings_report(''findings'', NULL) IS NULL');
SELECT * FROM refusal('SELECT findings_report(''findings'', top => 1001)');
SELECT * FROM refusal('SELECT findings_report(''findings'', worst => NULL)');
SELECT * FROM refusal('SELECT findings_report(''findings'', max_points => -1)');
SELECT * FROM refusal('SELECT findings_report(''pg_type'')');
SELECT * FROM refusal('SELECT findings_report(''pg_class_oid_index'')');
SELECT * FROM refusal('SELECT findings_report(''small'', scan_id => scan(1))');
SELECT * FROM refusal('SELECT findings_report(''small'', organization_id => scan(1))');
SELECT * FROM refusal('SELECT findings_report(''findings'', embeddings => ''DELETE FROM findings RETURNING 1, ARRAY[1]::real[]'')');
DROP TABLE findings;
SELECT * FROM refusal('SELECT findings_report()');
SELECT * FROM refusal($$SELECT render_findings_report('[]')$$);
SELECT * FROM refusal($$SELECT render_findings_report('{"worst": [{"start_line": "x"}]}')$$);
ROLLBACK;
