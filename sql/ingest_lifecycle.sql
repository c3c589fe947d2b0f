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
    'What the latest scan of a repository changed against the one before: new, fixed, reopened and unchanged findings. A table without the column fixed_scan_id needs previous_scan_id to tell what was fixed, one without reopened_scan_id counts reopened findings as unchanged. Example: SELECT change, count(*) FROM scan_changes(gen_random_uuid()) GROUP BY 1';
