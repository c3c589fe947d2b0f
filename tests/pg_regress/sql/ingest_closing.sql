SET client_min_messages = warning;
-- What an ingest closes and what it must not. A log of one run, and calls of ingest_sarif for it.
CREATE FUNCTION pg_temp.log(results text, tool text DEFAULT '{"name":"t"}', run text DEFAULT '') RETURNS text LANGUAGE sql RETURN
    format('{"version":"2.1.0","runs":[{"tool":{"driver":%s}%s,"results":[%s]}]}', tool, run, results);
CREATE FUNCTION pg_temp.result(rule text, more text DEFAULT '') RETURNS text LANGUAGE sql RETURN
    format('{"ruleId":"%s","message":{"text":"%1$s"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a.py"},"region":{"startLine":1}}}]%s}', rule, more);
CREATE FUNCTION pg_temp.scan(scan text, log text, VARIADIC options text[] DEFAULT '{}',
    OUT inserted int, OUT updated int, OUT unchanged int, OUT reopened int, OUT fixed int, OUT skipped int, OUT errors jsonb, OUT adds_up boolean)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SELECT inserted, updated, unchanged, reopened, fixed, skipped, errors,
        inserted + updated + unchanged + duplicates + skipped + jsonb_array_length(errors) = total AND reopened <= updated
        FROM ingest_sarif($1, md5(''o'')::uuid, md5(''r'')::uuid, md5($2)::uuid%s)', coalesce((SELECT string_agg(', ' || o, '') FROM unnest(options) o), ''))
    INTO inserted, updated, unchanged, reopened, fixed, skipped, errors, adds_up USING log, scan;
END $$;
CREATE FUNCTION pg_temp.given(scan text, given jsonb, extra jsonb DEFAULT NULL,
    OUT inserted int, OUT updated int, OUT fixed int, OUT errors int)
LANGUAGE sql RETURN (SELECT (i.inserted, i.updated, i.fixed, jsonb_array_length(i.errors))
    FROM ingest_findings(given, md5('o')::uuid, md5('r')::uuid, md5(scan)::uuid, extra => given.extra, close => true) i);
SELECT create_findings_table();
-- The product's key has no repository.
CREATE TABLE shared (organization_id uuid NOT NULL, repository_id uuid NOT NULL, last_seen_scan_id uuid NOT NULL,
    fingerprint varchar(64) NOT NULL, status varchar(20) NOT NULL, tool_name varchar(255) NOT NULL, rule_id varchar(255) NOT NULL,
    occurrence_count int, reopened_scan_id uuid, UNIQUE (organization_id, fingerprint));

-- Objects: with one that cannot be read nothing is closed.
SELECT * FROM pg_temp.given('1', '[{"rule_id": "a", "tool_name": "t"}, {"rule_id": "b", "tool_name": "t"}]');
SELECT * FROM pg_temp.given('2', '[{"rule_id": "a", "tool_name": "t"}, {"rule_id": "b", "tool_name": "t", "line": "x"}]');
SELECT * FROM pg_temp.given('3', '[{"rule_id": "a", "tool_name": "t"}, {"rule_id": "c", "tool_name": "t", "security_severity": 1e300}]');
SELECT * FROM pg_temp.given('4', '[{"rule_id": "a", "tool_name": "t"}]');

-- What an option leaves out was seen, whatever the formula of its fingerprint and the key of the table.
SELECT inserted, fixed FROM pg_temp.scan('1', pg_temp.log(pg_temp.result('a')), 'findings => ''shared''', 'mode => ''compat''');
SELECT inserted, skipped, fixed FROM pg_temp.scan('2', pg_temp.log(pg_temp.result('a', ',"suppressions":[{"kind":"external"}]')), 'findings => ''shared''', 'mode => ''compat''', 'suppressed => ''exclude''');
SELECT rule_id, status FROM shared;
-- The compat fingerprint is to be had in the default mode too, and is stored as it is.
TRUNCATE findings;
SELECT inserted FROM pg_temp.scan('1', pg_temp.log(pg_temp.result('a')), 'fingerprint => ''compat''');
SELECT fingerprint_kind, fingerprint = fingerprint(organization_id, rule_id, file_path, start_line, start_column, message) AS published FROM findings;
SELECT inserted, updated FROM pg_temp.scan('3', pg_temp.log(pg_temp.result('a')), 'findings => ''shared''', 'fingerprint => ''compat''');
SELECT f.fingerprint = s.fingerprint AS equal FROM findings f, shared s;

