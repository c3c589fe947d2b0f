BEGIN;
CREATE TABLE items (id int PRIMARY KEY, owner name, embedding real[]);
INSERT INTO items VALUES
    (1, 'a', '{1,0}'), (2, 'a', '{0,1}'), (3, 'b', '{1,0.05}'), (4, 'b', NULL), (5, 'b', '{0,0}'), (6, 'b', '{0.05,1}'), (7, 'b', '{-1,-1}');
-- One row per row of the query, in its order; noise and NULL vectors are NULL.
SELECT * FROM cluster_query('SELECT id, embedding FROM items ORDER BY id', eps => 0.1);
-- As the array form, where noise is -1.
SELECT cluster_embeddings(array_agg(embedding ORDER BY id), eps => 0.1) FROM items WHERE embedding IS NOT NULL;
SELECT * FROM cluster_query('SELECT id, embedding::double precision[] FROM items ORDER BY id DESC', eps => 0.1);
SELECT * FROM cluster_query('SELECT id, embedding FROM items WHERE id <> 5 ORDER BY id', 'agglomerative', distance_threshold => 0.15);
SELECT * FROM cluster_query('SELECT id, embedding FROM items WHERE id <> 5 ORDER BY id', algorithm => 'agglomerative', n_clusters => 2);
-- Ids of any type, as text; duplicates are the query's own affair.
SELECT * FROM cluster_query($$VALUES ('a'::text, '{1,0}'::real[]), ('a', '{1,0}')$$);
SELECT * FROM cluster_query($$SELECT '10d6ef5c-3c0d-4a5e-8a41-0d1d6d6a8b8c'::uuid, '{1,0}'::real[]$$);
SELECT * FROM cluster_query($$SELECT row(1, 'é'), '{1,0}'::real[]$$);
SELECT * FROM cluster_query('SELECT id, embedding FROM items WHERE false');
-- Joined back.
SELECT i.id, i.owner, c.cluster FROM items i JOIN cluster_query('SELECT id, embedding FROM items ORDER BY id', eps => 0.1) c ON c.id = i.id::text ORDER BY i.id;
-- Called within PL/pgSQL and within itself, with other statements' portals open.
CREATE FUNCTION clusters() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE total bigint := 0; found record;
BEGIN
    FOR found IN SELECT id FROM items ORDER BY id LOOP
        total := total + (SELECT count(cluster) FROM cluster_query('SELECT id, embedding FROM items', eps => 0.1));
    END LOOP;
    RETURN total;
END $$;
SELECT clusters();
SELECT * FROM cluster_query($$SELECT c.id, i.embedding FROM cluster_query('SELECT id, embedding FROM items ORDER BY id', eps => 0.1) c JOIN items i ON i.id::text = c.id ORDER BY c.id$$, eps => 0.1);
-- More than one batch, more than one array's worth of a row.
SELECT count(*), count(cluster), count(DISTINCT cluster) FROM cluster_query('SELECT i, ARRAY[i % 5 + 1, 0, (i % 5 + 1) * 3 * (i % 5)]::real[] FROM generate_series(1, 1000) i', eps => 1e-6);
-- Row-level security is the caller's.
CREATE ROLE reviewpro_a;
GRANT SELECT ON items TO reviewpro_a;
ALTER TABLE items ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON items USING (owner = 'a');
SET LOCAL ROLE reviewpro_a;
SELECT * FROM cluster_query('SELECT id, embedding FROM items ORDER BY id', eps => 0.1);
SELECT * FROM refusal($$SELECT * FROM cluster_query('SELECT oid, ARRAY[1]::real[] FROM pg_authid')$$);
RESET ROLE;
-- It reads only.
SELECT code, message FROM refusal($$SELECT * FROM cluster_query('DELETE FROM items RETURNING id, embedding')$$);
SELECT code, message FROM refusal($$SELECT * FROM cluster_query('WITH gone AS (DELETE FROM items RETURNING *) SELECT id, embedding FROM gone')$$);
SELECT code, message FROM refusal($$SELECT * FROM cluster_query('SELECT id, embedding FROM items FOR UPDATE')$$);
SELECT code, message FROM refusal($$SELECT * FROM cluster_query('DROP TABLE items')$$);
SELECT code, message FROM refusal($$SELECT * FROM cluster_query('SELECT 1, ARRAY[1]::real[]; DROP TABLE items')$$);
SELECT code, message FROM refusal($$SELECT * FROM cluster_query('')$$);
SELECT count(*) FROM items;
-- Bad queries, each with its own code.
SELECT * FROM refusal($$SELECT * FROM cluster_query(NULL)$$);
SELECT code, message FROM refusal($$SELECT * FROM cluster_query('SELECT')$$);
SELECT code, message FROM refusal($$SELECT * FROM cluster_query('nonsense')$$);
SELECT * FROM refusal($$SELECT * FROM cluster_query('SELECT embedding FROM items')$$);
SELECT * FROM refusal($$SELECT * FROM cluster_query('SELECT id, embedding, owner FROM items')$$);
SELECT * FROM refusal($$SELECT * FROM cluster_query('SELECT embedding, id FROM items')$$);
SELECT * FROM refusal($$SELECT * FROM cluster_query('SELECT id, ARRAY[1, 2] FROM items')$$);
SELECT * FROM refusal($$SELECT * FROM cluster_query('SELECT id, ''{1,2}'' FROM items')$$);
SELECT * FROM refusal($$SELECT * FROM cluster_query('SELECT NULL, embedding FROM items')$$);
SELECT * FROM refusal($$SELECT * FROM cluster_query('SELECT nullif(id, 2), embedding FROM items ORDER BY id')$$);
SELECT * FROM refusal($$SELECT * FROM cluster_query('SELECT i, array_fill(1::real, ARRAY[i]) FROM generate_series(2, 3) i')$$);
SELECT * FROM refusal($$SELECT * FROM cluster_query('SELECT 1, ARRAY[[1, 2]]::real[]')$$);
SELECT * FROM refusal($$SELECT * FROM cluster_query('SELECT 1, ARRAY[1, NULL]::real[]')$$);
SELECT * FROM refusal($$SELECT * FROM cluster_query('SELECT 1, ''{}''::real[]')$$);
SELECT * FROM refusal($$SELECT * FROM cluster_query('SELECT i, ARRAY[0, ''-Infinity'']::real[] FROM generate_series(1, 2) i')$$);
SELECT * FROM refusal($$SELECT * FROM cluster_query('SELECT id, embedding FROM items', eps => -1)$$);
SELECT * FROM refusal($$SELECT * FROM cluster_query('SELECT id, embedding FROM items', n_clusters => 2)$$);
SELECT * FROM refusal($$SELECT * FROM cluster_query('SELECT id, embedding FROM items', 'agglomerative')$$);
SELECT * FROM refusal($$SELECT * FROM cluster_query('SELECT id, embedding FROM items', 'agglomerative', distance_threshold => 0.15)$$);
SELECT * FROM refusal($$SELECT * FROM cluster_query('SELECT id, embedding FROM items', NULL)$$);
-- More than reviewpro.max_memory, by vectors and by ids.
SET LOCAL reviewpro.max_memory = '1MB';
SELECT * FROM refusal($$SELECT * FROM cluster_query('SELECT i, ARRAY[i, 1]::real[] FROM generate_series(1, 200000) i')$$);
SELECT code, message, hint FROM refusal($$SELECT * FROM cluster_query('SELECT repeat(''x'', 1000), NULL::real[] FROM generate_series(1, 2000) i')$$);
ROLLBACK;
