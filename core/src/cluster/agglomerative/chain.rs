//! Average, complete and ward linkage by the nearest-neighbour chain.
//!
//! Follow nearest neighbours until two clusters are each other's nearest: they can be joined at once, because
//! for a reducible linkage no other merge brings anything closer to either. (Benzécri 1982; Murtagh, *A survey
//! of recent advances in hierarchical clustering algorithms*, Comput. J. 26(4), 1983; Müllner, *Modern
//! hierarchical, agglomerative clustering algorithms*, arXiv:1109.2378, 2011.) Time O(n²), in the square matrix
//! of distances. Order of comparisons, tie rules and update formulas are those of SciPy's `nn_chain`.

use super::Linkage;
use super::tree::Merge;
use crate::cluster::pairs::{all_rows, too_far};
use crate::progress::Phase;
use crate::task::{try_filled, try_vec};
use crate::{Result, Task};

/// The merges of clusters in the order in which the chain finds them.
#[derive(Debug, Default)]
pub(super) struct Chain {
    /// `a < b` are positions of the matrix; the joined cluster goes on under `b`.
    pub merges: Vec<Merge>,
    /// Whether a cluster that was joined had another neighbour within `resolution` of the one that it was joined
    /// with: then another matrix, equal up to rounding, might give another tree. Otherwise every such matrix
    /// gives this one, since each merge joined two clusters that were clearly each other's nearest.
    pub tied: bool,
}

/// Joins the clusters of `square` (n x n, symmetric, infinite on the diagonal; consumed) until one is left.
///
/// `sizes`: how many points each cluster has at the start. `linkage` is not single. `resolution`: see
/// [`Chain::tied`]; negative to leave that unknown.
///
/// # Errors
/// [`crate::ErrorKind::InvalidData`] when a height is not finite, [`crate::ErrorKind::OutOfMemory`],
/// [`crate::ErrorKind::Cancelled`].
pub(super) fn nn_chain(
    square: Vec<f64>,
    sizes: &[u32],
    linkage: Linkage,
    resolution: f64,
    task: &Task<'_>,
) -> Result<Chain> {
    let n = sizes.len();
    let mut clusters = Clusters::new(square, sizes)?;
    let mut merges = try_vec(n.saturating_sub(1))?;
    let mut chain: Vec<usize> = try_vec(n + 1)?;
    let mut tied = false;
    let mut first = 0;
    task.begin(Phase::JoiningClusters, n.saturating_sub(1));
    while merges.len() + 1 < n {
        task.check()?;
        if 2 * (n - merges.len()) < clusters.stride {
            clusters.compact(&mut chain, task)?;
            first = 0;
        }
        if chain.is_empty() {
            while clusters.sizes[first] == 0 {
                first += 1;
            }
            chain.push(first);
        }
        let (x, y, height) = loop {
            let x = chain[chain.len() - 1];
            // On equal distances the cluster that the chain came from stays the nearest.
            let previous = chain.len().checked_sub(2).map(|before| chain[before]);
            let (y, height) = clusters.nearest(x, previous);
            if !height.is_finite() {
                return Err(too_far());
            }
            if previous == Some(y) {
                break (x, y, height);
            }
            chain.push(y);
            if chain.len().is_multiple_of(16) {
                task.check()?;
            }
        };
        if resolution >= 0.0 && !tied {
            let reach = height + resolution;
            tied = clusters.rivals(x, y, reach) || clusters.rivals(y, x, reach);
        }
        chain.truncate(chain.len() - 2);
        let (x, y) = (x.min(y), x.max(y));
        merges.push(Merge {
            a: clusters.names[x],
            b: clusters.names[y],
            height,
        });
        clusters.join(x, y, height, linkage);
        task.advance(1);
    }
    Ok(Chain { merges, tied })
}

/// The clusters that are left, in ascending order of their names, and their distances.
struct Clusters {
    square: Vec<f64>,
    /// The length of a row. Positions of joined clusters stay until [`Clusters::compact`].
    stride: usize,
    names: Vec<u32>,
    /// 0: joined into another one.
    sizes: Vec<u32>,
    /// Added to a row of distances, this puts what was joined out of reach.
    gone: Vec<f64>,
}

impl Clusters {
    fn new(square: Vec<f64>, sizes: &[u32]) -> Result<Self> {
        let n = sizes.len();
        let mut own = try_vec(n)?;
        own.extend_from_slice(sizes);
        Ok(Clusters {
            square,
            stride: n,
            names: all_rows(n)?,
            sizes: own,
            gone: try_filled(n, 0.0)?,
        })
    }

