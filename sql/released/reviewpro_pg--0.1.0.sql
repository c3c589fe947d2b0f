CREATE FUNCTION reviewpro_version() RETURNS text
    STABLE STRICT PARALLEL SAFE
    LANGUAGE c AS 'MODULE_PATHNAME', 'reviewpro_version_wrapper';
COMMENT ON FUNCTION reviewpro_version() IS
    'The version of the library that answers; pg_extension.extversion is the version of the SQL. Example: SELECT reviewpro_version()';

-- The published identities of a finding. A formula never changes under its name: stored generated columns,
-- expression indexes and unique keys hold its values. That includes the defaults.

CREATE FUNCTION fingerprint(
    organization_id uuid, rule_id text, file_path text, start_line bigint, start_column bigint, message text
) RETURNS text
    IMMUTABLE PARALLEL SAFE COST 50
    LANGUAGE c AS 'MODULE_PATHNAME', 'fingerprint_uuid_wrapper';
COMMENT ON FUNCTION fingerprint(uuid, text, text, bigint, bigint, text) IS
    'The application''s identity of a finding: hex SHA-256 of organization|rule|path|line|column|first 16 hex digits of SHA-256(message). NULL rule, path, line or column count as Python''s None; a NULL organization or message gives NULL. Example: SELECT fingerprint(''11111111-2222-3333-4444-555555555555''::uuid, ''B101'', ''src/app.py'', 7, 5, ''Use of assert detected.'')';

CREATE FUNCTION fingerprint(
    organization_id text, rule_id text, file_path text, start_line bigint, start_column bigint, message text
) RETURNS text
    IMMUTABLE PARALLEL SAFE COST 50
    LANGUAGE c AS 'MODULE_PATHNAME', 'fingerprint_text_wrapper';
COMMENT ON FUNCTION fingerprint(text, text, text, bigint, bigint, text) IS
    'The application''s identity of a finding, for an organization id that is text: taken as it is, so a UUID must be lower-case and hyphenated. Example: SELECT fingerprint(''acme'', ''B101'', ''src/app.py'', 7, 5, ''Use of assert detected.'')';

CREATE FUNCTION content_fingerprint(
    tool_name text, rule_id text, file_path text, content_key text, occurrence integer DEFAULT 1
) RETURNS text
    IMMUTABLE PARALLEL SAFE COST 50
    LANGUAGE c AS 'MODULE_PATHNAME', 'content_fingerprint_wrapper';
COMMENT ON FUNCTION content_fingerprint(text, text, text, text, integer) IS
    'Identity of a finding that survives moved lines, version 1: hex SHA-256 over tool (ASCII case ignored), rule, path, what the finding is about (line:, snippet: or message: key) and the ordinal among equal ones. A NULL content_key or occurrence gives NULL. Example: SELECT content_fingerprint(''Bandit'', ''B101'', ''src/app.py'', ''snippet:assert x == 1'')';

CREATE FUNCTION location_fingerprint(file_path text, line bigint, rule_id text) RETURNS text
    IMMUTABLE PARALLEL SAFE COST 50
    LANGUAGE c AS 'MODULE_PATHNAME', 'location_fingerprint_wrapper';
COMMENT ON FUNCTION location_fingerprint(text, bigint, text) IS
    'Identity by place: hex SHA-256 of path:line:rule, NULL path and rule as empty, NULL line as 0. For a generated column that exists already; new tables are better served by content fingerprints. Example: SELECT location_fingerprint(''src/app.py'', 10, ''B101'')';

CREATE FUNCTION sarif_line_hashes(source text, OUT line integer, OUT hash text) RETURNS SETOF record
    IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 500
    LANGUAGE c AS 'MODULE_PATHNAME', 'sarif_line_hashes_wrapper';
COMMENT ON FUNCTION sarif_line_hashes(text) IS
    'The hash of each line of a source file that GitHub code scanning calls primaryLocationLineHash: over the next 100 UTF-16 units without spaces and tabs, then how often it has occurred. Example: SELECT * FROM sarif_line_hashes(E''a = 1\nb = 2'')';

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

CREATE FUNCTION cluster_embeddings(
    embeddings real[],
    algorithm text DEFAULT 'dbscan',
    eps double precision DEFAULT 0.15,
    min_samples integer DEFAULT 2,
    n_clusters integer DEFAULT NULL,
    distance_threshold double precision DEFAULT NULL,
    linkage text DEFAULT 'average',
    metric text DEFAULT 'cosine'
) RETURNS integer[]
    IMMUTABLE PARALLEL SAFE COST 1000000
    LANGUAGE c AS 'MODULE_PATHNAME', 'cluster_embeddings_wrapper';
COMMENT ON FUNCTION cluster_embeddings(real[], text, double precision, integer, integer, double precision, text, text) IS
    'Clusters the rows of a two-dimensional array: one label per row, from 0, noise -1, equal to scikit-learn''s. Example: SELECT cluster_embeddings(ARRAY[[1, 0], [0.9, 0.1], [0, 1]]::real[], eps => 0.1)';

CREATE FUNCTION cluster_embeddings(
    embeddings double precision[],
    algorithm text DEFAULT 'dbscan',
    eps double precision DEFAULT 0.15,
    min_samples integer DEFAULT 2,
    n_clusters integer DEFAULT NULL,
    distance_threshold double precision DEFAULT NULL,
    linkage text DEFAULT 'average',
    metric text DEFAULT 'cosine'
) RETURNS integer[]
    IMMUTABLE PARALLEL SAFE COST 1000000
    LANGUAGE c AS 'MODULE_PATHNAME', 'cluster_embeddings_wrapper';
COMMENT ON FUNCTION cluster_embeddings(double precision[], text, double precision, integer, integer, double precision, text, text) IS
    'As for real[], for double precision values. Example: SELECT cluster_embeddings(ARRAY[[1, 0], [0.9, 0.1], [0, 1]]::double precision[], eps => 0.1)';

CREATE FUNCTION cluster_report(
    embeddings real[],
    algorithm text DEFAULT 'dbscan',
    eps double precision DEFAULT 0.15,
    min_samples integer DEFAULT 2,
    n_clusters integer DEFAULT NULL,
    distance_threshold double precision DEFAULT NULL,
    linkage text DEFAULT 'average',
    metric text DEFAULT 'cosine'
) RETURNS jsonb
    -- It says how long it took.
    VOLATILE PARALLEL SAFE COST 1000000
    LANGUAGE c AS 'MODULE_PATHNAME', 'cluster_report_wrapper';
COMMENT ON FUNCTION cluster_report(real[], text, double precision, integer, integer, double precision, text, text) IS
    'As cluster_embeddings, as an object: labels, n_clusters, silhouette_score, cluster_sizes, noise_count, duration_ms. Example: SELECT cluster_report(ARRAY[[1, 0], [0.9, 0.1], [0, 1]]::real[], eps => 0.1)';

CREATE FUNCTION cluster_report(
    embeddings double precision[],
    algorithm text DEFAULT 'dbscan',
    eps double precision DEFAULT 0.15,
    min_samples integer DEFAULT 2,
    n_clusters integer DEFAULT NULL,
    distance_threshold double precision DEFAULT NULL,
    linkage text DEFAULT 'average',
    metric text DEFAULT 'cosine'
) RETURNS jsonb
    -- It says how long it took.
    VOLATILE PARALLEL SAFE COST 1000000
    LANGUAGE c AS 'MODULE_PATHNAME', 'cluster_report_wrapper';
COMMENT ON FUNCTION cluster_report(double precision[], text, double precision, integer, integer, double precision, text, text) IS
    'As cluster_embeddings, as an object: labels, n_clusters, silhouette_score, cluster_sizes, noise_count, duration_ms. Example: SELECT cluster_report(ARRAY[[1, 0], [0.9, 0.1], [0, 1]]::double precision[], eps => 0.1)';

CREATE FUNCTION cluster_query(
    query text,
    algorithm text DEFAULT 'dbscan',
    eps double precision DEFAULT 0.15,
    min_samples integer DEFAULT 2,
    n_clusters integer DEFAULT NULL,
    distance_threshold double precision DEFAULT NULL,
    linkage text DEFAULT 'average',
    metric text DEFAULT 'cosine'
) RETURNS TABLE (id text, cluster integer)
    -- As unsafe as the query may be.
    VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 10000
    LANGUAGE c AS 'MODULE_PATHNAME', 'cluster_query_wrapper';
COMMENT ON FUNCTION cluster_query(text, text, double precision, integer, integer, double precision, text, text) IS
    'Clusters the rows of a query that returns an id and an embedding, however many; noise NULL. Example: SELECT * FROM cluster_query(''SELECT 1, ARRAY[1, 0]::real[] UNION ALL SELECT 2, ARRAY[1, 0.1]'', eps => 0.1)';

CREATE FUNCTION cluster_map(
    query text,
    algorithm text DEFAULT 'dbscan',
    eps double precision DEFAULT 0.15,
    min_samples integer DEFAULT 2,
    n_clusters integer DEFAULT NULL,
    distance_threshold double precision DEFAULT NULL,
    linkage text DEFAULT 'average',
    metric text DEFAULT 'cosine'
) RETURNS TABLE (id text, cluster integer, x double precision, y double precision)
    -- As unsafe as the query may be.
    VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 10000
    LANGUAGE c AS 'MODULE_PATHNAME', 'cluster_map_wrapper';
COMMENT ON FUNCTION cluster_map(text, text, double precision, integer, integer, double precision, text, text) IS
    'As cluster_query, with a place on a map for each row: its two principal components (by cosine, of the vectors scaled to length 1). Example: SELECT * FROM cluster_map(''SELECT 1, ARRAY[1, 0]::real[] UNION ALL SELECT 2, ARRAY[1, 0.1]'', eps => 0.1)';

CREATE FUNCTION cluster_dbscan(
    embedding real[],
    eps double precision,
    min_samples integer DEFAULT 2,
    metric text DEFAULT 'cosine'
) RETURNS integer
    IMMUTABLE WINDOW PARALLEL SAFE COST 10000
    LANGUAGE c AS 'MODULE_PATHNAME', 'cluster_dbscan_wrapper';
COMMENT ON FUNCTION cluster_dbscan(real[], double precision, integer, text) IS
    'Window function: the DBSCAN cluster of each row within its partition, noise NULL. Example: SELECT id, cluster_dbscan(v, eps => 0.1) OVER (ORDER BY id) FROM (VALUES (1, ARRAY[1, 0]::real[]), (2, ARRAY[1, 0.1])) t (id, v)';

CREATE FUNCTION cluster_agglomerative(
    embedding real[],
    distance_threshold double precision DEFAULT NULL,
    linkage text DEFAULT 'average',
    metric text DEFAULT 'cosine',
    n_clusters integer DEFAULT NULL
) RETURNS integer
    IMMUTABLE WINDOW PARALLEL SAFE COST 10000
    LANGUAGE c AS 'MODULE_PATHNAME', 'cluster_agglomerative_wrapper';
COMMENT ON FUNCTION cluster_agglomerative(real[], double precision, text, text, integer) IS
    'Window function: the agglomerative cluster of each row within its partition. Example: SELECT id, cluster_agglomerative(v, distance_threshold => 0.15) OVER (ORDER BY id) FROM (VALUES (1, ARRAY[1, 0]::real[]), (2, ARRAY[1, 0.1])) t (id, v)';

CREATE FUNCTION cluster_dbscan(
    embedding double precision[],
    eps double precision,
    min_samples integer DEFAULT 2,
    metric text DEFAULT 'cosine'
) RETURNS integer
    IMMUTABLE WINDOW PARALLEL SAFE COST 10000
    LANGUAGE c AS 'MODULE_PATHNAME', 'cluster_dbscan_wrapper';
COMMENT ON FUNCTION cluster_dbscan(double precision[], double precision, integer, text) IS
    'Window function: the DBSCAN cluster of each row within its partition, noise NULL. Example: SELECT id, cluster_dbscan(v, eps => 0.1) OVER (ORDER BY id) FROM (VALUES (1, ARRAY[1, 0]::double precision[]), (2, ARRAY[1, 0.1])) t (id, v)';

CREATE FUNCTION cluster_agglomerative(
    embedding double precision[],
    distance_threshold double precision DEFAULT NULL,
    linkage text DEFAULT 'average',
    metric text DEFAULT 'cosine',
    n_clusters integer DEFAULT NULL
) RETURNS integer
    IMMUTABLE WINDOW PARALLEL SAFE COST 10000
    LANGUAGE c AS 'MODULE_PATHNAME', 'cluster_agglomerative_wrapper';
COMMENT ON FUNCTION cluster_agglomerative(double precision[], double precision, text, text, integer) IS
    'Window function: the agglomerative cluster of each row within its partition. Example: SELECT id, cluster_agglomerative(v, distance_threshold => 0.15) OVER (ORDER BY id) FROM (VALUES (1, ARRAY[1, 0]::double precision[]), (2, ARRAY[1, 0.1])) t (id, v)';

CREATE FUNCTION silhouette_score(
    embeddings real[],
    labels integer[],
    metric text DEFAULT 'cosine',
    include_noise boolean DEFAULT true
) RETURNS double precision
    IMMUTABLE PARALLEL SAFE COST 1000000
    LANGUAGE c AS 'MODULE_PATHNAME', 'silhouette_score_wrapper';
COMMENT ON FUNCTION silhouette_score(real[], integer[], text, boolean) IS
    'The mean silhouette of labelled vectors, from -1 to 1; NULL where it is not defined. Example: SELECT silhouette_score(ARRAY[[1, 0], [0.9, 0.1], [0, 1]]::real[], ARRAY[0, 0, 1])';

CREATE FUNCTION silhouette_samples(
    embeddings real[],
    labels integer[],
    metric text DEFAULT 'cosine',
    include_noise boolean DEFAULT true
) RETURNS double precision[]
    IMMUTABLE PARALLEL SAFE COST 1000000
    LANGUAGE c AS 'MODULE_PATHNAME', 'silhouette_samples_wrapper';
COMMENT ON FUNCTION silhouette_samples(real[], integer[], text, boolean) IS
    'The silhouette of each labelled vector; NULL where it is not defined. Example: SELECT silhouette_samples(ARRAY[[1, 0], [0.9, 0.1], [0, 1]]::real[], ARRAY[0, 0, 1])';

CREATE FUNCTION silhouette_score(
    embeddings double precision[],
    labels integer[],
    metric text DEFAULT 'cosine',
    include_noise boolean DEFAULT true
) RETURNS double precision
    IMMUTABLE PARALLEL SAFE COST 1000000
    LANGUAGE c AS 'MODULE_PATHNAME', 'silhouette_score_wrapper';
COMMENT ON FUNCTION silhouette_score(double precision[], integer[], text, boolean) IS
    'The mean silhouette of labelled vectors, from -1 to 1; NULL where it is not defined. Example: SELECT silhouette_score(ARRAY[[1, 0], [0.9, 0.1], [0, 1]]::double precision[], ARRAY[0, 0, 1])';

CREATE FUNCTION silhouette_samples(
    embeddings double precision[],
    labels integer[],
    metric text DEFAULT 'cosine',
    include_noise boolean DEFAULT true
) RETURNS double precision[]
    IMMUTABLE PARALLEL SAFE COST 1000000
    LANGUAGE c AS 'MODULE_PATHNAME', 'silhouette_samples_wrapper';
COMMENT ON FUNCTION silhouette_samples(double precision[], integer[], text, boolean) IS
    'The silhouette of each labelled vector; NULL where it is not defined. Example: SELECT silhouette_samples(ARRAY[[1, 0], [0.9, 0.1], [0, 1]]::double precision[], ARRAY[0, 0, 1])';

CREATE FUNCTION cluster_kmeans(
    embedding real[],
    n_clusters integer,
    metric text DEFAULT 'cosine',
    seed integer DEFAULT 0
) RETURNS integer
    IMMUTABLE WINDOW PARALLEL SAFE COST 10000
    LANGUAGE c AS 'MODULE_PATHNAME', 'cluster_kmeans_wrapper';
COMMENT ON FUNCTION cluster_kmeans(real[], integer, text, integer) IS
    'Window function: the k-means cluster of each row within its partition. Example: SELECT id, cluster_kmeans(v, n_clusters => 1) OVER (ORDER BY id) FROM (VALUES (1, ARRAY[1, 0]::real[]), (2, ARRAY[1, 0.1])) t (id, v)';

CREATE FUNCTION cluster_kmeans(
    embedding double precision[],
    n_clusters integer,
    metric text DEFAULT 'cosine',
    seed integer DEFAULT 0
) RETURNS integer
    IMMUTABLE WINDOW PARALLEL SAFE COST 10000
    LANGUAGE c AS 'MODULE_PATHNAME', 'cluster_kmeans_wrapper';
COMMENT ON FUNCTION cluster_kmeans(double precision[], integer, text, integer) IS
    'Window function: the k-means cluster of each row within its partition. Example: SELECT id, cluster_kmeans(v, n_clusters => 1) OVER (ORDER BY id) FROM (VALUES (1, ARRAY[1, 0]::double precision[]), (2, ARRAY[1, 0.1])) t (id, v)';

CREATE FUNCTION cluster_summaries(
    embeddings real[],
    labels integer[],
    metric text DEFAULT 'euclidean'
) RETURNS TABLE (
    cluster integer,
    size integer,
    representative integer,
    avg_similarity double precision,
    min_similarity double precision,
    max_similarity double precision,
    avg_distance_to_centroid double precision,
    std_distance_to_centroid double precision,
    cohesion_score double precision
)
    IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 100
    LANGUAGE c AS 'MODULE_PATHNAME', 'cluster_summaries_wrapper';
COMMENT ON FUNCTION cluster_summaries(real[], integer[], text) IS
    'One row per cluster: size, the row nearest to the centroid, similarities, distances. Example: SELECT * FROM cluster_summaries(ARRAY[[1, 0], [0.9, 0.1], [0, 1]]::real[], ARRAY[0, 0, -1])';

CREATE FUNCTION cluster_members(
    embeddings real[],
    labels integer[],
    metric text DEFAULT 'euclidean'
) RETURNS TABLE (
    ordinality integer,
    cluster integer,
    distance_to_centroid double precision,
    similarity_to_centroid double precision,
    is_representative boolean
)
    IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 1000
    LANGUAGE c AS 'MODULE_PATHNAME', 'cluster_members_wrapper';
COMMENT ON FUNCTION cluster_members(real[], integer[], text) IS
    'One row per vector that is in a cluster, with its distance to the centroid. Example: SELECT * FROM cluster_members(ARRAY[[1, 0], [0.9, 0.1], [0, 1]]::real[], ARRAY[0, 0, -1])';

CREATE FUNCTION assign_clusters(
    new_embeddings real[],
    embeddings real[],
    labels integer[],
    max_distance double precision,
    assign_to text DEFAULT 'core',
    min_samples integer DEFAULT 2,
    metric text DEFAULT 'cosine'
) RETURNS TABLE (ordinality integer, cluster integer, distance double precision)
    IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 100
    LANGUAGE c AS 'MODULE_PATHNAME', 'assign_clusters_wrapper';
COMMENT ON FUNCTION assign_clusters(real[], real[], integer[], double precision, text, integer, text) IS
    'The existing cluster of each new vector; NULL where none is near enough. Example: SELECT * FROM assign_clusters(ARRAY[[1, 0.05]]::real[], ARRAY[[1, 0], [0.9, 0.1], [0, 1]]::real[], ARRAY[0, 0, -1], max_distance => 0.1)';

CREATE FUNCTION suggest_eps(
    embeddings real[],
    min_samples integer DEFAULT 2,
    metric text DEFAULT 'cosine'
) RETURNS TABLE (
    quantile double precision,
    eps double precision,
    n_clusters integer,
    noise_count integer,
    largest_share double precision,
    suggested boolean,
    chaining boolean
)
    IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 13
    LANGUAGE c AS 'MODULE_PATHNAME', 'suggest_eps_wrapper';
COMMENT ON FUNCTION suggest_eps(real[], integer, text) IS
    'Candidates for eps, with the clusters that DBSCAN would find. Example: SELECT * FROM suggest_eps(ARRAY[[1, 0], [0.9, 0.1], [0, 1], [0.1, 1]]::real[])';

CREATE FUNCTION cluster_summaries(
    embeddings double precision[],
    labels integer[],
    metric text DEFAULT 'euclidean'
) RETURNS TABLE (
    cluster integer,
    size integer,
    representative integer,
    avg_similarity double precision,
    min_similarity double precision,
    max_similarity double precision,
    avg_distance_to_centroid double precision,
    std_distance_to_centroid double precision,
    cohesion_score double precision
)
    IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 100
    LANGUAGE c AS 'MODULE_PATHNAME', 'cluster_summaries_wrapper';
COMMENT ON FUNCTION cluster_summaries(double precision[], integer[], text) IS
    'One row per cluster: size, the row nearest to the centroid, similarities, distances. Example: SELECT * FROM cluster_summaries(ARRAY[[1, 0], [0.9, 0.1], [0, 1]]::double precision[], ARRAY[0, 0, -1])';

CREATE FUNCTION cluster_members(
    embeddings double precision[],
    labels integer[],
    metric text DEFAULT 'euclidean'
) RETURNS TABLE (
    ordinality integer,
    cluster integer,
    distance_to_centroid double precision,
    similarity_to_centroid double precision,
    is_representative boolean
)
    IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 1000
    LANGUAGE c AS 'MODULE_PATHNAME', 'cluster_members_wrapper';
