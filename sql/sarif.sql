-- A finding as sarif_findings returns it. Columns are only ever added at the end.
CREATE TYPE sarif_finding AS (
    run_index integer,
    result_index integer,
    location_index integer,
    rule_id text,
    rule_name text,
    rule_description text,
    help_uri text,
    kind text,
    level text,
    severity text,
    severity_source text,
    security_severity numeric,
    precision text,
    rank double precision,
    message text,
    file_path text,
    file_uri text,
    start_line integer,
    start_column integer,
    end_line integer,
    end_column integer,
    column_kind text,
    snippet text,
    context_snippet text,
    logical_location text,
    location_count integer,
    cwe_ids text[],
    cve_ids text[],
    tags text[],
    tool_name text,
    tool_version text,
    tool_component text,
    automation_category text,
    suppressed boolean,
    suppressions jsonb,
    baseline_state text,
    guid text,
    correlation_guid text,
    tool_fingerprints jsonb,
    partial_fingerprints jsonb,
    fingerprint text,
    fingerprint_kind text,
    occurrence integer,
    metadata jsonb,
    sarif_data jsonb,
    warnings text[]
);
COMMENT ON TYPE sarif_finding IS 'One finding of a SARIF log: a row of sarif_findings';
COMMENT ON COLUMN sarif_finding.run_index IS 'Position of the run in runs';
COMMENT ON COLUMN sarif_finding.result_index IS 'Position of the result in the run''s results';
COMMENT ON COLUMN sarif_finding.location_index IS 'Position of the location in the result''s locations; 0 unless every location is a row';
COMMENT ON COLUMN sarif_finding.rule_id IS 'ruleId, else rule.id, else the id of the rule found';
COMMENT ON COLUMN sarif_finding.rule_name IS 'The rule''s name';
COMMENT ON COLUMN sarif_finding.rule_description IS 'The rule''s short description, else its full one';
COMMENT ON COLUMN sarif_finding.help_uri IS 'The rule''s help';
COMMENT ON COLUMN sarif_finding.kind IS 'fail, pass, open, review, notApplicable, informational';
COMMENT ON COLUMN sarif_finding.level IS 'error, warning, note, none';
COMMENT ON COLUMN sarif_finding.severity IS 'critical, high, medium, low, info';
COMMENT ON COLUMN sarif_finding.severity_source IS 'Where the severity comes from';
COMMENT ON COLUMN sarif_finding.security_severity IS 'The CVSS-like score, 0 < x <= 10';
COMMENT ON COLUMN sarif_finding.precision IS 'How often the rule is right: very-high to low';
COMMENT ON COLUMN sarif_finding.rank IS 'The tool''s own rank';
COMMENT ON COLUMN sarif_finding.message IS 'What is wrong; never empty';
COMMENT ON COLUMN sarif_finding.file_path IS 'The file, relative to the repository when that is known';
COMMENT ON COLUMN sarif_finding.file_uri IS 'The file''s absolute URI, when it is known';
COMMENT ON COLUMN sarif_finding.start_line IS 'First line, from 1';
COMMENT ON COLUMN sarif_finding.start_column IS 'First column, from 1';
COMMENT ON COLUMN sarif_finding.end_line IS 'Last line';
COMMENT ON COLUMN sarif_finding.end_column IS 'The column after the last one; NULL: to the end of the line';
COMMENT ON COLUMN sarif_finding.column_kind IS 'The unit of columns: utf16CodeUnits or unicodeCodePoints';
COMMENT ON COLUMN sarif_finding.snippet IS 'The code';
COMMENT ON COLUMN sarif_finding.context_snippet IS 'The code with its surroundings';
COMMENT ON COLUMN sarif_finding.logical_location IS 'Function, class, resource';
COMMENT ON COLUMN sarif_finding.location_count IS 'How many locations the result has';
COMMENT ON COLUMN sarif_finding.cwe_ids IS 'CWE identifiers';
COMMENT ON COLUMN sarif_finding.cve_ids IS 'CVE identifiers';
COMMENT ON COLUMN sarif_finding.tags IS 'Tags of the rule, then of the result';
COMMENT ON COLUMN sarif_finding.tool_name IS 'The tool';
COMMENT ON COLUMN sarif_finding.tool_version IS 'Its version';
COMMENT ON COLUMN sarif_finding.tool_component IS 'The extension that the rule comes from';
COMMENT ON COLUMN sarif_finding.automation_category IS 'What tells several analyses by one tool apart';
COMMENT ON COLUMN sarif_finding.suppressed IS 'Whether the finding is suppressed';
COMMENT ON COLUMN sarif_finding.suppressions IS 'The suppressions as written';
COMMENT ON COLUMN sarif_finding.baseline_state IS 'new, unchanged, updated, absent';
COMMENT ON COLUMN sarif_finding.guid IS 'The result''s guid';
COMMENT ON COLUMN sarif_finding.correlation_guid IS 'What the same result in other runs shares';
COMMENT ON COLUMN sarif_finding.tool_fingerprints IS 'fingerprints as written';
COMMENT ON COLUMN sarif_finding.partial_fingerprints IS 'partialFingerprints as written';
COMMENT ON COLUMN sarif_finding.fingerprint IS '64 lower-case hexadecimal digits';
COMMENT ON COLUMN sarif_finding.fingerprint_kind IS 'The formula: content-v1, tool-v1, location, compat';
COMMENT ON COLUMN sarif_finding.occurrence IS 'Which of several findings of the same identity this is, from 1';
COMMENT ON COLUMN sarif_finding.metadata IS 'Code flows, related locations, fixes and the like';
COMMENT ON COLUMN sarif_finding.sarif_data IS 'The result as written';
COMMENT ON COLUMN sarif_finding.warnings IS 'The leniencies that reading took';

