//! Memory that runs out: from the n-th large request on, the system gives none. A call must answer with an error that says so: an
//! abort would end every session of the server. Large is what grows with the input; of small requests Linux refuses none.
//!
//! Each n is tried in a process of its own, since what fails here is an abort. `ALLOCATION_STEP` (default 3) tries every so many: 1 for all.

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use ndarray::Array2;
use reviewpro_core::cluster::{
    Algorithm, AssignTo, Embeddings, Metric, NoiseRows, Report, SilhouetteMetric, assign_clusters, members,
    project, silhouette_samples, suggest_eps, summaries,
};
use reviewpro_core::fingerprint::line_hashes::line_hashes;
use reviewpro_core::sarif::{self, Options, Source, validate};
use reviewpro_core::table::{Batch, Rows, Value};
use reviewpro_core::{ErrorKind, Result, Task, json, jsonb};

/// Requests of so many bytes are counted.
const LARGE: usize = 24 << 10;

static ARMED: AtomicBool = AtomicBool::new(false);
static TOLD: AtomicBool = AtomicBool::new(false);
static REQUESTS: AtomicUsize = AtomicUsize::new(0);
static LAST: AtomicUsize = AtomicUsize::new(usize::MAX);

/// The system's memory, of which there is no large piece after request number [`LAST`].
struct Scarce;

impl Scarce {
    fn refuses(size: usize) -> bool {
        if size < LARGE || !ARMED.load(Relaxed) || REQUESTS.fetch_add(1, Relaxed) < LAST.load(Relaxed) {
            return false;
        }
        // The place of the first, for whoever mends it. Telling needs memory.
        if std::env::var_os("ALLOCATION_TRACE").is_some() && !TOLD.swap(true, Relaxed) {
            ARMED.store(false, Relaxed);
            eprintln!(
                "{size} bytes refused\n{}",
                std::backtrace::Backtrace::force_capture()
            );
            ARMED.store(true, Relaxed);
        }
        true
    }
}

// SAFETY: what is not refused is the system's; a null pointer says that there is no memory.
unsafe impl GlobalAlloc for Scarce {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if Self::refuses(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if Self::refuses(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size > layout.size() && Self::refuses(size) {
            return std::ptr::null_mut();
        }
        // SAFETY: as the caller promises.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Scarce = Scarce;

/// What the work reads, made before memory becomes scarce.
struct Input {
    log: String,
    packed: Vec<u8>,
    utf16: Vec<u8>,
    log_jsonb: Vec<u8>,
    findings_jsonb: Vec<u8>,
    report_jsonb: Vec<u8>,
    lines: String,
    values: Array2<f32>,
    labels: Vec<i32>,
}

impl Input {
    fn new() -> Self {
        let mut results = String::new();
        let mut findings = String::new();
        for i in 0..1500 {
            let comma = if i == 0 { "" } else { "," };
            write!(
                results,
                r#"{comma}{{"ruleId":"rule/{}","message":{{"text":"Finding {i} é \n of some length"}},"properties":{{"tags":["cwe-{}"]}},
                "locations":[{{"physicalLocation":{{"artifactLocation":{{"uri":"src/a%20{}.py"}},
                "region":{{"startLine":{},"snippet":{{"text":"x = {i}"}}}}}}}}]}}"#,
                i % 40, i % 900, i % 300, i + 1,
            )
            .expect("text");
            write!(
                findings,
                r#"{comma}{{"rule_id":"r{}","file_path":"a{i}.py","line":{i},"message":"m"}}"#,
                i % 9
            )
            .expect("text");
        }
        let rules: Vec<String> = (0..2000)
            .map(|i| format!(r#"{{"id":"rule/{i}","shortDescription":{{"text":"What rule {i} is about"}}}}"#))
            .collect();
        let log = format!(
            r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"t","rules":[{}]}}}},"results":[{results}]}}]}}"#,
            rules.join(",")
        );
        let encode = |text: &str| {
            let tree = jsonb::Tree::parse(text).expect("JSON");
            tree.encode().expect("jsonb").into_bytes()
        };
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut packer, log.as_bytes()).expect("gzip");
        let mut utf16 = vec![0xFF, 0xFE];
        utf16.extend(log.encode_utf16().flat_map(u16::to_le_bytes));
        let values = Array2::from_shape_fn((2000, 24), |(i, k)| {
            let group = (i * i) % 90;
            ((group * 31 + k * 7) % 101) as f32 / 50.0 - 1.0 + ((i * 13 + k * 5) % 17) as f32 * 0.004
        });
        Input {
            packed: packer.finish().expect("gzip"),
            utf16,
            log_jsonb: encode(&log),
            findings_jsonb: encode(&format!("[{findings}]")),
            report_jsonb: encode(&format!(
                r#"{{"title":"t","worst":[{}]}}"#,
                (0..4000)
                    .map(|i| format!(r#"{{"file_path":"a/b{i}.py","message":"<m> & {i}","rule_id":"r"}}"#))
                    .collect::<Vec<_>>()
                    .join(",")
            )),
            lines: log.replace("}},", "}},\n"),
            log,
            labels: (0..2000).map(|i| i % 90 - 1).collect(),
            values,
        }
    }
}

