//! Agglomerative (hierarchical) clustering with scikit-learn's labels, numbering included.
//!
//! Every row starts as a cluster; the two nearest clusters are joined again and again. Which are the nearest is
//! the [`Linkage`]'s to say. Ways to the answer, all to the same one:
//!
//! * `by_tree`: the square matrix of distances, bit for bit SciPy's, then [`chain`] or [`prim`]. Equal to
//!   scikit-learn whatever the ties. 8 n² bytes.
//! * [`components`]: with a distance threshold only rows connected by distances below it can end in one cluster,
//!   so small matrices suffice; for a number of clusters a threshold is found. It notices ties that could make a difference and then leaves the work to `by_tree`.
//! * [`certificate`]: the same tree in O(n d) memory, for sets whose matrix is too large.

mod below;
mod certificate;
mod chain;
mod components;
mod cut;
mod linkage;
mod prim;
mod sums;
mod tree;

use super::pairs::{Packed, RowDistance, all_rows};
use super::{Embeddings, Metric};
use crate::task::try_filled;
use crate::{Error, ErrorKind, Result, Task};
use linkage::Until;
pub use linkage::{AgglomerativeParams, Linkage};
use tree::Tree;

/// Up to so many rows the answer is scikit-learn's even where distances are equal; 2 GiB of distances. Not a
/// setting: the labels of a set must not depend on one.
const DENSE_ROWS: usize = 16_384;

/// The label of every row, `0..k`.
///
/// Labels are those of scikit-learn's `AgglomerativeClustering`, numbering included. Beyond [16,384
/// rows](DENSE_ROWS), where scikit-learn needs more than 4 GiB: with a distance threshold, sets with more than
/// 16,384 clusters, and all linkages but average-cosine and ward, are numbered by first member; equal
/// distances may be resolved in another order. No rows give no labels; one row (which scikit-learn
/// refuses) is cluster 0.
///
/// # Errors
/// [`ErrorKind::InvalidParameter`] when there are fewer rows than clusters asked for, or a row of zeros with
/// cosine; [`ErrorKind::InvalidData`] when distances leave the range of f64; [`ErrorKind::OutOfMemory`],
/// [`ErrorKind::Cancelled`].
pub fn agglomerative(
    embeddings: &Embeddings<'_>,
    params: &AgglomerativeParams,
    task: &Task<'_>,
) -> Result<Vec<i32>> {
    let n = embeddings.rows();
    if let Until::Clusters(k) = params.until
        && n > 0
        && k > n
    {
        return Err(Error::new(
            ErrorKind::InvalidParameter,
            format!("cannot form {k} clusters of {n} vectors"),
        )
        .hint("n_clusters must not be larger than the number of vectors."));
    }
    if params.metric == Metric::Cosine {
        super::refuse_zeros(embeddings, "cosine linkage", task)?;
    }
    if n < 2 {
        return try_filled(n, 0);
    }
    let labels = match params.until {
        Until::Distance(threshold) if components::suits(n, params) => {
            components::labels(embeddings, params, threshold, n <= DENSE_ROWS, task)?
        }
        Until::Clusters(count) if n <= DENSE_ROWS && components::suits(n, params) => {
            match components::labels_of(embeddings, params, count, task) {
                // What else is there needs more, and says so in its own words.
                Err(error) if error.kind == ErrorKind::OutOfMemory => None,
                labels => labels?,
            }
        }
        _ => None,
    };
    labels.map_or_else(|| by_tree(embeddings, params, task), Ok)
}

/// By the full tree, from the full matrix where that is possible.
fn by_tree(embeddings: &Embeddings<'_>, params: &AgglomerativeParams, task: &Task<'_>) -> Result<Vec<i32>> {
    let n = embeddings.rows();
    let merges = merges(embeddings, &all_rows(n)?, params, -1.0, task)?.merges;
    // scikit-learn's own single linkage, used for euclidean only, leaves children in order of discovery.
    let ordered = !(params.linkage == Linkage::Single && params.metric == Metric::Euclidean);
    let tree = Tree::new(n, merges, ordered, task)?;
    let k = match params.until {
        Until::Clusters(k) => k,
        Until::Distance(threshold) => tree.clusters_at(threshold),
    };
    cut::cut(&tree, k, task)
}

/// The merges of the rows `rows`, named by their positions in `rows`, by whatever way there is; with a threshold at
/// least all those below it. `resolution` as in [`chain::nn_chain`].
fn merges(
    embeddings: &Embeddings<'_>,
    rows: &[u32],
    params: &AgglomerativeParams,
    resolution: f64,
    task: &Task<'_>,
) -> Result<chain::Chain> {
    if rows.len() <= DENSE_ROWS || !sums::suits(params) {
        return dense_merges(embeddings, rows, params, resolution, task);
    }
    let threshold = match params.until {
        Until::Clusters(_) => None,
        Until::Distance(threshold) => Some(threshold),
    };
    Ok(chain::Chain {
        merges: certificate::merges(embeddings, rows, params.linkage, threshold, task)?,
        tied: false,
    })
}