CREATE FUNCTION sarif_findings_support(internal) RETURNS internal
    IMMUTABLE STRICT PARALLEL SAFE
    LANGUAGE c AS 'MODULE_PATHNAME', 'sarif_findings_support_wrapper';
COMMENT ON FUNCTION sarif_findings_support(internal) IS
    'Tells the planner how many rows sarif_findings gives for a constant log. Example: EXPLAIN SELECT * FROM sarif_findings(''{"version":"2.1.0","runs":[]}''::jsonb)';

CREATE FUNCTION sarif_findings(
    sarif text,
    mode text DEFAULT 'spec',
    source_root text DEFAULT NULL,
    uri_bases jsonb DEFAULT NULL,
    kinds text[] DEFAULT '{fail,open,review}',
    suppressed text DEFAULT 'include',
    include_absent boolean DEFAULT false,
    per_location boolean DEFAULT false,
    fingerprint text DEFAULT NULL,
    fingerprint_keys text[] DEFAULT NULL,
    organization_id uuid DEFAULT NULL,
    raw boolean DEFAULT NULL,
    strict boolean DEFAULT false
) RETURNS SETOF sarif_finding
    IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 5000 SUPPORT sarif_findings_support
    LANGUAGE c AS 'MODULE_PATHNAME', 'sarif_findings_text_wrapper';
COMMENT ON FUNCTION sarif_findings(text, text, text, jsonb, text[], text, boolean, boolean, text, text[], uuid, boolean, boolean) IS
    'The findings of a SARIF 2.1.0 log (JSON text), one row per result. Example: SELECT rule_id, severity, file_path, start_line, message FROM sarif_findings(''{"version":"2.1.0","runs":[]}''::text)';

