//! New rows into existing clusters, without clustering again.

use super::groups::Groups;
use super::nearest::{ROWS, Scan, Targets, constants};
use super::neighbours::{EdgeSink, ExactPairs, NeighbourGraph};
use super::simd::{dot, squared_distance};
use super::{Embeddings, Metric, NOISE, check_labels, parallel, to_unit};
use crate::cluster::embeddings::Row;
use crate::task::{try_filled, try_vec};
use crate::{Error, ErrorKind, Result, Task};

/// What a new row is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssignTo {
    /// The core rows of the clusters: those with at least `min_samples` rows, themselves included, within the
    /// distance; the nearest decides. (DBSCAN itself gives a point at the border the lowest label among the core
    /// rows within reach.) With `min_samples` 2 or less every row of a cluster counts.
    Core {
        /// As in DBSCAN.
        min_samples: usize,
    },
    /// The centroids: means of rows, of unit vectors for cosine.
    Centroid,
}

/// Where a new row belongs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Assignment {
    /// The label of the nearest, or [`NOISE`] when nothing is near enough.
    pub label: i32,
    /// The distance to the nearest, near enough or not; `None` when there is no cluster.
    pub distance: Option<f64>,
}

/// The cluster of every row of `new`: that of the nearest core row or centroid of `existing` at most
/// `max_distance` away. Of equally near ones the first row, or the smallest label, decides.
///
/// Rows labelled [`NOISE`] belong to no cluster. A zero vector has cosine distance 1 from everything.
///
/// # Errors
/// [`ErrorKind::InvalidParameter`] unless `max_distance` is positive and finite; [`ErrorKind::ArrayShape`] when there
/// is not one label for every existing row or the dimensions differ; [`ErrorKind::InvalidData`] when distances
/// leave the range of f64; [`ErrorKind::OutOfMemory`], [`ErrorKind::Cancelled`].
pub fn assign_clusters(
    new: &Embeddings<'_>,
    existing: &Embeddings<'_>,
    labels: &[i32],
    to: AssignTo,
    metric: Metric,
    max_distance: f64,
    task: &Task<'_>,
) -> Result<Vec<Assignment>> {
    if !(max_distance > 0.0 && max_distance < f64::INFINITY) {
        return Err(Error::new(
            ErrorKind::InvalidParameter,
            format!("the largest distance must be positive and finite, not {max_distance}"),
        ));
    }
    check_labels(existing, labels)?;
    if new.rows() > 0 && existing.rows() > 0 && new.dims() != existing.dims() {
        return Err(Error::new(
            ErrorKind::ArrayShape,
            format!(
                "new vectors have {} dimensions, existing ones {}",
                new.dims(),
                existing.dims()
            ),
        ));
    }
    let none = Assignment {
        label: NOISE,
        distance: None,
    };
    let anchors = match to {
        AssignTo::Core { min_samples } => {
            let rows = core_rows(existing, labels, metric, max_distance, min_samples, task)?;
            Anchors::rows(existing, rows, labels, metric, task)?
        }
        AssignTo::Centroid => Anchors::centroids(existing, labels, metric, task)?,
    };
    let mut assignments = try_filled(new.rows(), none)?;
    if !anchors.labels.is_empty() {
        anchors.nearest(new, metric, max_distance, &mut assignments, task)?;
    }
    Ok(assignments)
}

/// The rows of clusters that have `min_samples` rows within `radius`.
fn core_rows(
    existing: &Embeddings<'_>,
    labels: &[i32],
    metric: Metric,
    radius: f64,
    min_samples: usize,
    task: &Task<'_>,
) -> Result<Vec<u32>> {
    let n = existing.rows();
    let mut rows = try_vec(n)?;
    rows.extend((0..n as u32).filter(|&i| labels[i as usize] != NOISE));
    if min_samples > 2 && !rows.is_empty() {
        let exact = ExactPairs::new(existing, metric, radius, task)?;
        let mut counts = Counts(try_vec(n)?);
        counts.0.extend((0..n).map(|i| u32::from(exact.near_itself(i))));
        let graph = NeighbourGraph {
            embeddings: existing,
            metric,
            radius,
            exact: &exact,
        };
        graph.for_each_edge(&mut counts, task)?;
        rows.retain(|&i| counts.0[i as usize] as usize >= min_samples);
    }
    Ok(rows)
}

