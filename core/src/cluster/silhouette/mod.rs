//! Silhouettes (Rousseeuw, *Silhouettes: a graphical aid to the interpretation and validation of cluster analysis*,
//! J. Comput. Appl. Math. 20, 1987), with scikit-learn's conventions.
//!
//! For a row, a is its mean distance to the other rows of its cluster and b the smallest mean distance to the
//! rows of another cluster; its silhouette is (b - a) / max(a, b), in [-1, 1]. A row alone in its cluster has 0,
//! and so has a row with a = b = 0. The score is the mean over all rows.
//!
//! * [`sums`]: cosine and squared euclidean distance, from one sum of vectors per cluster, O(n k d).
//! * [`euclidean`]: all pairs, in blocks.

mod euclidean;
mod frame;
mod sums;

use std::fmt;
use std::str::FromStr;

use super::groups::Groups;
use super::{Embeddings, Metric, NOISE};
use crate::progress::Phase;
use crate::task::{try_filled, try_vec};
use crate::{Error, ErrorKind, Result, Task};

/// The distances that silhouettes can be made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SilhouetteMetric {
    /// As [`Metric::Cosine`].
    Cosine,
    /// As [`Metric::Euclidean`].
    Euclidean,
    /// |x - y|².
    SquaredEuclidean,
}

impl SilhouetteMetric {
    /// Every metric.
    pub const ALL: [SilhouetteMetric; 3] = [
        SilhouetteMetric::Cosine,
        SilhouetteMetric::Euclidean,
        SilhouetteMetric::SquaredEuclidean,
    ];

    /// The name as SQL writes it.
    pub fn name(self) -> &'static str {
        match self {
            SilhouetteMetric::Cosine => "cosine",
            SilhouetteMetric::Euclidean => "euclidean",
            SilhouetteMetric::SquaredEuclidean => "sqeuclidean",
        }
    }
}

impl fmt::Display for SilhouetteMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for SilhouetteMetric {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        SilhouetteMetric::ALL
            .into_iter()
            .find(|metric| metric.name() == name)
            .ok_or_else(|| {
                Error::new(ErrorKind::InvalidParameter, format!("unknown metric \"{name}\""))
                    .hint("Allowed values are \"cosine\", \"euclidean\" and \"sqeuclidean\".")
            })
    }
}

impl From<Metric> for SilhouetteMetric {
    fn from(metric: Metric) -> Self {
        match metric {
            Metric::Cosine => SilhouetteMetric::Cosine,
            Metric::Euclidean => SilhouetteMetric::Euclidean,
        }
    }
}

/// What becomes of rows labelled [`NOISE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoiseRows {
    /// They form a cluster like any other, as in scikit-learn.
    Cluster,
    /// They are left out, as if they were not there.
    LeftOut,
}

/// Whether the labels have silhouettes: at least 2 different ones, and fewer than rows.
///
/// # Errors
/// [`ErrorKind::OutOfMemory`].
pub fn is_defined(labels: &[i32], noise: NoiseRows) -> Result<bool> {
    let mut counted = try_vec(labels.len())?;
    counted.extend(
        labels
            .iter()
            .copied()
            .filter(|&label| noise == NoiseRows::Cluster || label != NOISE),
    );
    let rows = counted.len();
    counted.sort_unstable();
    counted.dedup();
    Ok(suffices(counted.len(), rows))
}

fn suffices(clusters: usize, rows: usize) -> bool {
    (2..rows).contains(&clusters)
}

/// The mean silhouette, in [-1, 1].
///
/// # Errors
/// As [`silhouette_samples`].
pub fn silhouette_score(
    embeddings: &Embeddings<'_>,
    labels: &[i32],
    metric: SilhouetteMetric,
    noise: NoiseRows,
    task: &Task<'_>,
) -> Result<f64> {
    let samples = silhouette_samples(embeddings, labels, metric, noise, task)?;
    let (count, sum) = samples
        .iter()
        .flatten()
        .fold((0_usize, 0.0), |(count, sum), s| (count + 1, sum + s));
    Ok(sum / count as f64)
}

