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
