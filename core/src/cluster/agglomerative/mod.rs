//! Agglomerative (hierarchical) clustering with scikit-learn's labels, numbering included.
//!
//! Every row starts as a cluster; the two nearest clusters are joined again and again. Which are the nearest is
//! the [`Linkage`]'s to say. Ways to the answer, all to the same one:
//!
//! * `dense`: the square matrix of distances, bit for bit SciPy's, then [`chain`] or [`prim`]. Equal to
//!   scikit-learn whatever the ties. 8 n² bytes.
//! * [`components`]: with a distance threshold only rows connected by distances below it can end in one cluster,
//!   so small matrices suffice. It notices ties that could make a difference and then leaves the work to `dense`.

mod below;
mod chain;
mod components;
mod cut;
mod linkage;
mod prim;
mod sums;
mod tree;

use super::embeddings::Row;
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
        refuse_zeros(embeddings, task)?;
    }
    if n < 2 {
        return try_filled(n, 0);
    }
    match params.until {
        Until::Distance(threshold) if components::suits(n, params) => {
            match components::labels(embeddings, params, threshold, task)? {
                Some(labels) => Ok(labels),
                None => dense(embeddings, params, task),
            }
        }
        _ => dense(embeddings, params, task),
    }
}

/// By the full matrix and the full tree.
fn dense(embeddings: &Embeddings<'_>, params: &AgglomerativeParams, task: &Task<'_>) -> Result<Vec<i32>> {
    let n = embeddings.rows();
    let merges = dense_merges(embeddings, &all_rows(n)?, params, -1.0, task)?.merges;
    // scikit-learn's own single linkage, used for euclidean only, leaves children in order of discovery.
    let ordered = !(params.linkage == Linkage::Single && params.metric == Metric::Euclidean);
    let tree = Tree::new(n, merges, ordered, task)?;
    let k = match params.until {
        Until::Clusters(k) => k,
        Until::Distance(threshold) => tree.clusters_at(threshold),
    };
    cut::cut(&tree, k, task)
}

/// The merges of the rows `rows`, named by their positions in `rows`. `resolution` as in [`chain::nn_chain`].
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

fn refuse_zeros(embeddings: &Embeddings<'_>, task: &Task<'_>) -> Result<()> {
    for i in 0..embeddings.rows() {
        if i.is_multiple_of(256) {
            task.check()?;
        }
        let zero = match embeddings.row(i) {
            Row::F32(row) => row.iter().all(|&value| value == 0.0),
            Row::F64(row) => row.iter().all(|&value| value == 0.0),
        };
        if zero {
            return Err(Error::new(
                ErrorKind::InvalidParameter,
                "cosine linkage cannot take a vector of zeros",
            )
            .detail(format!("Row {} has no direction.", i + 1))
            .hint("Leave such rows out, use metric \"euclidean\", or dbscan, which labels them noise."));
        }
    }
    Ok(())
}
