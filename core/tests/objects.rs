//! Findings given as an array of objects: the rows that are stored, and what is refused with which SQLSTATE.

mod common;

use reviewpro_core::jsonb::Tree;
use reviewpro_core::sarif::{FingerprintKind, Options, OutcomeRow, objects};
use reviewpro_core::table::Value;
use reviewpro_core::{ErrorKind, Result, Task};
use serde_json::{Value as Json, json};

fn rows_with(findings: &str, options: &Options) -> Result<Vec<Json>> {
    let payload = Tree::parse(findings)
        .and_then(|tree| tree.encode())
        .expect("jsonb");
    let task = Task::new(1, usize::MAX, &|| false);
    let mut rows = Vec::new();
    objects(payload.as_bytes(), options, &task, &mut |row| {
        let columns = OutcomeRow::all_columns();
        assert_eq!(columns.len(), row.len());
        let values = columns.iter().zip(row);
        rows.push(Json::Object(
            values
                .map(|(column, value)| (column.name.to_owned(), common::value(*value)))
                .collect(),
        ));
        Ok(())
    })?;
    Ok(rows)
}

fn rows(findings: &str) -> Vec<Json> {
    rows_with(findings, &Options::default()).expect("rows")
}

/// The members of a row that the expected one names.
fn assert_has(row: &Json, expected: &Json) {
    for (name, value) in expected.as_object().expect("an object") {
        assert_eq!(&row[name], value, "{name} of {row}");
    }
}

