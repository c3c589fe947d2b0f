//! Every code has a log that shows it, and text and jsonb give the same problems.

use super::*;
use crate::ErrorKind;
use crate::json::Raw;
use serde_json::json;
use std::collections::BTreeSet;

fn task() -> Task<'static> {
    Task::new(1, 1 << 30, &|| false)
}

/// The problems of a text, equal for its jsonb.
fn problems(text: &str) -> Vec<Problem> {
    let problems = validate_text(text, &task()).expect("problems");
    let encoded = Raw::Text(text).to_jsonb().expect("jsonb");
    assert_eq!(
        validate_jsonb(encoded.as_bytes(), &task()),
        Ok(problems.clone()),
        "{text}"
    );
    problems
}

/// `code pointer` of every problem.
fn found(log: &Value) -> Vec<String> {
    let problems = problems(&log.to_string());
    problems
        .iter()
        .map(|problem| format!("{} {}", problem.code, problem.pointer))
        .collect()
}

/// A run of one result whose members are replaced.
fn log_of(run: Value, result: Value) -> Value {
    let mut whole_run = json!({
        "tool": {"driver": {"name": "t", "rules": [{"id": "R1", "messageStrings": {"m": {"text": "a {0}"}}}, {"id": "R2"}]}},
        "results": [],
    });
    let mut whole_result = json!({
        "ruleId": "R1",
        "message": {"text": "m"},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.c"}}}],
    });
    merge(&mut whole_run, run);
    merge(&mut whole_result, result);
    whole_run["results"] = json!([whole_result]);
    json!({"version": "2.1.0", "runs": [whole_run]})
}

fn merge(into: &mut Value, from: Value) {
    let (Value::Object(into), Value::Object(from)) = (into, from) else {
        return;
    };
    for (key, value) in from {
        if value == json!("REMOVE") {
            into.remove(&key);
        } else {
            into.insert(key, value);
        }
    }
}

#[test]
fn a_good_log_has_no_problems() {
    assert_eq!(found(&log_of(json!({}), json!({}))), [""; 0]);
    assert_eq!(found(&json!({"version": "2.1.0", "runs": []})), [""; 0]);
    let refined = json!({"ruleId": "R1/part", "ruleIndex": 0, "message": {"id": "m", "arguments": ["x"]}});
    assert_eq!(found(&log_of(json!({}), refined)), [""; 0]);
}

#[test]
fn what_is_no_log_is_one_problem() {
    for text in [
        "null",
        "[]",
        "1",
        "\"x\"",
        "{}",
        r#"{"runs": 1}"#,
        r#"{"version": "1.0.0", "runs": []}"#,
        r#"{"version":"2.1.0"}"#,
    ] {
        let problems = problems(text);
        assert_eq!(problems.len(), 1, "{text}");
        assert_eq!(
            (problems[0].code, problems[0].pointer.as_str()),
            ("not_a_log", ""),
            "{text}"
        );
    }
}

