//! A split against the document read as a whole.

use super::*;
use crate::ErrorKind;
use proptest::prelude::*;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn task() -> Task<'static> {
    Task::new(1, 1 << 30, &|| false)
}

fn halves(text: &str) -> Option<Split<&str>> {
    split(text, &task()).expect("no error")
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// The elements of all results, member by member through serde_json; the last of two members counts.
fn slow(text: &str) -> Vec<Vec<&str>> {
    type Object<'a> = BTreeMap<String, &'a RawValue>;
    let log: Object = serde_json::from_str(text).expect("an object");
    let runs: Vec<&RawValue> = log.get("runs").map_or(Vec::new(), |runs| {
        serde_json::from_str(runs.get()).expect("an array")
    });
    let results = |run: &&'_ RawValue| {
        let run: Object = serde_json::from_str(run.get()).expect("an object");
        let results = run.get("results").map(|results| results.get());
        let elements: Vec<&RawValue> = results.map_or(Vec::new(), |results| {
            serde_json::from_str(results).unwrap_or_default()
        });
        // Borrowed from the text, whatever the lifetime of the maps.
        elements
            .iter()
            .map(|element| position(text, element.get()))
            .collect()
    };
    runs.iter().map(results).collect()
}

/// The part as a slice of the whole.
fn position<'a>(whole: &'a str, part: &str) -> &'a str {
    let start = part.as_ptr() as usize - whole.as_ptr() as usize;
    &whole[start..start + part.len()]
}

/// Checks everything that a split promises.
fn judge(text: &str) {
    let Some(split) = halves(text) else { return };
    let parts_are_json = is_json(&split.skeleton) && split.runs.iter().flatten().all(|part| is_json(part));
    assert_eq!(parts_are_json, is_json(text), "{text}");
    if !parts_are_json {
        return;
    }
    assert_eq!(split.runs, slow(text), "{text}");
    let mut whole: Value = serde_json::from_str(text).expect("JSON");
    for results in whole
        .get_mut("runs")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
        .filter_map(|run| run.get_mut("results")?.as_array_mut())
    {
        results.clear();
    }
    assert_eq!(
        serde_json::from_str::<Value>(&split.skeleton).expect("JSON"),
        whole,
        "{text}"
    );
}