COMMENT ON FUNCTION cluster_members(double precision[], integer[], text) IS
    'One row per vector that is in a cluster, with its distance to the centroid. Example: SELECT * FROM cluster_members(ARRAY[[1, 0], [0.9, 0.1], [0, 1]]::double precision[], ARRAY[0, 0, -1])';

CREATE FUNCTION assign_clusters(
    new_embeddings double precision[],
    embeddings double precision[],
    labels integer[],
    max_distance double precision,
    assign_to text DEFAULT 'core',
    min_samples integer DEFAULT 2,
    metric text DEFAULT 'cosine'
) RETURNS TABLE (ordinality integer, cluster integer, distance double precision)
    IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 100
    LANGUAGE c AS 'MODULE_PATHNAME', 'assign_clusters_wrapper';
COMMENT ON FUNCTION assign_clusters(double precision[], double precision[], integer[], double precision, text, integer, text) IS
    'The existing cluster of each new vector; NULL where none is near enough. Example: SELECT * FROM assign_clusters(ARRAY[[1, 0.05]]::double precision[], ARRAY[[1, 0], [0.9, 0.1], [0, 1]]::double precision[], ARRAY[0, 0, -1], max_distance => 0.1)';

CREATE FUNCTION suggest_eps(
    embeddings double precision[],
    min_samples integer DEFAULT 2,
    metric text DEFAULT 'cosine'
) RETURNS TABLE (
    quantile double precision,
    eps double precision,
    n_clusters integer,
    noise_count integer,
    largest_share double precision,
    suggested boolean,
    chaining boolean
)
    IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 13
    LANGUAGE c AS 'MODULE_PATHNAME', 'suggest_eps_wrapper';
COMMENT ON FUNCTION suggest_eps(double precision[], integer, text) IS
    'Candidates for eps, with the clusters that DBSCAN would find. Example: SELECT * FROM suggest_eps(ARRAY[[1, 0], [0.9, 0.1], [0, 1], [0.1, 1]]::double precision[])';

CREATE FUNCTION reviewpro_progress(OUT pid integer, OUT phase text, OUT percent double precision)
    RETURNS SETOF record
    VOLATILE PARALLEL RESTRICTED COST 100 ROWS 10
    LANGUAGE c AS 'MODULE_PATHNAME', 'reviewpro_progress_wrapper';
COMMENT ON FUNCTION reviewpro_progress() IS
    'What the view reviewpro_progress shows. Example: SELECT * FROM reviewpro_progress()';

CREATE VIEW reviewpro_progress AS
    SELECT p.pid, p.phase, p.percent
    FROM reviewpro_progress() p
    -- A backend that was terminated cannot take back what it wrote.
    WHERE EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.pid OPERATOR(pg_catalog.=) p.pid);
COMMENT ON VIEW reviewpro_progress IS 'Calls that are running now: backend, phase, percent of the phase (NULL where that is not known)';
COMMENT ON COLUMN reviewpro_progress.pid IS 'The backend, as in pg_stat_activity';
COMMENT ON COLUMN reviewpro_progress.phase IS 'reading vectors, comparing vectors, computing distances, joining clusters, computing silhouettes, moving centroids, or computing';
COMMENT ON COLUMN reviewpro_progress.percent IS 'How much of the phase is done; a call may have several phases';
GRANT SELECT ON reviewpro_progress TO PUBLIC;

CREATE FUNCTION reviewpro_stats(
    OUT function text, OUT calls bigint, OUT errors bigint, OUT rows bigint, OUT bytes bigint, OUT seconds double precision,
    OUT stats_since timestamptz
) RETURNS SETOF record
    VOLATILE PARALLEL RESTRICTED COST 100 ROWS 25
    LANGUAGE c AS 'MODULE_PATHNAME', 'reviewpro_stats_wrapper';
COMMENT ON FUNCTION reviewpro_stats() IS
    'What the view reviewpro_stats shows. Example: SELECT * FROM reviewpro_stats()';

CREATE FUNCTION reviewpro_stats_reset() RETURNS void
    VOLATILE PARALLEL RESTRICTED COST 100
    LANGUAGE c AS 'MODULE_PATHNAME', 'reviewpro_stats_reset_wrapper';
COMMENT ON FUNCTION reviewpro_stats_reset() IS
    'Sets all of reviewpro_stats to zero, for all databases. Only superusers may call it, and those to whom they grant it. Example: SELECT reviewpro_stats_reset()';
REVOKE EXECUTE ON FUNCTION reviewpro_stats_reset() FROM PUBLIC;

CREATE FUNCTION reviewpro_health(
    OUT library_version text, OUT cpu_path text, OUT threads_limit integer, OUT memory_limit bigint, OUT running_calls integer,
    OUT stats_since timestamptz
) RETURNS SETOF record
    VOLATILE PARALLEL RESTRICTED COST 100 ROWS 1
    LANGUAGE c AS 'MODULE_PATHNAME', 'reviewpro_health_wrapper';
COMMENT ON FUNCTION reviewpro_health() IS
    'What the library knows of the row that the view reviewpro_health shows. Example: SELECT * FROM reviewpro_health()';

CREATE VIEW reviewpro_stats AS
    SELECT s.function, s.calls, s.errors, s.rows, s.bytes, s.seconds, s.stats_since FROM reviewpro_stats() s;
COMMENT ON VIEW reviewpro_stats IS
    'Calls of each function since the server started or reviewpro_stats_reset() was called, in all databases together. In shared memory: a restart or a crash sets it to zero. fingerprint, content_fingerprint and location_fingerprint are so short that counting would be felt, and are not counted';
COMMENT ON COLUMN reviewpro_stats.function IS 'The function, all its overloads together';
COMMENT ON COLUMN reviewpro_stats.calls IS 'Calls that have ended. A parallel worker''s call is one, and so is a partition of a window function';
COMMENT ON COLUMN reviewpro_stats.errors IS 'Those of them that ended in an ERROR, a cancel included; not those whose session was terminated';
COMMENT ON COLUMN reviewpro_stats.rows IS 'Rows that they returned; one for each call of a function that returns a value';
COMMENT ON COLUMN reviewpro_stats.bytes IS 'Bytes of their arguments, or of the vectors that they read, decompressed';
COMMENT ON COLUMN reviewpro_stats.seconds IS 'Time that they took, waiting included';
COMMENT ON COLUMN reviewpro_stats.stats_since IS 'When counting began';
GRANT SELECT ON reviewpro_stats TO PUBLIC;

CREATE VIEW reviewpro_health AS
    SELECT CASE WHEN p.problems OPERATOR(pg_catalog.=) '{}' THEN 'ok' ELSE 'warn' END AS status,
           CASE WHEN p.problems OPERATOR(pg_catalog.=) '{}' THEN 0 ELSE 1 END AS status_code,
           p.problems, h.library_version, e.extversion AS sql_version,
           h.library_version OPERATOR(pg_catalog.=) e.extversion AS versions_match,
           h.cpu_path, h.threads_limit, h.memory_limit, h.running_calls, h.stats_since
    FROM reviewpro_health() h
    JOIN pg_catalog.pg_extension e ON e.extname OPERATOR(pg_catalog.=) 'reviewpro_pg',
    LATERAL (SELECT pg_catalog.array_remove(ARRAY[
        CASE WHEN h.library_version OPERATOR(pg_catalog.<>) e.extversion
             THEN 'library and SQL are of different versions: run ALTER EXTENSION reviewpro_pg UPDATE, or reconnect' END,
        CASE WHEN pg_catalog.getdatabaseencoding() OPERATOR(pg_catalog.<>) 'UTF8'
             THEN 'the encoding of the database is not UTF8' END], NULL) AS problems) p;
COMMENT ON VIEW reviewpro_health IS 'One row: whether the extension is well in this database, and what this session''s calls run with';
COMMENT ON COLUMN reviewpro_health.status IS 'ok, or warn when there are problems';
COMMENT ON COLUMN reviewpro_health.status_code IS '0 for ok, 1 for warn';
COMMENT ON COLUMN reviewpro_health.problems IS 'What to see to; empty when all is well';
COMMENT ON COLUMN reviewpro_health.library_version IS 'Version of the library that this session has loaded';
COMMENT ON COLUMN reviewpro_health.sql_version IS 'Version of the SQL objects in this database';
COMMENT ON COLUMN reviewpro_health.versions_match IS 'Whether the two are the same';
COMMENT ON COLUMN reviewpro_health.cpu_path IS 'The instructions that comparing vectors uses: avx512, avx2 or portable. Results do not depend on it';
COMMENT ON COLUMN reviewpro_health.threads_limit IS 'Threads that one call of this session may compute with, after all settings';
COMMENT ON COLUMN reviewpro_health.memory_limit IS 'reviewpro.max_memory of this session, in bytes';
COMMENT ON COLUMN reviewpro_health.running_calls IS 'Backends in which one of the longer functions runs now, in all databases';
COMMENT ON COLUMN reviewpro_health.stats_since IS 'When the counting of reviewpro_stats began';
GRANT SELECT ON reviewpro_health TO PUBLIC;

-- What storing works from. These functions are steps of ingest_sarif and ingest_findings, and good for looking at what
-- those two would do.

