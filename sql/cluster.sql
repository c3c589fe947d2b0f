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

CREATE FUNCTION cluster_report(
    embeddings real[],
    algorithm text DEFAULT 'dbscan',
    eps double precision DEFAULT 0.15,
    min_samples integer DEFAULT 2,
    n_clusters integer DEFAULT NULL,
    distance_threshold double precision DEFAULT NULL,
    linkage text DEFAULT 'average',
    metric text DEFAULT 'cosine'
) RETURNS jsonb
    -- It says how long it took.
    VOLATILE PARALLEL SAFE COST 1000000
    LANGUAGE c AS 'MODULE_PATHNAME', 'cluster_report_wrapper';
COMMENT ON FUNCTION cluster_report(real[], text, double precision, integer, integer, double precision, text, text) IS
    'As cluster_embeddings, as an object: labels, n_clusters, silhouette_score, cluster_sizes, noise_count, duration_ms. Example: SELECT cluster_report(ARRAY[[1, 0], [0.9, 0.1], [0, 1]]::real[], eps => 0.1)';

CREATE FUNCTION cluster_report(
    embeddings double precision[],
    algorithm text DEFAULT 'dbscan',
    eps double precision DEFAULT 0.15,
    min_samples integer DEFAULT 2,
    n_clusters integer DEFAULT NULL,
    distance_threshold double precision DEFAULT NULL,
    linkage text DEFAULT 'average',
    metric text DEFAULT 'cosine'
) RETURNS jsonb
    -- It says how long it took.
    VOLATILE PARALLEL SAFE COST 1000000
    LANGUAGE c AS 'MODULE_PATHNAME', 'cluster_report_wrapper';
COMMENT ON FUNCTION cluster_report(double precision[], text, double precision, integer, integer, double precision, text, text) IS
    'As cluster_embeddings, as an object: labels, n_clusters, silhouette_score, cluster_sizes, noise_count, duration_ms. Example: SELECT cluster_report(ARRAY[[1, 0], [0.9, 0.1], [0, 1]]::double precision[], eps => 0.1)';

CREATE FUNCTION cluster_query(
    query text,
    algorithm text DEFAULT 'dbscan',
    eps double precision DEFAULT 0.15,
    min_samples integer DEFAULT 2,
    n_clusters integer DEFAULT NULL,
    distance_threshold double precision DEFAULT NULL,
    linkage text DEFAULT 'average',
    metric text DEFAULT 'cosine'
) RETURNS TABLE (id text, cluster integer)
    -- As unsafe as the query may be.
    VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 10000
    LANGUAGE c AS 'MODULE_PATHNAME', 'cluster_query_wrapper';
COMMENT ON FUNCTION cluster_query(text, text, double precision, integer, integer, double precision, text, text) IS
    'Clusters the rows of a query that returns an id and an embedding, however many; noise NULL. Example: SELECT * FROM cluster_query(''SELECT 1, ARRAY[1, 0]::real[] UNION ALL SELECT 2, ARRAY[1, 0.1]'', eps => 0.1)';

CREATE FUNCTION cluster_map(
    query text,
    algorithm text DEFAULT 'dbscan',
    eps double precision DEFAULT 0.15,
    min_samples integer DEFAULT 2,
    n_clusters integer DEFAULT NULL,
    distance_threshold double precision DEFAULT NULL,
    linkage text DEFAULT 'average',
    metric text DEFAULT 'cosine'
) RETURNS TABLE (id text, cluster integer, x double precision, y double precision)
    -- As unsafe as the query may be.
    VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 10000
    LANGUAGE c AS 'MODULE_PATHNAME', 'cluster_map_wrapper';
COMMENT ON FUNCTION cluster_map(text, text, double precision, integer, integer, double precision, text, text) IS
    'As cluster_query, with a place on a map for each row: its two principal components (by cosine, of the vectors scaled to length 1). Example: SELECT * FROM cluster_map(''SELECT 1, ARRAY[1, 0]::real[] UNION ALL SELECT 2, ARRAY[1, 0.1]'', eps => 0.1)';

CREATE FUNCTION cluster_dbscan(
    embedding real[],
    eps double precision,
    min_samples integer DEFAULT 2,
    metric text DEFAULT 'cosine'
) RETURNS integer
    IMMUTABLE WINDOW PARALLEL SAFE COST 10000
    LANGUAGE c AS 'MODULE_PATHNAME', 'cluster_dbscan_wrapper';
