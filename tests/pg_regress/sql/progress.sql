-- Nothing runs; what one sees of running calls is tested from a second connection.
SELECT * FROM reviewpro_progress;
SELECT * FROM reviewpro_progress();
-- A call that fails leaves nothing behind, nor does one within another.
SELECT code FROM refusal($$SELECT cluster_embeddings(ARRAY[[1, 'NaN']]::real[])$$);
SELECT phase, percent FROM cluster_query('SELECT pid, ARRAY[1]::real[] FROM reviewpro_progress') c, reviewpro_progress() p;
SELECT count(*) FROM reviewpro_progress;
