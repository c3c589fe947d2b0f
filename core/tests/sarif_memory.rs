//! Hostile logs take no more memory than a call may use, beside the log itself.

use peak_alloc::PeakAlloc;
use reviewpro_core::sarif::validate::{validate_jsonb, validate_text};
use reviewpro_core::sarif::{Options, Source, findings, findings_in_batches, outcomes, rules, runs, summary};
use reviewpro_core::table::{Batch, Rows, Value};
use reviewpro_core::{ErrorKind, Result, Task, jsonb};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// What a call may use.
const MEMORY: usize = 32 << 20;
/// What is not accounted for: batches on their way (two threads, each 16 of a quarter of a megabyte), and what one result is
/// read into.
const SLACK: usize = 12 << 20;

type Reader = fn(Source<'_>, &Task<'_>) -> Result<()>;

const READERS: [(&str, Reader); 7] = [
    ("findings", |source, task| {
        findings(source, &Options::default(), task, &mut |_| Ok(())).map(drop)
    }),
    ("findings_in_batches", |source, task| {
        findings_in_batches(source, &Options::default(), task, &mut Nowhere).map(drop)
    }),
    ("outcomes", |source, task| {
        outcomes(source, &Options::default(), task, &mut Nowhere)
    }),
    ("runs", |source, task| runs(source, task).map(drop)),
    ("rules", |source, task| rules(source, task, &mut |_| Ok(()))),
    ("summary", |source, task| summary(source, task).map(drop)),
    ("validate", |source, task| {
        match source {
            Source::Text(text) => validate_text(text, task),
            Source::Jsonb(payload) => validate_jsonb(payload, task),
        }
        .map(drop)
    }),
];

/// Takes batches that are as large as the rows in them.
struct Nowhere;

struct Bytes(Vec<u8>);

impl Batch for Bytes {
    fn push(&mut self, row: &[Value<'_>]) -> Result<()> {
        for value in row {
            match value {
                Value::Text(text) => self.0.extend_from_slice(text.as_bytes()),
                Value::Jsonb(payload) => self.0.extend_from_slice(payload),
                Value::Texts(texts) => texts
                    .iter()
                    .for_each(|text| self.0.extend_from_slice(text.as_bytes())),
                _ => self.0.extend_from_slice(&[0; 8]),
            }
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.0.len() >= 256 << 10
    }
}

impl Rows for Nowhere {
    type Batch = Bytes;

    fn maker(&self) -> impl Fn() -> Bytes + Sync + use<> {
        || Bytes(Vec::new())
    }

    fn deliver(&mut self, _: Bytes) -> Result<()> {
        // The main thread is slow, and batches pile up.
        std::thread::sleep(std::time::Duration::from_micros(50));
        Ok(())
    }
}

fn many(element: &str, count: usize) -> String {
    vec![element; count].join(",")
}

fn log(run: &str) -> String {
    format!(r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"t"}}}},{run}}}]}}"#)
}

/// Logs of a few megabytes at most that could be made into a hundred times as much.
fn hostile() -> Vec<(&'static str, String)> {
    let long = "x".repeat(200_000);
    let rule = |members: &str, result: &str| {
        format!(
            r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"t","rules":[{{"id":"R",{members}}}]}}}},"results":[{}]}}]}}"#,
            many(result, 2_000)
        )
    };
    vec![
        (
            "empty results",
            log(&format!(r#""results":[{}]"#, many("{}", 1_500_000))),
        ),
        (
            "numbers as results",
            log(&format!(r#""results":[{}]"#, many("1", 1_500_000))),
        ),
        (
            "runs",
            format!(r#"{{"version":"2.1.0","runs":[{}]}}"#, many("{}", 500_000)),
        ),
        (
            "artifacts",
            log(&format!(r#""artifacts":[{}],"results":[]"#, many("0", 1_500_000))),
        ),
        (
            "rules",
            format!(
                r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"rules":[{}]}}}},"results":[]}}]}}"#,
                many("{}", 500_000)
            ),
        ),
        (
            "locations of one result",
            log(&format!(
                r#""results":[{{"locations":[{}]}}]"#,
                many("0", 1_500_000)
            )),
        ),
        (
            "code flows of one result",
            log(&format!(
                r#""results":[{{"codeFlows":[{}]}}]"#,
                many("0", 1_500_000)
            )),
        ),
        (
            "tags of one result",
            log(&format!(
                r#""results":[{{"properties":{{"tags":[{}]}}}}]"#,
                many(r#""""#, 500_000)
            )),
        ),
        (
            "a long message by id",
            rule(
                &format!(r#""messageStrings":{{"m":{{"text":"{long}{{0}}"}}}}"#),
                r#"{"ruleId":"R","message":{"id":"m","arguments":["a"]}}"#,
            ),
        ),
        (
            "a long description",
            rule(
                &format!(r#""shortDescription":{{"text":"{long}"}},"helpUri":"https://{long}""#),
                r#"{"ruleId":"R","message":{"text":"m"}}"#,
            ),
        ),
        (
            "an argument many times",
            log(&format!(
                r#""results":[{{"message":{{"text":"{}","arguments":["{long}"]}}}}]"#,
                "{0}".repeat(2_000)
            )),
        ),
        (
            "a long base of all paths",
            log(&format!(
                r#""originalUriBaseIds":{{"B":{{"uri":"file:///{long}/"}}}},"results":[{}]"#,
                many(
                    r#"{"message":{"text":"m"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a.py","uriBaseId":"B"}}}]}"#,
                    2_000
                )
            )),
        ),
        (
            "a long file that all results show",
            log(&format!(
                r#""artifacts":[{{"location":{{"uri":"a"}},"contents":{{"text":"{long}\n{long}"}}}}],"results":[{}]"#,
                many(
                    r#"{"message":{"text":"m"},"locations":[{"physicalLocation":{"artifactLocation":{"index":0},"region":{"startLine":1,"endLine":2}}}]}"#,
                    2_000
                )
            )),
        ),
    ]
}

/// The most that a call held beside what was there before.
fn peak(reader: Reader, source: Source<'_>) -> (usize, Result<()>) {
    let task = Task::new(2, MEMORY, &|| false);
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let outcome = reader(source, &task);
    (ALLOCATOR.peak_usage().saturating_sub(before), outcome)
}

#[test]
fn no_log_takes_more_than_a_call_may_use() {
    let (mut over, mut refused, mut read) = (Vec::new(), 0, 0);
    for (what, text) in hostile() {
        let payload = jsonb::transcode(&text).expect("JSON");
        for (name, reader) in READERS {
            for (form, source) in [("text", Source::Text(&text)), ("jsonb", Source::Jsonb(&payload))] {
                let (peak, outcome) = peak(reader, source);
                match outcome {
                    Ok(()) => read += 1,
                    Err(error) => {
                        assert_eq!(
                            error.kind,
                            ErrorKind::OutOfMemory,
                            "{what}, {name} of {form}: {error}"
                        );
                        assert!(error.hint.is_some());
                        refused += 1;
                    }
                }
                if peak > MEMORY + SLACK {
                    over.push(format!("{what}, {name} of {form}: {} MB", peak >> 20));
                }
            }
        }
    }
    assert!(over.is_empty(), "{}", over.join("\n"));
    assert!(refused > 20 && read > 20, "{refused} refused, {read} read");
}
