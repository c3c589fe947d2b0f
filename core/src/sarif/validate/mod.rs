//! What is wrong with a log, and how to mend it.
//!
//! The official schema of SARIF 2.1.0 finds what has the wrong shape; the checks here find what is well formed and still means nothing:
//! indexes that point nowhere, rules that do not exist, messages without their arguments, regions that end before they start. Limits
//! of GitHub code scanning are warnings.
//!
//! Any JSON document gives problems, never an error: one that is no SARIF log gives one problem that says so.

mod document;
mod limits;
mod log;
mod message;
mod place;
mod references;
mod report;
mod result;
mod schema;
#[cfg(test)]
mod tests;
mod tree_size;

pub use report::{Problem, Severity};

use super::document::{Document as Reader, Source};
use super::model;
use super::read::Member;
use crate::{Result, Task};
use document::Document;
use place::Place;
use report::Report;
use serde_json::Value;

/// How many problems of one code are listed; a last one counts the others.
pub const MAX_PER_CODE: usize = 100;

/// The problems of a log in JSON text, in document order per check.
///
/// # Errors
/// [`crate::ErrorKind::InvalidText`] for what is not JSON, [`crate::ErrorKind::OutOfMemory`], [`crate::ErrorKind::Cancelled`].
pub fn validate_text(text: &str, task: &Task<'_>) -> Result<Vec<Problem>> {
    let mended = crate::json::mend(text);
    validate(
        &Document::from_text(&mended.text, task)?,
        Source::Text(&mended.text),
        task,
    )
}

/// The problems of a log in jsonb.
///
/// # Errors
/// [`crate::ErrorKind::DataCorrupted`], [`crate::ErrorKind::LimitExceeded`] for deep nesting,
/// [`crate::ErrorKind::OutOfMemory`], [`crate::ErrorKind::Cancelled`].
pub fn validate_jsonb(payload: &[u8], task: &Task<'_>) -> Result<Vec<Problem>> {
    validate(
        &Document::from_jsonb(payload, task)?,
        Source::Jsonb(payload),
        task,
    )
}

/// `document` is what is written at `source`; what it means is asked of the reader of logs.
fn validate(document: &Document<'_>, source: Source<'_>, task: &Task<'_>) -> Result<Vec<Problem>> {
    let mut report = Report::default();
    let root = Place::root();
    let reader = Reader::open(source, task)?;
    let log = reader.any()?;
    if !log::is_log(&document.skeleton, &log, &root, &mut report) {
        return Ok(report.finish());
    }
    schema::check_log(&document.skeleton, &root, &mut report, task)?;
    log::check(&document.skeleton, &root, &mut report);
    let runs = document.skeleton.get("runs").and_then(Value::as_array);
    let runs_place = root.member("runs");
    for (index, run) in runs.into_iter().flatten().enumerate() {
        task.check()?;
        let place = runs_place.element(index);
        let results = document.results(index);
        limits::check_run(run, results.len(), &place, &mut report);
        let empty = model::Run::default();
        let read = log.runs.items.get(index).and_then(Member::get).unwrap_or(&empty);
        let run = references::Run::new(run, read)?;
        log::check_run(&run, read, &place, &mut report)?;
        let results_place = place.member("results");
        for (index, part) in results.iter().enumerate() {
            task.check()?;
            let result = part.value(task)?;
            let place = results_place.element(index);
            schema::check_result(&result, &place, &mut report, task)?;
            let mut finding = Member::default();
            if let Some(raw) = read.results.items.get(index) {
                raw.read_into(&mut finding, &reader.budget())?;
            }
            result::check(&result, &finding.into_inner(), &run, &place, &mut report);
            limits::check_result(&result, &place, &mut report);
        }
    }
    Ok(report.finish())
}
