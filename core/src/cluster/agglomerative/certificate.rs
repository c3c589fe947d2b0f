//! The whole tree of average-cosine and ward linkage in O(n d) memory, for sets whose matrix is too large.
//!
//! Pairs of clusters that are each other's nearest are joined in rounds, as many as there are: for a reducible
//! linkage each of them is a merge of the tree, whatever the order (Murtagh 1983; compare ParChain, Yu et al., VLDB
//! 2021). To find nearest clusters without the matrix each cluster keeps a list of the nearest it knows and a
//! *certificate*: a lower bound on the distance to any cluster made only of unlisted ones. After a merge the union
//! of two lists with the smaller bound keeps that promise, since a joined cluster is no nearer than the nearer of
//! its parts. Only when the nearest listed cluster is beyond the bound, all clusters are looked at again.
//!
//! Distances come from one vector per cluster ([`super::sums`]) and differ from the recurrence's by rounding, so
//! equal distances may be resolved differently than in the matrix.

use super::chain;
use super::linkage::Linkage;
use super::sums::Sums;
use super::tree::Merge;
use crate::cluster::embeddings::Row;
use crate::cluster::nearest::{PRODUCT_ERROR, ROWS, Scan, Targets, constants};
use crate::cluster::pairs::{all_rows, too_far};
use crate::cluster::simd::{dot, squared_distance};
use crate::cluster::{Embeddings, parallel};
use crate::task::{try_filled, try_vec};
use crate::{Result, Task};

/// How many neighbours a list starts with; it may grow to twice that by unions.
const LISTED: usize = 32;

/// So few clusters are joined by their matrix.
const FEW: usize = 2048;

/// The merges of the rows `rows`, named by their positions in `rows`; with a `threshold` at least all those
/// below it. `linkage` is average, for cosine, or ward.
///
/// # Errors
/// [`crate::ErrorKind::InvalidData`] when distances are not finite, [`crate::ErrorKind::OutOfMemory`],
/// [`crate::ErrorKind::Cancelled`].
pub(super) fn merges(
    embeddings: &Embeddings<'_>,
    rows: &[u32],
    linkage: Linkage,
    threshold: Option<f64>,
    task: &Task<'_>,
) -> Result<Vec<Merge>> {
    merges_down_to(FEW, embeddings, rows, linkage, threshold, task)
}

fn merges_down_to(
    few: usize,
    embeddings: &Embeddings<'_>,
    rows: &[u32],
    linkage: Linkage,
    threshold: Option<f64>,
    task: &Task<'_>,
) -> Result<Vec<Merge>> {
    let (n, dims) = (rows.len(), embeddings.dims());
    let bytes = || {
        let vectors = n.checked_mul(dims)?.checked_mul(8)?;
        let lists = n.checked_mul(2 * LISTED * 16 + 128)?;
        let matrix = few.min(n).checked_mul(few.min(n))?.checked_mul(8)?;
        Targets::bytes(n, dims, task.threads)?
            .checked_add(vectors)?
            .checked_add(lists)?
            .checked_add(matrix)
    };
    task.need(&format!("the hierarchy of {n} vectors"), bytes())?;
    let mut clusters = Clusters::new(embeddings, rows, linkage, task)?;
    let below = threshold.unwrap_or(f64::INFINITY);
    let mut merges = try_vec(n)?;
    let mut alive = all_rows(n)?;
    if n > few {
        clusters.scan(&alive, &alive, task)?;
    }
    while alive.len() > few {
        task.check()?;
        let mut pairs = clusters.reciprocal(&alive, below);
        if pairs.is_empty() {
            // Equal distances can chase each other in a ring; the nearest pair of all may always be joined.
            match clusters.nearest_pair(&alive, below) {
                Some(pair) => pairs.push(pair),
                None => return Ok(merges),
            }
        }
        let mut touched = try_filled(n, false)?;
        for pair in &pairs {
            touched[pair.a as usize] = true;
            touched[pair.b as usize] = true;
        }
        clusters.join(&pairs);
        merges.extend(pairs);
        alive.retain(|&x| clusters.root[x as usize] == x);
        let mut changed = try_vec(alive.len())?;
        changed.extend(alive.iter().copied().filter(|&x| {
            let nearest = clusters.lists[x as usize].nearest;
            touched[x as usize] || nearest.is_some_and(|(y, _)| touched[y as usize])
        }));
        if alive.len() > few {
            let unsure = clusters.refresh(&changed, below, task)?;
            if !unsure.is_empty() {
                clusters.scan(&unsure, &alive, task)?;
            }
        }
    }
    merges.extend(clusters.by_matrix(&alive, task)?);
    Ok(merges)
}

