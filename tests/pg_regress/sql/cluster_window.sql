BEGIN;
CREATE TABLE items (id int PRIMARY KEY, owner int, embedding real[]);
INSERT INTO items VALUES
    (1, 1, '{1,0}'), (2, 1, '{0,1}'), (3, 1, '{1,0.05}'), (4, 1, NULL), (5, 1, '{0,0}'), (6, 1, '{0.05,1}'), (7, 1, '{-1,-1}'),
    (8, 2, '{1,0,0}'), (9, 2, '{1,0.01,0}'), (10, 3, NULL), (11, 4, '{5,5}');
-- One set per partition, each with its own dimensions; noise and NULL vectors are NULL.
SELECT id, owner, cluster_dbscan(embedding, 0.1) OVER (PARTITION BY owner ORDER BY id) FROM items ORDER BY id;
-- As the array form, where noise is -1.
SELECT cluster_embeddings(array_agg(embedding ORDER BY id), eps => 0.1) FROM items WHERE owner = 1 AND embedding IS NOT NULL;
SELECT id, cluster_dbscan(embedding, 0.1, min_samples => 1) OVER w AS one, cluster_dbscan(embedding, eps => 0.2, metric => 'euclidean') OVER w AS two
FROM items WHERE owner = 1 WINDOW w AS (ORDER BY id) ORDER BY id;
SELECT id, cluster_dbscan(embedding::double precision[], 0.1) OVER (PARTITION BY owner ORDER BY id) FROM items WHERE owner = 2 ORDER BY id;
-- The set is the partition, whatever the frame.
SELECT id, cluster_dbscan(embedding, 0.1) OVER (ORDER BY id ROWS BETWEEN CURRENT ROW AND CURRENT ROW) FROM items WHERE owner = 1 ORDER BY id;
-- Numbers follow the window's order.
SELECT id, cluster_dbscan(embedding, 0.1) OVER (ORDER BY id DESC) FROM items WHERE owner = 1 ORDER BY id;
SELECT id, cluster_agglomerative(embedding, 0.15) OVER w AS threshold, cluster_agglomerative(embedding, n_clusters => 2) OVER w AS two,
       cluster_agglomerative(embedding, 0.5, 'ward', 'euclidean') OVER w AS ward
