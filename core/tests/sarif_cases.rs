//! Findings of small documents, from end to end.

#![recursion_limit = "256"]

mod common;

use reviewpro_core::sarif::{FingerprintKind, Kind, Mode, Options, Source, Suppressed, rules, runs, summary};
use reviewpro_core::table::Value;
use reviewpro_core::{ErrorKind, Task, jsonb};
use serde_json::{Value as Json, json};

/// A log of one run with the given results and further members of the run.
fn log(results: &str, run: &str) -> String {
    format!(
        r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"T","rules":[
            {{"id":"R1","name":"one","defaultConfiguration":{{"level":"note"}}}}]}}}},{run}"results":[{results}]}}]}}"#
    )
}

/// The rows, the same from text and jsonb.
fn rows_with(text: &str, options: &Options) -> Vec<Json> {
    common::both(text, options)
}

fn rows(text: &str) -> Vec<Json> {
    rows_with(text, &Options::default())
}

fn column(rows: &[Json], name: &str) -> Vec<Json> {
    rows.iter().map(|row| row[name].clone()).collect()
}

fn at(line: u32, message: &str, more: &str) -> String {
    format!(
        r#"{{"ruleId":"R1","message":{{"text":"{message}"}},"locations":[{{"physicalLocation":{{
            "artifactLocation":{{"uri":"a.c"}},"region":{{"startLine":{line}}}}}}}]{more}}}"#
    )
}

#[test]
fn a_whole_row() {
    let result = r#"{"ruleId":"R1","message":{"text":"m"},"rank":12.5,"guid":"g","correlationGuid":"c",
        "locations":[{"physicalLocation":{"artifactLocation":{"uri":"a.c"},"region":{"startLine":3,"endColumn":7,
        "snippet":{"text":"x = 1"}},"contextRegion":{"startLine":2,"snippet":{"text":"a\nx = 1\nb"}}},
        "logicalLocations":[{"fullyQualifiedName":"a.B.c"}]},{"physicalLocation":{"artifactLocation":{"uri":"b.c"}}}],
        "codeFlows":[{"threadFlows":[]}],"fixes":[],"partialFingerprints":{"k":"v"},
        "properties":{"tags":["t","CWE-79","CVE-2021-44228"]}}"#;
    let text = log(
        result,
        r#""automationDetails":{"id":"nightly/1"},"columnKind":"utf16CodeUnits","#,
    );
    let rows = rows_with(
        &text,
        &Options {
            raw: Some(true),
            ..Options::default()
        },
    );
    assert_eq!(rows.len(), 1);
    let mut row = rows[0].clone();
    let raw = row["sarif_data"].take();
    assert_eq!(
        serde_json::from_str::<Json>(raw.as_str().unwrap()).unwrap()["guid"],
        "g"
    );
    let metadata: Json = serde_json::from_str(row["metadata"].take().as_str().unwrap()).unwrap();
    assert_eq!(metadata["code_flows"], json!([{"threadFlows": []}]));
    assert_eq!(
        metadata["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        "b.c"
    );
    assert_eq!(metadata.as_object().unwrap().len(), 2);
    assert_eq!(row["fingerprint"].as_str().unwrap().len(), 64);
    row["fingerprint"].take();
    let expected = json!({
        "run_index": 0, "result_index": 0, "location_index": 0, "rule_id": "R1", "rule_name": "one",
        "rule_description": null, "help_uri": null, "kind": "fail", "level": "note", "severity": "low",
        "severity_source": "rule", "security_severity": null, "precision": null, "rank": 12.5, "message": "m",
        "file_path": "a.c", "file_uri": null, "start_line": 3, "start_column": 1, "end_line": 3, "end_column": 7,
        "column_kind": "utf16CodeUnits", "snippet": "x = 1", "context_snippet": "a\nx = 1\nb",
        "logical_location": "a.B.c", "location_count": 2, "cwe_ids": ["CWE-79"], "cve_ids": ["CVE-2021-44228"],
        "tags": ["t", "CWE-79", "CVE-2021-44228"], "tool_name": "T", "tool_version": null, "tool_component": null,
        "automation_category": "nightly", "suppressed": false, "suppressions": null, "baseline_state": null,
        "guid": "g", "correlation_guid": "c", "tool_fingerprints": null, "partial_fingerprints": "{\"k\": \"v\"}",
        "fingerprint": null, "fingerprint_kind": "content-v1", "occurrence": 1, "metadata": null,
        "sarif_data": null, "warnings": [],
    });
    assert_eq!(row, expected);
}

