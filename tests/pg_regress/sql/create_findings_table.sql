SET client_min_messages = warning;
CREATE SCHEMA "Own place";
-- Unqualified: where CREATE TABLE would put it. Quoted and qualified names.
SELECT create_findings_table();
SELECT create_findings_table('"Own place"."Its ""findings"""');
SET search_path = "Own place", public;
SELECT create_findings_table('here')::text;
SELECT relname, relnamespace::regnamespace FROM pg_class WHERE relname = 'here' AND relkind = 'r';
RESET search_path;

SELECT column_name, data_type, is_nullable AS nullable, column_default
FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 'findings' ORDER BY ordinal_position;
SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = 'findings' ORDER BY indexname COLLATE "C";
SELECT obj_description('findings'::regclass, 'pg_class') IS NOT NULL AS has_comment;

-- A plain insert needs no more than what a finding is.
INSERT INTO findings (organization_id, repository_id, first_seen_scan_id, last_seen_scan_id, fingerprint, message)
SELECT md5('o')::uuid, md5('r')::uuid, md5('s')::uuid, md5('s')::uuid, fingerprint, message
FROM sarif_findings('{"version":"2.1.0","runs":[{"results":[{"message":{"text":"m"}}]}]}'::text);
SELECT status, severity, suppressed, occurrence_count, cwe_ids, first_seen_at = now() AS now FROM findings;

SELECT * FROM refusal('SELECT create_findings_table(''findings'')');
SELECT * FROM refusal('SELECT create_findings_table(''a.b.c'')');
SELECT * FROM refusal('SELECT create_findings_table(''nowhere.findings'')');
SELECT * FROM refusal('SELECT create_findings_table('''')');
SELECT * FROM refusal('INSERT INTO findings (organization_id, repository_id, first_seen_scan_id, last_seen_scan_id, fingerprint,
    message, status) VALUES (md5(''o'')::uuid, md5(''r'')::uuid, md5(''s'')::uuid, md5(''s'')::uuid, ''f'', ''m'', ''done'')');
BEGIN;
SET LOCAL search_path = '';
SELECT * FROM public.refusal('SELECT public.create_findings_table(''anywhere'')');
ROLLBACK;
DROP SCHEMA "Own place" CASCADE;
DROP TABLE findings;
