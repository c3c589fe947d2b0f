//! Single linkage by Prim's minimum spanning tree.
//!
//! (Gower & Ross, *Minimum spanning trees and single linkage cluster analysis*, Appl. Stat. 18(1), 1969.) The
//! tree grows from point 0; on equal distances the lowest point comes first: SciPy's `mst_single_linkage` and
//! scikit-learn's `mst_linkage_core`.

use super::tree::Merge;
use crate::progress::Phase;
use crate::task::{try_filled, try_vec};
use crate::{Result, Task};

/// The `n - 1` edges of the spanning tree, each from the point that was added last to the next one.
///
/// `row(i, into)` writes the distances of point `i` to all points.
///
/// # Errors
/// Those of `row`, [`crate::ErrorKind::OutOfMemory`], [`crate::ErrorKind::Cancelled`].
pub(super) fn prim(
    n: usize,
    task: &Task<'_>,
    mut row: impl FnMut(usize, &mut [f64]) -> Result<()>,
) -> Result<Vec<Merge>> {
    let mut edges = try_vec(n.saturating_sub(1))?;
    let mut distances = try_filled(n, 0.0)?;
    // The distance of each point outside to the tree; those inside have moved to the end of `outside`.
    let mut outside = try_vec::<u32>(n)?;
    outside.extend(1..n.max(1) as u32);
    let mut to_tree = try_filled(outside.len(), f64::INFINITY)?;
    let mut last = 0;
    task.begin(Phase::JoiningClusters, outside.len());
    while !outside.is_empty() {
        task.check()?;
        row(last as usize, &mut distances)?;
        let (mut nearest, mut height) = (0, f64::INFINITY);
        for (position, (&i, to_tree)) in outside.iter().zip(&mut to_tree).enumerate() {
            let distance = distances[i as usize];
            if distance < *to_tree {
                *to_tree = distance;
            }
            if *to_tree < height {
                height = *to_tree;
                nearest = position;
            }
        }
        // Order kept: the lowest point wins among equals.
        let next = outside.remove(nearest);
        to_tree.remove(nearest);
        edges.push(Merge {
            a: last,
            b: next,
            height,
        });
        last = next;
        task.advance(1);
    }
    Ok(edges)
}

#[cfg(test)]
mod tests {
    use super::super::chain::tests::matrix;
    use super::*;
    use proptest::prelude::*;

    fn plain_prim(d: &[Vec<f64>]) -> Vec<Merge> {
        let n = d.len();
        let (mut free, mut dist, mut x) = (vec![true; n], vec![f64::INFINITY; n], 0);
        let mut edges = vec![];
        for _ in 1..n {
            free[x] = false;
            let (mut best, mut y) = (f64::INFINITY, 0);
            for i in 0..n {
                if free[i] {
                    if d[x][i] < dist[i] {
                        dist[i] = d[x][i];
                    }
                    if dist[i] < best {
                        best = dist[i];
                        y = i;
                    }
                }
            }
            edges.push(Merge {
                a: x as u32,
                b: y as u32,
                height: best,
            });
            x = y;
        }
        edges
    }

    proptest! {
        #[test]
        fn equals_the_plain_loop(
            n in 0_usize..40,
            coarse in prop::collection::vec((1_u8..5).prop_map(f64::from), 300),
            fine in prop::collection::vec(0.0..1.0_f64, 300),
            tied in any::<bool>(),
        ) {
            let d = matrix(n, if tied { &coarse } else { &fine });
            let task = Task::new(1, usize::MAX, &|| false);
            let edges = prim(n, &task, |i, row| { row.copy_from_slice(&d[i]); Ok(()) }).unwrap();
            prop_assert_eq!(edges, plain_prim(&d));
        }
    }
}
