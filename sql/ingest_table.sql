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
