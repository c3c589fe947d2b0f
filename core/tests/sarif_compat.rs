//! Compat mode against what the existing application stores, row for row.

mod common;

use std::collections::{BTreeMap, HashMap};

use reviewpro_core::sarif::{Mode, Options, Source};
use serde_json::{Value as Json, json};

/// Text columns, in which the application's values may be numbers.
const TEXTS: [&str; 9] = [
    "fingerprint",
    "rule_id",
    "rule_name",
    "message",
    "severity",
    "file_path",
    "snippet",
    "tool_name",
    "tool_version",
];
const INTEGERS: [&str; 4] = ["start_line", "start_column", "end_line", "end_column"];
const LISTS: [&str; 2] = ["cwe_ids", "cve_ids"];

/// What a text column makes of a value.
fn text_column(value: &Json) -> Json {
    match value {
        Json::Null | Json::String(_) => value.clone(),
        Json::Bool(true) => "True".into(),
        Json::Bool(false) => "False".into(),
        other => other.to_string().into(),
    }
}

/// What an integer column makes of a value.
fn integer_column(value: &Json) -> Json {
    match value {
        Json::Number(number) => match number.as_f64() {
            Some(float) if float.abs() < 2_147_483_648.0 => json!(float.trunc() as i64),
            _ => Json::Null,
        },
        Json::Bool(value) => json!(i64::from(*value)),
        Json::String(text) => text
            .trim()
            .parse::<i32>()
            .map_or(Json::Null, |value| json!(value)),
        _ => Json::Null,
    }
}

fn sanitised(value: Json) -> Json {
    match value {
        Json::String(text) => text.replace('\0', "\u{FFFD}").into(),
        other => other,
    }
}

#[test]
fn rows_equal_the_applications() {
    if common::shared().is_none() {
        return;
    }
    let options = Options {
        mode: Mode::Compat,
        organization_id: Some("00000000-0000-0000-0000-000000000001".to_owned()),
        ..Options::default()
    };
    let mut differences: Vec<String> = Vec::new();
    let (mut logs, mut rows) = (0, 0);
    for log in common::golden("app_rows.jsonl.gz") {
        let path = log["path"].as_str().expect("a path");
        let mut differ = |what: String| differences.push(format!("{path}: {what:.400}"));
        let Some(text) = common::text(path) else {
            assert_eq!(log["reason"], "not_utf8", "{path}");
            continue;
        };
        let unloadable = matches!(log["reason"].as_str(), Some("not_json" | "not_utf8" | "too_deep"));
        let (actual, statistics) = match (common::rows(Source::Text(&text), &options, 1), unloadable) {
            (Ok(actual), false) => actual,
            (Err(_), true) => continue,
            (Ok(_), true) => {
                differ("is read".to_owned());
                continue;
            }
            (Err(error), false) => {
                differ(error.to_string());
                continue;
            }
        };
        logs += 1;
        if statistics.aborted.is_some() != log["aborted"].as_bool().expect("aborted") {
            differ(format!("aborted: {:?}", statistics.aborted));
        }
        let key = |row: &Json| {
            (
                row["run_index"].as_u64().unwrap_or(0),
                row["result_index"].as_u64().unwrap_or(0),
            )
        };
        let by_key: BTreeMap<_, _> = actual.iter().map(|row| (key(row), row)).collect();
        let mut errors: BTreeMap<_, _> = statistics
            .errors
            .iter()
            .map(|problem| {
                (
                    (problem.run_index as u64, problem.result_index as u64),
                    problem.reason,
                )
            })
            .collect();
        let mut skipped = 0;
        let stored = log["rows"].as_array().expect("rows");
        let mut seen: HashMap<u64, u64> = HashMap::new();
        for result in log["results"].as_array().expect("results") {
            let at = (
                result[0].as_u64().expect("run"),
                result[1].as_u64().expect("result"),
            );
            let ours = by_key.get(&at);
            match result[2].as_str().expect("outcome") {
                "skipped" => {
                    skipped += 1;
                    if ours.is_some() || errors.contains_key(&at) {
                        differ(format!("{at:?} should be skipped"));
                    }
                }
                "error" => {
                    if errors.remove(&at).is_none() {
                        differ(format!("{at:?} should be an error"));
                    }
                }
                outcome => {
                    let number = result[3].as_u64().expect("row");
                    let count = seen.entry(number).or_default();
                    *count += 1;
                    let Some(ours) = ours else {
                        differ(format!("{at:?} should be {outcome}: {:?}", errors.get(&at)));
                        continue;
                    };
                    if (*count == 1) != (outcome == "new") || ours["occurrence"].as_u64() != Some(*count) {
                        differ(format!(
                            "{at:?} is occurrence {}, not {count}",
                            ours["occurrence"]
                        ));
                    }
                    let theirs = &stored[usize::try_from(number).expect("a position")];
                    if ours["fingerprint"] != theirs["fingerprint"] {
                        differ(format!("{at:?} fingerprint"));
                    }
                    if outcome != "new" {
                        continue;
                    }
                    rows += 1;
                    let texts = TEXTS
                        .iter()
                        .map(|name| (name, sanitised(text_column(&theirs[name]))));
                    let integers = INTEGERS.iter().map(|name| (name, integer_column(&theirs[name])));
                    let lists = LISTS.iter().map(|name| (name, theirs[name].clone()));
                    for (name, value) in texts.chain(integers).chain(lists) {
                        // serde_json reads integers beyond u64 as floats: theirs has lost digits.
                        let rounded = theirs[name].is_f64()
                            && ours[name].as_str().and_then(|text| text.parse().ok())
                                == theirs[name].as_f64();
                        if ours[name] != value && !rounded {
                            differ(format!("{at:?} {name}: {} instead of {value}", ours[name]));
                        }
                    }
                    let refused = log["db_refused"]
                        .as_array()
                        .is_some_and(|rows| rows.iter().any(|row| row[0] == number));
                    let warned = ours["warnings"]
                        .as_array()
                        .is_some_and(|all| all.contains(&json!("compat_db_reject")));
                    if refused != warned {
                        differ(format!("{at:?} refused: {warned} instead of {refused}"));
                    }
                }
            }
        }
        if let Some(total) = log["stats"]["total"].as_u64() {
            let stats = json!({
                "total": statistics.total,
                "new": stored.len(),
                "updated": actual.len().saturating_sub(stored.len()),
                "errors": statistics.errors.len(),
            });
            if stats != log["stats"] {
                differ(format!("{stats} instead of {} of {total}", log["stats"]));
            }
            if statistics.skipped != skipped || !errors.is_empty() {
                differ(format!(
                    "{} skipped instead of {skipped}, surplus errors {errors:?}",
                    statistics.skipped
                ));
            }
        }
    }
    println!("{rows} rows of {logs} logs compared");
    assert!(logs > 0 && rows > 0);
    for difference in &differences {
        println!("{difference}");
    }
    assert!(differences.is_empty(), "{} differences", differences.len());
}
