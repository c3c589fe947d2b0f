SET client_min_messages = warning;
-- A log of one run, and calls of ingest_sarif for it: scan 1, 2, ... of repository r.
CREATE FUNCTION pg_temp.log(results text, run text DEFAULT '') RETURNS text LANGUAGE sql RETURN
    format('{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t","version":"1"}}%s,"results":[%s]}]}', run, results);
CREATE FUNCTION pg_temp.result(rule text, line int DEFAULT 1, more text DEFAULT '') RETURNS text LANGUAGE sql RETURN
    format('{"ruleId":"%s","message":{"text":"%1$s"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a.py"},"region":{"startLine":%s}}}]%s}', rule, line, more);
CREATE FUNCTION pg_temp.id(name text) RETURNS uuid LANGUAGE sql RETURN md5(name)::uuid;
CREATE VIEW pg_temp.rows AS
    SELECT rule_id, start_line AS line, status, occurrence_count AS seen,
           first_seen_scan_id = pg_temp.id('1') AS from_1, last_seen_scan_id = pg_temp.id('1') AS last_1,
           fixed_at IS NOT NULL AS has_fixed_at, reopened_scan_id IS NOT NULL AS was_reopened, suppressed
    FROM findings ORDER BY rule_id, start_line;
CREATE FUNCTION pg_temp.scan(scan text, log text, repository text DEFAULT 'r', VARIADIC options text[] DEFAULT '{}',
    OUT total int, OUT inserted int, OUT updated int, OUT unchanged int, OUT reopened int, OUT fixed int, OUT duplicates int,
    OUT skipped int, OUT errors jsonb, OUT adds_up boolean)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SELECT total, inserted, updated, unchanged, reopened, fixed, duplicates, skipped, errors,
        inserted + updated + unchanged + duplicates + skipped + jsonb_array_length(errors) = total AND reopened <= updated
        FROM ingest_sarif($1, $2, $3, $4%s)', coalesce((SELECT string_agg(', ' || o, '') FROM unnest(options) o), ''))
    INTO total, inserted, updated, unchanged, reopened, fixed, duplicates, skipped, errors, adds_up
    USING log, pg_temp.id('o'), pg_temp.id(repository), pg_temp.id(scan);
END $$;
SELECT create_findings_table();

-- New; equal results are one finding, seen as often as it is in the log; what is no result is named.
SELECT * FROM pg_temp.scan('1', pg_temp.log(concat_ws(',', pg_temp.result('a'), pg_temp.result('a'), pg_temp.result('b', 2), '5')));
SELECT * FROM pg_temp.rows;
-- The same scan again changes nothing.
CREATE TABLE before AS SELECT xmin, * FROM findings;
SELECT * FROM pg_temp.scan('1', pg_temp.log(concat_ws(',', pg_temp.result('a'), pg_temp.result('a'), pg_temp.result('b', 2), '5')));
SELECT count(*) AS rows, count(*) FILTER (WHERE b.xmin = f.xmin AND to_jsonb(b) = to_jsonb(f) || jsonb_build_object('xmin', b.xmin)) AS untouched
FROM findings f JOIN before b USING (id);
-- The next scan sees one again, on another line; the log had an unreadable result, so nothing is closed.
SELECT * FROM pg_temp.scan('2', pg_temp.log(concat_ws(',', pg_temp.result('a', 7), '5')));
SELECT * FROM pg_temp.rows;
-- A complete one closes the other; a person's word stays.
SELECT * FROM pg_temp.scan('3', pg_temp.log(concat_ws(',', pg_temp.result('a', 7), pg_temp.result('c'))));
UPDATE findings SET status = 'false_positive' WHERE rule_id = 'c';
SELECT * FROM pg_temp.scan('4', pg_temp.log(''));
SELECT * FROM pg_temp.rows;
-- Back again: opened, but not what a person settled.
SELECT * FROM pg_temp.scan('5', pg_temp.log(concat_ws(',', pg_temp.result('a', 7), pg_temp.result('b', 2), pg_temp.result('c'))));
SELECT * FROM pg_temp.rows;
SELECT change, rule_id, status FROM scan_changes(pg_temp.id('5'), pg_temp.id('4'));
SELECT * FROM pg_temp.scan('6', pg_temp.log(concat_ws(',', pg_temp.result('a', 7), pg_temp.result('d'))));
SELECT change, rule_id, status FROM scan_changes(pg_temp.id('6'));