/// What a cluster knows of the others.
#[derive(Clone, Debug)]
struct List {
    /// Clusters, some perhaps joined into others since, and their distances at the time `seen`.
    entries: Vec<(u32, f64)>,
    /// No cluster made only of unlisted ones is nearer.
    bound: f64,
    /// The round of the distances; 0: none of them is valid any more.
    seen: u32,
    /// The nearest cluster, if any is of interest.
    nearest: Option<(u32, f64)>,
}

/// All clusters, named by their smallest member.
struct Clusters {
    linkage: Linkage,
    dims: usize,
    /// Means: of unit vectors for average, of rows for ward.
    means: Vec<f64>,
    sizes: Vec<u32>,
    /// The cluster that each is part of by now.
    root: Vec<u32>,
    /// The last round in which each grew.
    grown: Vec<u32>,
    round: u32,
    lists: Vec<List>,
    /// The frame of single precision: means less `centre`, in units of `radius`.
    centre: Vec<f64>,
    radius: f64,
}

impl Clusters {
    fn new(embeddings: &Embeddings<'_>, rows: &[u32], linkage: Linkage, task: &Task<'_>) -> Result<Self> {
        let (n, dims) = (rows.len(), embeddings.dims());
        let mut means = task.filled(n * dims, 0.0)?;
        parallel::for_each_part(
            task,
            &mut means,
            dims,
            || Ok(()),
            |(), i, mean| {
                embeddings.copy_row(rows[i] as usize, mean);
                if linkage == Linkage::Average {
                    crate::cluster::to_unit(mean);
                }
                Ok(())
            },
        )?;
        let mut centre = try_filled(dims, 0.0)?;
        let mut radius: f64 = 1.0;
        if linkage == Linkage::Ward {
            for (i, row) in means.chunks_exact(dims).enumerate() {
                if i.is_multiple_of(64) {
                    task.check()?;
                }
                centre
                    .iter_mut()
                    .zip(row)
                    .for_each(|(sum, value)| *sum += value / n as f64);
            }
            let mut farthest: f64 = 0.0;
            for (i, row) in means.chunks_exact(dims).enumerate() {
                if i.is_multiple_of(64) {
                    task.check()?;
                }
                farthest = farthest.max(squared_distance(Row::F64(row), Row::F64(&centre)).sqrt());
            }
            if !farthest.is_finite() {
                return Err(too_far());
            }
            if farthest > 0.0 {
                radius = farthest;
            }
        }
        let list = List {
            entries: Vec::new(),
            bound: 0.0,
            seen: 0,
            nearest: None,
        };
        Ok(Clusters {
            linkage,
            dims,
            means,
            sizes: try_filled(n, 1)?,
            root: all_rows(n)?,
            grown: try_filled(n, 1)?,
            round: 1,
            lists: try_filled(n, list)?,
            centre,
            radius,
        })
    }

    fn mean(&self, x: u32) -> &[f64] {
        &self.means[x as usize * self.dims..][..self.dims]
    }

    /// Symmetric to the last bit.
    fn distance(&self, x: u32, y: u32) -> f64 {
        let (u, v) = (Row::F64(self.mean(x)), Row::F64(self.mean(y)));
        match self.linkage {
            Linkage::Ward => (self.weight(x, y) * squared_distance(u, v)).sqrt(),
            _ => 1.0 - dot(u, v),
        }
    }

    /// Ward's factor of the squared distance of two means.
    fn weight(&self, x: u32, y: u32) -> f64 {
        let (a, b) = (
            f64::from(self.sizes[x as usize]),
            f64::from(self.sizes[y as usize]),
        );
        2.0 * a * b / (a + b)
    }

