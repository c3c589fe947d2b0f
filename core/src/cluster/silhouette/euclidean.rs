//! Mean euclidean distances to every cluster, by way of all pairs.
//!
//! |x - y|² = |x|² + |y|² - 2 <x, y> in blocks of single-precision products; where that would cancel, the pair is
//! computed from differences in f64. Distances are rounded to multiples of 2⁻⁴⁰ of the radius of the set, so that
//! sums are exact and do not depend on their order: the triangle of pairs can be shared out among threads freely.

use std::sync::atomic::{AtomicI64, Ordering};

use super::super::simd::dot_tile::{PANEL, Tile, dot_tile};
use super::frame::Frame;
use super::{Groups, Means, SilhouetteMetric};
use crate::cluster::nearest::pack;
use crate::cluster::pairs::upper;
use crate::cluster::{Embeddings, parallel};
use crate::progress::Phase;
use crate::task::try_filled;
use crate::{Result, Task};

/// Squared distances below this, in units of the radius, are computed from differences: above it an error of
/// 1e-7 in the square is a relative one of 5e-7 in the distance, and silhouettes are ratios of distances.
const CANCELS: f64 = 0.1;

/// 1.5 * 2¹²: adding it to a distance (at most 2) and taking it off again leaves a multiple of 2⁻⁴⁰.
const ROUND: f64 = 6144.0;

/// 2⁴⁰.
const UNITS: f64 = (1_u64 << 40) as f64;

/// Panels on the side of one unit of work.
const BLOCK: usize = 4;

/// The rows, cluster by cluster, laid out for `dot_tile`.
struct Rows<'a> {
    frame: Frame<'a>,
    groups: &'a Groups,
    dims: usize,
    panels: Vec<f32>,
    /// |x|² of the values in `panels`.
    squares: Vec<f64>,
}

/// The means of every row of `groups`, in its order, in units of the frame.
pub(super) fn means(embeddings: &Embeddings<'_>, groups: &Groups, task: &Task<'_>) -> Result<Vec<Means>> {
    let (n, k) = (groups.rows.len(), groups.len());
    let what = format!("silhouettes of {n} vectors in {k} clusters");
    let panels = n
        .div_ceil(PANEL)
        .checked_mul(PANEL * 4)
        .and_then(|row| row.checked_mul(embeddings.dims()));
    let bytes = task.need(
        &what,
        panels.and_then(|bytes| bytes.checked_add(n.checked_mul(40)?)),
    )?;
    let rows = Rows::new(embeddings, groups, task)?;
    // Each pair once, if there is room for every row's sum of distances to every cluster; otherwise twice, to the
    // same sums.
    let table = n
        .checked_mul(k)
        .and_then(|entries| entries.checked_mul(8)?.checked_add(bytes));
    match table {
        Some(bytes) if bytes <= task.memory => rows.by_triangle(task),
        _ => rows.by_rows(task),
    }
}

impl<'a> Rows<'a> {
    fn new(embeddings: &'a Embeddings<'a>, groups: &'a Groups, task: &Task<'_>) -> Result<Self> {
        let (n, dims) = (groups.rows.len(), embeddings.dims());
        let frame = Frame::new(embeddings, &groups.rows, SilhouetteMetric::Euclidean, task)?;
        let mut panels = try_filled(n.div_ceil(PANEL) * PANEL * dims, 0.0_f32)?;
        parallel::for_each_part(
            task,
            &mut panels,
            PANEL * dims,
            || try_filled(dims, 0.0),
            |row: &mut Vec<f64>, part, panel| {
                let first = part * PANEL;
                pack(PANEL.min(n - first), row, panel, |r, row| {
                    frame.row(groups.rows[first + r], row)
                });
                Ok(())
            },
        )?;
        let mut squares = try_filled(n.div_ceil(PANEL) * PANEL, 0.0)?;
        parallel::for_each_part(
            task,
            &mut squares,
            PANEL,
            || Ok(()),
            |(), part, squares| {
                for values in panels[part * PANEL * dims..][..PANEL * dims].chunks_exact(PANEL) {
                    for (square, &value) in squares.iter_mut().zip(values) {
                        *square += f64::from(value) * f64::from(value);
                    }
                }
                Ok(())
            },
        )?;
        Ok(Rows {
            frame,
            groups,
            dims,
            panels,
            squares,
        })
    }

