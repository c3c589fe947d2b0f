-- Nothing runs; what one sees of running calls is tested from a second connection.
SELECT * FROM reviewpro_progress;
SELECT * FROM reviewpro_progress();
-- A call that fails leaves nothing behind, nor does one within another.
SELECT code FROM refusal($$SELECT cluster_embeddings(ARRAY[[1, 'NaN']]::real[])$$);
SELECT count(*) FROM cluster_query('SELECT phase, ARRAY[1]::real[] FROM reviewpro_progress');
SELECT id AS phase FROM cluster_query('SELECT phase, ARRAY[1]::real[] FROM reviewpro_progress');
SELECT id AS outer_phase FROM cluster_query($$SELECT phase, ARRAY[1]::real[] FROM cluster_query('SELECT 1, ARRAY[1]::real[]') c, reviewpro_progress$$);
SELECT count(*) FROM reviewpro_progress;
-- Everybody may look: progress bars are not for superusers alone.
SELECT has_table_privilege('public', 'reviewpro_progress', 'SELECT');
