//! Rows put together by label.

use std::ops::Range;

use crate::Result;
use crate::task::{try_filled, try_vec};

/// Some rows, cluster by cluster.
#[derive(Debug)]
pub(crate) struct Groups {
    /// The rows, by ascending label and then by ascending number.
    pub rows: Vec<u32>,
    /// For each position in `rows` the position of its label in `labels`.
    pub of: Vec<u32>,
    /// The different labels, ascending.
    pub labels: Vec<i32>,
    /// Where each cluster starts in `rows`, and the end.
    starts: Vec<usize>,
}

impl Groups {
    /// Groups `rows` by their entries in `labels`.
    ///
    /// # Errors
    /// [`crate::ErrorKind::OutOfMemory`].
    ///
    /// # Panics
    /// When a row has no label.
    pub fn new(mut rows: Vec<u32>, labels: &[i32]) -> Result<Self> {
        let label = |&i: &u32| labels[i as usize];
        rows.sort_unstable_by_key(|i| (label(i), *i));
        let mut groups = Groups {
            of: try_vec(rows.len())?,
            labels: Vec::new(),
            starts: Vec::new(),
            rows,
        };
        for (position, i) in groups.rows.iter().enumerate() {
            if groups.labels.last() != Some(&label(i)) {
                groups.labels.push(label(i));
                groups.starts.push(position);
            }
            groups.of.push(groups.labels.len() as u32 - 1);
        }
        groups.starts.push(groups.rows.len());
        Ok(groups)
    }

    /// How many clusters there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// The positions of a cluster's rows in `rows`.
    pub fn range(&self, cluster: usize) -> Range<usize> {
        self.starts[cluster]..self.starts[cluster + 1]
    }

    /// A cluster's rows, ascending.
    pub fn members(&self, cluster: usize) -> &[u32] {
        &self.rows[self.range(cluster)]
    }
}

/// Labels from the root of each point's cluster (any number below `n`): clusters count up in the order of their
/// first members.
///
/// # Errors
/// [`crate::ErrorKind::OutOfMemory`].
pub(crate) fn by_first_member(root_of: impl Fn(usize) -> usize, n: usize) -> Result<Vec<i32>> {
    let mut number = try_filled(n, -1_i32)?;
    let mut labels = try_vec(n)?;
    let mut next = 0;
    for i in 0..n {
        let number = &mut number[root_of(i)];
        if *number < 0 {
            *number = next;
            next += 1;
        }
        labels.push(*number);
    }
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_cluster_by_cluster() {
        let groups = Groups::new(vec![0, 1, 2, 4, 5], &[7, -1, 7, 3, -1, 2]).unwrap();
        assert_eq!(groups.labels, [-1, 2, 7]);
        assert_eq!(groups.rows, [1, 4, 5, 0, 2]);
        assert_eq!(groups.of, [0, 0, 1, 2, 2]);
        assert_eq!(groups.members(2), [0, 2]);
        assert_eq!(Groups::new(vec![], &[]).unwrap().len(), 0);
    }

    #[test]
    fn labels_follow_the_first_members() {
        let roots = [4, 1, 4, 0, 1];
        assert_eq!(by_first_member(|i| roots[i], 5).unwrap(), [0, 1, 0, 2, 1]);
        assert_eq!(by_first_member(|i| i, 0).unwrap(), [0_i32; 0]);
    }
}
