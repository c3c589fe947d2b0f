//! What becomes of every result: the rows that storing works from.

mod common;

use reviewpro_core::fingerprint::compat;
use reviewpro_core::sarif::{FingerprintKind, Mode, Options, Source, Suppressed};
use serde_json::{Value as Json, json};

fn rows(text: &str, options: &Options) -> Vec<Json> {
    let rows = common::outcome_rows(Source::Text(text), options, 1).expect("rows");
    assert_eq!(
        rows,
        common::outcome_rows(Source::Text(text), options, 2).expect("rows")
    );
    rows
}

fn log(results: &str, run: &str) -> String {
    format!(
        r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"T"}}}},{run}
        "automationDetails":{{"id":"nightly/7"}},"results":[{results}]}}]}}"#
    )
}

fn of<'a>(rows: &'a [Json], outcome: &str) -> Vec<&'a Json> {
    rows.iter().filter(|row| row["outcome"] == outcome).collect()
}

const COMPLETE: &str = r#""invocations":[{"executionSuccessful":true}],"#;

#[test]
fn runs_results_and_their_order() {
    let text = log(
        r#"{"ruleId":"a","message":{"text":"1"}},{"ruleId":"b","message":{"text":"2"}},
        {"ruleId":"a","message":{"text":"1"}},{"ruleId":"c","message":{"text":"3"}}"#,
        COMPLETE,
    );
    let rows = rows(&text, &Options::default());
    let runs = of(&rows, "run");
    assert_eq!(runs.len(), 1);
    assert_eq!(rows[0], *runs[0], "runs come first");
    for (name, value) in [
        ("results", json!(0)),
        ("complete", json!(true)),
        ("run_index", json!(0)),
        ("tool_name", json!("T")),
        ("automation_category", json!("nightly")),
        ("rule_id", Json::Null),
        ("fingerprint", Json::Null),
    ] {
        assert_eq!(runs[0][name], value, "{name}");
    }
    let findings = of(&rows, "finding");
    assert_eq!(findings.len(), 3);
    let order: Vec<_> = findings
        .iter()
        .map(|row| row["fingerprint"].as_str().expect("text"))
        .collect();
    assert!(order.is_sorted());
    for row in findings {
        let twice = row["rule_id"] == "a";
        assert_eq!(row["results"], if twice { 2 } else { 1 });
        assert_eq!(row["complete"], Json::Null);
        if twice {
            assert_eq!(row["result_index"], 0, "the first of equal ones");
        }
    }
}

#[test]
fn what_the_options_leave_out_is_filtered_or_gone() {
    let text = log(
        r#"{"ruleId":"pass","kind":"pass","message":{"text":"m"}},
        {"ruleId":"absent","baselineState":"absent","message":{"text":"m"}},
        {"ruleId":"hidden","suppressions":[{"kind":"external"}],"message":{"text":"m"}},
        {"ruleId":"review","kind":"review","suppressions":[{"kind":"external"}],"message":{"text":"m"}},
        {"ruleId":"open","message":{"text":"m"}}"#,
        COMPLETE,
    );
    let options = Options {
        suppressed: Suppressed::Exclude,
        ..Options::default()
    };
    let left_out = rows(&text, &options);
    assert_eq!(of(&left_out, "gone").len(), 2, "passed, and absent from the code");
    assert_eq!(of(&left_out, "filtered").len(), 2, "there, but suppressed");
    assert_eq!(of(&left_out, "finding").len(), 1);
    for row in left_out
        .iter()
        .filter(|row| row["outcome"] == "gone" || row["outcome"] == "filtered")
    {
        assert_eq!(row["results"], 1);
        assert_eq!(row["fingerprint"].as_str().map(str::len), Some(64));
        assert_eq!(row["fingerprint_kind"], "content-v1");
        assert_eq!(row["rule_id"], Json::Null);
    }
    assert_eq!(of(&rows(&text, &Options::default()), "finding").len(), 3);
}

