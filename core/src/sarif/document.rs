//! A document as a SARIF log, or the error that says why it is none.

use crate::{Error, ErrorKind, Result, json};

use super::model::Log;
use super::options::Mode;
use super::raw::Raw;
use super::read::{self, Member, Shape};

/// Where a log comes from.
#[derive(Clone, Copy, Debug)]
pub enum Source<'d> {
    /// JSON text.
    Text(&'d str),
    /// The payload of a jsonb value, without the varlena header.
    Jsonb(&'d [u8]),
}

/// Reads a log.
///
/// # Errors
/// [`ErrorKind::InvalidText`] when the text is not JSON; in spec mode [`ErrorKind::InvalidParameter`] when it is no
/// SARIF log of a supported version.
pub(crate) fn load<'d>(source: Source<'d>, mode: Mode) -> Result<Log<'d>> {
    let member: Member<Log<'d>> = match source {
        Source::Text(text) => read::from_text(text).map_err(json::from_serde_json)?,
        Source::Jsonb(payload) => Raw::Container(payload).try_read()?,
    };
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