CREATE TYPE ingest_row AS (
    outcome text,
    results integer,
    complete boolean,
    state text,
    reason text,
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
COMMENT ON TYPE ingest_row IS
    'What becomes of a result: finding, filtered, gone, skipped, error; or a run. Then the columns of sarif_finding';
COMMENT ON COLUMN ingest_row.outcome IS
    'finding: to be stored; filtered: left out by the options; gone: left out, and not in the code any more; skipped: without a location, in compat mode; error: cannot be read; run: a run, whatever its results';
COMMENT ON COLUMN ingest_row.results IS 'How many results the row stands for: equal findings are one row';
COMMENT ON COLUMN ingest_row.complete IS 'Of a run: whether what is not among its results can be taken as not found';
COMMENT ON COLUMN ingest_row.state IS 'Of an error: the SQLSTATE';
COMMENT ON COLUMN ingest_row.reason IS 'Of an error: what is wrong';

CREATE FUNCTION ingest_results(
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
) RETURNS SETOF ingest_row
    IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 5000
    LANGUAGE c AS 'MODULE_PATHNAME', 'ingest_results_text_wrapper';
COMMENT ON FUNCTION ingest_results(text, text, text, jsonb, text[], text, boolean, boolean, text, text[], uuid, boolean, boolean) IS
    'What ingest_sarif works from: every result of a log with what becomes of it; findings in the order of their fingerprints, equal ones as one. Example: SELECT outcome, sum(results) FROM ingest_results(''{"version":"2.1.0","runs":[]}''::text) GROUP BY 1';

CREATE FUNCTION ingest_results(
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
) RETURNS SETOF ingest_row
    IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 5000
    LANGUAGE c AS 'MODULE_PATHNAME', 'ingest_results_text_wrapper';
COMMENT ON FUNCTION ingest_results(json, text, text, jsonb, text[], text, boolean, boolean, text, text[], uuid, boolean, boolean) IS
    'What ingest_sarif works from: every result of a log with what becomes of it; findings in the order of their fingerprints, equal ones as one. Example: SELECT outcome, sum(results) FROM ingest_results(''{"version":"2.1.0","runs":[]}''::json) GROUP BY 1';

CREATE FUNCTION ingest_results(
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
) RETURNS SETOF ingest_row
    IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 5000
    LANGUAGE c AS 'MODULE_PATHNAME', 'ingest_results_jsonb_wrapper';
COMMENT ON FUNCTION ingest_results(jsonb, text, text, jsonb, text[], text, boolean, boolean, text, text[], uuid, boolean, boolean) IS
    'What ingest_sarif works from: every result of a log with what becomes of it; findings in the order of their fingerprints, equal ones as one. Example: SELECT outcome, sum(results) FROM ingest_results(''{"version":"2.1.0","runs":[]}''::jsonb) GROUP BY 1';

CREATE FUNCTION ingest_results(
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
) RETURNS SETOF ingest_row
    IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 5000
    LANGUAGE c AS 'MODULE_PATHNAME', 'ingest_results_bytea_wrapper';
COMMENT ON FUNCTION ingest_results(bytea, text, text, jsonb, text[], text, boolean, boolean, text, text[], uuid, boolean, boolean) IS
    'What ingest_sarif works from: every result of a log with what becomes of it; findings in the order of their fingerprints, equal ones as one. Example: SELECT outcome, sum(results) FROM ingest_results(convert_to(''{"version":"2.1.0","runs":[]}'', ''UTF8'')) GROUP BY 1';

CREATE FUNCTION ingest_objects(
    findings jsonb,
    fingerprint text DEFAULT 'content',
    organization_id uuid DEFAULT NULL,
    raw boolean DEFAULT false
) RETURNS SETOF ingest_row
    IMMUTABLE PARALLEL SAFE COST 100000 ROWS 1000
    LANGUAGE c AS 'MODULE_PATHNAME', 'ingest_objects_wrapper';
COMMENT ON FUNCTION ingest_objects(jsonb, text, uuid, boolean) IS
    'What ingest_findings works from: every element of an array of findings, with what becomes of it. Example: SELECT outcome, result_index, reason FROM ingest_objects(''[{"message": "m"}, 5]'')';

CREATE FUNCTION fingerprint_findings(
    findings jsonb,
    kind text DEFAULT 'content',
    organization_id uuid DEFAULT NULL,
    OUT finding_index integer,
    OUT fingerprint text,
    OUT is_duplicate boolean
) RETURNS SETOF record
    IMMUTABLE PARALLEL SAFE COST 100000 ROWS 1000
    LANGUAGE c AS 'MODULE_PATHNAME', 'fingerprint_findings_wrapper';
COMMENT ON FUNCTION fingerprint_findings(jsonb, text, uuid) IS
    'The fingerprints of an array of findings ({rule_id, file_path, line, column, message, code_snippet, tool_name, ...}) by the formula content, location or compat; is_duplicate where an earlier element has the same, NULL where an element is no finding. Example: SELECT count(*) FILTER (WHERE NOT is_duplicate) AS unique_count, count(*) FILTER (WHERE is_duplicate) AS duplicate_count FROM fingerprint_findings(''[{"rule_id": "B101", "file_path": "a.py", "line": 1, "message": "m"}]'')';

CREATE FUNCTION repository_fingerprint(repository_id uuid, fingerprint text) RETURNS text
    IMMUTABLE STRICT PARALLEL SAFE
    LANGUAGE sql
    RETURN encode(sha256(convert_to(repository_id::text || '|' || fingerprint, 'UTF8')), 'hex');
COMMENT ON FUNCTION repository_fingerprint(uuid, text) IS
    'A fingerprint that two repositories do not share: hex SHA-256 of repository_id|fingerprint. What ingest stores in a table whose unique key has no repository_id. Example: SELECT repository_fingerprint(''11111111-2222-3333-4444-555555555555'', content_fingerprint(''Bandit'', ''B101'', ''src/app.py'', ''snippet:assert x == 1''))';

CREATE FUNCTION create_findings_table(
    name text DEFAULT 'findings',
    -- Where an unqualified name goes: as CREATE TABLE of the caller would.
    schema name DEFAULT current_schema()
) RETURNS regclass
    VOLATILE LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
    parts CONSTANT text[] := parse_ident(name);
    schema_name text;
    table_name text;
    target text;
    told record;
BEGIN
    CASE cardinality(parts)
        WHEN 1 THEN
            schema_name := schema;
            table_name := parts[1];
        WHEN 2 THEN
            schema_name := parts[1];
            table_name := parts[2];
        ELSE
            RAISE EXCEPTION 'not the name of a table: "%"', name
                USING ERRCODE = 'invalid_parameter_value', HINT = 'Write it as name, or as schema.name.';
    END CASE;
    IF schema_name IS NULL THEN
        RAISE EXCEPTION 'no schema has been selected to create in' USING ERRCODE = 'invalid_schema_name';
    END IF;
    target := format('%I.%I', schema_name, table_name);

    -- Rows are found again at every scan: room for updates on the same page, and no index on what each scan changes.
    EXECUTE format($sql$
        CREATE TABLE %1$s (
            id uuid PRIMARY KEY DEFAULT uuidv7(),
            organization_id uuid NOT NULL,
            repository_id uuid NOT NULL,
            branch_id uuid,
            first_seen_scan_id uuid NOT NULL,
            last_seen_scan_id uuid NOT NULL,
            reopened_scan_id uuid,
            fixed_scan_id uuid,
            fingerprint text NOT NULL,
            fingerprint_kind text,
            rule_id text,
            rule_name text,
            rule_description text,
            help_uri text,
            message text NOT NULL,
            severity text NOT NULL DEFAULT 'medium'
                CHECK (severity IN ('critical', 'high', 'medium', 'low', 'info')),
            security_severity numeric,
            status text NOT NULL DEFAULT 'open'
                CHECK (status IN ('open', 'fixed', 'false_positive', 'accepted_risk', 'wont_fix')),
            suppressed boolean NOT NULL DEFAULT false,
            suppressions jsonb,
            file_path text,
            start_line integer,
            start_column integer,
            end_line integer,
            end_column integer,
            snippet text,
            logical_location text,
            tool_name text,
            tool_version text,
            tool_component text,
            automation_category text,
            cwe_ids jsonb NOT NULL DEFAULT '[]',
            cve_ids jsonb NOT NULL DEFAULT '[]',
            tags jsonb NOT NULL DEFAULT '[]',
            metadata jsonb,
            sarif_result_index integer,
            sarif_data jsonb,
            occurrence_count integer NOT NULL DEFAULT 1,
            first_seen_at timestamptz NOT NULL DEFAULT now(),
            last_seen_at timestamptz NOT NULL DEFAULT now(),
            fixed_at timestamptz,
            resolved_at timestamptz,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            UNIQUE (organization_id, repository_id, fingerprint)
        ) WITH (fillfactor = 85)
    $sql$, target);
    EXECUTE format(
        'CREATE INDEX ON %s (organization_id, repository_id, tool_name) WHERE status = ''open''', target);
    EXECUTE format('CREATE INDEX ON %s (first_seen_scan_id)', target);
    EXECUTE format('COMMENT ON TABLE %s IS %L', target,
        'Findings of code scans, one row per finding of a repository, as ingest_sarif of reviewpro_pg keeps them');
    FOR told IN
        SELECT * FROM (VALUES
            ('branch_id', 'The branch on which it was first seen'),
            ('first_seen_scan_id', 'The scan that found it first'),
            ('last_seen_scan_id', 'The latest scan that found it'),
            ('reopened_scan_id', 'The scan that found it again after it was fixed'),
            ('fixed_scan_id', 'The scan that did not find it any more'),
            ('fingerprint', 'What it is recognised by in the next scan'),
            ('fingerprint_kind', 'The formula of the fingerprint: content-v1, tool-v1, location, compat'),
            ('severity', 'critical, high, medium, low, info'),
            ('status', 'open and fixed are set by scans, false_positive, accepted_risk and wont_fix by people'),
            ('suppressed', 'Whether the tool''s log says that it is suppressed, in the code or by a list'),
            ('file_path', 'The file, relative to the repository'),
            ('automation_category', 'What tells several analyses by one tool apart'),
            ('cwe_ids', 'CWE identifiers, an array'),
            ('cve_ids', 'CVE identifiers, an array'),
            ('tags', 'Tags, an array'),
            ('metadata', 'Code flows, related locations, fixes and the like'),
            ('sarif_result_index', 'Position in the run''s results of the scan that told its details'),
            ('sarif_data', 'The result as the tool wrote it'),
            ('occurrence_count', 'How often it was found'),
            ('fixed_at', 'When a scan did not find it any more'),
            ('resolved_at', 'When it was fixed, or a person settled it')
        ) AS c (column_name, comment)
    LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', target, told.column_name, told.comment);
    END LOOP;
    RETURN target::regclass;
END
$function$;
COMMENT ON FUNCTION create_findings_table(text, name) IS
    'Creates the recommended table of findings, for those who have none: columns with defaults, the unique key (organization_id, repository_id, fingerprint), few indexes. The name may be quoted and qualified. Example: SELECT create_findings_table(''scan_findings'')';

-- What an ingest will do: looks at the target table and writes the statements for it.

-- The one place that knows what can be done with a column. A domain is staged as the type below it, which may be null, and
-- becomes the domain when the row is stored.
CREATE FUNCTION ingest_columns(
    findings regclass,
    OUT place integer,
    OUT name text,
    OUT type text,
    OUT base_type text,
    OUT shown_type text,
    OUT length integer,
    OUT is_domain boolean,
    OUT is_writable boolean,
    OUT is_required boolean,
    OUT has_default boolean
) RETURNS SETOF record
    -- Its plan is made once in a session: that takes longer than to run it.
    STABLE STRICT ROWS 50 LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $function$
BEGIN
    RETURN QUERY
    SELECT a.attnum::integer, a.attname::text, format('%I.%I', n.nspname, y.typname), format('%I.%I', m.nspname, z.typname),
           format_type(a.atttypid, a.atttypmod),
           CASE WHEN a.atttypid IN ('varchar'::regtype, 'bpchar'::regtype) AND a.atttypmod > 4 THEN a.atttypmod - 4 END,
           y.typtype = 'd',
           a.attgenerated = '' AND a.attidentity <> 'a',
           a.attnotnull OR y.typtype = 'd' AND (
               -- A domain may be over one that must not be null.
               WITH RECURSIVE level AS (
                   SELECT y.typnotnull, y.typbasetype
                   UNION ALL
                   SELECT b.typnotnull, b.typbasetype FROM level l JOIN pg_type b ON b.oid = l.typbasetype AND b.typtype = 'd'
               )
               SELECT bool_or(l.typnotnull) FROM level l),
           a.atthasdef OR a.attidentity <> '' OR y.typdefault IS NOT NULL
    FROM pg_attribute a
    JOIN pg_type y ON y.oid = a.atttypid JOIN pg_namespace n ON n.oid = y.typnamespace
    JOIN pg_type z ON z.oid = pg_basetype(a.atttypid) JOIN pg_namespace m ON m.oid = z.typnamespace
    WHERE a.attrelid = findings AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum;
END
$function$;
COMMENT ON FUNCTION ingest_columns(regclass) IS
    'The columns of a table as ingest sees them: type, the type below a domain, whether it can be written (not generated, no identity), must have a value, has a default. Example: SELECT name, is_writable FROM ingest_columns(''findings'')';

-- The parameters of the statements: $1 the document, $2 organization_id, $3 repository_id, $4 scan_id, $5 extra,
-- $6 mode, $7 source_root, $8 uri_bases, $9 kinds, $10 suppressed, $11 fingerprint, $12 fingerprint_keys.
CREATE FUNCTION ingest_plan(
    findings regclass,
    organization_id uuid,
    repository_id uuid,
    scan_id uuid,
    source text DEFAULT 'ingest_results',
    mode text DEFAULT 'spec',
    fingerprint text DEFAULT NULL,
    extra jsonb DEFAULT NULL,
    raw boolean DEFAULT NULL,
    touch boolean DEFAULT true,
    close boolean DEFAULT true,
    suppressed_status text DEFAULT 'accepted_risk'
) RETURNS jsonb
    STABLE LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
    own CONSTANT text := (SELECT e.extnamespace::regnamespace::text FROM pg_extension e WHERE e.extname = 'reviewpro_pg');
    relation CONSTANT text := findings::text;
    is_compat CONSTANT boolean := source = 'ingest_results' AND mode = 'compat';
    extra_names CONSTANT text[] := ARRAY(
        SELECT jsonb_object_keys(CASE WHEN jsonb_typeof(extra) = 'object' THEN extra ELSE '{}' END));
    kind "char";
    target text;
    -- How the table is named where its rows are read or changed: those of tables that inherit from it are not its findings.
    rows_of text;
    columns jsonb;
    names text[];
    writable text[];
    missing text;
    key_names text[];
    refresh_names text[];
    staged_names text[];
    ids jsonb;
    has record;
    calls text;
    constants text;
    expressions text;
    new_id text;
    problems text;
    inserted text;
    inserted_types text;
    stale text;
    differs_staged text;
    differs_excluded text;
    assignments text;
    key_join text;
    key_list text;
    scope text;
    staged text;
    upsert text;
    summary text;
BEGIN
    SELECT v.name INTO missing FROM (VALUES ('organization_id', organization_id), ('repository_id', repository_id),
                                            ('scan_id', scan_id)) v (name, id) WHERE v.id IS NULL LIMIT 1;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION '% must not be null', missing USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF findings IS NULL THEN
        RAISE EXCEPTION 'relation "findings" does not exist' USING ERRCODE = 'undefined_table',
            HINT = 'Create it with create_findings_table(), or name your table in the argument findings.';
    END IF;
    SELECT c.relkind, format('%I.%I', n.nspname, c.relname), CASE WHEN c.relkind = 'r' AND c.relhassubclass THEN 'ONLY ' ELSE '' END
    INTO kind, target, rows_of
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = findings;
    IF kind IS NULL THEN
        RAISE EXCEPTION 'relation with OID % does not exist', findings::oid USING ERRCODE = 'undefined_table';
    ELSIF kind NOT IN ('r', 'p') THEN
        RAISE EXCEPTION '"%" is not a table', relation USING ERRCODE = 'wrong_object_type';
    END IF;
    rows_of := rows_of || target;
    IF jsonb_typeof(extra) <> 'object' THEN
        RAISE EXCEPTION 'extra is not a JSON object' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Write it as {"column": value}.';
    END IF;

    EXECUTE format('SELECT jsonb_agg(c) FROM %s.ingest_columns($1) c', own) INTO columns USING findings;
    SELECT array_agg(c.name ORDER BY c.place), array_agg(c.name ORDER BY c.place) FILTER (WHERE c.is_writable)
    INTO names, writable FROM jsonb_to_recordset(columns) c (place integer, name text, is_writable boolean);
    SELECT n INTO missing FROM unnest(ARRAY['organization_id', 'repository_id', 'last_seen_scan_id', 'fingerprint', 'status']
        || CASE WHEN close THEN ARRAY['tool_name'] ELSE '{}' END || extra_names) n WHERE n <> ALL (names) LIMIT 1;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'column "%" of relation "%" does not exist', missing, relation
            USING ERRCODE = 'undefined_column', HINT = CASE WHEN missing = ANY (extra_names)
                THEN 'The argument extra may only name columns of the table.'
                ELSE 'Ingest needs this column to recognise and follow findings.' END;
    END IF;
    SELECT n INTO missing
    FROM unnest('{organization_id,repository_id,last_seen_scan_id,fingerprint,status}'::text[] || extra_names) n
    WHERE n <> ALL (writable) LIMIT 1;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'column "%" of relation "%" cannot be set: its value is generated', missing, relation
            USING ERRCODE = 'generated_always', HINT = CASE WHEN missing = ANY (extra_names)
                THEN 'Leave it out of the argument extra.'
                ELSE 'Ingest sets this column itself.' END;
    END IF;
    SELECT n INTO missing FROM unnest(extra_names) n
    WHERE n IN ('organization_id', 'repository_id', 'first_seen_scan_id', 'last_seen_scan_id', 'fingerprint', 'status',
                'occurrence_count') LIMIT 1;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'extra must not name column "%"', missing
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Ingest sets this column itself.';
    END IF;
    SELECT 'branch_id' = ANY (names) AS branch, 'suppressed' = ANY (writable) AS suppressed,
           'automation_category' = ANY (names) AS category, 'sarif_data' = ANY (writable) AS data,
           'first_seen_scan_id' = ANY (names) AS first_seen INTO has;
    -- The ids as values of their columns, which need not be of type uuid.
    SELECT format('column "%s" of relation "%s" is of type %s, which holds no uuid', c.name, relation, c.shown_type) INTO missing
    FROM jsonb_to_recordset(columns) c (name text, shown_type text, is_writable boolean)
    WHERE c.name IN ('organization_id', 'repository_id', 'scan_id', 'first_seen_scan_id', 'last_seen_scan_id', 'reopened_scan_id',
                     'fixed_scan_id') AND c.is_writable AND NOT pg_input_is_valid(scan_id::text, c.shown_type) LIMIT 1;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION '%', missing USING ERRCODE = 'datatype_mismatch';
    END IF;
    SELECT jsonb_object_agg(c.name, CASE c.base_type::regtype WHEN 'uuid'::regtype THEN i.parameter
                                    ELSE format('%s::pg_catalog.text::%s', i.parameter, c.base_type) END)
    INTO ids
    FROM jsonb_to_recordset(columns) c (name text, base_type text)
    JOIN (VALUES ('organization_id', '$2'), ('repository_id', '$3'), ('scan_id', '$4'), ('first_seen_scan_id', '$4'),
                 ('last_seen_scan_id', '$4'), ('reopened_scan_id', '$4'), ('fixed_scan_id', '$4')) i (name, parameter)
      ON i.name = c.name;

    -- What tells findings apart: the fingerprint and what is the same for all rows of the call.
    SELECT k.names INTO key_names
    FROM pg_index i, LATERAL (
        SELECT array_agg(a.attname::text ORDER BY u.n) AS names
        FROM unnest(i.indkey[:i.indnkeyatts - 1]) WITH ORDINALITY u (attnum, n)
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.attnum
    ) k
    WHERE i.indrelid = findings AND i.indisunique AND i.indisvalid AND i.indimmediate
      AND i.indpred IS NULL AND i.indexprs IS NULL
      AND 'fingerprint' = ANY (k.names) AND k.names && '{organization_id,repository_id}'
      AND k.names <@ ('{organization_id,repository_id,fingerprint}'::text[] || extra_names)
    ORDER BY 'repository_id' = ANY (k.names) DESC, cardinality(k.names), i.indexrelid LIMIT 1;
    IF key_names IS NULL THEN
        RAISE EXCEPTION 'table "%" has no unique index to recognise findings by', relation
            USING ERRCODE = 'invalid_column_reference',
                  HINT = format('CREATE UNIQUE INDEX ON %s (organization_id, repository_id, fingerprint)', target);
    END IF;
    SELECT n INTO missing FROM unnest(extra_names) n WHERE n = ANY (key_names) AND jsonb_typeof(extra -> n) = 'null' LIMIT 1;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'extra must not set column "%" to null', missing
            USING ERRCODE = 'null_value_not_allowed', DETAIL = 'It belongs to the unique key of the table.';
    END IF;

    -- Every argument in its place and with its type: a function of the same name that somebody else has made fits no better.
    calls := CASE source
        WHEN 'ingest_results' THEN format(
            '%s.ingest_results($1, $6, $7, $8, $9, $10, false, false, $11, $12, $2, %L::pg_catalog.bool, false)',
            own, has.data AND coalesce(raw, true))
        ELSE format('%s.ingest_objects($1, coalesce($11, ''content''::pg_catalog.text), $2, %L::pg_catalog.bool)',
                    own, has.data AND coalesce(raw, true))
    END;

    -- One line per column that gets a value: the expression over the rows r of the source, and what is wrong with a value.
    WITH source (name, expression, type, nullable, refresh) AS (
        VALUES ('id', 'pg_catalog.uuidv7()', 'uuid'::regtype, false, false),
               ('organization_id', '$2', 'uuid', false, false),
               ('repository_id', '$3', 'uuid', false, false),
               ('scan_id', '$4', 'uuid', false, false),
               ('first_seen_scan_id', '$4', 'uuid', false, false),
               ('last_seen_scan_id', '$4', 'uuid', false, false),
               ('fingerprint', CASE
                   WHEN 'repository_id' = ANY (key_names) THEN 'r.fingerprint'
                   -- Without the repository in the key two repositories would share a row.
                   ELSE format($e$CASE WHEN r.fingerprint_kind OPERATOR(pg_catalog.=) ANY ('{compat,given}'::pg_catalog.text[])
                        THEN r.fingerprint ELSE %s.repository_fingerprint($3, r.fingerprint) END$e$, own)
                END, 'text', false, false),
               ('status', CASE WHEN is_compat OR has.suppressed THEN $e$'open'::pg_catalog.text$e$
                          ELSE format('CASE WHEN r.suppressed THEN %L::pg_catalog.text ELSE ''open''::pg_catalog.text END', suppressed_status)
                          END, 'text', false, false),
               ('occurrence_count', 'r.results', 'integer', false, false),
               ('first_seen_at', 'pg_catalog.now()', 'timestamptz', false, false),
               ('last_seen_at', 'pg_catalog.now()', 'timestamptz', false, false),
               ('created_at', 'pg_catalog.now()', 'timestamptz', false, false),
               ('updated_at', 'pg_catalog.now()', 'timestamptz', false, false),
               ('sarif_run_index', 'r.run_index', 'integer', false, false),
               ('sarif_result_index', 'r.result_index', 'integer', false, false)
        UNION ALL
        SELECT a.attname, CASE
                   WHEN is_compat OR NOT t.is_required THEN format('r.%I', a.attname)
                   -- As the application stores what a tool does not say.
                   WHEN a.attname IN ('rule_id', 'file_path', 'tool_name')
                   THEN format('coalesce(r.%I, ''unknown''::pg_catalog.text)', a.attname)
                   WHEN a.attname IN ('start_line', 'start_column') THEN format('coalesce(r.%I, 1)', a.attname)
                   ELSE format('r.%I', a.attname)
               END, a.atttypid::regtype, true, NOT is_compat
        FROM pg_attribute a
        JOIN pg_type y ON y.typrelid = a.attrelid
        JOIN pg_extension e ON e.extnamespace = y.typnamespace AND e.extname = 'reviewpro_pg'
        JOIN jsonb_to_recordset(columns) t (name text, is_required boolean) ON t.name = a.attname
        WHERE y.typname = 'sarif_finding' AND a.attnum > 0 AND a.attname <> 'fingerprint'
    ), target_column AS (
        SELECT t.*, t.base_type::regtype IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype) AS is_text,
               t.name = ANY (extra_names) AS is_extra
        FROM jsonb_to_recordset(columns) t (place integer, name text, type text, base_type text, shown_type text, length integer,
                                            is_domain boolean, is_writable boolean, is_required boolean, has_default boolean)
        WHERE t.is_writable
    ), matched AS (
        SELECT t.*, s.expression, coalesce(s.nullable, false) AS nullable, s.refresh AND NOT t.is_extra AS refresh,
               s.type = 'text[]'::regtype AND t.base_type::regtype IN ('jsonb'::regtype, 'json'::regtype) AS is_json_list,
               s.type = t.base_type::regtype AS is_same, s.type IN ('text'::regtype, 'uuid'::regtype) AND t.is_text AS is_cast
        FROM target_column t LEFT JOIN source s ON s.name = t.name
        WHERE t.is_extra OR s.name IS NOT NULL AND NOT (t.name = 'id' AND (
            t.has_default OR NOT (t.base_type::regtype = 'uuid'::regtype OR t.is_text AND coalesce(t.length, 36) >= 36)))
    ), valued AS (
        SELECT m.*, i.input, NOT m.is_extra AND (m.is_domain OR NOT (m.is_same OR m.is_json_list OR m.is_cast)) AS is_checked, CASE
            WHEN m.is_extra THEN format('c.%I', m.name)
            WHEN m.is_same THEN m.expression
            WHEN m.is_json_list OR m.is_cast THEN format('(%s)::%s', i.input, m.base_type)
            ELSE format('CASE WHEN pg_catalog.pg_input_is_valid(%1$s, %2$L) THEN (%1$s)::%3$s END', i.input, m.type, m.base_type)
        END AS value
        FROM matched m, LATERAL (
            -- The value as text.
            SELECT format(CASE WHEN m.is_json_list THEN 'pg_catalog.to_jsonb(%s)::pg_catalog.text' ELSE '(%s)::pg_catalog.text' END,
                          m.expression) AS input) i
    ), problem AS (
        SELECT m.place, 1 AS n, format(
                   $e$WHEN (%s) IS NULL THEN pg_catalog.jsonb_build_object('sqlstate', '23502', 'reason', %L::pg_catalog.text)$e$,
                   m.expression, format('null value in column "%s"', m.name)) AS clause
        FROM valued m WHERE m.is_required AND m.nullable AND NOT m.is_extra
        UNION ALL
        SELECT m.place, 2, format(
                   $e$WHEN pg_catalog.char_length(%1$s) OPERATOR(pg_catalog.>) %2$s THEN pg_catalog.jsonb_build_object(
                      'sqlstate', '22001', 'reason', pg_catalog.concat(%3$L::pg_catalog.text, pg_catalog.char_length(%1$s),
                      ' characters'::pg_catalog.text))$e$,
                   m.input, m.length, format('value too long for type %s in column "%s": ', m.shown_type, m.name))
        FROM valued m WHERE NOT m.is_extra AND m.length IS NOT NULL AND m.name NOT IN ('id', 'status')
        UNION ALL
        SELECT m.place, 3, format(
                   $e$WHEN (%1$s) IS NOT NULL AND NOT pg_catalog.pg_input_is_valid(%2$s, %3$L) THEN pg_catalog.jsonb_build_object(
                      'sqlstate', '22P02', 'reason', pg_catalog.concat(%4$L::pg_catalog.text, %2$s, '"'::pg_catalog.text))$e$,
                   m.expression, m.input, m.type, format('invalid input for type %s in column "%s": "', m.shown_type, m.name))
        FROM valued m WHERE m.is_checked AND m.name <> 'id'
    )
    SELECT (SELECT string_agg(format('%s AS %I', m.value, m.name), ', ' ORDER BY m.place) FROM valued m
            WHERE m.is_extra OR m.name <> 'id'),
           -- A new id is made for new rows alone: randomness is the dearest of all expressions.
           (SELECT format(', coalesce(f.id, %s) AS id', m.value) FROM valued m
            WHERE NOT m.is_extra AND m.name = 'id'),
           (SELECT string_agg(p.clause, ' ' ORDER BY p.n, p.place) FROM problem p),
           (SELECT array_agg(m.name ORDER BY m.place) FROM valued m),
           (SELECT string_agg(quote_ident(m.name), ', ' ORDER BY m.place) FROM valued m),
           (SELECT string_agg(format('%I %s', m.name, m.type), ', ' ORDER BY m.place) FROM valued m),
           (SELECT coalesce('SELECT c.* FROM pg_catalog.jsonb_to_record($5) c ('
                            || string_agg(format('%I %s', m.name, m.type), ', ' ORDER BY m.place) || ')', 'SELECT')
            FROM valued m WHERE m.is_extra),
           (SELECT array_agg(m.name ORDER BY m.place) FROM valued m WHERE m.refresh),
           -- Whether the details of a row differ from those that come. A domain counts as the type below it.
           (SELECT format(' OR pg_catalog.record_image_ne(ROW(%s), ROW(%s))',
                          string_agg(format('f.%I::%s', m.name, m.base_type), ', ' ORDER BY m.place),
                          string_agg(format('s.%I::%s', m.name, m.base_type), ', ' ORDER BY m.place))
            FROM valued m WHERE m.refresh),
           (SELECT format(' OR pg_catalog.record_image_ne(ROW(%s), ROW(%s))',
                          string_agg(format('f.%I', m.name), ', ' ORDER BY m.place),
                          string_agg(format('excluded.%I', m.name), ', ' ORDER BY m.place))
            FROM valued m WHERE m.refresh),
           (SELECT t.name FROM target_column t
            WHERE t.is_required AND NOT t.has_default AND NOT EXISTS (SELECT FROM valued m WHERE m.name = t.name) LIMIT 1)
    INTO expressions, new_id, problems, staged_names, inserted, inserted_types, constants, refresh_names, differs_staged,
         differs_excluded, missing;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'ingest has no value for column "%" of relation "%", which must not be null', missing, relation
            USING ERRCODE = 'not_null_violation', HINT = 'Give the column a default, or pass its value in the argument extra.';
    END IF;

    SELECT string_agg(format('f.%1$I OPERATOR(pg_catalog.=) s.%1$I', n), ' AND '), string_agg(quote_ident(n), ', ')
    INTO key_join, key_list FROM unnest(key_names) n;
    -- A row that tells of this scan already stays as it is: that makes a repeated scan harmless.
    stale := format('(f.last_seen_scan_id OPERATOR(pg_catalog.=) %s) IS NOT TRUE', ids ->> 'last_seen_scan_id')
        || CASE WHEN has.first_seen
                THEN format(' AND (f.first_seen_scan_id OPERATOR(pg_catalog.=) %s) IS NOT TRUE', ids ->> 'first_seen_scan_id')
                ELSE '' END;
    IF touch THEN
        differs_staged := '';
        differs_excluded := '';
    ELSE
        differs_staged := format($e$ AND (f.status::pg_catalog.text OPERATOR(pg_catalog.=) 'fixed'%s)$e$, differs_staged);
        differs_excluded := format($e$ AND (f.status::pg_catalog.text OPERATOR(pg_catalog.=) 'fixed'%s)$e$, differs_excluded);
    END IF;
    SELECT string_agg(a.clause, ', ' ORDER BY a.clause) INTO assignments FROM (
        SELECT format('%1$I = excluded.%1$I', n) AS clause FROM unnest(staged_names) n
        WHERE n IN ('last_seen_scan_id', 'last_seen_at', 'updated_at') OR n = ANY (refresh_names)
           OR n IN ('sarif_run_index', 'sarif_result_index') AND NOT is_compat
        UNION ALL
        SELECT format('%1$I = coalesce(f.%1$I, 0) OPERATOR(pg_catalog.+) excluded.%1$I', n) FROM unnest(staged_names) n WHERE n = 'occurrence_count'
        UNION ALL
        SELECT format('%1$I = CASE WHEN f.status::pg_catalog.text OPERATOR(pg_catalog.=) ''fixed''%3$s THEN %2$s ELSE f.%1$I END',
                      v.name, v.value, v.condition)
        FROM (VALUES ('status', 'excluded.status', ''), ('fixed_at', 'NULL', ''), ('resolved_at', 'NULL', ''),
                     ('fixed_scan_id', 'NULL', ''),
                     -- One that comes back suppressed is not open again.
                     ('reopened_scan_id', ids ->> 'reopened_scan_id',
                      $e$ AND excluded.status::pg_catalog.text OPERATOR(pg_catalog.=) 'open'$e$)) v (name, value, condition)
        WHERE v.name = ANY (writable)
    ) a;

    staged := format($sql$
        WITH constants AS MATERIALIZED (%9$s),
        staged AS MATERIALIZED (
            SELECT r.outcome AS "ingest outcome", r.results AS "ingest results", r.complete AS "ingest complete",
                   r.run_index AS "ingest run", r.result_index AS "ingest result", r.tool_name AS "ingest tool",
                   r.automation_category AS "ingest category", %2$s, CASE
                       WHEN r.outcome OPERATOR(pg_catalog.=) 'error'
                       THEN pg_catalog.jsonb_build_object('sqlstate', r.state, 'reason', r.reason)
                       WHEN r.outcome OPERATOR(pg_catalog.<>) 'finding' THEN NULL
                       %3$s %4$s
                   END AS "ingest problem"
            FROM %5$s r, constants c
        ),
        todo AS MATERIALIZED (
            SELECT s.*, f.fingerprint IS NULL AS "ingest new"%8$s
            FROM staged s LEFT JOIN %1$s f ON %6$s
            WHERE s."ingest outcome" OPERATOR(pg_catalog.=) 'finding' AND s."ingest problem" IS NULL
              AND (f.fingerprint IS NULL OR %7$s)
        )$sql$,
        rows_of, expressions, problems,
        CASE WHEN is_compat THEN $e$WHEN 'compat_db_reject'::pg_catalog.text OPERATOR(pg_catalog.=) ANY (r.warnings)
            THEN pg_catalog.jsonb_build_object('sqlstate', '22023', 'reason', 'the application refuses this result')$e$
             WHEN problems IS NULL THEN 'WHEN false THEN NULL' ELSE '' END,
        calls, key_join, stale || differs_staged, new_id, constants);
    upsert := format($sql$
        ON CONFLICT (%s) DO UPDATE SET %s WHERE %s
        RETURNING new.fingerprint::pg_catalog.text AS fingerprint, old.fingerprint IS NULL AS is_new,
                  (old.status::pg_catalog.text OPERATOR(pg_catalog.=) 'fixed') IS TRUE
                  AND new.status::pg_catalog.text OPERATOR(pg_catalog.=) 'open' AS is_reopened$sql$,
        key_list, assignments, stale || differs_excluded);
    summary := format($sql$
        SELECT coalesce(pg_catalog.sum(s."ingest results")
                   FILTER (WHERE s."ingest outcome" OPERATOR(pg_catalog.<>) 'run'), 0)::pg_catalog.int4 AS total,
               (SELECT pg_catalog.count(*) FILTER (WHERE is_new) FROM stored)::pg_catalog.int4 AS inserted,
               (SELECT pg_catalog.count(*) FILTER (WHERE NOT is_new) FROM stored)::pg_catalog.int4 AS updated,
               (SELECT pg_catalog.count(*) FILTER (WHERE is_reopened) FROM stored)::pg_catalog.int4 AS reopened,
               coalesce(pg_catalog.sum(s."ingest results" OPERATOR(pg_catalog.-) 1)
                   FILTER (WHERE s."ingest outcome" OPERATOR(pg_catalog.=) 'finding'), 0)::pg_catalog.int4 AS duplicates,
               coalesce(pg_catalog.sum(s."ingest results") FILTER (WHERE s."ingest outcome" OPERATOR(pg_catalog.=)
                   ANY ('{filtered,gone,skipped}'::pg_catalog.text[])), 0)::pg_catalog.int4 AS skipped,
               coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
                   'run_index', coalesce(s."ingest run", 0), 'result_index', s."ingest result") OPERATOR(pg_catalog.||) s."ingest problem"
                   ORDER BY s."ingest run", s."ingest result") FILTER (WHERE s."ingest problem" IS NOT NULL),
                   '[]'::pg_catalog.jsonb) AS errors,
               coalesce(pg_catalog.array_agg(s.fingerprint::pg_catalog.text) FILTER (WHERE s."ingest outcome"
                   OPERATOR(pg_catalog.=) ANY ('{finding,filtered}'::pg_catalog.text[])), '{}'::pg_catalog.text[]) AS seen,
               (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('tool', t.tool, 'category', t.category))
                -- Names of tools are one in any case, as they are in fingerprints.
                FROM (SELECT pg_catalog.lower(%1$s COLLATE pg_catalog."C") AS tool, %2$s AS category FROM staged r
                      WHERE r."ingest outcome" OPERATOR(pg_catalog.=) 'run'%3$s
                      GROUP BY 1, 2 HAVING pg_catalog.bool_and(r."ingest complete")) t) AS tools,
               -- Rows that were neither inserted nor updated.
               (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
                    'run_index', t."ingest run", 'result_index', t."ingest result", 'is_new', t."ingest new",
                    'fingerprint', t.fingerprint::pg_catalog.text))
                FROM todo t
                WHERE (SELECT pg_catalog.count(*) FROM stored) OPERATOR(pg_catalog.<>) (SELECT pg_catalog.count(*) FROM todo)
                  AND NOT EXISTS (SELECT FROM stored d
                                  WHERE d.fingerprint OPERATOR(pg_catalog.=) t.fingerprint::pg_catalog.text)) AS lost
        FROM staged s$sql$,
        CASE WHEN 'tool_name' = ANY (staged_names) THEN 'r.tool_name::pg_catalog.text' ELSE 'r."ingest tool"' END,
        CASE WHEN 'automation_category' = ANY (extra_names) THEN 'r.automation_category::pg_catalog.text'
             ELSE 'r."ingest category"' END,
        -- A name that the column cannot hold is not the one that is not stated.
        CASE WHEN 'tool_name' = ANY (staged_names) AND 'tool_name' <> ALL (extra_names)
             THEN ' AND (r.tool_name IS NOT NULL OR r."ingest tool" IS NULL)' ELSE '' END);
    scope := coalesce((
        SELECT string_agg(format(' AND (f.%1$I OPERATOR(pg_catalog.=) c.%1$I)', n), '') FROM unnest(extra_names) n
        WHERE n = ANY (key_names) OR n = 'branch_id' AND jsonb_typeof(extra -> n) <> 'null'), '')
        || CASE WHEN has.branch AND coalesce(jsonb_typeof(extra -> 'branch_id'), 'null') = 'null'
                THEN ' AND f.branch_id IS NULL' ELSE '' END;

    RETURN jsonb_build_object(
        -- Ingests that may meet in a row go one after the other.
        'is_scoped', 'repository_id' <> ALL (key_names),
        -- For migration_plan: the table, and the ids as values of its columns.
        'table', rows_of, 'organization', ids ->> 'organization_id', 'repository', ids ->> 'repository_id',
        'lock', format('reviewpro_pg ingest %s %s %s', findings::oid, organization_id,
                       CASE WHEN 'repository_id' = ANY (key_names) THEN repository_id END),
        'store', format($sql$%1$s,
        stored AS (
            INSERT INTO %2$s AS f (%3$s) SELECT %3$s FROM todo s ORDER BY %4$s %5$s
        ) %6$s$sql$,
            staged, target, inserted, key_list, upsert, summary),
        'rows', format($sql$%s, stored AS (SELECT NULL::pg_catalog.text AS fingerprint, NULL::pg_catalog.bool AS is_new,
                NULL::pg_catalog.bool AS is_reopened WHERE false)
            SELECT * FROM (
                SELECT s."ingest run" AS run, s."ingest result" AS result, s."ingest new" AS is_new,
                       pg_catalog.to_jsonb(s) AS finding, NULL::pg_catalog.jsonb AS summary
                FROM todo s ORDER BY %s) rows
            UNION ALL SELECT NULL, NULL, NULL, NULL, pg_catalog.to_jsonb(summary) FROM (%s) summary$sql$,
            staged, key_list, summary),
        'row', format($sql$
            WITH stored AS (INSERT INTO %1$s AS f (%2$s)
                SELECT %2$s FROM pg_catalog.jsonb_to_record($1) s (%4$s) %3$s)
            SELECT is_new, is_reopened FROM stored$sql$, target, inserted, upsert, inserted_types),
        -- Of rows that were not stored those that a trigger left out: the others are as they should be, since somebody else has
        -- stored them after our look.
        'refused', format($sql$
            WITH constants AS MATERIALIZED (%1$s)
            SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
                       'run_index', l.run_index, 'result_index', l.result_index,
                       'sqlstate', '02000', 'reason', 'a trigger of the table left the row out')
                       ORDER BY l.run_index, l.result_index), '[]'::pg_catalog.jsonb)
            FROM pg_catalog.jsonb_to_recordset($1) AS l (run_index pg_catalog.int4, result_index pg_catalog.int4,
                                                         is_new pg_catalog.bool, fingerprint pg_catalog.text)
            CROSS JOIN constants c
            LEFT JOIN %2$s f ON %3$s
            WHERE f.fingerprint IS NULL OR %4$s%5$s$sql$,
            constants, rows_of,
            (SELECT string_agg(CASE WHEN n = 'fingerprint'
                                    THEN 'f.fingerprint::pg_catalog.text OPERATOR(pg_catalog.=) l.fingerprint'
                                    ELSE format('f.%I OPERATOR(pg_catalog.=) %s', n, coalesce(ids ->> n, format('c.%I', n))) END, ' AND ')
             FROM unnest(key_names) n),
            stale, CASE WHEN touch THEN '' ELSE ' AND NOT l.is_new' END),
        'close', format($sql$
            WITH constants AS MATERIALIZED (%5$s),
            tools AS MATERIALIZED (SELECT t.tool, t.category FROM pg_catalog.jsonb_to_recordset($1)
                AS t (tool pg_catalog.text, category pg_catalog.text)),
            closed AS (
                UPDATE %1$s f SET status = 'fixed'%2$s
                FROM constants c, tools t
                WHERE f.organization_id OPERATOR(pg_catalog.=) %6$s AND f.repository_id OPERATOR(pg_catalog.=) %7$s%3$s
                  AND f.status::pg_catalog.text OPERATOR(pg_catalog.=) 'open'
                  AND (f.last_seen_scan_id OPERATOR(pg_catalog.=) %8$s) IS NOT TRUE
                  AND (pg_catalog.lower(f.tool_name::pg_catalog.text COLLATE pg_catalog."C") OPERATOR(pg_catalog.=) t.tool
                       OR f.tool_name IS NULL AND t.tool IS NULL) AND %4$s
                  AND f.fingerprint::pg_catalog.text OPERATOR(pg_catalog.<>) ALL ($6)
                RETURNING 1)
            SELECT pg_catalog.count(*)::pg_catalog.int4 FROM closed$sql$,
            rows_of, coalesce((
                SELECT string_agg(format(', %I = %s', v.name, v.value), '')
                FROM (VALUES ('fixed_at', 'pg_catalog.now()'), ('resolved_at', 'pg_catalog.now()'),
                             ('fixed_scan_id', ids ->> 'fixed_scan_id'), ('updated_at', 'pg_catalog.now()')) v (name, value)
                WHERE v.name = ANY (writable)), ''), scope,
            CASE WHEN has.category
                 THEN '(f.automation_category::pg_catalog.text OPERATOR(pg_catalog.=) t.category
                        OR f.automation_category IS NULL AND t.category IS NULL)'
                 -- A table that cannot tell the analyses of a tool apart must not close one's findings after another's scan.
                 ELSE 't.category IS NULL' END,
            constants, ids ->> 'organization_id', ids ->> 'repository_id', ids ->> 'last_seen_scan_id'));