#[test]
fn what_cannot_be_read_is_an_error_and_makes_a_run_incomplete() {
    let text = log(r#"5,{"ruleId":"a","message":{"text":"m"}}"#, COMPLETE);
    let rows = rows(&text, &Options::default());
    assert_eq!(of(&rows, "run")[0]["complete"], json!(false));
    let errors = of(&rows, "error");
    assert_eq!(errors.len(), 1);
    for (name, value) in [
        ("results", json!(1)),
        ("state", json!("22023")),
        ("run_index", json!(0)),
        ("result_index", json!(0)),
    ] {
        assert_eq!(errors[0][name], value, "{name}");
    }
    assert!(errors[0]["reason"].is_string());
    assert!(of(&rows, "skipped").is_empty());
    // An error in one run says nothing of another.
    let run =
        |results: &str| format!(r#"{{"tool":{{"driver":{{"name":"T"}}}},{COMPLETE}"results":[{results}]}}"#);
    let two = format!(r#"{{"version":"2.1.0","runs":[{},{}]}}"#, run("5"), run(""));
    let two = self::rows(&two, &Options::default());
    let complete: Vec<_> = of(&two, "run")
        .iter()
        .map(|row| row["complete"].clone())
        .collect();
    assert_eq!(complete, [json!(false), json!(true)]);
}

/// Python's `driver.get("name", "unknown")`: only an absent name has the default.
#[test]
fn a_runs_tool_is_named_as_the_application_names_it() {
    let options = Options {
        mode: Mode::Compat,
        organization_id: Some("11111111-2222-3333-4444-555555555555".into()),
        ..Options::default()
    };
    for (driver, name) in [
        (r#"{"name":"Bandit"}"#, json!("Bandit")),
        (r#"{"name":""}"#, json!("")),
        (r#"{"name":7}"#, json!("7")),
        (r#"{"name":null}"#, Json::Null),
        ("{}", json!("unknown")),
    ] {
        let text = format!(r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{driver}}},"results":[]}}]}}"#);
        let rows = rows(&text, &options);
        assert_eq!(of(&rows, "run")[0]["tool_name"], name, "{driver}");
    }
}

#[test]
fn what_the_application_skips_and_where_it_stops() {
    let options = Options {
        mode: Mode::Compat,
        organization_id: Some("11111111-2222-3333-4444-555555555555".into()),
        ..Options::default()
    };
    let text = r#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"T"}},"results":[{},{},{"locations":[{}]}]},5]}"#;
    let rows = rows(text, &options);
    // What is not read any more may be of the same tool.
    assert_eq!(of(&rows, "run")[0]["complete"], json!(false));
    let skipped = of(&rows, "skipped");
    assert_eq!(skipped.len(), 1);
    assert_eq!(skipped[0]["results"], 2);
    let errors = of(&rows, "error");
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0]["run_index"], 1);
    assert_eq!(
        errors[0]["reason"],
        "the application cannot read this run, and stops at it"
    );
}

/// The application's formula over the columns, as the SQL function `fingerprint` has it of them.
#[test]
fn the_compat_fingerprint_is_to_be_had_in_both_modes() {
    let organization = "11111111-2222-3333-4444-555555555555";
    let text = log(
        r#"{"ruleId":"a","message":{"text":"m"},"locations":[{"physicalLocation":
            {"artifactLocation":{"uri":"./src/a.py"},"region":{"startLine":3}}}]},{"message":{"text":"n"}}"#,
        COMPLETE,
    );
    let options = Options {
        fingerprint: Some(FingerprintKind::Compat),
        organization_id: Some(organization.into()),
        ..Options::default()
    };
    let rows = rows(&text, &options);
    let findings = of(&rows, "finding");
    assert_eq!(findings.len(), 2);
    for row in findings {
        let (text, number) = (|name: &str| row[name].as_str(), |name: &str| row[name].as_i64());
        let expected = compat::fingerprint(
            organization,
            text("rule_id"),
            text("file_path"),
            number("start_line"),
            number("start_column"),
            text("message").expect("text"),
        );
        assert_eq!(text("fingerprint"), Some(expected.as_str()));
        assert_eq!(text("fingerprint_kind"), Some("compat"));
    }
}
