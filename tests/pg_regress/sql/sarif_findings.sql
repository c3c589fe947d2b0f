-- One log with one of each.
\pset null '-'
CREATE TEMPORARY TABLE log AS SELECT $$
{"version": "2.1.0", "runs": [{
  "tool": {"driver": {"name": "Demo", "version": "1.2", "rules": [
    {"id": "R1", "name": "first", "shortDescription": {"text": "The first rule"}, "helpUri": "https://example.org/R1",
     "defaultConfiguration": {"level": "error"},
     "properties": {"tags": ["security", "external/cwe/cwe-079"], "security-severity": "9.1", "precision": "high"}},
    {"id": "R2", "messageStrings": {"m": {"text": "{0} is not {1}"}}}]}},
  "automationDetails": {"id": "nightly/42"},
  "columnKind": "utf16CodeUnits",
  "results": [
    {"ruleId": "R1", "message": {"text": "bad"}, "locations": [{"physicalLocation": {
       "artifactLocation": {"uri": "src/a%20b.py"}, "region": {"startLine": 3, "endColumn": 9, "snippet": {"text": "eval(x)\n"}}}}]},
    {"ruleIndex": 1, "message": {"id": "m", "arguments": ["1", "2"]}, "suppressions": [{"kind": "inSource"}],
     "partialFingerprints": {"primaryLocationLineHash": "39fa2ee980eb94b0:1"}},
    {"ruleId": "R3", "kind": "pass", "message": {"text": "fine"}},
    {"ruleId": "R2", "level": "note", "baselineState": "absent", "message": {"text": "gone"}}]
}]}
$$ AS sarif;
SELECT rule_id, rule_name, level, severity, severity_source, message, file_path, start_line, start_column, end_column, cwe_ids, suppressed
FROM log, sarif_findings(sarif);
\x on
SELECT (f).* FROM (SELECT sarif_findings(sarif) AS f FROM log) q WHERE (f).result_index = 0;
\x off
-- The same rows whatever the log's type.
WITH rows AS (
    SELECT 'text' AS type, f FROM log, sarif_findings(sarif, raw => true) f
    UNION ALL SELECT 'json', f FROM log, sarif_findings(sarif::json, raw => true) f
    UNION ALL SELECT 'jsonb', f FROM log, sarif_findings(sarif::jsonb, raw => true) f
    UNION ALL SELECT 'bytea', f FROM log, sarif_findings(convert_to(sarif, 'UTF8'), raw => true) f
    UNION ALL SELECT 'utf16', f FROM log, sarif_findings('\xfeff'::bytea || (SELECT string_agg(decode(lpad(to_hex(ascii(c)), 4, '0'), 'hex'), '' ORDER BY n)
        FROM regexp_split_to_table(log.sarif, '') WITH ORDINALITY c (c, n)), raw => true) f
)
SELECT (f).result_index, count(*), count(DISTINCT f::text) AS different FROM rows GROUP BY 1 ORDER BY 1;
SELECT sarif_data = (sarif::jsonb #> ARRAY['runs', '0', 'results', result_index::text]) AS raw_is_the_result FROM log, sarif_findings(sarif, raw => true);
-- Options.
SELECT result_index, kind, baseline_state FROM log, sarif_findings(sarif, kinds => NULL, include_absent => true);
SELECT result_index FROM log, sarif_findings(sarif, suppressed => 'only');
SELECT rule_id, file_path FROM log, sarif_findings(sarif::json, mode => 'compat', organization_id => '00000000-0000-0000-0000-000000000001');
-- Nothing in, nothing out.
SELECT count(*) FROM sarif_findings(NULL::text);
SELECT count(*) FROM sarif_findings('{"version": "2.1.0", "runs": []}'::text);
SELECT count(*) FROM sarif_findings('{"version": "2.1.0", "runs": null}'::text);
SELECT count(*) FROM sarif_findings('5'::text, mode => 'compat', organization_id => '00000000-0000-0000-0000-000000000001');
-- Bad input, each with its own code.
SELECT * FROM refusal($$SELECT sarif_findings(''::text)$$);
SELECT * FROM refusal($$SELECT sarif_findings('{"runs": [}'::text)$$);
SELECT * FROM refusal($$SELECT sarif_findings('{"runs": []} x'::text)$$);
SELECT * FROM refusal($$SELECT sarif_findings(repeat('[', 100000))$$);
SELECT * FROM refusal($$SELECT sarif_findings('[]'::text)$$);
SELECT * FROM refusal($$SELECT sarif_findings('{}'::text)$$);
SELECT * FROM refusal($$SELECT sarif_findings('{"version": "1.0.0", "runs": []}'::text)$$);
SELECT * FROM refusal($$SELECT sarif_findings('{"runs": {}}'::text)$$);
SELECT * FROM refusal($$SELECT sarif_findings('{"runs": []}'::text, mode => 'old')$$);
SELECT * FROM refusal($$SELECT sarif_findings('{"runs": []}'::text, mode => NULL)$$);
SELECT * FROM refusal($$SELECT sarif_findings('{"runs": []}'::text, mode => 'compat')$$);
SELECT * FROM refusal($$SELECT sarif_findings('{"runs": []}'::text, kinds => '{fail,bad}')$$);
SELECT * FROM refusal($$SELECT sarif_findings('{"runs": []}'::text, kinds => '{fail,NULL}')$$);
SELECT * FROM refusal($$SELECT sarif_findings('{"runs": []}'::text, uri_bases => '[1]')$$);
SELECT * FROM refusal($$SELECT sarif_findings('[1]'::jsonb)$$);
SELECT * FROM refusal($$SELECT sarif_findings('{"a": 1}'::jsonb)$$);
SELECT * FROM refusal($$SELECT sarif_findings('\x1f8b08'::bytea)$$);
SELECT * FROM refusal($$SELECT sarif_findings('\x7b22ff227d'::bytea)$$);
SELECT * FROM refusal($$SELECT sarif_findings(''::bytea)$$);