COMMENT ON FUNCTION cluster_dbscan(real[], double precision, integer, text) IS
    'Window function: the DBSCAN cluster of each row within its partition, noise NULL. Example: SELECT id, cluster_dbscan(v, eps => 0.1) OVER (ORDER BY id) FROM (VALUES (1, ARRAY[1, 0]::real[]), (2, ARRAY[1, 0.1])) t (id, v)';

CREATE FUNCTION cluster_agglomerative(
    embedding real[],
    distance_threshold double precision DEFAULT NULL,
    linkage text DEFAULT 'average',
    metric text DEFAULT 'cosine',
    n_clusters integer DEFAULT NULL
) RETURNS integer
    IMMUTABLE WINDOW PARALLEL SAFE COST 10000
    LANGUAGE c AS 'MODULE_PATHNAME', 'cluster_agglomerative_wrapper';
COMMENT ON FUNCTION cluster_agglomerative(real[], double precision, text, text, integer) IS
    'Window function: the agglomerative cluster of each row within its partition. Example: SELECT id, cluster_agglomerative(v, distance_threshold => 0.15) OVER (ORDER BY id) FROM (VALUES (1, ARRAY[1, 0]::real[]), (2, ARRAY[1, 0.1])) t (id, v)';

CREATE FUNCTION cluster_dbscan(
    embedding double precision[],
    eps double precision,
    min_samples integer DEFAULT 2,
    metric text DEFAULT 'cosine'
) RETURNS integer
    IMMUTABLE WINDOW PARALLEL SAFE COST 10000
    LANGUAGE c AS 'MODULE_PATHNAME', 'cluster_dbscan_wrapper';
COMMENT ON FUNCTION cluster_dbscan(double precision[], double precision, integer, text) IS
    'Window function: the DBSCAN cluster of each row within its partition, noise NULL. Example: SELECT id, cluster_dbscan(v, eps => 0.1) OVER (ORDER BY id) FROM (VALUES (1, ARRAY[1, 0]::double precision[]), (2, ARRAY[1, 0.1])) t (id, v)';

CREATE FUNCTION cluster_agglomerative(
    embedding double precision[],
    distance_threshold double precision DEFAULT NULL,
    linkage text DEFAULT 'average',
    metric text DEFAULT 'cosine',
    n_clusters integer DEFAULT NULL
) RETURNS integer
    IMMUTABLE WINDOW PARALLEL SAFE COST 10000
    LANGUAGE c AS 'MODULE_PATHNAME', 'cluster_agglomerative_wrapper';
COMMENT ON FUNCTION cluster_agglomerative(double precision[], double precision, text, text, integer) IS
    'Window function: the agglomerative cluster of each row within its partition. Example: SELECT id, cluster_agglomerative(v, distance_threshold => 0.15) OVER (ORDER BY id) FROM (VALUES (1, ARRAY[1, 0]::double precision[]), (2, ARRAY[1, 0.1])) t (id, v)';

CREATE FUNCTION silhouette_score(
    embeddings real[],
    labels integer[],
    metric text DEFAULT 'cosine',
    include_noise boolean DEFAULT true
) RETURNS double precision
    IMMUTABLE PARALLEL SAFE COST 1000000
    LANGUAGE c AS 'MODULE_PATHNAME', 'silhouette_score_wrapper';
COMMENT ON FUNCTION silhouette_score(real[], integer[], text, boolean) IS
    'The mean silhouette of labelled vectors, from -1 to 1; NULL where it is not defined. Example: SELECT silhouette_score(ARRAY[[1, 0], [0.9, 0.1], [0, 1]]::real[], ARRAY[0, 0, 1])';

CREATE FUNCTION silhouette_samples(
    embeddings real[],
    labels integer[],
    metric text DEFAULT 'cosine',
    include_noise boolean DEFAULT true
) RETURNS double precision[]
    IMMUTABLE PARALLEL SAFE COST 1000000
    LANGUAGE c AS 'MODULE_PATHNAME', 'silhouette_samples_wrapper';
COMMENT ON FUNCTION silhouette_samples(real[], integer[], text, boolean) IS
    'The silhouette of each labelled vector; NULL where it is not defined. Example: SELECT silhouette_samples(ARRAY[[1, 0], [0.9, 0.1], [0, 1]]::real[], ARRAY[0, 0, 1])';

CREATE FUNCTION silhouette_score(
    embeddings double precision[],
    labels integer[],
    metric text DEFAULT 'cosine',
    include_noise boolean DEFAULT true
) RETURNS double precision
    IMMUTABLE PARALLEL SAFE COST 1000000
    LANGUAGE c AS 'MODULE_PATHNAME', 'silhouette_score_wrapper';