/// How many neighbours each row has.
struct Counts(Vec<u32>);

impl EdgeSink for Counts {
    fn edge(&mut self, i: u32, j: u32) {
        self.0[i as usize] += 1;
        self.0[j as usize] += 1;
    }

    fn component(&mut self, _: u32) -> Option<u32> {
        None
    }
}

/// What new rows are compared with: vectors and their labels.
struct Anchors {
    dims: usize,
    vectors: Vec<f64>,
    labels: Vec<i32>,
}

impl Anchors {
    fn rows(
        existing: &Embeddings<'_>,
        rows: Vec<u32>,
        labels: &[i32],
        metric: Metric,
        task: &Task<'_>,
    ) -> Result<Self> {
        let dims = existing.dims();
        let mut own = try_vec(rows.len())?;
        own.extend(rows.iter().map(|&i| labels[i as usize]));
        let mut vectors = Self::empty(rows.len(), dims, task)?;
        parallel::for_each_part(
            task,
            &mut vectors,
            dims,
            || Ok(()),
            |(), position, vector| {
                existing.copy_row(rows[position] as usize, vector);
                if metric == Metric::Cosine {
                    to_unit(vector);
                }
                Ok(())
            },
        )?;
        Ok(Anchors {
            dims,
            vectors,
            labels: own,
        })
    }

    fn centroids(existing: &Embeddings<'_>, labels: &[i32], metric: Metric, task: &Task<'_>) -> Result<Self> {
        let dims = existing.dims();
        let mut rows = try_vec(labels.len())?;
        rows.extend((0..labels.len() as u32).filter(|&i| labels[i as usize] != NOISE));
        let groups = Groups::new(rows, labels)?;
        let mut vectors = Self::empty(groups.len(), dims, task)?;
        parallel::for_each_part(
            task,
            &mut vectors,
            dims,
            || try_filled(dims, 0.0),
            |row: &mut Vec<f64>, cluster, centroid| {
                let members = groups.members(cluster);
                for (count, &i) in members.iter().enumerate() {
                    if count.is_multiple_of(64) {
                        task.check()?;
                    }
                    existing.copy_row(i as usize, row);
                    if metric == Metric::Cosine {
                        to_unit(row);
                    }
                    centroid
                        .iter_mut()
                        .zip(row.iter())
                        .for_each(|(sum, value)| *sum += value);
                }
                centroid.iter_mut().for_each(|sum| *sum /= members.len() as f64);
                if metric == Metric::Cosine {
                    to_unit(centroid);
                }
                Ok(())
            },
        )?;
        Ok(Anchors {
            dims,
            vectors,
            labels: groups.labels,
        })
    }

    /// Room for `count` vectors and for comparing rows with them.
    fn empty(count: usize, dims: usize, task: &Task<'_>) -> Result<Vec<f64>> {
        let bytes = || {
            let vectors = count.checked_mul(dims)?.checked_mul(8)?;
            Targets::bytes(count, dims, task.threads)?.checked_add(vectors)
        };
        task.need(&format!("comparing vectors with {count} others"), bytes())?;
        try_filled(count * dims, 0.0)
    }

    fn vector(&self, anchor: usize) -> &[f64] {
        &self.vectors[anchor * self.dims..][..self.dims]
    }

