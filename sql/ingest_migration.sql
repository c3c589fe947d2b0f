-- From the application's fingerprint, which has line numbers in it, to the content fingerprint, which survives moved lines.
-- Rows keep everything else: id, history, the status that a person gave.

-- The statement for one table: $1 organization_id, $2 repository_id, $3 source_root. Rows that still have the application's
-- fingerprint are put together into logs again, one per tool, and read as new scans are. Of rows that are one finding now,
-- such as those of before and after a moved line, the one that a person judged gets the new fingerprint, else the one seen
-- last; the others stay as they are, and the next complete scan closes them.
CREATE FUNCTION migration_plan(findings regclass, organization_id uuid, repository_id uuid) RETURNS jsonb
    STABLE LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
    own text;
    plan jsonb;
    target text;
    kind text;
BEGIN
    SELECT e.extnamespace::regnamespace::text INTO own FROM pg_extension e WHERE e.extname = 'reviewpro_pg';
    -- The table is one that ingest can use: the same checks, the same locks.
    EXECUTE format('SELECT %s.ingest_plan($1, $2, $3, $2)', own) INTO plan USING findings, organization_id, repository_id;
    SELECT format('%I.%I', n.nspname, c.relname) INTO target
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = findings;
    SELECT ', fingerprint_kind = ''content-v1''' INTO kind FROM pg_attribute a
    WHERE a.attrelid = findings AND a.attname = 'fingerprint_kind' AND NOT a.attisdropped;
    RETURN jsonb_build_object('lock', plan ->> 'lock', 'migrate', format($sql$
        WITH old AS MATERIALIZED (
            SELECT f.fingerprint::pg_catalog.text AS fingerprint, f.status::pg_catalog.text AS status,
                   f.tool_name::pg_catalog.text AS tool, f.last_seen_at,
                   -- The latest scan tells what is in the code now, and counts occurrences as the next one will.
                   CASE WHEN f.status::pg_catalog.text OPERATOR(pg_catalog.=) 'fixed' THEN 2
                        WHEN f.last_seen_at OPERATOR(pg_catalog.=) pg_catalog.max(f.last_seen_at) OVER (PARTITION BY f.tool_name)
                        THEN 0 ELSE 1 END AS part,
                   coalesce(f.sarif_data, pg_catalog.jsonb_build_object(
                       'ruleId', f.rule_id, 'message', pg_catalog.jsonb_build_object('text', f.message),
                       'locations', pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object('physicalLocation',
                           pg_catalog.jsonb_build_object('artifactLocation', pg_catalog.jsonb_build_object('uri', f.file_path),
                               'region', pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
                                   'startLine', f.start_line, 'startColumn', f.start_column, 'endLine', f.end_line,
                                   'endColumn', f.end_column,
                                   'snippet', pg_catalog.jsonb_build_object('text', f.snippet)))))))) AS result
            FROM %1$s f
            WHERE f.organization_id OPERATOR(pg_catalog.=) $1 AND f.repository_id OPERATOR(pg_catalog.=) $2
              AND f.fingerprint::pg_catalog.text OPERATOR(pg_catalog.=) %2$s.fingerprint(
                  f.organization_id, f.rule_id, f.file_path, f.start_line, f.start_column, f.message)
        ), numbered AS MATERIALIZED (
            SELECT o.*, pg_catalog.row_number() OVER (PARTITION BY o.tool, o.part ORDER BY o.fingerprint)
                        OPERATOR(pg_catalog.-) 1 AS place
            FROM old o
        ), logs AS (
            SELECT n.tool, n.part, pg_catalog.jsonb_build_object('version', '2.1.0', 'runs', pg_catalog.jsonb_build_array(
                       pg_catalog.jsonb_build_object(
                           'tool', pg_catalog.jsonb_build_object('driver', pg_catalog.jsonb_build_object('name', n.tool)),
                           'results', pg_catalog.jsonb_agg(n.result ORDER BY n.place)))) AS log
            FROM numbered n GROUP BY 1, 2
        ), chosen AS (
            SELECT DISTINCT ON (r.fingerprint) n.fingerprint AS old_fingerprint, %3$s AS new_fingerprint
            FROM logs l
            CROSS JOIN LATERAL %2$s.sarif_findings(l.log, source_root => $3, kinds => NULL, include_absent => true) r
            JOIN numbered n ON n.tool OPERATOR(pg_catalog.=) l.tool AND n.part OPERATOR(pg_catalog.=) l.part
                           AND n.place OPERATOR(pg_catalog.=) r.result_index
            ORDER BY r.fingerprint,
                     (n.status OPERATOR(pg_catalog.<>) ALL ('{open,fixed}'::pg_catalog.text[])) DESC, n.part,
                     n.last_seen_at DESC, n.fingerprint
        ), done AS (
            UPDATE %1$s f SET fingerprint = c.new_fingerprint%4$s
            FROM chosen c
            WHERE f.organization_id OPERATOR(pg_catalog.=) $1 AND f.repository_id OPERATOR(pg_catalog.=) $2
              AND f.fingerprint::pg_catalog.text OPERATOR(pg_catalog.=) c.old_fingerprint
              AND NOT EXISTS (SELECT FROM %1$s g WHERE g.organization_id OPERATOR(pg_catalog.=) $1
                  AND g.repository_id OPERATOR(pg_catalog.=) $2
                  AND g.fingerprint::pg_catalog.text OPERATOR(pg_catalog.=) c.new_fingerprint)
            RETURNING 1
        )
        SELECT (SELECT pg_catalog.count(*) FROM old)::pg_catalog.int4, (SELECT pg_catalog.count(*) FROM done)::pg_catalog.int4$sql$,
        target, own, CASE WHEN (plan ->> 'is_scoped')::boolean
            THEN format('%s.repository_fingerprint($2, r.fingerprint)', own) ELSE 'r.fingerprint' END, kind));
