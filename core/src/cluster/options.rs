//! One call's options, as SQL passes them: checked here, once, for every algorithm.

use super::{DbscanParams, Embeddings, Metric, dbscan};
use crate::{Error, ErrorKind, Result, Task};

/// The options of `cluster_embeddings`; `None` is SQL's NULL.
#[derive(Clone, Debug)]
pub struct Options {
    /// `dbscan`.
    pub algorithm: String,
    /// DBSCAN: the largest distance of neighbours.
    pub eps: Option<f64>,
    /// DBSCAN: how many neighbours, itself included, make a core point.
    pub min_samples: Option<i32>,
    /// Agglomerative, k-means: how many clusters.
    pub n_clusters: Option<i32>,
    /// Agglomerative: merges at this distance or beyond do not happen.
    pub distance_threshold: Option<f64>,
    /// Agglomerative: how the distance of clusters is defined.
    pub linkage: String,
    /// `cosine` or `euclidean`.
    pub metric: String,
}

/// The label of every row.
///
/// # Errors
/// [`ErrorKind::InvalidParameter`] for an unknown word or a value out of range; otherwise as the algorithm.
pub fn cluster(embeddings: &Embeddings<'_>, options: &Options, task: &Task<'_>) -> Result<Vec<i32>> {
    let metric: Metric = options.metric.parse()?;
    match options.algorithm.as_str() {
        "dbscan" => {
            let eps = options.eps.ok_or_else(|| missing("eps"))?;
            let min_samples = options.min_samples.ok_or_else(|| missing("min_samples"))?;
            let params = DbscanParams::new(eps, usize::try_from(min_samples).unwrap_or(0), metric)?;
            dbscan(embeddings, &params, task)
        }
        other => Err(Error::new(
            ErrorKind::InvalidParameter,
            format!("unknown algorithm \"{other}\""),
        )
        .hint("Allowed values: dbscan.")),
    }
}

fn missing(name: &str) -> Error {
    Error::new(
        ErrorKind::NullNotAllowed,
        format!("{name} must not be null for this algorithm"),
    )
}