-- Nothing is closed by a run that failed, by one without results, by another tool, category or repository, or when told so.
SELECT fixed FROM pg_temp.scan('7', pg_temp.log('', ',"invocations":[{"executionSuccessful":false}]'));
SELECT fixed FROM pg_temp.scan('8', pg_temp.log('', ',"invocations":[{"executionSuccessful":true,"toolExecutionNotifications":[{"level":"error","message":{"text":"x"}}]}]'));
SELECT fixed FROM pg_temp.scan('9', '{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t"}}}]}');
SELECT fixed FROM pg_temp.scan('10', replace(pg_temp.log(''), '"t"', '"other"'));
SELECT fixed FROM pg_temp.scan('11', pg_temp.log('', ',"automationDetails":{"id":"frontend/1"}'));
SELECT fixed FROM pg_temp.scan('12', pg_temp.log(''), 'r2');
SELECT fixed FROM pg_temp.scan('13', pg_temp.log(''), 'r', 'close => false');
SELECT fixed FROM pg_temp.scan('14', '{"version":"2.1.0","runs":[]}');
SELECT count(*) FILTER (WHERE status = 'open') AS open FROM findings;
-- A suppressed result is not a fixed one, whether it is stored as suppressed or left out.
SELECT inserted, updated, skipped, fixed FROM pg_temp.scan('15', pg_temp.log(concat_ws(',', pg_temp.result('a', 7, ',"suppressions":[{"kind":"inSource"}]'), pg_temp.result('d'))));
SELECT inserted, updated, skipped, fixed FROM pg_temp.scan('16', pg_temp.log(concat_ws(',', pg_temp.result('a', 7, ',"suppressions":[{"kind":"inSource"}]'), pg_temp.result('d'))), 'r', 'suppressed => ''exclude''');
SELECT rule_id, status, suppressed FROM findings WHERE rule_id IN ('a', 'd') ORDER BY 1;
-- A result that passes or is absent says that the finding is gone.
SELECT inserted, updated, skipped, fixed FROM pg_temp.scan('17', pg_temp.log(concat_ws(',', pg_temp.result('a', 7, ',"kind":"pass"'), pg_temp.result('d', 1, ',"baselineState":"absent"'))));

-- Two repositories do not share a finding; in compat mode they do, when the table's key says so.
TRUNCATE findings;
SELECT inserted FROM pg_temp.scan('1', pg_temp.log(pg_temp.result('a')));
SELECT inserted FROM pg_temp.scan('1', pg_temp.log(pg_temp.result('a')), 'r2');
SELECT count(*), count(DISTINCT fingerprint) FROM findings;
-- Rows that say the same are left alone, if so wished.
SELECT updated, unchanged FROM pg_temp.scan('2', pg_temp.log(pg_temp.result('a')), 'r', 'touch => false');
SELECT updated, unchanged FROM pg_temp.scan('2', pg_temp.log(pg_temp.result('a', 3)), 'r', 'touch => false');

-- The four types of log.
TRUNCATE findings;
SELECT inserted, unchanged FROM ingest_sarif(pg_temp.log(pg_temp.result('a'))::json, pg_temp.id('o'), pg_temp.id('r'), pg_temp.id('1'));
SELECT inserted, unchanged FROM ingest_sarif(pg_temp.log(pg_temp.result('a'))::jsonb, pg_temp.id('o'), pg_temp.id('r'), pg_temp.id('1'));
SELECT inserted, unchanged FROM ingest_sarif(convert_to(pg_temp.log(pg_temp.result('a')), 'UTF8'), pg_temp.id('o'), pg_temp.id('r'), pg_temp.id('1'));

