//! Rows against an independent reading of the specification over real logs.

mod common;

use std::collections::BTreeMap;

use reviewpro_core::sarif::{Options, Source};
use serde_json::Value as Json;

/// Columns of the reference and what they are called here.
const COLUMNS: [(&str, &str); 19] = [
    ("rule_id", "rule_id"),
    ("rule_name", "rule_name"),
    ("message", "message"),
    ("kind", "kind"),
    ("level", "level"),
    ("severity", "severity"),
    ("severity_source", "severity_source"),
    ("security_severity", "security_severity"),
    ("file_path", "file_path"),
    ("start_line", "start_line"),
    ("start_column", "start_column"),
    ("end_line", "end_line"),
    ("end_column", "end_column"),
    ("snippet", "snippet"),
    ("cwe_ids", "cwe_ids"),
    ("cve_ids", "cve_ids"),
    ("tool_name", "tool_name"),
    ("tool_version", "tool_version"),
    ("suppressed", "suppressed"),
];

/// Where this crate means to differ, and why: path (its end), column, reason.
const DELIBERATE: &[(&str, &str, &str)] = &[
    (
        "",
        "error",
        "a document that is no SARIF 2.1.0 log is an error instead of no rows",
    ),
    ("_synthetic/message-empty.sarif", "message", FALLBACK),
    ("_synthetic/message-idonly-unresolved.sarif", "message", FALLBACK),
    ("_synthetic/message-textint.sarif", "message", FALLBACK),
    ("_synthetic/message-textnull.sarif", "message", FALLBACK),
    (
        "SARIF1012.MessageArgumentsMustBeConsistentWithRule_Invalid.sarif",
        "message",
        FALLBACK,
    ),
    ("QueryCommand/elfie-arriba.CSCAN0020.sarif", "message", FALLBACK),
    ("_synthetic/region-huge.sarif", "start_line", HUGE),
    ("_synthetic/region-huge.sarif", "start_column", HUGE),
    ("_synthetic/region-huge.sarif", "end_line", HUGE),
    (
        "_synthetic/tags-string.sarif",
        "cwe_ids",
        "tags that are one string are one tag",
    ),
    ("_synthetic/uri-dot.sarif", "file_path", DOTS),
    (
        "sariflogger/ExpectedSarifLoggerRelativeLinuxPath.sarif",
        "file_path",
        DOTS,
    ),
    (
        "ExpectedOutputs/Rel_VersionControlDetails.sarif",
        "file_path",
        "a file of the repository is relative to where that lies (mappedTo), not to a base URI inside of it",
    ),
    ("output/audit/audit_sarif.json", "level", INFO),
    ("output/audit/audit_sarif.json", "severity", INFO),
    ("output/audit/audit_sarif.json", "severity_source", INFO),
    (
        "Fortify/bannedAPIs_m1.xml.sarif",
        "cwe_ids",
        "a property \"cwe\" may list several numbers",
    ),
    (
        "generating-sarif.md.embedded1.sarif",
        "cwe_ids",
        "a rule id names its CWE even when the rule is not described",
    ),
];
const FALLBACK: &str = "a message is never null: the rule id stands for one that says nothing";
const HUGE: &str = "a line beyond int4 is unknown";
const DOTS: &str = "`.` segments are removed anywhere in a path";
const INFO: &str = "the level \"info\" is read as note";

/// How many values differ on purpose.
const DELIBERATE_VALUES: usize = 61;

fn is_deliberate(path: &str, column: &str) -> bool {
    DELIBERATE
        .iter()
        .any(|(end, name, _)| path.ends_with(end) && *name == column)
}

#[test]
fn rows_equal_the_reference_reading() {
    if common::shared().is_none() {
        return;
    }
    let options = Options {
        kinds: None,
        include_absent: true,
        ..Options::default()
    };
    let mut differences: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    let (mut logs, mut rows) = (0, 0);
    for log in common::golden("spec_rows.jsonl.gz") {
        let path = log["path"].as_str().expect("a path");
        let Some(text) = common::text(path) else { continue };
        let expected = log["rows"].as_array().expect("rows");
        let actual = match common::rows(Source::Text(&text), &options, 1) {
            Ok((actual, _)) => actual,
            Err(error) => {
                if log["reason"].is_null() {
                    differences
                        .entry((path.to_owned(), "error".to_owned()))
                        .or_default()
                        .push(error.to_string());
                }
                continue;
            }
        };
        logs += 1;
        let key = |row: &Json| (row["run_index"].as_u64(), row["result_index"].as_u64());
        let mut actual: BTreeMap<_, _> = actual.into_iter().map(|row| (key(&row), row)).collect();
        for row in expected {
            rows += 1;
            let Some(ours) = actual.remove(&key(row)) else {
                differences
                    .entry((path.to_owned(), "missing".to_owned()))
                    .or_default()
                    .push(row.to_string());
                continue;
            };
            for (theirs, name) in COLUMNS {
                if ours[name] != row[theirs] {
                    let difference = format!("{} instead of {}", ours[name], row[theirs]);
                    differences
                        .entry((path.to_owned(), name.to_owned()))
                        .or_default()
                        .push(difference);
                }
            }
        }
        if !actual.is_empty() {
            differences
                .entry((path.to_owned(), "surplus".to_owned()))
                .or_default()
                .push(format!("{}", actual.len()));
        }
    }
    println!("{rows} rows of {logs} logs compared");
    assert!(logs > 0 && rows > 0);
    let deliberate: usize = differences
        .iter()
        .filter(|((path, column), _)| is_deliberate(path, column))
        .map(|(_, values)| values.len())
        .sum();
    assert_eq!(deliberate, DELIBERATE_VALUES);
    differences.retain(|(path, column), _| !is_deliberate(path, column));
    for ((path, column), values) in &differences {
        println!("{path}: {column}: {} times: {:.300}", values.len(), values[0]);
    }
    assert!(differences.is_empty(), "{} differences", differences.len());
}