    fn panel(&self, i: usize) -> &[f32] {
        &self.panels[i * PANEL * self.dims..][..PANEL * self.dims]
    }

    /// How many panels there are.
    fn panels(&self) -> usize {
        self.squares.len() / PANEL
    }

    /// The distances between the rows of two panels, as multiples of 2⁻⁴⁰; 0 beyond the last row.
    fn distances(&self, i: usize, j: usize, tile: &mut Tile, task: &Task<'_>) -> Result<()> {
        task.check()?;
        dot_tile(self.panel(i), self.panel(j), tile);
        let n = self.groups.rows.len();
        let (left, right) = (
            &self.squares[i * PANEL..][..PANEL],
            &self.squares[j * PANEL..][..PANEL],
        );
        for (r, (distances, &left)) in tile.iter_mut().zip(left).enumerate() {
            let mut cancels = false;
            for (distance, &right) in distances.iter_mut().zip(right) {
                let square = left + right - 2.0 * *distance;
                cancels |= square < CANCELS;
                *distance = (square.max(0.0).sqrt() + ROUND) - ROUND;
            }
            let a = i * PANEL + r;
            if a >= n {
                distances.fill(0.0);
                continue;
            }
            if cancels || (j + 1) * PANEL > n {
                for (c, distance) in distances.iter_mut().enumerate() {
                    let b = j * PANEL + c;
                    if b >= n || a == b {
                        *distance = 0.0;
                    } else if *distance * *distance < CANCELS {
                        let exact = self.frame.distance(self.groups.rows[a], self.groups.rows[b]);
                        *distance = (exact + ROUND) - ROUND;
                    }
                }
                task.check()?;
            }
        }
        Ok(())
    }

    /// Calls `add(r, cluster, sum)` for every row `r` of the tile and every cluster among its columns, which are
    /// the rows from `first` on.
    fn runs(&self, first: usize, tile: &Tile, mut add: impl FnMut(usize, usize, i64)) {
        let of = &self.groups.of[first..self.groups.of.len().min(first + PANEL)];
        let mut start = 0;
        while let Some(&cluster) = of.get(start) {
            let length = of[start..].iter().take_while(|c| **c == cluster).count();
            for (r, distances) in tile.iter().enumerate() {
                let sum: f64 = distances[start..start + length].iter().sum();
                add(r, cluster as usize, (sum * UNITS) as i64);
            }
            start += length;
        }
    }

    fn by_triangle(&self, task: &Task<'_>) -> Result<Vec<Means>> {
        let (n, k) = (self.groups.rows.len(), self.groups.len());
        let mut sums = crate::task::try_vec(n * k)?;
        sums.resize_with(n * k, || AtomicI64::new(0));
        let blocks = self.panels().div_ceil(BLOCK);
        task.begin(Phase::ComputingSilhouettes, blocks * (blocks + 1) / 2);
        parallel::for_each(
            task,
            blocks * (blocks + 1) / 2,
            || Ok(([[0.0; PANEL]; PANEL], [[0.0; PANEL]; PANEL])),
            |(tile, turned), item| {
                let (column, row) = upper(item);
                let add = |first: usize, tile: &Tile, onto: usize| {
                    self.runs(first, tile, |r, cluster, sum| {
                        if onto + r < n {
                            sums[(onto + r) * k + cluster].fetch_add(sum, Ordering::Relaxed);
                        }
                    });
                };
                for i in row * BLOCK..self.panels().min((row + 1) * BLOCK) {
                    for j in i.max(column * BLOCK)..self.panels().min((column + 1) * BLOCK) {
                        self.distances(i, j, tile, task)?;
                        add(j * PANEL, tile, i * PANEL);
                        if i != j {
                            for (r, distances) in tile.iter().enumerate() {
                                for (turned, &distance) in turned.iter_mut().zip(distances) {
                                    turned[r] = distance;
                                }
                            }
                            add(i * PANEL, turned, j * PANEL);
                        }
                    }
                }
                task.advance(1);
                Ok(())
            },
        )?;
        let mut means = crate::task::try_vec(n)?;
        for (position, sums) in sums.chunks_exact(k).enumerate() {
            if position.is_multiple_of(256) {
                task.check()?;
            }
            let mut mean = Nearest::new(self.groups, position);
            for (cluster, sum) in sums.iter().enumerate() {
                mean.add(self.groups, cluster, sum.load(Ordering::Relaxed));
            }
            means.push(mean.means);
        }
        Ok(means)
    }

