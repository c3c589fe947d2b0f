//! A log and its runs: version, execution, base URIs, rules.

use super::place::Place;
use super::report::{Report, Severity};
use super::result::artifact_uri;
use super::rules::{elements, index, text};
use super::{limits, rules};
use serde_json::Value;
use std::collections::HashSet;

/// Whether a document can be a SARIF log at all; reports why it is none.
pub(super) fn is_log(document: &Value, place: &Place<'_>, report: &mut Report) -> bool {
    let Value::Object(log) = document else {
        report.add(
            Severity::Error,
            "not_a_log",
            place,
            "a SARIF log is a JSON object with version and runs",
        );
        return false;
    };
    let has_runs = matches!(log.get("runs"), Some(Value::Array(_) | Value::Null));
    let version = text(document, "version");
    if !has_runs || version.is_some_and(|version| version.starts_with("1.") || version.starts_with("2.0")) {
        let message = match version {
            Some(version) => format!(
                "this is no SARIF 2.1.0 log, its version is \"{version}\": convert it, for example with sarif-multitool transform"
            ),
            None => "a SARIF log has an array \"runs\": this document has none".to_owned(),
        };
        report.add(Severity::Error, "not_a_log", place, message);
        return false;
    }
    true
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

/// Checks a run apart from its results.
pub(super) fn check_run(run: &Value, results: usize, place: &Place<'_>, report: &mut Report) {
    if !run.is_object() {
        return;
    }
    check_execution(run, results, place, report);
    check_bases(run, place, report);
    check_artifacts(run, place, report);
    let Some(tool) = run.get("tool") else { return };
    let tool_place = place.member("tool");
    if let Some(driver) = tool.get("driver") {
        check_rules(driver, &tool_place.member("driver"), report);
    }
    let place = tool_place.member("extensions");
    for (index, extension) in elements(tool, "extensions").iter().enumerate() {
        check_rules(extension, &place.element(index), report);
    }
}

/// Whether the run says that it found everything there is.
fn check_execution(run: &Value, results: usize, place: &Place<'_>, report: &mut Report) {
    if !matches!(run.get("results"), Some(Value::Array(_))) && results == 0 {
        report.add(
            Severity::Warning,
            "results_missing",
            place,
            "the run has no results: that means the tool did not run; write \"results\": [] when it ran and found nothing",
        );
    }
    let external = run.get("externalPropertyFileReferences");
    if external.is_some_and(|external| external.get("results").is_some()) {
        report.add(
            Severity::Warning,
            "results_external",
            &place.member("externalPropertyFileReferences"),
            "the run keeps results in other files: a reader of this log alone does not see them, so include them",
        );
    }
    let invocations_place = place.member("invocations");
    for (at, invocation) in elements(run, "invocations").iter().enumerate() {
        let place = invocations_place.element(at);
        if invocation.get("executionSuccessful") == Some(&Value::Bool(false)) {
            report.add(
                Severity::Warning,
                "execution_failed",
                &place,
                "executionSuccessful is false: the results may be incomplete, so findings that are missing are not fixed",
            );
        }
        for table in ["toolExecutionNotifications", "toolConfigurationNotifications"] {
            let place = place.member(table);
            for (index, notification) in elements(invocation, table).iter().enumerate() {
                if text(notification, "level") == Some("error") {
                    report.add(
                        Severity::Warning,
                        "error_notification",
                        &place.element(index),
                        "the tool reports an error: the results may be incomplete, so findings that are missing are not fixed",
                    );
                }
            }
        }
        // Times of one format and zone order as texts.
        if let (Some(start), Some(end)) = (text(invocation, "startTimeUtc"), text(invocation, "endTimeUtc"))
            && start.len() == end.len()
            && end < start
        {
            report.add(
                Severity::Error,
                "invocation_ends_before_start",
                &place,
                format_args!("endTimeUtc is before startTimeUtc \"{start}\": exchange them"),
            );
        }
    }
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
fn check_artifacts(run: &Value, place: &Place<'_>, report: &mut Report) {
    let place = place.member("artifacts");
    let artifacts = elements(run, "artifacts");
    for (at, artifact) in artifacts.iter().enumerate() {
        let place = place.element(at);
        if let Some(parent) = index(artifact, "parentIndex")
            && parent >= artifacts.len()
        {
            report.add(
                Severity::Error,
                "artifact_index_out_of_range",
                &place,
                format_args!(
                    "parentIndex is {parent}, but there are {} artifacts: correct the index",
                    artifacts.len()
                ),
            );
        }
        if let Some(location) = artifact.get("location") {
            artifact_uri(location, run, &place.member("location"), report);
        }
    }
}

/// Checks the rules of a driver or extension.
fn check_rules(component: &Value, place: &Place<'_>, report: &mut Report) {
    let place = place.member("rules");
    let mut ids = HashSet::new();
    for (at, rule) in rules::elements(component, "rules").iter().enumerate() {
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
