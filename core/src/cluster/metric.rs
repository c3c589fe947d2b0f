//! How far two rows are apart.

use std::fmt;
use std::str::FromStr;

use crate::{Error, ErrorKind};

/// A distance between two vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Metric {
    /// 1 - <x,y> / (|x| |y|), in [0, 2]. A zero vector is at distance 1 from everything, itself included.
    Cosine,
    /// |x - y|, in [0, inf).
    Euclidean,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Metric; 2] = [Metric::Cosine, Metric::Euclidean];

    /// The name as SQL writes it.
    pub fn name(self) -> &'static str {
        match self {
            Metric::Cosine => "cosine",
            Metric::Euclidean => "euclidean",
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Metric {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Metric::ALL
            .into_iter()
            .find(|metric| metric.name() == name)
            .ok_or_else(|| {
                Error::new(ErrorKind::InvalidParameter, format!("unknown metric \"{name}\""))
                    .hint("Allowed values are \"cosine\" and \"euclidean\".")
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for metric in Metric::ALL {
            assert_eq!(metric.to_string().parse(), Ok(metric));
        }
        let error = "Cosine".parse::<Metric>().unwrap_err();
        assert_eq!(error.message, "unknown metric \"Cosine\"");
        for metric in Metric::ALL {
            assert!(error.hint.as_deref().unwrap().contains(metric.name()));
        }
    }
}
