//! What is worth knowing of each cluster, and of each of its members.
//!
//! The figures are those that the product keeps for a cluster of findings: its size, the member that stands for
//! it, how similar its members are, and how far they are from their centroid.

use super::embeddings::Row;
use super::groups::Groups;
use super::pairs::{Packed, RowDistance, too_far};
use super::simd::{dot, squared_distance};
use super::{Embeddings, Metric, NOISE, check_labels, parallel, unit_divisor};
use crate::task::{try_filled, try_vec};
use crate::{Result, Task};

/// One cluster.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClusterSummary {
    /// Its label.
    pub label: i32,
    /// How many rows it has.
    pub size: usize,
    /// The row nearest to the centroid, counted from 0; the first among equals.
    pub representative: usize,
    /// Mean cosine similarity over all pairs of rows that are not zero; 0 without such pairs.
    pub avg_similarity: f64,
    /// The smallest of these similarities.
    pub min_similarity: f64,
    /// The largest of these similarities.
    pub max_similarity: f64,
    /// Mean distance to the centroid.
    pub avg_distance: f64,
    /// Population standard deviation of that distance.
    pub std_distance: f64,
    /// 1 - `avg_distance`.
    pub cohesion: f64,
}

/// One row in its cluster.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Member {
    /// The cluster.
    pub label: i32,
    /// Distance to the centroid.
    pub distance: f64,
    /// Cosine similarity to the centroid; 0 when either is zero.
    pub similarity: f64,
    /// Whether it is the cluster's [`ClusterSummary::representative`].
    pub is_representative: bool,
}

/// Clusters up to so many rows are shared out among threads; larger ones are done one after the other, each by all
/// threads.
const SMALL_CLUSTER: usize = 512;

/// Every cluster but [`NOISE`], by ascending label.
///
/// `metric` is that of the distance to the centroid: the mean of the rows for [`Metric::Euclidean`] (what the
/// product's statistics are made of), the mean of the unit vectors for [`Metric::Cosine`].
///
/// # Errors
/// [`crate::ErrorKind::ArrayShape`] when there is not one label per row, [`crate::ErrorKind::InvalidData`] when lengths
/// or distances leave the range of f64, [`crate::ErrorKind::OutOfMemory`], [`crate::ErrorKind::Cancelled`].
pub fn summaries(
    embeddings: &Embeddings<'_>,
    labels: &[i32],
    metric: Metric,
    task: &Task<'_>,
) -> Result<Vec<ClusterSummary>> {
    let groups = clusters(embeddings, labels)?;
    let largest = (0..groups.len())
        .map(|cluster| groups.members(cluster).len())
        .max()
        .unwrap_or(0);
    let of = |rows: usize| Packed::bytes(rows, embeddings.dims())?.checked_add(rows.checked_mul(32)?);
    let small = of(largest.min(SMALL_CLUSTER)).and_then(|bytes| bytes.checked_mul(task.threads));
    task.need(
        &format!("the pairs of a cluster of {largest} vectors"),
        of(largest).max(small),
    )?;

    let mut all = try_vec(groups.len())?;
    all.resize(groups.len(), None);
    let mut alone = *task;
    alone.threads = 1;
    parallel::for_each_part(
        task,
        &mut all,
        1,
        || Ok(()),
        |(), cluster, out| {
            let members = groups.members(cluster);
            if members.len() <= SMALL_CLUSTER {
                out[0] = Some(summary(
                    embeddings,
                    groups.labels[cluster],
                    members,
                    metric,
                    &alone,
                )?);
            }
            Ok(())
        },
    )?;
    let mut summaries = try_vec(groups.len())?;
    for (cluster, done) in all.into_iter().enumerate() {
        summaries.push(match done {
            Some(done) => done,
            None => summary(
                embeddings,
                groups.labels[cluster],
                groups.members(cluster),
                metric,
                task,
            )?,
        });
    }
    Ok(summaries)
}

/// Every row in its cluster; `None` for [`NOISE`]. `metric` as in [`summaries`].
///
/// # Errors
/// As [`summaries`].
pub fn members(
    embeddings: &Embeddings<'_>,
    labels: &[i32],
    metric: Metric,
    task: &Task<'_>,
) -> Result<Vec<Option<Member>>> {
    let groups = clusters(embeddings, labels)?;
    task.need(
        &format!("the members of {} clusters", groups.len()),
        labels.len().checked_mul(64),
    )?;
    let mut members = try_filled(labels.len(), None)?;
    for cluster in 0..groups.len() {
        let rows = groups.members(cluster);
        let centre = Centre::new(embeddings, rows, metric, task)?;
        for (position, &i) in rows.iter().enumerate() {
            members[i as usize] = Some(Member {
                label: groups.labels[cluster],
                distance: centre.distances[position],
                similarity: similarity(embeddings.row(i as usize), Row::F64(&centre.vector)),
                is_representative: position == centre.nearest,
            });
        }
    }
    Ok(members)
}