#[test]
fn results_and_locations_that_are_missing_or_odd() {
    let text = log(
        r#"null,"text",{"locations":[]},{"locations":null},{"locations":[null]},{},{"ruleId":7,"rule":[]}"#,
        "",
    );
    let rows = rows(&text);
    assert_eq!(column(&rows, "result_index"), [2, 3, 4, 5, 6]);
    assert_eq!(column(&rows, "location_count"), [0, 0, 1, 0, 0]);
    assert_eq!(column(&rows, "message"), vec!["No description available"; 5]);
    assert!(
        column(&rows, "file_path")
            .iter()
            .chain(&column(&rows, "rule_id"))
            .all(Json::is_null)
    );
    assert_eq!(rows[4]["warnings"], json!(["type_mismatch", "message_from_rule"]));
    let (_, statistics) = common::rows(Source::Text(&text), &Options::default(), 1).unwrap();
    assert_eq!(
        (statistics.total, statistics.rows, statistics.errors.len()),
        (7, 5, 2)
    );
    let strict = Options {
        strict: true,
        ..Options::default()
    };
    let error = common::rows(Source::Text(&text), &strict, 1).unwrap_err();
    assert_eq!(
        (error.kind, error.detail.as_deref()),
        (ErrorKind::InvalidParameter, Some("At /runs/0/results/0."))
    );
}

#[test]
fn runs_and_tools_that_are_missing_or_odd() {
    let text = r#"{"runs":[null,{"tool":null,"results":[{"message":{"text":"m"}}]},7,{"results":null},{}]}"#;
    let rows = rows(text);
    assert_eq!(column(&rows, "run_index"), [1]);
    assert_eq!(rows[0]["tool_name"], Json::Null);
    assert_eq!(rows[0]["warnings"], json!(["tool_missing"]));
    for text in [
        "{\"runs\":null,\"version\":\"2.1.0\"}",
        "{\"runs\":[]}",
        "{\"runs\":[],\"version\":\"2.2\"}",
    ] {
        assert!(self::rows(text).is_empty());
    }
}

#[test]
fn text_that_is_no_log() {
    for (text, kind) in [
        ("", ErrorKind::InvalidText),
        (" \n", ErrorKind::InvalidText),
        ("{\"runs\":[]} {\"runs\":[]}", ErrorKind::InvalidText),
        ("{\"runs\":[{\"results\":[{\"a\":1,}]}]}", ErrorKind::InvalidText),
        ("{\"runs\":[{\"results\":[{\"a\":NaN}]}]}", ErrorKind::InvalidText),
        (
            "{\"runs\":[{\"results\":[{\"a\":1} {}]}]}",
            ErrorKind::InvalidText,
        ),
        ("{\"runs\":[],} // c", ErrorKind::InvalidText),
        ("null", ErrorKind::InvalidParameter),
        ("[]", ErrorKind::InvalidParameter),
        ("1e999", ErrorKind::InvalidParameter),
        ("\"\\ud800\"", ErrorKind::InvalidParameter),
        ("{}", ErrorKind::InvalidParameter),
        ("{\"runs\":{}}", ErrorKind::InvalidParameter),
        ("{\"runs\":[{\"results\":42}]}", ErrorKind::InvalidParameter),
        ("{\"runs\":[],\"version\":\"1.0.0\"}", ErrorKind::InvalidParameter),
        (
            "{\"runs\":[],\"version\":\"2.0.0-csd.1\"}",
            ErrorKind::InvalidParameter,
        ),
    ] {
        let error = common::rows(Source::Text(text), &Options::default(), 2).unwrap_err();
        assert_eq!(error.kind, kind, "{text}: {error}");
        assert!(error.hint.is_some() || error.detail.is_some(), "{text}: {error}");
    }
    let deep = format!(
        "{{\"runs\":[{{\"results\":[{{\"properties\":{}1{}}}]}}]}}",
        "[".repeat(5000),
        "]".repeat(5000)
    );
    assert_eq!(
        common::rows(Source::Text(&deep), &Options::default(), 1)
            .unwrap_err()
            .kind,
        ErrorKind::InvalidText
    );
    let error = common::rows(
        Source::Text("{\"runs\":[{\"results\":[{},\n{\"a\":tru}]}]}"),
        &Options::default(),
        2,
    );
    assert_eq!(error.unwrap_err().detail.as_deref(), Some("Line 2, column 9."));
}