    fn nearest(
        &self,
        new: &Embeddings<'_>,
        metric: Metric,
        max_distance: f64,
        assignments: &mut [Assignment],
        task: &Task<'_>,
    ) -> Result<()> {
        let count = self.labels.len();
        let longest = (0..count)
            .map(|anchor| dot(Row::F64(self.vector(anchor)), Row::F64(self.vector(anchor))).sqrt())
            .fold(0.0, f64::max);
        if !longest.is_finite() {
            return Err(super::pairs::too_far());
        }
        // In units of the longest vector: |y|² - 2 <x, y> orders by euclidean distance.
        let scale = if longest > 0.0 { longest } else { 1.0 };
        let (factor, constants) = match metric {
            Metric::Cosine => (1.0, constants(count, |_| 1.0)?),
            Metric::Euclidean => (
                2.0,
                constants(count, |anchor| {
                    let vector = Row::F64(self.vector(anchor));
                    dot(vector, vector) / (scale * scale)
                })?,
            ),
        };
        let targets = Targets::new(self.dims, factor, constants, task, |anchor, row| {
            row.copy_from_slice(self.vector(anchor));
            row.iter_mut().for_each(|value| *value /= scale);
        })?;
        parallel::for_each_part(
            task,
            assignments,
            ROWS,
            || targets.scan(),
            |scan: &mut Scan, part, assignments| {
                let first = part * ROWS;
                scan.compare(&targets, assignments.len(), task, |r, row| {
                    new.copy_row(first + r, row);
                    match metric {
                        Metric::Cosine => to_unit(row),
                        Metric::Euclidean => row.iter_mut().for_each(|value| *value /= scale),
                    }
                })?;
                for (r, assignment) in assignments.iter_mut().enumerate() {
                    task.check()?;
                    let row = Row::F64(scan.row(r));
                    let length = dot(row, row).sqrt();
                    // Beyond this the bound on the error of single precision does not hold.
                    if length.is_nan() || length >= 1e15 {
                        return Err(super::pairs::too_far());
                    }
                    let exact = |row: &[f64], anchor: usize| match metric {
                        Metric::Cosine => {
                            (1.0 - dot(Row::F64(row), Row::F64(self.vector(anchor)))).clamp(0.0, 2.0)
                        }
                        Metric::Euclidean => {
                            let new = new.row(first + r);
                            squared_distance(new, Row::F64(self.vector(anchor))).sqrt()
                        }
                    };
                    if let Some((anchor, distance)) = scan.nearest(&targets, r, length, None, exact) {
                        let near = distance <= max_distance;
                        *assignment = Assignment {
                            label: if near { self.labels[anchor] } else { NOISE },
                            distance: Some(distance),
                        };
                    }
                }
                Ok(())
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{DbscanParams, dbscan};
    use ndarray::{Array2, array};
    use proptest::prelude::*;

    fn task() -> Task<'static> {
        Task::new(2, 1 << 30, &|| false)
    }

    fn distance(metric: Metric, u: &[f64], v: &[f64]) -> f64 {
        let dot = |u: &[f64], v: &[f64]| u.iter().zip(v).map(|(u, v)| u * v).sum::<f64>();
        match metric {
            Metric::Euclidean => u
                .iter()
                .zip(v)
                .map(|(u, v)| (u - v) * (u - v))
                .sum::<f64>()
                .sqrt(),
            Metric::Cosine => {
                let norms = dot(u, u).sqrt() * dot(v, v).sqrt();
                1.0 - if norms > 0.0 { dot(u, v) / norms } else { 0.0 }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn the_nearest_core_row_decides(
            n in 0_usize..60,
            m in 0_usize..40,
            values in prop::collection::vec(-1.0..1.0_f64, 211),
            min_samples in 1_usize..5,
            eps in 0.05..0.8_f64,
            metric in prop::sample::select(Metric::ALL.to_vec()),
        ) {
            let x = Array2::from_shape_fn((n, 4), |(i, k)| values[(i * 5 + k * 7) % 211]);
            let new = Array2::from_shape_fn((m, 4), |(i, k)| values[(i * 11 + k * 13 + 3) % 211] * 1.5);
            let existing = Embeddings::from_f64(x.view(), &task()).unwrap();
            let params = DbscanParams::new(eps, min_samples, metric).unwrap();
            let labels = dbscan(&existing, &params, &task()).unwrap();
            let to = AssignTo::Core { min_samples };
            let rows = Embeddings::from_f64(new.view(), &task()).unwrap();
            let found = assign_clusters(&rows, &existing, &labels, to, metric, eps, &task()).unwrap();
            let of = |i: usize, j: usize| distance(metric, x.row(i).as_slice().unwrap(), x.row(j).as_slice().unwrap());
            let core: Vec<usize> = (0..n)
                .filter(|&i| labels[i] >= 0 && (0..n).filter(|&j| of(i, j) <= eps).count() >= min_samples)
                .collect();
            for (i, found) in found.iter().enumerate() {
                let to = |j: usize| distance(metric, new.row(i).as_slice().unwrap(), x.row(j).as_slice().unwrap());
                let least = core.iter().map(|&j| to(j)).fold(f64::INFINITY, f64::min);
                match found.distance {
                    None => prop_assert!(core.is_empty()),
                    Some(distance) => prop_assert!((distance - least).abs() < 1e-12),
                }
                if (least - eps).abs() > 1e-12 {
                    prop_assert_eq!(found.label == NOISE, least > eps);
                }
                if found.label != NOISE {
                    let same = |&&j: &&usize| to(j) <= least + 1e-12;
                    prop_assert!(core.iter().filter(same).any(|&j| labels[j] == found.label));
                }
            }
        }
    }

    #[test]
    fn centroids_take_what_is_near_them() {
        let x = array![[0.0, 2.0], [0.0, 4.0], [9.0, 0.0], [5.0, 5.0]];
        let new = array![[0.0, 3.0], [9.0, 1.0], [50.0, 50.0], [0.0, 0.0]];
        let existing = Embeddings::from_f64(x.view(), &task()).unwrap();
        let new = Embeddings::from_f64(new.view(), &task()).unwrap();
        let labels = |metric, most| -> Vec<i32> {
            assign_clusters(
                &new,
                &existing,
                &[7, 7, 3, -1],
                AssignTo::Centroid,
                metric,
                most,
                &task(),
            )
            .unwrap()
            .iter()
            .map(|assignment| assignment.label)
            .collect()
        };
        assert_eq!(labels(Metric::Euclidean, 1.5), [7, 3, -1, -1]);
        assert_eq!(labels(Metric::Euclidean, 3.0), [7, 3, -1, 7]);
        assert_eq!(labels(Metric::Cosine, 0.1), [7, 3, -1, -1]);
    }

    #[test]
    fn bad_input() {
        let x = Array2::<f32>::ones((3, 2));
        let narrow = Array2::<f32>::ones((1, 1));
        let existing = Embeddings::from_f32(x.view(), &task()).unwrap();
        let other = Embeddings::from_f32(narrow.view(), &task()).unwrap();
        let kind = |new: &Embeddings<'_>, labels: &[i32], most, task: &Task<'_>| {
            assign_clusters(
                new,
                &existing,
                labels,
                AssignTo::Centroid,
                Metric::Cosine,
                most,
                task,
            )
            .map(|all| all.len())
            .map_err(|error| error.kind)
        };
        assert_eq!(
            kind(&existing, &[0; 3], 0.0, &task()),
            Err(ErrorKind::InvalidParameter)
        );
        assert_eq!(
            kind(&existing, &[0; 3], f64::NAN, &task()),
            Err(ErrorKind::InvalidParameter)
        );
        assert_eq!(kind(&existing, &[0; 2], 0.1, &task()), Err(ErrorKind::ArrayShape));
        assert_eq!(kind(&other, &[0; 3], 0.1, &task()), Err(ErrorKind::ArrayShape));
        assert_eq!(kind(&existing, &[-1; 3], 0.1, &task()), Ok(3));
        assert_eq!(
            kind(&existing, &[0; 3], 0.1, &Task::new(1, 9, &|| false)),
            Err(ErrorKind::OutOfMemory)
        );
        assert_eq!(
            kind(&existing, &[0; 3], 0.1, &Task::new(1, 1 << 20, &|| true)),
            Err(ErrorKind::Cancelled)
        );
    }
}
