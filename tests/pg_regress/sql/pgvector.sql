-- Columns of pgvector's types go in through its casts.
BEGIN;
SET LOCAL client_min_messages = warning;
CREATE EXTENSION vector;
CREATE TABLE items (id int PRIMARY KEY, embedding vector(2));
INSERT INTO items VALUES (1, '[1,0]'), (2, '[0,1]'), (3, '[1,0.05]'), (4, NULL), (5, '[-1,-1]');
SELECT id, cluster_dbscan(embedding, 0.1) OVER (ORDER BY id) FROM items ORDER BY id;
SELECT id, cluster_dbscan(embedding::halfvec(2)::vector, 0.1) OVER (ORDER BY id) FROM items ORDER BY id;
SELECT id, cluster_agglomerative(embedding, 0.15) OVER (ORDER BY id) FROM items ORDER BY id;
SELECT cluster_embeddings(array_agg(embedding::real[] ORDER BY id), eps => 0.1) FROM items WHERE embedding IS NOT NULL;
SELECT * FROM cluster_query('SELECT id, embedding::real[] FROM items ORDER BY id', eps => 0.1);
SELECT * FROM refusal($$SELECT * FROM cluster_query('SELECT id, embedding FROM items')$$);
ROLLBACK;