#[test]
fn numbers_and_escapes_where_something_else_should_be() {
    let text = log(
        r#"{"locations":1e999,"rule":"\ud800","message":1e999,"ruleIndex":1e999,"properties":-1e999,"rank":1e999},
           {"\ud800":1,"ruleId":"a\u0000b\ud800","message":{"text":"\u0000"},"level":1e400}"#,
        "",
    );
    let (rows, _) = common::rows(Source::Text(&text), &Options::default(), 1).unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(
        rows[0]["warnings"],
        json!([
            "type_mismatch",
            "rule_index_out_of_range",
            "message_not_object",
            "message_from_rule",
            "rank_out_of_range"
        ])
    );
    assert_eq!(rows[0]["rank"], Json::Null);
    assert_eq!(rows[1]["rule_id"], "a\u{FFFD}b\u{FFFD}");
    assert_eq!(rows[1]["message"], "\u{FFFD}");
}

#[test]
fn the_last_of_equal_members_counts() {
    let text = r#"{"runs":7,"runs":[{"results":[1],"results":[{"ruleId":"a","ruleId":"b","message":{"text":"x"},"message":{"text":"y"}}]}]}"#;
    let rows = rows(text);
    assert_eq!(
        (&rows[0]["rule_id"], &rows[0]["message"]),
        (&json!("b"), &json!("y"))
    );
}

