CREATE FUNCTION reviewpro_progress(OUT pid integer, OUT phase text, OUT percent double precision)
    RETURNS SETOF record
    VOLATILE PARALLEL RESTRICTED COST 100 ROWS 10
    LANGUAGE c AS 'MODULE_PATHNAME', 'reviewpro_progress_wrapper';
COMMENT ON FUNCTION reviewpro_progress() IS
    'What the view reviewpro_progress shows. Example: SELECT * FROM reviewpro_progress()';

CREATE VIEW reviewpro_progress AS
    SELECT p.pid, p.phase, p.percent
    FROM reviewpro_progress() p
    -- A backend that was terminated cannot take back what it wrote.
    WHERE EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.pid OPERATOR(pg_catalog.=) p.pid);
COMMENT ON VIEW reviewpro_progress IS 'Calls that are running now: backend, phase, percent of the phase (NULL where that is not known)';
COMMENT ON COLUMN reviewpro_progress.pid IS 'The backend, as in pg_stat_activity';
COMMENT ON COLUMN reviewpro_progress.phase IS 'reading vectors, comparing vectors, computing distances, joining clusters, computing silhouettes, moving centroids, or computing';
COMMENT ON COLUMN reviewpro_progress.percent IS 'How much of the phase is done; a call may have several phases';
GRANT SELECT ON reviewpro_progress TO PUBLIC;
