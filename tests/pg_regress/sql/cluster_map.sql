BEGIN;
CREATE TABLE items (id int PRIMARY KEY, embedding real[]);
INSERT INTO items VALUES (1, '{1,0}'), (2, '{0,1}'), (3, '{1,0.05}'), (4, NULL), (5, '{0.05,1}'), (6, '{-1,-1}');
-- The rows and clusters of cluster_query, with places: near for what is alike.
CREATE TEMPORARY VIEW map AS SELECT * FROM cluster_map('SELECT id, embedding FROM items ORDER BY id', eps => 0.1);
SELECT id, cluster, round(x::numeric, 4) AS x, round(y::numeric, 4) AS y FROM map;
SELECT count(*) AS differences FROM (SELECT id, cluster FROM map EXCEPT SELECT * FROM cluster_query('SELECT id, embedding FROM items', eps => 0.1)) d;
-- What is measured from the middle adds up to nothing.
SELECT abs(sum(x)) < 1e-12 AS x, abs(sum(y)) < 1e-12 AS y FROM map;
SELECT id, cluster, round(x::numeric, 4) AS x, round(y::numeric, 4) AS y
FROM cluster_map($$VALUES (1, '{0,0,5}'::float8[]), (2, '{4,0,5}'), (3, '{0,2,5}'), (4, '{4,2,5}')$$, metric => 'euclidean', eps => 2);
SELECT * FROM cluster_map('SELECT id, embedding FROM items WHERE id = 1');
SELECT * FROM cluster_map('SELECT id, embedding FROM items WHERE false');
SELECT * FROM cluster_map('SELECT id, embedding FROM items WHERE embedding IS NULL');
SELECT * FROM cluster_map($$VALUES (1, '{1,2}'::real[]), (2, '{1,2}'), (3, '{2,4}')$$);
-- What does not exist, what is no map.
SELECT * FROM refusal('SELECT * FROM cluster_map(NULL)');
SELECT * FROM refusal('SELECT * FROM cluster_map(''SELECT id FROM items'')');
SELECT * FROM refusal($$SELECT * FROM cluster_map($q$VALUES (1, '{1}'::real[]), (2, '{1,2}')$q$)$$);
SELECT * FROM refusal($$SELECT * FROM cluster_map($q$VALUES (1, '{NaN}'::real[])$q$)$$);
SELECT * FROM refusal('SELECT * FROM cluster_map(''DELETE FROM items RETURNING id, embedding'')');
ROLLBACK;
