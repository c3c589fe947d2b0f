//! The nearest of many vectors, found in single precision and decided in double.
//!
//! Distances have the form constant(target) - factor * <row, target>. `dot_tile` gives all of them with a bounded
//! error; whatever lies within the bound of the smallest is computed again in f64. So the answer is that of f64
//! arithmetic, at a fraction of its cost.

use super::parallel;
use super::simd::dot_tile::{PANEL, dot_tile};
use crate::task::{try_filled, try_vec};
use crate::{Result, Task};

/// A bound on the error of `dot_tile` for vectors no longer than 1: 128 roundings of f32 in a run, and those of the
/// values (Higham, *Accuracy and stability of numerical algorithms*, section 3.1).
pub(crate) const PRODUCT_ERROR: f64 = 132.0 / (1 << 24) as f64;

/// Vectors no longer than 1 that rows are compared with.
pub(crate) struct Targets {
    dims: usize,
    panels: Vec<f32>,
    constants: Vec<f64>,
    factor: f64,
}

/// What one thread needs to compare up to [`PANEL`] rows.
pub(crate) struct Scan {
    /// The rows in f64, row-major.
    rows: Vec<f64>,
    panel: Vec<f32>,
    row: Vec<f64>,
    /// Approximate distances to all targets, row-major.
    distances: Vec<f64>,
    stride: usize,
}

impl Targets {
    /// How many bytes so many targets and the buffers of `threads` threads take; `None` beyond the address space.
    pub fn bytes(targets: usize, dims: usize, threads: usize) -> Option<usize> {
        let padded = targets.checked_next_multiple_of(PANEL)?;
        let buffers = padded
            .checked_mul(PANEL * 8)?
            .checked_add(dims.checked_mul(PANEL * 12 + 8)?)?;
        padded
            .checked_mul(dims.checked_mul(4)?.checked_add(8)?)?
            .checked_add(buffers.checked_mul(threads)?)
    }

    /// One target for each of `constants`; `read(target, vector)` writes its values, no longer than 1 in all.
    ///
    /// # Errors
    /// [`crate::ErrorKind::OutOfMemory`], [`crate::ErrorKind::Cancelled`].
    pub fn new(
        dims: usize,
        factor: f64,
        constants: Vec<f64>,
        task: &Task<'_>,
        read: impl Fn(usize, &mut [f64]) + Sync,
    ) -> Result<Self> {
        let targets = constants.len();
        let mut panels = task.filled(targets.div_ceil(PANEL) * PANEL * dims, 0.0)?;
        parallel::for_each_part(
            task,
            &mut panels,
            PANEL * dims,
            || try_filled(dims, 0.0),
            |row: &mut Vec<f64>, part, panel| {
                let first = part * PANEL;
                pack(PANEL.min(targets - first), row, panel, |r, row| {
                    read(first + r, row)
                });
                Ok(())
            },
        )?;
        Ok(Targets {
            dims,
            panels,
            constants,
            factor,
        })
    }

    /// Buffers for one thread.
    ///
    /// # Errors
    /// [`crate::ErrorKind::OutOfMemory`].
    pub fn scan(&self) -> Result<Scan> {
        let stride = self.constants.len();
        Ok(Scan {
            rows: try_filled(PANEL * self.dims, 0.0)?,
            panel: try_filled(PANEL * self.dims, 0.0)?,
            row: try_filled(self.dims, 0.0)?,
            distances: try_filled(PANEL * stride, 0.0)?,
            stride,
        })
    }
}

impl Scan {
    /// Takes in `count` rows, at most [`PANEL`], that `read(r, row)` writes.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Cancelled`].
    pub fn compare(
        &mut self,
        targets: &Targets,
        count: usize,
        task: &Task<'_>,
        mut read: impl FnMut(usize, &mut [f64]),
    ) -> Result<()> {
        let dims = targets.dims;
        pack(count, &mut self.row, &mut self.panel, |r, row| {
            read(r, row);
            self.rows[r * dims..][..dims].copy_from_slice(row);
        });
        let mut tile = [[0.0; PANEL]; PANEL];
        for (block, panel) in targets.panels.chunks_exact(PANEL * dims).enumerate() {
            task.check()?;
            dot_tile(&self.panel, panel, &mut tile);
            let first = block * PANEL;
            let constants = &targets.constants[first..self.stride.min(first + PANEL)];
            for (products, distances) in tile.iter().zip(self.distances.chunks_exact_mut(self.stride)) {
                let distances = &mut distances[first..];
                for ((distance, constant), product) in distances.iter_mut().zip(constants).zip(products) {
                    *distance = constant - targets.factor * product;
                }
            }
        }
        Ok(())
    }

    /// Row `r` as it was read.
    pub fn row(&self, r: usize) -> &[f64] {
        let dims = self.row.len();
        &self.rows[r * dims..][..dims]
    }

    /// The approximate distances of row `r` to all targets.
    pub fn distances(&self, r: usize) -> &[f64] {
        &self.distances[r * self.stride..][..self.stride]
    }

    /// The target with the smallest `exact` distance from row `r`, leaving out `without`: the first among equals.
    /// `exact` is given the row; `length` bounds its length.
    pub fn nearest(
        &mut self,
        targets: &Targets,
        r: usize,
        length: f64,
        without: Option<usize>,
        exact: impl Fn(&[f64], usize) -> f64,
    ) -> Option<(usize, f64)> {
        let dims = self.row.len();
        let row = &self.rows[r * dims..][..dims];
        let distances = &mut self.distances[r * self.stride..][..self.stride];
        if let Some(without) = without {
            distances[without] = f64::INFINITY;
        }
        let margin = 2.0 * targets.factor * PRODUCT_ERROR * length.max(1.0);
        let reach = distances.iter().copied().fold(f64::INFINITY, f64::min) + margin;
        let mut nearest = None;
        for (target, _) in distances
            .iter()
            .enumerate()
            .filter(|(_, distance)| **distance <= reach)
        {
            if Some(target) == without {
                continue;
            }
            let distance = exact(row, target);
            if nearest.is_none_or(|(_, least)| distance < least) {
                nearest = Some((target, distance));
            }
        }
        nearest
    }
}

/// Writes up to [`PANEL`] rows, as `read(r, row)` gives them, into `panel` for `dot_tile`; the others are zeros.
pub(crate) fn pack(rows: usize, row: &mut [f64], panel: &mut [f32], mut read: impl FnMut(usize, &mut [f64])) {
    for r in 0..PANEL {
        if r < rows {
            read(r, row);
        } else {
            row.fill(0.0);
        }
        for (to, &value) in panel[r..].iter_mut().step_by(PANEL).zip(row.iter()) {
            *to = value as f32;
        }
    }
}

/// How many rows a [`Scan`] takes at once: the length of parts for [`parallel::for_each_part`].
pub(crate) const ROWS: usize = PANEL;

/// One constant for each of `n` targets.
///
/// # Errors
/// [`crate::ErrorKind::OutOfMemory`].
pub(crate) fn constants(n: usize, constant: impl Fn(usize) -> f64) -> Result<Vec<f64>> {
    let mut constants = try_vec(n)?;
    constants.extend((0..n).map(constant));
    Ok(constants)
}
