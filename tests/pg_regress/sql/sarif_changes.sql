-- From one log to another: what changed about each finding. A result: its rule, which is its file too; its line.
CREATE FUNCTION pg_temp.log(results text, run text DEFAULT '', tool text DEFAULT 't') RETURNS text LANGUAGE sql RETURN
    format('{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"%s"}}%s,"results":[%s]}]}', tool, run, results);
CREATE FUNCTION pg_temp.result(rule text, line int DEFAULT 1, more text DEFAULT '') RETURNS text LANGUAGE sql RETURN
    format('{"ruleId":"%s","message":{"text":"%1$s"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"%1$s.py"},"region":{"startLine":%s}}}]%s}', rule, line, more);
CREATE TABLE logs AS SELECT pg_temp.log(concat_ws(',', pg_temp.result('gone'), pg_temp.result('kept'), pg_temp.result('moved', 5), pg_temp.result('kept'))) AS before,
    pg_temp.log(concat_ws(',', pg_temp.result('kept'), pg_temp.result('moved', 9), pg_temp.result('added'), pg_temp.result('back'))) AS after;
SELECT change, rule_id, severity, tool_name, file_path, start_line, previous_line, message FROM logs, sarif_changes(before, after);
-- A finding that was known earlier has come back.
SELECT change, c.rule_id FROM logs, sarif_changes(before, after,
    known => ARRAY(SELECT fingerprint FROM sarif_findings(pg_temp.log(pg_temp.result('back', 3))))) c WHERE change IN ('new', 'reopened');
-- The other way round; each form of a document; the fingerprints are those of sarif_findings.
SELECT change, rule_id FROM logs, sarif_changes(after, before) WHERE change <> 'unchanged';
SELECT (SELECT md5(string_agg(c::text, ',')) FROM sarif_changes(before, after) c) AS text,
       (SELECT md5(string_agg(c::text, ',')) FROM sarif_changes(before::json, after::json) c) = (SELECT md5(string_agg(c::text, ',')) FROM sarif_changes(before, after) c) AS json,
       (SELECT md5(string_agg(c::text, ',')) FROM sarif_changes(before::jsonb, after::jsonb) c) = (SELECT md5(string_agg(c::text, ',')) FROM sarif_changes(before, after) c) AS jsonb,
       (SELECT md5(string_agg(c::text, ',')) FROM sarif_changes(convert_to(before, 'UTF8'), convert_to(after, 'UTF8')) c) = (SELECT md5(string_agg(c::text, ',')) FROM sarif_changes(before, after) c) AS bytea
FROM logs;
SELECT count(*) AS same FROM logs, sarif_changes(before, after) c JOIN sarif_findings(after) f USING (fingerprint);
-- Only a complete run of the same tool and category can say that something is fixed.
SELECT change, rule_id FROM logs, LATERAL (VALUES
    (1, pg_temp.log('', ',"invocations":[{"executionSuccessful":false}]')), (2, pg_temp.log('', tool => 'other')),
    (3, pg_temp.log('', ',"automationDetails":{"id":"frontend/1"}')), (4, '{"version":"2.1.0","runs":[]}'),
    (5, pg_temp.log('5')), (6, pg_temp.log(''))) l (n, log), sarif_changes(before, log) c WHERE rule_id = 'gone' ORDER BY n;
-- What an option leaves out is not fixed; what was left out before is not new; pass and absent are gone.
SELECT change, rule_id FROM sarif_changes(pg_temp.log(pg_temp.result('a')), pg_temp.log(pg_temp.result('a', 1, ',"suppressions":[{"kind":"inSource"}]')), suppressed => 'exclude');
SELECT change, rule_id FROM sarif_changes(pg_temp.log(pg_temp.result('a', 1, ',"suppressions":[{"kind":"inSource"}]')), pg_temp.log(pg_temp.result('a')), suppressed => 'exclude');
SELECT change, rule_id FROM sarif_changes(pg_temp.log(pg_temp.result('a')), pg_temp.log(pg_temp.result('a', 1, ',"kind":"pass"')));
-- Other options, compat mode, NULLs.
SELECT change, file_path FROM sarif_changes(replace(pg_temp.log(pg_temp.result('a')), '"a.py"', '"/x/a.py"'), replace(pg_temp.log(pg_temp.result('a', 4)), '"a.py"', '"/x/a.py"'), source_root => '/x');
SELECT change, start_line, previous_line FROM sarif_changes(pg_temp.log(pg_temp.result('a')), pg_temp.log(pg_temp.result('a', 4)), fingerprint => 'location');
SELECT change, start_line, previous_line FROM sarif_changes(pg_temp.log(pg_temp.result('a')), pg_temp.log(pg_temp.result('a', 4)), mode => 'compat', organization_id => '11111111-2222-3333-4444-555555555555');
SELECT change, rule_id FROM sarif_changes(NULL, pg_temp.log(pg_temp.result('a')));
SELECT change, rule_id FROM sarif_changes(pg_temp.log(pg_temp.result('a')), NULL);
-- Refused as sarif_findings refuses.
SELECT * FROM refusal($$SELECT * FROM sarif_changes('{', '{}')$$);
SELECT * FROM refusal($$SELECT * FROM sarif_changes('{"version":"2.1.0","runs":[]}'::jsonb, '{}')$$);
SELECT * FROM refusal($$SELECT * FROM sarif_changes('{"version":"2.1.0","runs":[]}'::text, '{"version":"2.1.0","runs":[]}', mode => 'other')$$);
DROP TABLE logs;