END
$function$;
COMMENT ON FUNCTION ingest_plan(regclass, uuid, uuid, uuid, text, text, text, jsonb, boolean, boolean, boolean, text) IS
    'The statements that an ingest into a table runs, as an object of texts: a look behind the scenes. Example: SELECT ingest_plan(''findings'', gen_random_uuid(), gen_random_uuid(), gen_random_uuid()) ->> ''store''';

-- Runs the statements that ingest_plan has written, and counts.
--
-- ingest_store has no search_path of its own, since the table's triggers run inside of it and may need the caller's: so it, and
-- the statements it runs, qualify every name and operator.

CREATE TYPE ingest_result AS (
    total integer,
    inserted integer,
    updated integer,
    unchanged integer,
    reopened integer,
    fixed integer,
    duplicates integer,
    skipped integer,
    errors jsonb,
    duration_ms double precision
);
COMMENT ON TYPE ingest_result IS
    'What an ingest did. inserted + updated + unchanged + duplicates + skipped + the length of errors = total';
COMMENT ON COLUMN ingest_result.total IS 'Results of the log, or elements of the array';
COMMENT ON COLUMN ingest_result.inserted IS 'New rows';
COMMENT ON COLUMN ingest_result.updated IS 'Rows that were there and now tell of this scan; reopened ones among them';
COMMENT ON COLUMN ingest_result.unchanged IS 'Rows that told of this scan already, and were not touched';
COMMENT ON COLUMN ingest_result.reopened IS 'Rows that were fixed and are open again';
COMMENT ON COLUMN ingest_result.fixed IS 'Open rows that the scan did not find any more';
COMMENT ON COLUMN ingest_result.duplicates IS 'Results equal to an earlier one of the log';
COMMENT ON COLUMN ingest_result.skipped IS 'Results that the options leave out';
COMMENT ON COLUMN ingest_result.errors IS
    'Results that could not be stored: an array of {run_index, result_index, sqlstate, reason}';
COMMENT ON COLUMN ingest_result.duration_ms IS 'How long it took';

-- What ingest_sarif and ingest_findings say first and last, so that they are counted, errors included, and logged.
CREATE FUNCTION ingest_began(function text) RETURNS void
    VOLATILE LANGUAGE c AS 'MODULE_PATHNAME', 'ingest_began_wrapper';
COMMENT ON FUNCTION ingest_began(text) IS
    'Begins to count a call of the function for reviewpro_stats: a step of ingest_sarif and ingest_findings. Example: SELECT ingest_began(''ingest_sarif'')';

CREATE FUNCTION ingest_ended(
    result ingest_result, organization_id uuid DEFAULT NULL, repository_id uuid DEFAULT NULL, scan_id uuid DEFAULT NULL
) RETURNS ingest_result
    VOLATILE LANGUAGE c AS 'MODULE_PATHNAME', 'ingest_ended_wrapper';
COMMENT ON FUNCTION ingest_ended(ingest_result, uuid, uuid, uuid) IS
    'Ends what ingest_began has begun, writes the line for reviewpro.log_ingest, and gives the result back: a step of ingest_sarif and ingest_findings. Example: SELECT ingest_ended(ROW(0, 0, 0, 0, 0, 0, 0, 0, ''[]'', 0)::ingest_result)';

CREATE FUNCTION ingest_store(
    plan jsonb,
    document anyelement,
    organization_id uuid,
    repository_id uuid,
    scan_id uuid,
    extra jsonb DEFAULT NULL,
    mode text DEFAULT 'spec',
    source_root text DEFAULT NULL,
    uri_bases jsonb DEFAULT NULL,
    kinds text[] DEFAULT '{fail,open,review}',
    suppressed text DEFAULT 'include',
    fingerprint text DEFAULT NULL,
    fingerprint_keys text[] DEFAULT NULL,
    close boolean DEFAULT true,
    strict boolean DEFAULT false,
    notify text DEFAULT NULL
) RETURNS ingest_result
    -- The planner takes the reading of a log for so much work that it would compile the statement.
    VOLATILE LANGUAGE plpgsql SET jit = off AS $function$
DECLARE
    started CONSTANT pg_catalog.timestamptz := pg_catalog.clock_timestamp();
    memory CONSTANT pg_catalog.text := pg_catalog.current_setting('work_mem');
    summary record;
    step record;
    inserted pg_catalog.int4 := 0;
    updated pg_catalog.int4 := 0;
    reopened pg_catalog.int4 := 0;
    fixed pg_catalog.int4 := 0;
    errors pg_catalog.jsonb := '[]';
    lost pg_catalog.jsonb;
    total pg_catalog.int4;
    duplicates pg_catalog.int4;
    skipped pg_catalog.int4;
    unchanged pg_catalog.int4;
    seen pg_catalog.text[];
    tools pg_catalog.jsonb;
    state pg_catalog.text;
    reason pg_catalog.text;
BEGIN
    IF document IS NULL THEN
        RAISE EXCEPTION 'the document must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    -- The rows pass through several steps, each of which would write those of a log of a few megabytes to a file.
    PERFORM pg_catalog.set_config('work_mem', '64MB', true)
    WHERE pg_catalog.pg_size_bytes(memory) OPERATOR(pg_catalog.<) 67108864;
    PERFORM pg_catalog.pg_advisory_xact_lock(
        pg_catalog.hashtextextended(pg_catalog.jsonb_extract_path_text(plan, 'lock'), 0));
    BEGIN
        EXECUTE pg_catalog.jsonb_extract_path_text(plan, 'store') INTO STRICT summary
            USING document, organization_id, repository_id, scan_id, extra, mode, source_root, uri_bases, kinds, suppressed,
                  fingerprint, fingerprint_keys;
        inserted := summary.inserted;
        updated := summary.updated;
        reopened := summary.reopened;
        errors := summary.errors;
        lost := summary.lost;
        total := summary.total;
        duplicates := summary.duplicates;
        skipped := summary.skipped;
        seen := summary.seen;
        tools := summary.tools;
    EXCEPTION WHEN data_exception OR integrity_constraint_violation OR with_check_option_violation OR raise_exception THEN
        -- A row that the table refuses, for a reason of its own: row by row, then. What all rows share is no row's fault.
        IF strict OR SQLSTATE OPERATOR(pg_catalog.=) '23503' THEN
            RAISE;
        END IF;
    END;
    IF total IS NULL THEN
        lost := '[]';
        FOR step IN EXECUTE pg_catalog.jsonb_extract_path_text(plan, 'rows')
            USING document, organization_id, repository_id, scan_id, extra, mode, source_root, uri_bases, kinds, suppressed,
                  fingerprint, fingerprint_keys
        LOOP
            IF step.finding IS NULL THEN
                SELECT * INTO STRICT summary FROM pg_catalog.jsonb_to_record(step.summary) AS s (
                    total pg_catalog.int4, duplicates pg_catalog.int4, skipped pg_catalog.int4, errors pg_catalog.jsonb,
                    seen pg_catalog.text[], tools pg_catalog.jsonb);
                total := summary.total;
                duplicates := summary.duplicates;
                skipped := summary.skipped;
                errors := summary.errors OPERATOR(pg_catalog.||) errors;
                seen := summary.seen;
                tools := summary.tools;
                CONTINUE;
            END IF;
            state := NULL;
            BEGIN
                EXECUTE pg_catalog.jsonb_extract_path_text(plan, 'row') INTO summary
                    USING step.finding, organization_id, repository_id, scan_id;
                IF summary.is_new THEN
                    inserted := inserted OPERATOR(pg_catalog.+) 1;
                ELSIF NOT summary.is_new THEN
                    updated := updated OPERATOR(pg_catalog.+) 1;
                ELSE
                    lost := lost OPERATOR(pg_catalog.||) pg_catalog.jsonb_build_object(
                        'run_index', step.run, 'result_index', step.result, 'is_new', step.is_new,
                        'fingerprint', pg_catalog.jsonb_extract_path_text(step.finding, 'fingerprint'));
                END IF;
                IF summary.is_reopened THEN
                    reopened := reopened OPERATOR(pg_catalog.+) 1;
                END IF;
            EXCEPTION WHEN data_exception OR integrity_constraint_violation OR with_check_option_violation OR raise_exception THEN
                IF SQLSTATE OPERATOR(pg_catalog.=) '23503' THEN
                    RAISE;
                END IF;
                state := SQLSTATE;
                reason := SQLERRM;
            END;
            IF state IS NOT NULL THEN
                errors := errors OPERATOR(pg_catalog.||) pg_catalog.jsonb_build_object(
                    'run_index', step.run, 'result_index', step.result, 'sqlstate', state, 'reason', reason);
            END IF;
        END LOOP;
    END IF;
    IF pg_catalog.jsonb_array_length(lost) OPERATOR(pg_catalog.>) 0 THEN
        EXECUTE pg_catalog.jsonb_extract_path_text(plan, 'refused') INTO STRICT lost
            USING lost, organization_id, repository_id, scan_id, extra;
        errors := errors OPERATOR(pg_catalog.||) lost;
    END IF;
    IF strict AND pg_catalog.jsonb_array_length(errors) OPERATOR(pg_catalog.>) 0 THEN
        RAISE EXCEPTION 'a result cannot be stored: %', pg_catalog.jsonb_extract_path_text(errors, '0', 'reason')
            USING ERRCODE = pg_catalog.jsonb_extract_path_text(errors, '0', 'sqlstate'),
                  DETAIL = pg_catalog.format('Run %s, result %s; %s of %s results cannot be stored.',
                      pg_catalog.jsonb_extract_path_text(errors, '0', 'run_index'),
                      pg_catalog.jsonb_extract_path_text(errors, '0', 'result_index'),
                      pg_catalog.jsonb_array_length(errors), total),
                  HINT = 'Without strict the others are stored, and the errors returned.';
    END IF;
    IF close AND tools IS NOT NULL THEN
        EXECUTE pg_catalog.jsonb_extract_path_text(plan, 'close') INTO STRICT fixed
            USING tools, organization_id, repository_id, scan_id, extra, seen;
    END IF;
    PERFORM pg_catalog.set_config('work_mem', memory, true);
    unchanged := total OPERATOR(pg_catalog.-) inserted OPERATOR(pg_catalog.-) updated OPERATOR(pg_catalog.-) duplicates
        OPERATOR(pg_catalog.-) skipped OPERATOR(pg_catalog.-) pg_catalog.jsonb_array_length(errors);
    IF notify IS NOT NULL THEN
        PERFORM pg_catalog.pg_notify(notify, pg_catalog.jsonb_build_object(
            'organization_id', organization_id, 'repository_id', repository_id, 'scan_id', scan_id, 'total', total,
            'inserted', inserted, 'updated', updated, 'unchanged', unchanged, 'reopened', reopened, 'fixed', fixed,
            'duplicates', duplicates, 'skipped', skipped,
            'errors', pg_catalog.jsonb_array_length(errors))::pg_catalog.text);
    END IF;
    RETURN ROW(total, inserted, updated, unchanged, reopened, fixed, duplicates, skipped, errors,
               (EXTRACT(epoch FROM pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) started)
                OPERATOR(pg_catalog.*) 1000)::pg_catalog.float8);
