//! Connected components: disjoint sets whose root is their smallest member.

use crate::Result;
use crate::task::try_vec;

/// Disjoint sets of the indices `0..n`, with path halving.
///
/// The smaller root always stays root, so the root of a set is its smallest member and the outcome does not
/// depend on the order of the unions. (Tarjan & van Leeuwen, J. ACM 31(2), 1984: with halving, linking by
/// index costs O(log n) amortised.)
#[derive(Debug)]
pub struct UnionFind {
    parent: Vec<u32>,
}

impl UnionFind {
    /// `n` sets of one member each.
    ///
    /// # Errors
    /// [`crate::ErrorKind::OutOfMemory`].
    pub fn new(n: usize) -> Result<Self> {
        let mut parent = try_vec(n)?;
        parent.extend((0..n).map(|i| i as u32));
        Ok(UnionFind { parent })
    }

    /// The smallest member of the set of `i`.
    pub fn find(&mut self, mut i: u32) -> u32 {
        loop {
            let up = self.parent[i as usize];
            if up == i {
                return i;
            }
            let above = self.parent[up as usize];
            self.parent[i as usize] = above;
            i = above;
        }
    }

    /// Joins the sets of `i` and `j`; whether they were apart.
    pub fn union(&mut self, i: u32, j: u32) -> bool {
        let (a, b) = (self.find(i), self.find(j));
        self.parent[a.max(b) as usize] = a.min(b);
        a != b
    }

    /// The smallest member of each index's set.
    pub fn into_roots(mut self) -> Vec<u32> {
        // A parent is never larger than its child: one ascending pass settles everything.
        for i in 0..self.parent.len() {
            self.parent[i] = self.parent[self.parent[i] as usize];
        }
        self.parent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn roots_are_the_smallest_members(edges in prop::collection::vec((0_u32..40, 0_u32..40), 0..60)) {
            let mut sets = UnionFind::new(40).unwrap();
            let mut colour: Vec<u32> = (0..40).collect();
            for &(i, j) in &edges {
                let (a, b) = (colour[i as usize], colour[j as usize]);
                prop_assert_eq!(sets.union(i, j), a != b);
                colour.iter_mut().filter(|c| **c == a.max(b)).for_each(|c| *c = a.min(b));
                prop_assert_eq!(sets.find(i), sets.find(j));
            }
            prop_assert_eq!(sets.into_roots(), colour);
        }
    }
}
