SET client_min_messages = warning;
CREATE FUNCTION pg_temp.given(scan text, given jsonb, close boolean DEFAULT false,
    OUT total int, OUT inserted int, OUT updated int, OUT unchanged int, OUT reopened int, OUT fixed int, OUT duplicates int,
    OUT skipped int, OUT errors jsonb)
LANGUAGE sql RETURN (SELECT (i.total, i.inserted, i.updated, i.unchanged, i.reopened, i.fixed, i.duplicates, i.skipped, i.errors)
    FROM ingest_findings(given, md5('o')::uuid, md5('r')::uuid, md5(scan)::uuid, close => given.close) i);
SELECT create_findings_table();
-- Both the names of the columns and those of the planned contract; bad elements are named, good ones stored.
SELECT * FROM pg_temp.given('1', '[
    {"rule_id": "B101", "severity": "HIGH", "file_path": "a.py", "line": 7, "column": 3, "message": "m", "code_snippet": "assert x", "cwe": ["CWE-703"], "tool_name": "bandit"},
    {"rule_id": "B102", "severity": "low", "file_path": "b.py", "start_line": 8, "message": "n", "snippet": "exec", "cve_ids": ["CVE-2024-1"], "tool_name": "bandit", "fingerprint": "given"},
    {"rule_id": "B102", "file_path": "b.py", "message": "again", "fingerprint": "given"},
    5, "text", null, [],
    {"rule_id": 5}, {"line": 3000000000}, {"line": "x"}, {"severity": "dreadful"}, {"cwe_ids": [1]}, {"suppressed": "yes"},
    {}]');
SELECT rule_id, severity, file_path, start_line, start_column, message, snippet, cwe_ids, cve_ids, tool_name, fingerprint_kind, occurrence_count
FROM findings ORDER BY rule_id;
SELECT sarif_data FROM findings WHERE rule_id = 'B101';
-- Again: nothing. The next time only some of them, told to be all that there is.
SELECT total, inserted, updated, unchanged, duplicates FROM pg_temp.given('1', '[{"rule_id": "B102", "file_path": "b.py", "message": "again", "fingerprint": "given"}]');
SELECT total, inserted, updated, fixed FROM pg_temp.given('2', '[{"rule_id": "B102", "tool_name": "bandit", "fingerprint": "given"}]');
SELECT total, inserted, updated, fixed FROM pg_temp.given('3', '[{"rule_id": "B102", "tool_name": "bandit", "fingerprint": "given"}]', true);
SELECT rule_id, status FROM findings ORDER BY 1;
SELECT * FROM pg_temp.given('4', '[]');

-- The same object gets the same fingerprint as the same finding of a log.
SELECT f.fingerprint = s.fingerprint AS equal
FROM fingerprint_findings('[{"tool_name": "t", "rule_id": "a", "file_path": "a.py", "line": 3, "code_snippet": "x  =  1", "message": "m"}]') f,
     sarif_findings('{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t"}},"results":[{"ruleId":"a","message":{"text":"m"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a.py"},"region":{"startLine":3,"snippet":{"text":"x  =  1"}}}}]}]}]}'::text) s;
SELECT finding_index, left(fingerprint, 8) AS fingerprint, is_duplicate FROM fingerprint_findings('[
    {"rule_id": "a", "message": "m", "line": 1}, {"rule_id": "a", "message": "m", "line": 2}, {"rule_id": "a", "message": "m", "line": 1}, 5]');
SELECT count(*) FILTER (WHERE NOT is_duplicate) AS unique_count, count(*) FILTER (WHERE is_duplicate) AS duplicate_count
FROM fingerprint_findings('[{"message": "m"}, {"message": "m"}, {"message": "n"}]', 'location');
SELECT fingerprint = fingerprint(md5('o')::uuid, 'B101', 'src/app.py', 7, 5, 'Use of assert detected.') AS published
FROM fingerprint_findings('[{"rule_id": "B101", "file_path": "src/app.py", "line": 7, "column": 5, "message": "Use of assert detected."}]', 'compat', md5('o')::uuid);
SELECT * FROM fingerprint_findings('[]');
SELECT * FROM fingerprint_findings(NULL);
SELECT repository_fingerprint(md5('r')::uuid, 'f') = encode(sha256(convert_to(md5('r')::uuid || '|f', 'UTF8')), 'hex') AS published;

SELECT * FROM refusal('SELECT fingerprint_findings(''{}'')');
SELECT * FROM refusal('SELECT fingerprint_findings(''5'')');
SELECT * FROM refusal('SELECT fingerprint_findings(''[]'', ''tool'')');
SELECT * FROM refusal('SELECT fingerprint_findings(''[]'', ''compat'')');
SELECT * FROM refusal('SELECT fingerprint_findings(''[]'', ''other'')');
SELECT * FROM refusal('SELECT ingest_findings(''{}'', md5(''o'')::uuid, md5(''r'')::uuid, md5(''s'')::uuid)');
SELECT * FROM refusal('SELECT ingest_findings(NULL, md5(''o'')::uuid, md5(''r'')::uuid, md5(''s'')::uuid)');
SELECT * FROM refusal('SELECT ingest_findings(''[{"message": "m"}, 5]'', md5(''o'')::uuid, md5(''r'')::uuid, md5(''s'')::uuid, strict => true)');
SELECT count(*) FROM findings;
DROP TABLE findings;