END
$function$;
COMMENT ON FUNCTION ingest_store(jsonb, anyelement, uuid, uuid, uuid, jsonb, text, text, jsonb, text[], text, text, text[], boolean, boolean, text) IS
    'Runs the statements of ingest_plan: a step of ingest_sarif and ingest_findings. Example: SELECT ingest_store(ingest_plan(''findings'', o, r, s), ''{"version":"2.1.0","runs":[]}''::text, o, r, s) FROM gen_random_uuid() o, gen_random_uuid() r, gen_random_uuid() s';

-- Findings into tables: the functions that people call. They are made of steps:
--
--   ingest_results, ingest_objects   ingest_source.sql   what becomes of every result: one row each
--   ingest_plan                      ingest_plan.sql     looks at the target table and writes the statements for it
--   ingest_store                     ingest_store.sql    runs them
--
-- Everything runs with the caller's rights.

CREATE FUNCTION ingest_sarif(
    sarif text,
    organization_id uuid,
    repository_id uuid,
    scan_id uuid,
    findings regclass DEFAULT NULL,
    mode text DEFAULT 'spec',
    source_root text DEFAULT NULL,
    uri_bases jsonb DEFAULT NULL,
    kinds text[] DEFAULT '{fail,open,review}',
    suppressed text DEFAULT 'include',
    suppressed_status text DEFAULT 'accepted_risk',
    fingerprint text DEFAULT NULL,
    fingerprint_keys text[] DEFAULT NULL,
    extra jsonb DEFAULT NULL,
    raw boolean DEFAULT NULL,
    close boolean DEFAULT true,
    touch boolean DEFAULT true,
    strict boolean DEFAULT false,
    notify text DEFAULT NULL
) RETURNS ingest_result
    VOLATILE LANGUAGE sql
BEGIN ATOMIC
    SELECT ingest_began('ingest_sarif');
    SELECT ingest_ended(ingest_store(
        -- Looked up here, on the caller's search_path.
        ingest_plan(coalesce(findings, to_regclass('findings')), organization_id, repository_id, scan_id, 'ingest_results',
                    mode, fingerprint, extra, raw, touch, close, suppressed_status),
        sarif, organization_id, repository_id, scan_id, extra, mode, source_root, uri_bases, kinds, suppressed, fingerprint,
        fingerprint_keys, close, strict, notify), organization_id, repository_id, scan_id);
END;
COMMENT ON FUNCTION ingest_sarif(text, uuid, uuid, uuid, regclass, text, text, jsonb, text[], text, text, text, text[], jsonb, boolean, boolean, boolean, boolean, text) IS
    'Stores the findings of a scan''s SARIF log: new ones are inserted, known ones brought up to date, fixed ones that are back opened again, open ones that a complete run does not find any more marked as fixed. Example: SELECT * FROM ingest_sarif(''{"version":"2.1.0","runs":[]}''::text, gen_random_uuid(), gen_random_uuid(), gen_random_uuid())';

CREATE FUNCTION ingest_sarif(
    sarif json,
    organization_id uuid,
    repository_id uuid,
    scan_id uuid,
    findings regclass DEFAULT NULL,
    mode text DEFAULT 'spec',
    source_root text DEFAULT NULL,
    uri_bases jsonb DEFAULT NULL,
    kinds text[] DEFAULT '{fail,open,review}',
    suppressed text DEFAULT 'include',
    suppressed_status text DEFAULT 'accepted_risk',
    fingerprint text DEFAULT NULL,
    fingerprint_keys text[] DEFAULT NULL,
    extra jsonb DEFAULT NULL,
    raw boolean DEFAULT NULL,
    close boolean DEFAULT true,
    touch boolean DEFAULT true,
    strict boolean DEFAULT false,
    notify text DEFAULT NULL
) RETURNS ingest_result
    VOLATILE LANGUAGE sql
BEGIN ATOMIC
    SELECT ingest_began('ingest_sarif');
    SELECT ingest_ended(ingest_store(
        -- Looked up here, on the caller's search_path.
        ingest_plan(coalesce(findings, to_regclass('findings')), organization_id, repository_id, scan_id, 'ingest_results',
                    mode, fingerprint, extra, raw, touch, close, suppressed_status),
        sarif, organization_id, repository_id, scan_id, extra, mode, source_root, uri_bases, kinds, suppressed, fingerprint,
        fingerprint_keys, close, strict, notify), organization_id, repository_id, scan_id);
END;
COMMENT ON FUNCTION ingest_sarif(json, uuid, uuid, uuid, regclass, text, text, jsonb, text[], text, text, text, text[], jsonb, boolean, boolean, boolean, boolean, text) IS
    'Stores the findings of a scan''s SARIF log: new ones are inserted, known ones brought up to date, fixed ones that are back opened again, open ones that a complete run does not find any more marked as fixed. Example: SELECT * FROM ingest_sarif(''{"version":"2.1.0","runs":[]}''::json, gen_random_uuid(), gen_random_uuid(), gen_random_uuid())';

CREATE FUNCTION ingest_sarif(
    sarif jsonb,
    organization_id uuid,
    repository_id uuid,
    scan_id uuid,
    findings regclass DEFAULT NULL,
    mode text DEFAULT 'spec',
    source_root text DEFAULT NULL,
    uri_bases jsonb DEFAULT NULL,
    kinds text[] DEFAULT '{fail,open,review}',
    suppressed text DEFAULT 'include',
    suppressed_status text DEFAULT 'accepted_risk',
    fingerprint text DEFAULT NULL,
    fingerprint_keys text[] DEFAULT NULL,
    extra jsonb DEFAULT NULL,
    raw boolean DEFAULT NULL,
    close boolean DEFAULT true,
    touch boolean DEFAULT true,
    strict boolean DEFAULT false,
    notify text DEFAULT NULL
) RETURNS ingest_result
    VOLATILE LANGUAGE sql
BEGIN ATOMIC
    SELECT ingest_began('ingest_sarif');
    SELECT ingest_ended(ingest_store(
        -- Looked up here, on the caller's search_path.
        ingest_plan(coalesce(findings, to_regclass('findings')), organization_id, repository_id, scan_id, 'ingest_results',
                    mode, fingerprint, extra, raw, touch, close, suppressed_status),
        sarif, organization_id, repository_id, scan_id, extra, mode, source_root, uri_bases, kinds, suppressed, fingerprint,
        fingerprint_keys, close, strict, notify), organization_id, repository_id, scan_id);
END;
COMMENT ON FUNCTION ingest_sarif(jsonb, uuid, uuid, uuid, regclass, text, text, jsonb, text[], text, text, text, text[], jsonb, boolean, boolean, boolean, boolean, text) IS
    'Stores the findings of a scan''s SARIF log: new ones are inserted, known ones brought up to date, fixed ones that are back opened again, open ones that a complete run does not find any more marked as fixed. Example: SELECT * FROM ingest_sarif(''{"version":"2.1.0","runs":[]}''::jsonb, gen_random_uuid(), gen_random_uuid(), gen_random_uuid())';

CREATE FUNCTION ingest_sarif(
    sarif bytea,
    organization_id uuid,
    repository_id uuid,
    scan_id uuid,
    findings regclass DEFAULT NULL,
    mode text DEFAULT 'spec',
    source_root text DEFAULT NULL,
    uri_bases jsonb DEFAULT NULL,
    kinds text[] DEFAULT '{fail,open,review}',
    suppressed text DEFAULT 'include',
    suppressed_status text DEFAULT 'accepted_risk',
    fingerprint text DEFAULT NULL,
    fingerprint_keys text[] DEFAULT NULL,
    extra jsonb DEFAULT NULL,
    raw boolean DEFAULT NULL,
    close boolean DEFAULT true,
    touch boolean DEFAULT true,
    strict boolean DEFAULT false,
    notify text DEFAULT NULL
) RETURNS ingest_result
    VOLATILE LANGUAGE sql
BEGIN ATOMIC
    SELECT ingest_began('ingest_sarif');
    SELECT ingest_ended(ingest_store(
        -- Looked up here, on the caller's search_path.
        ingest_plan(coalesce(findings, to_regclass('findings')), organization_id, repository_id, scan_id, 'ingest_results',
                    mode, fingerprint, extra, raw, touch, close, suppressed_status),
        sarif, organization_id, repository_id, scan_id, extra, mode, source_root, uri_bases, kinds, suppressed, fingerprint,
        fingerprint_keys, close, strict, notify), organization_id, repository_id, scan_id);
END;
COMMENT ON FUNCTION ingest_sarif(bytea, uuid, uuid, uuid, regclass, text, text, jsonb, text[], text, text, text, text[], jsonb, boolean, boolean, boolean, boolean, text) IS
    'Stores the findings of a scan''s SARIF log: new ones are inserted, known ones brought up to date, fixed ones that are back opened again, open ones that a complete run does not find any more marked as fixed. Example: SELECT * FROM ingest_sarif(convert_to(''{"version":"2.1.0","runs":[]}'', ''UTF8''), gen_random_uuid(), gen_random_uuid(), gen_random_uuid())';

CREATE FUNCTION ingest_findings(
    findings jsonb,
    organization_id uuid,
    repository_id uuid,
    scan_id uuid,
    findings_table regclass DEFAULT NULL,
    fingerprint text DEFAULT 'content',
    suppressed_status text DEFAULT 'accepted_risk',
    extra jsonb DEFAULT NULL,
    raw boolean DEFAULT NULL,
    close boolean DEFAULT false,
    touch boolean DEFAULT true,
    strict boolean DEFAULT false,
    notify text DEFAULT NULL
) RETURNS ingest_result
    VOLATILE LANGUAGE sql
BEGIN ATOMIC
    SELECT ingest_began('ingest_findings');
    SELECT ingest_ended(ingest_store(
        ingest_plan(coalesce(findings_table, to_regclass('findings')), organization_id, repository_id, scan_id,
                    'ingest_objects', NULL, fingerprint, extra, raw, touch, close, suppressed_status),
        findings, organization_id, repository_id, scan_id, extra, NULL, NULL, NULL, NULL, NULL, fingerprint, NULL, close, strict,
        notify), organization_id, repository_id, scan_id);
END;
COMMENT ON FUNCTION ingest_findings(jsonb, uuid, uuid, uuid, regclass, text, text, jsonb, boolean, boolean, boolean, boolean, text) IS
    'Stores an array of findings ({rule_id, severity, file_path, line, column, message, code_snippet, cwe, ...}) by the rules of ingest_sarif; elements that are no findings are reported, the others stored. Example: SELECT * FROM ingest_findings(''[{"rule_id": "B101", "file_path": "a.py", "line": 1, "message": "m"}]'', gen_random_uuid(), gen_random_uuid(), gen_random_uuid())';

CREATE FUNCTION scan_changes(
    scan_id uuid,
    previous_scan_id uuid DEFAULT NULL,
    findings regclass DEFAULT to_regclass('findings'),
    branch_id uuid DEFAULT NULL,
    OUT change text,
    OUT fingerprint text,
    OUT rule_id text,
    OUT severity text,
    OUT status text,
    OUT file_path text,
    OUT start_line integer,
    OUT message text
) RETURNS SETOF record
    -- No search_path of its own, since policies of the table run inside of it and may need the caller's: every name is qualified.
    STABLE LANGUAGE plpgsql AS $function$
DECLARE
    own pg_catalog.text;
    target pg_catalog.text;
    -- What the table has, as an expression over its row f; NULL where it lacks the column.
    has pg_catalog.jsonb;
    missing pg_catalog.text;
