-- The clusters of one set of embeddings, with silhouette and sizes.
\set set random(1, :sets)
SELECT cluster_report(embeddings) FROM load_embeddings WHERE id = :set;
