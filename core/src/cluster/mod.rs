//! Embeddings become clusters, with scikit-learn's labels.