BEGIN
    IF findings IS NULL THEN
        RAISE EXCEPTION 'relation "findings" does not exist' USING ERRCODE = 'undefined_table',
            HINT = 'Name your table in the argument findings.';
    END IF;
    IF scan_changes.scan_id IS NULL THEN
        RAISE EXCEPTION 'scan_id must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT pg_catalog.format('%I', n.nspname) INTO STRICT own
    FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) e.extnamespace
    WHERE e.extname OPERATOR(pg_catalog.=) 'reviewpro_pg';
    SELECT pg_catalog.format(CASE WHEN c.relkind OPERATOR(pg_catalog.=) 'r' AND c.relhassubclass THEN 'ONLY %I.%I' ELSE '%I.%I' END,
                             n.nspname, c.relname)
    INTO target
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
    WHERE c.oid OPERATOR(pg_catalog.=) findings;
    IF target IS NULL THEN
        RAISE EXCEPTION 'relation with OID % does not exist', findings::pg_catalog.oid USING ERRCODE = 'undefined_table';
    END IF;
    EXECUTE pg_catalog.format($sql$
        SELECT pg_catalog.jsonb_object_agg(c.name, CASE
            -- Ids need not be of type uuid: what is compared with them is of their type.
            WHEN c.name OPERATOR(pg_catalog.~) '_id$' AND c.name OPERATOR(pg_catalog.<>) 'rule_id'
            THEN CASE WHEN c.base_type OPERATOR(pg_catalog.=) 'pg_catalog.uuid' THEN ''
                      ELSE '::pg_catalog.text::' OPERATOR(pg_catalog.||) c.base_type END
            WHEN c.name OPERATOR(pg_catalog.=) 'start_line' AND c.base_type OPERATOR(pg_catalog.<>) 'pg_catalog.int4'
            THEN 'CASE WHEN pg_catalog.pg_input_is_valid(f.start_line::pg_catalog.text, ''pg_catalog.int4'')
                       THEN f.start_line::pg_catalog.text::pg_catalog.int4 END'
            ELSE pg_catalog.format('f.%%I::pg_catalog.%%s', c.name,
                                   CASE WHEN c.name OPERATOR(pg_catalog.=) 'start_line' THEN 'int4' ELSE 'text' END)
        END)
        FROM %s.ingest_columns($1) c
        WHERE c.name OPERATOR(pg_catalog.=) ANY ('{first_seen_scan_id,last_seen_scan_id,reopened_scan_id,fixed_scan_id,branch_id,
            fingerprint,status,rule_id,severity,file_path,start_line,message}'::pg_catalog.text[])$sql$, own) INTO has USING findings;
    SELECT n INTO missing
    FROM pg_catalog.unnest('{first_seen_scan_id,last_seen_scan_id,fingerprint,status}'::pg_catalog.text[]
        OPERATOR(pg_catalog.||) CASE WHEN branch_id IS NULL THEN '{}' ELSE '{branch_id}' END::pg_catalog.text[]) n
    WHERE (has OPERATOR(pg_catalog.?) n) IS NOT TRUE LIMIT 1;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'column "%" of relation "%" does not exist', missing, findings USING ERRCODE = 'undefined_column';
    END IF;
    RETURN QUERY EXECUTE pg_catalog.format($sql$
        SELECT CASE WHEN f.status::pg_catalog.text OPERATOR(pg_catalog.=) 'fixed' AND %2$s THEN 'fixed'::pg_catalog.text
                    WHEN f.first_seen_scan_id OPERATOR(pg_catalog.=) $1%3$s THEN 'new'
                    WHEN %4$s THEN 'reopened'
                    ELSE 'unchanged' END,
               f.fingerprint::pg_catalog.text, %5$s, %6$s, f.status::pg_catalog.text, %7$s, %8$s, %9$s
        FROM %1$s f
        WHERE (f.last_seen_scan_id OPERATOR(pg_catalog.=) $1%10$s
               OR f.status::pg_catalog.text OPERATOR(pg_catalog.=) 'fixed' AND %2$s) %11$s
        ORDER BY 6, 7, 2$sql$,
        target,
        CASE WHEN has OPERATOR(pg_catalog.?) 'fixed_scan_id'
             THEN pg_catalog.format('f.fixed_scan_id OPERATOR(pg_catalog.=) $1%s', has OPERATOR(pg_catalog.->>) 'fixed_scan_id')
             ELSE pg_catalog.format('(f.last_seen_scan_id OPERATOR(pg_catalog.=) $2%s AND $2 OPERATOR(pg_catalog.<>) $1)',
                                    has OPERATOR(pg_catalog.->>) 'last_seen_scan_id') END,
        has OPERATOR(pg_catalog.->>) 'first_seen_scan_id',
        CASE WHEN has OPERATOR(pg_catalog.?) 'reopened_scan_id'
             THEN pg_catalog.format('f.reopened_scan_id OPERATOR(pg_catalog.=) $1%s', has OPERATOR(pg_catalog.->>) 'reopened_scan_id')
             ELSE 'false' END,
        coalesce(has OPERATOR(pg_catalog.->>) 'rule_id', 'NULL::pg_catalog.text'),
        coalesce(has OPERATOR(pg_catalog.->>) 'severity', 'NULL::pg_catalog.text'),
        coalesce(has OPERATOR(pg_catalog.->>) 'file_path', 'NULL::pg_catalog.text'),
        coalesce(has OPERATOR(pg_catalog.->>) 'start_line', 'NULL::pg_catalog.int4'),
        coalesce(has OPERATOR(pg_catalog.->>) 'message', 'NULL::pg_catalog.text'),
        has OPERATOR(pg_catalog.->>) 'last_seen_scan_id',
        CASE WHEN branch_id IS NOT NULL
             THEN pg_catalog.format('AND f.branch_id OPERATOR(pg_catalog.=) $3%s', has OPERATOR(pg_catalog.->>) 'branch_id') END)
    USING scan_changes.scan_id, previous_scan_id, branch_id;
END
$function$;
COMMENT ON FUNCTION scan_changes(uuid, uuid, regclass, uuid) IS
    'What the latest scan of a repository changed against the one before: new, fixed, reopened and unchanged findings. A table without the column fixed_scan_id needs previous_scan_id to tell what was fixed, one without reopened_scan_id counts reopened findings as unchanged. Example: SELECT change, count(*) FROM scan_changes(gen_random_uuid(), findings => ''findings'') GROUP BY 1';

-- Two logs, whatever scans there were between them and after them.

CREATE FUNCTION changes_between(
    before ingest_row[],
    after ingest_row[],
    known text[] DEFAULT NULL,
    OUT change text,
    OUT fingerprint text,
    OUT rule_id text,
    OUT severity text,
    OUT tool_name text,
    OUT file_path text,
    OUT start_line integer,
    OUT previous_line integer,
    OUT message text
) RETURNS SETOF record
    IMMUTABLE PARALLEL SAFE COST 100000 ROWS 1000 LANGUAGE sql
BEGIN ATOMIC
    WITH earlier AS (
        -- A fingerprint that is both found and left out counts as found.
        SELECT DISTINCT ON (r.fingerprint) r.* FROM unnest(before) r
        WHERE r.outcome IN ('finding', 'filtered') AND r.fingerprint IS NOT NULL
        ORDER BY r.fingerprint, r.outcome = 'filtered', r.run_index, r.result_index
    ), later AS (
        SELECT DISTINCT ON (r.fingerprint) r.* FROM unnest(after) r
        WHERE r.outcome IN ('finding', 'filtered') AND r.fingerprint IS NOT NULL
        ORDER BY r.fingerprint, r.outcome = 'filtered', r.run_index, r.result_index
    ), complete AS (
        -- Names of tools are one in any case, as they are in fingerprints.
        SELECT lower(r.tool_name COLLATE "C") AS tool_name, r.automation_category FROM unnest(after) r
        WHERE r.outcome = 'run' GROUP BY 1, 2 HAVING bool_and(r.complete)
    )
    SELECT CASE WHEN l.outcome = 'filtered' THEN 'filtered'
                WHEN l.outcome = 'finding' AND e.outcome IS NOT NULL THEN 'unchanged'
                WHEN l.outcome = 'finding' AND l.fingerprint IN (SELECT unnest(known)) THEN 'reopened'
                WHEN l.outcome = 'finding' THEN 'new'
                WHEN EXISTS (SELECT FROM complete c WHERE c.tool_name IS NOT DISTINCT FROM lower(e.tool_name COLLATE "C")
                             AND c.automation_category IS NOT DISTINCT FROM e.automation_category) THEN 'fixed'
                ELSE 'not_scanned' END,
           coalesce(l.fingerprint, e.fingerprint), coalesce(l.rule_id, e.rule_id), coalesce(l.severity, e.severity),
           coalesce(l.tool_name, e.tool_name), coalesce(l.file_path, e.file_path),
           CASE WHEN l.outcome IS NULL THEN e.start_line ELSE l.start_line END, e.start_line, coalesce(l.message, e.message)
    FROM earlier e FULL JOIN later l ON l.fingerprint = e.fingerprint
    WHERE 'finding' IN (e.outcome, l.outcome)
    ORDER BY 6, 7, 2;
END;
COMMENT ON FUNCTION changes_between(ingest_row[], ingest_row[], text[]) IS
    'Compares the rows of ingest_results of two logs: what sarif_changes does. Example: SELECT change, count(*) FROM changes_between(ARRAY(SELECT r FROM ingest_results(''{"version":"2.1.0","runs":[]}''::text) r), ''{}'') GROUP BY 1';

CREATE FUNCTION sarif_changes(
    before text,
    after text,
    known text[] DEFAULT NULL,
    mode text DEFAULT 'spec',
    source_root text DEFAULT NULL,
    uri_bases jsonb DEFAULT NULL,
    kinds text[] DEFAULT '{fail,open,review}',
    suppressed text DEFAULT 'include',
    fingerprint text DEFAULT NULL,
    fingerprint_keys text[] DEFAULT NULL,
    organization_id uuid DEFAULT NULL,
    OUT change text,
    OUT fingerprint text,
    OUT rule_id text,
    OUT severity text,
    OUT tool_name text,
    OUT file_path text,
    OUT start_line integer,
    OUT previous_line integer,
    OUT message text
) RETURNS SETOF record
    IMMUTABLE PARALLEL SAFE COST 2000000 ROWS 5000 LANGUAGE sql
BEGIN ATOMIC
    SELECT c.* FROM changes_between(
        ARRAY(SELECT r FROM ingest_results(before, mode, source_root, uri_bases, kinds, suppressed, fingerprint => fingerprint,
                                           fingerprint_keys => fingerprint_keys, organization_id => organization_id, raw => false) r),
        ARRAY(SELECT r FROM ingest_results(after, mode, source_root, uri_bases, kinds, suppressed, fingerprint => fingerprint,
                                           fingerprint_keys => fingerprint_keys, organization_id => organization_id, raw => false) r),
        known) c;
END;
COMMENT ON FUNCTION sarif_changes(text, text, text[], text, text, jsonb, text[], text, text, text[], uuid) IS
    'What changed from one SARIF log to another, of any two scans: new, fixed, unchanged findings; reopened where `known` has the fingerprint, not_scanned where no complete run of the tool looked again, filtered where the options leave it out. Example: SELECT change, count(*) FROM sarif_changes(''{"version":"2.1.0","runs":[]}''::text, ''{"version":"2.1.0","runs":[]}''::text) GROUP BY 1';

CREATE FUNCTION sarif_changes(
    before json,
    after json,
    known text[] DEFAULT NULL,
    mode text DEFAULT 'spec',
    source_root text DEFAULT NULL,
    uri_bases jsonb DEFAULT NULL,
    kinds text[] DEFAULT '{fail,open,review}',
    suppressed text DEFAULT 'include',
    fingerprint text DEFAULT NULL,
    fingerprint_keys text[] DEFAULT NULL,
    organization_id uuid DEFAULT NULL,
    OUT change text,
    OUT fingerprint text,
    OUT rule_id text,
    OUT severity text,
    OUT tool_name text,
    OUT file_path text,
    OUT start_line integer,
    OUT previous_line integer,
    OUT message text
) RETURNS SETOF record
    IMMUTABLE PARALLEL SAFE COST 2000000 ROWS 5000 LANGUAGE sql
BEGIN ATOMIC
    SELECT c.* FROM changes_between(
        ARRAY(SELECT r FROM ingest_results(before, mode, source_root, uri_bases, kinds, suppressed, fingerprint => fingerprint,
                                           fingerprint_keys => fingerprint_keys, organization_id => organization_id, raw => false) r),
        ARRAY(SELECT r FROM ingest_results(after, mode, source_root, uri_bases, kinds, suppressed, fingerprint => fingerprint,
                                           fingerprint_keys => fingerprint_keys, organization_id => organization_id, raw => false) r),
        known) c;
END;
COMMENT ON FUNCTION sarif_changes(json, json, text[], text, text, jsonb, text[], text, text, text[], uuid) IS
    'What changed from one SARIF log to another, of any two scans: new, fixed, unchanged findings; reopened where `known` has the fingerprint, not_scanned where no complete run of the tool looked again, filtered where the options leave it out. Example: SELECT change, count(*) FROM sarif_changes(''{"version":"2.1.0","runs":[]}''::json, ''{"version":"2.1.0","runs":[]}''::json) GROUP BY 1';

CREATE FUNCTION sarif_changes(
    before jsonb,
    after jsonb,
    known text[] DEFAULT NULL,
    mode text DEFAULT 'spec',
    source_root text DEFAULT NULL,
    uri_bases jsonb DEFAULT NULL,
    kinds text[] DEFAULT '{fail,open,review}',
    suppressed text DEFAULT 'include',
    fingerprint text DEFAULT NULL,
    fingerprint_keys text[] DEFAULT NULL,
    organization_id uuid DEFAULT NULL,
    OUT change text,
    OUT fingerprint text,
    OUT rule_id text,
    OUT severity text,
    OUT tool_name text,
    OUT file_path text,
    OUT start_line integer,
    OUT previous_line integer,
    OUT message text
) RETURNS SETOF record
    IMMUTABLE PARALLEL SAFE COST 2000000 ROWS 5000 LANGUAGE sql
BEGIN ATOMIC
    SELECT c.* FROM changes_between(
        ARRAY(SELECT r FROM ingest_results(before, mode, source_root, uri_bases, kinds, suppressed, fingerprint => fingerprint,
                                           fingerprint_keys => fingerprint_keys, organization_id => organization_id, raw => false) r),
        ARRAY(SELECT r FROM ingest_results(after, mode, source_root, uri_bases, kinds, suppressed, fingerprint => fingerprint,
                                           fingerprint_keys => fingerprint_keys, organization_id => organization_id, raw => false) r),
        known) c;
END;
COMMENT ON FUNCTION sarif_changes(jsonb, jsonb, text[], text, text, jsonb, text[], text, text, text[], uuid) IS
    'What changed from one SARIF log to another, of any two scans: new, fixed, unchanged findings; reopened where `known` has the fingerprint, not_scanned where no complete run of the tool looked again, filtered where the options leave it out. Example: SELECT change, count(*) FROM sarif_changes(''{"version":"2.1.0","runs":[]}''::jsonb, ''{"version":"2.1.0","runs":[]}''::jsonb) GROUP BY 1';

CREATE FUNCTION sarif_changes(
    before bytea,
    after bytea,
    known text[] DEFAULT NULL,
    mode text DEFAULT 'spec',
    source_root text DEFAULT NULL,
    uri_bases jsonb DEFAULT NULL,
    kinds text[] DEFAULT '{fail,open,review}',
    suppressed text DEFAULT 'include',
    fingerprint text DEFAULT NULL,
    fingerprint_keys text[] DEFAULT NULL,
    organization_id uuid DEFAULT NULL,
    OUT change text,
    OUT fingerprint text,
    OUT rule_id text,
    OUT severity text,
    OUT tool_name text,
    OUT file_path text,
    OUT start_line integer,
    OUT previous_line integer,
    OUT message text
) RETURNS SETOF record
    IMMUTABLE PARALLEL SAFE COST 2000000 ROWS 5000 LANGUAGE sql
BEGIN ATOMIC
    SELECT c.* FROM changes_between(
        ARRAY(SELECT r FROM ingest_results(before, mode, source_root, uri_bases, kinds, suppressed, fingerprint => fingerprint,
                                           fingerprint_keys => fingerprint_keys, organization_id => organization_id, raw => false) r),
        ARRAY(SELECT r FROM ingest_results(after, mode, source_root, uri_bases, kinds, suppressed, fingerprint => fingerprint,
                                           fingerprint_keys => fingerprint_keys, organization_id => organization_id, raw => false) r),
        known) c;
END;
COMMENT ON FUNCTION sarif_changes(bytea, bytea, text[], text, text, jsonb, text[], text, text, text[], uuid) IS
    'What changed from one SARIF log to another, of any two scans: new, fixed, unchanged findings; reopened where `known` has the fingerprint, not_scanned where no complete run of the tool looked again, filtered where the options leave it out. Example: SELECT change, count(*) FROM sarif_changes(convert_to(''{"version":"2.1.0","runs":[]}'', ''UTF8''), convert_to(''{"version":"2.1.0","runs":[]}'', ''UTF8'')) GROUP BY 1';

-- From the application's fingerprint, which has line numbers in it, to the content fingerprint, which survives moved lines.
-- Rows keep everything else: id, history, the status that a person gave.

-- Fingerprints are made of rule, file and code or message. A result may leave each to its run: the rule and the file to an index,
-- the message to an id, the place of the file to a base or to the run's roots, the code to the contents of the file.
CREATE FUNCTION result_needs_run(result jsonb, source_root text DEFAULT NULL, uri_bases jsonb DEFAULT NULL) RETURNS boolean
    IMMUTABLE PARALLEL SAFE COST 1000 LANGUAGE sql
BEGIN ATOMIC
    WITH physical AS (
        SELECT result #> '{locations,0,physicalLocation}' AS physical
    ), artifact AS (
        SELECT p.physical, CASE jsonb_typeof(p.physical) WHEN 'object' THEN p.physical -> 'artifactLocation'
                           ELSE result -> 'analysisTarget' END AS artifact
        FROM physical p
    ), part AS (
        SELECT coalesce(jsonb_path_exists(result, 'strict $ ? (@.ruleId.type() == "string" && @.ruleId != ""
                   || @.rule.id.type() == "string" && @.rule.id != "")', silent => true), false) AS has_rule,
               result ? 'ruleIndex' OR result ? 'rule' AS refers_to_rule,
               a.artifact ->> 'uri' AS uri, a.artifact ->> 'uriBaseId' AS base,
               coalesce(a.artifact ->> 'index', '-1') <> '-1' AS has_index,
               coalesce(jsonb_path_exists(result, 'strict $.partialFingerprints.keyvalue() ? (
                   @.key starts with "primaryLocationLineHash" && @.value like_regex "^[0-9a-f]{8,}(:[0-9]+)?$")', silent => true), false)
               OR coalesce(jsonb_path_exists(a.physical, 'strict $ ? (@.region.snippet.text.type() == "string"
                   || @.region.snippet.rendered.text.type() == "string" || @.contextRegion.snippet.text.type() == "string")',
                   silent => true), false) AS has_code,
               coalesce(jsonb_path_exists(result, 'strict $.message ? (@.type() == "string" && @ != ""
                   || @.text.type() == "string" && @.text != "")', silent => true), false)
               OR coalesce(jsonb_path_exists(result, 'strict $.message ? (@.markdown.type() == "string" && @.markdown != "")',
                   silent => true), false) AND coalesce(result #>> '{message,id}', '') = '' AS has_message,
               regexp_replace(a.artifact ->> 'uri', '^file:(//[^/]*)?', '') AS path,
               rtrim(regexp_replace(source_root, '^file:(//[^/]*)?', ''), '/') || '/' AS root
        FROM artifact a
    )
    SELECT jsonb_typeof(result) IS DISTINCT FROM 'object'
        OR NOT p.has_rule AND p.refers_to_rule
        OR NOT p.has_code AND (p.has_index OR NOT p.has_message)
        OR CASE WHEN coalesce(p.uri, '') = '' THEN p.has_index
                -- A file somewhere on the tool's machine: the run may say where the repository was.
                WHEN p.uri ~* '^(file:|/|[a-z]:[/\\])' THEN (starts_with(p.path, p.root) AND p.path <> p.root) IS NOT TRUE
                WHEN p.uri ~ '^[A-Za-z][A-Za-z0-9+.-]*:' THEN false
                WHEN p.base IS NULL THEN p.has_index
                ELSE p.base <> '%SRCROOT%' AND NOT coalesce(uri_bases ? p.base, false) END
    FROM part p;
END;
COMMENT ON FUNCTION result_needs_run(jsonb, text, jsonb) IS
    'Whether rule, file, code or message of a SARIF result are told by the rest of its log, so that its fingerprint cannot be had from the result alone; source_root and uri_bases as for sarif_findings. Example: SELECT result_needs_run(''{"ruleIndex": 3, "message": {"text": "m"}}'')';

-- The statements for one table: $1 a log, $2 organization_id, $3 repository_id, $4 source_root, $5 uri_bases.
--
-- migrate: Rows that still have the application's fingerprint are put together into logs again, one per tool, and read as new
-- scans are. Those that need their run are left as they are, and counted.
-- pair: Reads a log by both formulas, and so knows which row is which finding. It finds rows by what the application's
-- fingerprint is made of, so it also mends those that `migrate` has read in another way than the log.
--
-- Of rows that are one finding now, such as those of before and after a moved line, the one that a person judged gets the new
-- fingerprint, else the one seen last; the others stay as they are, and the next complete scan closes them.
CREATE FUNCTION migration_plan(findings regclass, organization_id uuid, repository_id uuid) RETURNS jsonb
    STABLE LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
    own text;
    plan jsonb;
    names text[];
    kind text;
    missing text;
    -- What the table has, as an expression over its row f; NULL of that type where it lacks the column.
    has jsonb;
    result text;
    is_judged CONSTANT text := $e$(f.status::pg_catalog.text OPERATOR(pg_catalog.<>) ALL ('{open,fixed}'::pg_catalog.text[]))$e$;
    old_fingerprint text;
    new_fingerprint text;
    of_repository text;
    done text;
BEGIN
    SELECT e.extnamespace::regnamespace::text INTO own FROM pg_extension e WHERE e.extname = 'reviewpro_pg';
    -- The table is one that ingest can use: the same checks, the same locks.
    EXECUTE format('SELECT %s.ingest_plan($1, $2, $3, $2, $4, $5, $4, NULL::jsonb, false, true, true, $4)', own) INTO plan
        USING findings, organization_id, repository_id, 'ingest_results'::text, 'spec'::text;
    EXECUTE format($sql$SELECT array_agg(c.name), max($kind$, fingerprint_kind = 'content-v1'$kind$)
                               FILTER (WHERE c.name = 'fingerprint_kind' AND c.is_writable)
                        FROM %s.ingest_columns($1) c$sql$, own) INTO names, kind USING findings;
    SELECT n INTO missing FROM unnest('{rule_id,file_path,start_line,start_column,message}'::text[]) n WHERE n <> ALL (names) LIMIT 1;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'column "%" of relation "%" does not exist', missing, findings USING ERRCODE = 'undefined_column',
            HINT = 'The application''s fingerprint is made of it.';
    END IF;
    SELECT jsonb_object_agg(c.name, format(CASE WHEN c.name = ANY (names) THEN 'f.%I::pg_catalog.%s' ELSE 'NULL::pg_catalog.%2$s' END,
                                           c.name, c.type))
    INTO has
    FROM (VALUES ('end_line', 'text'), ('end_column', 'text'), ('snippet', 'text'), ('last_seen_at', 'timestamptz'),
                 ('sarif_data', 'text'), ('fingerprint_kind', 'text')) c (name, type);
    -- Of json, or text, too; what is no JSON is as good as nothing.
    result := format('CASE WHEN pg_catalog.pg_input_is_valid(%1$s, ''pg_catalog.jsonb'') THEN (%1$s)::pg_catalog.jsonb END',
                     has ->> 'sarif_data');
    IF EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = findings AND a.attname = 'sarif_data' AND a.atttypid = 'jsonb'::regtype) THEN
        result := 'f.sarif_data';
    END IF;

    old_fingerprint := format(
        '%s.fingerprint($2, f.rule_id::pg_catalog.text, f.file_path::pg_catalog.text, f.start_line::pg_catalog.int8,
                 f.start_column::pg_catalog.int8, f.message::pg_catalog.text)', own);
    new_fingerprint := CASE WHEN (plan ->> 'is_scoped')::boolean
        THEN format('%s.repository_fingerprint($3, r.fingerprint)', own) ELSE 'r.fingerprint' END;
    of_repository := format('f.organization_id OPERATOR(pg_catalog.=) %s AND f.repository_id OPERATOR(pg_catalog.=) %s',
                            plan ->> 'organization', plan ->> 'repository');
    done := format($sql$done AS (
            UPDATE %1$s f SET fingerprint = c.new_fingerprint%2$s
            FROM chosen c
            WHERE %3$s AND f.fingerprint::pg_catalog.text OPERATOR(pg_catalog.=) c.old_fingerprint
              AND NOT EXISTS (SELECT FROM %1$s f WHERE %3$s
                              AND f.fingerprint::pg_catalog.text OPERATOR(pg_catalog.=) c.new_fingerprint)
            RETURNING 1
        )$sql$, plan ->> 'table', kind, of_repository);
    RETURN jsonb_build_object('lock', plan ->> 'lock', 'migrate', format($sql$
        WITH old AS MATERIALIZED (
            SELECT f.fingerprint::pg_catalog.text AS fingerprint, %3$s AS is_judged, f.tool_name::pg_catalog.text AS tool,
                   %4$s AS last_seen_at,
                   -- The latest scan tells what is in the code now, and counts occurrences as the next one will.
                   CASE WHEN f.status::pg_catalog.text OPERATOR(pg_catalog.=) 'fixed' THEN 2
                        WHEN %4$s OPERATOR(pg_catalog.<) pg_catalog.max(%4$s) OVER (PARTITION BY f.tool_name::pg_catalog.text)
                        THEN 1 ELSE 0 END AS part,
                   coalesce(%5$s, pg_catalog.jsonb_build_object(
                       'ruleId', f.rule_id, 'message', pg_catalog.jsonb_build_object('text', f.message),
                       'locations', pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object('physicalLocation',
                           pg_catalog.jsonb_build_object('artifactLocation', pg_catalog.jsonb_build_object('uri', f.file_path),
                               'region', pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
                                   'startLine', f.start_line, 'startColumn', f.start_column, 'endLine', %6$s::pg_catalog.int8,
                                   'endColumn', %7$s::pg_catalog.int8,
                                   'snippet', pg_catalog.jsonb_build_object('text', %8$s)))))))) AS result,
                   -- The application's word for what a result does not say.
                   %5$s IS NULL AND 'unknown'::pg_catalog.text OPERATOR(pg_catalog.=)
                       ANY (ARRAY[f.rule_id::pg_catalog.text, f.file_path::pg_catalog.text]) AS is_unknown
            FROM %1$s f
            WHERE %9$s AND f.fingerprint::pg_catalog.text OPERATOR(pg_catalog.=) %10$s
        ), readable AS MATERIALIZED (
            SELECT o.*, pg_catalog.row_number() OVER (PARTITION BY o.tool, o.part ORDER BY o.fingerprint)
                        OPERATOR(pg_catalog.-) 1 AS place
            FROM old o WHERE NOT o.is_unknown AND NOT %2$s.result_needs_run(o.result, $4, $5)
        ), logs AS (
            SELECT n.tool, n.part, pg_catalog.jsonb_build_object('version', '2.1.0', 'runs', pg_catalog.jsonb_build_array(
                       pg_catalog.jsonb_build_object(
                           'tool', pg_catalog.jsonb_build_object('driver', pg_catalog.jsonb_build_object('name', n.tool)),
                           'results', pg_catalog.jsonb_agg(n.result ORDER BY n.place)))) AS log
            FROM readable n GROUP BY 1, 2
        ), chosen AS (
            SELECT DISTINCT ON (r.fingerprint) n.fingerprint AS old_fingerprint, %11$s AS new_fingerprint
            FROM logs l
            CROSS JOIN LATERAL %2$s.sarif_findings(l.log, 'spec'::pg_catalog.text, $4, $5, NULL::pg_catalog.text[],
                'include'::pg_catalog.text, true, false, NULL::pg_catalog.text, NULL::pg_catalog.text[], NULL::pg_catalog.uuid,
                false, false) r
            JOIN readable n ON n.tool OPERATOR(pg_catalog.=) l.tool AND n.part OPERATOR(pg_catalog.=) l.part
                           AND n.place OPERATOR(pg_catalog.=) r.result_index
            ORDER BY r.fingerprint, n.is_judged DESC, n.part, n.last_seen_at DESC, n.fingerprint
        ), %12$s
        SELECT (SELECT pg_catalog.count(*) FROM old)::pg_catalog.int4, (SELECT pg_catalog.count(*) FROM done)::pg_catalog.int4,
               ((SELECT pg_catalog.count(*) FROM old) OPERATOR(pg_catalog.-) (SELECT pg_catalog.count(*) FROM readable)
               )::pg_catalog.int4$sql$,
        plan ->> 'table', own, is_judged, has ->> 'last_seen_at', result, has ->> 'end_line', has ->> 'end_column', has ->> 'snippet',
        of_repository, old_fingerprint, new_fingerprint, done),
    'pair', format($sql$
        WITH before AS MATERIALIZED (
            SELECT r.run_index, r.result_index, r.fingerprint
            FROM %2$s.sarif_findings($1, 'compat'::pg_catalog.text, $4, $5, NULL::pg_catalog.text[], 'include'::pg_catalog.text,
                true, false, NULL::pg_catalog.text, NULL::pg_catalog.text[], $2, false, false) r
        ), after AS MATERIALIZED (
            SELECT r.run_index, r.result_index, %6$s AS fingerprint
            FROM %2$s.sarif_findings($1, 'spec'::pg_catalog.text, $4, $5, NULL::pg_catalog.text[], 'include'::pg_catalog.text,
                true, false, NULL::pg_catalog.text, NULL::pg_catalog.text[], NULL::pg_catalog.uuid, false, false) r
        ), stored AS MATERIALIZED (
            SELECT f.fingerprint::pg_catalog.text AS fingerprint, %5$s AS old_fingerprint, %3$s AS is_judged, %8$s AS last_seen_at
            FROM %1$s f WHERE %4$s
              -- Not rows that are recognised by what their tool says, or who stored them.
              AND coalesce(%9$s, 'compat'::pg_catalog.text) OPERATOR(pg_catalog.=) ANY ('{compat,content-v1}'::pg_catalog.text[])
        ), old AS MATERIALIZED (
            SELECT s.* FROM stored s
            WHERE s.old_fingerprint OPERATOR(pg_catalog.=) ANY (SELECT b.fingerprint FROM before b)
              -- What is recognised already stays what it is.
              AND NOT EXISTS (SELECT FROM after a WHERE a.fingerprint OPERATOR(pg_catalog.=) s.fingerprint)
        ), chosen AS (
            SELECT DISTINCT ON (p.new_fingerprint) p.fingerprint AS old_fingerprint, p.new_fingerprint
            -- Results that the application takes for one are several findings: the row becomes the first of them.
            FROM (SELECT DISTINCT ON (o.fingerprint) o.fingerprint, o.is_judged, o.last_seen_at, a.fingerprint AS new_fingerprint,
                         o.fingerprint OPERATOR(pg_catalog.=) o.old_fingerprint AS is_old
                  FROM old o JOIN before b ON b.fingerprint OPERATOR(pg_catalog.=) o.old_fingerprint
                  JOIN after a ON a.run_index OPERATOR(pg_catalog.=) b.run_index AND a.result_index OPERATOR(pg_catalog.=) b.result_index
                  ORDER BY o.fingerprint, a.run_index, a.result_index) p
            ORDER BY p.new_fingerprint, p.is_judged DESC, p.is_old DESC, p.last_seen_at DESC, p.fingerprint
        ), %7$s
        SELECT (SELECT pg_catalog.count(*) FROM old)::pg_catalog.int4, (SELECT pg_catalog.count(*) FROM done)::pg_catalog.int4
        -- What is no log is an error even where there is nothing to look for in it.
        WHERE (SELECT pg_catalog.count(*) FROM after) OPERATOR(pg_catalog.>=) 0$sql$,
        plan ->> 'table', own, is_judged, of_repository, old_fingerprint, new_fingerprint, done, has ->> 'last_seen_at',
        has ->> 'fingerprint_kind'));
