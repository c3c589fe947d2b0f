//! Mean distances to a cluster from the sum of its vectors.
//!
//! With S the sum and m the number of a cluster's rows: the mean cosine distance of a unit vector u to it is
//! 1 - <u, S> / m, and the mean squared euclidean distance of x is |x|² + (sum of |y|²) / m - 2 <x, S> / m. For the
//! own cluster the row itself is taken out.
//!
//! The nearest cluster is sought in single precision, whose error is bounded; what may be nearest within the bound
//! is decided in double precision.

use super::super::simd::dot;
use super::super::simd::dot_tile::{PANEL, dot_tile};
use super::frame::{Frame, pack};
use super::{Groups, Means, SilhouetteMetric};
use crate::cluster::embeddings::Row;
use crate::cluster::{Embeddings, parallel};
use crate::task::try_filled;
use crate::{Result, Task};

/// A bound on the error of `dot_tile` for vectors no longer than 1: 128 roundings of f32 in a run, and those of the
/// values (Higham, *Accuracy and stability of numerical algorithms*, section 3.1).
const PRODUCT_ERROR: f64 = 132.0 / (1 << 24) as f64;

/// The means of every row of `groups`, in its order, for cosine distance.
pub(super) fn cosine(embeddings: &Embeddings<'_>, groups: &Groups, task: &Task<'_>) -> Result<Vec<Means>> {
    means(embeddings, groups, SilhouetteMetric::Cosine, task)
}

/// The means of every row of `groups`, in its order, for squared euclidean distance, in units of the frame.
pub(super) fn squared_euclidean(
    embeddings: &Embeddings<'_>,
    groups: &Groups,
    task: &Task<'_>,
) -> Result<Vec<Means>> {
    means(embeddings, groups, SilhouetteMetric::SquaredEuclidean, task)
}

/// The clusters: for each the mean of its rows and the mean of their squared lengths.
struct Clusters {
    means: Vec<f64>,
    squares: Vec<f64>,
    /// The means for `dot_tile`.
    panels: Vec<f32>,
}

fn means(
    embeddings: &Embeddings<'_>,
    groups: &Groups,
    metric: SilhouetteMetric,
    task: &Task<'_>,
) -> Result<Vec<Means>> {
    let (n, k, dims) = (groups.rows.len(), groups.len(), embeddings.dims());
    let padded = k.div_ceil(PANEL) * PANEL;
    let bytes = || {
        let clusters = padded.checked_mul(dims)?.checked_mul(8 + 4)?;
        let buffers = padded.checked_mul(PANEL * 8)?.checked_add(dims * PANEL * 16)?;
        clusters
            .checked_add(buffers.checked_mul(task.threads)?)?
            .checked_add(n.checked_mul(16)?)
    };
    task.need(&format!("silhouettes of {n} vectors in {k} clusters"), bytes())?;
    let frame = Frame::new(embeddings, &groups.rows, metric, task)?;
    let clusters = Clusters::new(&frame, groups, dims, task)?;

    // The distance to a cluster is (squared length of the row) + (constant of the cluster) - factor * product.
    let squared = metric == SilhouetteMetric::SquaredEuclidean;
    let factor = if squared { 2.0 } else { 1.0 };
    let constant = |cluster: usize| if squared { clusters.squares[cluster] } else { 1.0 };
    let margin = 2.0 * factor * PRODUCT_ERROR;

    let mut all = try_filled(n, Means { own: 0.0, other: 0.0 })?;
    parallel::for_each_part(
        task,
        &mut all,
        PANEL,
        || {
            Ok(Buffers {
                rows: try_filled(PANEL * dims, 0.0)?,
                panel: try_filled(PANEL * dims, 0.0)?,
                row: try_filled(dims, 0.0)?,
                distances: try_filled(PANEL * padded, 0.0)?,
            })
        },
        |buffers: &mut Buffers, part, all| {
            let positions = part * PANEL..part * PANEL + all.len();
            pack(all.len(), &mut buffers.row, &mut buffers.panel, |r, row| {
                frame.row(groups.rows[positions.start + r], row);
                buffers.rows[r * dims..][..dims].copy_from_slice(row);
            });
            let mut tile = [[0.0; PANEL]; PANEL];
            for (block, panel) in clusters.panels.chunks_exact(PANEL * dims).enumerate() {
                task.check()?;
                dot_tile(&buffers.panel, panel, &mut tile);
                let first = block * PANEL;
                for (products, distances) in tile.iter().zip(buffers.distances.chunks_exact_mut(padded)) {
                    for (c, &product) in (first..k.min(first + PANEL)).zip(products) {
                        distances[c] = constant(c) - factor * product;
                    }
                }
            }
            for (r, means) in all.iter_mut().enumerate() {
                if r.is_multiple_of(8) {
                    task.check()?;
                }
                let row = &buffers.rows[r * dims..][..dims];
                let length = dot(Row::F64(row), Row::F64(row));
                let to = |cluster: usize| {
                    let mean = &clusters.means[cluster * dims..][..dims];
                    let shift = if squared { length } else { 0.0 };
                    shift + constant(cluster) - factor * dot(Row::F64(row), Row::F64(mean))
                };
                let own = groups.of[positions.start + r] as usize;
                let size = groups.members(own).len() as f64;
                let distances = &mut buffers.distances[r * padded..][..k];
                // A unit vector has distance 1 - |u|² to itself, which is 1 for a vector of zeros.
                let itself = if squared { 0.0 } else { 1.0 - length };
                means.own = (to(own) * size - itself) / (size - 1.0);
                distances[own] = f64::INFINITY;
                let reach = distances.iter().copied().fold(f64::INFINITY, f64::min) + margin;
                means.other = distances
                    .iter()
                    .enumerate()
                    .filter(|(_, distance)| **distance <= reach)
                    .map(|(cluster, _)| to(cluster))
                    .fold(f64::INFINITY, f64::min);
            }
            Ok(())
        },
    )?;
    Ok(all)
}

struct Buffers {
    rows: Vec<f64>,
    panel: Vec<f32>,
    row: Vec<f64>,
    /// Of [`PANEL`] rows to all clusters.
    distances: Vec<f64>,
}

impl Clusters {
    fn new(frame: &Frame<'_>, groups: &Groups, dims: usize, task: &Task<'_>) -> Result<Self> {
        let k = groups.len();
        let mut means = try_filled(k * dims, 0.0)?;
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
        let mut squares = try_filled(k, 0.0)?;
        parallel::for_each_part(
            task,
            &mut squares,
            1,
            || try_filled(dims, 0.0),
            |row: &mut Vec<f64>, cluster, square| {
                let members = groups.members(cluster);
                for &i in members {
                    frame.row(i, row);
                    square[0] += dot(Row::F64(row), Row::F64(row));
                }
                square[0] /= members.len() as f64;
                task.check()
            },
        )?;
        let mut panels = try_filled(k.div_ceil(PANEL) * PANEL * dims, 0.0)?;
        let mut row = try_filled(dims, 0.0)?;
        for (block, panel) in panels.chunks_exact_mut(PANEL * dims).enumerate() {
            task.check()?;
            let first = block * PANEL;
            pack(PANEL.min(k - first), &mut row, panel, |r, row| {
                row.copy_from_slice(&means[(first + r) * dims..][..dims]);
            });
        }
        Ok(Clusters {
            means,
            squares,
            panels,
        })
    }
}