    fn row(&self, x: usize) -> &[f64] {
        &self.square[x * self.stride..][..self.names.len()]
    }

    /// The nearest cluster to `x`: the lowest position among equals, but `previous` before all others.
    fn nearest(&self, x: usize, previous: Option<usize>) -> (usize, f64) {
        let row = self.row(x);
        let nearest = minimum(row, &self.gone);
        match previous {
            Some(previous) if row[previous] <= nearest => (previous, row[previous]),
            _ => {
                let at = |(&d, &gone): (&f64, &f64)| d + gone == nearest;
                (row.iter().zip(&self.gone).position(at).unwrap_or(0), nearest)
            }
        }
    }

    /// Whether another cluster than `y` is within `reach` of `x`.
    fn rivals(&self, x: usize, y: usize, reach: f64) -> bool {
        let near = |(&d, &gone): (&f64, &f64)| usize::from(d + gone <= reach);
        let within: usize = self.row(x).iter().zip(&self.gone).map(near).sum();
        within > usize::from(self.row(x)[y] <= reach)
    }

    /// Joins `x` into `y`.
    fn join(&mut self, x: usize, y: usize, height: f64, linkage: Linkage) {
        let (nx, ny) = (f64::from(self.sizes[x]), f64::from(self.sizes[y]));
        self.sizes[y] += self.sizes[x];
        self.sizes[x] = 0;
        self.gone[x] = f64::INFINITY;

        let length = self.names.len();
        // x < y, so its row lies before.
        let (before, after) = self.square.split_at_mut(y * self.stride);
        let a = &before[x * self.stride..][..length];
        let b = &mut after[..length];
        match linkage {
            Linkage::Complete => {
                for (b, &a) in b.iter_mut().zip(a) {
                    *b = if a > *b { a } else { *b };
                }
            }
            Linkage::Ward => {
                for ((b, &a), &size) in b.iter_mut().zip(a).zip(&self.sizes) {
                    let ni = f64::from(size);
                    let t = 1.0 / (nx + ny + ni);
                    *b = ((ni + nx) * t * a * a + (ni + ny) * t * *b * *b - ni * t * height * height).sqrt();
                }
            }
            Linkage::Average | Linkage::Single => {
                for (b, &a) in b.iter_mut().zip(a) {
                    *b = (nx * a + ny * *b) / (nx + ny);
                }
            }
        }
        b[y] = f64::INFINITY;
        for i in 0..length {
            if self.sizes[i] > 0 {
                self.square[i * self.stride + y] = self.square[y * self.stride + i];
            }
        }
    }

    /// Closes the gaps that joined clusters left, keeping the order.
    fn compact(&mut self, chain: &mut [usize], task: &Task<'_>) -> Result<()> {
        let kept: Vec<usize> = (0..self.names.len()).filter(|&i| self.sizes[i] > 0).collect();
        let stride = kept.len();
        for (row, &i) in kept.iter().enumerate() {
            if row.is_multiple_of(64) {
                task.check()?;
            }
            // Everything moves towards the front: what is read was not written yet.
            for (column, &j) in kept.iter().enumerate() {
                self.square[row * stride + column] = self.square[i * self.stride + j];
            }
        }
        for (to, &from) in kept.iter().enumerate() {
            self.names[to] = self.names[from];
            self.sizes[to] = self.sizes[from];
        }
        self.names.truncate(stride);
        self.sizes.truncate(stride);
        self.gone.clear();
        self.gone.resize(stride, 0.0);
        for position in chain {
            *position = kept.partition_point(|&old| old < *position);
        }
        self.stride = stride;
        Ok(())
    }
}