#[test]
fn every_member_has_its_column() {
    let rows = rows(
        r#"[{"rule_id": "R", "rule_name": "n", "rule_description": "d", "help_uri": "h", "kind": "review", "level": "note",
            "severity": "HIGH", "security_severity": 7.5, "precision": "low", "rank": 12.5, "message": "m", "file_path": "a.py",
            "file_uri": "file:///a.py", "start_line": 3, "start_column": 5, "end_line": 4, "end_column": 9,
            "column_kind": "utf16CodeUnits", "snippet": "s", "context_snippet": "c", "logical_location": "f",
            "cwe_ids": ["CWE-1"], "cve_ids": ["CVE-1-2"], "tags": ["t"], "tool_name": "T", "tool_version": "1",
            "tool_component": "x", "automation_category": "night", "suppressed": true, "suppressions": [{"kind": "inSource"}],
            "baseline_state": "new", "guid": "g", "correlation_guid": "k", "tool_fingerprints": {"a": "b"},
            "partial_fingerprints": {"p": "q"}, "metadata": {"z": 1}}]"#,
    );
    assert_eq!(rows.len(), 2);
    assert_has(
        &rows[0],
        &json!({"outcome": "run", "results": 0, "complete": true, "tool_name": "T", "automation_category": "night",
            "rule_id": null}),
    );
    assert_has(
        &rows[1],
        &json!({"outcome": "finding", "results": 1, "complete": null, "state": null, "rule_id": "R", "rule_name": "n",
            "rule_description": "d", "help_uri": "h", "kind": "review", "level": "note", "severity": "high",
            "severity_source": "given", "security_severity": 7.5, "precision": "low", "rank": 12.5, "message": "m",
            "file_path": "a.py", "file_uri": "file:///a.py", "start_line": 3, "start_column": 5, "end_line": 4,
            "end_column": 9, "column_kind": "utf16CodeUnits", "snippet": "s", "context_snippet": "c",
            "logical_location": "f", "location_count": 1, "cwe_ids": ["CWE-1"], "cve_ids": ["CVE-1-2"], "tags": ["t"],
            "tool_name": "T", "tool_version": "1", "tool_component": "x", "automation_category": "night",
            "suppressed": true, "baseline_state": "new", "guid": "g", "correlation_guid": "k",
            "fingerprint_kind": "content-v1", "occurrence": 1, "sarif_data": null}),
    );
    assert_eq!(rows[1]["suppressions"], r#"[{"kind": "inSource"}]"#);
    assert_eq!(rows[1]["tool_fingerprints"], r#"{"a": "b"}"#);
    assert_eq!(rows[1]["partial_fingerprints"], r#"{"p": "q"}"#);
    assert_eq!(rows[1]["metadata"], r#"{"z": 1}"#);
}

#[test]
fn what_an_empty_object_means() {
    let rows = rows("[{}]");
    assert_has(
        &rows[1],
        &json!({"kind": "fail", "level": "warning", "severity": "medium", "message": "No description available",
            "start_line": null, "start_column": null, "end_line": null, "suppressed": false, "cwe_ids": [],
            "suppressions": null, "rank": null, "security_severity": null}),
    );
}

#[test]
fn other_names_of_members() {
    let others =
        r#"[{"line": "7", "column": 2, "cwe": ["a"], "cve": ["b"], "code_snippet": "s", "message": ""}]"#;
    let row = &rows(others)[1];
    assert_has(
        row,
        &json!({"start_line": 7, "start_column": 2, "end_line": 7, "cwe_ids": ["a"], "cve_ids": ["b"], "snippet": "s",
            "message": "No description available"}),
    );
    // The first name counts where it has a value.
    let both = r#"[{"line": 7, "start_line": 8, "code_snippet": "x", "snippet": null}]"#;
    assert_has(
        &rows(both)[1],
        &json!({"start_line": 8, "start_column": 1, "end_line": 8, "snippet": "x"}),
    );
}

#[test]
fn what_is_refused_says_why() {
    for (member, state, reason) in [
        (r#""line": 1.5"#, "22023", "start_line is not a whole number"),
        (r#""line": "x""#, "22023", "start_line is not a whole number"),
        (r#""line": [1]"#, "22023", "start_line is not a whole number"),
        (
            r#""start_line": 2147483648"#,
            "22003",
            "start_line is out of range for type integer",
        ),
        (
            r#""end_column": 1e300"#,
            "22003",
            "end_column is out of range for type integer",
        ),
        (r#""rank": "x""#, "22023", "rank is not a number"),
        (
            r#""security_severity": -1"#,
            "22003",
            "security_severity is not within 0 and 10",
        ),
        (
            r#""security_severity": 1e300"#,
            "22003",
            "security_severity is not within 0 and 10",
        ),
        (
            r#""security_severity": "high""#,
            "22023",
            "security_severity is not a number",
        ),
        (r#""rank": 1e400"#, "22003", "rank is not within -1 and 100"),
        (r#""cwe": "CWE-1""#, "22023", "cwe_ids is not an array of strings"),
        (r#""tags": [1]"#, "22023", "tags is not an array of strings"),
        (r#""rule_id": 5"#, "22023", "rule_id is not a string"),
        (r#""message": {}"#, "22023", "message is not a string"),
        (r#""snippet": false"#, "22023", "snippet is not a string"),
        (
            r#""severity": "urgent""#,
            "22023",
            "severity is none of critical, high, medium, low, info: \"urgent\"",
        ),
        (r#""suppressed": "yes""#, "22023", "suppressed is not a boolean"),
    ] {
        let rows = rows(&format!("[{{\"message\": \"m\"}}, {{{member}}}]"));
        assert_eq!(rows.len(), 3, "{member}");
        assert_has(
            &rows[0],
            &json!({"outcome": "error", "results": 1, "state": state, "reason": reason, "result_index": 1}),
        );
        assert_has(&rows[2], &json!({"outcome": "finding", "result_index": 0}));
    }
    let rows = rows("[null, [], 5, \"x\", true]");
    let reasons: Vec<_> = rows.iter().map(|row| &row["reason"]).collect();
    assert_eq!(reasons, [&json!("the element is not an object"); 5]);
}

#[test]
fn scores_and_ranks_at_their_bounds() {
    for (member, score, rank) in [
        (r#""security_severity": 0, "rank": 0"#, json!(0.0), json!(0.0)),
        (
            r#""security_severity": 10.0, "rank": 100"#,
            json!(10.0),
            json!(100.0),
        ),
        (
            r#""security_severity": 1e-3, "rank": -1"#,
            json!(0.001),
            Json::Null,
        ),
    ] {
        let row = &rows(&format!("[{{{member}}}]"))[1];
        assert_has(row, &json!({"security_severity": score, "rank": rank}));
    }
}

/// An element that cannot be read may be any finding of any tool.
#[test]
fn what_cannot_be_read_makes_every_run_incomplete() {
    let given = r#"{"tool_name": "T", "message": "m"}, {"tool_name": "U", "message": "m"}"#;
    for (findings, complete) in [
        (format!("[{given}]"), true),
        (format!("[{given}, 5]"), false),
        (format!(r#"[{{"tool_name": "T", "line": "x"}}, {given}]"#), false),
    ] {
        let rows = rows(&findings);
        let runs: Vec<_> = rows.iter().filter(|row| row["outcome"] == "run").collect();
        assert_eq!(runs.len(), 2);
        for run in runs {
            assert_eq!(run["complete"], complete, "{findings}");
        }
    }
}

#[test]
fn equal_findings_are_one_row_in_the_order_of_their_fingerprints() {
    let rows = rows(
        r#"[{"fingerprint": "b", "message": "1"}, {"fingerprint": "a"}, {"fingerprint": "b", "message": "2"},
            {"fingerprint": "b", "tool_name": "T"}, {"fingerprint": "", "message": "own"}]"#,
    );
    let runs: Vec<_> = rows.iter().filter(|row| row["outcome"] == "run").collect();
    assert_eq!(runs.len(), 2, "one without a tool and one of T");
    assert_eq!(
        (&runs[0]["tool_name"], &runs[1]["tool_name"]),
        (&Json::Null, &json!("T"))
    );
    let findings: Vec<_> = rows.iter().filter(|row| row["outcome"] == "finding").collect();
    let fingerprints: Vec<_> = findings
        .iter()
        .map(|row| row["fingerprint"].as_str().expect("text"))
        .collect();
    assert!(fingerprints.is_sorted());
    assert_eq!(findings.len(), 3);
    let row = |fingerprint: &str| {
        *findings
            .iter()
            .find(|row| row["fingerprint"] == fingerprint)
            .expect("a row")
    };
    assert_has(
        row("b"),
        &json!({"results": 3, "message": "1", "result_index": 0, "fingerprint_kind": "given"}),
    );
    assert_has(row("a"), &json!({"results": 1, "result_index": 1}));
    // An empty fingerprint is none.
    let own = findings
        .iter()
        .find(|row| row["message"] == "own")
        .expect("a row");
    assert_eq!(own["fingerprint_kind"], "content-v1");
    assert_eq!(own["fingerprint"].as_str().map(str::len), Some(64));
}

#[test]
fn fingerprints_of_every_kind() {
    let one = r#"[{"rule_id": "r", "file_path": "a", "line": 2, "message": "m", "tool_name": "t"}]"#;
    let mut seen = Vec::new();
    for (kind, name) in [
        (FingerprintKind::Content, "content-v1"),
        (FingerprintKind::Location, "location"),
        (FingerprintKind::Compat, "compat"),
    ] {
        let options = Options {
            fingerprint: Some(kind),
            organization_id: Some("11111111-2222-3333-4444-555555555555".into()),
            raw: Some(true),
            ..Options::default()
        };
        let rows = rows_with(one, &options).expect("rows");
        assert_has(&rows[1], &json!({"fingerprint_kind": name}));
        assert!(
            rows[1]["sarif_data"]
                .as_str()
                .expect("the object")
                .contains("\"file_path\": \"a\"")
        );
        seen.push(rows[1]["fingerprint"].clone());
    }
    seen.dedup();
    assert_eq!(seen.len(), 3);
    let tool = Options {
        fingerprint: Some(FingerprintKind::Tool),
        ..Options::default()
    };
    let error = rows_with(one, &tool).expect_err("no fingerprint of a tool");
    assert_eq!(error.kind, ErrorKind::InvalidParameter);
}

#[test]
fn only_an_array_will_do_and_a_stop_is_heeded() {
    for json in ["{}", "null", "5", "\"x\""] {
        let error = rows_with(json, &Options::default()).expect_err(json);
        assert_eq!(error.kind, ErrorKind::InvalidParameter);
        assert_eq!(error.message, "findings is not a JSON array of objects");
    }
    assert!(rows("[]").is_empty());
    let payload = Tree::parse("[{}]").and_then(|tree| tree.encode()).expect("jsonb");
    let stopped = Task::new(1, usize::MAX, &|| true);
    let mut emit = |_: &[Value<'_>]| Ok(());
    let error = objects(payload.as_bytes(), &Options::default(), &stopped, &mut emit).expect_err("stopped");
    assert_eq!(error.kind, ErrorKind::Cancelled);
}

#[test]
fn many_findings_at_one_place_are_numbered_in_linear_time() {
    let findings: Vec<String> = (0..30_000)
        .map(|i| format!(r#"{{"message": "m", "guid": "{}"}}"#, i / 2))
        .collect();
    let rows = rows(&format!("[{}]", findings.join(",")));
    let found: Vec<_> = rows.iter().filter(|row| row["outcome"] == "finding").collect();
    assert_eq!(found.len(), 15_000);
    assert!(found.iter().all(|row| row["results"] == 2));
    let mut numbers: Vec<_> = found
        .iter()
        .filter_map(|row| row["occurrence"].as_i64())
        .collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(1..=15_000));
}

#[test]
fn more_findings_than_memory_are_refused_before_they_are_read() {
    let findings = format!("[{}{{}}]", "{},".repeat(9_999));
    let payload = Tree::parse(&findings)
        .and_then(|tree| tree.encode())
        .expect("jsonb");
    let given = |memory| {
        let mut emit = |_: &[Value<'_>]| Ok(());
        let task = Task::new(1, memory, &|| false);
        objects(payload.as_bytes(), &Options::default(), &task, &mut emit)
    };
    assert_eq!(given(64 << 20), Ok(()));
    let error = given(10 << 20).expect_err("ten thousand findings take more");
    assert_eq!(error.kind, ErrorKind::OutOfMemory);
    assert_eq!(
        error.message,
        "holding the findings needs more memory than one call may use"
    );
}
