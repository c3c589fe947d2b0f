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
    STABLE LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
    has record;
    missing text;
BEGIN
    IF findings IS NULL THEN
        RAISE EXCEPTION 'relation "findings" does not exist' USING ERRCODE = 'undefined_table',
            HINT = 'Name your table in the argument findings.';
    END IF;
    IF scan_changes.scan_id IS NULL THEN
        RAISE EXCEPTION 'scan_id must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT n INTO missing FROM unnest('{first_seen_scan_id,last_seen_scan_id,fingerprint,status}'::text[]) n
    WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = findings AND a.attname = n AND NOT a.attisdropped) LIMIT 1;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'column "%" of relation "%" does not exist', missing, findings USING ERRCODE = 'undefined_column';
    END IF;
    SELECT coalesce(bool_or(a.attname = 'reopened_scan_id'), false) AS reopened,
           coalesce(bool_or(a.attname = 'fixed_scan_id'), false) AS fixed,
           coalesce(bool_or(a.attname = 'branch_id'), false) AS branch
    INTO has FROM pg_attribute a WHERE a.attrelid = findings AND NOT a.attisdropped;
    IF branch_id IS NOT NULL AND NOT has.branch THEN
        RAISE EXCEPTION 'column "branch_id" of relation "%" does not exist', findings USING ERRCODE = 'undefined_column';
    END IF;
    RETURN QUERY EXECUTE format($sql$
        SELECT CASE WHEN f.status::text = 'fixed' AND %2$s THEN 'fixed'
                    WHEN f.first_seen_scan_id = $1 THEN 'new'
                    WHEN %3$s THEN 'reopened'
                    ELSE 'unchanged' END,
               f.fingerprint::text, f.rule_id::text, f.severity::text, f.status::text, f.file_path::text, f.start_line::integer,
               f.message::text
        FROM %1$s f
        WHERE (f.last_seen_scan_id = $1 OR f.status::text = 'fixed' AND %2$s) %4$s
        ORDER BY f.file_path, f.start_line, f.fingerprint$sql$,
        findings,
        CASE WHEN has.fixed THEN 'f.fixed_scan_id = $1' ELSE '(f.last_seen_scan_id = $2 AND $2 <> $1)' END,
        CASE WHEN has.reopened THEN 'f.reopened_scan_id = $1' ELSE 'false' END,
        CASE WHEN branch_id IS NULL THEN '' ELSE 'AND f.branch_id = $3' END)
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
        SELECT r.tool_name, r.automation_category FROM unnest(after) r
        WHERE r.outcome = 'run' GROUP BY r.tool_name, r.automation_category HAVING bool_and(r.complete)
    )
    SELECT CASE WHEN l.outcome = 'filtered' THEN 'filtered'
                WHEN l.outcome = 'finding' AND e.outcome IS NOT NULL THEN 'unchanged'
                WHEN l.outcome = 'finding' AND l.fingerprint IN (SELECT unnest(known)) THEN 'reopened'
                WHEN l.outcome = 'finding' THEN 'new'
                WHEN EXISTS (SELECT FROM complete c WHERE c.tool_name IS NOT DISTINCT FROM e.tool_name
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
