CREATE FUNCTION cluster_embeddings(
    embeddings real[],
    algorithm text DEFAULT 'dbscan',
    eps double precision DEFAULT 0.15,
    min_samples integer DEFAULT 2,
    n_clusters integer DEFAULT NULL,
    distance_threshold double precision DEFAULT NULL,
    linkage text DEFAULT 'average',
    metric text DEFAULT 'cosine'
) RETURNS integer[]
    IMMUTABLE PARALLEL SAFE COST 1000000
    LANGUAGE c AS 'MODULE_PATHNAME', 'cluster_embeddings_wrapper';
COMMENT ON FUNCTION cluster_embeddings(real[], text, double precision, integer, integer, double precision, text, text) IS
    'Clusters the rows of a two-dimensional array: one label per row, from 0, noise -1, equal to scikit-learn''s. Example: SELECT cluster_embeddings(ARRAY[[1, 0], [0.9, 0.1], [0, 1]]::real[], eps => 0.1)';

CREATE FUNCTION cluster_embeddings(
    embeddings double precision[],
    algorithm text DEFAULT 'dbscan',
    eps double precision DEFAULT 0.15,
    min_samples integer DEFAULT 2,
    n_clusters integer DEFAULT NULL,
    distance_threshold double precision DEFAULT NULL,
    linkage text DEFAULT 'average',
    metric text DEFAULT 'cosine'
) RETURNS integer[]
    IMMUTABLE PARALLEL SAFE COST 1000000
    LANGUAGE c AS 'MODULE_PATHNAME', 'cluster_embeddings_wrapper';
COMMENT ON FUNCTION cluster_embeddings(double precision[], text, double precision, integer, integer, double precision, text, text) IS
    'As for real[], for double precision values. Example: SELECT cluster_embeddings(ARRAY[[1, 0], [0.9, 0.1], [0, 1]]::double precision[], eps => 0.1)';