-- Constant columns; the counts as a notification.
SELECT inserted FROM pg_temp.scan('20', pg_temp.log(pg_temp.result('x')), 'r', format('extra => ''{"branch_id": "%s"}''', pg_temp.id('main')), 'notify => ''scans''');
SELECT branch_id = pg_temp.id('main') AS on_main FROM findings WHERE rule_id = 'x';
-- A scan of a branch closes what was first seen on that branch.
SELECT fixed FROM pg_temp.scan('21', pg_temp.log(''), 'r', format('extra => ''{"branch_id": "%s"}''', pg_temp.id('dev')));
SELECT fixed FROM pg_temp.scan('22', pg_temp.log(''), 'r', format('extra => ''{"branch_id": "%s"}''', pg_temp.id('main')));
SELECT rule_id, status FROM findings ORDER BY 1;

-- What a table cannot hold is an error of that element, never a cut text; strict refuses all.
CREATE TABLE narrow (LIKE findings INCLUDING ALL);
ALTER TABLE narrow ALTER rule_id TYPE varchar(3), ALTER file_path SET NOT NULL;
ALTER TABLE narrow ADD CHECK (rule_id <> 'bad');
CREATE TABLE narrow_before AS TABLE narrow;
SELECT * FROM pg_temp.scan('1', pg_temp.log(concat_ws(',', pg_temp.result('a'), pg_temp.result('long'), pg_temp.result('b'))), 'r', 'findings => ''narrow''');
SELECT * FROM pg_temp.scan('2', pg_temp.log(concat_ws(',', pg_temp.result('a'), pg_temp.result('long'), pg_temp.result('bad'), pg_temp.result('c'), pg_temp.result('c'))), 'r', 'findings => ''narrow''');
SELECT rule_id, status, occurrence_count FROM narrow ORDER BY 1;
SELECT * FROM refusal(format('SELECT ingest_sarif(%L::text, md5(''o'')::uuid, md5(''r'')::uuid, md5(''9'')::uuid, ''narrow'', strict => true)', pg_temp.log(concat_ws(',', pg_temp.result('z'), pg_temp.result('long')))));
SELECT * FROM refusal(format('SELECT ingest_sarif(%L::text, md5(''o'')::uuid, md5(''r'')::uuid, md5(''9'')::uuid, ''narrow'', strict => true)', pg_temp.log(concat_ws(',', pg_temp.result('z'), pg_temp.result('bad')))));
SELECT count(*) FROM narrow WHERE rule_id = 'z';

-- A trigger that leaves a row out, one that changes it, one that fails; a table that only a trigger's own search_path knows.
CREATE SCHEMA side;
CREATE TABLE side.journal (rule_id text);
CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.rule_id = 'drop' THEN RETURN NULL; END IF;
    IF NEW.rule_id = 'bad' THEN RAISE EXCEPTION 'not this one'; END IF;
    INSERT INTO journal VALUES (NEW.rule_id);
    NEW.rule_name := upper(NEW.rule_id);
    RETURN NEW;
END $$;
CREATE TABLE watched (LIKE findings INCLUDING ALL);
CREATE TRIGGER watch BEFORE INSERT ON watched FOR EACH ROW EXECUTE FUNCTION watch();
SET search_path = public, side;
SELECT * FROM pg_temp.scan('1', pg_temp.log(concat_ws(',', pg_temp.result('a'), pg_temp.result('drop'), pg_temp.result('b'))), 'r', 'findings => ''watched''');
SELECT * FROM pg_temp.scan('2', pg_temp.log(concat_ws(',', pg_temp.result('c'), pg_temp.result('drop'), pg_temp.result('bad'))), 'r', 'findings => ''watched''', 'close => false');
RESET search_path;
SELECT rule_id, rule_name FROM watched ORDER BY 1;