COMMENT ON FUNCTION silhouette_score(double precision[], integer[], text, boolean) IS
    'The mean silhouette of labelled vectors, from -1 to 1; NULL where it is not defined. Example: SELECT silhouette_score(ARRAY[[1, 0], [0.9, 0.1], [0, 1]]::double precision[], ARRAY[0, 0, 1])';

CREATE FUNCTION silhouette_samples(
    embeddings double precision[],
    labels integer[],
    metric text DEFAULT 'cosine',
    include_noise boolean DEFAULT true
) RETURNS double precision[]
    IMMUTABLE PARALLEL SAFE COST 1000000
    LANGUAGE c AS 'MODULE_PATHNAME', 'silhouette_samples_wrapper';
COMMENT ON FUNCTION silhouette_samples(double precision[], integer[], text, boolean) IS
    'The silhouette of each labelled vector; NULL where it is not defined. Example: SELECT silhouette_samples(ARRAY[[1, 0], [0.9, 0.1], [0, 1]]::double precision[], ARRAY[0, 0, 1])';

CREATE FUNCTION cluster_kmeans(
    embedding real[],
    n_clusters integer,
    metric text DEFAULT 'cosine',
    seed integer DEFAULT 0
) RETURNS integer
    IMMUTABLE WINDOW PARALLEL SAFE COST 10000
    LANGUAGE c AS 'MODULE_PATHNAME', 'cluster_kmeans_wrapper';
COMMENT ON FUNCTION cluster_kmeans(real[], integer, text, integer) IS
    'Window function: the k-means cluster of each row within its partition. Example: SELECT id, cluster_kmeans(v, n_clusters => 1) OVER (ORDER BY id) FROM (VALUES (1, ARRAY[1, 0]::real[]), (2, ARRAY[1, 0.1])) t (id, v)';

CREATE FUNCTION cluster_kmeans(
    embedding double precision[],
    n_clusters integer,
    metric text DEFAULT 'cosine',
    seed integer DEFAULT 0
) RETURNS integer
    IMMUTABLE WINDOW PARALLEL SAFE COST 10000
    LANGUAGE c AS 'MODULE_PATHNAME', 'cluster_kmeans_wrapper';
COMMENT ON FUNCTION cluster_kmeans(double precision[], integer, text, integer) IS
    'Window function: the k-means cluster of each row within its partition. Example: SELECT id, cluster_kmeans(v, n_clusters => 1) OVER (ORDER BY id) FROM (VALUES (1, ARRAY[1, 0]::double precision[]), (2, ARRAY[1, 0.1])) t (id, v)';

CREATE FUNCTION cluster_summaries(
    embeddings real[],
    labels integer[],
    metric text DEFAULT 'euclidean'
) RETURNS TABLE (
    cluster integer,
    size integer,
    representative integer,
    avg_similarity double precision,
    min_similarity double precision,
    max_similarity double precision,
    avg_distance_to_centroid double precision,
    std_distance_to_centroid double precision,
    cohesion_score double precision
)
    IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 100
    LANGUAGE c AS 'MODULE_PATHNAME', 'cluster_summaries_wrapper';
COMMENT ON FUNCTION cluster_summaries(real[], integer[], text) IS
    'One row per cluster: size, the row nearest to the centroid, similarities, distances. Example: SELECT * FROM cluster_summaries(ARRAY[[1, 0], [0.9, 0.1], [0, 1]]::real[], ARRAY[0, 0, -1])';

CREATE FUNCTION cluster_members(
    embeddings real[],
    labels integer[],
    metric text DEFAULT 'euclidean'
) RETURNS TABLE (
    ordinality integer,
    cluster integer,
    distance_to_centroid double precision,
    similarity_to_centroid double precision,
    is_representative boolean
)
    IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 1000
    LANGUAGE c AS 'MODULE_PATHNAME', 'cluster_members_wrapper';
COMMENT ON FUNCTION cluster_members(real[], integer[], text) IS
    'One row per vector that is in a cluster, with its distance to the centroid. Example: SELECT * FROM cluster_members(ARRAY[[1, 0], [0.9, 0.1], [0, 1]]::real[], ARRAY[0, 0, -1])';

CREATE FUNCTION assign_clusters(
    new_embeddings real[],
    embeddings real[],
    labels integer[],
    max_distance double precision,
    assign_to text DEFAULT 'core',
    min_samples integer DEFAULT 2,
    metric text DEFAULT 'cosine'
) RETURNS TABLE (ordinality integer, cluster integer, distance double precision)
    IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 100
    LANGUAGE c AS 'MODULE_PATHNAME', 'assign_clusters_wrapper';
