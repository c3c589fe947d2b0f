//! The dendrogram: merges in order of height, each a numbered node.

use std::cmp::Ordering;

use crate::task::try_vec;
use crate::{Result, Task};

/// Two clusters that became one, each named by any point in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Merge {
    pub a: u32,
    pub b: u32,
    /// The distance at which they were joined.
    pub height: f64,
}

/// A binary tree over `leaves` points: nodes `0..leaves` are the points, node `leaves + r` is the r-th lowest
/// merge.
#[derive(Debug)]
pub(super) struct Tree {
    pub leaves: usize,
    children: Vec<[u32; 2]>,
    heights: Vec<f64>,
}

impl Tree {
    /// Numbers `leaves - 1` merges: sorted by height, the earlier one first on ties (SciPy's `label`).
    ///
    /// `ordered`: the smaller node is the first child. scikit-learn's own single linkage keeps the order of
    /// discovery instead.
    ///
    /// # Errors
    /// [`crate::ErrorKind::OutOfMemory`], [`crate::ErrorKind::Cancelled`].
    pub fn new(leaves: usize, merges: Vec<Merge>, ordered: bool, task: &Task<'_>) -> Result<Self> {
        let mut order = try_vec::<u32>(merges.len())?;
        order.extend(0..merges.len() as u32);
        // A stable sort would take memory without asking.
        let height = |m: u32| merges[m as usize].height;
        order.sort_unstable_by(|&a, &b| {
            let heights = height(a).partial_cmp(&height(b)).unwrap_or(Ordering::Equal);
            heights.then(a.cmp(&b))
        });
        let mut parent = try_vec::<u32>(2 * leaves)?;
        parent.extend((0..2 * leaves).map(|i| i as u32));
        let mut children = try_vec(merges.len())?;
        let mut heights = try_vec(merges.len())?;
        for (r, merge) in order.iter().map(|&m| &merges[m as usize]).enumerate() {
            if r.is_multiple_of(1 << 12) {
                task.check()?;
            }
            let mut pair = [root(&mut parent, merge.a), root(&mut parent, merge.b)];
            if ordered {
                pair.sort_unstable();
            }
            for child in pair {
                parent[child as usize] = (leaves + r) as u32;
            }
            children.push(pair);
            heights.push(merge.height);
        }
        Ok(Tree {
            leaves,
            children,
            heights,
        })
    }

    /// The two nodes below an inner node.
    pub fn children(&self, node: i64) -> [i64; 2] {
        self.children[node as usize - self.leaves].map(i64::from)
    }

    /// How many clusters are left when only merges strictly below `threshold` happen.
    pub fn clusters_at(&self, threshold: f64) -> usize {
        1 + self.heights.iter().filter(|&&height| height >= threshold).count()
    }
}

/// The node that `node` is part of by now, halving the path.
fn root(parent: &mut [u32], mut node: u32) -> u32 {
    while parent[node as usize] != node {
        let up = parent[parent[node as usize] as usize];
        parent[node as usize] = up;
        node = up;
    }
    node
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task() -> Task<'static> {
        Task::new(1, usize::MAX, &|| false)
    }

    fn merge(a: u32, b: u32, height: f64) -> Merge {
        Merge { a, b, height }
    }

    #[test]
    fn nodes_are_numbered_by_height_and_then_by_time() {
        let merges = vec![merge(3, 1, 2.0), merge(2, 0, 1.0), merge(1, 0, 2.0)];
        let tree = Tree::new(4, merges.clone(), true, &task()).unwrap();
        assert_eq!(tree.children, [[0, 2], [1, 3], [4, 5]]);
        let tree = Tree::new(4, merges, false, &task()).unwrap();
        assert_eq!(tree.children, [[2, 0], [3, 1], [5, 4]]);
        let at: Vec<_> = [0.5, 1.0, 1.5, 2.0, 2.5].map(|t| tree.clusters_at(t)).into();
        assert_eq!(at, [4, 4, 3, 3, 1]);
    }
}
