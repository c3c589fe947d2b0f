SELECT cluster_embeddings(ARRAY[[1, 0], [0.9, 0.1], [0, 1]]::real[], eps => 0.1);
SELECT cluster_embeddings(ARRAY[[1, 0], [0.9, 0.1], [0, 1], [0, 2]]::double precision[], eps => 0.1);
SELECT cluster_embeddings(ARRAY[[0], [1], [1.5], [5]]::real[], metric => 'euclidean', eps => 1);
-- Numbered by first core point; a border point takes the lowest label.
SELECT cluster_embeddings(ARRAY[[9], [0], [0.1], [9.1]]::real[], metric => 'euclidean', eps => 0.5);
-- Empty, one row, all equal, zero vectors.
SELECT cluster_embeddings('{}'::real[]), cluster_embeddings(NULL::real[]);
SELECT cluster_embeddings(ARRAY[[1, 2]]::real[]), cluster_embeddings(ARRAY[[1, 2]]::real[], min_samples => 1);
SELECT cluster_embeddings(ARRAY[[1, 2], [1, 2], [1, 2]]::real[]);
SELECT cluster_embeddings(ARRAY[[0, 0], [0, 0], [1, 0], [1, 0]]::real[]);
-- Other lower bounds: storage order.
SELECT cluster_embeddings('[5:6][-1:0]={{1,0},{1,0}}'::real[]);
-- Bad input, each with its own code.
SELECT * FROM refusal($$SELECT cluster_embeddings(ARRAY[1, 2]::real[])$$);
SELECT * FROM refusal($$SELECT cluster_embeddings(ARRAY[[[1]]]::real[])$$);
SELECT * FROM refusal($$SELECT cluster_embeddings(ARRAY[[1, NULL]]::real[])$$);
SELECT * FROM refusal($$SELECT cluster_embeddings(ARRAY[[1, 'NaN']]::real[])$$);
SELECT * FROM refusal($$SELECT cluster_embeddings(ARRAY[[1, 2], ['-Infinity', 1]]::double precision[])$$);
SELECT * FROM refusal($$SELECT cluster_embeddings(ARRAY[[1, 2]]::real[], eps => 0)$$);
SELECT * FROM refusal($$SELECT cluster_embeddings(ARRAY[[1, 2]]::real[], eps => 'NaN')$$);
SELECT * FROM refusal($$SELECT cluster_embeddings(ARRAY[[1, 2]]::real[], eps => NULL)$$);
SELECT * FROM refusal($$SELECT cluster_embeddings(ARRAY[[1, 2]]::real[], min_samples => 0)$$);
SELECT * FROM refusal($$SELECT cluster_embeddings(ARRAY[[1, 2]]::real[], algorithm => 'k-means')$$);
SELECT * FROM refusal($$SELECT cluster_embeddings(ARRAY[[1, 2]]::real[], algorithm => NULL)$$);
SELECT * FROM refusal($$SELECT cluster_embeddings(ARRAY[[1, 2]]::real[], metric => 'manhattan')$$);