-- Partitioned, with generated and identity columns, an enumeration, json, arrays; a quoted name in another schema.
CREATE SCHEMA "Other";
CREATE TYPE "Other".grade AS ENUM ('critical', 'high', 'medium', 'low');
CREATE TABLE "Other"."F" (
    id bigint GENERATED ALWAYS AS IDENTITY,
    organization_id uuid, repository_id uuid NOT NULL, last_seen_scan_id uuid, fingerprint varchar(64) NOT NULL,
    status text NOT NULL, severity "Other".grade NOT NULL, tool_name text, rule_id text, start_line bigint, cwe_ids text[], cve_ids json,
    where_ text GENERATED ALWAYS AS (rule_id || ':' || start_line) STORED,
    UNIQUE (repository_id, fingerprint)
) PARTITION BY HASH (repository_id);
CREATE TABLE "Other".f0 PARTITION OF "Other"."F" FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE "Other".f1 PARTITION OF "Other"."F" FOR VALUES WITH (MODULUS 2, REMAINDER 1);
SELECT * FROM pg_temp.scan('1', pg_temp.log(concat_ws(',', pg_temp.result('a', 4, ',"level":"error","properties":{"tags":["CWE-79"]}'), pg_temp.result('b', 5, ',"level":"none"'))), 'r', 'findings => ''"Other"."F"''');
SELECT id, severity, cwe_ids, cve_ids, where_ FROM "Other"."F";
SELECT * FROM pg_temp.scan('2', pg_temp.log(''), 'r', 'findings => ''"Other"."F"''');
SELECT status FROM "Other"."F";

-- A table whose key has no repository: its fingerprints are the repository's own, but in compat mode.
CREATE TABLE shared (id uuid PRIMARY KEY, organization_id uuid NOT NULL, repository_id uuid NOT NULL, last_seen_scan_id uuid NOT NULL,
    fingerprint varchar(64) NOT NULL, status varchar(20) NOT NULL, tool_name varchar(255) NOT NULL, rule_id varchar(255) NOT NULL,
    file_path varchar(20) NOT NULL, start_line int NOT NULL, occurrence_count int NOT NULL, UNIQUE (organization_id, fingerprint));
SELECT inserted FROM pg_temp.scan('1', pg_temp.log(pg_temp.result('a')), 'r', 'findings => ''shared''');
SELECT inserted FROM pg_temp.scan('1', pg_temp.log(pg_temp.result('a')), 'r2', 'findings => ''shared''');
SELECT inserted, updated FROM pg_temp.scan('1', pg_temp.log(pg_temp.result('a')), 'r', 'findings => ''shared''', 'mode => ''compat''');
SELECT inserted, updated FROM pg_temp.scan('2', pg_temp.log(pg_temp.result('a')), 'r2', 'findings => ''shared''', 'mode => ''compat''');
SELECT count(*) FROM shared;
-- What a tool does not say is what the application stores; suppressed results have a status where there is no column for it.
SELECT inserted, fixed FROM pg_temp.scan('3', '{"version":"2.1.0","runs":[{"results":[{"message":{"text":"m"},"suppressions":[{"kind":"external"}]}]}]}', 'r', 'findings => ''shared''');
SELECT rule_id, tool_name, file_path, start_line, status FROM shared WHERE rule_id = 'unknown';

-- Compat: results without a location are skipped, and nothing of a known row changes but its counter.
TRUNCATE findings;
SELECT * FROM pg_temp.scan('1', pg_temp.log(pg_temp.result('a') || ',{"message":{"text":"m"}}'), 'r', 'mode => ''compat''');
SELECT * FROM pg_temp.scan('2', pg_temp.log(pg_temp.result('a', 1, ',"level":"error"')), 'r', 'mode => ''compat''');
SELECT severity, occurrence_count, fingerprint = fingerprint(organization_id, rule_id, file_path, start_line, start_column, message) AS published FROM findings;