-- A category that the caller sets is the one that is closed in.
TRUNCATE findings;
SELECT inserted FROM pg_temp.scan('1', pg_temp.log(pg_temp.result('a')), 'extra => ''{"automation_category": "x"}''');
SELECT inserted FROM pg_temp.scan('2', pg_temp.log(pg_temp.result('b')), 'extra => ''{"automation_category": "y"}''');
SELECT inserted, fixed FROM pg_temp.scan('3', pg_temp.log(pg_temp.result('c')));
SELECT fixed FROM pg_temp.scan('4', pg_temp.log('', '{"name":"t"}', ',"automationDetails":{"id":"z/1"}'), 'extra => ''{"automation_category": "x"}''');
SELECT fixed FROM pg_temp.scan('5', pg_temp.log(''), 'extra => ''{"automation_category": null}''');
SELECT rule_id, automation_category, status FROM findings ORDER BY 1;
SELECT fixed FROM pg_temp.given('6', '[{"rule_id": "d", "tool_name": "t"}]', '{"automation_category": "y"}');
SELECT rule_id, automation_category, status FROM findings ORDER BY 1;

-- A tool is one in any case, in fingerprints as in what is closed; a run without a name of a tool closes what has none.
TRUNCATE findings;
SELECT inserted FROM pg_temp.scan('1', pg_temp.log(concat_ws(',', pg_temp.result('a'), pg_temp.result('b')), '{"name":"Ruff"}'));
SELECT inserted FROM pg_temp.scan('1', pg_temp.log(pg_temp.result('c'), '{}'));
SELECT updated, fixed FROM pg_temp.scan('2', pg_temp.log(pg_temp.result('a'), '{"name":"ruff"}'));
SELECT rule_id, tool_name, status FROM findings ORDER BY 1;
SELECT fixed FROM pg_temp.scan('3', pg_temp.log('', '{}'));
SELECT rule_id, tool_name, status FROM findings ORDER BY 1;
-- Of two runs of one tool both must be complete.
SELECT fixed FROM pg_temp.scan('4', '{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"RUFF"}},"results":[]},{"tool":{"driver":{"name":"ruff"}}}]}');
SELECT change, rule_id FROM sarif_changes(pg_temp.log(pg_temp.result('a'), '{"name":"Ruff"}'), pg_temp.log('', '{"name":"ruff"}'));

-- A finding of two categories is told of by the one that found it last.
TRUNCATE findings;
SELECT inserted FROM pg_temp.scan('1', pg_temp.log(pg_temp.result('a'), '{"name":"t"}', ',"automationDetails":{"id":"x/1"}'));
SELECT updated FROM pg_temp.scan('2', pg_temp.log(pg_temp.result('a'), '{"name":"t"}', ',"automationDetails":{"id":"y/1"}'));
SELECT fixed FROM pg_temp.scan('3', pg_temp.log('', '{"name":"t"}', ',"automationDetails":{"id":"x/1"}'));
SELECT fixed FROM pg_temp.scan('4', pg_temp.log('', '{"name":"t"}', ',"automationDetails":{"id":"y/1"}'));

-- A fixed finding that comes back suppressed is not open again; a count that was never kept begins.
TRUNCATE shared;
SELECT inserted FROM pg_temp.scan('1', pg_temp.log(pg_temp.result('a')), 'findings => ''shared''');
SELECT fixed FROM pg_temp.scan('2', pg_temp.log(''), 'findings => ''shared''');
UPDATE shared SET occurrence_count = NULL;
SELECT updated, reopened FROM pg_temp.scan('3', pg_temp.log(pg_temp.result('a', ',"suppressions":[{"kind":"external"}]')), 'findings => ''shared''');
SELECT status, occurrence_count, reopened_scan_id IS NOT NULL AS was_reopened FROM shared;
UPDATE shared SET status = 'fixed';
SELECT updated, reopened FROM pg_temp.scan('4', pg_temp.log(pg_temp.result('a')), 'findings => ''shared''');
SELECT status, occurrence_count, reopened_scan_id = md5('4')::uuid AS was_reopened FROM shared;

-- An update that a trigger refuses is an error as an insert is, whether the others are stored at once or one by one.
TRUNCATE findings;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.rule_id = 'keep' THEN RETURN NULL; END IF;
    IF NEW.rule_id = 'bad' THEN RAISE EXCEPTION 'not this one'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse BEFORE UPDATE ON findings FOR EACH ROW EXECUTE FUNCTION refuse();
SELECT inserted FROM pg_temp.scan('1', pg_temp.log(concat_ws(',', pg_temp.result('a'), pg_temp.result('keep'), pg_temp.result('bad'))));
SELECT * FROM pg_temp.scan('2', pg_temp.log(concat_ws(',', pg_temp.result('a'), pg_temp.result('keep'))), 'close => false');
SELECT * FROM pg_temp.scan('3', pg_temp.log(concat_ws(',', pg_temp.result('a'), pg_temp.result('keep'), pg_temp.result('bad'))));
SELECT * FROM pg_temp.scan('4', pg_temp.log(concat_ws(',', pg_temp.result('a'), pg_temp.result('keep', ',"level":"error"'))), 'touch => false', 'close => false');
SELECT * FROM pg_temp.scan('4', pg_temp.log(concat_ws(',', pg_temp.result('a'), pg_temp.result('keep'))), 'touch => false', 'close => false');
DROP TABLE findings, shared;