    /// Makes the lists of `rows` anew, from all clusters.
    fn scan(&mut self, rows: &[u32], alive: &[u32], task: &Task<'_>) -> Result<()> {
        let framed = |x: u32, out: &mut [f64]| {
            for ((out, value), centre) in out.iter_mut().zip(self.mean(x)).zip(&self.centre) {
                *out = (value - centre) / self.radius;
            }
        };
        let (factor, constants) = match self.linkage {
            Linkage::Ward => (2.0, {
                let mut row = try_filled(self.dims, 0.0)?;
                let mut squares = try_vec(alive.len())?;
                for (count, &x) in alive.iter().enumerate() {
                    if count.is_multiple_of(64) {
                        task.check()?;
                    }
                    framed(x, &mut row);
                    squares.push(dot(Row::F64(&row), Row::F64(&row)));
                }
                squares
            }),
            _ => (1.0, constants(alive.len(), |_| 1.0)?),
        };
        let targets = Targets::new(self.dims, factor, constants, task, |target, row| {
            framed(alive[target], row)
        })?;
        let mut made: Vec<Option<List>> = try_filled(rows.len(), None)?;
        parallel::for_each_part(
            task,
            &mut made,
            ROWS,
            || targets.scan(),
            |scan: &mut Scan, part, made| {
                let first = part * ROWS;
                scan.compare(&targets, made.len(), task, |r, row| framed(rows[first + r], row))?;
                for (r, made) in made.iter_mut().enumerate() {
                    task.check()?;
                    let row = Row::F64(scan.row(r));
                    *made = Some(self.list(rows[first + r], dot(row, row), scan.distances(r), alive));
                }
                Ok(())
            },
        )?;
        for (&x, list) in rows.iter().zip(made) {
            if let Some(list) = list {
                self.lists[x as usize] = list;
            }
        }
        Ok(())
    }

