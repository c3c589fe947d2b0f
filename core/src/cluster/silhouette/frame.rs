//! The rows as silhouettes see them: moved and scaled so that no row is longer than 1.
//!
//! Silhouettes are ratios of distances, so neither a common shift nor a common scale changes them; both bring the
//! values to where single precision is most precise.

use super::super::parallel;
use super::super::simd::{dot, squared_distance};
use super::{SilhouetteMetric, too_far};
use crate::cluster::embeddings::Row;
use crate::cluster::{Embeddings, to_unit};
use crate::task::try_filled;
use crate::{Result, Task};

/// How rows are read.
pub(super) struct Frame<'a> {
    embeddings: &'a Embeddings<'a>,
    /// What is taken off every row; nothing for cosine.
    centre: Option<Vec<f64>>,
    /// What every row is divided by; for cosine each by its norm instead.
    radius: f64,
}

impl<'a> Frame<'a> {
    /// The frame of `rows`: unit vectors for cosine (zeros stay zeros), otherwise distances from the mean in units
    /// of the largest.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidData`] when lengths leave the range of f64, [`crate::ErrorKind::OutOfMemory`],
    /// [`crate::ErrorKind::Cancelled`].
    pub fn new(
        embeddings: &'a Embeddings<'a>,
        rows: &[u32],
        metric: SilhouetteMetric,
        task: &Task<'_>,
    ) -> Result<Self> {
        let mut frame = Frame {
            embeddings,
            centre: None,
            radius: 1.0,
        };
        if metric != SilhouetteMetric::Cosine {
            let mut centre = try_filled(embeddings.dims(), 0.0)?;
            let mut row = centre.clone();
            for (count, &i) in rows.iter().enumerate() {
                if count.is_multiple_of(64) {
                    task.check()?;
                }
                embeddings.copy_row(i as usize, &mut row);
                centre.iter_mut().zip(&row).for_each(|(sum, value)| *sum += value);
            }
            centre.iter_mut().for_each(|sum| *sum /= rows.len() as f64);
            frame.centre = Some(centre);
        }
        let mut lengths = try_filled(rows.len(), 0.0)?;
        parallel::for_each_part(
            task,
            &mut lengths,
            64,
            || try_filled(embeddings.dims(), 0.0),
            |row: &mut Vec<f64>, part, lengths| {
                for (length, &i) in lengths.iter_mut().zip(&rows[part * 64..]) {
                    frame.shifted(i, row);
                    *length = dot(Row::F64(row), Row::F64(row)).sqrt();
                }
                Ok(())
            },
        )?;
        if lengths.iter().any(|length| !length.is_finite()) {
            return Err(too_far());
        }
        let longest = lengths.iter().copied().fold(0.0, f64::max);
        if frame.centre.is_some() && longest > 0.0 {
            frame.radius = longest;
        }
        Ok(frame)
    }

    fn shifted(&self, i: u32, row: &mut [f64]) {
        self.embeddings.copy_row(i as usize, row);
        if let Some(centre) = &self.centre {
            row.iter_mut()
                .zip(centre)
                .for_each(|(value, centre)| *value -= centre);
        }
    }

    /// Writes row `i` as the frame has it.
    pub fn row(&self, i: u32, row: &mut [f64]) {
        self.shifted(i, row);
        match self.centre {
            Some(_) => row.iter_mut().for_each(|value| *value /= self.radius),
            None => to_unit(row),
        }
    }

    /// |x_i - x_j| in the frame, from the values as given.
    pub fn distance(&self, i: u32, j: u32) -> f64 {
        let (x, y) = (self.embeddings.row(i as usize), self.embeddings.row(j as usize));
        squared_distance(x, y).sqrt() / self.radius
    }
}