CREATE FUNCTION sarif_findings(
    sarif json,
    mode text DEFAULT 'spec',
    source_root text DEFAULT NULL,
    uri_bases jsonb DEFAULT NULL,
    kinds text[] DEFAULT '{fail,open,review}',
    suppressed text DEFAULT 'include',
    include_absent boolean DEFAULT false,
    per_location boolean DEFAULT false,
    fingerprint text DEFAULT NULL,
    fingerprint_keys text[] DEFAULT NULL,
    organization_id uuid DEFAULT NULL,
    raw boolean DEFAULT NULL,
    strict boolean DEFAULT false
) RETURNS SETOF sarif_finding
    IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 5000 SUPPORT sarif_findings_support
    LANGUAGE c AS 'MODULE_PATHNAME', 'sarif_findings_text_wrapper';
COMMENT ON FUNCTION sarif_findings(json, text, text, jsonb, text[], text, boolean, boolean, text, text[], uuid, boolean, boolean) IS
    'The findings of a SARIF 2.1.0 log (json), one row per result. Example: SELECT rule_id, severity, file_path, start_line, message FROM sarif_findings(''{"version":"2.1.0","runs":[]}''::json)';

CREATE FUNCTION sarif_findings(
    sarif jsonb,
    mode text DEFAULT 'spec',
    source_root text DEFAULT NULL,
    uri_bases jsonb DEFAULT NULL,
    kinds text[] DEFAULT '{fail,open,review}',
    suppressed text DEFAULT 'include',
    include_absent boolean DEFAULT false,
    per_location boolean DEFAULT false,
    fingerprint text DEFAULT NULL,
    fingerprint_keys text[] DEFAULT NULL,
    organization_id uuid DEFAULT NULL,
    raw boolean DEFAULT NULL,
    strict boolean DEFAULT false
) RETURNS SETOF sarif_finding
    IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 5000 SUPPORT sarif_findings_support
    LANGUAGE c AS 'MODULE_PATHNAME', 'sarif_findings_jsonb_wrapper';
COMMENT ON FUNCTION sarif_findings(jsonb, text, text, jsonb, text[], text, boolean, boolean, text, text[], uuid, boolean, boolean) IS
    'The findings of a SARIF 2.1.0 log (jsonb, read in place), one row per result. Example: SELECT rule_id, severity, file_path, start_line, message FROM sarif_findings(''{"version":"2.1.0","runs":[]}''::jsonb)';

CREATE FUNCTION sarif_findings(
    sarif bytea,
    mode text DEFAULT 'spec',
    source_root text DEFAULT NULL,
    uri_bases jsonb DEFAULT NULL,
    kinds text[] DEFAULT '{fail,open,review}',
    suppressed text DEFAULT 'include',
    include_absent boolean DEFAULT false,
    per_location boolean DEFAULT false,
    fingerprint text DEFAULT NULL,
    fingerprint_keys text[] DEFAULT NULL,
    organization_id uuid DEFAULT NULL,
    raw boolean DEFAULT NULL,
    strict boolean DEFAULT false
) RETURNS SETOF sarif_finding
    IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 5000 SUPPORT sarif_findings_support
    LANGUAGE c AS 'MODULE_PATHNAME', 'sarif_findings_bytea_wrapper';
COMMENT ON FUNCTION sarif_findings(bytea, text, text, jsonb, text[], text, boolean, boolean, text, text[], uuid, boolean, boolean) IS
    'The findings of a SARIF 2.1.0 log (bytes as the tool wrote them: UTF-8 or UTF-16, with or without byte order mark, plain or gzip), one row per result. Example: SELECT rule_id, severity, file_path, start_line, message FROM sarif_findings(''{"version":"2.1.0","runs":[]}''::bytea)';

