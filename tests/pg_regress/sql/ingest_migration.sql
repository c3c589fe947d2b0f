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

-- Results that lean on their run: rule by index, message by id, file by index, file behind a chain of bases, code in the artifact.
-- Alone they would be read as other findings; the log tells what they are. A row of no repository stops nobody.
CREATE FUNCTION pg_temp.leaning(first int, more text DEFAULT '') RETURNS text LANGUAGE sql RETURN format('{"version":"2.1.0","runs":[{
    "tool":{"driver":{"name":"t","rules":[{"id":"R0","messageStrings":{"m":{"text":"says {0}"}}},{"id":"R1"}]}},
    "originalUriBaseIds":{"SRC":{"uri":"src/","uriBaseId":"ROOT"},"ROOT":{"uri":"file:///w/"}},
    "artifacts":[{"location":{"uri":"lib/x.c"}},{"location":{"uri":"y.c"},"contents":{"text":"%2$sint y;\n"}}],
    "results":[
        {"ruleIndex":1,"message":{"text":"by rule index"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a.c"},"region":{"startLine":%1$s,"snippet":{"text":"a"}}}}]},
        {"ruleId":"R0","ruleIndex":0,"message":{"id":"m","arguments":["one"]},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"b.c"},"region":{"startLine":%1$s}}}]},
        {"ruleId":"R1","message":{"text":"file by index"},"locations":[{"physicalLocation":{"artifactLocation":{"index":0},"region":{"startLine":%1$s,"snippet":{"text":"c"}}}}]},
        {"ruleId":"R1","message":{"text":"behind bases"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"d.c","uriBaseId":"SRC"},"region":{"startLine":%1$s,"snippet":{"text":"d"}}}}]},
        {"ruleId":"R1","message":{"text":"in the contents"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"y.c","index":1},"region":{"startLine":%1$s}}}]},
        {"ruleId":"R1","message":{"text":"on the machine"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"file:///w/e.c"},"region":{"startLine":%1$s,"snippet":{"text":"e"}}}}]},
        {"ruleId":"R1","message":{"text":"stands alone"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"f.c","uriBaseId":"%%SRCROOT%%"},"region":{"startLine":%1$s,"snippet":{"text":"f"}}}}]}%3$s
    ]}]}', first, repeat('\n', first - 1), more);
SET client_min_messages = notice;
CREATE TABLE leaning (id uuid PRIMARY KEY, organization_id uuid NOT NULL, repository_id uuid, last_seen_scan_id uuid NOT NULL,
    fingerprint varchar(64) NOT NULL, status varchar(20) NOT NULL, tool_name varchar(255) NOT NULL, rule_id varchar(255) NOT NULL,
    message text NOT NULL, file_path varchar(1024) NOT NULL, start_line int NOT NULL, start_column int NOT NULL, sarif_data json,
    UNIQUE (organization_id, fingerprint));
SELECT inserted FROM ingest_sarif(pg_temp.leaning(3), md5('o')::uuid, md5('r')::uuid, md5('1')::uuid, 'leaning', mode => 'compat');
INSERT INTO leaning SELECT uuidv7(), organization_id, NULL, last_seen_scan_id, 'nobody''s', 'open', tool_name, rule_id, message, file_path,
    start_line, start_column, sarif_data FROM leaning LIMIT 1;
UPDATE leaning SET status = 'false_positive';
BEGIN;
SELECT * FROM migrate_fingerprints('leaning', md5('o')::uuid, md5('r')::uuid);
ROLLBACK;
SELECT * FROM migrate_fingerprints('leaning', md5('o')::uuid, md5('r')::uuid, '/w', '{"SRC": "src/"}');
CALL migrate_all_fingerprints('leaning');
-- The log tells what they are, in each form it may have. The next scan, with other lines, knows them all.
SELECT * FROM migrate_fingerprints_by_log(pg_temp.leaning(3), 'leaning', md5('o')::uuid, md5('r')::uuid);
SELECT * FROM migrate_fingerprints_by_log(pg_temp.leaning(3)::jsonb, 'leaning', md5('o')::uuid, md5('r')::uuid);
SELECT inserted, updated, fixed FROM ingest_sarif(pg_temp.leaning(9), md5('o')::uuid, md5('r')::uuid, md5('2')::uuid, 'leaning');
SELECT status, count(*) FROM leaning GROUP BY 1;
-- It mends what was read in another way than the log says, and of equal findings the row is the first.
TRUNCATE leaning;
SELECT inserted FROM ingest_sarif(pg_temp.leaning(3), md5('o')::uuid, md5('r')::uuid, md5('1')::uuid, 'leaning', mode => 'compat');
UPDATE leaning SET fingerprint = 'wrong' WHERE message = 'stands alone';
SELECT * FROM migrate_fingerprints_by_log(convert_to(pg_temp.leaning(3, ',{"ruleId":"R1","message":{"text":"stands alone"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"f.c","uriBaseId":"%SRCROOT%"},"region":{"startLine":3,"snippet":{"text":"f"}}}}]}'), 'UTF8'),
    'leaning', md5('o')::uuid, md5('r')::uuid);
