//! DBSCAN (Ester, Kriegel, Sander, Xu: A density-based algorithm for discovering clusters, KDD 1996), in one pass
//! over the pairs and in any order, with scikit-learn's labels.
//!
//! A point is a core point if at least `min_samples` points, itself included, are within `eps`. Clusters are the
//! connected components of the core points, numbered by their smallest core point. A point that is not core takes
//! the smallest label among its core neighbours, or [`NOISE`].

use super::neighbours::{self, EdgeSink, ExactPairs, NeighbourGraph};
use super::simd::Kernel;
use super::union_find::UnionFind;
use super::{Embeddings, Metric, NOISE};
use crate::task::try_filled;
use crate::{Error, ErrorKind, Result, Task};

/// The valid parameters of [`dbscan`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DbscanParams {
    eps: f64,
    min_samples: usize,
    metric: Metric,
}

impl DbscanParams {
    /// Points within `eps` (in (0, inf)) are neighbours; `min_samples` (at least 1) counts the point itself.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] outside of these ranges.
    pub fn new(eps: f64, min_samples: usize, metric: Metric) -> Result<Self> {
        if !(eps > 0.0 && eps < f64::INFINITY) {
            return Err(Error::new(
                ErrorKind::InvalidParameter,
                format!("eps must be positive and finite, not {eps}"),
            )
            .hint("eps is the largest distance of neighbours: for cosine 1 - similarity."));
        }
        if min_samples == 0 {
            return Err(Error::new(
                ErrorKind::InvalidParameter,
                "min_samples must be at least 1",
            ));
        }
        Ok(DbscanParams {
            eps,
            min_samples,
            metric,
        })
    }
}

/// The label of every row: 0, 1, ... or [`NOISE`].
///
/// A row without direction (norm 0, cosine) has distance 1 to every row and itself: it is noise when `eps < 1`.
/// Memory: O(rows * min_samples) beside the neighbour engine's.
///
/// # Errors
/// [`ErrorKind::OutOfMemory`], [`ErrorKind::Cancelled`].
pub fn dbscan(embeddings: &Embeddings<'_>, params: &DbscanParams, task: &Task<'_>) -> Result<Vec<i32>> {
    dbscan_with(Kernel::detect(), embeddings, params, task)
}

/// [`dbscan`] with a kernel of choice, which makes no difference to the labels.
///
/// # Errors
/// As [`dbscan`].
#[doc(hidden)]
pub fn dbscan_with(
    kernel: Kernel,
    embeddings: &Embeddings<'_>,
    params: &DbscanParams,
    task: &Task<'_>,
) -> Result<Vec<i32>> {
    let n = embeddings.rows();
    if params.min_samples > n {
        return try_filled(n, NOISE);
    }
    let what = format!("DBSCAN of {n} vectors with min_samples {}", params.min_samples);
    task.need(&what, bytes(embeddings, params.min_samples, task))?;
    let mut density = Density::new(n, params.min_samples)?;
    let exact = ExactPairs::new(embeddings, params.metric, params.eps, task)?;
    for i in 0..n {
        if exact.near_itself(i) {
            density.count_itself(i);
        }
    }
    let graph = NeighbourGraph {
        embeddings,
        metric: params.metric,
        radius: params.eps,
        exact: &exact,
    };
    graph.for_each_edge_with(kernel, &mut density, task)?;
    density.into_labels()
}

/// Bytes of everything that [`dbscan`] holds: neighbours, the pass, norms, labels.
fn bytes(embeddings: &Embeddings<'_>, min_samples: usize, task: &Task<'_>) -> Option<usize> {
    let n = embeddings.rows();
    let density = Density::bytes(n, min_samples)?;
    neighbours::bytes(embeddings, task)?
        .checked_add(density)?
        .checked_add(n.checked_mul(8 + 4)?)
}

/// What is known after some of the edges: enough to label every point once all have come, in any order.
///
/// A point that is not (yet) core keeps its neighbours, of which it has fewer than `min_samples`. An edge between
/// two points that both end as core is united when the second of them becomes core, since that one still holds
/// the first.
struct Density {
    min_samples: usize,
    core: Vec<bool>,
    /// Whether the point is its own neighbour.
    itself: Vec<bool>,
    /// How many neighbours a point that is not core holds, `slots` places for each.
    held: Vec<u32>,
    neighbours: Vec<u32>,
    slots: usize,
    components: UnionFind,
}

impl Density {
    /// `n` points without edges; `1 <= min_samples <= n`.
    fn new(n: usize, min_samples: usize) -> Result<Self> {
        let slots = min_samples - 1;
        Ok(Density {
            min_samples,
            core: try_filled(n, false)?,
            itself: try_filled(n, false)?,
            held: try_filled(n, 0)?,
            neighbours: try_filled(slots * n, 0)?,
            slots,
            components: UnionFind::new(n)?,
        })
    }

    /// Bytes that [`Density::new`] allocates.
    fn bytes(n: usize, min_samples: usize) -> Option<usize> {
        (min_samples - 1)
            .checked_mul(4)?
            .checked_add(1 + 1 + 4 + 4)?
            .checked_mul(n)
    }

    /// Point `i` is its own neighbour.
    fn count_itself(&mut self, i: usize) {
        self.itself[i] = true;
        self.core[i] = self.min_samples == 1;
    }

    fn neighbours(&self, i: usize) -> &[u32] {
        &self.neighbours[i * self.slots..][..self.held[i] as usize]
    }

    /// Point `i` gains neighbour `j`, and may become core by it.
    fn gain(&mut self, i: u32, j: u32) {
        let at = i as usize;
        if self.core[at] {
            return;
        }
        let held = self.held[at] as usize;
        if held + 1 + usize::from(self.itself[at]) < self.min_samples {
            self.neighbours[at * self.slots + held] = j;
            self.held[at] += 1;
            return;
        }
        self.core[at] = true;
        for k in at * self.slots..at * self.slots + held {
            let earlier = self.neighbours[k];
            if self.core[earlier as usize] {
                self.components.union(i, earlier);
            }
        }
    }

    /// Numbers the components by their smallest core point, then labels the other points.
    fn into_labels(mut self) -> Result<Vec<i32>> {
        let n = self.core.len();
        let mut labels = try_filled(n, NOISE)?;
        let mut clusters = 0;
        for i in 0..n {
            if !self.core[i] {
                continue;
            }
            // The root is the smallest member, and only core points are ever united.
            let root = self.components.find(i as u32) as usize;
            if root == i {
                labels[i] = clusters;
                clusters += 1;
            } else {
                labels[i] = labels[root];
            }
        }
        for i in (0..n).filter(|&i| !self.core[i]) {
            let near = self
                .neighbours(i)
                .iter()
                .map(|&j| j as usize)
                .filter(|&j| self.core[j]);
            labels[i] = near.map(|j| labels[j]).min().unwrap_or(NOISE);
        }
        Ok(labels)
    }
}

impl EdgeSink for Density {
    fn edge(&mut self, i: u32, j: u32) {
        self.gain(i, j);
        self.gain(j, i);
        if self.core[i as usize] && self.core[j as usize] {
            self.components.union(i, j);
        }
    }

    fn component(&mut self, i: u32) -> Option<u32> {
        if self.core[i as usize] {
            Some(self.components.find(i))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests;