END
$function$;
COMMENT ON FUNCTION migration_plan(regclass, uuid, uuid) IS
    'The statements that migrate_fingerprints and migrate_fingerprints_by_log run, as an object of texts: a look behind the scenes. Example: SELECT migration_plan(''findings'', gen_random_uuid(), gen_random_uuid()) ->> ''migrate'' AS statement';

CREATE FUNCTION run_migration(
    plan jsonb, organization_id uuid, repository_id uuid, source_root text, uri_bases jsonb,
    OUT examined integer, OUT migrated integer, OUT skipped integer
) RETURNS record
    VOLATILE LANGUAGE plpgsql SET jit = off AS $function$
BEGIN
    PERFORM pg_catalog.pg_advisory_xact_lock(
        pg_catalog.hashtextextended(pg_catalog.jsonb_extract_path_text(plan, 'lock'), 0));
    EXECUTE pg_catalog.jsonb_extract_path_text(plan, 'migrate') INTO STRICT examined, migrated, skipped
        USING NULL::pg_catalog.text, organization_id, repository_id, source_root, uri_bases;
    IF skipped OPERATOR(pg_catalog.>) 0 THEN
        RAISE NOTICE '% of % rows of repository % cannot be read without their log, and keep their fingerprints',
            skipped, examined, repository_id
            USING HINT = 'Pass their latest log to migrate_fingerprints_by_log before the next ingest, '
                'or the missing source_root or uri_bases.';
    END IF;
END
$function$;
COMMENT ON FUNCTION run_migration(jsonb, uuid, uuid, text, jsonb) IS
    'Runs a statement of migration_plan: a step of migrate_fingerprints. Example: SELECT m.* FROM gen_random_uuid() o, gen_random_uuid() r, run_migration(migration_plan(''findings'', o, r), o, r, NULL, NULL) m';

CREATE FUNCTION run_log_migration(
    plan jsonb, document anyelement, organization_id uuid, repository_id uuid, source_root text, uri_bases jsonb,
    OUT examined integer, OUT migrated integer
) RETURNS record
    VOLATILE LANGUAGE plpgsql SET jit = off AS $function$
BEGIN
    IF document IS NULL THEN
        RAISE EXCEPTION 'the document must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    PERFORM pg_catalog.pg_advisory_xact_lock(
        pg_catalog.hashtextextended(pg_catalog.jsonb_extract_path_text(plan, 'lock'), 0));
    EXECUTE pg_catalog.jsonb_extract_path_text(plan, 'pair') INTO STRICT examined, migrated
        USING document, organization_id, repository_id, source_root, uri_bases;
END
$function$;
COMMENT ON FUNCTION run_log_migration(jsonb, anyelement, uuid, uuid, text, jsonb) IS
    'Runs a statement of migration_plan: a step of migrate_fingerprints_by_log. Example: SELECT m.* FROM gen_random_uuid() o, gen_random_uuid() r, run_log_migration(migration_plan(''findings'', o, r), ''{"version":"2.1.0","runs":[]}''::text, o, r, NULL, NULL) m';

CREATE FUNCTION migrate_fingerprints(
    findings regclass,
    organization_id uuid,
    repository_id uuid,
    source_root text DEFAULT NULL,
    uri_bases jsonb DEFAULT NULL,
    OUT examined integer,
    OUT migrated integer,
    OUT skipped integer
) RETURNS record
    VOLATILE LANGUAGE sql
BEGIN ATOMIC
    SELECT m.examined, m.migrated, m.skipped
    FROM run_migration(migration_plan(findings, organization_id, repository_id), organization_id, repository_id, source_root,
                       uri_bases) m;
END;
COMMENT ON FUNCTION migrate_fingerprints(regclass, uuid, uuid, text, jsonb) IS
    'Gives the rows of one repository content fingerprints instead of the application''s; may be repeated. Rows that cannot be read without their log are skipped: for those there is migrate_fingerprints_by_log. source_root and uri_bases as for sarif_findings. Example: SELECT * FROM migrate_fingerprints(create_findings_table(''old_findings''), gen_random_uuid(), gen_random_uuid())';

CREATE FUNCTION migrate_fingerprints_by_log(
    sarif text,
    findings regclass,
    organization_id uuid,
    repository_id uuid,
    source_root text DEFAULT NULL,
    uri_bases jsonb DEFAULT NULL,
    OUT examined integer,
    OUT migrated integer
) RETURNS record
    VOLATILE LANGUAGE sql
BEGIN ATOMIC
    SELECT m.examined, m.migrated
    FROM run_log_migration(migration_plan(findings, organization_id, repository_id), sarif, organization_id, repository_id,
                           source_root, uri_bases) m;
END;
COMMENT ON FUNCTION migrate_fingerprints_by_log(text, regclass, uuid, uuid, text, jsonb) IS
    'Gives the rows that a log tells of content fingerprints instead of the application''s, by reading the log both ways; may be repeated, and follow migrate_fingerprints. Example: SELECT * FROM migrate_fingerprints_by_log(''{"version":"2.1.0","runs":[]}''::text, create_findings_table(''older_findings''), gen_random_uuid(), gen_random_uuid())';

CREATE FUNCTION migrate_fingerprints_by_log(
    sarif json,
    findings regclass,
    organization_id uuid,
    repository_id uuid,
    source_root text DEFAULT NULL,
    uri_bases jsonb DEFAULT NULL,
    OUT examined integer,
    OUT migrated integer
) RETURNS record
    VOLATILE LANGUAGE sql
BEGIN ATOMIC
    SELECT m.examined, m.migrated
    FROM run_log_migration(migration_plan(findings, organization_id, repository_id), sarif, organization_id, repository_id,
                           source_root, uri_bases) m;
END;
COMMENT ON FUNCTION migrate_fingerprints_by_log(json, regclass, uuid, uuid, text, jsonb) IS
    'Gives the rows that a log tells of content fingerprints instead of the application''s, by reading the log both ways; may be repeated, and follow migrate_fingerprints. Example: SELECT * FROM migrate_fingerprints_by_log(''{"version":"2.1.0","runs":[]}''::json, create_findings_table(''older_findings''), gen_random_uuid(), gen_random_uuid())';

CREATE FUNCTION migrate_fingerprints_by_log(
    sarif jsonb,
    findings regclass,
    organization_id uuid,
    repository_id uuid,
    source_root text DEFAULT NULL,
    uri_bases jsonb DEFAULT NULL,
    OUT examined integer,
    OUT migrated integer
) RETURNS record
    VOLATILE LANGUAGE sql
BEGIN ATOMIC
    SELECT m.examined, m.migrated
    FROM run_log_migration(migration_plan(findings, organization_id, repository_id), sarif, organization_id, repository_id,
                           source_root, uri_bases) m;
END;
COMMENT ON FUNCTION migrate_fingerprints_by_log(jsonb, regclass, uuid, uuid, text, jsonb) IS
    'Gives the rows that a log tells of content fingerprints instead of the application''s, by reading the log both ways; may be repeated, and follow migrate_fingerprints. Example: SELECT * FROM migrate_fingerprints_by_log(''{"version":"2.1.0","runs":[]}''::jsonb, create_findings_table(''older_findings''), gen_random_uuid(), gen_random_uuid())';

CREATE FUNCTION migrate_fingerprints_by_log(
    sarif bytea,
    findings regclass,
    organization_id uuid,
    repository_id uuid,
    source_root text DEFAULT NULL,
    uri_bases jsonb DEFAULT NULL,
    OUT examined integer,
    OUT migrated integer
) RETURNS record
    VOLATILE LANGUAGE sql
BEGIN ATOMIC
    SELECT m.examined, m.migrated
    FROM run_log_migration(migration_plan(findings, organization_id, repository_id), sarif, organization_id, repository_id,
                           source_root, uri_bases) m;
END;
COMMENT ON FUNCTION migrate_fingerprints_by_log(bytea, regclass, uuid, uuid, text, jsonb) IS
    'Gives the rows that a log tells of content fingerprints instead of the application''s, by reading the log both ways; may be repeated, and follow migrate_fingerprints. Example: SELECT * FROM migrate_fingerprints_by_log(convert_to(''{"version":"2.1.0","runs":[]}'', ''UTF8''), create_findings_table(''older_findings''), gen_random_uuid(), gen_random_uuid())';

-- No SET clause: a procedure with one may not commit.
CREATE PROCEDURE migrate_all_fingerprints(
    findings regclass,
    source_root text DEFAULT NULL,
    uri_bases jsonb DEFAULT NULL,
    INOUT examined bigint DEFAULT 0,
    INOUT migrated bigint DEFAULT 0,
    INOUT skipped bigint DEFAULT 0
)
    LANGUAGE plpgsql AS $procedure$
DECLARE
    repository record;
    batch record;
    own pg_catalog.text;
    target pg_catalog.text;
BEGIN
    SELECT pg_catalog.format('%I', n.nspname) INTO STRICT own
    FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) e.extnamespace
    WHERE e.extname OPERATOR(pg_catalog.=) 'reviewpro_pg';
    SELECT pg_catalog.format('%s%I.%I', CASE WHEN c.relkind OPERATOR(pg_catalog.=) 'r' THEN 'ONLY ' END, n.nspname, c.relname)
    INTO target
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
    WHERE c.oid OPERATOR(pg_catalog.=) findings;
    IF target IS NULL THEN
        RAISE EXCEPTION 'relation "findings" does not exist' USING ERRCODE = 'undefined_table',
            HINT = 'Name your table in the argument findings.';
    END IF;
    -- A row without organisation or repository is nobody's, and stays as it is.
    FOR repository IN EXECUTE pg_catalog.format($sql$
        SELECT DISTINCT f.organization_id::pg_catalog.text AS organization_id, f.repository_id::pg_catalog.text AS repository_id
        FROM %s f
        WHERE pg_catalog.pg_input_is_valid(f.organization_id::pg_catalog.text, 'pg_catalog.uuid')
          AND pg_catalog.pg_input_is_valid(f.repository_id::pg_catalog.text, 'pg_catalog.uuid')
        ORDER BY 1, 2$sql$, target)
    LOOP
        EXECUTE pg_catalog.format('SELECT * FROM %s.migrate_fingerprints($1, $2, $3, $4, $5)', own) INTO STRICT batch
            USING findings, repository.organization_id::pg_catalog.uuid, repository.repository_id::pg_catalog.uuid, source_root,
                  uri_bases;
        examined := examined OPERATOR(pg_catalog.+) batch.examined;
        migrated := migrated OPERATOR(pg_catalog.+) batch.migrated;
        skipped := skipped OPERATOR(pg_catalog.+) batch.skipped;
        COMMIT;
    END LOOP;
END
$procedure$;
COMMENT ON PROCEDURE migrate_all_fingerprints(regclass, text, jsonb, bigint, bigint, bigint) IS
    'As migrate_fingerprints, for every repository of a table, each in a transaction of its own: what was done stays done when it is stopped, and a second run goes on. Example: CALL migrate_all_fingerprints(''findings'')';

CREATE FUNCTION bar(
    value double precision,
    max double precision,
    width integer DEFAULT 30,
    ascii boolean DEFAULT false
) RETURNS text
    IMMUTABLE STRICT PARALLEL SAFE
    LANGUAGE c AS 'MODULE_PATHNAME', 'bar_wrapper';
COMMENT ON FUNCTION bar(double precision, double precision, integer, boolean) IS
    'A bar of width characters for value = max, shorter for less, in eighths of a character; never empty for a value above 0. Example: SELECT n, bar(n, max(n) OVER ()) FROM (VALUES (3), (14), (15)) v (n)';

CREATE FUNCTION sparkline(
    data double precision[],
    low double precision DEFAULT NULL,
    high double precision DEFAULT NULL,
    ascii boolean DEFAULT false
) RETURNS text
    IMMUTABLE PARALLEL SAFE COST 10
    LANGUAGE c AS 'MODULE_PATHNAME', 'sparkline_wrapper';
COMMENT ON FUNCTION sparkline(double precision[], double precision, double precision, boolean) IS
    'A series as one line, a character per value: low (by default the least value) is the lowest, high the highest; NULL and NaN are blanks. Example: SELECT sparkline(array_agg(n ORDER BY day)) FROM (VALUES (1, 5), (2, 9), (3, 2)) v (day, n)';

CREATE FUNCTION histogram(
    data double precision[],
    buckets integer DEFAULT 10,
    width integer DEFAULT 30,
    ascii boolean DEFAULT false
) RETURNS TABLE (bucket integer, low double precision, high double precision, count integer, bar text)
    IMMUTABLE PARALLEL SAFE COST 1000 ROWS 10
    LANGUAGE c AS 'MODULE_PATHNAME', 'histogram_wrapper';
COMMENT ON FUNCTION histogram(double precision[], integer, integer, boolean) IS
    'How values are spread: buckets of equal width from the least to the greatest, each from low to below high, the last one with high. Bucket 0 is -Infinity, the one after the last Infinity, NULL counts NULL and NaN. Example: SELECT * FROM histogram(ARRAY[1, 2, 2, 3, 9], buckets => 4)';

-- A report in three steps, each of use by itself:
--
--   findings_report_query    looks at the table and writes the statement that gathers everything, from one snapshot
--   findings_report_data     runs it
--   render_findings_report   turns what it found into a page
--
-- Everything runs with the caller's rights. findings_report_query has a search_path of its own. The statement has none, since
-- policies of the table and the caller's own query run inside of it: so it qualifies every name and operator.

CREATE FUNCTION findings_report_query(
    findings regclass DEFAULT NULL,
    title text DEFAULT NULL,
    organization_id uuid DEFAULT NULL,
    repository_id uuid DEFAULT NULL,
    scan_id uuid DEFAULT NULL,
    top integer DEFAULT 10,
    worst integer DEFAULT 20,
    embeddings text DEFAULT NULL,
    eps double precision DEFAULT 0.15,
    min_samples integer DEFAULT 2,
    max_points integer DEFAULT 2000
) RETURNS text
    STABLE LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
    own CONSTANT text := (SELECT e.extnamespace::regnamespace::text FROM pg_extension e WHERE e.extname = 'reviewpro_pg');
    relation CONSTANT text := findings::text;
    kind "char";
    target text;
    missing text;
    has jsonb;
    scope text;
    latest text;
    points text := 'NULL::pg_catalog.jsonb';
    amount text := 'NULL::pg_catalog.int8';
    vectors text;
    -- The worst first; what is none of these comes last.
    rank CONSTANT text := $e$pg_catalog.array_position('{critical,high,medium,low,info}'::pg_catalog.text[], %s)$e$;