#[test]
fn what_is_no_log_is_told_why() {
    for (text, sentence) in [
        (r#"{"version":"2.1.0"}"#, "this document has none, so add it"),
        (r#"{"version":"2.1.0","runs":1}"#, "this one is not"),
        (r#"{"runs":null}"#, "has neither"),
        (
            r#"{"version":"1.0.0","runs":[]}"#,
            "its version is \"1.0.0\": convert it",
        ),
        (
            r#"{"runs":[{"tool":{"name":"T"},"results":[]}]}"#,
            "its version is \"1.0.0\": convert it",
        ),
        ("[]", "is a JSON object"),
    ] {
        let message = &problems(text)[0].message;
        assert!(message.contains(sentence), "{text}: {message}");
    }
}

/// The problems of severity error.
fn errors(log: &Value) -> Vec<String> {
    let all = problems(&log.to_string());
    let errors = all
        .into_iter()
        .filter(|problem| problem.severity == Severity::Error);
    errors
        .map(|problem| format!("{} {}", problem.code, problem.pointer))
        .collect()
}

#[test]
fn what_reading_finds_is_no_problem() {
    // Everything that results refer to is in inline external properties, but for an extension with its own strings.
    let run = json!({
        "tool": {"driver": {"name": "t"}, "extensions": [
            {"name": "E", "guid": "11111111-1111-1111-8888-111111111111",
             "rules": [{"id": "E1", "guid": "22222222-2222-2222-8888-222222222222", "messageStrings": {"own": {"text": "x"}}}],
             "globalMessageStrings": {"global": {"text": "y"}}},
        ]},
        "externalPropertyFileReferences": {
            "driver": {"location": {"uri": "sarif:/inlineExternalProperties/0"}},
            "artifacts": [{"location": {"uri": "sarif:/inlineExternalProperties/0"}}],
            "logicalLocations": [{"location": {"uri": "sarif:/inlineExternalProperties/0"}}],
            "threadFlowLocations": [{"location": {"uri": "sarif:/inlineExternalProperties/0"}}],
        },
    });
    let inline = json!([{
        "driver": {"name": "t", "rules": [{"id": "D1", "messageStrings": {"m": {"text": "z {0}"}}}],
                   "globalMessageStrings": {"drivers": {"text": "g"}}},
        "artifacts": [{"location": {"uri": "a.c"}}],
        "logicalLocations": [{"name": "f"}],
        "threadFlowLocations": [{"location": {"message": {"text": "t"}}}],
    }]);
    let extension = json!({"index": 0, "toolComponent": {"index": 0}});
    for result in [
        json!({"ruleId": "D1", "ruleIndex": 0, "message": {"id": "m", "arguments": ["x"]}}),
        json!({"ruleId": "D1/sub/part", "ruleIndex": "REMOVE", "message": {"id": "m", "arguments": ["x"]}}),
        json!({"ruleId": "REMOVE", "rule": extension, "message": {"id": "own"}}),
        json!({"ruleId": "REMOVE", "rule": extension, "message": {"id": "global"}}),
        json!({"ruleId": "REMOVE", "rule": extension, "message": {"id": "drivers"}}),
        json!({"ruleId": "E1/part", "message": {"id": "own"}}),
        json!({"ruleId": "REMOVE", "rule": {"guid": "22222222-2222-2222-8888-222222222222"}, "message": {"id": "own"}}),
        json!({"ruleId": "REMOVE", "message": {"id": "own"},
               "rule": {"index": 0, "toolComponent": {"guid": "11111111-1111-1111-8888-111111111111"}}}),
        json!({"ruleId": "REMOVE", "message": {"id": "own"}, "rule": {"index": 0, "toolComponent": {"name": "E"}}}),
        json!({"ruleId": "D1", "locations": [{
            "physicalLocation": {"artifactLocation": {"index": 0}}, "logicalLocations": [{"index": 0}]}],
            "codeFlows": [{"threadFlows": [{"locations": [{"index": 0}]}]}]}),
    ] {
        let mut log = log_of(run.clone(), result);
        log["inlineExternalProperties"] = inline.clone();
        assert_eq!(errors(&log), [""; 0], "{log}");
        // Within one file only; in another, nothing can be said.
        let mut elsewhere = log.clone();
        elsewhere["inlineExternalProperties"] = json!([]);
        assert_eq!(errors(&elsewhere), [""; 0], "{elsewhere}");
        log["runs"][0]["externalPropertyFileReferences"] = json!({});
        log["runs"][0]["tool"]["extensions"] = json!([]);
        assert_ne!(errors(&log), [""; 0], "{log}");
    }
}

#[test]
fn a_run_is_judged_as_sarif_runs_judges_it() {
    let run = json!({
        "tool": {"driver": {"name": "t", "notifications": [{"id": "N", "defaultConfiguration": {"level": "error"}}]}},
        "externalPropertyFileReferences": {"results": [{"location": {"uri": "sarif:/inlineExternalProperties/0"}}]},
        "invocations": [{"executionSuccessful": true, "toolConfigurationNotifications": [
            {"message": {"text": "x"}, "descriptor": {"id": "N"}}, {"message": {"text": "x"}},
        ], "processStartFailureMessage": "no such file"}],
    });
    let mut log = log_of(run, json!({}));
    log["inlineExternalProperties"] = json!([{"results": []}]);
    let found = found(&log);
    let invocation = "/runs/0/invocations/0";
    assert!(found.contains(&format!(
        "error_notification {invocation}/toolConfigurationNotifications/0"
    )));
    assert!(found.contains(&format!(
        "process_not_started {invocation}/processStartFailureMessage"
    )));
    assert_eq!(
        found
            .iter()
            .filter(|problem| problem.starts_with("error_notification"))
            .count(),
        1
    );
    assert!(
        !found
            .iter()
            .any(|problem| problem.starts_with("results_external")),
        "{found:?}"
    );
}

#[test]
fn times_are_compared_as_instants() {
    let of = |start: &str, end: &str| {
        let invocation = json!({"executionSuccessful": true, "startTimeUtc": start, "endTimeUtc": end});
        let found = found(&log_of(json!({"invocations": [invocation]}), json!({})));
        found
            .iter()
            .any(|problem| problem.starts_with("invocation_ends_before_start"))
    };
    assert!(of("2020-01-02T00:00:00Z", "2020-01-01T00:00:00.5Z"));
    assert!(of("2020-01-01T00:00:00Z", "2020-01-01T00:30:00+01:00"));
    assert!(!of("2020-01-01T01:00:00+02:00", "2020-01-01T00:00:00+00:00"));
    assert!(!of("2020-01-01T00:00:00.123Z", "2020-01-01T00:00:00.1230Z"));
    assert!(!of("2020-01-01T00:00:00Z", "soon"));
}

#[test]
fn all_legal_words_are_named() {
    let log = log_of(
        json!({"artifacts": [{"roles": ["odd"]}]}),
        json!({"kind": "Pass"}),
    );
    let messages: Vec<_> = problems(&log.to_string())
        .into_iter()
        .filter(|problem| problem.code == "schema_word")
        .map(|problem| problem.message)
        .collect();
    assert_eq!(messages.len(), 2, "{messages:?}");
    for word in [
        "\"notApplicable\"",
        "\"pass\"",
        "\"fail\"",
        "\"review\"",
        "\"open\"",
        "\"informational\"",
    ] {
        assert!(messages[1].contains(word), "{messages:?}");
    }
    assert!(messages[0].contains("\"debugOutputFile\""), "{messages:?}");
}

#[test]
fn what_is_no_json_is_an_error() {
    for text in ["", "{", "{}x", r#"{"runs":[{"results":[1x]}]}"#, "NaN"] {
        let error = validate_text(text, &task()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidText, "{text}");
        assert!(error.detail.is_some(), "{text}");
    }
}

#[test]
fn every_problem_has_its_place() {
    let result = "/runs/0/results/0";
    let location = format!("{result}/locations/0/physicalLocation");
    let at = |region: Value| json!({"locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.c"}, "region": region}}]});
    let file = |artifact: Value| json!({"locations": [{"physicalLocation": {"artifactLocation": artifact}}]});
    let none = json!({});
    let mut codes = BTreeSet::new();
    for (run, result_members, expected) in [
        (
            none.clone(),
            json!({"ruleId": "R9"}),
            format!("rule_not_found {result}"),
        ),
        (
            none.clone(),
            json!({"ruleId": "REMOVE"}),
            format!("rule_missing {result}"),
        ),
        (
            none.clone(),
            json!({"ruleIndex": 7}),
            format!("rule_index_out_of_range {result}"),
        ),
        (
            none.clone(),
            json!({"ruleIndex": 1}),
            format!("rule_index_mismatch {result}"),
        ),
        (
            none.clone(),
            json!({"rule": {"id": "R2"}}),
            format!("rule_ids_differ {result}"),
        ),
        (
            none.clone(),
            json!({"ruleIndex": 0, "rule": {"index": 1}, "ruleId": "REMOVE"}),
            format!("rule_indexes_differ {result}"),
        ),
        (
            none.clone(),
            json!({"rule": {"id": "R1", "toolComponent": {"index": 3}}}),
            format!("tool_component_index_out_of_range {result}"),
        ),
        (
            none.clone(),
            json!({"kind": "pass", "level": "error"}),
            format!("level_with_kind {result}/level"),
        ),
        (
            none.clone(),
            json!({"message": {"id": "x"}}),
            format!("message_id_unresolved {result}/message"),
        ),
        (
            none.clone(),
            json!({"message": {"id": "m"}}),
            format!("message_argument_missing {result}/message"),
        ),
        (
            none.clone(),
            json!({"message": {"text": "{0} {1}", "arguments": ["a"]}}),
            format!("message_argument_missing {result}/message"),
        ),
        (
            none.clone(),
            json!({"fingerprints": {"a/b": "requires login"}}),
            format!("fingerprint_placeholder {result}/fingerprints/a~1b"),
        ),
        (
            none.clone(),
            json!({"locations": []}),
            format!("location_missing {result}"),
        ),
        (
            none.clone(),
            json!({"provenance": {"invocationIndex": 0}}),
            format!("invocation_index_out_of_range {result}/provenance"),
        ),
        (
            none.clone(),
            file(json!({"index": 0})),
            format!("artifact_index_out_of_range {location}/artifactLocation"),
        ),
        (
            none.clone(),
            file(json!({})),
            format!("artifact_location_empty {location}/artifactLocation"),
        ),
        (
            none.clone(),
            file(json!({"uri": "file:///a.c", "uriBaseId": "B"})),
            format!("uri_absolute_with_base {location}/artifactLocation/uri"),
        ),
        (
            none.clone(),
            file(json!({"uri": "a.c", "uriBaseId": "B"})),
            format!("uri_base_undeclared {location}/artifactLocation"),
        ),
        (
            none.clone(),
            file(json!({"uri": "b/../a.c"})),
            format!("uri_dot_dot {location}/artifactLocation/uri"),
        ),
        (
            none.clone(),
            at(json!({"startLine": 2, "endLine": 1})),
            format!("region_ends_before_start {location}/region"),
        ),
        (
            none.clone(),
            at(json!({"startLine": 2, "startColumn": 5, "endColumn": 4})),
            format!("region_ends_before_start {location}/region"),
        ),
        (
            none.clone(),
            json!({"locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.c"}, "contextRegion": {"startLine": 1}}}]}),
            format!("context_without_region {location}"),
        ),
        (
            none.clone(),
            json!({"locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.c"}, "region": {"startLine": 5}, "contextRegion": {"startLine": 6}}}]}),
            format!("context_not_around_region {location}"),
        ),
        (
            none.clone(),
            json!({"locations": [{"logicalLocations": [{"index": 1}]}]}),
            format!("logical_location_index_out_of_range {result}/locations/0/logicalLocations/0"),
        ),
        (
            none.clone(),
            json!({"codeFlows": [{"threadFlows": [{"locations": [{"index": 1}]}]}]}),
            format!("thread_flow_location_index_out_of_range {result}/codeFlows/0/threadFlows/0/locations/0"),
        ),
        (
            json!({"invocations": [{"executionSuccessful": false}]}),
            none.clone(),
            "execution_failed /runs/0/invocations/0".into(),
        ),
        (
            json!({"invocations": [{"executionSuccessful": true, "toolExecutionNotifications": [{"level": "error", "message": {"text": "x"}}]}]}),
            none.clone(),
            "error_notification /runs/0/invocations/0/toolExecutionNotifications/0".into(),
        ),
        (
            json!({"invocations": [{"executionSuccessful": true, "startTimeUtc": "2020-01-02T00:00:00Z", "endTimeUtc": "2020-01-01T00:00:00Z"}]}),
            none.clone(),
            "invocation_ends_before_start /runs/0/invocations/0".into(),
        ),
        (
            json!({"externalPropertyFileReferences": {"results": [{"location": {"uri": "r.json"}}]}}),
            none.clone(),
            "results_external /runs/0/externalPropertyFileReferences".into(),
        ),
        (
            json!({"originalUriBaseIds": {"A": {"uri": "file:///a"}}}),
            none.clone(),
            "uri_base_without_slash /runs/0/originalUriBaseIds/A/uri".into(),
        ),
        (
            json!({"originalUriBaseIds": {"A": {"uri": "a/", "uriBaseId": "A"}}}),
            none.clone(),
            "uri_base_loop /runs/0/originalUriBaseIds/A".into(),
        ),
        (
            json!({"artifacts": [{}, {"parentIndex": 0}, {"parentIndex": 4}, {"parentIndex": 2}, {"parentIndex": 3}]}),
            none.clone(),
            "artifact_parent_loop /runs/0/artifacts/2".into(),
        ),
        (
            none.clone(),
            json!({"ruleId": "REMOVE", "rule": {"index": 0, "toolComponent": {"guid": "33333333-3333-3333-8888-333333333333"}}}),
            format!("tool_component_unresolved {result}"),
        ),
        (
            none.clone(),
            json!({"ruleId": "REMOVE", "rule": {"guid": "33333333-3333-3333-8888-333333333333"}}),
            format!("rule_not_found {result}"),
        ),
        (
            json!({"artifacts": [{"parentIndex": 1}]}),
            none.clone(),
            "artifact_index_out_of_range /runs/0/artifacts/0".into(),
        ),
        (
            json!({"tool": {"driver": {"name": "t", "rules": [{"id": "R1"}, {"id": "R1", "name": "n"}]}}}),
            none.clone(),
            "rule_id_repeated /runs/0/tool/driver/rules/1".into(),
        ),
        (
            json!({"tool": {"driver": {"name": "t", "rules": [{"id": "R1", "properties": {"security-severity": "HIGH"}}]}}}),
            none.clone(),
            "security_severity_invalid /runs/0/tool/driver/rules/0/properties/security-severity".into(),
        ),
        (
            json!({"tool": {"driver": {"name": "t", "rules": [{"id": "R1", "name": "n".repeat(256)}]}}}),
            none.clone(),
            "github_limit /runs/0/tool/driver/rules/0/name".into(),
        ),
    ] {
        let log = log_of(run, result_members);
        assert_eq!(found(&log), [expected.as_str()], "{log}");
        codes.extend(expected.split_once(' ').map(|(code, _)| code.to_owned()));
    }
    assert!(codes.len() > 30);
}