COMMENT ON FUNCTION assign_clusters(real[], real[], integer[], double precision, text, integer, text) IS
    'The existing cluster of each new vector; NULL where none is near enough. Example: SELECT * FROM assign_clusters(ARRAY[[1, 0.05]]::real[], ARRAY[[1, 0], [0.9, 0.1], [0, 1]]::real[], ARRAY[0, 0, -1], max_distance => 0.1)';

CREATE FUNCTION suggest_eps(
    embeddings real[],
    min_samples integer DEFAULT 2,
    metric text DEFAULT 'cosine'
) RETURNS TABLE (
    quantile double precision,
    eps double precision,
    n_clusters integer,
    noise_count integer,
    largest_share double precision,
    suggested boolean,
    chaining boolean
)
    IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 13
    LANGUAGE c AS 'MODULE_PATHNAME', 'suggest_eps_wrapper';
COMMENT ON FUNCTION suggest_eps(real[], integer, text) IS
    'Candidates for eps, with the clusters that DBSCAN would find. Example: SELECT * FROM suggest_eps(ARRAY[[1, 0], [0.9, 0.1], [0, 1], [0.1, 1]]::real[])';

CREATE FUNCTION cluster_summaries(
    embeddings double precision[],
    labels integer[],
    metric text DEFAULT 'euclidean'
) RETURNS TABLE (
    cluster integer,
    size integer,
    representative integer,
    avg_similarity double precision,
    min_similarity double precision,
    max_similarity double precision,
    avg_distance_to_centroid double precision,
    std_distance_to_centroid double precision,
    cohesion_score double precision
)
    IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 100
    LANGUAGE c AS 'MODULE_PATHNAME', 'cluster_summaries_wrapper';
COMMENT ON FUNCTION cluster_summaries(double precision[], integer[], text) IS
    'One row per cluster: size, the row nearest to the centroid, similarities, distances. Example: SELECT * FROM cluster_summaries(ARRAY[[1, 0], [0.9, 0.1], [0, 1]]::double precision[], ARRAY[0, 0, -1])';

CREATE FUNCTION cluster_members(
    embeddings double precision[],
    labels integer[],
    metric text DEFAULT 'euclidean'
) RETURNS TABLE (
    ordinality integer,
    cluster integer,
    distance_to_centroid double precision,
    similarity_to_centroid double precision,
    is_representative boolean
)
    IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 1000
    LANGUAGE c AS 'MODULE_PATHNAME', 'cluster_members_wrapper';
COMMENT ON FUNCTION cluster_members(double precision[], integer[], text) IS
    'One row per vector that is in a cluster, with its distance to the centroid. Example: SELECT * FROM cluster_members(ARRAY[[1, 0], [0.9, 0.1], [0, 1]]::double precision[], ARRAY[0, 0, -1])';

CREATE FUNCTION assign_clusters(
    new_embeddings double precision[],
    embeddings double precision[],
    labels integer[],
    max_distance double precision,
    assign_to text DEFAULT 'core',
    min_samples integer DEFAULT 2,
    metric text DEFAULT 'cosine'
) RETURNS TABLE (ordinality integer, cluster integer, distance double precision)
    IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 100
    LANGUAGE c AS 'MODULE_PATHNAME', 'assign_clusters_wrapper';
COMMENT ON FUNCTION assign_clusters(double precision[], double precision[], integer[], double precision, text, integer, text) IS
    'The existing cluster of each new vector; NULL where none is near enough. Example: SELECT * FROM assign_clusters(ARRAY[[1, 0.05]]::double precision[], ARRAY[[1, 0], [0.9, 0.1], [0, 1]]::double precision[], ARRAY[0, 0, -1], max_distance => 0.1)';

CREATE FUNCTION suggest_eps(
    embeddings double precision[],
    min_samples integer DEFAULT 2,
    metric text DEFAULT 'cosine'
) RETURNS TABLE (
    quantile double precision,
    eps double precision,
    n_clusters integer,
    noise_count integer,
    largest_share double precision,
    suggested boolean,
    chaining boolean
)
    IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 13
    LANGUAGE c AS 'MODULE_PATHNAME', 'suggest_eps_wrapper';
COMMENT ON FUNCTION suggest_eps(double precision[], integer, text) IS
    'Candidates for eps, with the clusters that DBSCAN would find. Example: SELECT * FROM suggest_eps(ARRAY[[1, 0], [0.9, 0.1], [0, 1], [0.1, 1]]::double precision[])';
