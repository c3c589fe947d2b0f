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