    /// The list of `x` from approximate distances to all clusters. `square`: its squared length in the frame.
    fn list(&self, x: u32, square: f64, approximate: &[f64], alive: &[u32]) -> List {
        let error = PRODUCT_ERROR * 2.0;
        // No distance is below this.
        let at_least = |(y, &value): (&u32, &f64)| match self.linkage {
            Linkage::Ward => {
                let squared = (value + square - error).max(0.0) * (1.0 - 1e-12);
                (self.weight(x, *y) * squared).sqrt() * self.radius
            }
            _ => value - error,
        };
        let all = || {
            alive
                .iter()
                .zip(approximate)
                .filter(|(y, _)| **y != x)
                .map(|(y, v)| (at_least((y, v)), *y))
        };
        let order = |a: &(f64, u32), b: &(f64, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        // The LISTED + 1 smallest: a buffer that is cut down whenever it is full.
        let mut least: Vec<(f64, u32)> = Vec::with_capacity(4 * LISTED);
        let mut limit = f64::INFINITY;
        for candidate in all() {
            if candidate.0 <= limit {
                least.push(candidate);
                if least.len() == 4 * LISTED {
                    limit = least.select_nth_unstable_by(LISTED, order).1.0;
                    least.truncate(LISTED + 1);
                }
            }
        }
        least.sort_unstable_by(order);
        let bound = least.get(LISTED).map_or(f64::INFINITY, |next| next.0);
        least.truncate(LISTED);
        let entries: Vec<(u32, f64)> = least.iter().map(|&(_, y)| (y, self.distance(x, y))).collect();
        let mut nearest = first(&entries);
        if let Some((_, distance)) = nearest.filter(|(_, distance)| *distance >= bound) {
            // Something unlisted may be as near.
            for (_, y) in all().filter(|(least, _)| *least <= distance) {
                nearest = first(&[(y, self.distance(x, y)), nearest.unwrap_or((y, f64::INFINITY))]);
            }
        }
        List {
            entries,
            bound,
            seen: self.round,
            nearest,
        }
    }

    /// Pairs that are each other's nearest, below `below`.
    fn reciprocal(&self, alive: &[u32], below: f64) -> Vec<Merge> {
        let pair = |&x: &u32| {
            let (y, height) = self.lists[x as usize].nearest?;
            let (back, _) = self.lists[y as usize].nearest?;
            (x < y && back == x && height < below).then_some(Merge { a: x, b: y, height })
        };
        alive.iter().filter_map(pair).collect()
    }

    /// The nearest pair of all, if it is nearer than `below`.
    fn nearest_pair(&self, alive: &[u32], below: f64) -> Option<Merge> {
        let of = |&x: &u32| {
            self.lists[x as usize]
                .nearest
                .map(|(y, height)| Merge { a: x, b: y, height })
        };
        let least = alive
            .iter()
            .filter_map(of)
            .min_by(|a, b| a.height.total_cmp(&b.height))?;
        (least.height < below).then_some(Merge {
            a: least.a.min(least.b),
            b: least.a.max(least.b),
            height: least.height,
        })
    }

    /// Joins the second cluster of each pair into the first.
    fn join(&mut self, pairs: &[Merge]) {
        self.round += 1;
        for pair in pairs {
            let (x, y) = (pair.a as usize, pair.b as usize);
            let (a, b) = (f64::from(self.sizes[x]), f64::from(self.sizes[y]));
            // x < y, so its mean lies before.
            let (before, after) = self.means.split_at_mut(y * self.dims);
            for (u, v) in before[x * self.dims..].iter_mut().zip(&after[..self.dims]) {
                *u = (a * *u + b * v) / (a + b);
            }
            self.sizes[x] += self.sizes[y];
            self.root[y] = pair.a;
            self.grown[x] = self.round;
            let other = std::mem::take(&mut self.lists[y].entries);
            let bound = self.lists[y].bound;
            let list = &mut self.lists[x];
            list.entries.extend(other);
            list.bound = list.bound.min(bound);
            list.seen = 0;
        }
        // A root is smaller than what is joined into it: one ascending pass settles all.
        for i in 0..self.root.len() {
            self.root[i] = self.root[self.root[i] as usize];
        }
    }

    /// Brings the lists of `rows` up to date and returns those whose nearest cluster they do not tell.
    fn refresh(&mut self, rows: &[u32], below: f64, task: &Task<'_>) -> Result<Vec<u32>> {
        let mut taken: Vec<(u32, List, bool)> = try_vec(rows.len())?;
        for &x in rows {
            let entries = std::mem::take(&mut self.lists[x as usize].entries);
            let list = List {
                entries,
                ..self.lists[x as usize]
            };
            taken.push((x, list, false));
        }
        parallel::for_each_part(
            task,
            &mut taken,
            16,
            || Ok(()),
            |(), _, taken| {
                for (x, list, sure) in taken {
                    *sure = self.renew(*x, list, below);
                }
                Ok(())
            },
        )?;
        let mut unsure = Vec::new();
        for (x, list, sure) in taken {
            self.lists[x as usize] = list;
            if !sure {
                unsure.push(x);
            }
        }
        Ok(unsure)
    }

    /// Whether the list of `x` tells its nearest cluster.
    fn renew(&self, x: u32, list: &mut List, below: f64) -> bool {
        let mut entries: Vec<(u32, f64)> = Vec::with_capacity(list.entries.len());
        for &(y, distance) in &list.entries {
            let now = self.root[y as usize];
            if now == x || entries.iter().any(|(other, _)| *other == now) {
                continue;
            }
            let valid = now == y && self.grown[now as usize] <= list.seen;
            entries.push((now, if valid { distance } else { self.distance(x, now) }));
        }
        if entries.len() > 2 * LISTED {
            entries.sort_unstable_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
            list.bound = list.bound.min(entries[LISTED].1);
            entries.truncate(LISTED);
        }
        list.entries = entries;
        list.seen = self.round;
        list.nearest = first(&list.entries);
        match list.nearest {
            Some((_, distance)) if distance <= list.bound => true,
            Some((_, distance)) if distance < below => false,
            _ => {
                list.nearest = None;
                list.bound >= below
            }
        }
    }

    /// The merges of the clusters that are left, by their matrix.
    fn by_matrix(&self, alive: &[u32], task: &Task<'_>) -> Result<Vec<Merge>> {
        let mut left = Sums {
            linkage: self.linkage,
            dims: self.dims,
            sums: try_vec(alive.len() * self.dims)?,
            sizes: try_vec(alive.len())?,
        };
        for &x in alive {
            let size = self.sizes[x as usize];
            left.sums
                .extend(self.mean(x).iter().map(|value| value * f64::from(size)));
            left.sizes.push(size);
        }
        let square = left.square(task)?;
        let chain = chain::nn_chain(square, &left.sizes, self.linkage, -1.0, task)?;
        let named = |merge: Merge| Merge {
            a: alive[merge.a as usize],
            b: alive[merge.b as usize],
            height: merge.height,
        };
        Ok(chain.merges.into_iter().map(named).collect())
    }
}

/// The nearest entry; the smallest name among equals.
fn first(entries: &[(u32, f64)]) -> Option<(u32, f64)> {
    entries
        .iter()
        .copied()
        .min_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)))
}

