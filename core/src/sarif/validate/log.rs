//! A log and its runs: version, execution, base URIs, rules.

use super::limits;
use super::place::Place;
use super::references::{Run, elements, index, text};
use super::report::{Report, Severity};
use super::result::artifact_uri;
use crate::sarif::document::other_version;
use crate::sarif::level::Level;
use crate::sarif::model;
use crate::sarif::notification::Notifications;
use crate::sarif::read::Shape;
use crate::sarif::{runs, time};
use serde_json::Value;
use std::collections::HashSet;

/// Whether a document, as written and as read, can be a SARIF log at all; reports why it is none.
pub(super) fn is_log(document: &Value, log: &model::Log<'_>, place: &Place<'_>, report: &mut Report) -> bool {
    let message = if let Some(version) = other_version(log) {
        format!(
            "this is no SARIF 2.1.0 log, its version is \"{version}\": convert it, for example with sarif-multitool transform"
        )
    } else {
        let message = match (document, document.get("runs")) {
            (Value::Object(_), Some(Value::Array(_))) => return true,
            (Value::Object(_), Some(Value::Null)) if !log.version.is_none() => return true,
            (Value::Object(_), Some(Value::Null)) => {
                "a SARIF log has a version and an array \"runs\": this document has neither"
            }
            (Value::Object(_), Some(_)) => "\"runs\" of a SARIF log is an array: this one is not",
            (Value::Object(_), None) => {
                "a SARIF log has an array \"runs\": this document has none, so add it"
            }
            _ => "a SARIF log is a JSON object with version and runs",
        };
        message.to_owned()
    };
    report.add(Severity::Error, "not_a_log", place, message);
    false
}

/// Checks a log as a whole.
pub(super) fn check(log: &Value, place: &Place<'_>, report: &mut Report) {
    match text(log, "version") {
        Some("2.1.0") => {}
        Some(version) => report.add(
            Severity::Warning,
            "version_unknown",
            &place.member("version"),
            format_args!("version is \"{version}\": it is read as 2.1.0, so write \"2.1.0\""),
        ),
        None => report.add(
            Severity::Warning,
            "version_missing",
            place,
            "the log has no version: it is read as 2.1.0, so write \"version\": \"2.1.0\"",
        ),
    }
    let place = place.member("runs");
    match log.get("runs") {
        Some(Value::Array(runs)) => limits::check_runs(runs.len(), &place, report),
        _ => report.add(
            Severity::Warning,
            "runs_null",
            &place,
            "runs is null: the producer tried to make a log and failed, so nothing is known about findings",
        ),
    }
}

/// Checks a run, as written and as read, apart from its results.
///
/// # Errors
/// [`crate::ErrorKind::OutOfMemory`].
pub(super) fn check_run(
    run: &Run<'_, '_>,
    read: &model::Run<'_>,
    place: &Place<'_>,
    report: &mut Report,
) -> crate::Result<()> {
    if !run.value.is_object() {
        return Ok(());
    }
    check_results(read, place, report);
    check_execution(run.value, read, place, report)?;
    check_bases(run.value, place, report);
    check_artifacts(run, place, report);
    let Some(tool) = run.value.get("tool") else {
        return Ok(());
    };
    let tool_place = place.member("tool");
    if let Some(driver) = tool.get("driver") {
        check_rules(driver, &tool_place.member("driver"), report);
    }
    let place = tool_place.member("extensions");
    for (index, extension) in elements(tool, "extensions").iter().enumerate() {
        check_rules(extension, &place.element(index), report);
    }
    Ok(())
}

/// Whether the run's results are here.
fn check_results(run: &model::Run<'_>, place: &Place<'_>, report: &mut Report) {
    if run.results.shape != Shape::List {
        report.add(
            Severity::Warning,
            "results_missing",
            place,
            "the run has no results: that means the tool did not run; write \"results\": [] when it ran and found nothing",
        );
    }
    if runs::has_external_results(run) {
        report.add(
            Severity::Warning,
            "results_external",
            &place.member("externalPropertyFileReferences"),
            "the run keeps results in other files: a reader of this log alone does not see them, so include them",
        );
    }
}