/// The silhouette of every row; `None` for rows left out.
///
/// Values agree with scikit-learn's on double precision to 1e-12 (cosine, sqeuclidean) and 1e-6 (euclidean, where
/// products of vectors are summed in single precision); mean distances below 1e-12 count as 0.
///
/// # Errors
/// [`ErrorKind::ArrayShape`] when there is not one label per row; [`ErrorKind::InvalidParameter`] unless there are
/// at least 2 different labels and fewer than rows; [`ErrorKind::InvalidData`] when distances leave the range of
/// f64; [`ErrorKind::OutOfMemory`], [`ErrorKind::Cancelled`].
pub fn silhouette_samples(
    embeddings: &Embeddings<'_>,
    labels: &[i32],
    metric: SilhouetteMetric,
    noise: NoiseRows,
    task: &Task<'_>,
) -> Result<Vec<Option<f64>>> {
    let n = embeddings.rows();
    super::check_labels(embeddings, labels)?;
    task.need(&format!("silhouettes of {n} vectors"), n.checked_mul(64))?;
    let mut rows = try_vec(n)?;
    rows.extend((0..n as u32).filter(|&i| noise == NoiseRows::Cluster || labels[i as usize] != NOISE));
    let groups = Groups::new(rows, labels)?;
    let (k, counted) = (groups.len(), groups.rows.len());
    if !suffices(k, counted) {
        return Err(Error::new(
            ErrorKind::InvalidParameter,
            format!(
                "silhouettes need at least 2 different labels and fewer than vectors, not {k} for {counted}"
            ),
        )
        .hint(match noise {
            NoiseRows::LeftOut => "Vectors labelled -1 are left out and do not count.",
            NoiseRows::Cluster => "Every vector in one cluster, or each in its own, has no silhouette.",
        }));
    }
    task.begin(Phase::ComputingSilhouettes, 0);
    let means = match metric {
        SilhouetteMetric::Cosine | SilhouetteMetric::SquaredEuclidean => {
            sums::means(embeddings, &groups, metric, task)?
        }
        SilhouetteMetric::Euclidean => euclidean::means(embeddings, &groups, task)?,
    };
    let mut samples = try_filled(n, None)?;
    for (position, means) in means.iter().enumerate() {
        let alone = groups.range(groups.of[position] as usize).len() == 1;
        samples[groups.rows[position] as usize] = Some(if alone { 0.0 } else { means.silhouette() });
    }
    Ok(samples)
}

/// The mean distances of one row.
#[derive(Clone, Copy, Debug)]
struct Means {
    /// To the others of its cluster; anything for a row alone.
    own: f64,
    /// To the nearest other cluster.
    other: f64,
}

impl Means {
    fn silhouette(self) -> f64 {
        // What rounding leaves of the distance between equal rows.
        let snap = |distance: f64| if distance < 1e-12 { 0.0 } else { distance };
        let (a, b) = (snap(self.own), snap(self.other));
        if a == b { 0.0 } else { (b - a) / a.max(b) }
    }
}

