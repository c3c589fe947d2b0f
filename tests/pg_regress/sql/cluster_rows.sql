BEGIN;
CREATE TABLE set AS SELECT ARRAY[[1, 0], [0, 1], [1, 0.25], [-1, -1], [1, 0.5], [0, 3]]::real[] AS v, ARRAY[0, 1, 0, -1, 0, 1] AS labels;
SET LOCAL extra_float_digits = -3;
-- What the product keeps of a cluster: euclidean distances to the mean, cosine similarities of pairs.
SELECT s.* FROM set, cluster_summaries(v, labels) s;
SELECT s.* FROM set, cluster_summaries(v::double precision[], labels, 'cosine') s;
SELECT m.* FROM set, cluster_members(v, labels) m;
SELECT m.* FROM set, cluster_members(v, labels, 'cosine') m WHERE is_representative;
-- By their definitions.
WITH member AS (
    SELECT labels[i] AS cluster, v[i][1]::double precision AS x, v[i][2]::double precision AS y FROM set, generate_subscripts(labels, 1) i WHERE labels[i] >= 0
), centre AS (
    SELECT cluster, avg(x) AS x, avg(y) AS y FROM member GROUP BY cluster
)
SELECT cluster, count(*) AS size, avg(sqrt((m.x - c.x) ^ 2 + (m.y - c.y) ^ 2)) AS avg_distance, stddev_pop(sqrt((m.x - c.x) ^ 2 + (m.y - c.y) ^ 2)) AS std_distance
FROM member m JOIN centre c USING (cluster) GROUP BY cluster ORDER BY cluster;
-- The representative by its name.
SELECT s.cluster, s.size, ('{a,b,c,d,e,f}'::text[])[s.representative] FROM set, cluster_summaries(v, labels) s;
-- Alone, zero, equal; empty; NULL.
SELECT * FROM cluster_summaries('{{1,1},{0,0},{0,0},{2,2},{2,2}}'::real[], ARRAY[5, 7, 7, 9, 9]);
SELECT * FROM cluster_summaries('{{1,1},{0,1}}'::real[], ARRAY[-1, -1]) UNION ALL SELECT * FROM cluster_summaries('{}'::real[], '{}')
UNION ALL SELECT * FROM cluster_summaries(NULL::real[], '{}') UNION ALL SELECT * FROM cluster_summaries('{}'::real[], NULL);
SELECT count(*) FROM cluster_members('{}'::real[], '{}');
SELECT count(*) FROM cluster_members(NULL::real[], NULL);
-- New vectors.
SELECT a.* FROM set, assign_clusters(ARRAY[[1, 0.3], [0, 9], [-1, -1], [0, 0]]::real[], v, labels, max_distance => 0.1) a;
SELECT a.* FROM set, assign_clusters(ARRAY[[1, 0.3], [0, 9], [-1, -1]]::double precision[], v::double precision[], labels, 0.1, 'centroid') a;
SELECT a.* FROM set, assign_clusters(ARRAY[[1, 0.3], [0, 9]]::real[], v, labels, 1.1, min_samples => 3, metric => 'euclidean') a;
SELECT * FROM assign_clusters(ARRAY[[1, 0]]::real[], ARRAY[[1, 0]]::real[], ARRAY[-1], 0.1);
SELECT count(*) FROM set, assign_clusters('{}'::real[], v, labels, 0.1);
SELECT * FROM assign_clusters(ARRAY[[1, 0]]::real[], '{}', '{}', 0.1);
SELECT count(*) FROM assign_clusters(NULL::real[], NULL, NULL, 0.1);
-- Thresholds: what each would give is what DBSCAN gives.
CREATE TABLE points AS SELECT array_agg(ARRAY[cos(t), sin(t)]::real[] ORDER BY t) AS v FROM unnest('{0,0.01,0.03,0.06,1,1.01,1.03,1.06,2,2.01,2.03,2.5,3,4,5.5}'::double precision[]) t;
SELECT e.* FROM points, suggest_eps(v) e;
SELECT e.eps FROM points, suggest_eps(v) e, cluster_report(v, eps => e.eps) r WHERE (r -> 'n_clusters')::int <> e.n_clusters OR (r -> 'noise_count')::int <> e.noise_count;
SELECT e.* FROM points, suggest_eps(v::double precision[], 4, 'euclidean') e WHERE suggested;
SELECT count(*) FROM suggest_eps('{}'::real[]);
SELECT count(*) FROM suggest_eps(NULL::real[]);
SELECT count(*) FROM suggest_eps('{{1,2},{1,2}}'::real[]);
-- Bad input, each with its own code.
SELECT * FROM refusal($$SELECT cluster_summaries(v, ARRAY[1]) FROM set$$);
SELECT * FROM refusal($$SELECT cluster_summaries(v, ARRAY[1, 1, 1, NULL, 1, 1]) FROM set$$);
SELECT * FROM refusal($$SELECT cluster_summaries(v, labels, 'manhattan') FROM set$$);
SELECT * FROM refusal($$SELECT cluster_summaries(v, labels, NULL) FROM set$$);
SELECT * FROM refusal($$SELECT cluster_summaries(ARRAY[1, 2]::real[], ARRAY[1])$$);
SELECT * FROM refusal($$SELECT cluster_members(v, '{}') FROM set$$);
SELECT * FROM refusal($$SELECT cluster_members(ARRAY[['NaN']]::real[], ARRAY[1])$$);
SELECT * FROM refusal($$SELECT assign_clusters(ARRAY[[1, 0, 0]]::real[], v, labels, 0.1) FROM set$$);
SELECT * FROM refusal($$SELECT assign_clusters(ARRAY[[1, 0]]::real[], v, ARRAY[1], 0.1) FROM set$$);
SELECT * FROM refusal($$SELECT assign_clusters(ARRAY[[1, 0]]::real[], v, labels, 0) FROM set$$);
SELECT * FROM refusal($$SELECT assign_clusters(ARRAY[[1, 0]]::real[], v, labels, NULL) FROM set$$);
SELECT * FROM refusal($$SELECT assign_clusters(ARRAY[[1, 0]]::real[], v, labels, 0.1, 'medoid') FROM set$$);
SELECT * FROM refusal($$SELECT assign_clusters(ARRAY[[1, 0]]::real[], v, labels, 0.1, NULL) FROM set$$);
SELECT * FROM refusal($$SELECT assign_clusters(ARRAY[[1, 0]]::real[], v, labels, 0.1, min_samples => 0) FROM set$$);
SELECT * FROM refusal($$SELECT assign_clusters(ARRAY[[1, 0]]::real[], v, labels, 0.1, min_samples => NULL) FROM set$$);
SELECT * FROM refusal($$SELECT suggest_eps(v, 1) FROM set$$);
SELECT * FROM refusal($$SELECT suggest_eps(v, -5) FROM set$$);
SELECT * FROM refusal($$SELECT suggest_eps(v, NULL) FROM set$$);
SELECT * FROM refusal($$SELECT suggest_eps(v, metric => 'l1') FROM set$$);
SELECT * FROM refusal($$SELECT suggest_eps('{{1,2},{0,0}}'::real[])$$);
SET LOCAL reviewpro.max_memory = '1MB';
SELECT * FROM refusal($$SELECT suggest_eps((SELECT array_agg(ARRAY[i, 1]::real[]) FROM generate_series(1, 2000) i))$$);
ROLLBACK;
