//! The last word on a pair: scikit-learn's test, in f64, in one fixed order of summation.

use super::PairTest;
use crate::cluster::embeddings::Row;
use crate::cluster::parallel::{Queue, on_threads};
use crate::cluster::simd::{dot, squared_distance};
use crate::cluster::{Embeddings, Metric, SHORTEST_NORM, unit_divisor};
use crate::task::try_filled;
use crate::{Result, Task};

/// More than rounding can change a cosine distance by: sums of 16,000 products in eight parts.
const ROUNDING: f64 = 1e-12;
/// Norms of rows with a direction whose squares are far from the end of f64's range.
const ORDINARY: std::ops::Range<f64> = SHORTEST_NORM..1e100;
/// scikit-learn searches trees up to this many dimensions, and there sums one difference after the other.
const TREE_DIMS: usize = 15;

/// `d(i, j) <= radius` as scikit-learn decides it.
///
/// * cosine: rows are divided by their norms (a norm below 10 epsilon counts as 1), distance = 1 - sum of products, clipped
///   to [0, 2]. Values so large or small that the square of a norm leaves the range of f64 give 0 for every
///   product, as there.
/// * euclidean: sum of squared differences <= radius^2. scikit-learn compares squares too; above 15 dimensions
///   it expands the square, which loses digits, so there the decision here is the more exact one.
///
/// The order of summation is fixed, so the bits are the same on every machine.
pub struct ExactPairs<'a> {
    embeddings: &'a Embeddings<'a>,
    metric: Metric,
    radius: f64,
    norms: Vec<f64>,
}

impl<'a> ExactPairs<'a> {
    /// Prepares the norms.
    ///
    /// # Errors
    /// [`crate::ErrorKind::OutOfMemory`], [`crate::ErrorKind::Cancelled`].
    pub fn new(embeddings: &'a Embeddings<'a>, metric: Metric, radius: f64, task: &Task<'_>) -> Result<Self> {
        let norms = match metric {
            Metric::Cosine => norms(embeddings, task)?,
            Metric::Euclidean => Vec::new(),
        };
        Ok(ExactPairs {
            embeddings,
            metric,
            radius,
            norms,
        })
    }

    /// Whether row `i` is its own neighbour: all but rows without direction are, whatever the rounding.
    pub fn near_itself(&self, i: usize) -> bool {
        match self.metric {
            Metric::Cosine => (SHORTEST_NORM..f64::INFINITY).contains(&self.norms[i]) || self.radius >= 1.0,
            Metric::Euclidean => true,
        }
    }

    fn cosine(&self, i: usize, j: usize) -> f64 {
        let (x, y) = (self.embeddings.row(i), self.embeddings.row(j));
        let (a, b) = (self.norms[i], self.norms[j]);
        if ORDINARY.contains(&a) && ORDINARY.contains(&b) {
            let distance = 1.0 - dot(x, y) / (a * b);
            if (distance - self.radius).abs() > ROUNDING {
                return distance;
            }
        }
        let [a, b] = [a, b].map(unit_divisor);
        let products = pairs(x, y).map(|(x, y)| (x / a) * (y / b));
        (1.0 - products.sum::<f64>()).clamp(0.0, 2.0)
    }

    fn squared_euclidean(&self, i: usize, j: usize) -> f64 {
        let (x, y) = (self.embeddings.row(i), self.embeddings.row(j));
        if self.embeddings.dims() > TREE_DIMS {
            return squared_distance(x, y);
        }
        pairs(x, y).map(|(x, y)| (x - y) * (x - y)).sum()
    }
}

impl PairTest for ExactPairs<'_> {
    fn shortest(&self) -> f64 {
        SHORTEST_NORM
    }

    fn near(&self, i: usize, j: usize) -> bool {
        match self.metric {
            Metric::Cosine => self.cosine(i, j) <= self.radius,
            Metric::Euclidean => self.squared_euclidean(i, j) <= self.radius * self.radius,
        }
    }
}

fn pairs<'a>(x: Row<'a>, y: Row<'a>) -> impl Iterator<Item = (f64, f64)> {
    x.values().zip(y.values())
}

/// The euclidean norm of every row.
fn norms(embeddings: &Embeddings<'_>, task: &Task<'_>) -> Result<Vec<f64>> {
    let mut norms = try_filled(embeddings.rows(), 0.0)?;
    let queue = Queue::new(norms.iter_mut().enumerate());
    on_threads(task.threads, || {
        while let Some((i, norm)) = queue.next() {
            if task.stopped() {
                return;
            }
            *norm = dot(embeddings.row(i), embeddings.row(i)).sqrt();
        }
    });
    task.check()?;
    Ok(norms)
}
