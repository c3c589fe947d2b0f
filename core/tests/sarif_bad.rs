//! Every bad log does what its index says.

mod common;

use reviewpro_core::sarif::{Options, Source};
use reviewpro_core::{ErrorKind, Task, json};
use serde_json::Value as Json;

/// What a document must come to.
#[derive(Debug, PartialEq)]
enum Expected {
    Error(ErrorKind),
    Rows(Option<usize>),
}

fn expected(path: &str, what: &str, words: &str) -> Expected {
    let not_sarif = [
        "no-runs.sarif",
        "results-int.sarif",
        "runs-object.sarif",
        "_synthetic/string.sarif",
        "WorkItems/TestData/Invalid.sarif",
    ];
    if path.ends_with("latin1.sarif") {
        Expected::Error(ErrorKind::InvalidEncoding)
    } else if words.contains("not JSON") || what.contains("open brackets") {
        Expected::Error(ErrorKind::InvalidText)
    } else if words.contains("unsupported version")
        || words.contains("not a SARIF log")
        || not_sarif.iter().any(|end| path.ends_with(end))
    {
        Expected::Error(ErrorKind::InvalidParameter)
    } else if words.starts_with("0 rows") {
        Expected::Rows(Some(0))
    } else if words.starts_with("1 row") || words.contains("1 row") {
        Expected::Rows(Some(1))
    } else {
        Expected::Rows(None)
    }
}

/// A row must hold what the index quotes or states of it.
fn check_row(path: &str, words: &str, row: &Json) {
    if let Some((_, rest)) = words.split_once("file_path \"")
        && !rest.contains("...")
        && !path.ends_with("uri-dot.sarif")
    {
        assert_eq!(row["file_path"], rest.trim_end_matches('"'), "{path}");
    }
    if let Some((_, rest)) = words.split_once("severity NULL, severity ") {
        assert_eq!(
            (row["severity"].as_str(), &row["security_severity"]),
            (Some(rest), &Json::Null),
            "{path}"
        );
    }
    if words.starts_with('"') {
        assert_eq!(row["message"], words.trim_matches('"'), "{path}");
    }
    if words.contains("start NULL:NULL end NULL:NULL") {
        let lines = ["start_line", "start_column", "end_line", "end_column"].map(|name| row[name].clone());
        assert_eq!(lines, [Json::Null, Json::Null, Json::Null, Json::Null], "{path}");
    }
}

#[test]
fn bad_logs_do_what_the_index_says() {
    let Some(shared) = common::shared() else { return };
    let index = std::fs::read_to_string(shared.join("corpus/bad/INDEX.tsv")).expect("the index");
    let mut logs = 0;
    for line in index.lines().skip(1) {
        let [path, what, words] = line.splitn(3, '\t').collect::<Vec<_>>()[..] else {
            panic!("three columns: {line}")
        };
        let bytes = std::fs::read(shared.join("corpus/bad").join(path)).expect("a log");
        let task = Task::new(2, 1 << 30, &|| false);
        let options = Options {
            kinds: None,
            ..Options::default()
        };
        let outcome =
            json::decode(&bytes, &task).and_then(|text| common::rows(Source::Text(&text), &options, 2));
        match (expected(path, what, words), outcome) {
            (Expected::Error(kind), Err(error)) => {
                assert_eq!(kind, error.kind, "{path}: {error}");
                let has_place = error.detail.is_some() || error.kind == ErrorKind::InvalidParameter;
                assert!(has_place || error.message.contains("nested"), "{path}: {error}");
            }
            (Expected::Rows(count), Ok((rows, _))) => {
                assert!(
                    count.is_none_or(|count| count == rows.len()),
                    "{path}: {} rows: {words}",
                    rows.len()
                );
                rows.iter().for_each(|row| check_row(path, words, row));
            }
            (expected, outcome) => panic!(
                "{path}: {expected:?}, not {:?}",
                outcome.map(|(rows, _)| rows.len())
            ),
        }
        logs += 1;
    }
    println!("{logs} bad logs read");
    assert!(logs > 100);
}