fn clusters(embeddings: &Embeddings<'_>, labels: &[i32]) -> Result<Groups> {
    check_labels(embeddings, labels)?;
    let mut rows = try_vec(labels.len())?;
    rows.extend((0..labels.len() as u32).filter(|&i| labels[i as usize] != NOISE));
    Groups::new(rows, labels)
}

/// The middle of a cluster.
struct Centre {
    vector: Vec<f64>,
    /// Of each member.
    distances: Vec<f64>,
    /// The position of the member nearest to it.
    nearest: usize,
}

impl Centre {
    fn new(embeddings: &Embeddings<'_>, members: &[u32], metric: Metric, task: &Task<'_>) -> Result<Self> {
        let mut vector = try_filled(embeddings.dims(), 0.0)?;
        let mut row = vector.clone();
        for (count, &i) in members.iter().enumerate() {
            if count.is_multiple_of(64) {
                task.check()?;
            }
            embeddings.copy_row(i as usize, &mut row);
            let scale = match metric {
                Metric::Euclidean => 1.0,
                Metric::Cosine => 1.0 / unit_divisor(length(Row::F64(&row))?),
            };
            vector
                .iter_mut()
                .zip(&row)
                .for_each(|(sum, value)| *sum += value * scale);
        }
        vector.iter_mut().for_each(|sum| *sum /= members.len() as f64);
        length(Row::F64(&vector))?;

        let mut distances = try_vec(members.len())?;
        let mut nearest = 0;
        for (position, &i) in members.iter().enumerate() {
            if position.is_multiple_of(64) {
                task.check()?;
            }
            let row = embeddings.row(i as usize);
            let distance = match metric {
                Metric::Euclidean => squared_distance(row, Row::F64(&vector)).sqrt(),
                Metric::Cosine => (1.0 - similarity(row, Row::F64(&vector))).clamp(0.0, 2.0),
            };
            length(row)?;
            if !distance.is_finite() {
                return Err(too_far());
            }
            distances.push(distance);
            if distance < distances[nearest] {
                nearest = position;
            }
        }
        Ok(Centre {
            vector,
            distances,
            nearest,
        })
    }
}

/// The norm of a vector, or an error when its square is beyond f64.
fn length(x: Row<'_>) -> Result<f64> {
    let square = dot(x, x);
    if square.is_finite() {
        Ok(square.sqrt())
    } else {
        Err(too_far())
    }
}

/// The cosine of the angle between two vectors; 0 when either is zero.
fn similarity(x: Row<'_>, y: Row<'_>) -> f64 {
    let norms = dot(x, x).sqrt() * dot(y, y).sqrt();
    if norms > 0.0 {
        (dot(x, y) / norms).clamp(-1.0, 1.0)
    } else {
        0.0
    }
}

fn summary(
    embeddings: &Embeddings<'_>,
    label: i32,
    members: &[u32],
    metric: Metric,
    task: &Task<'_>,
) -> Result<ClusterSummary> {
    let centre = Centre::new(embeddings, members, metric, task)?;
    let size = members.len() as f64;
    let avg_distance = centre.distances.iter().sum::<f64>() / size;
    let variance = centre
        .distances
        .iter()
        .map(|d| (d - avg_distance).powi(2))
        .sum::<f64>()
        / size;
    let [avg_similarity, min_similarity, max_similarity] = pair_similarities(embeddings, members, task)?;
    Ok(ClusterSummary {
        label,
        size: members.len(),
        representative: members[centre.nearest] as usize,
        avg_similarity,
        min_similarity,
        max_similarity,
        avg_distance,
        std_distance: variance.sqrt(),
        cohesion: 1.0 - avg_distance,
    })
}