    fn by_rows(&self, task: &Task<'_>) -> Result<Vec<Means>> {
        let n = self.groups.rows.len();
        let mut all = try_filled(n, Means { own: 0.0, other: 0.0 })?;
        task.begin(Phase::ComputingSilhouettes, n.div_ceil(PANEL));
        parallel::for_each_part(
            task,
            &mut all,
            PANEL,
            || Ok([[0.0; PANEL]; PANEL]),
            |tile, i, all| {
                task.advance(1);
                let mut nearest: Vec<Nearest> = (0..all.len())
                    .map(|r| Nearest::new(self.groups, i * PANEL + r))
                    .collect();
                // Clusters come one after the other: one open sum for each row.
                let mut open = [0; PANEL];
                let mut of = 0;
                for j in 0..self.panels() {
                    self.distances(i, j, tile, task)?;
                    self.runs(j * PANEL, tile, |r, cluster, sum| {
                        if cluster != of && r == 0 {
                            for (nearest, open) in nearest.iter_mut().zip(&mut open) {
                                nearest.add(self.groups, of, std::mem::take(open));
                            }
                            of = cluster;
                        }
                        open[r] += sum;
                    });
                }
                for ((all, mut nearest), open) in all.iter_mut().zip(nearest).zip(open) {
                    nearest.add(self.groups, of, open);
                    *all = nearest.means;
                }
                Ok(())
            },
        )?;
        Ok(all)
    }
}

/// The means of one row while the clusters pass by.
struct Nearest {
    own: usize,
    means: Means,
}

impl Nearest {
    fn new(groups: &Groups, position: usize) -> Self {
        Nearest {
            own: groups.of[position] as usize,
            means: Means {
                own: 0.0,
                other: f64::INFINITY,
            },
        }
    }

    /// Takes in the sum of the distances to a cluster, in units of 2⁻⁴⁰.
    fn add(&mut self, groups: &Groups, cluster: usize, sum: i64) {
        let size = groups.members(cluster).len() as f64;
        let sum = sum as f64 / UNITS;
        if cluster == self.own {
            self.means.own = sum / (size - 1.0);
        } else {
            self.means.other = self.means.other.min(sum / size);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn both_ways_give_the_same_bits() {
        let task = Task::new(2, usize::MAX, &|| false);
        for (n, clusters) in [(3, 2), (32, 3), (33, 32), (200, 7), (300, 290)] {
            let x = Array2::from_shape_fn((n, 9), |(i, k)| ((i * 37 + k * k * 11) % 101) as f32);
            let labels: Vec<i32> = (0..n).map(|i| (i * i % clusters) as i32).collect();
            let embeddings = Embeddings::from_f32(x.view(), &task).unwrap();
            let groups = Groups::new((0..n as u32).collect(), &labels).unwrap();
            let rows = Rows::new(&embeddings, &groups, &task).unwrap();
            let bits = |means: Vec<Means>| -> Vec<_> {
                means
                    .iter()
                    .map(|m| (m.own.to_bits(), m.other.to_bits()))
                    .collect()
            };
            assert_eq!(
                bits(rows.by_triangle(&task).unwrap()),
                bits(rows.by_rows(&task).unwrap()),
                "{n}"
            );
        }
    }
}
