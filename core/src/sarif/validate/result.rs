//! A result: level, message, places, fingerprints.

use super::message;
use super::place::Place;
use super::references::{Run, elements, index, integer, text};
use super::report::{Report, Severity};
use crate::fingerprint::tool::is_placeholder;
use crate::sarif::lookup::Found;
use crate::sarif::model::Finding;
use crate::sarif::uri;
use serde_json::Value;

/// How deep the parts of a result are followed; SARIF's own structure ends far above.
const MAX_DEPTH: usize = 64;

/// Checks everything about a result, as written and as read, that its schema does not.
pub(super) fn check(
    result: &Value,
    finding: &Finding<'_>,
    run: &Run<'_, '_>,
    place: &Place<'_>,
    report: &mut Report,
) {
    if !result.is_object() {
        return;
    }
    let found = run.rule_of(result, finding, place, report);
    check_level(result, place, report);
    check_fingerprints(result, place, report);
    if elements(result, "locations").is_empty() {
        report.add(
            Severity::Note,
            "location_missing",
            place,
            "the result has no location: GitHub code scanning refuses it, and others show no file",
        );
    }
    if let Some(provenance) = result.get("provenance") {
        let place = place.member("provenance");
        check_index(provenance, "invocationIndex", run, "invocations", &place, report);
    }
    let parts = Parts { run, found };
    parts.check(result, place, MAX_DEPTH, report);
}

fn check_level(result: &Value, place: &Place<'_>, report: &mut Report) {
    let (Some(kind), Some(level)) = (text(result, "kind"), text(result, "level")) else {
        return;
    };
    if kind != "fail" && level != "none" {
        report.add(
            Severity::Error,
            "level_with_kind",
            &place.member("level"),
            format_args!("level is \"{level}\", but a result of kind \"{kind}\" has level \"none\": leave level out, or write kind \"fail\""),
        );
    }
}

fn check_fingerprints(result: &Value, place: &Place<'_>, report: &mut Report) {
    for table in ["fingerprints", "partialFingerprints"] {
        let place = place.member(table);
        for (key, value) in result.get(table).and_then(Value::as_object).into_iter().flatten() {
            let Some(value) = value.as_str() else { continue };
            if value.is_empty() || is_placeholder(value) {
                report.add(
                    Severity::Warning,
                    "fingerprint_placeholder",
                    &place.member(key),
                    format_args!("\"{value}\" is no fingerprint: readers that trust it merge all results into one, so leave it out"),
                );
            }
        }
    }
}

/// Reports an index into an array of the run that is not there.
fn check_index(
    holder: &Value,
    name: &str,
    run: &Run<'_, '_>,
    array: &str,
    place: &Place<'_>,
    report: &mut Report,
) {
    let (Some(at), Some(count)) = (index(holder, name), run.count(array)) else {
        return;
    };
    if at < count {
        return;
    }
    let code = match array {
        "artifacts" => "artifact_index_out_of_range",
        "logicalLocations" => "logical_location_index_out_of_range",
        "threadFlowLocations" => "thread_flow_location_index_out_of_range",
        _ => "invocation_index_out_of_range",
    };
    report.add(
        Severity::Error,
        code,
        place,
        format_args!("{name} is {at}, but {array} of the run has {count} elements: correct the index or add the element"),
    );
}

/// What the parts of a result refer to.
struct Parts<'a, 'd> {
    run: &'a Run<'a, 'd>,
    found: Found,
}

impl Parts<'_, '_> {
    /// Checks an object or array and everything inside, except property bags.
    fn check(&self, value: &Value, place: &Place<'_>, depth: usize, report: &mut Report) {
        let Some(depth) = depth.checked_sub(1) else { return };
        match value {
            Value::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    self.check(element, &place.element(index), depth, report);
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    let place = place.member(name);
                    match name.as_str() {
                        "properties" => continue,
                        "message" => message::check(member, self.run, self.found, &place, report),
                        "artifactLocation" => self.artifact_location(member, &place, report),
                        "physicalLocation" => physical_location(member, &place, report),
                        "region" | "contextRegion" => region(member, &place, report),
                        "logicalLocations" => {
                            for (index, location) in elements(value, name).iter().enumerate() {
                                let place = place.element(index);
                                check_index(location, "index", self.run, "logicalLocations", &place, report);
                            }
                        }
                        "threadFlows" => self.thread_flows(member, &place, report),
                        _ => {}
                    }
                    self.check(member, &place, depth, report);
                }
            }
            _ => {}
        }
    }

    fn thread_flows(&self, flows: &Value, place: &Place<'_>, report: &mut Report) {
        for (index, flow) in flows.as_array().into_iter().flatten().enumerate() {
            let place = place.element(index);
            let place = place.member("locations");
            for (index, location) in elements(flow, "locations").iter().enumerate() {
                let place = place.element(index);
                check_index(location, "index", self.run, "threadFlowLocations", &place, report);
            }
        }
    }

    fn artifact_location(&self, location: &Value, place: &Place<'_>, report: &mut Report) {
        check_index(location, "index", self.run, "artifacts", place, report);
        let uri = text(location, "uri");
        if uri.is_none() && index(location, "index").is_none() {
            report.add(
                Severity::Error,
                "artifact_location_empty",
                place,
                "the location names no file: write uri, or an index into artifacts",
            );
        }
        artifact_uri(location, self.run.value, place, report);
    }
}