#[test]
fn options_choose_rows_and_change_no_fingerprint() {
    let results = [
        at(1, "m", ""),
        at(2, "m", r#","kind":"pass""#),
        at(3, "m", r#","suppressions":[{"kind":"inSource"}]"#),
        at(4, "m", r#","baselineState":"absent""#),
        at(5, "m", r#","kind":"review""#),
    ]
    .join(",");
    let text = log(&results, "");
    let all = Options {
        kinds: None,
        include_absent: true,
        ..Options::default()
    };
    let every = rows_with(&text, &all);
    assert_eq!(column(&every, "result_index"), [0, 1, 2, 3, 4]);
    // The absent one is counted last.
    assert_eq!(column(&every, "occurrence"), [1, 2, 3, 5, 4]);
    for (options, expected) in [
        (Options::default(), vec![0, 2, 4]),
        (
            Options {
                suppressed: Suppressed::Exclude,
                ..Options::default()
            },
            vec![0, 4],
        ),
        (
            Options {
                suppressed: Suppressed::Only,
                ..Options::default()
            },
            vec![2],
        ),
        (
            Options {
                kinds: Some(vec![Kind::Pass]),
                ..Options::default()
            },
            vec![1],
        ),
        (
            Options {
                kinds: Some(vec![]),
                ..Options::default()
            },
            vec![],
        ),
    ] {
        let some = rows_with(&text, &options);
        assert_eq!(column(&some, "result_index"), expected);
        for row in some {
            let at = usize::try_from(row["result_index"].as_u64().unwrap()).unwrap();
            assert_eq!(row["fingerprint"], every[at]["fingerprint"]);
        }
    }
}

#[test]
fn equal_results_share_an_ordinal() {
    let results = [
        at(9, "m", ""),
        at(2, "m", ""),
        at(9, "m", r#","x":{"a":1,"b":2.0}"#),
        at(9, "m", r#","x":{"b":2,"a":1}"#),
        at(9, "m", ""),
    ];
    let rows = rows(&log(&results.join(","), ""));
    assert_eq!(column(&rows, "occurrence"), [2, 1, 3, 3, 2]);
    assert_eq!(rows[0]["fingerprint"], rows[4]["fingerprint"]);
    let distinct: std::collections::BTreeSet<_> =
        rows.iter().map(|row| row["fingerprint"].to_string()).collect();
    assert_eq!(distinct.len(), 3);
}

#[test]
fn ordinals_run_through_all_runs() {
    let run = format!(
        r#"{{"tool":{{"driver":{{"name":"T"}}}},"results":[{}]}}"#,
        at(3, "m", "")
    );
    let other = format!(
        r#"{{"tool":{{"driver":{{"name":"t"}}}},"results":[{}]}}"#,
        at(2, "m", "")
    );
    let rows = rows(&format!(r#"{{"runs":[{run},{other}]}}"#));
    assert_eq!(column(&rows, "occurrence"), [2, 1]);
}

#[test]
fn locations_can_be_rows() {
    let result = r#"{"ruleId":"R1","message":{"text":"m"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a.c"}}},
        {"physicalLocation":{"artifactLocation":{"uri":"a.c"},"region":{"startLine":1}}},7]}"#;
    let text = log(result, "");
    let rows = rows_with(
        &text,
        &Options {
            per_location: true,
            ..Options::default()
        },
    );
    assert_eq!(column(&rows, "location_index"), [0, 1, 2]);
    assert_eq!(column(&rows, "occurrence"), [1, 2, 1]);
    assert_eq!(column(&rows, "location_count"), [3, 3, 3]);
    assert_eq!(
        column(&rows, "file_path"),
        [json!("a.c"), json!("a.c"), Json::Null]
    );
    assert!(column(&rows, "metadata").iter().all(Json::is_null));
    let folded = self::rows(&text);
    assert_eq!(
        (folded.len(), &folded[0]["fingerprint"]),
        (1, &rows[0]["fingerprint"])
    );
}

#[test]
fn moved_lines_keep_their_content_fingerprint() {
    let code = |line: u32, text: &str| {
        format!(
            r#"{{"ruleId":"R1","message":{{"text":"line {line} is bad"}},"locations":[{{"physicalLocation":{{
                "artifactLocation":{{"uri":"a.c"}},"region":{{"startLine":{line}{text}}}}}}}]}}"#
        )
    };
    let snippet = r#","snippet":{"text":"  x  = 1"}"#;
    let results = |shift: u32| {
        [
            code(3 + shift, ""),
            code(9 + shift, ""),
            code(9 + shift, snippet),
            code(20 + shift, snippet),
        ]
        .join(",")
    };
    let before = column(&rows(&log(&results(0), "")), "fingerprint");
    let after = column(&rows(&log(&results(5), "")), "fingerprint");
    assert_eq!(before, after);
    assert_eq!(
        before
            .iter()
            .map(Json::to_string)
            .collect::<std::collections::BTreeSet<_>>()
            .len(),
        4
    );
}