CREATE TYPE sarif_run AS (
    run_index integer,
    tool_name text,
    tool_full_name text,
    tool_version text,
    semantic_version text,
    organization text,
    information_uri text,
    extensions text[],
    automation_id text,
    automation_category text,
    run_guid text,
    baseline_guid text,
    results_available boolean,
    results_count integer,
    findings_count integer,
    rules_count integer,
    suppressed_count integer,
    execution_successful boolean,
    error_notifications integer,
    complete boolean,
    notifications jsonb,
    exit_code integer,
    start_time timestamptz,
    end_time timestamptz,
    command_line text,
    working_directory text,
    column_kind text,
    vcs_uri text,
    vcs_revision text,
    vcs_branch text,
    taxonomies text[],
    external_results boolean,
    converter text
);
COMMENT ON TYPE sarif_run IS 'One run of a SARIF log: a row of sarif_runs';
COMMENT ON COLUMN sarif_run.run_index IS 'Position in runs';
COMMENT ON COLUMN sarif_run.tool_name IS 'The driver''s name';
COMMENT ON COLUMN sarif_run.tool_full_name IS 'The driver''s name with more detail';
COMMENT ON COLUMN sarif_run.tool_version IS 'version, else semanticVersion, else dottedQuadFileVersion';
COMMENT ON COLUMN sarif_run.semantic_version IS 'semanticVersion';
COMMENT ON COLUMN sarif_run.organization IS 'Who makes the tool';
COMMENT ON COLUMN sarif_run.information_uri IS 'Where to read about the tool';
COMMENT ON COLUMN sarif_run.extensions IS 'Names of the extensions';
COMMENT ON COLUMN sarif_run.automation_id IS 'automationDetails.id';
COMMENT ON COLUMN sarif_run.automation_category IS 'That id without its last part, which names one run';
COMMENT ON COLUMN sarif_run.run_guid IS 'automationDetails.guid';
COMMENT ON COLUMN sarif_run.baseline_guid IS 'baselineGuid: the run that baseline states compare with';
COMMENT ON COLUMN sarif_run.results_available IS 'False when results is null or absent: the tool failed to start or to analyse';
COMMENT ON COLUMN sarif_run.results_count IS 'Elements of results';
COMMENT ON COLUMN sarif_run.findings_count IS 'Results that sarif_findings gives by default';
COMMENT ON COLUMN sarif_run.rules_count IS 'Rules of the driver and the extensions';
COMMENT ON COLUMN sarif_run.suppressed_count IS 'Suppressed results';
COMMENT ON COLUMN sarif_run.execution_successful IS 'False when an invocation says that it failed, NULL when none says anything';
COMMENT ON COLUMN sarif_run.error_notifications IS 'Notifications of level error';
COMMENT ON COLUMN sarif_run.complete IS 'Whether what is not among the results can be taken as not found';
COMMENT ON COLUMN sarif_run.notifications IS '{"execution": [...], "configuration": [...]} as written';
COMMENT ON COLUMN sarif_run.exit_code IS 'Exit code of the first invocation';
COMMENT ON COLUMN sarif_run.start_time IS 'The earliest start';
COMMENT ON COLUMN sarif_run.end_time IS 'The latest end';
COMMENT ON COLUMN sarif_run.command_line IS 'Command line of the first invocation';
COMMENT ON COLUMN sarif_run.working_directory IS 'Working directory of the first invocation, a URI';
COMMENT ON COLUMN sarif_run.column_kind IS 'The unit of columns';
COMMENT ON COLUMN sarif_run.vcs_uri IS 'The repository';
COMMENT ON COLUMN sarif_run.vcs_revision IS 'The commit';
COMMENT ON COLUMN sarif_run.vcs_branch IS 'The branch';
COMMENT ON COLUMN sarif_run.taxonomies IS 'Names of the taxonomies';
COMMENT ON COLUMN sarif_run.external_results IS 'Whether results are kept in another document';
COMMENT ON COLUMN sarif_run.converter IS 'The tool that converted the log from another format';

CREATE FUNCTION sarif_runs(sarif text) RETURNS SETOF sarif_run
    IMMUTABLE STRICT PARALLEL SAFE COST 500000 ROWS 1
    LANGUAGE c AS 'MODULE_PATHNAME', 'sarif_runs_text_wrapper';
