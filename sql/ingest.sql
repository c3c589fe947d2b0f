-- Findings into tables: the functions that people call. They are made of steps:
--
--   ingest_results, ingest_objects   ingest_source.sql   what becomes of every result: one row each
--   ingest_plan                      ingest_plan.sql     looks at the target table and writes the statements for it
--   ingest_store                     ingest_store.sql    runs them
--
-- Everything runs with the caller's rights.

CREATE FUNCTION ingest_sarif(
    sarif text,
    organization_id uuid,
    repository_id uuid,
    scan_id uuid,
    findings regclass DEFAULT NULL,
    mode text DEFAULT 'spec',
    source_root text DEFAULT NULL,
    uri_bases jsonb DEFAULT NULL,
    kinds text[] DEFAULT '{fail,open,review}',
    suppressed text DEFAULT 'include',
    suppressed_status text DEFAULT 'accepted_risk',
    fingerprint text DEFAULT NULL,
    fingerprint_keys text[] DEFAULT NULL,
    extra jsonb DEFAULT NULL,
    raw boolean DEFAULT NULL,
    close boolean DEFAULT true,
    touch boolean DEFAULT true,
    strict boolean DEFAULT false,
    notify text DEFAULT NULL
) RETURNS ingest_result
    VOLATILE LANGUAGE sql
BEGIN ATOMIC
    SELECT ingest_began('ingest_sarif');
    SELECT ingest_ended(ingest_store(
        -- Looked up here, on the caller's search_path.
        ingest_plan(coalesce(findings, to_regclass('findings')), organization_id, repository_id, scan_id, 'ingest_results',
                    mode, fingerprint, extra, raw, touch, close, suppressed_status),
        sarif, organization_id, repository_id, scan_id, extra, mode, source_root, uri_bases, kinds, suppressed, fingerprint,
        fingerprint_keys, close, strict, notify), organization_id, repository_id, scan_id);
END;
COMMENT ON FUNCTION ingest_sarif(text, uuid, uuid, uuid, regclass, text, text, jsonb, text[], text, text, text, text[], jsonb, boolean, boolean, boolean, boolean, text) IS
    'Stores the findings of a scan''s SARIF log: new ones are inserted, known ones brought up to date, fixed ones that are back opened again, open ones that a complete run does not find any more marked as fixed. Example: SELECT * FROM ingest_sarif(''{"version":"2.1.0","runs":[]}''::text, gen_random_uuid(), gen_random_uuid(), gen_random_uuid())';

CREATE FUNCTION ingest_sarif(
    sarif json,
    organization_id uuid,
    repository_id uuid,
    scan_id uuid,
    findings regclass DEFAULT NULL,
    mode text DEFAULT 'spec',
    source_root text DEFAULT NULL,
    uri_bases jsonb DEFAULT NULL,
    kinds text[] DEFAULT '{fail,open,review}',
    suppressed text DEFAULT 'include',
    suppressed_status text DEFAULT 'accepted_risk',
    fingerprint text DEFAULT NULL,
    fingerprint_keys text[] DEFAULT NULL,
    extra jsonb DEFAULT NULL,
    raw boolean DEFAULT NULL,
    close boolean DEFAULT true,
    touch boolean DEFAULT true,
    strict boolean DEFAULT false,
    notify text DEFAULT NULL
) RETURNS ingest_result
    VOLATILE LANGUAGE sql
BEGIN ATOMIC
    SELECT ingest_began('ingest_sarif');
    SELECT ingest_ended(ingest_store(
        -- Looked up here, on the caller's search_path.
        ingest_plan(coalesce(findings, to_regclass('findings')), organization_id, repository_id, scan_id, 'ingest_results',
                    mode, fingerprint, extra, raw, touch, close, suppressed_status),
        sarif, organization_id, repository_id, scan_id, extra, mode, source_root, uri_bases, kinds, suppressed, fingerprint,
        fingerprint_keys, close, strict, notify), organization_id, repository_id, scan_id);
END;
COMMENT ON FUNCTION ingest_sarif(json, uuid, uuid, uuid, regclass, text, text, jsonb, text[], text, text, text, text[], jsonb, boolean, boolean, boolean, boolean, text) IS
    'Stores the findings of a scan''s SARIF log: new ones are inserted, known ones brought up to date, fixed ones that are back opened again, open ones that a complete run does not find any more marked as fixed. Example: SELECT * FROM ingest_sarif(''{"version":"2.1.0","runs":[]}''::json, gen_random_uuid(), gen_random_uuid(), gen_random_uuid())';

CREATE FUNCTION ingest_sarif(
    sarif jsonb,
    organization_id uuid,
    repository_id uuid,
    scan_id uuid,
    findings regclass DEFAULT NULL,
    mode text DEFAULT 'spec',
    source_root text DEFAULT NULL,
    uri_bases jsonb DEFAULT NULL,
    kinds text[] DEFAULT '{fail,open,review}',
    suppressed text DEFAULT 'include',
    suppressed_status text DEFAULT 'accepted_risk',
    fingerprint text DEFAULT NULL,
    fingerprint_keys text[] DEFAULT NULL,
    extra jsonb DEFAULT NULL,
    raw boolean DEFAULT NULL,
    close boolean DEFAULT true,
    touch boolean DEFAULT true,
    strict boolean DEFAULT false,
    notify text DEFAULT NULL
) RETURNS ingest_result
    VOLATILE LANGUAGE sql
