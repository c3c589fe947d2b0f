//! Which pairs of rows are near each other, decided exactly.
//!
//! [`NeighbourGraph`] says what an edge is; [`NeighbourGraph::for_each_edge`] finds all edges without ever
//! holding the n x n matrix, and hands them to an [`EdgeSink`].
//!
//! Rows become small integers with a rigorous bound of what that loses (`bounds`, `codes`); tiles of integer
//! products decide nearly all pairs (`tiles`, after a look at a share of the dimensions where that pays, `head`),
//! and what they leave open is decided in f64 (`exact`), unless it no longer matters.

mod bounds;
mod codes;
mod exact;
mod frame;
mod head;
mod tiles;

pub use exact::ExactPairs;

use crate::cluster::simd::Kernel;
use crate::cluster::union_find::UnionFind;
use crate::cluster::{Embeddings, Metric};
use crate::{Result, Task};

/// Decides one pair of rows, symmetric in its arguments; called from several threads.
pub trait PairTest: Sync {
    /// Whether rows `i` and `j` are neighbours.
    fn near(&self, i: usize, j: usize) -> bool;

    /// Rows shorter than this have no direction: with cosine, no other row is nearer to them than 1.
    fn shortest(&self) -> f64 {
        f64::MIN_POSITIVE
    }
}

impl<F: Fn(usize, usize) -> bool + Sync> PairTest for F {
    fn near(&self, i: usize, j: usize) -> bool {
        self(i, j)
    }
}

/// What is done with edges. Edges arrive once per unordered pair, in any order.
pub trait EdgeSink: Send {
    /// Rows `i < j` are neighbours.
    fn edge(&mut self, i: u32, j: u32);

    /// A name of the set of rows that `i` belongs to for good, if there is one: an edge between two rows of one
    /// set would change nothing, so their pair need not be decided. Sets only grow; their names may change.
    fn component(&mut self, i: u32) -> Option<u32>;
}

/// The graph whose edges are the pairs of different rows within a radius.
#[derive(Clone, Copy)]
pub struct NeighbourGraph<'a> {
    /// The rows.
    pub embeddings: &'a Embeddings<'a>,
    /// The distance that `radius` is measured in.
    pub metric: Metric,
    /// Pairs clearly nearer than this are edges, pairs clearly farther are not.
    pub radius: f64,
    /// Decides the pairs whose distance is not clearly (by more than rounding of f64 can explain) on one side of
    /// the radius: so `<` or `<=`, and the order of summation, are the caller's.
    pub exact: &'a dyn PairTest,
}

/// Bytes that a pass over all pairs holds beside the embeddings (`None`: beyond this machine).
pub fn bytes(embeddings: &Embeddings<'_>, task: &Task<'_>) -> Option<usize> {
    tiles::bytes(embeddings, task.threads)
}

impl NeighbourGraph<'_> {
    /// Hands every edge, but for some that are settled, to `sink`.
    ///
    /// # Errors
    /// [`crate::ErrorKind::OutOfMemory`], [`crate::ErrorKind::Cancelled`].
    pub fn for_each_edge(&self, sink: &mut dyn EdgeSink, task: &Task<'_>) -> Result<()> {
        self.for_each_edge_with(Kernel::detect(), sink, task)
    }

    /// [`NeighbourGraph::for_each_edge`] with a kernel of choice, which makes no difference to what is found.
    ///
    /// # Errors
    /// As [`NeighbourGraph::for_each_edge`].
    #[doc(hidden)]
    pub fn for_each_edge_with(&self, kernel: Kernel, sink: &mut dyn EdgeSink, task: &Task<'_>) -> Result<()> {
        task.need("comparing all vectors", bytes(self.embeddings, task))?;
        tiles::for_each_edge(self, kernel, sink, task)
    }

    /// The connected components: for each row the smallest row of its component.
    ///
    /// # Errors
    /// [`crate::ErrorKind::OutOfMemory`], [`crate::ErrorKind::Cancelled`].
    pub fn components(&self, task: &Task<'_>) -> Result<Vec<u32>> {
        let sets = self.embeddings.rows().checked_mul(4);
        let bytes = bytes(self.embeddings, task)
            .zip(sets)
            .and_then(|(pass, sets)| pass.checked_add(sets));
        task.need("finding connected vectors", bytes)?;
        let mut sets = UnionFind::new(self.embeddings.rows())?;
        self.for_each_edge(&mut sets, task)?;
        Ok(sets.into_roots())
    }
}

impl EdgeSink for UnionFind {
    fn edge(&mut self, i: u32, j: u32) {
        self.union(i, j);
    }

    fn component(&mut self, i: u32) -> Option<u32> {
        Some(self.find(i))
    }
}

#[cfg(test)]
pub(super) mod tests;