#[test]
fn problems_that_come_with_one_of_the_schema() {
    for (result, expected) in [
        (
            json!({"message": {}}),
            "message_missing /runs/0/results/0/message",
        ),
        (
            json!({"message": {"markdown": "*m*"}}),
            "message_markdown_only /runs/0/results/0/message",
        ),
        (
            json!({"locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.c"}, "region": {}}}]}),
            "region_empty /runs/0/results/0/locations/0/physicalLocation/region",
        ),
        (
            json!({"locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.c"}, "region": {"endLine": 1}}}]}),
            "region_without_start /runs/0/results/0/locations/0/physicalLocation/region",
        ),
        (
            json!({"locations": [{"physicalLocation": {"artifactLocation": {"uri": "a\\b.c"}}}]}),
            "uri_backslash /runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri",
        ),
        (json!({"level": "INFO"}), "schema_word /runs/0/results/0/level"),
        (json!({"message": "m"}), "schema_type /runs/0/results/0/message"),
        (json!({"unknown": 1}), "schema_unknown_member /runs/0/results/0"),
        (json!({"message": "REMOVE"}), "schema_required /runs/0/results/0"),
        (json!({"rank": 1000}), "schema_range /runs/0/results/0/rank"),
        (json!({"guid": "x"}), "schema_pattern /runs/0/results/0/guid"),
        (
            json!({"locations": [{"physicalLocation": {"artifactLocation": {"uri": "a b.c"}}}]}),
            "schema_format /runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri",
        ),
    ] {
        let log = log_of(json!({}), result);
        let found = found(&log);
        assert!(
            found.iter().any(|problem| problem == expected),
            "{log}: {found:?}"
        );
    }
    let missing = json!({"runs": [{"tool": {"driver": {"name": "t"}}}]});
    let found = found(&missing);
    assert!(found.contains(&"version_missing ".to_owned()), "{found:?}");
    assert!(found.contains(&"results_missing /runs/0".to_owned()), "{found:?}");
    let null = problems(r#"{"version": "2.2", "runs": null}"#);
    let codes: Vec<_> = null.iter().map(|problem| problem.code).collect();
    assert!(
        codes.contains(&"runs_null") && codes.contains(&"version_unknown"),
        "{codes:?}"
    );
}

