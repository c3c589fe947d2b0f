//! Embeddings become clusters, with scikit-learn's labels.
//!
//! * [`agglomerative`](mod@agglomerative): hierarchical clusters by average, complete, single or ward linkage.
//! * [`assign`]: new rows into existing clusters.
//! * [`collected`]: vectors that arrive one by one, put together to one matrix.
//! * [`embeddings`]: the checked matrix that every algorithm takes.
//! * [`kmeans`](mod@kmeans): a given number of clusters around centroids.
//! * [`metric`]: cosine and euclidean distance between rows.
//! * [`dbscan`](mod@dbscan): density-based clusters in one pass over the pairs.
//! * [`neighbours`]: which pairs of rows are near each other, exactly; what DBSCAN and threshold linkage stand on.
//! * [`options`]: the algorithm and options that SQL names, checked.
//! * [`projection`]: a map of vectors in two dimensions.
//! * [`report`]: a clustering with what one wants to know about it.
//! * [`silhouette`]: how well rows sit in their clusters.
//! * [`suggest`]: help in choosing eps.
//! * [`summary`]: what is worth knowing of clusters and their members.
//! * [`union_find`]: connected components.
//! * [`simd`]: kernels for the instruction sets of one machine.
//! * [`parallel`]: scoped threads.

pub mod agglomerative;
pub mod assign;
pub mod collected;
pub mod dbscan;
pub mod embeddings;
pub mod kmeans;
pub mod metric;
pub mod neighbours;
pub mod options;
pub mod parallel;
pub mod projection;
pub mod report;
pub mod silhouette;
pub mod simd;
pub mod suggest;
pub mod summary;
pub mod union_find;

mod groups;
mod nearest;
mod pairs;

pub use agglomerative::{AgglomerativeParams, Linkage, agglomerative};
pub use assign::{AssignTo, Assignment, assign_clusters};
pub use collected::Collected;
pub use dbscan::{DbscanParams, dbscan};
pub use embeddings::Embeddings;
pub use kmeans::{KmeansParams, kmeans};
pub use metric::Metric;
pub use options::{Algorithm, Options};
pub use projection::project;
pub use report::Report;
pub use silhouette::{NoiseRows, SilhouetteMetric, silhouette_samples, silhouette_score};
pub use suggest::{EpsCandidate, suggest_eps};
pub use summary::{ClusterSummary, Member, members, summaries};

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

/// Rows shorter than this have no direction for cosine: scikit-learn's `normalize` leaves them as they are.
const SHORTEST_NORM: f64 = 10.0 * f64::EPSILON;

/// What a row of this norm is divided by to have length 1; 1 for one without direction.
fn unit_divisor(norm: f64) -> f64 {
    if norm < SHORTEST_NORM { 1.0 } else { norm }
}

/// Scales a vector to length 1; one without direction stays.
fn to_unit(vector: &mut [f64]) {
    let row = embeddings::Row::F64(vector);
    let divisor = unit_divisor(simd::dot(row, row).sqrt());
    vector.iter_mut().for_each(|value| *value /= divisor);
}

/// Whether every row has a direction: not so when all its values are 0. `work` names what needs one.
fn refuse_zeros(embeddings: &Embeddings<'_>, work: &str, task: &crate::Task<'_>) -> crate::Result<()> {
    for i in 0..embeddings.rows() {
        if i.is_multiple_of(256) {
            task.check()?;
        }
        let zero = match embeddings.row(i) {
            embeddings::Row::F32(row) => row.iter().all(|&value| value == 0.0),
            embeddings::Row::F64(row) => row.iter().all(|&value| value == 0.0),
        };
        if zero {
            return Err(crate::Error::new(
                crate::ErrorKind::InvalidParameter,
                format!("{work} cannot take a vector of zeros"),
            )
            .detail(format!("Row {} has no direction.", i + 1))
            .hint("Leave such rows out, use metric \"euclidean\", or dbscan, which labels them noise."));
        }
    }
    Ok(())
}
