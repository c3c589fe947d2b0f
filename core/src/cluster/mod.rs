//! Embeddings become clusters, with scikit-learn's labels.
//!
//! * [`agglomerative`](mod@agglomerative): hierarchical clusters by average, complete, single or ward linkage.
//! * [`collected`]: vectors that arrive one by one, put together to one matrix.
//! * [`embeddings`]: the checked matrix that every algorithm takes.
//! * [`metric`]: cosine and euclidean distance between rows.
//! * [`dbscan`](mod@dbscan): density-based clusters in one pass over the pairs.
//! * [`neighbours`]: which pairs of rows are near each other, exactly; what DBSCAN and threshold linkage stand on.
//! * [`options`]: the algorithm and options that SQL names, checked.
//! * [`union_find`]: connected components.

pub mod agglomerative;
pub mod collected;
pub mod dbscan;
pub mod embeddings;
pub mod metric;
pub mod neighbours;
pub mod options;
pub mod union_find;

mod pairs;
mod parallel;
mod simd;

pub use agglomerative::{AgglomerativeParams, Linkage, agglomerative};
pub use collected::Collected;
pub use dbscan::{DbscanParams, dbscan};
pub use embeddings::Embeddings;
pub use metric::Metric;
pub use options::{Algorithm, Options};

/// The label of a point that belongs to no cluster. Clusters are numbered from 0.
pub const NOISE: i32 = -1;
