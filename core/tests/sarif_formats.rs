//! One meaning: equal documents give equal rows, from text and from jsonb, on any number of threads.

mod common;

use reviewpro_core::json;
use reviewpro_core::jsonb::Tree;
use reviewpro_core::sarif::{Mode, Options, Source, findings};
use reviewpro_core::{ErrorKind, Task};

/// The options under which documents are compared.
fn options() -> Vec<Options> {
    vec![
        Options {
            kinds: None,
            per_location: true,
            raw: Some(true),
            ..Options::default()
        },
        Options {
            mode: Mode::Compat,
            organization_id: Some("00000000-0000-0000-0000-000000000001".to_owned()),
            ..Options::default()
        },
    ]
}

/// What the application notices of a text, and jsonb has lost: escapes that jsonb cannot hold, and how numbers are written.
fn compat_agrees(path: &str, text: &str) -> bool {
    json::mend(text).replaced.is_empty() && !path.ends_with("_synthetic/region-exp.sarif")
}

#[test]
fn text_and_jsonb_give_equal_rows() {
    let (mut logs, mut rows) = (0, 0);
    for path in common::paths() {
        let Some(text) = common::text(&path) else { continue };
        let Ok(payload) = Tree::parse(&text).and_then(|tree| tree.encode()) else {
            continue;
        };
        for options in options() {
            if options.mode == Mode::Compat && !compat_agrees(&path, &text) {
                continue;
            }
            let from_text = common::rows(Source::Text(&text), &options, 1);
            let from_jsonb = common::rows(Source::Jsonb(payload.as_bytes()), &options, 1);
            match (from_text, from_jsonb) {
                (Ok((a, a_statistics)), Ok((b, b_statistics))) => {
                    logs += 1;
                    rows += a.len();
                    assert_eq!(a.len(), b.len(), "{path}");
                    for (a, b) in a.iter().zip(&b) {
                        assert_eq!(a, b, "{path}");
                    }
                    assert_eq!(a_statistics, b_statistics, "{path}");
                }
                (Err(a), Err(b)) => assert_eq!(a, b, "{path}"),
                (a, b) => panic!("{path}: {:?} but {:?}", a.map(|_| ()), b.map(|_| ())),
            }
        }
    }
    println!("{rows} rows of {logs} logs compared");
    assert!(common::shared().is_none() || (logs > 0 && rows > 0));
}

#[test]
fn batches_and_threads_do_not_change_rows() {
    let mut logs = 0;
    for path in common::paths() {
        let Some(text) = common::text(&path) else { continue };
        for options in options() {
            let Ok(one) = common::rows(Source::Text(&text), &options, 1) else {
                continue;
            };
            let outcomes = common::outcome_rows(Source::Text(&text), &options, 1).expect("a log");
            // Fewer results are one chunk, whatever the number of threads.
            let most = if one.1.total > 64 { 3 } else { 1 };
            logs += 1;
            for threads in 1..=most {
                let more = common::rows_in_batches(Source::Text(&text), &options, threads);
                assert!(more.is_ok_and(|more| one == more), "{path} on {threads} threads");
                let more = common::outcome_rows(Source::Text(&text), &options, threads);
                assert!(
                    more.is_ok_and(|more| outcomes == more),
                    "{path} on {threads} threads"
                );
            }
        }
    }
    println!("{logs} logs compared");
    assert!(common::shared().is_none() || logs > 0);
}

#[test]
fn a_rank_of_minus_zero_is_zero() {
    let text = r#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"T"}},"results":[{"message":{"text":"m"},"rank":-0}]}]}"#;
    let payload = Tree::parse(text).and_then(|tree| tree.encode()).expect("jsonb");
    for source in [Source::Text(text), Source::Jsonb(payload.as_bytes())] {
        let (rows, _) = common::rows(source, &Options::default(), 1).expect("a row");
        let rank = rows[0]["rank"].as_f64().expect("a rank");
        assert!(rank == 0.0 && rank.is_sign_positive(), "{source:?}");
    }
}

/// Members that should be objects and are not: several of a row's documents are written, whatever the format.
#[test]
fn odd_documents_of_one_row_do_not_disturb_each_other() {
    let members = [
        r#""suppressions":"a","fingerprints":"abc","partialFingerprints":"abcde""#,
        r#""suppressions":true,"fingerprints":12345.5,"partialFingerprints":"ab","codeFlows":[1],"fixes":"x""#,
        r#""fingerprints":"a","partialFingerprints":[],"graphs":[{}],"relatedLocations":[{"id":1}]"#,
    ];
    for members in members {
        let text = format!(
            r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"T"}}}},"results":[{{"message":{{"text":"m"}},{members}}}]}}]}}"#
        );
        let payload = Tree::parse(&text).and_then(|tree| tree.encode()).expect("jsonb");
        let from_text = common::rows(Source::Text(&text), &Options::default(), 1);
        let from_jsonb = common::rows(Source::Jsonb(payload.as_bytes()), &Options::default(), 1);
        assert_eq!(from_text.as_ref().expect("a row").0.len(), 1);
        assert_eq!(from_text, from_jsonb, "{members}");
    }
}

#[test]
fn many_small_locations_are_bounded_together() {
    let location = r#"{"physicalLocation":{"artifactLocation":{"uri":"a"}}}"#;
    let locations = vec![location; 40_000].join(",");
    let text = format!(
        r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"T"}}}},"results":[{{"message":{{"text":"m"}},"locations":[{locations}]}}]}}]}}"#
    );
    let of = |memory| {
        let task = Task::new(1, memory, &|| false);
        findings(Source::Text(&text), &Options::default(), &task, &mut |_| Ok(()))
    };
    assert!(of(usize::MAX).is_ok());
    let error = of(12 << 20).expect_err("too little memory");
    assert_eq!(
        (error.kind, error.message.contains("jsonb")),
        (ErrorKind::OutOfMemory, true),
        "{error:?}"
    );
}