COMMENT ON FUNCTION sarif_runs(text) IS
    'The runs of a SARIF log, one row each: tool, counts, and whether its results are complete, which is what may close findings. Example: SELECT tool_name, results_count, complete FROM sarif_runs(''{"version":"2.1.0","runs":[]}''::text)';

CREATE FUNCTION sarif_runs(sarif json) RETURNS SETOF sarif_run
    IMMUTABLE STRICT PARALLEL SAFE COST 500000 ROWS 1
    LANGUAGE c AS 'MODULE_PATHNAME', 'sarif_runs_text_wrapper';
COMMENT ON FUNCTION sarif_runs(json) IS
    'The runs of a SARIF log, one row each: tool, counts, and whether its results are complete, which is what may close findings. Example: SELECT tool_name, results_count, complete FROM sarif_runs(''{"version":"2.1.0","runs":[]}''::json)';

CREATE FUNCTION sarif_runs(sarif jsonb) RETURNS SETOF sarif_run
    IMMUTABLE STRICT PARALLEL SAFE COST 500000 ROWS 1
    LANGUAGE c AS 'MODULE_PATHNAME', 'sarif_runs_jsonb_wrapper';
COMMENT ON FUNCTION sarif_runs(jsonb) IS
    'The runs of a SARIF log, one row each: tool, counts, and whether its results are complete, which is what may close findings. Example: SELECT tool_name, results_count, complete FROM sarif_runs(''{"version":"2.1.0","runs":[]}''::jsonb)';

CREATE FUNCTION sarif_runs(sarif bytea) RETURNS SETOF sarif_run
    IMMUTABLE STRICT PARALLEL SAFE COST 500000 ROWS 1
    LANGUAGE c AS 'MODULE_PATHNAME', 'sarif_runs_bytea_wrapper';
COMMENT ON FUNCTION sarif_runs(bytea) IS
    'The runs of a SARIF log, one row each: tool, counts, and whether its results are complete, which is what may close findings. Example: SELECT tool_name, results_count, complete FROM sarif_runs(''{"version":"2.1.0","runs":[]}''::bytea)';

CREATE TYPE sarif_rule AS (
    run_index integer,
    component_index integer,
    component text,
    rule_index integer,
    rule_id text,
    guid text,
    rule_name text,
    short_description text,
    full_description text,
    help_uri text,
    level text,
    enabled boolean,
    severity text,
    severity_source text,
    security_severity numeric,
    precision text,
    tags text[],
    cwe_ids text[],
    deprecated_ids text[],
    results_count integer
);
COMMENT ON TYPE sarif_rule IS 'One rule of a SARIF log: a row of sarif_rules';
COMMENT ON COLUMN sarif_rule.run_index IS 'Position of the run in runs';
COMMENT ON COLUMN sarif_rule.component_index IS '0: the driver; n: the extension at position n - 1';
COMMENT ON COLUMN sarif_rule.component IS 'Name of the driver or extension';
COMMENT ON COLUMN sarif_rule.rule_index IS 'Position in the component''s rules';
COMMENT ON COLUMN sarif_rule.rule_id IS 'The rule''s id';
COMMENT ON COLUMN sarif_rule.guid IS 'The rule''s guid';
COMMENT ON COLUMN sarif_rule.rule_name IS 'The rule''s name';
COMMENT ON COLUMN sarif_rule.short_description IS 'shortDescription.text';
COMMENT ON COLUMN sarif_rule.full_description IS 'fullDescription.text';
COMMENT ON COLUMN sarif_rule.help_uri IS 'Where to read about the rule';
COMMENT ON COLUMN sarif_rule.level IS 'The default level: error, warning, note, none';
COMMENT ON COLUMN sarif_rule.enabled IS 'Whether the rule is on by default';
COMMENT ON COLUMN sarif_rule.severity IS 'The severity of a result that states nothing itself';
COMMENT ON COLUMN sarif_rule.severity_source IS 'Where that comes from';
COMMENT ON COLUMN sarif_rule.security_severity IS 'The CVSS-like score, 0 < x <= 10';
COMMENT ON COLUMN sarif_rule.precision IS 'How often the rule is right: very-high to low';
COMMENT ON COLUMN sarif_rule.tags IS 'Tags';
COMMENT ON COLUMN sarif_rule.cwe_ids IS 'CWE identifiers';
COMMENT ON COLUMN sarif_rule.deprecated_ids IS 'Ids that the rule had before';
COMMENT ON COLUMN sarif_rule.results_count IS 'How many results refer to the rule';