END
$function$;
COMMENT ON FUNCTION migration_plan(regclass, uuid, uuid) IS
    'The statement that migrate_fingerprints runs, as an object of texts: a look behind the scenes. Example: SELECT migration_plan(''findings'', gen_random_uuid(), gen_random_uuid()) ->> ''migrate''';

CREATE FUNCTION run_migration(
    plan jsonb, organization_id uuid, repository_id uuid, source_root text, OUT examined integer, OUT migrated integer
) RETURNS record
    VOLATILE LANGUAGE plpgsql SET jit = off AS $function$
BEGIN
    PERFORM pg_catalog.pg_advisory_xact_lock(
        pg_catalog.hashtextextended(pg_catalog.jsonb_extract_path_text(plan, 'lock'), 0));
    EXECUTE pg_catalog.jsonb_extract_path_text(plan, 'migrate') INTO STRICT examined, migrated
        USING organization_id, repository_id, source_root;
END
$function$;
COMMENT ON FUNCTION run_migration(jsonb, uuid, uuid, text) IS
    'Runs the statement of migration_plan: a step of migrate_fingerprints. Example: SELECT * FROM gen_random_uuid() o, gen_random_uuid() r, run_migration(migration_plan(''findings'', o, r), o, r, NULL)';

CREATE FUNCTION migrate_fingerprints(
    findings regclass,
    organization_id uuid,
    repository_id uuid,
    source_root text DEFAULT NULL,
    OUT examined integer,
    OUT migrated integer
) RETURNS record
    VOLATILE LANGUAGE sql
BEGIN ATOMIC
    SELECT m.examined, m.migrated
    FROM run_migration(migration_plan(findings, organization_id, repository_id), organization_id, repository_id, source_root) m;
END;
COMMENT ON FUNCTION migrate_fingerprints(regclass, uuid, uuid, text) IS
    'Gives the rows of one repository content fingerprints instead of the application''s; may be repeated. source_root as for sarif_findings. Example: SELECT * FROM migrate_fingerprints(''findings'', gen_random_uuid(), gen_random_uuid())';

-- No SET clause: a procedure with one may not commit.
CREATE PROCEDURE migrate_all_fingerprints(
    findings regclass,
    source_root text DEFAULT NULL,
    INOUT examined bigint DEFAULT 0,
    INOUT migrated bigint DEFAULT 0
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
    SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) INTO STRICT target
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
    WHERE c.oid OPERATOR(pg_catalog.=) findings;
    FOR repository IN EXECUTE pg_catalog.format(
        'SELECT DISTINCT organization_id, repository_id FROM %s ORDER BY organization_id, repository_id', target)
    LOOP
        EXECUTE pg_catalog.format('SELECT * FROM %s.migrate_fingerprints($1, $2, $3, $4)', own) INTO STRICT batch
            USING findings, repository.organization_id, repository.repository_id, source_root;
        examined := examined OPERATOR(pg_catalog.+) batch.examined;
        migrated := migrated OPERATOR(pg_catalog.+) batch.migrated;
        COMMIT;
    END LOOP;
END
$procedure$;
COMMENT ON PROCEDURE migrate_all_fingerprints(regclass, text, bigint, bigint) IS
    'As migrate_fingerprints, for every repository of a table, each in a transaction of its own: what was done stays done when it is stopped, and a second run goes on. Example: CALL migrate_all_fingerprints(''findings'')';
