-- What was run, and whether its results may close findings.
\pset null '-'
CREATE TEMPORARY TABLE logs AS SELECT * FROM (VALUES
    ('complete', '{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "T", "version": "1"}}, "results": []}]}'),
    ('not run', '{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "T"}}}]}'),
    ('null', '{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "T"}}, "results": null}]}'),
    ('failed', '{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "T"}}, "results": [], "invocations": [{"executionSuccessful": false, "exitCode": 2}]}]}'),
    ('error told', '{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "T"}}, "results": [], "invocations": [{"executionSuccessful": true,
        "toolExecutionNotifications": [{"level": "error", "message": {"text": "broken rule"}}]}]}]}'),
    ('elsewhere', '{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "T"}}, "results": [], "externalPropertyFileReferences": {"results": [{"location": {"uri": "r.json"}}]}}]}')
) v (name, log);
SELECT name, results_available AS available, results_count AS results, execution_successful AS successful, error_notifications AS errors, external_results AS external, complete
FROM logs, sarif_runs(log) ORDER BY name COLLATE "C";
SELECT start_time AT TIME ZONE 'UTC' AS start_time, exit_code, automation_category, vcs_revision, vcs_branch FROM sarif_runs('{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "T"}},
    "automationDetails": {"id": "nightly/7"}, "invocations": [{"executionSuccessful": true, "exitCode": 0, "startTimeUtc": "2026-11-24T18:00:00.25Z"}],
    "versionControlProvenance": [{"repositoryUri": "https://example.org/r", "revisionId": "abc", "branch": "main"}]}]}'::jsonb);
SELECT count(*) FROM sarif_runs(NULL::text), sarif_rules(NULL::bytea);
SELECT count(*) FROM sarif_runs('{"version": "2.1.0", "runs": null}'::jsonb);

-- Rules of the driver and of extensions, with how many results refer to each.
CREATE TEMPORARY TABLE log AS SELECT '{"version": "2.1.0", "runs": [{"tool": {
    "driver": {"name": "D", "rules": [{"id": "R1", "name": "one", "defaultConfiguration": {"level": "error"}, "properties": {"security-severity": "5.5", "tags": ["CWE-89: SQL"]}}]},
    "extensions": [{"name": "E", "rules": [{"id": "R2", "defaultConfiguration": {"enabled": false}}]}]},
    "results": [{"ruleId": "R1", "message": {"text": "a"}}, {"ruleId": "R1", "message": {"text": "b"}}, {"ruleId": "R2", "message": {"text": "c"}}]}]}'::jsonb AS sarif;
SELECT component_index, component, rule_id, rule_name, level, enabled, severity, severity_source, security_severity, cwe_ids, results_count FROM log, sarif_rules(sarif);
SELECT jsonb_pretty(sarif_summary(sarif)) FROM log;
SELECT sarif_summary(sarif) = sarif_summary(sarif::text) AND sarif_summary(sarif) = sarif_summary(convert_to(sarif::text, 'UTF8')) AS same FROM log;
SELECT sarif_summary(NULL::jsonb);

SELECT * FROM refusal($$SELECT sarif_runs('{'::text)$$);
SELECT * FROM refusal($$SELECT sarif_rules('[]'::jsonb)$$);
SELECT * FROM refusal($$SELECT sarif_summary('{"runs": 5}'::json)$$);