#[test]
fn problems_of_one_kind_are_bounded() {
    let results = vec![json!({"message": {"text": "m"}, "ruleId": "R"}); 3 * MAX_PER_CODE];
    let log = json!({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "results": results}]});
    let problems = problems(&log.to_string());
    assert_eq!(problems.len(), MAX_PER_CODE + 1);
    let last = &problems[MAX_PER_CODE];
    assert_eq!(last.message, "200 more problems of this kind are not listed");
    assert_eq!((last.code, last.severity), ("location_missing", Severity::Note));
}

#[test]
fn odd_documents_have_problems_and_no_error() {
    for text in [
        r#"{"runs":[null,1,"x",[],{},{"results":[null,1,"x",[],{}]},{"results":{}}]}"#,
        r#"{"runs":[{"tool":null,"results":null,"artifacts":[null],"invocations":[1],"originalUriBaseIds":{"A":1}}]}"#,
        r#"{"runs":[{"tool":{"driver":1,"extensions":[null]},"results":[{"rule":1,"message":1,"locations":{"a":1},"codeFlows":[1]}]}]}"#,
        r#"{"runs":[{"results":[{"rank":1e999,"message":{"text":"\u0000\ud800"}}]}],"runs":[]}"#,
        r#"{"\u0072uns":[{"results":[{"ruleIndex":1e400,"region":{"startLine":1e30}}]}]}"#,
    ] {
        assert!(!problems(text).is_empty(), "{text}");
    }
}