#[test]
fn tool_fingerprints_are_chosen_with_care() {
    let result = |more: &str| log(&at(1, "m", more), "");
    let tool = Options {
        fingerprint: Some(FingerprintKind::Tool),
        ..Options::default()
    };
    let kind = |more: &str| {
        rows_with(&result(more), &tool)[0]["fingerprint_kind"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(kind(""), "content-v1");
    assert_eq!(
        kind(r#","fingerprints":{"matchBasedId/v1":"requires login"}"#),
        "content-v1"
    );
    assert_eq!(kind(r#","fingerprints":{"hash":{"value":"0f3a9c"}}"#), "tool-v1");
    let versions = |order: &str| {
        rows_with(&result(&format!(r#","fingerprints":{{{order}}}"#)), &tool)[0]["fingerprint"].clone()
    };
    let newest = versions(r#""hash/v10":"cccccc""#);
    assert_eq!(
        versions(r#""hash/v1":"aaaaaa","hash/v10":"cccccc","hash/v2":"bbbbbb""#),
        newest
    );
    let keys = Options {
        fingerprint_keys: Some(vec!["author".into(), "mine".into()]),
        ..tool.clone()
    };
    let row = &rows_with(
        &result(r#","partialFingerprints":{"mine":"abcdef","author":"somebody"}"#),
        &keys,
    )[0];
    assert_eq!(
        (&row["fingerprint_kind"], &row["warnings"]),
        (&json!("tool-v1"), &json!(["fingerprint_key_denied"]))
    );
}

#[test]
fn location_fingerprints_count_in_document_order() {
    let options = Options {
        fingerprint: Some(FingerprintKind::Location),
        ..Options::default()
    };
    let rows = rows_with(
        &log(&[at(9, "a", ""), at(9, "b", ""), at(2, "c", "")].join(","), ""),
        &options,
    );
    assert_eq!(column(&rows, "occurrence"), [1, 2, 1]);
    assert_eq!(rows[0]["fingerprint"], rows[1]["fingerprint"]);
}

#[test]
fn results_inside_the_same_document_are_appended() {
    let text = format!(
        r#"{{"runs":[{{"tool":{{"driver":{{"name":"T"}}}},"results":[{}],"externalPropertyFileReferences":{{"results":[
            {{"location":{{"uri":"sarif:/inlineExternalProperties/0"}}}}]}}}}],"inlineExternalProperties":[{{"results":[{}]}}]}}"#,
        at(1, "m", ""),
        at(2, "m", "")
    );
    let rows = rows(&text);
    assert_eq!(column(&rows, "start_line"), [1, 2]);
    assert_eq!(rows[0]["warnings"], json!([]));
}

#[test]
fn compat_needs_an_organization() {
    let options = Options {
        mode: Mode::Compat,
        ..Options::default()
    };
    let error = common::rows(Source::Text("{}"), &options, 1).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidParameter);
    let organization_id = Some("11111111-2222-3333-4444-555555555555".to_owned());
    let options = Options {
        organization_id,
        ..options
    };
    for text in [
        "{}",
        "[]",
        "7",
        "\"x\"",
        "{\"runs\":0}",
        "{\"runs\":\"\"}",
        "{\"runs\":{}}",
    ] {
        let (rows, statistics) = common::rows(Source::Text(text), &options, 1).unwrap();
        assert_eq!((rows.len(), statistics.aborted), (0, None), "{text}");
    }
    for text in [
        "{\"runs\":1}",
        "{\"runs\":\"x\"}",
        "{\"runs\":{\"a\":1}}",
        "{\"runs\":[null]}",
        "{\"runs\":[{\"results\":null}]}",
    ] {
        let (_, statistics) = common::rows(Source::Text(text), &options, 1).unwrap();
        assert_eq!(statistics.aborted, Some(0), "{text}");
    }
    let (_, statistics) =
        common::rows(Source::Text("{\"runs\":[{\"results\":\"abc\"}]}"), &options, 1).unwrap();
    assert_eq!((statistics.total, statistics.errors.len()), (3, 3));
}

/// The columns of a run by name.
fn run_columns(text: &str) -> Vec<Json> {
    let task = Task::new(2, usize::MAX, &|| false);
    let runs = runs(Source::Text(text), &task).expect("runs");
    runs.iter()
        .map(|run| {
            let columns = reviewpro_core::sarif::Run::COLUMNS.iter().zip(run.values());
            columns
                .map(|(column, value)| (column.name.to_owned(), common::value(value)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        })
        .collect()
}

#[test]
fn runs_tell_whether_they_are_complete() {
    for (run, available, complete) in [
        (r#"{"results":[]}"#, true, true),
        (r#"{"results":null}"#, false, false),
        (r#"{}"#, false, false),
        (
            r#"{"results":[],"invocations":[{"executionSuccessful":true}]}"#,
            true,
            true,
        ),
        (
            r#"{"results":[],"invocations":[{"executionSuccessful":true},{"executionSuccessful":false}]}"#,
            true,
            false,
        ),
        (
            r#"{"results":[],"invocations":[{"executionSuccessful":true,"toolExecutionNotifications":[{"level":"error"}]}]}"#,
            true,
            false,
        ),
        (
            r#"{"results":[],"invocations":[{"toolConfigurationNotifications":[{"level":"error"},{}]}]}"#,
            true,
            false,
        ),
        (
            r#"{"results":[],"invocations":[{"toolExecutionNotifications":[{"level":"warning"},{}]}]}"#,
            true,
            true,
        ),
        (
            r#"{"results":[],"externalPropertyFileReferences":{"results":[{"location":{"uri":"x"}}]}}"#,
            true,
            false,
        ),
        (
            r#"{"results":[],"externalPropertyFileReferences":{"artifacts":[{"location":{"uri":"x"}}]}}"#,
            true,
            true,
        ),
    ] {
        let runs = run_columns(&format!(r#"{{"runs":[{run}]}}"#));
        assert_eq!(
            (&runs[0]["results_available"], &runs[0]["complete"]),
            (&json!(available), &json!(complete)),
            "{run}"
        );
    }
}

#[test]
fn runs_count_and_name() {
    let results = [
        at(1, "m", ""),
        at(2, "m", r#","kind":"pass""#),
        at(3, "m", r#","suppressions":[{}]"#),
        "7".to_owned(),
    ]
    .join(",");
    let run = r#""automationDetails":{"id":"a/b","guid":"g"},"baselineGuid":"bg","invocations":[{"exitCode":3,"commandLine":"t x",
        "startTimeUtc":"2024-02-29T12:30:00Z","endTimeUtc":"bad","workingDirectory":{"uri":"file:///w/"},
        "toolExecutionNotifications":[{"level":"note"}]}],"versionControlProvenance":[{"repositoryUri":"r","revisionId":"v","branch":"b"}],
        "taxonomies":[{"name":"CWE"}],"conversion":{"tool":{"driver":{"name":"C"}}},"#;
    let runs = run_columns(&log(&results, run));
    let row = &runs[0];
    for (name, value) in [
        ("tool_name", json!("T")),
        ("automation_category", json!("a")),
        ("run_guid", json!("g")),
        ("baseline_guid", json!("bg")),
        ("results_count", json!(4)),
        ("findings_count", json!(2)),
        ("rules_count", json!(1)),
        ("suppressed_count", json!(1)),
        ("exit_code", json!(3)),
        ("start_time", json!(1_709_209_800_000_000_i64)),
        ("end_time", Json::Null),
        ("working_directory", json!("file:///w/")),
        ("vcs_revision", json!("v")),
        ("taxonomies", json!(["CWE"])),
        ("converter", json!("C")),
        ("notifications", json!("{\"execution\": [{\"level\": \"note\"}]}")),
        // One element of the results is no result.
        ("complete", json!(false)),
    ] {
        assert_eq!(row[name], value, "{name}");
    }
}

#[test]
fn rules_of_driver_and_extensions() {
    let text = r#"{"runs":[{"tool":{"driver":{"name":"T","rules":[{"id":"A","deprecatedIds":["Z"],"defaultConfiguration":{"enabled":false},
        "properties":{"security-severity":"9.1","precision":"HIGH","tags":["external/cwe/cwe-079"]}}]},
        "extensions":[{"name":"E","rules":[{"id":"B"}]}]},"results":[{"ruleId":"B"},{"ruleId":"B"},{"ruleId":"A/x"}]}]}"#;
    let mut rows = Vec::new();
    let task = Task::new(1, usize::MAX, &|| false);
    rules(Source::Text(text), &task, &mut |rule| {
        let texts =
            |texts: &[std::borrow::Cow<'_, str>]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        rows.push((
            rule.component.clone().map(String::from),
            rule.rule_id.clone().map(String::from),
            (
                rule.severity.to_string(),
                rule.enabled,
                rule.precision.clone().map(String::from),
            ),
            (texts(&rule.cwe_ids), texts(&rule.deprecated_ids)),
            rule.results_count,
        ));
        Ok(())
    })
    .expect("rules");
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        rows,
        [
            (
                some("T"),
                some("A"),
                ("critical".to_owned(), false, some("high")),
                (vec!["CWE-79".to_owned()], vec!["Z".to_owned()]),
                1
            ),
            (
                some("E"),
                some("B"),
                ("medium".to_owned(), true, None),
                (vec![], vec![]),
                2
            ),
        ]
    );
}

