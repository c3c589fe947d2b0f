//! What is asked of agglomerative clustering.

use std::fmt;
use std::str::FromStr;

use crate::cluster::Metric;
use crate::{Error, ErrorKind, Result};

/// The distance between two clusters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Linkage {
    /// The mean over all pairs (UPGMA; Sokal & Michener 1958).
    Average,
    /// The largest over all pairs.
    Complete,
    /// The smallest over all pairs.
    Single,
    /// The growth of the sum of squares around the means (Ward, J. Am. Stat. Assoc. 58, 1963); euclidean only.
    Ward,
}

impl Linkage {
    /// Every linkage.
    pub const ALL: [Linkage; 4] = [
        Linkage::Average,
        Linkage::Complete,
        Linkage::Single,
        Linkage::Ward,
    ];

    /// The name as SQL writes it.
    pub fn name(self) -> &'static str {
        match self {
            Linkage::Average => "average",
            Linkage::Complete => "complete",
            Linkage::Single => "single",
            Linkage::Ward => "ward",
        }
    }
}

impl fmt::Display for Linkage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Linkage {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Linkage::ALL
            .into_iter()
            .find(|linkage| linkage.name() == name)
            .ok_or_else(|| {
                Error::new(ErrorKind::InvalidParameter, format!("unknown linkage \"{name}\""))
                    .hint("Allowed values are \"average\", \"complete\", \"single\" and \"ward\".")
            })
    }
}

/// When to stop joining.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Until {
    /// When so many clusters are left; at least 1.
    Clusters(usize),
    /// When no two clusters are nearer than this; in [0, inf).
    Distance(f64),
}

/// The valid parameters of [`super::agglomerative`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AgglomerativeParams {
    pub(super) until: Until,
    pub(super) linkage: Linkage,
    pub(super) metric: Metric,
}

impl AgglomerativeParams {
    /// Exactly one of `n_clusters` (at least 1) and `distance_threshold` (in [0, inf); merges strictly below it
    /// happen) is given. Ward linkage needs the euclidean metric.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] otherwise.
    pub fn new(
        n_clusters: Option<usize>,
        distance_threshold: Option<f64>,
        linkage: Linkage,
        metric: Metric,
    ) -> Result<Self> {
        let invalid = |message: String| Error::new(ErrorKind::InvalidParameter, message);
        let until = match (n_clusters, distance_threshold) {
            (Some(0), None) => return Err(invalid("n_clusters must be at least 1, not 0".into())),
            (Some(k), None) => Until::Clusters(k),
            (None, Some(t)) if (0.0..f64::INFINITY).contains(&t) => Until::Distance(t),
            (None, Some(t)) => {
                return Err(invalid(format!(
                    "distance_threshold must be at least 0 and finite, not {t}"
                )));
            }
            (Some(_), Some(_)) => {
                return Err(
                    invalid("n_clusters and distance_threshold exclude each other".into())
                        .hint("Leave one of them NULL."),
                );
            }
            (None, None) => {
                return Err(invalid("n_clusters or distance_threshold is missing".into())
                    .hint("Pass exactly one of them, such as distance_threshold => 0.15."));
            }
        };
        if linkage == Linkage::Ward && metric != Metric::Euclidean {
            return Err(invalid(format!(
                "ward linkage needs metric \"euclidean\", not \"{metric}\""
            ))
            .hint("For cosine use linkage \"average\", or pass vectors of length 1 with \"euclidean\"."));
        }
        Ok(AgglomerativeParams {
            until,
            linkage,
            metric,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for linkage in Linkage::ALL {
            assert_eq!(linkage.to_string().parse(), Ok(linkage));
            let error = "WARD".parse::<Linkage>().unwrap_err();
            assert!(error.hint.unwrap().contains(linkage.name()));
        }
    }

    #[test]
    fn parameters_are_checked() {
        let new =
            |k, t, linkage, metric| AgglomerativeParams::new(k, t, linkage, metric).map_err(|e| e.message);
        let average = |k, t| new(k, t, Linkage::Average, Metric::Cosine);
        assert!(average(Some(1), None).is_ok());
        assert!(average(None, Some(0.0)).is_ok());
        assert!(new(None, Some(1.0), Linkage::Ward, Metric::Euclidean).is_ok());
        for (parameters, message) in [
            (average(Some(0), None), "n_clusters must be at least 1, not 0"),
            (
                average(None, Some(-0.5)),
                "distance_threshold must be at least 0 and finite, not -0.5",
            ),
            (
                average(None, Some(f64::NAN)),
                "distance_threshold must be at least 0 and finite, not NaN",
            ),
            (
                average(None, Some(f64::INFINITY)),
                "distance_threshold must be at least 0 and finite, not inf",
            ),
            (
                average(Some(2), Some(0.5)),
                "n_clusters and distance_threshold exclude each other",
            ),
            (average(None, None), "n_clusters or distance_threshold is missing"),
            (
                new(Some(2), None, Linkage::Ward, Metric::Cosine),
                "ward linkage needs metric \"euclidean\", not \"cosine\"",
            ),
        ] {
            assert_eq!(parameters.unwrap_err(), message);
        }
    }
}
