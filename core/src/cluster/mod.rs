//! Embeddings become clusters, with scikit-learn's labels.
//!
//! * [`agglomerative`](mod@agglomerative): hierarchical clusters by average, complete, single or ward linkage.
//! * [`collected`]: vectors that arrive one by one, put together to one matrix.
//! * [`embeddings`]: the checked matrix that every algorithm takes.
//! * [`metric`]: cosine and euclidean distance between rows.
//! * [`dbscan`](mod@dbscan): density-based clusters in one pass over the pairs.
//! * [`neighbours`]: which pairs of rows are near each other, exactly; what DBSCAN and threshold linkage stand on.
//! * [`options`]: the algorithm and options that SQL names, checked.
//! * [`report`]: a clustering with what one wants to know about it.
//! * [`silhouette`]: how well rows sit in their clusters.
//! * [`union_find`]: connected components.
//! * [`simd`]: kernels for the instruction sets of one machine.
//! * [`parallel`]: scoped threads.

pub mod agglomerative;
pub mod collected;
pub mod dbscan;
pub mod embeddings;
pub mod metric;
pub mod neighbours;
pub mod options;
pub mod parallel;
pub mod report;
pub mod silhouette;
pub mod simd;
pub mod union_find;

mod groups;
mod pairs;

pub use agglomerative::{AgglomerativeParams, Linkage, agglomerative};
pub use collected::Collected;
pub use dbscan::{DbscanParams, dbscan};
pub use embeddings::Embeddings;
pub use metric::Metric;
pub use options::{Algorithm, Options};
pub use report::Report;
pub use silhouette::{NoiseRows, SilhouetteMetric, silhouette_samples, silhouette_score};

/// The label of a point that belongs to no cluster. Clusters are numbered from 0.
pub const NOISE: i32 = -1;

/// Whether there is one label per row.
fn check_labels(embeddings: &Embeddings<'_>, labels: &[i32]) -> crate::Result<()> {
    if embeddings.rows() == labels.len() {
        return Ok(());
    }
    Err(crate::Error::new(
        crate::ErrorKind::ArrayShape,
        format!(
            "{} labels were given for {} vectors",
            labels.len(),
            embeddings.rows()
        ),
    ))
}