/// Mean, smallest and largest cosine similarity over the pairs of rows that are not zero; zeros without pairs.
fn pair_similarities(embeddings: &Embeddings<'_>, members: &[u32], task: &Task<'_>) -> Result<[f64; 3]> {
    let mut rows = try_vec(members.len())?;
    rows.extend(members.iter().filter(|&&i| {
        let row = embeddings.row(i as usize);
        dot(row, row) > 0.0
    }));
    if rows.len() < 2 {
        return Ok([0.0; 3]);
    }
    let packed = Packed::new(embeddings, &rows, task)?;
    let distance = RowDistance::new(Metric::Cosine, &packed)?;
    // Sum, smallest and largest of each panel's pairs: put together in one order, whoever computed them.
    let mut parts = try_filled(packed.panels(), [0.0, f64::INFINITY, f64::NEG_INFINITY])?;
    parallel::for_each_part(
        task,
        &mut parts,
        1,
        || Ok(()),
        |(), i, part| {
            let [sum, least, most] = &mut part[0];
            for j in i..packed.panels() {
                task.check()?;
                let tile = packed.distances(&distance, i, j);
                for (a, distances) in packed.rows_of(i).zip(&tile) {
                    for (b, distance) in packed.rows_of(j).zip(distances) {
                        if a < b {
                            let similarity = 1.0 - distance;
                            *sum += similarity;
                            *least = least.min(similarity);
                            *most = most.max(similarity);
                        }
                    }
                }
            }
            Ok(())
        },
    )?;
    let [sum, least, most] = parts
        .into_iter()
        .fold([0.0, f64::INFINITY, f64::NEG_INFINITY], |all, part| {
            [all[0] + part[0], all[1].min(part[1]), all[2].max(part[2])]
        });
    let pairs = rows.len() as f64 * (rows.len() - 1) as f64 / 2.0;
    Ok([sum / pairs, least, most])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use ndarray::{Array2, array};
    use proptest::prelude::*;

    fn task() -> Task<'static> {
        Task::new(2, 1 << 30, &|| false)
    }

    /// As the product's own code computes them, pair by pair.
    fn plain(x: &Array2<f64>, rows: &[usize], label: i32) -> ClusterSummary {
        let m = rows.len() as f64;
        let members: Vec<_> = rows.iter().map(|&i| x.row(i)).collect();
        let centre = members
            .iter()
            .fold(ndarray::Array1::<f64>::zeros(x.ncols()), |sum, row| sum + row)
            / m;
        let distances: Vec<f64> = members
            .iter()
            .map(|row| (row - &centre).mapv(|t| t * t).sum().sqrt())
            .collect();
        let mean = distances.iter().sum::<f64>() / m;
        let mut similarities = vec![];
        for (i, u) in members.iter().enumerate() {
            for v in &members[..i] {
                let norms = u.dot(u).sqrt() * v.dot(v).sqrt();
                if norms > 0.0 {
                    similarities.push(u.dot(v) / norms);
                }
            }
        }
        let least = distances.iter().copied().fold(f64::INFINITY, f64::min);
        let fold = |start: f64, f: fn(f64, f64) -> f64| match similarities.is_empty() {
            true => 0.0,
            false => similarities.iter().copied().fold(start, f),
        };
        ClusterSummary {
            label,
            size: rows.len(),
            representative: rows[distances.iter().position(|&d| d <= least).unwrap()],
            avg_similarity: similarities.iter().sum::<f64>() / similarities.len().max(1) as f64,
            min_similarity: fold(f64::INFINITY, f64::min),
            max_similarity: fold(f64::NEG_INFINITY, f64::max),
            avg_distance: mean,
            std_distance: (distances.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / m).sqrt(),
            cohesion: 1.0 - mean,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn equal_the_plain_figures(
            n in 0_usize..50,
            values in prop::collection::vec(-1.0..1.0_f64, 211),
            picks in prop::collection::vec(-1_i32..4, 50),
            zero in 0_usize..50,
        ) {
            let mut x = Array2::from_shape_fn((n, 5), |(i, k)| values[(i * 5 + k * 7) % 211]);
            if zero < n {
                x.row_mut(zero).fill(0.0);
            }
            let labels = &picks[..n];
            let embeddings = Embeddings::from_f64(x.view(), &task()).unwrap();
            let all = summaries(&embeddings, labels, Metric::Euclidean, &task()).unwrap();
            let members = members(&embeddings, labels, Metric::Euclidean, &task()).unwrap();
            let mut expected = vec![];
            for label in 0..4 {
                let rows: Vec<usize> = (0..n).filter(|&i| labels[i] == label).collect();
                if !rows.is_empty() {
                    expected.push((plain(&x, &rows, label), rows));
                }
            }
            prop_assert_eq!(all.len(), expected.len());
            for (ours, (theirs, rows)) in all.iter().zip(&expected) {
                let figures = |s: &ClusterSummary| [
                    s.avg_similarity, s.min_similarity, s.max_similarity, s.avg_distance, s.std_distance, s.cohesion,
                ];
                for (a, b) in figures(ours).into_iter().zip(figures(theirs)) {
                    prop_assert!((a - b).abs() < 1e-12, "{ours:?} for {theirs:?}");
                }
                prop_assert_eq!((ours.label, ours.size), (theirs.label, theirs.size));
                let to_centre = |i: usize| members[i].unwrap().distance;
                prop_assert!(to_centre(ours.representative) - to_centre(theirs.representative) < 1e-12);
                let mean = rows.iter().map(|&i| to_centre(i)).sum::<f64>() / rows.len() as f64;
                prop_assert!((mean - ours.avg_distance).abs() < 1e-12);
                for &i in rows {
                    prop_assert_eq!(members[i].unwrap().is_representative, i == ours.representative);
                }
            }
            for i in 0..n {
                prop_assert_eq!(members[i].map(|m| m.label), (labels[i] >= 0).then_some(labels[i]));
            }
        }
    }

    #[test]
    fn lengths_beyond_f64_are_an_error() {
        for x in [
            array![[1e300, 0.0], [-1e300, 0.0]],
            array![[1e200, 0.0], [1e200, 0.0]],
        ] {
            let embeddings = Embeddings::from_f64(x.view(), &task()).unwrap();
            for metric in Metric::ALL {
                let error = summaries(&embeddings, &[0, 0], metric, &task()).unwrap_err();
                assert_eq!(error.kind, ErrorKind::InvalidData);
                let error = members(&embeddings, &[0, 0], metric, &task()).unwrap_err();
                assert_eq!(error.kind, ErrorKind::InvalidData);
            }
        }
    }

    #[test]
    fn ties_go_to_the_first_and_zeros_have_no_similarity() {
        let x = array![[1.0, 0.0], [-1.0, 0.0], [0.0, 0.0], [5.0, 5.0]];
        let embeddings = Embeddings::from_f64(x.view(), &task()).unwrap();
        let all = summaries(&embeddings, &[0, 0, 1, 2], Metric::Euclidean, &task()).unwrap();
        assert_eq!(all[0].representative, 0);
        assert_eq!(
            (all[0].avg_similarity, all[0].min_similarity, all[0].avg_distance),
            (-1.0, -1.0, 1.0)
        );
        assert_eq!(
            (all[1].avg_similarity, all[1].avg_distance, all[1].cohesion),
            (0.0, 0.0, 1.0)
        );
        let cosine = summaries(&embeddings, &[0, 0, 1, 2], Metric::Cosine, &task()).unwrap();
        // The centroid of opposite vectors has no direction.
        assert_eq!(cosine[0].avg_distance, 1.0);
        assert_eq!(cosine[1].avg_distance, 1.0);
        assert!(cosine[2].avg_distance < 1e-15);
    }

    #[test]
    fn large_clusters_are_summed_alike_on_any_number_of_threads() {
        let x = Array2::from_shape_fn((SMALL_CLUSTER + 40, 3), |(i, k)| {
            ((i * 7 + k * k) % 31) as f32 - 9.0
        });
        let labels = vec![4; SMALL_CLUSTER + 40];
        let of = |threads| {
            let task = Task::new(threads, 1 << 30, &|| false);
            let embeddings = Embeddings::from_f32(x.view(), &task).unwrap();
            summaries(&embeddings, &labels, Metric::Cosine, &task).unwrap()
        };
        assert_eq!(of(1), of(3));
        assert_eq!(of(1)[0].size, SMALL_CLUSTER + 40);
    }

    #[test]
    fn bad_labels_memory_and_stopping() {
        let x = Array2::<f32>::ones((3, 2));
        let embeddings = Embeddings::from_f32(x.view(), &task()).unwrap();
        let kind = |labels: &[i32], task: &Task<'_>| {
            summaries(&embeddings, labels, Metric::Cosine, task)
                .map(|_| ())
                .map_err(|e| e.kind)
        };
        assert_eq!(kind(&[0, 0], &task()), Err(ErrorKind::ArrayShape));
        assert_eq!(
            kind(&[0, 0, 0], &Task::new(1, 10, &|| false)),
            Err(ErrorKind::OutOfMemory)
        );
        assert_eq!(
            kind(&[0, 0, 0], &Task::new(1, 1 << 20, &|| true)),
            Err(ErrorKind::Cancelled)
        );
        assert_eq!(kind(&[-1, -1, -1], &task()), Ok(()));
    }
}
