//! Whether two rows are nearer than a threshold, by the bits of the distance that linkage works with.

use crate::cluster::neighbours::PairTest;
use crate::cluster::pairs::row_distance;
use crate::cluster::simd::{dot, squared_distance};
use crate::cluster::{Embeddings, Metric};
use crate::task::try_vec;
use crate::{Result, Task};

/// d(i, j) < threshold, strictly: a merge at the threshold does not happen.
pub(super) struct Below<'a> {
    embeddings: &'a Embeddings<'a>,
    metric: Metric,
    threshold: f64,
    norms: Vec<f64>,
}

impl<'a> Below<'a> {
    /// Prepares the norms of the rows.
    ///
    /// # Errors
    /// [`crate::ErrorKind::OutOfMemory`], [`crate::ErrorKind::Cancelled`].
    pub fn new(
        embeddings: &'a Embeddings<'a>,
        metric: Metric,
        threshold: f64,
        task: &Task<'_>,
    ) -> Result<Self> {
        let mut norms = try_vec(embeddings.rows())?;
        for i in 0..embeddings.rows() {
            if i.is_multiple_of(64) {
                task.check()?;
            }
            norms.push(dot(embeddings.row(i), embeddings.row(i)).sqrt());
        }
        Ok(Below {
            embeddings,
            metric,
            threshold,
            norms,
        })
    }

    /// The largest norm of a row.
    pub fn longest(&self) -> f64 {
        self.norms.iter().copied().fold(0.0, f64::max)
    }

    /// The distance of two rows.
    pub fn distance(&self, i: usize, j: usize) -> f64 {
        row_distance(self.metric, self.embeddings.row(i), self.embeddings.row(j))
    }

    /// The distance, quickly and with a relative error of its terms below 1e-12, by sums in another order.
    pub fn estimate(&self, i: usize, j: usize) -> f64 {
        let (x, y) = (self.embeddings.row(i), self.embeddings.row(j));
        match self.metric {
            Metric::Cosine => 1.0 - dot(x, y) / (self.norms[i] * self.norms[j]),
            Metric::Euclidean => squared_distance(x, y).sqrt(),
        }
    }
}

impl PairTest for Below<'_> {
    fn near(&self, i: usize, j: usize) -> bool {
        let estimate = self.estimate(i, j);
        let margin = match self.metric {
            // |x||y| bounds the sum of |products|, so this is an absolute error.
            Metric::Cosine => 1e-11,
            Metric::Euclidean => 1e-11 * self.threshold,
        };
        if (estimate - self.threshold).abs() > margin {
            return estimate < self.threshold;
        }
        self.distance(i, j) < self.threshold
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn the_threshold_itself_is_not_below() {
        let matrix = Array2::from_shape_fn((40, 19), |(i, k)| ((i * 31 + k * k * 7) % 29) as f64 - 11.7);
        let task = Task::new(1, usize::MAX, &|| false);
        let embeddings = Embeddings::from_f64(matrix.view(), &task).unwrap();
        for metric in Metric::ALL {
            for (i, j) in (0..40).flat_map(|i| (0..i).map(move |j| (i, j))) {
                let at = row_distance(metric, embeddings.row(i), embeddings.row(j));
                for (threshold, expected) in [
                    (at, false),
                    (at.next_up(), true),
                    (at.next_down(), false),
                    (at + 1e-6, true),
                    (at - 1e-6, false),
                ] {
                    let below = Below::new(&embeddings, metric, threshold, &task).unwrap();
                    assert_eq!(below.near(i, j), expected, "{metric} {i} {j} {threshold}");
                    assert_eq!(below.near(j, i), expected, "{metric} {i} {j} {threshold}");
                }
            }
        }
    }
}
