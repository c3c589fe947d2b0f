-- How long it took differs.
SELECT r - 'duration_ms' - 'silhouette_score' AS report, round((r ->> 'silhouette_score')::numeric, 6) AS silhouette FROM cluster_report(ARRAY[[1, 0], [0.9, 0.1], [0, 1], [0.1, 1], [-1, -1]]::real[], eps => 0.1) r;
SELECT r - 'duration_ms' - 'silhouette_score' AS report, round((r ->> 'silhouette_score')::numeric, 6) AS silhouette FROM cluster_report(ARRAY[[1, 0], [0.9, 0.1], [0, 1], [0.1, 1], [-1, -1]]::double precision[], eps => 0.1) r;
SELECT r - 'duration_ms' - 'silhouette_score' AS report, round((r ->> 'silhouette_score')::numeric, 6) AS silhouette FROM cluster_report(ARRAY[[0], [1], [1.5], [5], [5.2]]::real[], 'agglomerative', n_clusters => 2, metric => 'euclidean') r;
SELECT jsonb_typeof(r -> 'duration_ms'), (r ->> 'duration_ms')::numeric BETWEEN 0 AND 60000 AS plausible FROM cluster_report(ARRAY[[1, 2]]::real[]) r;
-- The labels are those of cluster_embeddings.
WITH set AS (SELECT array_agg(ARRAY[sin(i), cos(i * i), 1]::real[] ORDER BY i) AS v FROM generate_series(1, 100) i)
SELECT ARRAY(SELECT jsonb_array_elements_text(r -> 'labels')::int) = cluster_embeddings(v, eps => 0.01) AS same,
       (SELECT sum(size::int) FROM jsonb_array_elements_text(r -> 'cluster_sizes') size) + (r ->> 'noise_count')::int AS total,
       jsonb_array_length(r -> 'cluster_sizes') = (r ->> 'n_clusters')::int AS counted
FROM set, cluster_report(v, eps => 0.01) r;
-- Empty, one row, all one cluster, all noise: no silhouette.
SELECT cluster_report('{}'::real[]) - 'duration_ms', cluster_report(NULL::real[]);
SELECT cluster_report(ARRAY[[1, 2]]::real[]) - 'duration_ms';
SELECT cluster_report(ARRAY[[1, 2], [1, 2], [1, 2]]::real[]) - 'duration_ms';
SELECT cluster_report(ARRAY[[1, 0], [0, 1]]::real[]) - 'duration_ms';
-- Bad input, each with its own code.
SELECT * FROM refusal($$SELECT cluster_report(ARRAY[1, 2]::real[])$$);
SELECT * FROM refusal($$SELECT cluster_report(ARRAY[[1, NULL]]::real[])$$);
SELECT * FROM refusal($$SELECT cluster_report(ARRAY[[1, 'NaN']]::real[])$$);
SELECT * FROM refusal($$SELECT cluster_report(ARRAY[[1, 2]]::real[], 'optics')$$);
SELECT * FROM refusal($$SELECT cluster_report(ARRAY[[1, 2]]::real[], metric => NULL)$$);