#[test]
fn validation_can_be_stopped_and_asks_for_memory() {
    let log = log_of(json!({}), json!({})).to_string();
    let stopped = Task::new(1, 1 << 30, &|| true);
    assert_eq!(
        validate_text(&log, &stopped).unwrap_err().kind,
        ErrorKind::Cancelled
    );
    let small = Task::new(1, 1000, &|| false);
    assert_eq!(
        validate_text(&log, &small).unwrap_err().kind,
        ErrorKind::OutOfMemory
    );
}

/// `REVIEWPRO_SHARED` names the folder that holds `corpus/`.
#[test]
fn real_logs_are_validated() {
    let Some(shared) = std::env::var_os("REVIEWPRO_SHARED") else {
        println!("REVIEWPRO_SHARED is not set: no log read");
        return;
    };
    let mut folders = vec![std::path::Path::new(&shared).join("corpus")];
    let (mut read, mut clean) = (0, 0);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let Ok(bytes) = std::fs::read(&path) else { continue };
            let Ok(text) = crate::json::decode(&bytes, &task()) else {
                continue;
            };
            if text.len() > 300_000 || serde_json::from_str::<serde::de::IgnoredAny>(&text).is_err() {
                continue;
            }
            match validate_text(&text, &task()) {
                Ok(problems) => {
                    read += 1;
                    let errors = problems
                        .iter()
                        .filter(|problem| problem.severity == Severity::Error);
                    clean += usize::from(errors.count() == 0);
                }
                // Only nesting may stop a JSON document.
                Err(error) => assert!(
                    error.message.contains("nested deeper"),
                    "{}: {error}",
                    path.display()
                ),
            }
        }
    }
    println!("{read} documents validated, {clean} without errors");
    assert!(read > 0, "no document validated");
}
