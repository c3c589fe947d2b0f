//! Clusters at a distance threshold, from the components of the graph of near rows.
//!
//! A reducible linkage satisfies d(A ∪ B, C) >= min(d(A, C), d(B, C)) when A and B are the pair that is joined.
//! So clusters in different connected components of {d < t} stay at least t apart for ever: no merge below t
//! crosses components, and the merges inside a component are those of the component alone.
//!
//! scikit-learn numbers clusters by the whole tree. Its top, above t, is built here from one sum of vectors per
//! cluster ([`super::sums`]), whose distances are those of the linkage up to rounding. Where no two of the
//! heights that matter are equal up to rounding, the tree is the only one possible and so is the numbering;
//! otherwise, the matrix of all rows decides.

use std::cmp::Ordering;

use super::below::Below;
use super::linkage::AgglomerativeParams;
use super::sums::Sums;
use super::tree::{Merge, Tree, by_first_member};
use super::{DENSE_ROWS, Linkage, chain, cut, dense_merges, matrix_bytes, sums};
use crate::cluster::neighbours::NeighbourGraph;
use crate::cluster::union_find::UnionFind;
use crate::cluster::{Embeddings, Metric, parallel};
use crate::task::{try_filled, try_vec};
use crate::{Result, Task};

/// Fewer rows are done sooner by their matrix.
const FEWEST_ROWS: usize = 128;

/// Components up to so many rows are shared out among threads; larger ones are done one after the other, each by
/// all threads.
const SMALL_COMPONENT: usize = 512;

/// Whether [`labels`] can give scikit-learn's labels for `n` rows, or the nearest thing to them beyond
/// [`DENSE_ROWS`].
pub(super) fn suits(n: usize, params: &AgglomerativeParams) -> bool {
    n > DENSE_ROWS || (n >= FEWEST_ROWS && sums::suits(params))
}

/// The labels of all rows, or `None` when ties, or nearly as many clusters as rows, call for the matrix of all
/// rows (never beyond [`DENSE_ROWS`]).
///
/// # Errors
/// [`crate::ErrorKind::InvalidData`] when distances are not finite, [`crate::ErrorKind::OutOfMemory`],
/// [`crate::ErrorKind::Cancelled`].
pub(super) fn labels(
    embeddings: &Embeddings<'_>,
    params: &AgglomerativeParams,
    threshold: f64,
    task: &Task<'_>,
) -> Result<Option<Vec<i32>>> {
    let n = embeddings.rows();
    let by_matrix = n <= DENSE_ROWS;
    let below = Below::new(embeddings, params.metric, threshold, task)?;
    // Heights that differ by no more may come out in another order from another order of operations.
    let resolution = match (by_matrix, params.metric) {
        (false, _) => -1.0,
        (true, Metric::Cosine) => 1e-11,
        (true, Metric::Euclidean) => 1e-10 * below.longest(),
    };
    let near = |height: f64, other: f64| by_matrix && (height - other).abs() <= resolution;

    let graph = NeighbourGraph {
        embeddings,
        metric: params.metric,
        radius: threshold,
        exact: &below,
    };
    let components = Components::new(graph.components(task)?)?;
    if params.linkage == Linkage::Single {
        return by_first_member(|i| components.roots[i] as usize, n).map(Some);
    }
    let inside = components.merges(embeddings, params, &below, resolution, task)?;
    if inside.iter().any(|part| part.tied) {
        return Ok(None);
    }
    let mut merges = try_vec(n)?;
    for merge in inside.into_iter().flat_map(|part| part.merges) {
        if near(merge.height, threshold) {
            return Ok(None);
        }
        if merge.height < threshold {
            merges.push(merge);
        }
    }

    let k = n - merges.len();
    let mut sets = UnionFind::new(n)?;
    for merge in &merges {
        sets.union(merge.a, merge.b);
    }
    let roots = sets.into_roots();
    let labels = by_first_member(|i| roots[i] as usize, n)?;
    if k > DENSE_ROWS || !sums::suits(params) {
        return Ok(Some(labels));
    }
    if by_matrix && k > n / 4 * 3 {
        return Ok(None);
    }

    task.need(
        &format!("the distances between {k} clusters of {n} vectors"),
        k.checked_mul(k).and_then(|pairs| {
            pairs
                .checked_mul(8)?
                .checked_add(Sums::bytes(k, embeddings.dims())?)
        }),
    )?;
    let clusters = Sums::new(embeddings, &labels, k, params.linkage, task)?;
    let top = chain::nn_chain(
        clusters.square(task)?,
        &clusters.sizes,
        params.linkage,
        resolution,
        task,
    )?;
    let mut decisive = try_filled(k, f64::NEG_INFINITY)?;
    for merge in &merges {
        let highest = &mut decisive[labels[merge.a as usize] as usize];
        *highest = highest.max(merge.height);
    }
    decisive.retain(|height| *height > f64::NEG_INFINITY);
    decisive.extend(top.merges.iter().map(|merge| merge.height));
    decisive.push(threshold);
    decisive.sort_by(|a, b| a.partial_cmp(b).unwrap_or(Ordering::Equal));
    if top.tied || decisive.windows(2).any(|pair| near(pair[0], pair[1])) {
        return Ok(None);
    }

    let mut first = try_filled(k, 0)?;
    for (i, &label) in labels.iter().enumerate().rev() {
        first[label as usize] = i as u32;
    }
    merges.extend(top.merges.iter().map(|merge| Merge {
        a: first[merge.a as usize],
        b: first[merge.b as usize],
        // Rounding must not bring a merge of the top among those below.
        height: merge.height.max(threshold),
    }));
    cut::cut(&Tree::new(n, merges, true, task)?, k, task).map(Some)
}

