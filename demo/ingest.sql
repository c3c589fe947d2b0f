-- Every finding of every scan into the findings table; prints what became of them.
-- organization and repository ids are uuids made of names, to keep the demo free of set-up.
WITH parsed AS (
    SELECT s.id AS scan_id, md5(s.repository)::uuid AS repository_id, f.*
    FROM scans s
    CROSS JOIN LATERAL sarif_findings(s.body, source_root => '/src/' || substring(s.log FROM '-(.*)')) f
), folded AS (
    -- The first of equal findings of one log is stored; sorted by the unique key, so that writers cannot deadlock.
    SELECT DISTINCT ON (repository_id, fingerprint) *
    FROM parsed
    ORDER BY repository_id, fingerprint, run_index, result_index
), stored AS (
    INSERT INTO findings AS f (
        organization_id, repository_id, first_seen_scan_id, last_seen_scan_id, fingerprint, rule_id, rule_name,
        message, severity, file_path, start_line, start_column, end_line, end_column, snippet,
        tool_name, tool_version, cwe_ids, cve_ids
    )
    SELECT md5('demo')::uuid, repository_id, scan_id, scan_id, fingerprint, rule_id, rule_name,
           message, severity, file_path, start_line, start_column, end_line, end_column, snippet,
           tool_name, tool_version, to_jsonb(cwe_ids), to_jsonb(cve_ids)
    FROM folded
    ON CONFLICT (organization_id, repository_id, fingerprint) DO UPDATE SET
        last_seen_scan_id = excluded.last_seen_scan_id,
        start_line = excluded.start_line,
        end_line = excluded.end_line,
        occurrence_count = f.occurrence_count + 1
    RETURNING old.id IS NULL AS is_new
)
SELECT (SELECT count(*) FROM parsed) AS results,
       (SELECT count(*) FROM parsed) - (SELECT count(*) FROM folded) AS "folded in the log",
       count(*) FILTER (WHERE is_new) AS new,
       count(*) FILTER (WHERE NOT is_new) AS "seen before"
FROM stored;