#[test]
fn a_summary_for_a_scan() {
    let text = log(
        &[
            at(1, "m", ""),
            at(2, "m", r#","level":"error""#),
            at(3, "m", r#","kind":"pass""#),
        ]
        .join(","),
        r#""invocations":[{"executionSuccessful":true}],"#,
    );
    let task = Task::new(1, usize::MAX, &|| false);
    let encoded = summary(Source::Text(&text), &task).expect("a summary");
    let summary: Json =
        serde_json::from_str(&jsonb::to_text(encoded.as_bytes(), usize::MAX).unwrap()).unwrap();
    let tool = json!({"name": "T", "version": null, "uri": null});
    assert_eq!(
        summary,
        json!({
            "tool": tool, "tools": [tool], "invocations": [{"executionSuccessful": true}],
            "rules": [{"id": "R1", "name": null, "level": "note"}],
            "results_count": 3, "findings_count": 2, "suppressed_count": 0, "complete": true,
            "severity_counts": {"critical": 0, "high": 1, "medium": 0, "low": 1, "info": 0},
        })
    );
}

#[test]
fn values_have_the_types_of_their_columns() {
    let task = Task::new(1, usize::MAX, &|| false);
    let text = log(&at(1, "m", ""), "");
    let mut seen = 0;
    reviewpro_core::sarif::findings(Source::Text(&text), &Options::default(), &task, &mut |row| {
        for (column, value) in reviewpro_core::sarif::Finding::COLUMNS.iter().zip(row.values()) {
            use reviewpro_core::table::Type;
            let fits = match value {
                Value::Null => true,
                Value::Int(_) => column.ty == Type::Int,
                Value::BigInt(_) => column.ty == Type::BigInt,
                Value::Float(_) => column.ty == Type::Float,
                Value::Numeric(_) => column.ty == Type::Numeric,
                Value::Bool(_) => column.ty == Type::Bool,
                Value::Text(_) => column.ty == Type::Text,
                Value::Texts(_) => column.ty == Type::Texts,
                Value::Reals(_) => column.ty == Type::Reals,
                Value::Jsonb(_) => column.ty == Type::Jsonb,
                Value::Timestamp(_) => column.ty == Type::Timestamp,
            };
            assert!(fits, "{}", column.name);
            seen += 1;
        }
        Ok(())
    })
    .expect("rows");
    assert_eq!(seen, 46);
}

#[test]
fn many_results_at_one_place_are_numbered_in_linear_time() {
    // Pair by pair this would take minutes: every second result is like the one before it, the others differ in what no
    // fingerprint looks at.
    let results: Vec<String> = (0..30_000)
        .map(|i| format!(r#"{{"ruleId":"R1","guid":"{}","message":{{"text":"m"}}}}"#, i / 2))
        .collect();
    let text = log(&results.join(","), "");
    let (rows, _) = common::rows(Source::Text(&text), &Options::default(), 2).expect("rows");
    let numbers = column(&rows, "occurrence");
    let expected: Vec<Json> = (0..30_000).map(|i| json!(i / 2 + 1)).collect();
    assert!(numbers == expected, "pairs share a number, and numbers go up");
    let fingerprints: std::collections::HashSet<String> = column(&rows, "fingerprint")
        .into_iter()
        .map(|value| value.as_str().expect("text").to_owned())
        .collect();
    assert_eq!(fingerprints.len(), 15_000);
}
