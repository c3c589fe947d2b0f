//! Which pairs of rows are near each other, decided exactly.
//!
//! [`NeighbourGraph`] says what an edge is; [`NeighbourGraph::for_each_edge`] finds all edges without ever
//! holding the n x n matrix, and hands them to an [`EdgeSink`].

mod exact;

pub use exact::{ExactPairs, dot};

use crate::cluster::union_find::UnionFind;
use crate::cluster::{Embeddings, Metric};
use crate::{Result, Task};

/// Decides one pair of rows, symmetric in its arguments; called from several threads.
pub trait PairTest: Sync {
    /// Whether rows `i` and `j` are neighbours.
    fn near(&self, i: usize, j: usize) -> bool;
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

    /// Whether an edge between `i` and `j` would change nothing, so that the pair need not be decided.
    fn settled(&mut self, i: u32, j: u32) -> bool;
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

impl NeighbourGraph<'_> {
    /// Hands every edge, but for some that are settled, to `sink`.
    ///
    /// # Errors
    /// [`crate::ErrorKind::OutOfMemory`], [`crate::ErrorKind::Cancelled`].
    pub fn for_each_edge(&self, sink: &mut dyn EdgeSink, task: &Task<'_>) -> Result<()> {
        let n = self.embeddings.rows();
        for i in 0..n {
            task.check()?;
            for j in i + 1..n {
                if !sink.settled(i as u32, j as u32) && self.exact.near(i, j) {
                    sink.edge(i as u32, j as u32);
                }
            }
        }
        Ok(())
    }

    /// The connected components: for each row the smallest row of its component.
    ///
    /// # Errors
    /// [`crate::ErrorKind::OutOfMemory`], [`crate::ErrorKind::Cancelled`].
    pub fn components(&self, task: &Task<'_>) -> Result<Vec<u32>> {
        task.need("finding connected vectors", self.embeddings.rows().checked_mul(8))?;
        let mut sets = UnionFind::new(self.embeddings.rows())?;
        self.for_each_edge(&mut sets, task)?;
        Ok(sets.into_roots())
    }
}

impl EdgeSink for UnionFind {
    fn edge(&mut self, i: u32, j: u32) {
        self.union(i, j);
    }

    fn settled(&mut self, i: u32, j: u32) -> bool {
        self.find(i) == self.find(j)
    }
}