BEGIN ATOMIC
    SELECT ingest_began('ingest_sarif');
    SELECT ingest_ended(ingest_store(
        -- Looked up here, on the caller's search_path.
        ingest_plan(coalesce(findings, to_regclass('findings')), organization_id, repository_id, scan_id, 'ingest_results',
                    mode, fingerprint, extra, raw, touch, close, suppressed_status),
        sarif, organization_id, repository_id, scan_id, extra, mode, source_root, uri_bases, kinds, suppressed, fingerprint,
        fingerprint_keys, close, strict, notify), organization_id, repository_id, scan_id);
END;
COMMENT ON FUNCTION ingest_sarif(jsonb, uuid, uuid, uuid, regclass, text, text, jsonb, text[], text, text, text, text[], jsonb, boolean, boolean, boolean, boolean, text) IS
    'Stores the findings of a scan''s SARIF log: new ones are inserted, known ones brought up to date, fixed ones that are back opened again, open ones that a complete run does not find any more marked as fixed. Example: SELECT * FROM ingest_sarif(''{"version":"2.1.0","runs":[]}''::jsonb, gen_random_uuid(), gen_random_uuid(), gen_random_uuid())';

CREATE FUNCTION ingest_sarif(
    sarif bytea,
    organization_id uuid,
    repository_id uuid,
    scan_id uuid,
    findings regclass DEFAULT NULL,
    mode text DEFAULT 'spec',
    source_root text DEFAULT NULL,
    uri_bases jsonb DEFAULT NULL,
    kinds text[] DEFAULT '{fail,open,review}',
    suppressed text DEFAULT 'include',
    suppressed_status text DEFAULT 'accepted_risk',
    fingerprint text DEFAULT NULL,
    fingerprint_keys text[] DEFAULT NULL,
    extra jsonb DEFAULT NULL,
    raw boolean DEFAULT NULL,
    close boolean DEFAULT true,
    touch boolean DEFAULT true,
    strict boolean DEFAULT false,
    notify text DEFAULT NULL
) RETURNS ingest_result
    VOLATILE LANGUAGE sql
BEGIN ATOMIC
    SELECT ingest_began('ingest_sarif');
    SELECT ingest_ended(ingest_store(
        -- Looked up here, on the caller's search_path.
        ingest_plan(coalesce(findings, to_regclass('findings')), organization_id, repository_id, scan_id, 'ingest_results',
                    mode, fingerprint, extra, raw, touch, close, suppressed_status),
        sarif, organization_id, repository_id, scan_id, extra, mode, source_root, uri_bases, kinds, suppressed, fingerprint,
        fingerprint_keys, close, strict, notify), organization_id, repository_id, scan_id);
END;
COMMENT ON FUNCTION ingest_sarif(bytea, uuid, uuid, uuid, regclass, text, text, jsonb, text[], text, text, text, text[], jsonb, boolean, boolean, boolean, boolean, text) IS
    'Stores the findings of a scan''s SARIF log: new ones are inserted, known ones brought up to date, fixed ones that are back opened again, open ones that a complete run does not find any more marked as fixed. Example: SELECT * FROM ingest_sarif(convert_to(''{"version":"2.1.0","runs":[]}'', ''UTF8''), gen_random_uuid(), gen_random_uuid(), gen_random_uuid())';

CREATE FUNCTION ingest_findings(
    findings jsonb,
    organization_id uuid,
    repository_id uuid,
    scan_id uuid,
    findings_table regclass DEFAULT NULL,
    fingerprint text DEFAULT 'content',
    suppressed_status text DEFAULT 'accepted_risk',
    extra jsonb DEFAULT NULL,
    raw boolean DEFAULT NULL,
    close boolean DEFAULT false,
    touch boolean DEFAULT true,
    strict boolean DEFAULT false,
    notify text DEFAULT NULL
) RETURNS ingest_result
    VOLATILE LANGUAGE sql
BEGIN ATOMIC
    SELECT ingest_began('ingest_findings');
    SELECT ingest_ended(ingest_store(
        ingest_plan(coalesce(findings_table, to_regclass('findings')), organization_id, repository_id, scan_id,
                    'ingest_objects', NULL, fingerprint, extra, raw, touch, close, suppressed_status),
        findings, organization_id, repository_id, scan_id, extra, NULL, NULL, NULL, NULL, NULL, fingerprint, NULL, close, strict,
        notify), organization_id, repository_id, scan_id);
END;
COMMENT ON FUNCTION ingest_findings(jsonb, uuid, uuid, uuid, regclass, text, text, jsonb, boolean, boolean, boolean, boolean, text) IS
    'Stores an array of findings ({rule_id, severity, file_path, line, column, message, code_snippet, cwe, ...}) by the rules of ingest_sarif; elements that are no findings are reported, the others stored. Example: SELECT * FROM ingest_findings(''[{"rule_id": "B101", "file_path": "a.py", "line": 1, "message": "m"}]'', gen_random_uuid(), gen_random_uuid(), gen_random_uuid())';