CREATE FUNCTION sarif_rules(sarif text) RETURNS SETOF sarif_rule
    IMMUTABLE STRICT PARALLEL SAFE COST 500000 ROWS 100
    LANGUAGE c AS 'MODULE_PATHNAME', 'sarif_rules_text_wrapper';
COMMENT ON FUNCTION sarif_rules(text) IS
    'The rules of a SARIF log, one row each, of the tool and its extensions. Example: SELECT rule_id, level, severity, results_count FROM sarif_rules(''{"version":"2.1.0","runs":[]}''::text)';

CREATE FUNCTION sarif_rules(sarif json) RETURNS SETOF sarif_rule
    IMMUTABLE STRICT PARALLEL SAFE COST 500000 ROWS 100
    LANGUAGE c AS 'MODULE_PATHNAME', 'sarif_rules_text_wrapper';
COMMENT ON FUNCTION sarif_rules(json) IS
    'The rules of a SARIF log, one row each, of the tool and its extensions. Example: SELECT rule_id, level, severity, results_count FROM sarif_rules(''{"version":"2.1.0","runs":[]}''::json)';

CREATE FUNCTION sarif_rules(sarif jsonb) RETURNS SETOF sarif_rule
    IMMUTABLE STRICT PARALLEL SAFE COST 500000 ROWS 100
    LANGUAGE c AS 'MODULE_PATHNAME', 'sarif_rules_jsonb_wrapper';
COMMENT ON FUNCTION sarif_rules(jsonb) IS
    'The rules of a SARIF log, one row each, of the tool and its extensions. Example: SELECT rule_id, level, severity, results_count FROM sarif_rules(''{"version":"2.1.0","runs":[]}''::jsonb)';

CREATE FUNCTION sarif_rules(sarif bytea) RETURNS SETOF sarif_rule
    IMMUTABLE STRICT PARALLEL SAFE COST 500000 ROWS 100
    LANGUAGE c AS 'MODULE_PATHNAME', 'sarif_rules_bytea_wrapper';
COMMENT ON FUNCTION sarif_rules(bytea) IS
    'The rules of a SARIF log, one row each, of the tool and its extensions. Example: SELECT rule_id, level, severity, results_count FROM sarif_rules(''{"version":"2.1.0","runs":[]}''::bytea)';

CREATE FUNCTION sarif_summary(sarif text) RETURNS jsonb
    IMMUTABLE STRICT PARALLEL SAFE COST 500000
    LANGUAGE c AS 'MODULE_PATHNAME', 'sarif_summary_text_wrapper';
COMMENT ON FUNCTION sarif_summary(text) IS
    'The scan in one jsonb: tool, invocations, rules, counts. Example: SELECT sarif_summary(''{"version":"2.1.0","runs":[]}''::text)';

CREATE FUNCTION sarif_summary(sarif json) RETURNS jsonb
    IMMUTABLE STRICT PARALLEL SAFE COST 500000
    LANGUAGE c AS 'MODULE_PATHNAME', 'sarif_summary_text_wrapper';
COMMENT ON FUNCTION sarif_summary(json) IS
    'The scan in one jsonb: tool, invocations, rules, counts. Example: SELECT sarif_summary(''{"version":"2.1.0","runs":[]}''::json)';