/// A receiver of rows that keeps none.
#[derive(Default)]
struct Dropped(usize);

impl Batch for Dropped {
    fn push(&mut self, _: &[Value<'_>]) -> Result<()> {
        self.0 += 1;
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.0 >= 100
    }
}

impl Rows for Dropped {
    type Batch = Dropped;

    fn maker(&self) -> impl Fn() -> Dropped + Sync + use<> {
        Dropped::default
    }

    fn deliver(&mut self, batch: Dropped) -> Result<()> {
        self.0 += batch.0;
        Ok(())
    }
}

type Work = fn(&Input, &Task<'_>) -> Result<()>;

const WORK: &[(&str, Work)] = &[
    ("findings of text", |input, task| {
        sarif::findings_in_batches(
            Source::Text(&input.log),
            &Options::default(),
            task,
            &mut Dropped(0),
        )
        .map(drop)
    }),
    ("findings of jsonb", |input, task| {
        let source = Source::Jsonb(&input.log_jsonb);
        sarif::findings_in_batches(source, &Options::default(), task, &mut Dropped(0)).map(drop)
    }),
    ("findings of text, one by one", |input, task| {
        sarif::findings(Source::Text(&input.log), &Options::default(), task, &mut |_| {
            Ok(())
        })
        .map(drop)
    }),
    ("outcomes", |input, task| {
        sarif::outcomes(
            Source::Text(&input.log),
            &Options::default(),
            task,
            &mut Dropped(0),
        )
    }),
    ("rules", |input, task| {
        sarif::rules(Source::Text(&input.log), task, &mut |_| Ok(()))
    }),
    ("runs", |input, task| {
        sarif::runs(Source::Text(&input.log), task).map(drop)
    }),
    ("summary of text", |input, task| {
        sarif::summary(Source::Text(&input.log), task).map(drop)
    }),
    ("summary of jsonb", |input, task| {
        sarif::summary(Source::Jsonb(&input.log_jsonb), task).map(drop)
    }),
    ("objects", |input, task| {
        sarif::objects(&input.findings_jsonb, &Options::default(), task, &mut |_| Ok(()))
    }),
    ("fingerprints of objects", |input, task| {
        sarif::fingerprints(&input.findings_jsonb, &Options::default(), task, &mut |_| Ok(()))
    }),
    ("gzip", |input, task| json::decode(&input.packed, task).map(drop)),
    ("UTF-16", |input, task| json::decode(&input.utf16, task).map(drop)),
    ("validation of text", |input, task| {
        validate::validate_text(&input.log, task).map(drop)
    }),
    ("validation of jsonb", |input, task| {
        validate::validate_jsonb(&input.log_jsonb, task).map(drop)
    }),
    ("line hashes", |input, task| {
        line_hashes(&input.lines, task).map(drop)
    }),
    ("HTML", |input, task| {
        reviewpro_core::report::render(&input.report_jsonb, reviewpro_core::report::Format::Html, task)
            .map(drop)
    }),
    ("dbscan", |input, task| {
        labels(Algorithm::dbscan(Some(0.05), Some(3), "cosine"), input, task)
    }),
    ("dbscan, euclidean", |input, task| {
        labels(Algorithm::dbscan(Some(0.3), Some(1), "euclidean"), input, task)
    }),
    ("agglomerative, threshold", |input, task| {
        labels(
            Algorithm::agglomerative(None, Some(0.1), "average", "cosine"),
            input,
            task,
        )
    }),
    ("agglomerative, tree", |input, task| {
        labels(
            Algorithm::agglomerative(Some(20), None, "ward", "euclidean"),
            input,
            task,
        )
    }),
    ("agglomerative, single", |input, task| {
        labels(
            Algorithm::agglomerative(Some(20), None, "single", "euclidean"),
            input,
            task,
        )
    }),
    ("kmeans", |input, task| {
        labels(Algorithm::kmeans(Some(9), "euclidean", 0), input, task)
    }),
    ("silhouettes", |input, task| {
        let vectors = Embeddings::from_f32(input.values.view(), task)?;
        for metric in [SilhouetteMetric::Cosine, SilhouetteMetric::Euclidean] {
            silhouette_samples(&vectors, &input.labels, metric, NoiseRows::LeftOut, task)?;
        }
        Ok(())
    }),
    ("suggest_eps", |input, task| {
        let vectors = Embeddings::from_f32(input.values.view(), task)?;
        suggest_eps(&vectors, 4, Metric::Cosine, task).map(drop)
    }),
    ("project", |input, task| {
        project(
            &Embeddings::from_f32(input.values.view(), task)?,
            Metric::Cosine,
            task,
        )
        .map(drop)
    }),
    ("summaries and members", |input, task| {
        let vectors = Embeddings::from_f32(input.values.view(), task)?;
        summaries(&vectors, &input.labels, Metric::Cosine, task)?;
        members(&vectors, &input.labels, Metric::Cosine, task).map(drop)
    }),
    ("assignments", |input, task| {
        let vectors = Embeddings::from_f32(input.values.view(), task)?;
        assign_clusters(
            &vectors,
            &vectors,
            &input.labels,
            AssignTo::Core { min_samples: 3 },
            Metric::Cosine,
            0.5,
            task,
        )
        .map(drop)
    }),
    ("report of a clustering", |input, task| {
        let vectors = Embeddings::from_f32(input.values.view(), task)?;
        Report::new(&vectors, &Algorithm::dbscan(Some(0.05), Some(3), "cosine")?, task)?
            .to_jsonb()
            .map(drop)
    }),
];

fn labels(algorithm: Result<Algorithm>, input: &Input, task: &Task<'_>) -> Result<()> {
    algorithm?
        .labels(&Embeddings::from_f32(input.values.view(), task)?, task)
        .map(drop)
}

/// Does nothing but in a process of its own: the work that `ALLOCATION_WORK` names, with so many large requests granted.
#[test]
fn child() {
    let Ok(name) = std::env::var("ALLOCATION_WORK") else {
        return;
    };
    let granted = std::env::var("ALLOCATION_GRANTED")
        .expect("a number")
        .parse()
        .expect("a number");
    let (_, work) = WORK
        .iter()
        .find(|(known, _)| *known == name)
        .expect("work of that name");
    let input = Input::new();
    let task = Task::new(2, usize::MAX, &|| false);
    // What is made once for the life of a process may end it: an extension is warmed up by its first call.
    work(&input, &task).expect("enough memory");
    LAST.store(granted, Relaxed);
    ARMED.store(true, Relaxed);
    let outcome = work(&input, &task);
    ARMED.store(false, Relaxed);
    let requests = REQUESTS.load(Relaxed);
    match outcome {
        Ok(()) => println!("outcome: done after {requests}"),
        Err(error) if error.kind == ErrorKind::OutOfMemory => println!("outcome: out of memory"),
        Err(error) => println!("outcome: {error:?}"),
    }
}

/// Work in which a third party's code, or a list of bounded length, still takes what it does not ask for: validation builds values of
/// serde_json, gzip's window has a fixed size, a report has lists of at most ten thousand.
const MAY_ABORT: &[&str] = &["HTML", "gzip", "validation of text", "validation of jsonb"];

fn run(name: &str, granted: usize, trace: bool) -> (String, String) {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env("ALLOCATION_WORK", name)
        .env("ALLOCATION_GRANTED", granted.to_string());
    if trace {
        command.env("ALLOCATION_TRACE", "1");
    }
    let done = command.output().expect("a process");
    let (told, complaint) = (
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr),
    );
    let outcome = told
        .lines()
        .find_map(|line| line.split_once("outcome: "))
        .map_or_else(
            || format!("ended by {}", done.status),
            |(_, outcome)| outcome.to_owned(),
        );
    (outcome, complaint.into_owned())
}

#[test]
fn no_call_ends_the_process_when_memory_runs_out() {
    let step = std::env::var("ALLOCATION_STEP").map_or(3, |step| step.parse().expect("a number"));
    let mut wrong = Vec::new();
    let mut refused = 0;
    let mut aborted = BTreeSet::new();
    for (name, _) in WORK {
        let (outcome, _) = run(name, usize::MAX, false);
        let requests: usize = outcome
            .strip_prefix("done after ")
            .unwrap_or_else(|| panic!("{name}: {outcome}"))
            .parse()
            .expect("a number");
        let mut tried = 0;
        for granted in (0..requests).step_by(step) {
            tried += 1;
            let (outcome, _) = run(name, granted, false);
            if outcome == "out of memory" {
                refused += 1;
            } else if MAY_ABORT.contains(name) {
                aborted.insert(*name);
            } else if !outcome.starts_with("done") {
                let (_, trace) = run(name, granted, true);
                wrong.push(format!("{name}, {granted} of {requests}: {outcome}\n{trace}"));
            }
        }
        println!("{name}: {requests} large requests, {tried} tried");
    }
    assert!(refused > 0, "no request was refused: nothing was tested");
    assert!(
        wrong.is_empty(),
        "{} of the calls ended otherwise:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    let known: BTreeSet<_> = MAY_ABORT.iter().copied().collect();
    assert!(
        step > 1 || aborted == known,
        "what does not abort any more is no exception"
    );
    println!("{refused} calls out of memory, and an error each time");
}
