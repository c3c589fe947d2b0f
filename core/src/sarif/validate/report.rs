//! Problems, collected with a bound per kind.

use super::MAX_PER_CODE;
use std::collections::BTreeMap;
use std::fmt;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The log breaks the standard: what it says here has no meaning.
    Error,
    /// Readable, but some readers will understand something else or nothing.
    Warning,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// `error`, `warning` or `note`.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One problem of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// What kind of problem: a stable word.
    pub code: &'static str,
    /// Where: a JSON pointer (RFC 6901) into the document, empty for the document itself.
    pub pointer: String,
    /// What is wrong, and how to mend it.
    pub message: String,
}

/// The problems found so far.
#[derive(Default)]
pub(super) struct Report {
    problems: Vec<Problem>,
    counts: BTreeMap<&'static str, (Severity, usize)>,
}

impl Report {
    /// Adds a problem. Place and message are only written down while the kind has room.
    pub fn add(
        &mut self,
        severity: Severity,
        code: &'static str,
        place: &impl fmt::Display,
        message: impl fmt::Display,
    ) {
        let (_, count) = self.counts.entry(code).or_insert((severity, 0));
        *count += 1;
        if *count <= MAX_PER_CODE {
            self.problems.push(Problem {
                severity,
                code,
                pointer: place.to_string(),
                message: message.to_string(),
            });
        }
    }

    /// The problems as found, and one for each kind that had more than fit.
    pub fn finish(mut self) -> Vec<Problem> {
        for (code, (severity, count)) in self.counts {
            if count > MAX_PER_CODE {
                self.problems.push(Problem {
                    severity,
                    code,
                    pointer: String::new(),
                    message: format!(
                        "{} more problems of this kind are not listed",
                        count - MAX_PER_CODE
                    ),
                });
            }
        }
        self.problems
    }
}
