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
    IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 5000
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
    IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 5000
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
    IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 5000
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
    IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 5000
    LANGUAGE c AS 'MODULE_PATHNAME', 'sarif_findings_bytea_wrapper';
COMMENT ON FUNCTION sarif_findings(bytea, text, text, jsonb, text[], text, boolean, boolean, text, text[], uuid, boolean, boolean) IS
    'The findings of a SARIF 2.1.0 log (bytes as the tool wrote them: UTF-8 or UTF-16, with or without byte order mark, plain or gzip), one row per result. Example: SELECT rule_id, severity, file_path, start_line, message FROM sarif_findings(''{"version":"2.1.0","runs":[]}''::bytea)';
