//! The last word on a pair: scikit-learn's test, in f64, in one fixed order of summation.

use super::PairTest;
use crate::cluster::embeddings::Row;
use crate::cluster::{Embeddings, Metric};
use crate::task::try_vec;
use crate::{Result, Task};

/// `d(i, j) <= radius` as scikit-learn decides it.
///
/// * cosine: rows are divided by their norms (a norm of 0 counts as 1), distance = 1 - sum of products, clipped
///   to [0, 2]. Values so large or small that the square of a norm leaves the range of f64 give 0 for every
///   product, as there.
/// * euclidean: sum of squared differences <= radius^2. scikit-learn compares squares too; above 15 dimensions
///   it expands the square, which loses digits, so there the decision here is the more exact one.
///
/// Sums run over eight interleaved partial sums, so their bits are the same on every CPU.
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
            Metric::Cosine => (self.norms[i] > 0.0 && self.norms[i] < f64::INFINITY) || self.radius >= 1.0,
            Metric::Euclidean => true,
        }
    }

    /// The distance of rows `i` and `j`; for [`Metric::Euclidean`] its square.
    fn distance(&self, i: usize, j: usize) -> f64 {
        let (x, y) = (self.embeddings.row(i), self.embeddings.row(j));
        match self.metric {
            Metric::Cosine => {
                let (a, b) = (divisor(self.norms[i]), divisor(self.norms[j]));
                (1.0 - sum(x, y, |x, y| (x / a) * (y / b))).clamp(0.0, 2.0)
            }
            Metric::Euclidean => sum(x, y, |x, y| (x - y) * (x - y)),
        }
    }
}

impl PairTest for ExactPairs<'_> {
    fn near(&self, i: usize, j: usize) -> bool {
        let limit = match self.metric {
            Metric::Cosine => self.radius,
            Metric::Euclidean => self.radius * self.radius,
        };
        self.distance(i, j) <= limit
    }
}

/// The euclidean norm of every row.
fn norms(embeddings: &Embeddings<'_>, task: &Task<'_>) -> Result<Vec<f64>> {
    let mut norms = try_vec(embeddings.rows())?;
    for i in 0..embeddings.rows() {
        task.check()?;
        norms.push(dot(embeddings.row(i), embeddings.row(i)).sqrt());
    }
    Ok(norms)
}

/// scikit-learn leaves rows of norm 0 as they are.
fn divisor(norm: f64) -> f64 {
    if norm == 0.0 { 1.0 } else { norm }
}

/// The sum of products of two rows in f64, in eight interleaved partial sums.
pub fn dot(x: Row<'_>, y: Row<'_>) -> f64 {
    sum(x, y, |x, y| x * y)
}

fn sum(x: Row<'_>, y: Row<'_>, term: impl Fn(f64, f64) -> f64) -> f64 {
    match (x, y) {
        (Row::F32(x), Row::F32(y)) => sum_of(x, y, |x, y| term(f64::from(x), f64::from(y))),
        (Row::F64(x), Row::F64(y)) => sum_of(x, y, term),
        (Row::F32(x), Row::F64(y)) => sum_of(x, y, |x, y| term(f64::from(x), y)),
        (Row::F64(x), Row::F32(y)) => sum_of(x, y, |x, y| term(x, f64::from(y))),
    }
}

fn sum_of<X: Copy, Y: Copy>(x: &[X], y: &[Y], term: impl Fn(X, Y) -> f64) -> f64 {
    let mut sums = [0.0; 8];
    let (x_groups, y_groups) = (x.chunks_exact(8), y.chunks_exact(8));
    let (x_rest, y_rest) = (x_groups.remainder(), y_groups.remainder());
    for (x, y) in x_groups.zip(y_groups) {
        for k in 0..8 {
            sums[k] += term(x[k], y[k]);
        }
    }
    for (k, (&x, &y)) in x_rest.iter().zip(y_rest).enumerate() {
        sums[k] += term(x, y);
    }
    ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]))
}
