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
-- Agglomerative: by number or by distance, four linkages.
SELECT cluster_embeddings(ARRAY[[0], [1], [1.5], [5], [5.2]]::real[], 'agglomerative', metric => 'euclidean', n_clusters => 2);
SELECT linkage, cluster_embeddings(ARRAY[[0], [1], [1.5], [5], [5.2]]::real[], 'agglomerative', metric => 'euclidean', distance_threshold => 1.2, linkage => linkage)
FROM unnest('{average,complete,single,ward}'::text[]) linkage;
SELECT cluster_embeddings('{}'::real[], 'agglomerative', n_clusters => 3), cluster_embeddings('{{1,2}}'::real[], 'agglomerative', distance_threshold => 1);
-- k-means: a given number, numbered by first member, the same at every call.
SELECT cluster_embeddings(ARRAY[[0], [1], [1.5], [5], [5.2]]::real[], 'kmeans', metric => 'euclidean', n_clusters => 2);
SELECT cluster_embeddings(ARRAY[[1, 0], [0, 1], [2, 0.1], [0.1, 3]]::double precision[], 'kmeans', n_clusters => 2), cluster_embeddings('{}'::real[], 'kmeans', n_clusters => 3);
-- Defaults of other algorithms' options are not looked at.
SELECT cluster_embeddings(ARRAY[[1, 0], [0, 1]]::real[], 'agglomerative', eps => NULL, min_samples => NULL, n_clusters => 1);
SELECT cluster_embeddings(ARRAY[[1, 0], [1, 0]]::real[], linkage => 'ward');
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
SELECT * FROM refusal($$SELECT cluster_embeddings(ARRAY[[1, 2]]::real[], metric => NULL)$$);
SELECT * FROM refusal($$SELECT cluster_embeddings(ARRAY[[1, 2]]::real[], min_samples => NULL)$$);
SELECT * FROM refusal($$SELECT cluster_embeddings(ARRAY[[1, 2]]::real[], min_samples => -2147483648)$$);
SELECT * FROM refusal($$SELECT cluster_embeddings(ARRAY[[1, 2]]::real[], n_clusters => 2)$$);
SELECT * FROM refusal($$SELECT cluster_embeddings(ARRAY[[1, 2]]::real[], distance_threshold => 0.15)$$);
SELECT * FROM refusal($$SELECT cluster_embeddings(ARRAY[[1, 2]]::real[], 'agglomerative')$$);
SELECT * FROM refusal($$SELECT cluster_embeddings(ARRAY[[1, 2]]::real[], 'agglomerative', n_clusters => 2)$$);
SELECT * FROM refusal($$SELECT cluster_embeddings(ARRAY[[1, 2]]::real[], 'agglomerative', n_clusters => 0)$$);
SELECT * FROM refusal($$SELECT cluster_embeddings(ARRAY[[1, 2]]::real[], 'agglomerative', n_clusters => 1, distance_threshold => 1)$$);
SELECT * FROM refusal($$SELECT cluster_embeddings(ARRAY[[1, 2]]::real[], 'agglomerative', distance_threshold => 'Infinity')$$);
SELECT * FROM refusal($$SELECT cluster_embeddings(ARRAY[[1, 2]]::real[], 'agglomerative', n_clusters => 1, linkage => 'median')$$);
SELECT * FROM refusal($$SELECT cluster_embeddings(ARRAY[[1, 2]]::real[], 'agglomerative', n_clusters => 1, linkage => NULL)$$);
SELECT * FROM refusal($$SELECT cluster_embeddings(ARRAY[[1, 2]]::real[], 'agglomerative', n_clusters => 1, linkage => 'ward')$$);
SELECT * FROM refusal($$SELECT cluster_embeddings(ARRAY[[1, 2], [0, 0]]::real[], 'agglomerative', n_clusters => 1)$$);
SELECT * FROM refusal($$SELECT cluster_embeddings(ARRAY[[1, 2]]::real[], 'kmeans')$$);
SELECT * FROM refusal($$SELECT cluster_embeddings(ARRAY[[1, 2]]::real[], 'kmeans', n_clusters => 2)$$);
SELECT * FROM refusal($$SELECT cluster_embeddings(ARRAY[[1, 2]]::real[], 'kmeans', n_clusters => 1, distance_threshold => 1)$$);
SELECT * FROM refusal($$SELECT cluster_embeddings(ARRAY[[1, 2], [0, 0]]::real[], 'kmeans', n_clusters => 1)$$);
SELECT * FROM refusal($$SELECT cluster_embeddings(array_fill(1::real, ARRAY[1, 16001]))$$);
SELECT * FROM refusal($$SELECT cluster_embeddings(ARRAY[[1, 2], [1, 1e308]]::double precision[], 'agglomerative', metric => 'euclidean', n_clusters => 1)$$);
-- More than reviewpro.max_memory: refused before it begins, with the way out.
SET reviewpro.max_memory = '1MB';
SELECT * FROM refusal($$SELECT cluster_embeddings((SELECT array_agg(ARRAY[i, 1]::real[]) FROM generate_series(1, 2000) i), 'agglomerative', n_clusters => 2)$$);
RESET reviewpro.max_memory;