SELECT inserted, updated, fixed FROM ingest_sarif(pg_temp.leaning(9), md5('o')::uuid, md5('r')::uuid, md5('2')::uuid, 'leaning');
SELECT * FROM migrate_fingerprints_by_log('{"version":"2.1.0","runs":[]}'::json, 'leaning', md5('o')::uuid, md5('r')::uuid);
SELECT * FROM refusal('SELECT migrate_fingerprints_by_log(NULL::text, ''leaning'', md5(''o'')::uuid, md5(''r'')::uuid)');
SELECT * FROM refusal('SELECT migrate_fingerprints_by_log(''{}''::text, ''leaning'', md5(''o'')::uuid, md5(''r'')::uuid)');
ALTER TABLE leaning DROP start_column;
SELECT * FROM refusal('SELECT migrate_fingerprints(''leaning'', md5(''o'')::uuid, md5(''r'')::uuid)');
DROP TABLE leaning;

-- It mends no row that is recognised by something else.
SELECT create_findings_table('kinds');
SELECT inserted FROM ingest_sarif(pg_temp.leaning(3), md5('o')::uuid, md5('r')::uuid, md5('1')::uuid, 'kinds', mode => 'compat');
UPDATE kinds SET fingerprint = message, fingerprint_kind = CASE message WHEN 'behind bases' THEN 'tool-v1' WHEN 'file by index' THEN 'given' ELSE 'content-v1' END;
SELECT * FROM migrate_fingerprints_by_log(pg_temp.leaning(3), 'kinds', md5('o')::uuid, md5('r')::uuid);
SELECT message, fingerprint_kind, fingerprint <> message AS changed FROM kinds ORDER BY 1;
DROP TABLE kinds;

-- What a result needs, one by one.
SELECT result, result_needs_run(result::jsonb, '/w/', '{"SRC": "src/"}') AS needs_run FROM (VALUES
    ('{}'), ('[]'), ('5'), (NULL),
    ('{"message":{"text":"m"}}'), ('{"message":"m"}'), ('{"message":{"markdown":"m"}}'), ('{"message":{"id":"m"}}'), ('{"message":{"id":"m","text":"m"}}'),
    ('{"message":{"id":"m","markdown":"m"}}'), ('{"message":{"text":""}}'),
    ('{"message":{"text":"m"},"ruleIndex":0}'), ('{"message":{"text":"m"},"ruleIndex":0,"ruleId":"r"}'), ('{"message":{"text":"m"},"ruleIndex":0,"ruleId":""}'),
    ('{"message":{"text":"m"},"rule":{"id":"r"}}'), ('{"message":{"text":"m"},"rule":{"guid":"g"}}'),
    ('{"partialFingerprints":{"primaryLocationLineHash":"0123456789abcdef:1"}}'), ('{"partialFingerprints":{"primaryLocationLineHash":"x"}}'),
    ('{"partialFingerprints":{"primaryLocationLineHash/v2":"0123456789abcdef:1"}}'), ('{"partialFingerprints":"x"}')
) r (result);
SELECT location, result_needs_run(format('{"message":{"text":"m"},"locations":[{"physicalLocation":{"artifactLocation":%s}}]}', location)::jsonb, '/w/', '{"SRC": "src/"}') AS needs_run
FROM (VALUES ('{}'), ('null'), ('{"uri":"a.c"}'), ('{"uri":"a.c","uriBaseId":"SRC"}'), ('{"uri":"a.c","uriBaseId":"OTHER"}'), ('{"uri":"a.c","uriBaseId":"%SRCROOT%"}'),
    ('{"index":0}'), ('{"index":-1}'), ('{"uri":"a.c","index":0}'), ('{"uri":"/w/a.c"}'), ('{"uri":"file:///w/a.c"}'), ('{"uri":"file://host/w/a.c"}'), ('{"uri":"file:///x/a.c"}'),
    ('{"uri":"/x/a.c"}'), ('{"uri":"C:\\x\\a.c"}'), ('{"uri":"https://example.org/a.c"}')) l (location);
SELECT result_needs_run('{"message":{"text":"m"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"/w/a.c"}}}]}') AS without_root,
       result_needs_run('{"message":{"text":"m"},"analysisTarget":{"uri":"/w/a.c"}}') AS target,
       result_needs_run('{"message":{"text":"m"},"analysisTarget":{"uri":"a.c"}}') AS relative_target;

-- A table without what the application has not: the time, the result. A rule or file that the application calls unknown may be none.
CREATE TABLE bare (organization_id text, repository_id text, last_seen_scan_id text, fingerprint text, status text, tool_name text,
    rule_id text, message text, file_path text, start_line bigint, start_column bigint, UNIQUE (repository_id, organization_id, fingerprint));
SELECT inserted FROM ingest_sarif(pg_temp.log('{1,2}', '{a,b}'), md5('o')::uuid, md5('r')::uuid, md5('1')::uuid, 'bare', mode => 'compat');
SELECT inserted FROM ingest_sarif('{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t"}},"results":[{"message":{"text":"m"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a.py"},"region":{"startLine":1}}}]}]}]}'::text,
    md5('o')::uuid, md5('r')::uuid, md5('1')::uuid, 'bare', mode => 'compat');
INSERT INTO bare (organization_id, repository_id, fingerprint) VALUES ('o', 'r', 'f');
CALL migrate_all_fingerprints('bare');
DROP TABLE bare;
