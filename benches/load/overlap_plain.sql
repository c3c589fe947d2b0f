-- The same by a statement of the user's own, sorted by the unique key; it closes nothing, and takes the lock of ours if :locked.
\set log random(1, :logs)
\set repository random(1, :repositories)
BEGIN;
\if :locked
SELECT pg_advisory_xact_lock(hashtextextended(
    ingest_plan('fire_findings', md5('o')::uuid, md5(:repository::text)::uuid, md5('s')::uuid) ->> 'lock', 0));
\endif
WITH stored AS (
    INSERT INTO fire_findings AS f (organization_id, repository_id, first_seen_scan_id, last_seen_scan_id, fingerprint,
                                    rule_id, message, severity, file_path, start_line, tool_name)
    SELECT md5('o')::uuid, md5(:repository::text)::uuid, s.id, s.id, r.fingerprint, r.rule_id, r.message, r.severity,
           r.file_path, r.start_line, r.tool_name
    FROM (SELECT gen_random_uuid() AS id, body FROM fire_logs WHERE id = :log) s, LATERAL sarif_findings(s.body) r
    ORDER BY r.fingerprint
    ON CONFLICT (organization_id, repository_id, fingerprint) DO UPDATE
        SET last_seen_scan_id = excluded.last_seen_scan_id, occurrence_count = f.occurrence_count + 1
    RETURNING old.id IS NULL AS is_new, last_seen_scan_id
)
INSERT INTO fire_ledger
SELECT (array_agg(last_seen_scan_id))[1], count(*), count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new), 0, 0, 0
FROM stored;
COMMIT;
