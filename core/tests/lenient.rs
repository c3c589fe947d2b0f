//! What logs write otherwise than the specification has it, and what comes of it.

mod common;

use reviewpro_core::sarif::{Options, Source, findings};
use reviewpro_core::{ErrorKind, Task, jsonb};
use serde_json::{Value as Json, json};

/// The first row of a log of one run.
fn row(run: &str, result: &str) -> Json {
    let text = format!(r#"{{"version":"2.1.0","runs":[{{{run}"results":[{result}]}}]}}"#);
    let options = Options {
        kinds: None,
        include_absent: true,
        ..Options::default()
    };
    let rows = common::both(&text, &options);
    assert_eq!(rows.len(), 1, "{text}");
    rows.into_iter().next().expect("a row")
}

fn warns(row: &Json, word: &str) -> bool {
    row["warnings"]
        .as_array()
        .expect("warnings")
        .iter()
        .any(|warning| warning == word)
}

#[test]
fn a_rank_is_the_results_the_overrides_or_the_rules() {
    let run = r#""tool":{"driver":{"name":"T","rules":[{"id":"A","defaultConfiguration":{"rank":40}},{"id":"B"},
            {"id":"C","defaultConfiguration":{"rank":-1}}]}},
        "invocations":[{"executionSuccessful":true,"ruleConfigurationOverrides":[
            {"descriptor":{"index":1},"configuration":{"level":"note"}},
            {"descriptor":{"index":1},"configuration":{"rank":60.5}}]}],"#;
    for (result, rank, warned) in [
        (r#"{"ruleId":"A"}"#, json!(40.0), false),
        (r#"{"ruleId":"A","rank":0}"#, json!(0.0), false),
        (r#"{"ruleId":"A","rank":100}"#, json!(100.0), false),
        // -1 says that there is none.
        (r#"{"ruleId":"A","rank":-1.0}"#, json!(40.0), false),
        (r#"{"ruleId":"A","rank":100.5}"#, json!(40.0), true),
        (r#"{"ruleId":"A","rank":-0.5}"#, json!(40.0), true),
        (r#"{"ruleId":"A","rank":1e300}"#, json!(40.0), true),
        (r#"{"ruleId":"A","rank":"5"}"#, json!(40.0), true),
        (r#"{"ruleId":"B"}"#, json!(60.5), false),
        (r#"{"ruleId":"C"}"#, Json::Null, false),
        (r#"{"ruleId":"none","rank":1000}"#, Json::Null, true),
    ] {
        let row = row(run, result);
        assert_eq!(row["rank"], rank, "{result}");
        assert_eq!(warns(&row, "rank_out_of_range"), warned, "{result}");
    }
    // An override of the rank leaves the level to another.
    assert_eq!(row(run, r#"{"ruleId":"B"}"#)["level"], "note");
}

#[test]
fn words_in_another_case_are_those_words() {
    let tool = r#""tool":{"driver":{"name":"T"}},"#;
    let of = |result: &str| row(tool, result);
    let result = of(r#"{"kind":"Pass"}"#);
    assert_eq!(
        (&result["kind"], &result["level"]),
        (&json!("pass"), &json!("none"))
    );
    assert!(warns(&result, "word_case") && !warns(&result, "kind_unknown"));
    assert!(!warns(&of(r#"{"kind":"pass"}"#), "word_case"));
    let result = of(r#"{"suppressions":[{"kind":"inSource","status":"Rejected"}]}"#);
    assert_eq!(result["suppressed"], false);
    assert!(warns(&result, "word_case") && !warns(&result, "suppression_status_unknown"));
    let result = of(r#"{"baselineState":"ABSENT"}"#);
    assert_eq!(result["baseline_state"], "absent");
    assert!(warns(&result, "word_case") && !warns(&result, "baseline_state_unknown"));
    // They are left out as the words are.
    let text = format!(
        r#"{{"version":"2.1.0","runs":[{{{tool}"results":[{{"kind":"Pass"}},{{"baselineState":"Absent"}},{{"kind":"Fail"}}]}}]}}"#
    );
    let rows = common::both(&text, &Options::default());
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["result_index"], 2);
}

#[test]
fn an_artifact_inside_itself_lies_in_none() {
    let of = |artifacts: &str| {
        let run = format!(r#""tool":{{"driver":{{"name":"T"}}}},"artifacts":[{artifacts}],"#);
        let row = row(
            &run,
            r#"{"locations":[{"physicalLocation":{"artifactLocation":{"index":0}}}]}"#,
        );
        let warned = warns(&row, "artifact_parent_loop");
        (row["file_path"].clone(), warned)
    };
    assert_eq!(
        of(r#"{"location":{"uri":"x"},"parentIndex":0}"#),
        (json!("x"), true)
    );
    assert_eq!(
        of(r#"{"location":{"uri":"x"},"parentIndex":1},{"location":{"uri":"y"},"parentIndex":0}"#),
        (json!("y!/x"), true)
    );
    assert_eq!(
        of(r#"{"location":{"uri":"x"},"parentIndex":1},{"location":{"uri":"y"}}"#),
        (json!("y!/x"), false)
    );
}

#[test]
fn the_list_of_a_year_is_no_weakness() {
    let row = row(
        r#""tool":{"driver":{"name":"T"}},"#,
        r#"{"properties":{"tags":["CWE 2023 top 25","CWE-2024 Top 25","cwe-2021-top-25","CWE-79"]}}"#,
    );
    assert_eq!(row["cwe_ids"], json!(["CWE-79"]));
}

/// What reading a document comes to, the same from text and jsonb.
fn outcome(text: &str, options: &Options) -> Result<usize, (ErrorKind, String, Option<String>)> {
    let payload = jsonb::Tree::parse(text)
        .and_then(|tree| tree.encode())
        .expect("jsonb");
    let of = |source: Source<'_>| {
        let task = Task::new(1, usize::MAX, &|| false);
        findings(source, options, &task, &mut |_| Ok(()))
            .map(|statistics| statistics.rows)
            .map_err(|error| (error.kind, error.message, error.detail))
    };
    let outcome = of(Source::Text(text));
    assert_eq!(outcome, of(Source::Jsonb(payload.as_bytes())), "{text}");
    outcome
}

#[test]
fn strict_reading_refuses_a_run_that_is_none() {
    let strict = Options {
        strict: true,
        ..Options::default()
    };
    let run = r#"{"tool":{"driver":{"name":"T"}},"results":[{}]}"#;
    for other in ["7", "null", r#""x""#, "[]"] {
        let text = format!(r#"{{"version":"2.1.0","runs":[{run},{other}]}}"#);
        assert_eq!(outcome(&text, &Options::default()), Ok(1), "{other}");
        let (kind, _, detail) = outcome(&text, &strict).unwrap_err();
        assert_eq!(
            (kind, detail.as_deref()),
            (ErrorKind::InvalidParameter, Some("At /runs/1.")),
            "{other}"
        );
    }
    assert_eq!(
        outcome(&format!(r#"{{"version":"2.1.0","runs":[{run}]}}"#), &strict),
        Ok(1)
    );
}

#[test]
fn a_log_of_another_version_is_refused_and_never_half_read() {
    let old = r#"{"tool":{"name":"T","version":"1"},"results":[{"ruleId":"A","formattedRuleMessage":{"formatId":"x"}}]}"#;
    let new = r#"{"tool":{"driver":{"name":"T"}},"results":[{"ruleId":"A"}]}"#;
    let schema = "https://json.schemastore.org/sarif";
    for (text, version) in [
        (format!(r#"{{"version":"1.0.0","runs":[{old}]}}"#), "1.0.0"),
        (format!(r#"{{"version":1.0,"runs":[{new}]}}"#), "1.0"),
        (
            format!(r#"{{"version":"2.0.0-csd.2","runs":[{new}]}}"#),
            "2.0.0-csd.2",
        ),
        (format!(r#"{{"runs":[{old}]}}"#), "1.0.0"),
        (format!(r#"{{"version":null,"runs":[{old}]}}"#), "1.0.0"),
        (
            format!(r#"{{"$schema":"{schema}-1.0.0.json","runs":[{new}]}}"#),
            "1.0.0",
        ),
        (
            format!(r#"{{"$schema":"http://x/sarif-schema-2.0.0.json","runs":[{new}]}}"#),
            "2.0.0",
        ),
    ] {
        let (kind, message, _) = outcome(&text, &Options::default()).unwrap_err();
        assert_eq!(kind, ErrorKind::InvalidParameter, "{text}");
        assert_eq!(
            message,
            format!("unsupported SARIF version: \"{version}\""),
            "{text}"
        );
    }
    for text in [
        format!(r#"{{"runs":[{new}]}}"#),
        format!(r#"{{"version":null,"runs":[{new}]}}"#),
        format!(r#"{{"version":"2.2","runs":[{new}]}}"#),
        format!(r#"{{"version":"2.1.0","runs":[{old}]}}"#),
        format!(r#"{{"$schema":"{schema}-2.1.0.json","runs":[{new}]}}"#),
        format!(r#"{{"$schema":"{schema}-1.0.0.json","version":"2.1.0","runs":[{new}]}}"#),
        format!(r#"{{"$schema":"x","runs":[{new}]}}"#),
    ] {
        assert_eq!(outcome(&text, &Options::default()), Ok(1), "{text}");
    }
    // Without a version, only an array of runs makes it a log.
    assert_eq!(
        outcome(r#"{"version":"2.1.0","runs":null}"#, &Options::default()),
        Ok(0)
    );
    let (kind, ..) = outcome(r#"{"runs":null}"#, &Options::default()).unwrap_err();
    assert_eq!(kind, ErrorKind::InvalidParameter);
}