/// Distances are not finite.
fn too_far() -> Error {
    super::pairs::too_far()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;
    use proptest::prelude::*;

    /// By the definition, pair by pair.
    fn plain(x: &Array2<f64>, labels: &[i32], metric: SilhouetteMetric) -> Vec<f64> {
        let n = labels.len();
        let distance = |i: usize, j: usize| {
            let (u, v) = (x.row(i), x.row(j));
            let squared = (&u - &v).mapv(|t| t * t).sum();
            match metric {
                _ if i == j => 0.0,
                SilhouetteMetric::SquaredEuclidean => squared,
                SilhouetteMetric::Euclidean => squared.sqrt(),
                SilhouetteMetric::Cosine => {
                    let norms = u.dot(&u).sqrt() * v.dot(&v).sqrt();
                    1.0 - if norms > 0.0 { u.dot(&v) / norms } else { 0.0 }
                }
            }
        };
        (0..n)
            .map(|i| {
                let mean = |label: i32, without: usize| {
                    let members: Vec<usize> = (0..n).filter(|&j| labels[j] == label).collect();
                    members.iter().map(|&j| distance(i, j)).sum::<f64>() / (members.len() - without) as f64
                };
                if labels.iter().filter(|&&l| l == labels[i]).count() == 1 {
                    return 0.0;
                }
                let a = mean(labels[i], 1);
                let b = labels
                    .iter()
                    .filter(|&&l| l != labels[i])
                    .map(|&l| mean(l, 0))
                    .fold(f64::INFINITY, f64::min);
                (b - a) / a.max(b)
            })
            .collect()
    }

    fn samples(
        x: &Array2<f64>,
        labels: &[i32],
        metric: SilhouetteMetric,
        noise: NoiseRows,
        threads: usize,
    ) -> Result<Vec<Option<f64>>> {
        let task = Task::new(threads, 1 << 30, &|| false);
        silhouette_samples(
            &Embeddings::from_f64(x.view(), &task)?,
            labels,
            metric,
            noise,
            &task,
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]
        #[test]
        fn equal_the_definition(
            n in 3_usize..70,
            dims in 1_usize..20,
            values in prop::collection::vec(-1.0..1.0_f64, 211),
            picks in prop::collection::vec(-1_i32..6, 90),
            scale in prop::sample::select(vec![1e-9, 1.0, 1e6]),
            offset in prop::sample::select(vec![0.0, 3.0]),
        ) {
            let x = Array2::from_shape_fn((n, dims), |(i, k)| (values[(i * dims + k * 7) % 211] + offset) * scale);
            let labels = &picks[..n];
            let kinds = { let mut l = labels.to_vec(); l.sort_unstable(); l.dedup(); l.len() };
            for metric in SilhouetteMetric::ALL {
                let result = samples(&x, labels, metric, NoiseRows::Cluster, 2);
                if kinds < 2 || kinds >= n {
                    prop_assert_eq!(result.unwrap_err().kind, ErrorKind::InvalidParameter);
                    continue;
                }
                let result = result.unwrap();
                prop_assert_eq!(&result, &samples(&x, labels, metric, NoiseRows::Cluster, 1).unwrap());
                let tolerance = if metric == SilhouetteMetric::Euclidean { 2e-6 } else { 1e-9 };
                for (i, (s, expected)) in result.iter().zip(plain(&x, labels, metric)).enumerate() {
                    let s = s.unwrap();
                    // Equal rows: rounding noise over rounding noise.
                    if scale < 1e-6 && metric != SilhouetteMetric::Cosine || expected.is_nan() { continue; }
                    prop_assert!((s - expected).abs() <= tolerance, "{metric} row {i}: {s} for {expected}");
                }
            }
        }

        #[test]
        fn rows_left_out_change_nothing(
            n in 4_usize..40,
            values in prop::collection::vec(-1.0..1.0_f64, 211),
            picks in prop::collection::vec(-1_i32..3, 40),
        ) {
            let x = Array2::from_shape_fn((n, 5), |(i, k)| values[(i * 5 + k * 7) % 211]);
            let labels = &picks[..n];
            let kept: Vec<usize> = (0..n).filter(|&i| labels[i] != NOISE).collect();
            let kept_labels: Vec<i32> = kept.iter().map(|&i| labels[i]).collect();
            let kept_x = x.select(ndarray::Axis(0), &kept);
            for metric in SilhouetteMetric::ALL {
                let without = samples(&kept_x, &kept_labels, metric, NoiseRows::Cluster, 1);
                match samples(&x, labels, metric, NoiseRows::LeftOut, 1) {
                    Err(error) => prop_assert_eq!(error.message, without.unwrap_err().message),
                    Ok(all) => {
                        prop_assert!((0..n).all(|i| all[i].is_none() == (labels[i] == NOISE)));
                        let all: Vec<f64> = all.into_iter().flatten().collect();
                        let without: Vec<f64> = without.unwrap().into_iter().flatten().collect();
                        prop_assert_eq!(all, without);
                    }
                }
            }
        }
    }

    #[test]
    fn bad_labels_are_refused() {
        let x = Array2::from_shape_fn((3, 2), |(i, k)| (i + k) as f64);
        let kind = |labels: &[i32]| {
            samples(&x, labels, SilhouetteMetric::Cosine, NoiseRows::Cluster, 1).map_err(|error| error.kind)
        };
        assert_eq!(kind(&[0, 1]), Err(ErrorKind::ArrayShape));
        assert_eq!(kind(&[0, 0, 0]), Err(ErrorKind::InvalidParameter));
        assert_eq!(kind(&[0, 1, 2]), Err(ErrorKind::InvalidParameter));
        assert!(kind(&[5, -1, 5]).is_ok());
        let none = Array2::<f64>::zeros((0, 2));
        assert!(samples(&none, &[], SilhouetteMetric::Cosine, NoiseRows::Cluster, 1).is_err());
    }

    #[test]
    fn equal_rows_in_two_clusters_have_none() {
        let x = Array2::from_elem((4, 3), 0.7);
        for metric in SilhouetteMetric::ALL {
            let all = samples(&x, &[0, 0, 1, 1], metric, NoiseRows::Cluster, 1).unwrap();
            assert_eq!(all, [Some(0.0); 4]);
        }
    }

    #[test]
    fn huge_values_are_refused_and_stopping_is_obeyed() {
        let x = Array2::from_shape_fn((4, 2), |(i, _)| i as f64 * 1e300 - 1e300);
        let all = samples(
            &x,
            &[0, 0, 1, 1],
            SilhouetteMetric::SquaredEuclidean,
            NoiseRows::Cluster,
            1,
        );
        assert_eq!(all.unwrap_err().kind, ErrorKind::InvalidData);
        let task = Task::new(2, 1 << 30, &|| true);
        let ready = Task::new(2, 1 << 30, &|| false);
        let embeddings = Embeddings::from_f64(x.view(), &ready).unwrap();
        for metric in SilhouetteMetric::ALL {
            let error =
                silhouette_score(&embeddings, &[0, 0, 1, 1], metric, NoiseRows::Cluster, &task).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Cancelled, "{metric}");
        }
    }

    #[test]
    fn names_round_trip() {
        for metric in SilhouetteMetric::ALL {
            assert_eq!(metric.to_string().parse(), Ok(metric));
        }
        assert!(
            "l1".parse::<SilhouetteMetric>()
                .unwrap_err()
                .hint
                .unwrap()
                .contains("sqeuclidean")
        );
    }
}
