//! One call's algorithm and its options, as SQL passes them: checked here, once, for every SQL form.

use super::{
    AgglomerativeParams, DbscanParams, Embeddings, KmeansParams, Linkage, Metric, agglomerative, dbscan,
    kmeans,
};
use crate::{Error, ErrorKind, Result, Task};

/// An algorithm with its valid parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Algorithm {
    metric: Metric,
    method: Method,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Method {
    Dbscan(DbscanParams),
    Agglomerative(AgglomerativeParams),
    Kmeans(KmeansParams),
}

/// The options of the functions that take the algorithm by name, `None` being SQL's NULL.
///
/// What has a default that is not NULL (`eps`, `min_samples`, `linkage`) is ignored by algorithms that have no such
/// option. What was passed on purpose (`n_clusters`, `distance_threshold`) is refused by them.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// One of [`Algorithm::NAMES`].
    pub algorithm: &'a str,
    /// DBSCAN: the largest distance of neighbours.
    pub eps: Option<f64>,
    /// DBSCAN: how many neighbours, itself included, make a core point.
    pub min_samples: Option<i32>,
    /// Agglomerative, k-means: how many clusters.
    pub n_clusters: Option<i32>,
    /// Agglomerative: merges at this distance or beyond do not happen.
    pub distance_threshold: Option<f64>,
    /// Agglomerative: how the distance of clusters is defined.
    pub linkage: &'a str,
    /// `cosine` or `euclidean`.
    pub metric: &'a str,
}

impl Algorithm {
    /// The names as SQL writes them.
    pub const NAMES: [&'static str; 3] = ["dbscan", "agglomerative", "kmeans"];

    /// The algorithm that is named.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] for an unknown word, a value out of range, or an option that the algorithm
    /// does not have; [`ErrorKind::NullNotAllowed`] for a NULL that the algorithm needs.
    pub fn new(options: &Options<'_>) -> Result<Self> {
        let &Options {
            algorithm,
            n_clusters,
            distance_threshold,
            ..
        } = options;
        match algorithm {
            "dbscan" => {
                refuse("n_clusters", n_clusters.is_some(), algorithm)?;
                refuse("distance_threshold", distance_threshold.is_some(), algorithm)?;
                Self::dbscan(options.eps, options.min_samples, options.metric)
            }
            "agglomerative" => {
                Self::agglomerative(n_clusters, distance_threshold, options.linkage, options.metric)
            }
            "kmeans" => {
                refuse("distance_threshold", distance_threshold.is_some(), algorithm)?;
                Self::kmeans(n_clusters, options.metric, 0)
            }
            other => Err(Error::new(
                ErrorKind::InvalidParameter,
                format!("unknown algorithm \"{other}\""),
            )
            .hint("Allowed values are \"dbscan\", \"agglomerative\" and \"kmeans\".")),
        }
    }

    /// DBSCAN: `eps` in (0, inf), `min_samples` at least 1.
    ///
    /// # Errors
    /// As [`Algorithm::new`].
    pub fn dbscan(eps: Option<f64>, min_samples: Option<i32>, metric: &str) -> Result<Self> {
        let eps = eps.ok_or_else(|| missing("eps"))?;
        let min_samples = count("min_samples", min_samples.ok_or_else(|| missing("min_samples"))?)?;
        let metric = metric.parse()?;
        let method = Method::Dbscan(DbscanParams::new(eps, min_samples, metric)?);
        Ok(Algorithm { metric, method })
    }

    /// Agglomerative: exactly one of `n_clusters` (at least 1) and `distance_threshold` (in [0, inf)).
    ///
    /// # Errors
    /// As [`Algorithm::new`].
    pub fn agglomerative(
        n_clusters: Option<i32>,
        distance_threshold: Option<f64>,
        linkage: &str,
        metric: &str,
    ) -> Result<Self> {
        let n_clusters = n_clusters.map(|k| count("n_clusters", k)).transpose()?;
        let (linkage, metric): (Linkage, Metric) = (linkage.parse()?, metric.parse()?);
        let params = AgglomerativeParams::new(n_clusters, distance_threshold, linkage, metric)?;
        let method = Method::Agglomerative(params);
        Ok(Algorithm { metric, method })
    }

    /// k-means: `n_clusters` at least 1. Equal seeds give equal labels.
    ///
    /// # Errors
    /// As [`Algorithm::new`].
    pub fn kmeans(n_clusters: Option<i32>, metric: &str, seed: i32) -> Result<Self> {
        let n_clusters = count("n_clusters", n_clusters.ok_or_else(|| missing("n_clusters"))?)?;
        let metric = metric.parse()?;
        let params = KmeansParams::new(n_clusters, metric)?.seed(u64::from(seed.cast_unsigned()));
        let method = Method::Kmeans(params);
        Ok(Algorithm { metric, method })
    }

    /// The distance that it clusters by.
    #[must_use]
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// The label of every row: from 0, or [`super::NOISE`].
    ///
    /// # Errors
    /// As the algorithm.
    pub fn labels(&self, embeddings: &Embeddings<'_>, task: &Task<'_>) -> Result<Vec<i32>> {
        match &self.method {
            Method::Dbscan(params) => dbscan(embeddings, params, task),
            Method::Agglomerative(params) => agglomerative(embeddings, params, task),
            Method::Kmeans(params) => kmeans(embeddings, params, task),
        }
    }
}

/// A count of at least 1 that SQL passes as a signed integer.
///
/// # Errors
/// [`ErrorKind::InvalidParameter`] for less.
pub fn count(name: &str, value: i32) -> Result<usize> {
    usize::try_from(value)
        .ok()
        .filter(|&value| value > 0)
        .ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidParameter,
                format!("{name} must be at least 1, not {value}"),
            )
        })
}