#[cfg(test)]
mod tests {
    use super::super::cut::cut;
    use super::super::tree::Tree;
    use super::super::{AgglomerativeParams, by_tree};
    use super::*;
    use crate::cluster::Metric;
    use ndarray::Array2;
    use proptest::prelude::*;

    fn task(threads: usize) -> Task<'static> {
        Task::new(threads, 1 << 30, &|| false)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn the_tree_is_that_of_the_matrix(
            n in 2_usize..200,
            dims in 3_usize..8,
            values in prop::collection::vec(-1.0..1.0_f64, 1999),
            centres in 1_usize..40,
            k in any::<prop::sample::Index>(),
            few in prop::sample::select(vec![1_usize, 5, 50]),
            linkage in prop::sample::select(vec![Linkage::Average, Linkage::Ward]),
        ) {
            let x = Array2::from_shape_fn((n, dims), |(i, d)| {
                values[i % centres * dims + d] + 0.4 * values[(i * dims + d + 400) % 1999]
            });
            let metric = if linkage == Linkage::Ward { Metric::Euclidean } else { Metric::Cosine };
            let k = k.index(n) + 1;
            let params = AgglomerativeParams::new(Some(k), None, linkage, metric).unwrap();
            let embeddings = Embeddings::from_f64(x.view(), &task(1)).unwrap();
            let expected = by_tree(&embeddings, &params, &task(1)).unwrap();
            let rows: Vec<u32> = (0..n as u32).collect();
            for threads in [1, 3] {
                let task = task(threads);
                let all = merges_down_to(few, &embeddings, &rows, linkage, None, &task).unwrap();
                prop_assert_eq!(all.len(), n - 1);
                let tree = Tree::new(n, all, true, &task).unwrap();
                prop_assert_eq!(cut(&tree, k, &task).unwrap(), expected.clone());
            }
            // With a threshold in a gap between heights: the merges below it.
            let all = merges_down_to(few, &embeddings, &rows, linkage, None, &task(1)).unwrap();
            let mut heights: Vec<f64> = all.iter().map(|merge| merge.height).collect();
            heights.sort_unstable_by(f64::total_cmp);
            let threshold = (heights[n / 2 - 1] + heights[(n / 2).min(n - 2)]) / 2.0;
            let some = merges_down_to(few, &embeddings, &rows, linkage, Some(threshold), &task(1)).unwrap();
            let mut low: Vec<f64> = some.iter().map(|merge| merge.height).filter(|h| *h < threshold).collect();
            low.sort_unstable_by(f64::total_cmp);
            let expected: Vec<f64> = heights.into_iter().filter(|h| *h < threshold).collect();
            prop_assert_eq!(low.len(), expected.len());
            prop_assert!(low.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-12));
        }
    }

    #[test]
    fn equal_distances_end() {
        let x = Array2::from_shape_fn((90, 3), |(i, d)| ((i * 7 + d * i) % 3) as f64 + 1.0);
        let embeddings = Embeddings::from_f64(x.view(), &task(1)).unwrap();
        let rows: Vec<u32> = (0..90).collect();
        for linkage in [Linkage::Average, Linkage::Ward] {
            let all = merges_down_to(1, &embeddings, &rows, linkage, None, &task(2)).unwrap();
            assert_eq!(all.len(), 89);
        }
    }
}
