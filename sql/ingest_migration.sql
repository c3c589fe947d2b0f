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
