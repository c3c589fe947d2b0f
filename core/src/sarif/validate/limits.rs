//! What GitHub code scanning takes, as its documentation says. Beyond it, logs are refused or cut.

use super::place::Place;
use super::references::{elements, text};
use super::report::{Report, Severity};
use serde_json::Value;

const RUNS: usize = 20;
const RESULTS: usize = 25_000;
const RULES: usize = 25_000;
const EXTENSIONS: usize = 100;
const LOCATIONS: usize = 1_000;
const LOCATIONS_KEPT: usize = 100;
const FLOW_LOCATIONS: usize = 10_000;
const FLOW_LOCATIONS_KEPT: usize = 1_000;
const TAGS: usize = 20;
const TAGS_KEPT: usize = 10;
const NAME_CHARACTERS: usize = 255;
const DESCRIPTION_CHARACTERS: usize = 1_024;

fn limit(report: &mut Report, place: &Place<'_>, count: usize, limit: usize, what: &str, mend: &str) {
    if count > limit {
        report.add(
            Severity::Warning,
            "github_limit",
            place,
            format_args!("{count} {what}, but GitHub code scanning takes at most {limit}: {mend}"),
        );
    }
}

/// Checks the number of runs.
pub(super) fn check_runs(runs: usize, place: &Place<'_>, report: &mut Report) {
    limit(report, place, runs, RUNS, "runs", "split the log");
}

/// Checks what a run holds.
pub(super) fn check_run(run: &Value, results: usize, place: &Place<'_>, report: &mut Report) {
    limit(
        report,
        place,
        results,
        RESULTS,
        "results",
        "split the run, or report less",
    );
    let Some(tool) = run.get("tool") else { return };
    let tool_place = place.member("tool");
    let extensions_place = tool_place.member("extensions");
    let extensions = elements(tool, "extensions");
    limit(
        report,
        &extensions_place,
        extensions.len(),
        EXTENSIONS,
        "tool extensions",
        "leave some out",
    );
    if let Some(driver) = tool.get("driver") {
        check_rules(driver, &tool_place.member("driver"), report);
    }
    for (index, extension) in extensions.iter().enumerate() {
        check_rules(extension, &extensions_place.element(index), report);
    }
}

fn check_rules(component: &Value, place: &Place<'_>, report: &mut Report) {
    let place = place.member("rules");
    let rules = elements(component, "rules");
    limit(
        report,
        &place,
        rules.len(),
        RULES,
        "rules",
        "list only those that have results",
    );
    for (index, rule) in rules.iter().enumerate() {
        let place = place.element(index);
        let characters = |text: Option<&str>| text.map_or(0, |text| text.chars().count());
        let name = characters(text(rule, "name"));
        limit(
            report,
            &place.member("name"),
            name,
            NAME_CHARACTERS,
            "characters in a rule's name",
            "shorten it",
        );
        for member in ["shortDescription", "fullDescription"] {
            let description = characters(rule.get(member).and_then(|description| text(description, "text")));
            let what = "characters in a rule's description";
            limit(
                report,
                &place.member(member),
                description,
                DESCRIPTION_CHARACTERS,
                what,
                "shorten it",
            );
        }
        let Some(properties) = rule.get("properties") else {
            continue;
        };
        let tags = elements(properties, "tags").len();
        if tags > TAGS_KEPT {
            let place = place.member("properties");
            let place = place.member("tags");
            report.add(
                Severity::Warning,
                "github_limit",
                &place,
                format_args!("{tags} tags, but GitHub code scanning keeps {TAGS_KEPT} and takes at most {TAGS}: leave some out"),
            );
        }
    }
}

/// Checks what a result holds.
pub(super) fn check_result(result: &Value, place: &Place<'_>, report: &mut Report) {
    let locations = elements(result, "locations").len();
    if locations > LOCATIONS_KEPT {
        report.add(
            Severity::Warning,
            "github_limit",
            &place.member("locations"),
            format_args!("{locations} locations, but GitHub code scanning keeps {LOCATIONS_KEPT} and takes at most {LOCATIONS}: write one result per place"),
        );
    }
    let steps: usize = elements(result, "codeFlows")
        .iter()
        .flat_map(|flow| elements(flow, "threadFlows"))
        .map(|flow| elements(flow, "locations").len())
        .sum();
    if steps > FLOW_LOCATIONS_KEPT {
        report.add(
            Severity::Warning,
            "github_limit",
            &place.member("codeFlows"),
            format_args!("{steps} thread flow locations, but GitHub code scanning keeps {FLOW_LOCATIONS_KEPT} and takes at most {FLOW_LOCATIONS}: shorten the flows"),
        );
    }
}
