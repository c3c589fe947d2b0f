//! How rows are placed before they become integers.

use super::bounds::{LEAST, RadiusTest, SLACK};
use crate::cluster::simd::dot;
use crate::cluster::{Embeddings, Metric};
use crate::task::{try_filled, try_vec};
use crate::{Result, Task};

/// A placement of all rows in which integers lose little and no number leaves its range.
pub struct Frame {
    test: RadiusTest,
    /// Cosine: rows shorter than this have no direction.
    shortest: f64,
    /// Euclidean: a power of two that makes every centred row at most 1 long.
    scale: f64,
    /// Euclidean: the scaled mean.
    centre: Vec<f64>,
    /// Euclidean: the dimension in which the rows are farthest apart.
    widest: usize,
}

impl Frame {
    /// The frame for all rows; those shorter than `shortest` have no direction.
    ///
    /// # Errors
    /// [`crate::ErrorKind::OutOfMemory`], [`crate::ErrorKind::Cancelled`].
    pub fn new(
        embeddings: &Embeddings<'_>,
        metric: Metric,
        radius: f64,
        shortest: f64,
        task: &Task<'_>,
    ) -> Result<Self> {
        if metric == Metric::Cosine {
            return Ok(Frame {
                test: RadiusTest { metric, radius },
                shortest,
                scale: 1.0,
                centre: Vec::new(),
                widest: 0,
            });
        }
        let (n, dims) = (embeddings.rows(), embeddings.dims());
        let mut row = try_filled(dims, 0.0)?;
        let mut low = try_filled(dims, f64::INFINITY)?;
        let mut high = try_filled(dims, f64::NEG_INFINITY)?;
        let mut centre = try_filled(dims, 0.0)?;
        for i in 0..n {
            task.check()?;
            embeddings.copy_row(i, &mut row);
            for (k, &value) in row.iter().enumerate() {
                low[k] = value.min(low[k]);
                high[k] = value.max(high[k]);
                centre[k] += value / n as f64;
            }
        }
        let largest = low
            .iter()
            .chain(&high)
            .fold(0.0, |largest: f64, value| largest.max(value.abs()));
        // A centred value is at most twice the largest, and sqrt(16,000) < 2^7 of them make a length.
        let scale = if largest > 0.0 {
            (-(largest.log2().ceil() + 8.0)).clamp(-1073.0, 1000.0).exp2()
        } else {
            1.0
        };
        centre.iter_mut().for_each(|value| *value *= scale);
        let width = |&k: &usize| high[k] * scale - low[k] * scale;
        let widest = (0..dims)
            .max_by(|a, b| width(a).total_cmp(&width(b)))
            .unwrap_or(0);
        let scaled = radius * scale;
        Ok(Frame {
            test: RadiusTest {
                metric,
                radius: scaled * scaled,
            },
            shortest,
            scale,
            centre,
            widest,
        })
    }

    /// The test that placed rows are put to.
    pub fn test(&self) -> RadiusTest {
        self.test
    }

    /// Places row `row`, whose values are in `values`.
    pub fn place(&self, embeddings: &Embeddings<'_>, row: usize, values: &mut [f64]) {
        match self.test.metric {
            Metric::Cosine => {
                let norm = dot(embeddings.row(row), embeddings.row(row)).sqrt();
                // No direction, or a norm beyond f64: a zero vector, at distance 1 from all.
                let inverse = if norm >= self.shortest { 1.0 / norm } else { 0.0 };
                values.iter_mut().for_each(|value| *value *= inverse);
            }
            Metric::Euclidean => {
                for (value, centre) in values.iter_mut().zip(&self.centre) {
                    *value = *value * self.scale - centre;
                }
            }
        }
    }

    /// The order in which near rows are likely to be near each other, and the coordinate that it sorts by (none
    /// for cosine).
    ///
    /// # Errors
    /// [`crate::ErrorKind::OutOfMemory`].
    pub fn order(&self, embeddings: &Embeddings<'_>) -> Result<(Vec<u32>, Vec<f64>)> {
        let n = embeddings.rows();
        let mut order = try_vec(n)?;
        order.extend((0..n).map(|i| i as u32));
        if self.test.metric == Metric::Cosine {
            return Ok((order, Vec::new()));
        }
        let mut coordinates = try_vec(n)?;
        coordinates.extend((0..n).map(|i| embeddings.value(i, self.widest) * self.scale));
        order.sort_unstable_by(|&i, &j| {
            coordinates[i as usize]
                .total_cmp(&coordinates[j as usize])
                .then(i.cmp(&j))
        });
        coordinates.sort_unstable_by(f64::total_cmp);
        Ok((order, coordinates))
    }

    /// Whether rows whose coordinates differ by `gap` are certainly beyond the radius.
    pub fn too_far(&self, gap: f64) -> bool {
        gap > 0.0 && gap * gap > self.test.radius * (1.0 + SLACK) + LEAST
    }
}
