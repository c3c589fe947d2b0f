//! How the existing application reads a log: a row for each quirk. Text and jsonb give the same.

mod common;

use reviewpro_core::fingerprint::compat;
use reviewpro_core::jsonb::Tree;
use reviewpro_core::sarif::{Mode, Options, Source, Statistics};
use serde_json::{Value as Json, json};

const ORGANIZATION: &str = "11111111-2222-3333-4444-555555555555";
const PLACE: &str =
    r#"[{"physicalLocation":{"artifactLocation":{"uri":"a.py"},"region":{"startLine":3,"startColumn":5}}}]"#;

fn options() -> Options {
    Options {
        mode: Mode::Compat,
        organization_id: Some(ORGANIZATION.into()),
        ..Options::default()
    }
}

fn read(text: &str) -> (Vec<Json>, Statistics) {
    let (rows, statistics) = common::rows(Source::Text(text), &options(), 1).expect("rows");
    let payload = Tree::parse(text).and_then(|tree| tree.encode()).expect("jsonb");
    let (others, _) = common::rows(Source::Jsonb(payload.as_bytes()), &options(), 2).expect("rows");
    assert_eq!(rows, others);
    (rows, statistics)
}

fn log(driver: &str, results: &str) -> String {
    format!(r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{driver}}},"results":{results}}}]}}"#)
}