FROM items WHERE owner = 1 AND id <> 5 WINDOW w AS (ORDER BY id) ORDER BY id;
SELECT id, cluster_kmeans(embedding, 3) OVER w AS cosine, cluster_kmeans(embedding, 2, 'euclidean') OVER w AS euclidean, cluster_kmeans(embedding, 3, seed => 42) OVER w AS seeded
FROM items WHERE owner = 1 AND id <> 5 WINDOW w AS (ORDER BY id) ORDER BY id;
-- Options may differ by partition.
SELECT id, owner, cluster_dbscan(embedding, CASE owner WHEN 1 THEN 0.1 ELSE 1e-9 END) OVER (PARTITION BY owner ORDER BY id) FROM items ORDER BY id;
SELECT count(*) FROM (SELECT cluster_dbscan(embedding, 0.1) OVER () FROM items WHERE false) none;
-- Toasted and compressed vectors, other lower bounds.
CREATE TABLE long (id int, embedding real[]);
INSERT INTO long SELECT i, array_agg(CASE WHEN j % 3 = i % 3 THEN 1 ELSE 0 END::real ORDER BY j) FROM generate_series(1, 6) i, generate_series(1, 4000) j GROUP BY i;
UPDATE long SET embedding = ('[7:4006]=' || embedding::text)::real[] WHERE id = 6;
SELECT id, cluster_dbscan(embedding, 0.1) OVER (ORDER BY id) FROM long ORDER BY id;
ALTER TABLE long ALTER embedding SET STORAGE EXTERNAL;
UPDATE long SET embedding = embedding || '{}'::real[];
SELECT id, cluster_dbscan(embedding, 0.1) OVER (ORDER BY id) FROM long ORDER BY id;
-- Bad input, each with its own code.
SELECT * FROM refusal($$SELECT cluster_dbscan(embedding, 0.1) FROM items$$);
SELECT * FROM refusal($$SELECT cluster_dbscan(embedding, 0.1) OVER (ORDER BY id) FROM items$$);
SELECT * FROM refusal($$SELECT cluster_dbscan(ARRAY[[1, 2]]::real[], 0.1) OVER ()$$);
SELECT * FROM refusal($$SELECT cluster_dbscan(v::real[], 0.1) OVER () FROM (VALUES ('{1,2}'), ('{}')) t (v)$$);
SELECT * FROM refusal($$SELECT cluster_dbscan(v::real[], 0.1) OVER () FROM (VALUES ('{1,2}'), (NULL), ('{1,NULL}')) t (v)$$);
SELECT * FROM refusal($$SELECT cluster_dbscan(v::real[], 0.1) OVER () FROM (VALUES ('{1,2}'), ('{1,NaN}')) t (v)$$);
SELECT * FROM refusal($$SELECT cluster_dbscan(v::double precision[], 0.1) OVER () FROM (VALUES ('{1,2}'), ('{Infinity,1}')) t (v)$$);
SELECT * FROM refusal($$SELECT cluster_dbscan(array_fill(1::real, ARRAY[16001]), 0.1) OVER ()$$);
SELECT * FROM refusal($$SELECT cluster_dbscan(embedding, 0) OVER (PARTITION BY owner) FROM items$$);
SELECT * FROM refusal($$SELECT cluster_dbscan(embedding, NULL) OVER (PARTITION BY owner) FROM items$$);
SELECT * FROM refusal($$SELECT cluster_dbscan(embedding, 0.1, 0) OVER (PARTITION BY owner) FROM items$$);
SELECT * FROM refusal($$SELECT cluster_dbscan(embedding, 0.1, NULL) OVER (PARTITION BY owner) FROM items$$);
SELECT * FROM refusal($$SELECT cluster_dbscan(embedding, 0.1, metric => 'l2') OVER (PARTITION BY owner) FROM items$$);
SELECT * FROM refusal($$SELECT cluster_dbscan(embedding, 0.1, metric => NULL) OVER (PARTITION BY owner) FROM items$$);
SELECT * FROM refusal($$SELECT cluster_agglomerative(embedding) OVER (PARTITION BY owner) FROM items WHERE id <> 5$$);
SELECT * FROM refusal($$SELECT cluster_agglomerative(embedding, 0.1, n_clusters => 2) OVER (PARTITION BY owner) FROM items WHERE id <> 5$$);
SELECT * FROM refusal($$SELECT cluster_agglomerative(embedding, -1) OVER (PARTITION BY owner) FROM items WHERE id <> 5$$);
SELECT * FROM refusal($$SELECT cluster_agglomerative(embedding, 0.1, 'centroid') OVER (PARTITION BY owner) FROM items WHERE id <> 5$$);
SELECT * FROM refusal($$SELECT cluster_agglomerative(embedding, 0.1, 'ward') OVER (PARTITION BY owner) FROM items WHERE id <> 5$$);
SELECT * FROM refusal($$SELECT cluster_agglomerative(embedding, n_clusters => 9) OVER (PARTITION BY owner) FROM items WHERE id <> 5$$);
SELECT * FROM refusal($$SELECT cluster_agglomerative(embedding, 0.1) OVER (PARTITION BY owner ORDER BY id) FROM items$$);
SELECT * FROM refusal($$SELECT cluster_kmeans(embedding, 0) OVER (PARTITION BY owner) FROM items WHERE id <> 5$$);
SELECT * FROM refusal($$SELECT cluster_kmeans(embedding, NULL) OVER (PARTITION BY owner) FROM items WHERE id <> 5$$);
SELECT * FROM refusal($$SELECT cluster_kmeans(embedding, 9) OVER (PARTITION BY owner) FROM items WHERE id <> 5$$);
SELECT * FROM refusal($$SELECT cluster_kmeans(embedding, 2, seed => NULL) OVER (PARTITION BY owner) FROM items WHERE id <> 5$$);
SELECT * FROM refusal($$SELECT cluster_kmeans(embedding, 2) OVER (PARTITION BY owner) FROM items WHERE owner = 1$$);
-- More than reviewpro.max_memory.
SET LOCAL reviewpro.max_memory = '1MB';
SELECT * FROM refusal($$SELECT cluster_dbscan(ARRAY[i, 1]::real[], 0.1) OVER () FROM generate_series(1, 200000) i$$);
ROLLBACK;
