//! A clustering with what one wants to know about it.

use std::time::{Duration, Instant};

use super::{Algorithm, Embeddings, NOISE, NoiseRows, silhouette};
use crate::jsonb::{Encoded, Object, Tree};
use crate::task::{try_filled, try_vec};
use crate::{Error, ErrorKind, Result, Task};

/// Labels and figures of one clustering.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The label of every row: from 0, or [`NOISE`].
    pub labels: Vec<i32>,
    /// The mean silhouette by the algorithm's metric, noise being one more cluster, as scikit-learn's
    /// `silhouette_score(X, labels, metric=...)`; `None` where that is not defined.
    pub silhouette_score: Option<f64>,
    /// How many rows each cluster has, by label.
    pub cluster_sizes: Vec<u32>,
    /// How many rows are in no cluster.
    pub noise_count: u32,
    /// How long all of this took.
    pub duration: Duration,
}

impl Report {
    /// Clusters the rows and looks at the result.
    ///
    /// # Errors
    /// As [`Algorithm::labels`] and [`silhouette::silhouette_score`].
    pub fn new(embeddings: &Embeddings<'_>, algorithm: &Algorithm, task: &Task<'_>) -> Result<Self> {
        let start = Instant::now();
        let labels = algorithm.labels(embeddings, task)?;
        let noise = NoiseRows::Cluster;
        let silhouette_score = if silhouette::is_defined(&labels, noise)? {
            let metric = algorithm.metric().into();
            match silhouette::silhouette_score(embeddings, &labels, metric, noise, task) {
                Ok(score) => Some(score),
                // The labels stand where a figure about them leaves the range of f64.
                Err(error) if error.kind == ErrorKind::InvalidData => None,
                Err(error) => return Err(error),
            }
        } else {
            None
        };
        let clusters = labels.iter().max().map_or(0, |&label| label + 1);
        let mut cluster_sizes = try_filled(usize::try_from(clusters).unwrap_or(0), 0)?;
        let mut noise_count = 0;
        for &label in &labels {
            match usize::try_from(label) {
                Ok(label) => cluster_sizes[label] += 1,
                Err(_) => noise_count += 1,
            }
        }
        debug_assert!(labels.iter().all(|&label| label >= NOISE));
        Ok(Report {
            labels,
            silhouette_score,
            cluster_sizes,
            noise_count,
            duration: start.elapsed(),
        })
    }

    /// The report as the jsonb of `cluster_report`.
    ///
    /// # Errors
    /// [`ErrorKind::LimitExceeded`] beyond what jsonb holds, [`ErrorKind::OutOfMemory`].
    pub fn to_jsonb(&self) -> Result<Encoded> {
        let mut labels = try_vec(self.labels.len())?;
        labels.extend(self.labels.iter().map(|&label| Tree::from(i64::from(label))));
        let mut sizes = try_vec(self.cluster_sizes.len())?;
        sizes.extend(self.cluster_sizes.iter().map(|&size| Tree::from(i64::from(size))));
        let number = |text: String| Tree::Number(text.into());
        let silhouette = match self.silhouette_score {
            Some(score) if score.is_finite() => number(score.to_string()),
            Some(_) => {
                return Err(Error::new(
                    ErrorKind::Internal,
                    "the silhouette score is not finite",
                ));
            }
            None => Tree::Null,
        };
        let members: Object<'_> = [
            ("n_clusters", Tree::from(self.cluster_sizes.len() as i64)),
            ("labels", Tree::Array(labels)),
            ("silhouette_score", silhouette),
            ("cluster_sizes", Tree::Array(sizes)),
            ("noise_count", Tree::from(i64::from(self.noise_count))),
            (
                "duration_ms",
                number(format!("{:.3}", self.duration.as_secs_f64() * 1e3)),
            ),
        ]
        .into_iter()
        .collect();
        Tree::from(members).encode()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Metric;
    use crate::jsonb::to_text;

    fn report(rows: &[[f64; 2]], eps: f64) -> Report {
        let task = Task::new(1, usize::MAX, &|| false);
        let matrix = ndarray::Array2::from(rows.to_vec());
        let embeddings = Embeddings::from_f64(matrix.view(), &task).unwrap();
        let algorithm = Algorithm::dbscan(Some(eps), Some(2), Metric::Euclidean.name()).unwrap();
        Report::new(&embeddings, &algorithm, &task).unwrap()
    }

    #[test]
    fn the_silhouette_is_none_where_lengths_leave_f64() {
        let task = Task::new(1, 1 << 24, &|| false);
        let x = ndarray::array![[1e200, 0.0], [1e200, 0.0], [1.0, 1.0], [1.0, 1.0]];
        let embeddings = Embeddings::from_f64(x.view(), &task).unwrap();
        let algorithm = Algorithm::dbscan(Some(0.1), Some(2), "cosine").unwrap();
        let report = Report::new(&embeddings, &algorithm, &task).unwrap();
        assert_eq!(report.labels, algorithm.labels(&embeddings, &task).unwrap());
        assert_eq!(report.silhouette_score, None);
    }

    #[test]
    fn figures_fit_the_labels() {
        let mut report = report(&[[0.0, 0.0], [9.0, 9.0], [0.0, 1.0], [5.0, 0.0]], 1.5);
        assert_eq!(report.labels, [0, -1, 0, -1]);
        assert_eq!((&report.cluster_sizes[..], report.noise_count), (&[2][..], 2));
        let score = report.silhouette_score.unwrap();
        assert!((-1.0..=1.0).contains(&score));
        report.silhouette_score = Some(0.25);
        report.duration = Duration::from_micros(1500);
        assert_eq!(
            to_text(report.to_jsonb().unwrap().as_bytes(), 1000).unwrap(),
            r#"{"labels": [0, -1, 0, -1], "n_clusters": 1, "duration_ms": 1.500, "noise_count": 2, "cluster_sizes": [2], "silhouette_score": 0.25}"#
        );
    }

    #[test]
    fn where_no_silhouette_is_defined() {
        for (rows, eps) in [
            (&[][..], 1.0),
            (&[[1.0, 1.0]], 1.0),
            (&[[0.0, 0.0], [1.0, 0.0]], 2.0),
        ] {
            assert_eq!(report(rows, eps).silhouette_score, None, "{rows:?}");
        }
    }
}
