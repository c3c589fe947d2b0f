SELECT round(silhouette_score(ARRAY[[1, 0], [0.9, 0.1], [0, 1], [0.1, 1]]::real[], ARRAY[0, 0, 1, 1])::numeric, 6);
SELECT metric, round(silhouette_score(ARRAY[[0], [1], [4], [5], [9]]::double precision[], ARRAY[7, 7, 3, 3, -1], metric)::numeric, 6) AS score,
       round(silhouette_score(ARRAY[[0], [1], [4], [5], [9]]::double precision[], ARRAY[7, 7, 3, 3, -1], metric, include_noise => false)::numeric, 6) AS without_noise
FROM unnest('{euclidean,sqeuclidean}'::text[]) metric;
SELECT silhouette_samples(ARRAY[[0], [1], [4], [5], [9]]::double precision[], ARRAY[0, 0, 1, 1, -1], 'sqeuclidean');
-- Noise that is left out is NULL, wherever it lies.
SELECT silhouette_samples(ARRAY[[9], [0], [1], [9], [4], [5], [9], [9], [9], [9]]::real[], ARRAY[-1, 0, 0, -1, 1, 1, -1, -1, -1, -1], 'sqeuclidean', false);
-- By scikit-learn's rule: 0 alone in a cluster, 0 where all is equal.
SELECT silhouette_samples(ARRAY[[0], [1], [1], [1]]::real[], ARRAY[5, 0, 0, 1], 'euclidean');
-- Not defined: fewer than two labels, or as many as vectors.
SELECT silhouette_score(ARRAY[[1, 0], [0, 1]]::real[], ARRAY[0, 0]), silhouette_score(ARRAY[[1, 0], [0, 1]]::real[], ARRAY[0, 1]),
       silhouette_score('{}'::real[], '{}'), silhouette_samples(ARRAY[[1, 0], [0, 1], [1, 1]]::real[], ARRAY[0, 0, -1], include_noise => false);
SELECT silhouette_score(NULL::real[], '{}'), silhouette_score('{}'::real[], NULL), silhouette_samples(NULL::real[], NULL);
-- Bad input, each with its own code.
SELECT * FROM refusal($$SELECT silhouette_score(ARRAY[[1, 0], [0, 1]]::real[], ARRAY[0])$$);
SELECT * FROM refusal($$SELECT silhouette_score(ARRAY[[1, 0], [0, 1]]::real[], '{}')$$);
SELECT * FROM refusal($$SELECT silhouette_score(ARRAY[[1, 0], [0, 1]]::real[], ARRAY[0, NULL])$$);
SELECT * FROM refusal($$SELECT silhouette_score(ARRAY[1, 0]::real[], ARRAY[0, 1])$$);
SELECT * FROM refusal($$SELECT silhouette_score(ARRAY[[1, 0], [NULL, 1]]::real[], ARRAY[0, 1])$$);
SELECT * FROM refusal($$SELECT silhouette_score(ARRAY[[1, 0], ['Infinity', 1], [1, 1]]::real[], ARRAY[0, 1, 1])$$);
SELECT * FROM refusal($$SELECT silhouette_score(ARRAY[[1, 0], [0, 1], [1, 1]]::real[], ARRAY[0, 1, 1], 'manhattan')$$);
SELECT * FROM refusal($$SELECT silhouette_score(ARRAY[[1, 0], [0, 1], [1, 1]]::real[], ARRAY[0, 1, 1], NULL)$$);
SELECT * FROM refusal($$SELECT silhouette_score(ARRAY[[1, 0], [0, 1], [1, 1]]::real[], ARRAY[0, 1, 1], include_noise => NULL)$$);
SELECT * FROM refusal($$SELECT silhouette_samples(ARRAY[[1, 0], [0, 1]]::real[], ARRAY[0])$$);