/// The connected components of the graph, largest first.
struct Components {
    /// The smallest row of each row's component.
    roots: Vec<u32>,
    /// The rows, component by component, ascending inside.
    rows: Vec<u32>,
    /// Where the components of two and more rows lie in `rows`.
    ranges: Vec<std::ops::Range<usize>>,
}

impl Components {
    fn new(roots: Vec<u32>) -> Result<Self> {
        let n = roots.len();
        let mut ends = try_filled(n, 0_usize)?;
        for &root in &roots {
            ends[root as usize] += 1;
        }
        let mut ranges = Vec::new();
        let mut start = 0;
        for end in &mut ends {
            let size = *end;
            if size > 1 {
                ranges.push(start..start + size);
            }
            *end = start;
            start += size;
        }
        let mut rows = try_filled(n, 0)?;
        for (i, &root) in roots.iter().enumerate() {
            let at = &mut ends[root as usize];
            rows[*at] = i as u32;
            *at += 1;
        }
        ranges.sort_by_key(|range| std::cmp::Reverse(range.len()));
        Ok(Components { roots, rows, ranges })
    }

    /// The trees of all components.
    fn merges(
        &self,
        embeddings: &Embeddings<'_>,
        params: &AgglomerativeParams,
        below: &Below<'_>,
        resolution: f64,
        task: &Task<'_>,
    ) -> Result<Vec<chain::Chain>> {
        let tree = |range: &std::ops::Range<usize>, task: &Task<'_>| -> Result<chain::Chain> {
            let rows = &self.rows[range.clone()];
            let mut chain = match rows {
                &[i, j] => chain::Chain {
                    merges: vec![Merge {
                        a: 0,
                        b: 1,
                        height: below.distance(i as usize, j as usize),
                    }],
                    tied: false,
                },
                _ => dense_merges(embeddings, rows, params, resolution, task)?,
            };
            for merge in &mut chain.merges {
                merge.a = rows[merge.a as usize];
                merge.b = rows[merge.b as usize];
            }
            Ok(chain)
        };
        let (large, small) = self
            .ranges
            .split_at(self.ranges.partition_point(|range| range.len() > SMALL_COMPONENT));
        let mut trees = try_vec(self.ranges.len())?;
        for range in large {
            trees.push(tree(range, task)?);
        }
        if let Some(largest) = small.first() {
            let bytes = matrix_bytes(largest.len(), embeddings.dims());
            task.need(
                &format!("the distances between {} vectors", largest.len()),
                bytes.and_then(|bytes| bytes.checked_mul(task.threads)),
            )?;
        }
        trees.resize_with(self.ranges.len(), chain::Chain::default);
        let mut alone = *task;
        alone.threads = 1;
        parallel::for_each_part(
            task,
            &mut trees[large.len()..],
            1,
            || Ok(()),
            |(), part, out| {
                out[0] = tree(&small[part], &alone)?;
                Ok(())
            },
        )?;
        Ok(trees)
    }
}
