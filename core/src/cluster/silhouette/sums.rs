//! Mean distances to a cluster from the sum of its vectors.
//!
//! With S the sum and m the number of a cluster's rows: the mean cosine distance of a unit vector u to it is
//! 1 - <u, S> / m, and the mean squared euclidean distance of x is |x|² + (sum of |y|²) / m - 2 <x, S> / m. For the
//! own cluster the row itself is taken out.
//!
//! The nearest cluster is sought in single precision, whose error is bounded; what may be nearest within the bound
//! is decided in double precision.

use super::super::simd::dot;
use super::frame::Frame;
use super::{Groups, Means, SilhouetteMetric};
use crate::cluster::embeddings::Row;
use crate::cluster::nearest::{ROWS, Scan, Targets, constants};
use crate::cluster::{Embeddings, parallel};
use crate::task::try_filled;
use crate::{Result, Task};

/// The means of every row of `groups`, in its order, for cosine distance or, in units of the frame, squared
/// euclidean distance.
pub(super) fn means(
    embeddings: &Embeddings<'_>,
    groups: &Groups,
    metric: SilhouetteMetric,
    task: &Task<'_>,
) -> Result<Vec<Means>> {
    let (n, k, dims) = (groups.rows.len(), groups.len(), embeddings.dims());
    let bytes = || {
        let clusters = k
            .checked_mul(dims)?
            .checked_mul(8)?
            .checked_add(n.checked_mul(16)?)?;
        Targets::bytes(k, dims, task.threads)?.checked_add(clusters)
    };
    task.need(&format!("silhouettes of {n} vectors in {k} clusters"), bytes())?;
    let frame = Frame::new(embeddings, &groups.rows, metric, task)?;
    let centres = means_of_clusters(&frame, groups, dims, task)?;

    // The distance to a cluster is (squared length of the row) + (constant of the cluster) - factor * product.
    let squared = metric == SilhouetteMetric::SquaredEuclidean;
    let (factor, constants) = if squared {
        (2.0, mean_squares(&frame, groups, dims, task)?)
    } else {
        (1.0, constants(k, |_| 1.0)?)
    };
    let targets = Targets::new(dims, factor, constants.clone(), task, |cluster, row| {
        row.copy_from_slice(&centres[cluster * dims..][..dims]);
    })?;

    let mut all = try_filled(n, Means { own: 0.0, other: 0.0 })?;
    parallel::for_each_part(
        task,
        &mut all,
        ROWS,
        || targets.scan(),
        |scan: &mut Scan, part, all| {
            let first = part * ROWS;
            scan.compare(&targets, all.len(), task, |r, row| {
                frame.row(groups.rows[first + r], row)
            })?;
            for (r, means) in all.iter_mut().enumerate() {
                if r.is_multiple_of(8) {
                    task.check()?;
                }
                let row = scan.row(r);
                let length = dot(Row::F64(row), Row::F64(row));
                let to = |row: &[f64], cluster: usize| {
                    let centre = &centres[cluster * dims..][..dims];
                    let shift = if squared { length } else { 0.0 };
                    shift + constants[cluster] - factor * dot(Row::F64(row), Row::F64(centre))
                };
                let own = groups.of[first + r] as usize;
                let size = groups.members(own).len() as f64;
                // A unit vector has distance 1 - |u|² to itself, which is 1 for a vector of zeros.
                let itself = if squared { 0.0 } else { 1.0 - length };
                means.own = (to(row, own) * size - itself) / (size - 1.0);
                means.other = match scan.nearest(&targets, r, 1.0, Some(own), to) {
                    Some((_, distance)) => distance,
                    None => f64::INFINITY,
                };
            }
            Ok(())
        },
    )?;
    Ok(all)
}

/// The mean of every cluster's rows, row-major.
fn means_of_clusters(frame: &Frame<'_>, groups: &Groups, dims: usize, task: &Task<'_>) -> Result<Vec<f64>> {
    let mut means = try_filled(groups.len() * dims, 0.0)?;
    parallel::for_each_part(
        task,
        &mut means,
        dims,
        || try_filled(dims, 0.0),
        |row: &mut Vec<f64>, cluster, mean| {
            let members = groups.members(cluster);
            for (count, &i) in members.iter().enumerate() {
                if count.is_multiple_of(64) {
                    task.check()?;
                }
                frame.row(i, row);
                mean.iter_mut()
                    .zip(row.iter())
                    .for_each(|(sum, value)| *sum += value);
            }
            mean.iter_mut().for_each(|sum| *sum /= members.len() as f64);
            Ok(())
        },
    )?;
    Ok(means)
}

/// The mean of the squared lengths of every cluster's rows.
fn mean_squares(frame: &Frame<'_>, groups: &Groups, dims: usize, task: &Task<'_>) -> Result<Vec<f64>> {
    let mut squares = try_filled(groups.len(), 0.0)?;
    parallel::for_each_part(
        task,
        &mut squares,
        1,
        || try_filled(dims, 0.0),
        |row: &mut Vec<f64>, cluster, square| {
            let members = groups.members(cluster);
            for (count, &i) in members.iter().enumerate() {
                if count.is_multiple_of(64) {
                    task.check()?;
                }
                frame.row(i, row);
                square[0] += dot(Row::F64(row), Row::F64(row));
            }
            square[0] /= members.len() as f64;
            Ok(())
        },
    )?;
    Ok(squares)
}