BEGIN
    IF findings IS NULL THEN
        RAISE EXCEPTION 'relation "findings" does not exist' USING ERRCODE = 'undefined_table',
            HINT = 'Name your table in the argument findings.';
    END IF;
    SELECT c.relkind, format('%I.%I', n.nspname, c.relname) INTO kind, target
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = findings;
    IF kind IS NULL THEN
        RAISE EXCEPTION 'relation with OID % does not exist', findings::oid USING ERRCODE = 'undefined_table';
    ELSIF kind NOT IN ('r', 'p', 'v', 'm', 'f') THEN
        RAISE EXCEPTION '"%" is not a table or view', relation USING ERRCODE = 'wrong_object_type';
    END IF;
    SELECT v.name INTO missing FROM (VALUES ('top', top, 1000), ('worst', worst, 1000), ('max_points', max_points, 10000))
        v (name, value, most) WHERE (v.value BETWEEN 0 AND v.most) IS NOT TRUE LIMIT 1;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION '% must be from 0 to %', missing, CASE missing WHEN 'max_points' THEN 10000 ELSE 1000 END
            USING ERRCODE = 'invalid_parameter_value';
    END IF;

    -- What is known of each finding: an expression over the row f, NULL where the table has no such column of a fitting type.
    WITH wanted (name, shown, types) AS (
        VALUES ('severity', 'text', NULL::text[]), ('status', 'text', NULL), ('rule_id', 'text', NULL), ('rule_name', 'text', NULL),
               ('help_uri', 'text', NULL), ('file_path', 'text', NULL), ('message', 'text', NULL), ('snippet', 'text', NULL),
               ('tool_name', 'text', NULL), ('fingerprint', 'text', NULL), ('organization_id', 'text', NULL),
               ('repository_id', 'text', NULL), ('first_seen_scan_id', 'text', NULL), ('last_seen_scan_id', 'text', NULL),
               ('reopened_scan_id', 'text', NULL), ('fixed_scan_id', 'text', NULL),
               ('start_line', 'int8', '{int2,int4,int8}'), ('suppressed', 'bool', '{bool}'),
               ('security_severity', 'float8', '{int2,int4,int8,numeric,float4,float8}'),
               ('first_seen_at', 'timestamptz', '{timestamptz,timestamp,date}'),
               ('last_seen_at', 'timestamptz', '{timestamptz,timestamp,date}'),
               ('fixed_at', 'timestamptz', '{timestamptz,timestamp,date}'),
               ('cwe_ids', 'jsonb', '{jsonb,json,_text,_varchar}'),
               ('embedding', 'float4[]', '{_float4,_float8,vector,halfvec,sparsevec}')
    ), found AS (
        SELECT w.name, w.shown, y.typname IS NOT NULL AS is_there, CASE
            WHEN y.typname IS NULL THEN format('NULL::pg_catalog.%s', w.shown)
            -- Columns may hold what the shown type cannot: that is not shown.
            WHEN w.name = 'security_severity'
            THEN format('CASE WHEN f.%1$I OPERATOR(pg_catalog.>=) 0 AND f.%1$I OPERATOR(pg_catalog.<=) 10
                         THEN pg_catalog.round(f.%1$I::pg_catalog.numeric, 10)::pg_catalog.float8 END', w.name)
            WHEN y.typname = 'json' OR y.typname IN ('date', 'timestamp', '_float8') AND w.types IS NOT NULL
            THEN format('CASE WHEN pg_catalog.pg_input_is_valid(f.%1$I::pg_catalog.text, %3$L) THEN f.%1$I::pg_catalog.text::pg_catalog.%2$s END',
                        w.name, w.shown, 'pg_catalog.' || w.shown)
            WHEN w.shown = 'jsonb' THEN format('pg_catalog.to_jsonb(f.%I)', w.name)
            ELSE format('f.%I::pg_catalog.%s', w.name, w.shown)
        END AS expression
        FROM wanted w LEFT JOIN (pg_attribute a JOIN pg_type y ON y.oid = a.atttypid)
          ON a.attrelid = findings AND a.attname = w.name AND a.attnum > 0 AND NOT a.attisdropped
         AND (w.types IS NULL OR y.typname = ANY (w.types))
    )
    SELECT jsonb_object_agg(f.name, f.expression) || jsonb_build_object('there', jsonb_agg(f.name) FILTER (WHERE f.is_there))
    INTO has FROM found f;
    SELECT n INTO missing FROM unnest('{severity,status}'::text[]
        || CASE WHEN organization_id IS NULL THEN '{}' ELSE '{organization_id}'::text[] END
        || CASE WHEN repository_id IS NULL THEN '{}' ELSE '{repository_id}'::text[] END
        || CASE WHEN scan_id IS NULL THEN '{}' ELSE '{first_seen_scan_id,last_seen_scan_id}'::text[] END) n
    WHERE NOT has -> 'there' ? n LIMIT 1;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'column "%" of relation "%" does not exist', missing, relation USING ERRCODE = 'undefined_column';
    END IF;

    -- The literals take the type of their column.
    scope := coalesce('WHERE ' || nullif(concat_ws(' AND ',
        CASE WHEN organization_id IS NOT NULL THEN format('f.organization_id OPERATOR(pg_catalog.=) %L', organization_id) END,
        CASE WHEN repository_id IS NOT NULL THEN format('f.repository_id OPERATOR(pg_catalog.=) %L', repository_id) END,
        CASE WHEN scan_id IS NOT NULL THEN format('(%s)', concat_ws(' OR ',
            format('f.first_seen_scan_id OPERATOR(pg_catalog.=) %L', scan_id),
            format('f.last_seen_scan_id OPERATOR(pg_catalog.=) %L', scan_id),
            CASE WHEN has -> 'there' ? 'fixed_scan_id' THEN format('f.fixed_scan_id OPERATOR(pg_catalog.=) %L', scan_id) END)) END),
        ''), '');

    -- The latest scan of each repository, by what the rows tell of scans.
    latest := CASE WHEN has -> 'there' ?& '{first_seen_scan_id,last_seen_scan_id,last_seen_at}' THEN format($sql$
        SELECT DISTINCT ON (e.repository) e.repository, e.scan, e.until_at, e.from_at
        FROM (SELECT t.repository, t.scan, pg_catalog.max(t.at) AS until_at, pg_catalog.min(t.at) AS from_at
              FROM (SELECT f.repository, f.last_seen_scan AS scan, f.last_seen_at AS at FROM finding f
                    UNION ALL SELECT f.repository, f.fixed_scan, f.fixed_at FROM finding f) t
              WHERE t.scan IS NOT NULL %s
              GROUP BY t.repository, t.scan) e
        ORDER BY e.repository, e.until_at DESC NULLS LAST, e.scan$sql$,
        CASE WHEN scan_id IS NOT NULL THEN format('AND t.scan OPERATOR(pg_catalog.=) %L', scan_id::text) END)
        ELSE $sql$
        SELECT NULL::pg_catalog.text AS repository, NULL::pg_catalog.text AS scan, NULL::pg_catalog.timestamptz AS until_at,
               NULL::pg_catalog.timestamptz AS from_at WHERE false$sql$ END;

    IF max_points > 0 AND embeddings IS NOT NULL THEN
        points := format($sql$(
            SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
                'x', m.x, 'y', m.y, 'cluster', m.cluster, 'label', pg_catalog.left(m.id, 300)))
            FROM (SELECT * FROM mapped m LIMIT %s) m)$sql$, max_points);
        amount := '(SELECT pg_catalog.count(*) FROM mapped m)';
        vectors := embeddings;
    ELSIF max_points > 0 AND has -> 'there' ? 'embedding' THEN
        points := $sql$(
            SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('x', m.x, 'y', m.y, 'cluster', m.cluster)
                       OPERATOR(pg_catalog.||) m.id::pg_catalog.jsonb) FROM mapped m)$sql$;
        amount := format($sql$(
            SELECT pg_catalog.count(f.embedding) FROM %s f %s %s %s OPERATOR(pg_catalog.=) 'open')$sql$,
            target, scope, CASE scope WHEN '' THEN 'WHERE' ELSE 'AND' END, has ->> 'status');
        -- A sample that is the same each time; of several models' vectors, those of the one that is met most.
        vectors := format($sql$
            WITH sample AS MATERIALIZED (
                SELECT pg_catalog.jsonb_build_object('severity', pg_catalog.left(%1$s, 100), 'label', pg_catalog.left(
                           pg_catalog.concat_ws(': ', %2$s, %3$s), 160))::pg_catalog.text AS id, %4$s AS embedding
                FROM %5$s f %6$s %7$s %8$s OPERATOR(pg_catalog.=) 'open' AND f.embedding IS NOT NULL
                ORDER BY pg_catalog.hashtextextended(%9$s, 0) LIMIT %10$s),
            vector AS MATERIALIZED (
                SELECT s.* FROM sample s
                WHERE CASE WHEN pg_catalog.array_ndims(s.embedding) OPERATOR(pg_catalog.=) 1 THEN
                          pg_catalog.array_position(s.embedding, NULL::pg_catalog.float4) IS NULL
                      AND pg_catalog.array_position(s.embedding, 'NaN'::pg_catalog.float4) IS NULL
                      AND pg_catalog.array_position(s.embedding, 'Infinity'::pg_catalog.float4) IS NULL
                      AND pg_catalog.array_position(s.embedding, '-Infinity'::pg_catalog.float4) IS NULL END)
            SELECT v.id, v.embedding FROM vector v
            WHERE pg_catalog.cardinality(v.embedding) OPERATOR(pg_catalog.=) (
                SELECT pg_catalog.mode() WITHIN GROUP (ORDER BY pg_catalog.cardinality(e.embedding)) FROM vector e)$sql$,
            has ->> 'severity', has ->> 'rule_id', has ->> 'message', has ->> 'embedding', target, scope,
            CASE scope WHEN '' THEN 'WHERE' ELSE 'AND' END, has ->> 'status',
            -- Whatever tells rows apart.
            CASE WHEN has -> 'there' ? 'fingerprint' THEN has ->> 'fingerprint'
                 ELSE format('pg_catalog.concat_ws('' '', %s, %s, %s)', has ->> 'rule_id', has ->> 'file_path', has ->> 'message') END,
            max_points);
    END IF;

    RETURN format($sql$
WITH finding AS MATERIALIZED (
    SELECT coalesce(pg_catalog.left(%1$s, 100), 'unknown') AS severity, coalesce(%2$s, '') AS status, %3$s AS rule_id, %4$s AS file_path,
           %5$s AS suppressed, coalesce(%6$s, '') AS repository, %7$s AS first_seen_scan, %8$s AS last_seen_scan,
           %9$s AS reopened_scan, %10$s AS fixed_scan, %11$s AS last_seen_at, %12$s AS fixed_at
    FROM %13$s f %14$s
),
latest AS MATERIALIZED (%15$s
),
marked AS MATERIALIZED (
    SELECT f.severity, f.rule_id, f.file_path, f.suppressed, l.scan IS NOT NULL AS is_scanned,
           f.status OPERATOR(pg_catalog.=) 'open' AS is_open, f.status OPERATOR(pg_catalog.=) 'fixed' AS is_fixed,
           f.status OPERATOR(pg_catalog.=) 'open' AND f.first_seen_scan OPERATOR(pg_catalog.=) l.scan AS is_new,
           f.status OPERATOR(pg_catalog.=) 'open' AND f.reopened_scan OPERATOR(pg_catalog.=) l.scan
               AND f.first_seen_scan OPERATOR(pg_catalog.<>) l.scan AS is_reopened,
           f.status OPERATOR(pg_catalog.=) 'fixed' AND %16$s AS is_gone
    FROM finding f LEFT JOIN latest l ON l.repository OPERATOR(pg_catalog.=) f.repository
)%17$s
SELECT pg_catalog.jsonb_build_object(
    'title', %18$L::pg_catalog.text,
    'generated_at', pg_catalog.to_char(pg_catalog.timezone('UTC', pg_catalog.now()), 'YYYY-MM-DD HH24:MI "UTC"'),
    'scope', %19$L::pg_catalog.jsonb,
    'totals', (
        SELECT pg_catalog.jsonb_build_object(
            'findings', pg_catalog.count(*), 'open', pg_catalog.count(*) FILTER (WHERE m.is_open),
            'fixed', pg_catalog.count(*) FILTER (WHERE m.is_fixed),
            'settled', pg_catalog.count(*) FILTER (WHERE NOT m.is_open AND NOT m.is_fixed),
            'suppressed', CASE WHEN %20$s THEN pg_catalog.count(*) FILTER (WHERE m.is_open AND m.suppressed) END,
            'rules', pg_catalog.count(DISTINCT m.rule_id) FILTER (WHERE m.is_open),
            'files', pg_catalog.count(DISTINCT m.file_path) FILTER (WHERE m.is_open))
        FROM marked m),
    'severities', (
        SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('severity', s.severity, 'open', s.open, 'new', s.new)
                                    ORDER BY s.rank, s.open DESC, s.severity)
        FROM (SELECT t.severity, %21$s AS rank, pg_catalog.sum(t.open)::pg_catalog.int8 AS open,
                     CASE WHEN %22$s THEN pg_catalog.sum(t.new)::pg_catalog.int8 END AS new
              FROM (SELECT m.severity, 1 AS open, m.is_new::pg_catalog.int4 AS new FROM marked m WHERE m.is_open
                    UNION ALL
                    SELECT s, 0, 0 FROM pg_catalog.unnest('{critical,high,medium,low,info}'::pg_catalog.text[]) s) t
              GROUP BY t.severity ORDER BY rank, open DESC, t.severity LIMIT 20) s),
    'changes', CASE WHEN %22$s THEN (
        SELECT pg_catalog.jsonb_build_object(
            'scans', (SELECT pg_catalog.count(*) FROM latest),
            'at', (SELECT pg_catalog.to_char(pg_catalog.timezone('UTC', pg_catalog.max(l.until_at)), 'YYYY-MM-DD HH24:MI "UTC"') FROM latest l),
            'new', pg_catalog.count(*) FILTER (WHERE m.is_new),
            'reopened', CASE WHEN %23$s THEN pg_catalog.count(*) FILTER (WHERE m.is_reopened) END,
            'fixed', CASE WHEN %24$s THEN pg_catalog.count(*) FILTER (WHERE m.is_gone) END)
        FROM marked m) END,
    'rules', (
        SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
            'rule_id', pg_catalog.left(t.rule_id, 300), 'open', t.open, 'severity', t.severity,
            'rule_name', d.rule_name, 'help_uri', d.help_uri) ORDER BY t.open DESC, t.rule_id)
        FROM (SELECT m.rule_id, pg_catalog.count(*) AS open, (pg_catalog.array_agg(m.severity ORDER BY %25$s, m.severity))[1] AS severity
              FROM marked m WHERE m.is_open GROUP BY m.rule_id ORDER BY open DESC, m.rule_id LIMIT %26$s) t
        LEFT JOIN LATERAL (
            SELECT pg_catalog.left(%27$s, 300) AS rule_name, pg_catalog.left(%28$s, 1000) AS help_uri
            FROM %13$s f %29$s %3$s OPERATOR(pg_catalog.=) t.rule_id LIMIT 1) d ON true),
    'files', (
        SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
            'file_path', pg_catalog.left(t.file_path, 1000), 'open', t.open, 'severity', t.severity) ORDER BY t.open DESC, t.file_path)
        FROM (SELECT m.file_path, pg_catalog.count(*) AS open, (pg_catalog.array_agg(m.severity ORDER BY %25$s, m.severity))[1] AS severity
              FROM marked m WHERE m.is_open GROUP BY m.file_path ORDER BY open DESC, m.file_path LIMIT %26$s) t),
    'worst', (
        SELECT pg_catalog.jsonb_agg(w.finding ORDER BY w.place) FROM (
            SELECT pg_catalog.row_number() OVER (ORDER BY w.suppressed, w.rank, w.score DESC NULLS LAST, w.file_path, w.start_line,
                                                          w.rule_id, w.fingerprint) AS place,
                   pg_catalog.jsonb_build_object(
                'severity', w.severity, 'security_severity', w.score, 'rule_id', pg_catalog.left(w.rule_id, 300),
                'rule_name', pg_catalog.left(w.rule_name, 300), 'help_uri', pg_catalog.left(w.help_uri, 1000),
                'file_path', pg_catalog.left(w.file_path, 1000), 'start_line', w.start_line,
                'message', pg_catalog.left(w.message, 2000), 'snippet', pg_catalog.left(w.snippet, 4000),
                'tool_name', pg_catalog.left(w.tool_name, 300),
                'first_seen', pg_catalog.to_char(pg_catalog.timezone('UTC', w.first_seen_at), 'YYYY-MM-DD'),
                'change', CASE WHEN w.first_seen_scan OPERATOR(pg_catalog.=) l.scan THEN 'new'
                               WHEN w.reopened_scan OPERATOR(pg_catalog.=) l.scan THEN 'reopened' END,
                'cwe_ids', (SELECT pg_catalog.jsonb_agg(pg_catalog.left(c.id, 40)) FROM (
                    SELECT c.id FROM pg_catalog.jsonb_array_elements_text(CASE
                        WHEN pg_catalog.jsonb_typeof(w.cwe_ids) OPERATOR(pg_catalog.=) 'array' THEN w.cwe_ids ELSE '[]' END) c (id)
                    WHERE c.id IS NOT NULL LIMIT 5) c)) AS finding
            FROM (SELECT coalesce(pg_catalog.left(%1$s, 100), 'unknown') AS severity, %30$s AS rank, %3$s AS rule_id, %27$s AS rule_name,
                         %28$s AS help_uri, %4$s AS file_path, %31$s AS start_line, %32$s AS message, %33$s AS snippet,
                         %34$s AS tool_name, %35$s AS first_seen_at, %36$s AS cwe_ids, %37$s AS fingerprint, %7$s AS first_seen_scan,
                         %9$s AS reopened_scan, coalesce(%6$s, '') AS repository, coalesce(%5$s, false) AS suppressed,
                         %38$s AS score
                  FROM %13$s f %29$s %2$s OPERATOR(pg_catalog.=) 'open'
                  ORDER BY suppressed, rank, score DESC NULLS LAST, file_path, start_line, rule_id, fingerprint LIMIT %39$s) w
            LEFT JOIN latest l ON l.repository OPERATOR(pg_catalog.=) w.repository) w),
    'map', (SELECT pg_catalog.jsonb_build_object('points', p.points, 'of', p.amount)
            FROM (SELECT %40$s AS points, %41$s AS amount) p WHERE p.points IS NOT NULL))$sql$,
        has ->> 'severity', has ->> 'status', has ->> 'rule_id', has ->> 'file_path', has ->> 'suppressed',
        has ->> 'repository_id', has ->> 'first_seen_scan_id', has ->> 'last_seen_scan_id', has ->> 'reopened_scan_id',
        has ->> 'fixed_scan_id', has ->> 'last_seen_at', has ->> 'fixed_at', target, scope, latest,
        -- A table that does not say which scan did not find a row any more may say when.
        CASE WHEN has -> 'there' ? 'fixed_scan_id' THEN 'f.fixed_scan OPERATOR(pg_catalog.=) l.scan'
             ELSE 'f.fixed_at OPERATOR(pg_catalog.>=) l.from_at' END,
        CASE WHEN vectors IS NULL THEN '' ELSE format($sql$,
mapped AS MATERIALIZED (
    SELECT m.id, m.cluster, m.x, m.y
    FROM %s.cluster_map(%L::pg_catalog.text, eps => %L::pg_catalog.float8, min_samples => %L::pg_catalog.int4) m WHERE m.x IS NOT NULL
)$sql$, own, vectors, eps, min_samples) END,
        title,
        (SELECT jsonb_agg(jsonb_build_object('name', s.name, 'value', s.value)) FROM (VALUES
            ('Table', relation), ('Organization', organization_id::text), ('Repository', repository_id::text),
            ('Scan', scan_id::text)) s (name, value) WHERE s.value IS NOT NULL),
        (has -> 'there' ? 'suppressed')::text, format(rank, 't.severity'),
        (has -> 'there' ?& '{first_seen_scan_id,last_seen_scan_id,last_seen_at}')::text,
        (has -> 'there' ? 'reopened_scan_id')::text, (has -> 'there' ?| '{fixed_scan_id,fixed_at}')::text, format(rank, 'm.severity'), top, has ->> 'rule_name', has ->> 'help_uri',
        scope || CASE scope WHEN '' THEN 'WHERE' ELSE ' AND' END, format(rank, has ->> 'severity'), has ->> 'start_line',
        has ->> 'message', has ->> 'snippet', has ->> 'tool_name', has ->> 'first_seen_at', has ->> 'cwe_ids',
        has ->> 'fingerprint', has ->> 'security_severity', worst, points, amount);
END
$function$;
COMMENT ON FUNCTION findings_report_query(regclass, text, uuid, uuid, uuid, integer, integer, text, double precision, integer, integer) IS
    'The statement by which findings_report gathers its figures from a table: a look behind the scenes. Example: SELECT findings_report_query(''findings'')';

CREATE FUNCTION findings_report_data(query text) RETURNS jsonb
    -- The planner takes the map for so much work that it would compile the statement.
    STABLE STRICT COST 100000 LANGUAGE plpgsql SET jit = off AS $function$
DECLARE
    document pg_catalog.jsonb;
BEGIN
    EXECUTE query INTO STRICT document;
    RETURN document;
END
$function$;
COMMENT ON FUNCTION findings_report_data(text) IS
    'What findings_report tells, as an object: title, scope, totals, severities, changes, rules, files, worst, map; read from one snapshot by the statement of findings_report_query. Example: SELECT findings_report_data(findings_report_query(''findings'')) -> ''totals''';

CREATE FUNCTION render_findings_report(document jsonb, format text DEFAULT 'html') RETURNS text
    IMMUTABLE STRICT PARALLEL SAFE COST 100000
    LANGUAGE c AS 'MODULE_PATHNAME', 'render_findings_report_wrapper';
COMMENT ON FUNCTION render_findings_report(jsonb, text) IS
    'The page of what findings_report_data returns, or of an object like it: html (self-contained, without script, for any browser) or markdown (GitHub''s). Example: SELECT render_findings_report(''{"title": "Friday", "severities": [{"severity": "high", "open": 3}]}'', ''markdown'')';

CREATE FUNCTION findings_report(
    findings regclass DEFAULT NULL,
    format text DEFAULT 'html',
    title text DEFAULT NULL,
    organization_id uuid DEFAULT NULL,
    repository_id uuid DEFAULT NULL,
    scan_id uuid DEFAULT NULL,
    top integer DEFAULT 10,
    worst integer DEFAULT 20,
    embeddings text DEFAULT NULL,
    eps double precision DEFAULT 0.15,
    min_samples integer DEFAULT 2,
    max_points integer DEFAULT 2000
) RETURNS text
    STABLE COST 200000 LANGUAGE sql
BEGIN ATOMIC
    SELECT render_findings_report(
        findings_report_data(findings_report_query(
            -- Looked up here, on the caller's search_path.
            coalesce(findings, to_regclass('findings')), title, organization_id, repository_id, scan_id, top, worst, embeddings,
            eps, min_samples, max_points)),
        format);
END;
COMMENT ON FUNCTION findings_report(regclass, text, text, uuid, uuid, uuid, integer, integer, text, double precision, integer, integer) IS
    'A page about the findings of a table, a repository or a scan, as html or markdown: severities, what the last scan changed, the worst findings with their code, rules, files, and a map of their embeddings (the column embedding, or a query that returns id and embedding). Example: SELECT findings_report(''findings'', format => ''markdown'', title => ''Friday'')';

-- reviewpro_pg::cluster_rows::assign_clusters
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::chart::bar
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::window::cluster_agglomerative
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::window::cluster_dbscan
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::cluster::cluster_embeddings
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::window::cluster_kmeans
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::cluster::cluster_map
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::cluster_rows::cluster_members
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::cluster::cluster_query
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::cluster::cluster_report
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::cluster_rows::cluster_summaries
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::fingerprint::content_fingerprint
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::ingest::fingerprint_findings
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::fingerprint::fingerprint_text
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::fingerprint::fingerprint_uuid
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::chart::histogram
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::ingest::ingest_began
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::ingest::ingest_ended
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::ingest::ingest_objects
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::ingest::ingest_results_bytea
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::ingest::ingest_results_jsonb
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::ingest::ingest_results_text
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::fingerprint::location_fingerprint
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::report::render_findings_report
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::stats::reviewpro_health
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::progress::reviewpro_progress
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::stats::reviewpro_stats
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::stats::reviewpro_stats_reset
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::version::reviewpro_version
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::sarif::sarif_findings_bytea
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::sarif::sarif_findings_jsonb
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::sarif::sarif_findings_support
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::sarif::sarif_findings_text
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::fingerprint::sarif_line_hashes
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::sarif::sarif_rules_bytea
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::sarif::sarif_rules_jsonb
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::sarif::sarif_rules_text
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::sarif::sarif_runs_bytea
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::sarif::sarif_runs_jsonb
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::sarif::sarif_runs_text
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::sarif::sarif_summary_bytea
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::sarif::sarif_summary_jsonb
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::sarif::sarif_summary_text
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::sarif::sarif_validate_bytea
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::sarif::sarif_validate_jsonb
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::sarif::sarif_validate_text
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::cluster_quality::silhouette_samples
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::cluster_quality::silhouette_score
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::chart::sparkline
-- Skipped due to `#[pgrx(sql = false)]`

-- reviewpro_pg::cluster_rows::suggest_eps
-- Skipped due to `#[pgrx(sql = false)]`
