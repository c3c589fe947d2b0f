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