fn missing(name: &str) -> Error {
    Error::new(
        ErrorKind::NullNotAllowed,
        format!("{name} must not be null for this algorithm"),
    )
}

fn refuse(name: &str, given: bool, algorithm: &str) -> Result<()> {
    if given {
        return Err(Error::new(
            ErrorKind::InvalidParameter,
            format!("{name} is not an option of algorithm \"{algorithm}\""),
        )
        .hint(format!(
            "Leave {name} NULL, or name the algorithm that it belongs to."
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULTS: Options<'static> = Options {
        algorithm: "dbscan",
        eps: Some(0.15),
        min_samples: Some(2),
        n_clusters: None,
        distance_threshold: None,
        linkage: "average",
        metric: "cosine",
    };

    #[test]
    fn every_name_is_known_and_hinted_at() {
        let unknown = Algorithm::new(&Options {
            algorithm: "DBSCAN",
            ..DEFAULTS
        });
        let hint = unknown.unwrap_err().hint.unwrap();
        for algorithm in Algorithm::NAMES {
            let error = Algorithm::new(&Options {
                algorithm,
                metric: "no metric",
                n_clusters: (algorithm != "dbscan").then_some(2),
                ..DEFAULTS
            });
            assert_eq!(error.unwrap_err().message, "unknown metric \"no metric\"");
            assert!(hint.contains(algorithm));
        }
    }

    #[test]
    fn options_of_other_algorithms() {
        let message = |options| {
            Algorithm::new(&options)
                .map(|_| ())
                .map_err(|error| error.message)
        };
        assert_eq!(message(DEFAULTS), Ok(()));
        assert_eq!(
            message(Options {
                n_clusters: Some(3),
                ..DEFAULTS
            }),
            Err("n_clusters is not an option of algorithm \"dbscan\"".into())
        );
        assert_eq!(
            message(Options {
                distance_threshold: Some(0.3),
                ..DEFAULTS
            }),
            Err("distance_threshold is not an option of algorithm \"dbscan\"".into())
        );
        assert_eq!(
            message(Options {
                algorithm: "kmeans",
                n_clusters: Some(3),
                distance_threshold: Some(0.3),
                ..DEFAULTS
            }),
            Err("distance_threshold is not an option of algorithm \"kmeans\"".into())
        );
        // eps and min_samples always have a value: they are not looked at.
        assert_eq!(
            message(Options {
                algorithm: "agglomerative",
                eps: Some(-1.0),
                min_samples: None,
                n_clusters: Some(3),
                ..DEFAULTS
            }),
            Ok(())
        );
    }

    #[test]
    fn nulls_and_ranges() {
        let kind = |options| Algorithm::new(&options).unwrap_err().kind;
        assert_eq!(
            kind(Options {
                eps: None,
                ..DEFAULTS
            }),
            ErrorKind::NullNotAllowed
        );
        assert_eq!(
            kind(Options {
                min_samples: None,
                ..DEFAULTS
            }),
            ErrorKind::NullNotAllowed
        );
        assert_eq!(
            kind(Options {
                algorithm: "kmeans",
                ..DEFAULTS
            }),
            ErrorKind::NullNotAllowed
        );
        for options in [
            Options {
                min_samples: Some(i32::MIN),
                ..DEFAULTS
            },
            Options {
                eps: Some(f64::NAN),
                ..DEFAULTS
            },
            Options {
                algorithm: "agglomerative",
                n_clusters: Some(-1),
                ..DEFAULTS
            },
            Options {
                algorithm: "kmeans",
                n_clusters: Some(0),
                ..DEFAULTS
            },
        ] {
            assert_eq!(kind(options), ErrorKind::InvalidParameter);
        }
    }
}
