//! Cutting a dendrogram into flat clusters, with scikit-learn's numbering.
//!
//! scikit-learn (`_hc_cut`) splits the highest node until there are k, keeping the nodes in a binary heap of
//! negated numbers; a cluster's label is its *position in the heap's array*. So the layout that Python's
//! `heapq` happens to give is part of the answer, and [`std::collections::BinaryHeap`] would number
//! differently. The two sift rules below are those of `heapq` (a hole sinks to a leaf, the element rises).

use super::tree::Tree;
use crate::task::{try_filled, try_vec};
use crate::{Result, Task};

/// Labels `0..k` of the `tree.leaves` points, for `1 <= k <= tree.leaves`.
///
/// # Errors
/// [`crate::ErrorKind::OutOfMemory`], [`crate::ErrorKind::Cancelled`].
pub(super) fn cut(tree: &Tree, k: usize, task: &Task<'_>) -> Result<Vec<i32>> {
    let n = tree.leaves;
    let mut heap = Heap(try_vec(k + 1)?);
    // Nodes are stored negated, so that the smallest element is the highest node: the root first.
    heap.push(-(2 * n as i64 - 2));
    for step in 1..k {
        if step.is_multiple_of(1 << 12) {
            task.check()?;
        }
        let [left, right] = tree.children(-heap.0[0]);
        heap.push(-left);
        heap.replace_first(-right);
    }

    let mut labels = try_filled(n, 0_i32)?;
    let mut below: Vec<i64> = try_vec(n + 1)?;
    for (label, &node) in heap.0.iter().enumerate() {
        if label.is_multiple_of(1 << 12) {
            task.check()?;
        }
        below.push(-node);
        while let Some(node) = below.pop() {
            if (node as usize) < n {
                labels[node as usize] = label as i32;
            } else {
                below.extend(tree.children(node));
            }
        }
    }
    Ok(labels)
}

/// A binary min-heap with the array layout of Python's `heapq`.
struct Heap(Vec<i64>);

impl Heap {
    fn push(&mut self, value: i64) {
        self.0.push(value);
        self.rise(self.0.len() - 1);
    }

    /// `heapq.heappushpop` without its result: puts `value` in and takes the smallest out, which may be `value`.
    fn replace_first(&mut self, value: i64) {
        if self.0.first().is_none_or(|&first| first >= value) {
            return;
        }
        let heap = &mut self.0;
        let mut hole = 0;
        let mut child = 1;
        while child < heap.len() {
            // The smaller child; the right one when they are equal.
            if child + 1 < heap.len() && heap[child] >= heap[child + 1] {
                child += 1;
            }
            heap[hole] = heap[child];
            hole = child;
            child = 2 * hole + 1;
        }
        heap[hole] = value;
        self.rise(hole);
    }

    fn rise(&mut self, mut at: usize) {
        let heap = &mut self.0;
        let value = heap[at];
        while at > 0 {
            let up = (at - 1) / 2;
            if value >= heap[up] {
                break;
            }
            heap[at] = heap[up];
            at = up;
        }
        heap[at] = value;
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::{Merge, Tree};
    use super::*;
    use proptest::prelude::*;

    /// Python: `import heapq`; pushes, then pushpops, of the same numbers.
    #[test]
    fn layout_is_heapq_s() {
        let mut heap = Heap(Vec::new());
        for value in [5, 1, 4, 1, 5, 9, 2, 6] {
            heap.push(value);
        }
        assert_eq!(heap.0, [1, 1, 2, 5, 5, 9, 4, 6]);
        for value in [3, 0, 7] {
            heap.replace_first(value);
        }
        assert_eq!(heap.0, [2, 3, 4, 5, 5, 9, 7, 6]);
    }

    proptest! {
        /// The clusters of a cut are what union-find over the lowest n - k merges gives.
        #[test]
        fn clusters_are_those_of_the_lowest_merges(
            heights in prop::collection::vec(0_u8..6, 1..30),
            picks in prop::collection::vec(any::<prop::sample::Index>(), 60),
            k in any::<prop::sample::Index>(),
        ) {
            let n = heights.len() + 1;
            let merges: Vec<Merge> = heights.iter().enumerate().map(|(i, &h)| Merge {
                // A random tree: point i + 1 hangs on one of the points before it.
                a: picks[i].index(i + 1) as u32, b: i as u32 + 1, height: f64::from(h),
            }).collect();
            let task = Task::new(1, usize::MAX, &|| false);
            let tree = Tree::new(n, merges.clone(), true, &task).unwrap();
            let k = k.index(n) + 1;
            let labels = cut(&tree, k, &task).unwrap();

            let mut sorted = merges;
            sorted.sort_by(|a, b| a.height.total_cmp(&b.height));
            let mut group: Vec<usize> = (0..n).collect();
            for merge in &sorted[..n - k] {
                let (from, to) = (group[merge.a as usize], group[merge.b as usize]);
                group.iter_mut().filter(|g| **g == from).for_each(|g| *g = to);
            }
            for i in 0..n {
                for j in 0..n {
                    prop_assert_eq!(labels[i] == labels[j], group[i] == group[j]);
                }
            }
            let mut seen: Vec<i32> = labels.clone();
            seen.sort_unstable();
            seen.dedup();
            prop_assert_eq!(seen, (0..k as i32).collect::<Vec<_>>());
        }
    }
}
