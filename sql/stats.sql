CREATE FUNCTION reviewpro_stats(
    OUT function text, OUT calls bigint, OUT errors bigint, OUT rows bigint, OUT bytes bigint, OUT seconds double precision,
    OUT stats_since timestamptz
) RETURNS SETOF record
    VOLATILE PARALLEL RESTRICTED COST 100 ROWS 25
    LANGUAGE c AS 'MODULE_PATHNAME', 'reviewpro_stats_wrapper';
COMMENT ON FUNCTION reviewpro_stats() IS
    'What the view reviewpro_stats shows. Example: SELECT * FROM reviewpro_stats()';

CREATE FUNCTION reviewpro_stats_reset() RETURNS void
    VOLATILE PARALLEL RESTRICTED COST 100
    LANGUAGE c AS 'MODULE_PATHNAME', 'reviewpro_stats_reset_wrapper';
COMMENT ON FUNCTION reviewpro_stats_reset() IS
    'Sets all of reviewpro_stats to zero, for all databases. Only superusers may call it, and those to whom they grant it. Example: SELECT reviewpro_stats_reset()';
REVOKE EXECUTE ON FUNCTION reviewpro_stats_reset() FROM PUBLIC;

CREATE FUNCTION reviewpro_health(
    OUT library_version text, OUT cpu_path text, OUT threads_limit integer, OUT memory_limit bigint, OUT running_calls integer,
    OUT stats_since timestamptz
) RETURNS SETOF record
    VOLATILE PARALLEL RESTRICTED COST 100 ROWS 1
    LANGUAGE c AS 'MODULE_PATHNAME', 'reviewpro_health_wrapper';
COMMENT ON FUNCTION reviewpro_health() IS
    'What the library knows of the row that the view reviewpro_health shows. Example: SELECT * FROM reviewpro_health()';

CREATE VIEW reviewpro_stats AS
    SELECT s.function, s.calls, s.errors, s.rows, s.bytes, s.seconds, s.stats_since FROM reviewpro_stats() s;
COMMENT ON VIEW reviewpro_stats IS
    'Calls of each function since the server started or reviewpro_stats_reset() was called, in all databases together. In shared memory: a restart or a crash sets it to zero. fingerprint, content_fingerprint and location_fingerprint are so short that counting would be felt, and are not counted';
COMMENT ON COLUMN reviewpro_stats.function IS 'The function, all its overloads together';
COMMENT ON COLUMN reviewpro_stats.calls IS 'Calls that have ended. A parallel worker''s call is one, and so is a partition of a window function';
COMMENT ON COLUMN reviewpro_stats.errors IS 'Those of them that ended in an ERROR, a cancel included; not those whose session was terminated';
COMMENT ON COLUMN reviewpro_stats.rows IS 'Rows that they returned; one for each call of a function that returns a value';
COMMENT ON COLUMN reviewpro_stats.bytes IS 'Bytes of their arguments, or of the vectors that they read, decompressed';
COMMENT ON COLUMN reviewpro_stats.seconds IS 'Time that they took, waiting included';
COMMENT ON COLUMN reviewpro_stats.stats_since IS 'When counting began';
GRANT SELECT ON reviewpro_stats TO PUBLIC;

CREATE VIEW reviewpro_health AS
    SELECT CASE WHEN p.problems OPERATOR(pg_catalog.=) '{}' THEN 'ok' ELSE 'warn' END AS status,
           CASE WHEN p.problems OPERATOR(pg_catalog.=) '{}' THEN 0 ELSE 1 END AS status_code,
           p.problems, h.library_version, e.extversion AS sql_version,
           h.library_version OPERATOR(pg_catalog.=) e.extversion AS versions_match,
           h.cpu_path, h.threads_limit, h.memory_limit, h.running_calls, h.stats_since
    FROM reviewpro_health() h
    JOIN pg_catalog.pg_extension e ON e.extname OPERATOR(pg_catalog.=) 'reviewpro_pg',
    LATERAL (SELECT pg_catalog.array_remove(ARRAY[
        CASE WHEN h.library_version OPERATOR(pg_catalog.<>) e.extversion
             THEN 'library and SQL are of different versions: run ALTER EXTENSION reviewpro_pg UPDATE, or reconnect' END,
        CASE WHEN pg_catalog.getdatabaseencoding() OPERATOR(pg_catalog.<>) 'UTF8'
             THEN 'the encoding of the database is not UTF8' END], NULL) AS problems) p;
COMMENT ON VIEW reviewpro_health IS 'One row: whether the extension is well in this database, and what this session''s calls run with';
COMMENT ON COLUMN reviewpro_health.status IS 'ok, or warn when there are problems';
COMMENT ON COLUMN reviewpro_health.status_code IS '0 for ok, 1 for warn';
COMMENT ON COLUMN reviewpro_health.problems IS 'What to see to; empty when all is well';
COMMENT ON COLUMN reviewpro_health.library_version IS 'Version of the library that this session has loaded';
COMMENT ON COLUMN reviewpro_health.sql_version IS 'Version of the SQL objects in this database';
COMMENT ON COLUMN reviewpro_health.versions_match IS 'Whether the two are the same';
COMMENT ON COLUMN reviewpro_health.cpu_path IS 'The instructions that comparing vectors uses: avx512, avx2 or portable. Results do not depend on it';
COMMENT ON COLUMN reviewpro_health.threads_limit IS 'Threads that one call of this session may compute with, after all settings';
COMMENT ON COLUMN reviewpro_health.memory_limit IS 'reviewpro.max_memory of this session, in bytes';
COMMENT ON COLUMN reviewpro_health.running_calls IS 'Backends in which one of the longer functions runs now, in all databases';
COMMENT ON COLUMN reviewpro_health.stats_since IS 'When the counting of reviewpro_stats began';
GRANT SELECT ON reviewpro_health TO PUBLIC;