/// Whether the run says that it found everything there is.
fn check_execution(
    run: &Value,
    read: &model::Run<'_>,
    place: &Place<'_>,
    report: &mut Report,
) -> crate::Result<()> {
    let notifications = Notifications::of(read.tool.get())?;
    let invocations_place = place.member("invocations");
    let all = elements(run, "invocations").iter().zip(read.read_invocations());
    for (at, (invocation, read)) in all.enumerate() {
        let place = invocations_place.element(at);
        if invocation.get("executionSuccessful") == Some(&Value::Bool(false)) {
            report.add(
                Severity::Warning,
                "execution_failed",
                &place,
                "executionSuccessful is false: the results may be incomplete, so findings that are missing are not fixed",
            );
        }
        if read.failed_to_start() {
            report.add(
                Severity::Warning,
                "process_not_started",
                &place.member("processStartFailureMessage"),
                "the tool could not be started: nothing was analysed, so findings that are missing are not fixed",
            );
        }
        for (table, list) in [
            ("toolExecutionNotifications", &read.execution_notifications),
            (
                "toolConfigurationNotifications",
                &read.configuration_notifications,
            ),
        ] {
            let place = place.member(table);
            for (index, notification) in list.items.iter().enumerate() {
                if notifications.level(*notification, &read) == Level::Error {
                    report.add(
                        Severity::Warning,
                        "error_notification",
                        &place.element(index),
                        "the tool reports an error: the results may be incomplete, so findings that are missing are not fixed",
                    );
                }
            }
        }
        if let (Some(start), Some(end)) = (text(invocation, "startTimeUtc"), text(invocation, "endTimeUtc"))
            && let (Some(starts), Some(ends)) = (time::micros(start), time::micros(end))
            && ends < starts
        {
            report.add(
                Severity::Error,
                "invocation_ends_before_start",
                &place,
                format_args!("endTimeUtc is before startTimeUtc \"{start}\": exchange them"),
            );
        }
    }
    Ok(())
}

/// Checks originalUriBaseIds (§3.14.14).
fn check_bases(run: &Value, place: &Place<'_>, report: &mut Report) {
    let Some(bases) = run.get("originalUriBaseIds").and_then(Value::as_object) else {
        return;
    };
    let place = place.member("originalUriBaseIds");
    for (name, base) in bases {
        let place = place.member(name);
        artifact_uri(base, run, &place, report);
        if text(base, "uri").is_some_and(|uri| !uri.is_empty() && !uri.ends_with('/')) {
            report.add(
                Severity::Error,
                "uri_base_without_slash",
                &place.member("uri"),
                "a base uri ends with \"/\": add it, or its last part is lost",
            );
        }
        let mut seen = HashSet::from([name.as_str()]);
        let mut current = base;
        while let Some(next) = text(current, "uriBaseId") {
            if !seen.insert(next) {
                report.add(
                    Severity::Error,
                    "uri_base_loop",
                    &place,
                    format_args!("\"{name}\" is relative to itself through \"{next}\": give one of them an absolute uri"),
                );
                break;
            }
            match bases.get(next) {
                Some(base) => current = base,
                None => break,
            }
        }
    }
}

/// Checks the artifacts' parents and locations.
fn check_artifacts(run: &Run<'_, '_>, place: &Place<'_>, report: &mut Report) {
    let place = place.member("artifacts");
    let artifacts = elements(run.value, "artifacts");
    for at in parent_loops(artifacts) {
        report.add(
            Severity::Error,
            "artifact_parent_loop",
            &place.element(at),
            "the artifact lies inside itself, going by parentIndex: correct the indexes",
        );
    }
    for (at, artifact) in artifacts.iter().enumerate() {
        let place = place.element(at);
        if let Some(parent) = index(artifact, "parentIndex")
            && let Some(count) = run.count("artifacts")
            && parent >= count
        {
            report.add(
                Severity::Error,
                "artifact_index_out_of_range",
                &place,
                format_args!("parentIndex is {parent}, but there are {count} artifacts: correct the index"),
            );
        }
        if let Some(location) = artifact.get("location") {
            artifact_uri(location, run.value, &place.member("location"), report);
        }
    }
}

/// The first artifact of each loop of parents.
fn parent_loops(artifacts: &[Value]) -> Vec<usize> {
    // From which artifact each was come to first.
    let mut seen = vec![None; artifacts.len()];
    let mut loops = Vec::new();
    for start in 0..artifacts.len() {
        let mut next = Some(start);
        while let Some(at) = next
            && let Some(first) = seen.get_mut(at)
        {
            if let Some(first) = first {
                if *first == start {
                    loops.push(at);
                }
                break;
            }
            *first = Some(start);
            next = artifacts
                .get(at)
                .and_then(|artifact| index(artifact, "parentIndex"));
        }
    }
    loops
}

/// Checks the rules of a driver or extension.
fn check_rules(component: &Value, place: &Place<'_>, report: &mut Report) {
    let place = place.member("rules");
    let mut ids = HashSet::new();
    for (at, rule) in elements(component, "rules").iter().enumerate() {
        let place = place.element(at);
        if let Some(id) = text(rule, "id")
            && !ids.insert(id)
        {
            report.add(
                Severity::Warning,
                "rule_id_repeated",
                &place,
                format_args!("another rule has the id \"{id}\" too: results that name the id alone cannot tell them apart"),
            );
        }
        let properties = rule.get("properties");
        if let Some(score) = properties.and_then(|properties| properties.get("security-severity"))
            && !is_score(score)
        {
            let place = place.member("properties");
            report.add(
                Severity::Warning,
                "security_severity_invalid",
                &place.member("security-severity"),
                "security-severity is a number from 0.0 to 10.0 as text, such as \"7.5\": GitHub code scanning refuses others",
            );
        }
    }
}

fn is_score(score: &Value) -> bool {
    let number = match score {
        Value::String(text) => text.parse().ok(),
        score => score.as_f64(),
    };
    number.is_some_and(|number: f64| (0.0..=10.0).contains(&number))
}
