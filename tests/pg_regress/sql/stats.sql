-- What reviewpro_stats counts. Seconds and times differ from run to run.
SELECT reviewpro_stats_reset();
SELECT count(*) AS functions, sum(calls) AS calls, sum(errors) AS errors, sum(rows) AS rows, sum(bytes) AS bytes, sum(seconds) AS seconds
FROM reviewpro_stats;
SELECT now() - stats_since < interval '1 minute' AS is_recent FROM reviewpro_stats LIMIT 1;
CREATE VIEW counted AS
    SELECT function, calls, errors, rows, bytes, seconds > 0 AS has_taken_time FROM reviewpro_stats WHERE calls > 0;

-- Rows of sets, values, vectors of partitions and of queries.
SELECT count(*) FROM sarif_findings('{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t"}},"results":[{"message":{"text":"a"}},{"message":{"text":"b"}}]}]}'::text);
SELECT count(*) FROM sarif_findings('{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t"}},"results":[{"message":{"text":"a"}},{"message":{"text":"b"}}]}]}'::jsonb);
SELECT count(*) FROM sarif_findings(NULL::bytea);
SELECT sarif_summary('{"version":"2.1.0","runs":[]}'::text) IS NULL;
SELECT cluster_embeddings('{{1,2},{1,2}}'::real[], min_samples => 2);
SELECT count(*) FROM (SELECT cluster_dbscan(ARRAY[i, 1]::real[], 0.1) OVER (PARTITION BY i % 2) FROM generate_series(1, 6) i OFFSET 0) labelled;
SELECT count(*) FROM cluster_query('SELECT i, ARRAY[i, 1]::real[] FROM generate_series(1, 5) i');
TABLE counted;

-- Calls that end in an ERROR: in their arguments, in the computation, on the way.
SELECT reviewpro_stats_reset();
SELECT code FROM refusal($$SELECT cluster_embeddings('{{1,2}}'::real[], 'optics')$$);
SELECT code FROM refusal($$SELECT cluster_embeddings('{{1,NaN}}'::real[])$$);
SELECT code FROM refusal($$SELECT sarif_findings('{'::text)$$);
SELECT code FROM refusal($$SELECT count(*) FROM cluster_query('SELECT 1/0, ARRAY[1]::real[]')$$);
SELECT code FROM refusal($$SELECT cluster_dbscan(ARRAY[i, 1]::real[], -1) OVER () FROM generate_series(1, 3) i$$);
TABLE counted;

-- fingerprint and its kind are not counted.
SELECT reviewpro_stats_reset();
SELECT count(location_fingerprint('a', i, 'r')) FROM generate_series(1, 3) i;
TABLE counted;

-- Ingest, which is written in SQL: whatever ends it.
SELECT create_findings_table('stats_findings');
SELECT reviewpro_stats_reset();
SELECT total, inserted FROM ingest_sarif(
    '{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t"}},"results":[{"message":{"text":"a"}},{"message":{"text":"b"}}]}]}'::text,
    '11111111-2222-3333-4444-555555555555', '22222222-2222-3333-4444-555555555555', '33333333-2222-3333-4444-555555555555',
    findings => 'stats_findings');
SELECT total, inserted FROM ingest_findings('[{"rule_id": "B101", "file_path": "a.py", "line": 1, "message": "m"}]',
    '11111111-2222-3333-4444-555555555555', '22222222-2222-3333-4444-555555555555', '33333333-2222-3333-4444-555555555555',
    findings_table => 'stats_findings');
SELECT code FROM refusal($$SELECT ingest_sarif('{'::text, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), findings => 'stats_findings')$$);
SELECT code FROM refusal($$SELECT ingest_sarif('{}'::jsonb, gen_random_uuid(), NULL, gen_random_uuid(), findings => 'stats_findings')$$);
SELECT code FROM refusal($$SELECT ingest_findings('{}', gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), findings_table => 'pg_class')$$);
TABLE counted;
-- A transaction that is rolled back after an ingest has ended has still called it once.
SELECT reviewpro_stats_reset();
BEGIN;
SELECT total FROM ingest_findings('[]', gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), findings_table => 'stats_findings');
ROLLBACK;
SELECT function, calls, errors FROM counted WHERE function = 'ingest_findings';
-- Steps out of step do no harm.
SELECT ingest_ended(ROW(1, 0, 0, 0, 0, 0, 0, 0, '[]', 0)::ingest_result);
SELECT ingest_ended(NULL);
SELECT ingest_began('no such function');
SELECT code, message FROM refusal($$SELECT ingest_began(NULL)$$);
SELECT function, calls, errors FROM counted WHERE function LIKE 'ingest_sarif';

-- Every function that takes long is counted: the library's, but for these.
SELECT DISTINCT p.proname AS not_counted
FROM pg_proc p
JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid AND e.extname = 'reviewpro_pg'
JOIN pg_language l ON l.oid = p.prolang AND l.lanname = 'c'
WHERE p.proname NOT IN (SELECT function FROM reviewpro_stats)
ORDER BY 1;
SELECT function AS unknown FROM reviewpro_stats WHERE to_regproc(function) IS NULL AND function NOT IN (SELECT proname FROM pg_proc);

-- The health of this database and session.
SET reviewpro.max_threads = 3;
SET reviewpro.max_memory = '64MB';
SELECT status, status_code, problems, library_version = reviewpro_version() AS is_version, versions_match,
       cpu_path IN ('avx512', 'avx2', 'portable') AS is_path, threads_limit, memory_limit, running_calls
FROM reviewpro_health;
RESET reviewpro.max_threads;
RESET reviewpro.max_memory;
UPDATE pg_extension SET extversion = '0.0.1' WHERE extname = 'reviewpro_pg';
SELECT status, status_code, problems, versions_match FROM reviewpro_health;
UPDATE pg_extension SET extversion = reviewpro_version() WHERE extname = 'reviewpro_pg';
SELECT status FROM reviewpro_health;

-- Whoever can connect may look; only superusers, and whom they let, may reset.
CREATE ROLE regress_stats;
SET ROLE regress_stats;
SELECT count(*) > 0 AS sees FROM reviewpro_stats;
SELECT status FROM reviewpro_health;
SELECT code FROM refusal('SELECT reviewpro_stats_reset()');
SELECT code FROM refusal('SET reviewpro.log_ingest = on');
RESET ROLE;
GRANT EXECUTE ON FUNCTION reviewpro_stats_reset() TO regress_stats;
SET ROLE regress_stats;
SELECT reviewpro_stats_reset();
RESET ROLE;
DROP OWNED BY regress_stats;
DROP ROLE regress_stats;
DROP TABLE stats_findings;
DROP VIEW counted;
