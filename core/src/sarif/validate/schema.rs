//! The official schema of SARIF 2.1.0 Plus Errata 01 (see NOTICE).

use super::place::Place;
use super::report::{Report, Severity};
use crate::Task;
use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, ValidationError, Validator};
use serde_json::{Value, json};
use std::sync::OnceLock;

const SCHEMA: &str = include_str!("sarif-schema-2.1.0.json");

/// Longest message: the legal words of `roles` take 400 bytes.
const MAX_MESSAGE: usize = 500;

struct Validators {
    log: Validator,
    result: Validator,
}

/// Compiled once per process; `None` cannot happen, as a test shows.
fn validators() -> Option<&'static Validators> {
    static VALIDATORS: OnceLock<Option<Validators>> = OnceLock::new();
    VALIDATORS
        .get_or_init(|| {
            let schema: Value = serde_json::from_str(SCHEMA).ok()?;
            let result = json!({
                "definitions": schema.get("definitions")?,
                "allOf": [{"$ref": "#/definitions/result"}],
            });
            // The schema calls itself draft 4, which does not know the format "uri-reference" that it uses.
            let options = jsonschema::options()
                .with_draft(Draft::Draft7)
                .should_validate_formats(true);
            let compile = |schema| options.build(schema).ok();
            Some(Validators {
                log: compile(&schema)?,
                result: compile(&result)?,
            })
        })
        .as_ref()
}

/// Checks a log whose results are empty.
///
/// # Errors
/// [`crate::ErrorKind::OutOfMemory`].
pub(super) fn check_log(
    log: &Value,
    place: &Place<'_>,
    report: &mut Report,
    task: &Task<'_>,
) -> crate::Result<()> {
    validators().map_or(Ok(()), |all| check(&all.log, log, place, report, task))
}

/// Checks one result.
///
/// # Errors
/// [`crate::ErrorKind::OutOfMemory`].
pub(super) fn check_result(
    result: &Value,
    place: &Place<'_>,
    report: &mut Report,
    task: &Task<'_>,
) -> crate::Result<()> {
    validators().map_or(Ok(()), |all| check(&all.result, result, place, report, task))
}

/// About what an error takes. The library gathers those of a value before it hands out the first.
const ERROR: usize = 512;

fn check(
    validator: &Validator,
    value: &Value,
    place: &Place<'_>,
    report: &mut Report,
    task: &Task<'_>,
) -> crate::Result<()> {
    // Most values are valid, and asking that is much faster.
    if validator.is_valid(value) {
        return Ok(());
    }
    task.need("validating the document", nodes(value).checked_mul(ERROR))?;
    for error in validator.iter_errors(value) {
        let (severity, code) = class(error.kind());
        let pointer = format!("{place}{}", error.instance_path());
        report.add(severity, code, &pointer, message(&error));
    }
    Ok(())
}

/// How many values there are in a value, itself included.
fn nodes(value: &Value) -> usize {
    let mut count = 0;
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        count += 1;
        match value {
            Value::Array(elements) => open.extend(elements),
            Value::Object(members) => open.extend(members.values()),
            _ => {}
        }
    }
    count
}

/// One stable code per kind of violation.
fn class(kind: &ValidationErrorKind) -> (Severity, &'static str) {
    match kind {
        ValidationErrorKind::Required { .. } => (Severity::Error, "schema_required"),
        ValidationErrorKind::Type { .. } => (Severity::Error, "schema_type"),
        ValidationErrorKind::Enum { .. } | ValidationErrorKind::Constant { .. } => {
            (Severity::Error, "schema_word")
        }
        ValidationErrorKind::AdditionalProperties { .. } => (Severity::Error, "schema_unknown_member"),
        ValidationErrorKind::Pattern { .. } => (Severity::Error, "schema_pattern"),
        ValidationErrorKind::Minimum { .. } | ValidationErrorKind::Maximum { .. } => {
            (Severity::Error, "schema_range")
        }
        ValidationErrorKind::MinItems { .. } | ValidationErrorKind::MaxItems { .. } => {
            (Severity::Error, "schema_size")
        }
        ValidationErrorKind::UniqueItems => (Severity::Error, "schema_duplicate"),
        // Real tools write spaces and backslashes into URIs; readers cope.
        ValidationErrorKind::Format { .. } => (Severity::Warning, "schema_format"),
        _ => (Severity::Error, "schema"),
    }
}

/// The schema's message without the value, which may be large.
fn message(error: &ValidationError<'_>) -> String {
    let mut message = match error.kind() {
        // The library names only the first of them.
        ValidationErrorKind::Enum { options } => words(options),
        _ => error.masked_with("the value").to_string(),
    };
    if message.len() > MAX_MESSAGE {
        let end = message.floor_char_boundary(MAX_MESSAGE);
        message.truncate(end);
        message.push_str("...");
    }
    message
}

/// The sentence that names all legal words.
fn words(options: &Value) -> String {
    let words: Vec<_> = options
        .as_array()
        .into_iter()
        .flatten()
        .map(Value::to_string)
        .collect();
    match words.as_slice() {
        [word] => format!("the value is not {word}, the only one that is allowed"),
        words => format!("the value is none of {}: write one of them", words.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_schemas_compile() {
        assert!(validators().is_some());
    }
}
