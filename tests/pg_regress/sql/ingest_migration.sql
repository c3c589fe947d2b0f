-- From the application's fingerprints to those of the content: no row, no status and no id is lost.
SET client_min_messages = warning;
CREATE FUNCTION pg_temp.log(lines int[], rules text[]) RETURNS text LANGUAGE sql RETURN
    '{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t"}},"results":[' || (
        SELECT string_agg(format('{"ruleId":"%s","message":{"text":"%1$s"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a.py"},"region":{"startLine":%s,"snippet":{"text":"code of %1$s"}}}}]}', r, l), ',')
        FROM unnest(lines, rules) u (l, r)) || ']}]}';
CREATE TABLE app (id uuid PRIMARY KEY, organization_id uuid NOT NULL, repository_id uuid NOT NULL, first_seen_scan_id uuid NOT NULL,
    last_seen_scan_id uuid NOT NULL, fingerprint varchar(64) NOT NULL, status varchar(20) NOT NULL, tool_name varchar(255) NOT NULL,
    rule_id varchar(255) NOT NULL, message text NOT NULL, severity varchar(20) NOT NULL, file_path varchar(1024) NOT NULL, start_line int NOT NULL,
    start_column int NOT NULL, end_line int, end_column int, snippet text, sarif_data jsonb, occurrence_count int NOT NULL, last_seen_at timestamptz NOT NULL,
    UNIQUE (organization_id, fingerprint));
-- As the application leaves it: a scan, then one with moved lines, whose findings are rows of their own.
SELECT inserted, fixed FROM ingest_sarif(pg_temp.log('{1,2,3}', '{a,b,c}'), md5('o')::uuid, md5('r')::uuid, md5('1')::uuid, 'app', mode => 'compat', close => false);
UPDATE app SET status = 'false_positive' WHERE rule_id = 'a';
SELECT inserted, fixed FROM ingest_sarif(pg_temp.log('{11,12,13}', '{a,b,b}'), md5('o')::uuid, md5('r')::uuid, md5('2')::uuid, 'app', mode => 'compat', close => false);
-- A row without its SARIF result is read from its columns.
UPDATE app SET sarif_data = NULL WHERE rule_id = 'c';
CREATE TABLE app_before AS TABLE app;
BEGIN;
SELECT * FROM migrate_fingerprints('app', md5('o')::uuid, md5('r')::uuid);
ROLLBACK;
CALL migrate_all_fingerprints('app');
CALL migrate_all_fingerprints('app');
SELECT count(*) AS rows, count(*) FILTER (WHERE a.status = b.status AND a.first_seen_scan_id = b.first_seen_scan_id AND a.occurrence_count = b.occurrence_count) AS kept,
       count(*) FILTER (WHERE a.fingerprint <> b.fingerprint) AS migrated
FROM app a JOIN app_before b USING (id);
-- The next scan, with the content's fingerprints and on other lines again, knows them all, and closes what is left of the old ones.
SELECT inserted, updated, fixed FROM ingest_sarif(pg_temp.log('{21,22,23,24}', '{a,b,b,c}'), md5('o')::uuid, md5('r')::uuid, md5('3')::uuid, 'app');
SELECT rule_id, start_line, status FROM app ORDER BY rule_id, start_line;
DROP TABLE app, app_before;