/// The row of a result with these members; they come before those that make it readable.
fn row(members: &str) -> Json {
    let (rows, statistics) = read(&log(r#"{"name":"T"}"#, &format!("[{{{members}}}]")));
    assert_eq!(
        (rows.len(), statistics.errors.len()),
        (1, 0),
        "{members}: {statistics:?}"
    );
    rows.into_iter().next().expect("a row")
}

/// A result that is as it should be but for these members.
fn with(members: &str) -> Json {
    row(&format!(r#"{members},"locations":{PLACE}"#))
}

fn region(region: &str) -> Json {
    row(&format!(
        r#""locations":[{{"physicalLocation":{{"artifactLocation":{{"uri":"a.py"}},"region":{region}}}}}]"#
    ))
}

/// Why a result with these members is an error.
fn reason(members: &str) -> &'static str {
    let (rows, statistics) = read(&log(r#"{"name":"T"}"#, &format!("[{{{members}}}]")));
    assert!(rows.is_empty(), "{members}: {rows:?}");
    assert_eq!(statistics.errors.len(), 1, "{members}");
    statistics.errors[0].reason
}

fn refused(row: &Json) -> bool {
    let warnings = row["warnings"].as_array().expect("a list");
    warnings.contains(&json!("compat_db_reject"))
}

#[test]
fn what_is_absent_has_a_default() {
    let row = row(r#""locations":[{}]"#);
    for (name, value) in [
        ("rule_id", json!("unknown")),
        ("message", json!("No description available")),
        ("severity", json!("medium")),
        ("file_path", json!("unknown")),
        ("start_line", json!(1)),
        ("start_column", json!(1)),
        ("end_line", Json::Null),
        ("end_column", Json::Null),
        ("snippet", Json::Null),
        ("rule_name", Json::Null),
        ("tool_name", json!("T")),
        ("tool_version", json!("unknown")),
        ("cwe_ids", json!([])),
        ("cve_ids", json!([])),
    ] {
        assert_eq!(row[name], value, "{name}");
    }
    assert!(!refused(&row));
    let expected = compat::fingerprint(
        ORGANIZATION,
        Some("unknown"),
        Some("unknown"),
        Some(1),
        Some(1),
        "No description available",
    );
    assert_eq!(row["fingerprint"], expected.as_str());
}

#[test]
fn the_tool_is_named_as_it_is_written() {
    for (driver, name, version) in [
        (
            r#"{"name":"T","version":"1","semanticVersion":"2"}"#,
            json!("T"),
            json!("1"),
        ),
        (
            r#"{"name":"T","version":"","semanticVersion":"2"}"#,
            json!("T"),
            json!("2"),
        ),
        (
            r#"{"name":"T","version":0,"semanticVersion":"2"}"#,
            json!("T"),
            json!("2"),
        ),
        (r#"{"name":"T","version":false}"#, json!("T"), json!("unknown")),
        (r#"{"name":7,"version":[1]}"#, json!("7"), json!("[1]")),
        (
            r#"{"name":true,"version":{},"semanticVersion":null}"#,
            json!("True"),
            Json::Null,
        ),
        ("{}", json!("unknown"), json!("unknown")),
    ] {
        let (rows, _) = read(&log(driver, &format!(r#"[{{"locations":{PLACE}}}]"#)));
        assert_eq!(rows[0]["tool_name"], name, "{driver}");
        assert_eq!(rows[0]["tool_version"], version, "{driver}");
        assert!(!refused(&rows[0]), "{driver}");
    }
    let (rows, _) = read(&log(r#"{"name":null}"#, &format!(r#"[{{"locations":{PLACE}}}]"#)));
    assert!(refused(&rows[0]), "the column takes no NULL");
}

#[test]
fn levels_are_severities() {
    for (level, severity) in [
        (r#""error""#, "high"),
        (r#""warning""#, "medium"),
        (r#""note""#, "low"),
        (r#""none""#, "info"),
        (r#""other""#, "medium"),
        ("null", "medium"),
        ("5", "medium"),
    ] {
        assert_eq!(
            with(&format!(r#""level":{level}"#))["severity"],
            severity,
            "{level}"
        );
    }
    for level in ["[]", "{}"] {
        assert_eq!(
            reason(&format!(r#""level":{level},"locations":{PLACE}"#)),
            "level is not a word"
        );
    }
}

#[test]
fn messages_in_every_shape() {
    for (message, text) in [
        (r#"{"text":"m"}"#, "m"),
        (r#"{"text":"m","markdown":"k"}"#, "m"),
        (r#"{"markdown":"k"}"#, "k"),
        ("{}", "No description available"),
        (r#""""#, "No description available"),
        ("[]", "No description available"),
        (r#"["x"]"#, "No description available"),
        (r#""other""#, "No description available"),
    ] {
        assert_eq!(
            with(&format!(r#""message":{message}"#))["message"],
            text,
            "{message}"
        );
    }
    for (message, why) in [
        (r#""a text""#, "the message is not an object"),
        (r#""markdown!""#, "the message is not an object"),
        (r#"["text"]"#, "the message is not an object"),
        (r#"["x","markdown"]"#, "the message is not an object"),
        ("5", "the message is not an object"),
        ("null", "the message is not an object"),
        (r#"{"text":null}"#, "the message is not text"),
        (r#"{"text":5,"markdown":"k"}"#, "the message is not text"),
    ] {
        assert_eq!(
            reason(&format!(r#""message":{message},"locations":{PLACE}"#)),
            why,
            "{message}"
        );
    }
}

#[test]
fn locations_that_are_none_skip_a_result_and_odd_ones_are_errors() {
    for locations in ["[]", "null", "{}", r#""""#, "0", "false"] {
        let (rows, statistics) = read(&log(
            r#"{"name":"T"}"#,
            &format!(r#"[{{"locations":{locations}}}]"#),
        ));
        assert!(rows.is_empty());
        assert_eq!(
            (statistics.skipped, statistics.errors.len()),
            (1, 0),
            "{locations}"
        );
    }
    for (locations, why) in [
        ("[null]", "the first location is not an object"),
        (r#"["x"]"#, "the first location is not an object"),
        ("5", "the first location is not an object"),
        (
            r#"[{"physicalLocation":null}]"#,
            "physicalLocation is not an object",
        ),
        (
            r#"[{"physicalLocation":{"artifactLocation":5}}]"#,
            "artifactLocation is not an object",
        ),
        (
            r#"[{"physicalLocation":{"region":[]}}]"#,
            "region is not an object",
        ),
        (
            r#"[{"physicalLocation":{"region":{"snippet":"x"}}}]"#,
            "snippet is not an object",
        ),
        (
            r#"[{"physicalLocation":{"artifactLocation":{"uri":{}}}}]"#,
            "a part of the fingerprint is not a scalar",
        ),
        (
            r#"[{"physicalLocation":{"region":{"startLine":[]}}}]"#,
            "a part of the fingerprint is not a scalar",
        ),
    ] {
        assert_eq!(reason(&format!(r#""locations":{locations}"#)), why, "{locations}");
    }
}

#[test]
fn tags_and_names_of_rules() {
    let tagged =
        with(r#""properties":{"tags":["x","CWE-79","CVE-2020-1","cwe-80","CWE-22"],"rule_name":"n"}"#);
    assert_eq!(tagged["cwe_ids"], json!(["CWE-79", "CWE-22"]));
    assert_eq!(tagged["cve_ids"], json!(["CVE-2020-1"]));
    assert_eq!(tagged["rule_name"], "n");
    let named = with(r#""properties":{"tags":{"CWE-5":1,"x":2}},"ruleIndex":4"#);
    assert_eq!(named["cwe_ids"], json!(["CWE-5"]));
    assert_eq!(named["rule_name"], "4");
    for properties in [r#""other""#, "[]", r#"["x"]"#, r#"{"tags":"CWE-1"}"#, "{}"] {
        let row = with(&format!(r#""properties":{properties},"ruleIndex":true"#));
        assert_eq!(row["cwe_ids"], json!([]), "{properties}");
        assert_eq!(row["rule_name"], "True", "{properties}");
    }
    for (properties, why) in [
        (r#""my tags""#, "properties is not an object"),
        (r#"["tags"]"#, "properties is not an object"),
        (r#""a rule_name""#, "properties is not an object"),
        (r#"["rule_name"]"#, "properties is not an object"),
        ("5", "properties is not an object"),
        ("null", "properties is not an object"),
        (r#"{"tags":[1]}"#, "a tag is not text"),
        (r#"{"tags":5}"#, "tags is not a list"),
        (r#"{"tags":null}"#, "tags is not a list"),
    ] {
        assert_eq!(
            reason(&format!(r#""properties":{properties},"locations":{PLACE}"#)),
            why,
            "{properties}"
        );
    }
}

#[test]
fn values_in_columns_of_text() {
    for (id, column, printed) in [
        (r#""R""#, json!("R"), "R"),
        ("7", json!("7"), "7"),
        ("true", json!("True"), "True"),
        ("false", json!("False"), "False"),
    ] {
        let row = with(&format!(r#""ruleId":{id}"#));
        assert_eq!(row["rule_id"], column, "{id}");
        let expected = compat::fingerprint(
            ORGANIZATION,
            Some(printed),
            Some("a.py"),
            Some(3),
            Some(5),
            "No description available",
        );
        assert_eq!(row["fingerprint"], expected.as_str(), "{id}");
        assert!(!refused(&row));
    }
    let row = with(r#""ruleId":null"#);
    assert_eq!(row["rule_id"], Json::Null);
    assert!(refused(&row));
    let expected = compat::fingerprint(
        ORGANIZATION,
        Some("None"),
        Some("a.py"),
        Some(3),
        Some(5),
        "No description available",
    );
    assert_eq!(row["fingerprint"], expected.as_str(), "Python prints None");
    for (snippet, column) in [
        (r#"{"text":"s"}"#, json!("s")),
        (r#"{"text":5}"#, json!("5")),
        (r#"{"text":[1, 2]}"#, json!("[1, 2]")),
        (r#"{"text":null}"#, Json::Null),
        ("{}", Json::Null),
    ] {
        let row = region(&format!(r#"{{"snippet":{snippet}}}"#));
        assert_eq!(row["snippet"], column, "{snippet}");
    }
}

#[test]
fn numbers_in_columns_of_integers() {
    for (number, column) in [
        ("7", json!(7)),
        ("-7", json!(-7)),
        ("7.9", json!(7)),
        ("-7.9", json!(-7)),
        ("true", json!(1)),
        ("false", json!(0)),
        (r#"" 8\n""#, json!(8)),
        ("2147483647", json!(2_147_483_647)),
        ("null", Json::Null),
    ] {
        let row = region(&format!(r#"{{"endLine":{number}}}"#));
        assert_eq!(row["end_line"], column, "{number}");
        assert!(!refused(&row), "{number}");
    }
    for number in [
        "2147483648",
        "1e10",
        "10000000000.5",
        "2147483648.5",
        r#""x""#,
        r#""""#,
        "[]",
        "{}",
    ] {
        let row = region(&format!(r#"{{"endLine":{number}}}"#));
        assert_eq!(row["end_line"], Json::Null, "{number}");
        assert!(refused(&row), "{number}");
    }
    for member in ["startLine", "startColumn"] {
        assert!(refused(&region(&format!(r#"{{"{member}":null}}"#))), "{member}");
        assert!(refused(&region(&format!(r#"{{"{member}":"x"}}"#))), "{member}");
    }
}

#[test]
fn columns_have_lengths() {
    let long = |count: usize| "é".repeat(count);
    for (limit, members) in [
        (255, r#""ruleId":"?","#),
        (512, r#""properties":{"rule_name":"?"},"#),
    ] {
        for (length, too_long) in [(limit, false), (limit + 1, true)] {
            let row = row(&format!(
                "{}\"locations\":{PLACE}",
                members.replace('?', &long(length))
            ));
            assert_eq!(refused(&row), too_long, "{members} {length}");
        }
    }
    for (length, too_long) in [(1024, false), (1025, true)] {
        let row = row(&format!(
            r#""locations":[{{"physicalLocation":{{"artifactLocation":{{"uri":"{}"}}}}}}]"#,
            long(length)
        ));
        assert_eq!(refused(&row), too_long);
    }
    for (limit, driver) in [(255, r#"{"name":"?"}"#), (100, r#"{"name":"T","version":"?"}"#)] {
        for (length, too_long) in [(limit, false), (limit + 1, true)] {
            let (rows, _) = read(&log(
                &driver.replace('?', &long(length)),
                &format!(r#"[{{"locations":{PLACE}}}]"#),
            ));
            assert_eq!(refused(&rows[0]), too_long, "{driver} {length}");
        }
    }
    assert!(refused(&row(
        r#""locations":[{"physicalLocation":{"artifactLocation":{"uri":null}}}]"#
    )));
}

#[test]
fn runs_at_which_the_application_stops() {
    let good = format!(r#"{{"tool":{{"driver":{{"name":"T"}}}},"results":[{{"locations":{PLACE}}}]}}"#);
    for bad in [
        "5",
        "null",
        r#"{"tool":null}"#,
        r#"{"tool":[]}"#,
        r#"{"tool":{"driver":null}}"#,
        r#"{"tool":{"driver":5}}"#,
        r#"{"results":null}"#,
        r#"{"results":5}"#,
    ] {
        let (rows, statistics) = read(&format!(r#"{{"version":"2.1.0","runs":[{good},{bad},{good}]}}"#));
        assert_eq!((rows.len(), statistics.aborted), (1, Some(1)), "{bad}");
    }
    for fine in ["{}", r#"{"tool":{}}"#, r#"{"results":[]}"#] {
        let (rows, statistics) = read(&format!(r#"{{"version":"2.1.0","runs":[{fine},{good}]}}"#));
        assert_eq!((rows.len(), statistics.aborted), (1, None), "{fine}");
    }
    for (results, errors) in [(r#"{"a":1,"b":2}"#, 2), (r#""xyz""#, 3), ("[1,null]", 2)] {
        let (rows, statistics) = read(&log(r#"{"name":"T"}"#, results));
        assert_eq!((rows.len(), statistics.errors.len()), (0, errors), "{results}");
        assert!(
            statistics
                .errors
                .iter()
                .all(|problem| problem.reason == "the result is not an object")
        );
    }
}
