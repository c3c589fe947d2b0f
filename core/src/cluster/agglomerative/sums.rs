//! Clusters described by a sum of vectors: enough for the distances of average-cosine and ward linkage.
//!
//! With S the sum of the unit vectors of a cluster of m rows, the mean cosine distance of two clusters is
//! 1 - <S_a, S_b> / (m_a m_b). With c the mean of its rows, ward's distance is sqrt(2 m_a m_b / (m_a + m_b)) |c_a - c_b|.

use super::linkage::{AgglomerativeParams, Linkage};
use crate::cluster::pairs::{Packed, PairDistance, Sum, dot};
use crate::cluster::{Embeddings, Metric};
use crate::task::try_filled;
use crate::{Result, Task};

/// Whether such sums exist for this linkage.
pub(super) fn suits(params: &AgglomerativeParams) -> bool {
    matches!(
        (params.linkage, params.metric),
        (Linkage::Average, Metric::Cosine) | (Linkage::Ward, _)
    )
}

/// `k` clusters: a sum each, row-major, and a size each.
pub(super) struct Sums {
    pub linkage: Linkage,
    pub dims: usize,
    pub sums: Vec<f64>,
    pub sizes: Vec<u32>,
}

impl Sums {
    /// How many bytes `k` clusters take, laid out for distances.
    pub fn bytes(k: usize, dims: usize) -> Option<usize> {
        k.checked_mul(dims)?
            .checked_mul(8)?
            .checked_add(Packed::bytes(k, dims)?)
    }

    /// The sums of the rows with labels `0..k`.
    ///
    /// # Errors
    /// [`crate::ErrorKind::OutOfMemory`], [`crate::ErrorKind::Cancelled`].
    pub fn new(
        embeddings: &Embeddings<'_>,
        labels: &[i32],
        k: usize,
        linkage: Linkage,
        task: &Task<'_>,
    ) -> Result<Self> {
        let dims = embeddings.dims();
        let mut sums = try_filled(k * dims, 0.0)?;
        let mut sizes = try_filled(k, 0)?;
        let mut row = try_filled(dims, 0.0)?;
        for (i, &label) in labels.iter().enumerate() {
            if i.is_multiple_of(64) {
                task.check()?;
            }
            embeddings.copy_row(i, &mut row);
            let scale = match linkage {
                Linkage::Ward => 1.0,
                _ => 1.0 / dot(&row, &row).sqrt(),
            };
            let label = label as usize;
            sizes[label] += 1;
            for (sum, &value) in sums[label * dims..][..dims].iter_mut().zip(&row) {
                *sum += value * scale;
            }
        }
        Ok(Sums {
            linkage,
            dims,
            sums,
            sizes,
        })
    }

    /// The matrix of distances between the clusters, infinite on the diagonal.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidData`] when a distance is not finite, [`crate::ErrorKind::OutOfMemory`],
    /// [`crate::ErrorKind::Cancelled`].
    pub fn square(&self, task: &Task<'_>) -> Result<Vec<f64>> {
        self.packed(task)?.square(self, task)
    }

    /// The clusters laid out for distances: means of rows for ward, sums of unit vectors otherwise.
    fn packed(&self, task: &Task<'_>) -> Result<Packed> {
        Packed::with(self.sizes.len(), self.dims, task, |i, row| {
            let divisor = if self.linkage == Linkage::Ward {
                f64::from(self.sizes[i])
            } else {
                1.0
            };
            for (to, &sum) in row.iter_mut().zip(&self.sums[i * self.dims..]) {
                *to = sum / divisor;
            }
        })
    }
}

impl PairDistance for Sums {
    fn sum(&self) -> Sum {
        match self.linkage {
            Linkage::Ward => Sum::SquaredDifference,
            _ => Sum::Dot,
        }
    }

    fn finish(&self, i: usize, j: usize, sums: &mut [f64]) {
        let a = f64::from(self.sizes[i]);
        for (d, &size) in sums.iter_mut().zip(&self.sizes[j..]) {
            let b = f64::from(size);
            *d = match self.linkage {
                Linkage::Ward => (2.0 * a * b / (a + b) * *d).sqrt(),
                _ => 1.0 - *d / (a * b),
            };
        }
    }
}
