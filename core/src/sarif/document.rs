//! A document as a SARIF log, or the error that says why it is none.

use crate::{Error, ErrorKind, Result};

use super::model::Log;
use super::options::Mode;
use super::read::{self, Member, Shape};

/// Where a log comes from.
#[derive(Clone, Copy, Debug)]
pub enum Source<'d> {
    /// JSON text.
    Text(&'d str),
}

/// Reads a log.
///
/// # Errors
/// [`ErrorKind::InvalidText`] when the text is not JSON; in spec mode [`ErrorKind::InvalidParameter`] when it is no
/// SARIF log of a supported version.
pub(crate) fn load<'d>(source: Source<'d>, mode: Mode) -> Result<Log<'d>> {
    let Source::Text(text) = source;
    let member: Member<Log<'d>> = read::from_text(text).map_err(|error| not_json(text, &error))?;
    match (member, mode) {
        (Member::Is(log), Mode::Compat) => Ok(log),
        (_, Mode::Compat) => Ok(Log::default()),
        (Member::Is(log), Mode::Spec) => check(log),
        (_, Mode::Spec) => Err(not_sarif("the document is not a JSON object")),
    }
}

fn check(log: Log<'_>) -> Result<Log<'_>> {
    if let Some(version) = log.version.text()
        && (version.starts_with("1.") || version.starts_with("2.0"))
    {
        return Err(Error::new(
            ErrorKind::InvalidParameter,
            format!("unsupported SARIF version: \"{version}\""),
        )
        .hint("Convert it first, for example with \"sarif-multitool transform\"; version 2.1.0 is read."));
    }
    match log.runs.shape {
        Shape::Absent => Err(not_sarif("the document has no \"runs\"")),
        Shape::Scalar(_) | Shape::Sized(_) => Err(not_sarif("\"runs\" is not an array").detail("At /runs.")),
        Shape::Null | Shape::List => {
            let wrong = log
                .runs
                .items
                .iter()
                .position(|run| run.get().is_some_and(|run| run.results.shape.wrong()));
            match wrong {
                Some(at) => {
                    Err(not_sarif("\"results\" is not an array").detail(format!("At /runs/{at}/results.")))
                }
                None => Ok(log),
            }
        }
    }
}

fn not_sarif(reason: &str) -> Error {
    Error::new(ErrorKind::InvalidParameter, format!("not a SARIF log: {reason}"))
        .hint("A SARIF 2.1.0 log is a JSON object with an array \"runs\".")
}

fn not_json(text: &str, error: &serde_json::Error) -> Error {
    let reason = error.to_string();
    let reason = reason
        .split_once(" at line ")
        .map_or(reason.as_str(), |(reason, _)| reason);
    let bytes = text.len();
    Error::new(ErrorKind::InvalidText, format!("not JSON: {reason}")).detail(format!(
        "Line {}, column {} of {bytes} bytes.",
        error.line(),
        error.column()
    ))
}