#[test]
fn results_are_found_wherever_they_are() {
    for (text, skeleton, runs) in [
        ("{}", "{}", vec![]),
        (r#"{"runs":[]}"#, r#"{"runs":[]}"#, vec![]),
        (r#" {"runs":[{}]} "#, r#" {"runs":[{}]} "#, vec![vec![]]),
        (
            r#"{"runs":[{"results":[{"a":"}]\""} , 1,null ] , "tool":{"results":[1]}},{"results":null}],"x":[{"results":[2]}]}"#,
            r#"{"runs":[{"results":[] , "tool":{"results":[1]}},{"results":null}],"x":[{"results":[2]}]}"#,
            vec![vec![r#"{"a":"}]\""}"#, "1", "null"], vec![]],
        ),
        (
            r#"{"runs":[{"results":[ ]}]}"#,
            r#"{"runs":[{"results":[]}]}"#,
            vec![vec![]],
        ),
    ] {
        let expected = Split {
            skeleton: skeleton.to_owned(),
            runs,
        };
        assert_eq!(halves(text), Some(expected), "{text}");
        judge(text);
    }
}

#[test]
fn the_unusual_is_left_to_the_parser() {
    for text in [
        "",
        "[]",
        "null",
        "{",
        "{}x",
        "{} {}",
        r#"{"runs":{}}"#,
        r#"{"runs":null}"#,
        r#"{"runs":[null]}"#,
        r#"{"runs":[],"runs":[]}"#,
        r#"{"\u0072uns":[]}"#,
        r#"{"runs":[{"results":[],"results":[]}]}"#,
        r#"{"runs":[{"result\u0073":[]}]}"#,
        r#"{"runs":[{"results":[1,]}]}"#,
        r#"{"runs":[{"results":[,1]}]}"#,
        r#"{"runs":[{"results":[1 2]}]}"#,
        r#"{"runs":[{"results":[1}]}"#,
        r#"{"runs":[{"results":[{]}"#,
        r#"{"runs":[{"results":["]}]}"#,
        r#"{"runs":[{"results":[1]}] // }"#,
        r#"{"runs":[{"a" 1}]}"#,
        r#"{runs:[]}"#,
    ] {
        assert_eq!(halves(text), None, "{text}");
    }
}

#[test]
fn nesting_is_limited_whatever_the_document() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let kind = |text: &str| split::<&str>(text, &task()).err().map(|error| error.kind);
    for (before, after, outside) in [
        ("", "", 0),
        (r#"{"x":"#, "}", 1),
        (r#"{"runs":[{"x":"#, "}]}", 3),
        (r#"{"runs":[{"results":["#, "]}]}", 4),
        (r#"{"runs":{"x":"#, "}}", 2),
    ] {
        let text = format!("{before}{}{after}", nested(MAX_DEPTH - outside));
        assert_eq!(kind(&text), None, "{before}");
        let text = format!("{before}{}{after}", nested(MAX_DEPTH - outside + 1));
        assert_eq!(kind(&text), Some(ErrorKind::InvalidText), "{before}");
    }
    assert_eq!(kind(&"[".repeat(200_000)), Some(ErrorKind::InvalidText));
    assert_eq!(kind(&"{\"a\":".repeat(200_000)), Some(ErrorKind::InvalidText));
}

#[test]
fn memory_is_asked_for_and_the_stop_signal_heard() {
    let text = format!(r#"{{"runs":[{{"results":[1{}]}}]}}"#, ",1".repeat(100_000));
    let small = Task::new(1, 1 << 20, &|| false);
    assert_eq!(
        split::<&str>(&text, &small).unwrap_err().kind,
        ErrorKind::OutOfMemory
    );
    let stopped = Task::new(1, 1 << 30, &|| true);
    assert_eq!(
        split::<&str>(&text, &stopped).unwrap_err().kind,
        ErrorKind::Cancelled
    );
    judge(&text);
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i32>().prop_map(Value::from),
        "[\"\\\\{}\\[\\],:é]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a\"\\\\]|results|runs", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn logs() -> impl Strategy<Value = Value> {
    let run = (values(), proptest::collection::vec(values(), 0..5), any::<bool>()).prop_map(
        |(tool, results, before)| match before {
            true => json!({"results": results, "tool": tool}),
            false => json!({"a": tool, "results": results}),
        },
    );
    (proptest::collection::vec(run, 0..4), values())
        .prop_map(|(runs, x)| json!({"a": x, "runs": runs, "x": x}))
}

proptest! {
    #[test]
    fn a_split_is_the_document(log in logs(), pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&log) } else { serde_json::to_string(&log) };
        let text = text.expect("text");
        // Members named "runs" or "results" only occur once per object here; keys with escapes are inside.
        prop_assert!(halves(&text).is_some());
        judge(&text);
    }

    #[test]
    fn mutated_logs_are_judged_as_a_whole(
        log in logs(),
        mutations in proptest::collection::vec(
            (any::<prop::sample::Index>(), "[\\[\\]{},:\"\\\\ 1n]|\"runs\":|\"results\":\\["), 1..4),
    ) {
        let mut text = log.to_string();
        for (index, insertion) in mutations {
            let mut at = index.index(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            if at % 2 == 0 {
                text.insert_str(at, &insertion);
            } else {
                text.replace_range(at..at + text[at..].chars().next().map_or(0, char::len_utf8), &insertion);
            }
        }
        judge(&text);
    }
}

/// `REVIEWPRO_SHARED` names the folder that holds `corpus/`.
#[test]
fn real_logs_are_split() {
    let Some(shared) = std::env::var_os("REVIEWPRO_SHARED") else {
        println!("REVIEWPRO_SHARED is not set: no log read");
        return;
    };
    let mut folders = vec![std::path::Path::new(&shared).join("corpus")];
    let (mut read, mut taken_apart) = (0, 0);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let Ok(text) = std::fs::read_to_string(&path) else {
                continue;
            };
            read += 1;
            let text = crate::json::mend(&text).text;
            if text.len() < 500_000 && split::<&str>(&text, &task()).is_ok_and(|split| split.is_some()) {
                taken_apart += 1;
                judge(&text);
            }
        }
    }
    println!("{read} files read, {taken_apart} taken apart");
    assert!(taken_apart > 0, "no log taken apart");
}