/// Checks the URI of an artifact location (§3.4.3, §3.4.4, §3.10).
pub(super) fn artifact_uri(location: &Value, run: &Value, place: &Place<'_>, report: &mut Report) {
    let Some(uri) = text(location, "uri") else { return };
    let uri_place = place.member("uri");
    let base = text(location, "uriBaseId");
    if uri::scheme(uri).is_some() {
        if base.is_some() {
            report.add(
                Severity::Error,
                "uri_absolute_with_base",
                &uri_place,
                "an absolute uri has no base: leave uriBaseId out, or make the uri relative to it",
            );
        }
    } else if let Some(base) = base
        && run
            .get("originalUriBaseIds")
            .and_then(|bases| bases.get(base))
            .is_none()
    {
        report.add(
            Severity::Note,
            "uri_base_undeclared",
            place,
            format_args!(
                "uriBaseId \"{base}\" is not in originalUriBaseIds: readers have to be told where it is"
            ),
        );
    }
    if uri.contains('\\') {
        report.add(
            Severity::Warning,
            "uri_backslash",
            &uri_place,
            format_args!(
                "a uri separates its parts by \"/\", not by \"\\\": write \"{}\"",
                shortened(&uri.replace('\\', "/"))
            ),
        );
    }
    if uri.split('/').any(|segment| segment == "..") {
        report.add(
            Severity::Warning,
            "uri_dot_dot",
            &uri_place,
            "readers refuse \"..\" in a uri, because it may lead outside of the sources: write the path without it",
        );
    }
}

fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(100)]
}

fn physical_location(location: &Value, place: &Place<'_>, report: &mut Report) {
    let (region, context) = (location.get("region"), location.get("contextRegion"));
    let Some(context) = context else { return };
    let Some(region) = region else {
        report.add(
            Severity::Error,
            "context_without_region",
            place,
            "contextRegion surrounds a region, but there is none: write region, or rename contextRegion",
        );
        return;
    };
    let lines = |region: &Value| {
        let start = integer(region, "startLine")?;
        Some((start, integer(region, "endLine").unwrap_or(start)))
    };
    if let (Some((start, end)), Some((first, last))) = (lines(region), lines(context))
        && (start < first || end > last)
    {
        report.add(
            Severity::Error,
            "context_not_around_region",
            place,
            format_args!("contextRegion has lines {first} to {last}, but region lines {start} to {end}: widen contextRegion"),
        );
    }
}

/// Checks that a region begins before it ends (§3.30).
fn region(region: &Value, place: &Place<'_>, report: &mut Report) {
    if !region.is_object() {
        return;
    }
    let number = |name| integer(region, name);
    let (line, end_line) = (number("startLine"), number("endLine"));
    if line.is_none()
        && (end_line.is_some() || number("startColumn").is_some() || number("endColumn").is_some())
    {
        report.add(
            Severity::Error,
            "region_without_start",
            place,
            "the region has a column or an end, but no startLine: add it",
        );
    }
    if line.is_none() && number("charOffset").is_none() && number("byteOffset").is_none() {
        report.add(
            Severity::Error,
            "region_empty",
            place,
            "the region does not say where it starts: write startLine, or leave the region out for the whole file",
        );
    }
    let Some(line) = line else { return };
    let end_line = end_line.unwrap_or(line);
    let (column, end_column) = (number("startColumn").unwrap_or(1), number("endColumn"));
    let ends_before = end_line < line || (end_line == line && end_column.is_some_and(|end| end < column));
    if ends_before {
        report.add(
            Severity::Error,
            "region_ends_before_start",
            place,
            format_args!(
                "the region starts at {line}:{column} and ends at {end_line}:{}: endColumn is the column after the last character",
                end_column.map_or_else(|| "end of line".to_owned(), |end| end.to_string())
            ),
        );
    }
}