CREATE FUNCTION sarif_summary(sarif jsonb) RETURNS jsonb
    IMMUTABLE STRICT PARALLEL SAFE COST 500000
    LANGUAGE c AS 'MODULE_PATHNAME', 'sarif_summary_jsonb_wrapper';
COMMENT ON FUNCTION sarif_summary(jsonb) IS
    'The scan in one jsonb: tool, invocations, rules, counts. Example: SELECT sarif_summary(''{"version":"2.1.0","runs":[]}''::jsonb)';

CREATE FUNCTION sarif_summary(sarif bytea) RETURNS jsonb
    IMMUTABLE STRICT PARALLEL SAFE COST 500000
    LANGUAGE c AS 'MODULE_PATHNAME', 'sarif_summary_bytea_wrapper';
COMMENT ON FUNCTION sarif_summary(bytea) IS
    'The scan in one jsonb: tool, invocations, rules, counts. Example: SELECT sarif_summary(''{"version":"2.1.0","runs":[]}''::bytea)';

CREATE FUNCTION sarif_validate(sarif text, OUT severity text, OUT code text, OUT pointer text, OUT message text) RETURNS SETOF record
    IMMUTABLE STRICT PARALLEL SAFE COST 5000000 ROWS 50
    LANGUAGE c AS 'MODULE_PATHNAME', 'sarif_validate_text_wrapper';
COMMENT ON FUNCTION sarif_validate(text) IS
    'What is wrong with a SARIF log: the official 2.1.0 schema, references that lead nowhere, limits of GitHub code scanning; one row per problem, with severity (error, warning, note), a stable code, a JSON pointer and how to mend it. Example: SELECT * FROM sarif_validate(''{"version":"2.1.0"}''::text)';

CREATE FUNCTION sarif_validate(sarif json, OUT severity text, OUT code text, OUT pointer text, OUT message text) RETURNS SETOF record
    IMMUTABLE STRICT PARALLEL SAFE COST 5000000 ROWS 50
    LANGUAGE c AS 'MODULE_PATHNAME', 'sarif_validate_text_wrapper';
COMMENT ON FUNCTION sarif_validate(json) IS
    'What is wrong with a SARIF log: the official 2.1.0 schema, references that lead nowhere, limits of GitHub code scanning; one row per problem, with severity (error, warning, note), a stable code, a JSON pointer and how to mend it. Example: SELECT * FROM sarif_validate(''{"version":"2.1.0"}''::json)';

CREATE FUNCTION sarif_validate(sarif jsonb, OUT severity text, OUT code text, OUT pointer text, OUT message text) RETURNS SETOF record
    IMMUTABLE STRICT PARALLEL SAFE COST 5000000 ROWS 50
    LANGUAGE c AS 'MODULE_PATHNAME', 'sarif_validate_jsonb_wrapper';
COMMENT ON FUNCTION sarif_validate(jsonb) IS
    'What is wrong with a SARIF log: the official 2.1.0 schema, references that lead nowhere, limits of GitHub code scanning; one row per problem, with severity (error, warning, note), a stable code, a JSON pointer and how to mend it. Example: SELECT * FROM sarif_validate(''{"version":"2.1.0"}''::jsonb)';

CREATE FUNCTION sarif_validate(sarif bytea, OUT severity text, OUT code text, OUT pointer text, OUT message text) RETURNS SETOF record
    IMMUTABLE STRICT PARALLEL SAFE COST 5000000 ROWS 50
    LANGUAGE c AS 'MODULE_PATHNAME', 'sarif_validate_bytea_wrapper';
COMMENT ON FUNCTION sarif_validate(bytea) IS
    'What is wrong with a SARIF log: the official 2.1.0 schema, references that lead nowhere, limits of GitHub code scanning; one row per problem, with severity (error, warning, note), a stable code, a JSON pointer and how to mend it. Example: SELECT * FROM sarif_validate(''{"version":"2.1.0"}''::bytea)';
