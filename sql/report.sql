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