/// The smallest sum of two elements, over independent lanes.
fn minimum(row: &[f64], gone: &[f64]) -> f64 {
    let mut lanes = [f64::INFINITY; 32];
    let (row, row_rest) = row.as_chunks::<32>();
    let (gone, gone_rest) = gone.as_chunks::<32>();
    for (row, gone) in row.iter().zip(gone) {
        for ((lane, &d), &gone) in lanes.iter_mut().zip(row).zip(gone) {
            let d = d + gone;
            *lane = if d < *lane { d } else { *lane };
        }
    }
    let rest = row_rest.iter().zip(gone_rest).map(|(&d, &gone)| d + gone);
    lanes
        .into_iter()
        .chain(rest)
        .fold(f64::INFINITY, |least, d| if d < least { d } else { least })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same by the letter of SciPy's loop: one row at a time, no compaction, no lanes.
    pub fn plain_chain(mut d: Vec<Vec<f64>>, mut size: Vec<u32>, linkage: Linkage) -> Vec<Merge> {
        let n = d.len();
        let (mut chain, mut merges): (Vec<usize>, Vec<Merge>) = (vec![], vec![]);
        while merges.len() + 1 < n {
            if chain.is_empty() {
                chain.push((0..n).find(|&i| size[i] > 0).unwrap());
            }
            let (mut x, mut y, best) = loop {
                let x = chain[chain.len() - 1];
                let (mut y, mut best) = (usize::MAX, f64::INFINITY);
                if chain.len() > 1 {
                    y = chain[chain.len() - 2];
                    best = d[x][y];
                }
                for i in 0..n {
                    if size[i] > 0 && i != x && d[x][i] < best {
                        best = d[x][i];
                        y = i;
                    }
                }
                if chain.len() > 1 && y == chain[chain.len() - 2] {
                    break (x, y, best);
                }
                chain.push(y);
            };
            chain.pop();
            chain.pop();
            if x > y {
                (x, y) = (y, x);
            }
            let (nx, ny) = (f64::from(size[x]), f64::from(size[y]));
            merges.push(Merge {
                a: x as u32,
                b: y as u32,
                height: best,
            });
            size[y] += size[x];
            size[x] = 0;
            for i in 0..n {
                if size[i] == 0 || i == y {
                    continue;
                }
                let (a, b, ni) = (d[i][x], d[i][y], f64::from(size[i]));
                let v = match linkage {
                    Linkage::Average => (nx * a + ny * b) / (nx + ny),
                    Linkage::Complete => a.max(b),
                    _ => {
                        let t = 1.0 / (nx + ny + ni);
                        ((ni + nx) * t * a * a + (ni + ny) * t * b * b - ni * t * best * best).sqrt()
                    }
                };
                d[i][y] = v;
                d[y][i] = v;
            }
        }
        merges
    }

    pub fn matrix(n: usize, values: &[f64]) -> Vec<Vec<f64>> {
        let mut d = vec![vec![f64::INFINITY; n]; n];
        let mut next = values.iter().cycle();
        for (i, j) in (0..n).flat_map(|i| (0..i).map(move |j| (i, j))) {
            let v = *next.next().unwrap();
            d[i][j] = v;
            d[j][i] = v;
        }
        d
    }

    proptest! {
        #[test]
        fn equals_the_plain_loop(
            n in 0_usize..70,
            // Few different values: ties everywhere.
            coarse in prop::collection::vec((1_u8..5).prop_map(f64::from), 300),
            fine in prop::collection::vec(0.0..1.0_f64, 300),
            tied in any::<bool>(),
        ) {
            let d = matrix(n, if tied { &coarse } else { &fine });
            let task = Task::new(1, usize::MAX, &|| false);
            for linkage in [Linkage::Average, Linkage::Complete, Linkage::Ward] {
                let chain = nn_chain(d.concat(), &vec![1; n], linkage, -1.0, &task).unwrap();
                prop_assert_eq!(chain.merges, plain_chain(d.clone(), vec![1; n], linkage));
            }
        }
    }

    #[test]
    fn ties_are_noticed() {
        let task = Task::new(1, usize::MAX, &|| false);
        let tied = |values: &[f64], resolution| {
            nn_chain(
                matrix(3, values).concat(),
                &[1; 3],
                Linkage::Average,
                resolution,
                &task,
            )
            .unwrap()
            .tied
        };
        assert!(!tied(&[1.0, 2.0, 3.0], 0.0));
        assert!(tied(&[1.0, 1.0, 3.0], 0.0));
        assert!(!tied(&[1.0, 1.0, 3.0], -1.0));
        assert!(tied(&[1.0, 1.0 + 1e-9, 3.0], 1e-8));
        assert!(!tied(&[1.0, 1.0 + 1e-9, 3.0], 1e-10));
    }

    #[test]
    fn stops_when_asked() {
        let stopped = Task::new(1, usize::MAX, &|| true);
        let error = nn_chain(matrix(3, &[1.0]).concat(), &[1; 3], Linkage::Ward, -1.0, &stopped).unwrap_err();
        assert_eq!(error.kind, crate::ErrorKind::Cancelled);
    }
}
