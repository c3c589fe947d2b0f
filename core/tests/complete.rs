//! When the results of a run are complete: `sarif_runs`, `sarif_summary` and what becomes of results say the same.

mod common;

use reviewpro_core::sarif::{Options, Source, runs, summary};
use reviewpro_core::{Task, jsonb};
use serde_json::{Value as Json, json};

/// Whether a run is complete and how many errors it reports, by every function that says so.
fn complete(run: &str) -> (bool, i32, Option<bool>) {
    let text = format!(r#"{{"version":"2.1.0","runs":[{run}]}}"#);
    let payload = jsonb::Tree::parse(&text)
        .and_then(|tree| tree.encode())
        .expect("jsonb");
    let of = |source: Source<'_>| {
        let task = Task::new(1, usize::MAX, &|| false);
        let rows = runs(source, &task).expect("runs");
        let encoded = summary(source, &task).expect("a summary");
        let summary: Json =
            serde_json::from_str(&jsonb::to_text(encoded.as_bytes(), usize::MAX).expect("JSON"))
                .expect("JSON");
        assert_eq!(summary["complete"], rows[0].complete, "{run}");
        let outcomes = common::outcome_rows(source, &Options::default(), 1).expect("outcomes");
        let outcome = outcomes
            .iter()
            .find(|row| row["outcome"] == "run")
            .expect("a run");
        assert_eq!(outcome["complete"], rows[0].complete, "{run}");
        (
            rows[0].complete,
            rows[0].error_notifications,
            rows[0].execution_successful,
        )
    };
    let outcome = of(Source::Text(&text));
    assert_eq!(outcome, of(Source::Jsonb(payload.as_bytes())), "{run}");
    outcome
}

/// A run of a tool with described notifications, and one invocation.
fn notified(notification: &str, invocation: &str) -> (bool, i32, Option<bool>) {
    complete(&format!(
        r#"{{"tool":{{"driver":{{"name":"T","notifications":[{{"id":"quiet"}},
            {{"id":"fatal","guid":"aaaa","defaultConfiguration":{{"level":"error"}}}}]}},
            "extensions":[{{"name":"E","notifications":[{{"id":"loud","defaultConfiguration":{{"level":"error"}}}}]}}]}},
          "results":[],"invocations":[{{"executionSuccessful":true{invocation},"toolExecutionNotifications":[{notification}]}}]}}"#
    ))
}

#[test]
fn the_level_of_a_notification_may_be_its_descriptors() {
    for (notification, errors) in [
        (r#"{"descriptor":{"id":"fatal"}}"#, 1),
        (r#"{"descriptor":{"index":1}}"#, 1),
        (r#"{"descriptor":{"guid":"AAAA"}}"#, 1),
        (r#"{"descriptor":{"id":"loud"}}"#, 1),
        (r#"{"descriptor":{"index":0,"toolComponent":{"index":0}}}"#, 1),
        (r#"{"descriptor":{"id":"fatal/part"}}"#, 1),
        (r#"{"level":"warning","descriptor":{"id":"fatal"}}"#, 0),
        (r#"{"level":"odd","descriptor":{"id":"fatal"}}"#, 1),
        (r#"{"level":"error","descriptor":{"id":"quiet"}}"#, 1),
        (r#"{"level":"ERROR"}"#, 1),
        (r#"{"descriptor":{"id":"quiet"}}"#, 0),
        (r#"{"descriptor":{"id":"nowhere"}}"#, 0),
        (r#"{"descriptor":{"index":0,"toolComponent":{"index":7}}}"#, 0),
        (r#"{"descriptor":7},{},null,7"#, 0),
        (r#"{"descriptor":{"id":"fatal"}},{"level":"error"}"#, 2),
    ] {
        assert_eq!(
            notified(notification, ""),
            (errors == 0, errors, Some(true)),
            "{notification}"
        );
    }
}

#[test]
fn an_invocation_may_configure_its_notifications() {
    let overridden = |descriptor: &str, level: &str| {
        format!(
            r#","notificationConfigurationOverrides":[{{"descriptor":{{"id":"other"}},"configuration":{{"level":"none"}}}},
                {{"descriptor":{descriptor},"configuration":{{"level":"{level}"}}}}]"#
        )
    };
    for (notification, invocation, errors) in [
        (
            r#"{"descriptor":{"id":"quiet"}}"#,
            overridden(r#"{"index":0}"#, "error"),
            1,
        ),
        (
            r#"{"descriptor":{"id":"fatal"}}"#,
            overridden(r#"{"id":"fatal"}"#, "note"),
            0,
        ),
        (
            r#"{"descriptor":{"id":"fatal"}}"#,
            overridden(r#"{"id":"fatal"}"#, "odd"),
            1,
        ),
        (
            r#"{"descriptor":{"id":"quiet"}}"#,
            overridden(r#"{"id":"fatal"}"#, "error"),
            0,
        ),
        (
            r#"{"descriptor":{"id":"nowhere"}}"#,
            overridden(r#"{"id":"nowhere"}"#, "error"),
            1,
        ),
        (
            r#"{"level":"note","descriptor":{"id":"quiet"}}"#,
            overridden(r#"{"id":"quiet"}"#, "error"),
            0,
        ),
        (r#"{}"#, overridden("{}", "error"), 0),
    ] {
        assert_eq!(
            notified(notification, &invocation),
            (errors == 0, errors, Some(true)),
            "{notification} {invocation}"
        );
    }
}

#[test]
fn what_did_not_start_found_nothing() {
    for (invocation, complete, successful) in [
        (
            r#"{"processStartFailureMessage":"not found"}"#,
            false,
            Some(false),
        ),
        (
            r#"{"executionSuccessful":true,"processStartFailureMessage":"not found"}"#,
            false,
            Some(false),
        ),
        (r#"{"processStartFailureMessage":null}"#, true, None),
        (
            r#"{"executionSuccessful":true,"processStartFailureMessage":""}"#,
            true,
            Some(true),
        ),
        (
            r#"{"executionSuccessful":true},{"processStartFailureMessage":"x"}"#,
            false,
            Some(false),
        ),
    ] {
        assert_eq!(
            self::complete(&format!(r#"{{"results":[],"invocations":[{invocation}]}}"#)),
            (complete, 0, successful),
            "{invocation}"
        );
    }
}

#[test]
fn what_is_no_result_may_be_any() {
    assert_eq!(complete(r#"{"results":[{}]}"#), (true, 0, None));
    for odd in ["7", "null", r#""x""#, "[]", "true"] {
        let (is_complete, ..) = complete(&format!(r#"{{"results":[{{}},{odd},{{}}]}}"#));
        assert!(!is_complete, "{odd}");
    }
    assert_eq!(json!(complete(r#"{"results":[]}"#).0), json!(true));
}