-- Bad input: each with its code, and nothing stored by halves.
CREATE FUNCTION pg_temp.refused(log text, more text DEFAULT '', ids text DEFAULT 'md5(''o'')::uuid, md5(''r'')::uuid, md5(''s'')::uuid') RETURNS SETOF record LANGUAGE sql RETURN
    refusal(format('SELECT ingest_sarif(%L::text, %s%s)', log, ids, more));
SELECT r.* FROM pg_temp.refused(pg_temp.log(''), '', 'NULL, md5(''r'')::uuid, md5(''s'')::uuid') r (code text, message text, detail text, hint text);
SELECT r.* FROM pg_temp.refused(pg_temp.log(''), '', 'md5(''o'')::uuid, NULL, md5(''s'')::uuid') r (code text, message text, detail text, hint text);
SELECT r.* FROM pg_temp.refused(pg_temp.log(''), '', 'md5(''o'')::uuid, md5(''r'')::uuid, NULL') r (code text, message text, detail text, hint text);
SELECT r.* FROM pg_temp.refused(NULL) r (code text, message text, detail text, hint text);
SELECT r.* FROM pg_temp.refused('not json') r (code text, message text, detail text, hint text);
SELECT r.* FROM pg_temp.refused('{}') r (code text, message text, detail text, hint text);
SELECT r.* FROM pg_temp.refused(pg_temp.log(''), ', ''nothing''') r (code text, message text, detail text, hint text);
SELECT r.* FROM pg_temp.refused(pg_temp.log(''), ', ''pg_stat_activity''') r (code text, message text, detail text, hint text);
SELECT r.* FROM pg_temp.refused(pg_temp.log(''), ', mode => ''other''') r (code text, message text, detail text, hint text);
SELECT r.* FROM pg_temp.refused(pg_temp.log(''), ', fingerprint => ''other''') r (code text, message text, detail text, hint text);
SELECT r.* FROM pg_temp.refused(pg_temp.log(''), ', extra => ''[]''') r (code text, message text, detail text, hint text);
SELECT r.* FROM pg_temp.refused(pg_temp.log(''), ', extra => ''{"colour": 1}''') r (code text, message text, detail text, hint text);
SELECT r.* FROM pg_temp.refused(pg_temp.log(''), ', extra => ''{"status": "open"}''') r (code text, message text, detail text, hint text);
SELECT r.* FROM pg_temp.refused(pg_temp.log(''), ', extra => ''{"branch_id": "x"}''') r (code text, message text, detail text, hint text);
CREATE TABLE keyless AS TABLE findings;
SELECT r.* FROM pg_temp.refused(pg_temp.log(''), ', ''keyless''') r (code text, message text, detail text, hint text);
CREATE TABLE columnless (organization_id uuid, repository_id uuid, fingerprint text);
SELECT r.* FROM pg_temp.refused(pg_temp.log(''), ', ''columnless''') r (code text, message text, detail text, hint text);
ALTER TABLE shared ADD needed text NOT NULL;
SELECT r.* FROM pg_temp.refused(pg_temp.log(''), ', ''shared''') r (code text, message text, detail text, hint text);
SELECT inserted FROM pg_temp.scan('30', pg_temp.log(pg_temp.result('q')), 'r', 'findings => ''shared''', 'extra => ''{"needed": "given"}''') ;
DROP TABLE findings;
SELECT r.* FROM pg_temp.refused(pg_temp.log('')) r (code text, message text, detail text, hint text);

DROP SCHEMA "Other", side CASCADE;
DROP TABLE before, narrow, narrow_before, watched, shared, keyless, columnless;
DROP FUNCTION watch();