/// The merges by the matrix of distances.
fn dense_merges(
    embeddings: &Embeddings<'_>,
    rows: &[u32],
    params: &AgglomerativeParams,
    resolution: f64,
    task: &Task<'_>,
) -> Result<chain::Chain> {
    let n = rows.len();
    need_matrix(n, embeddings.dims(), task)?;
    let packed = Packed::new(embeddings, rows, task)?;
    let square = packed.square(&RowDistance::new(params.metric, &packed)?, task)?;
    drop(packed);
    if params.linkage == Linkage::Single {
        let merges = prim::prim(n, task, |i, row| {
            row.copy_from_slice(&square[i * n..][..n]);
            Ok(())
        })?;
        return Ok(chain::Chain { merges, tied: false });
    }
    chain::nn_chain(square, &try_filled(n, 1)?, params.linkage, resolution, task)
}

/// What [`dense_merges`] holds at its peak.
fn matrix_bytes(n: usize, dims: usize) -> Option<usize> {
    n.checked_mul(n)?
        .checked_mul(8)?
        .checked_add(Packed::bytes(n, dims)?)?
        .checked_add(n.checked_mul(64)?)
}

fn need_matrix(n: usize, dims: usize, task: &Task<'_>) -> Result<()> {
    task.need(
        &format!("the distances between {n} vectors"),
        matrix_bytes(n, dims),
    )
    .map(|_| ())
    .map_err(|error| {
        error.hint(
            "Raise reviewpro.max_memory, or pass distance_threshold instead of n_clusters, a smaller \
                 distance_threshold, or use dbscan: these need less.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    fn params(k: Option<usize>, t: Option<f64>, metric: Metric) -> AgglomerativeParams {
        AgglomerativeParams::new(k, t, Linkage::Average, metric).unwrap()
    }

    fn labels(x: &Array2<f64>, params: &AgglomerativeParams, memory: usize, stop: bool) -> Result<Vec<i32>> {
        let ready = Task::new(1, 0, &|| false);
        let stopping = || stop;
        let task = Task::new(2, memory, &stopping);
        agglomerative(&Embeddings::from_f64(x.view(), &ready)?, params, &task)
    }

    #[test]
    fn few_rows() {
        let none = Array2::zeros((0, 3));
        let one = array![[0.5, 0.5]];
        for params in [
            params(Some(1), None, Metric::Cosine),
            params(None, Some(0.0), Metric::Euclidean),
        ] {
            assert_eq!(labels(&none, &params, 1 << 20, false).unwrap(), [0_i32; 0]);
            assert_eq!(labels(&one, &params, 1 << 20, false).unwrap(), [0]);
        }
        let two = array![[1.0, 0.0], [1.0, 0.0]];
        assert_eq!(
            labels(&two, &params(None, Some(0.0), Metric::Cosine), 1 << 20, false).unwrap(),
            [1, 0]
        );
        assert_eq!(
            labels(&two, &params(None, Some(0.1), Metric::Cosine), 1 << 20, false).unwrap(),
            [0, 0]
        );
        assert_eq!(
            labels(&none, &params(Some(5), None, Metric::Cosine), 1 << 20, false).unwrap(),
            [0_i32; 0]
        );
    }

    #[test]
    fn errors() {
        let x = array![[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]];
        let error = labels(&x, &params(Some(4), None, Metric::Euclidean), 1 << 20, false).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidParameter);
        assert_eq!(error.message, "cannot form 4 clusters of 3 vectors");
        let error = labels(&x, &params(Some(1), None, Metric::Cosine), 1 << 20, false).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidParameter);
        assert_eq!(error.detail.as_deref(), Some("Row 2 has no direction."));
        let huge = array![[1e300], [-1e300]];
        let error = labels(&huge, &params(Some(1), None, Metric::Euclidean), 1 << 20, false).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidData);
    }

    #[test]
    fn memory_is_asked_for_and_stopping_is_obeyed() {
        let x = Array2::from_shape_fn((100, 3), |(i, k)| (i * i + k * 7) as f64 % 31.0 + 1.0);
        for params in [
            params(Some(3), None, Metric::Euclidean),
            params(None, Some(1.0), Metric::Euclidean),
        ] {
            let error = labels(&x, &params, 79_000, false).unwrap_err();
            assert_eq!(error.kind, ErrorKind::OutOfMemory);
            assert!(error.hint.unwrap().contains("distance_threshold"));
            assert!(labels(&x, &params, 120_000, false).is_ok());
            assert_eq!(
                labels(&x, &params, 120_000, true).unwrap_err().kind,
                ErrorKind::Cancelled
            );
        }
    }
}
