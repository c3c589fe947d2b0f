//! From a document to its rows.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{Error, ErrorKind, Result, Task};

use super::compat;
use super::context::Context;
use super::document::{self, Source};
use super::finding::Finding;
use super::model;
use super::occurrence::{self, RunRows};
use super::options::{Mode, Options};
use super::raw::Raw;
use super::read::Member;
use super::row::{self, Row};

/// How many results a thread takes at once.
const CHUNK: usize = 256;

/// What became of the results of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Elements of `results`.
    pub total: usize,
    /// Rows handed out.
    pub rows: usize,
    /// Results that the options leave out.
    pub filtered: usize,
    /// Compat: results without a location, which the application leaves out.
    pub skipped: usize,
    /// Results that could not be read.
    pub errors: Vec<Problem>,
    /// Compat: the application stops before this run.
    pub aborted: Option<usize>,
}

/// A result that is no row, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Position of the run.
    pub run_index: usize,
    /// Position of the result.
    pub result_index: usize,
    /// What is wrong, in a few words.
    pub reason: &'static str,
}

/// What reading one result gives instead of rows.
pub(crate) enum Outcome {
    /// Rows were appended.
    Rows,
    /// The application drops the result.
    Skipped,
    /// The result cannot be read.
    Error(&'static str),
}

/// What one chunk of results gives.
#[derive(Default)]
struct Chunk<'d> {
    rows: Vec<Row<'d>>,
    skipped: usize,
    errors: Vec<Problem>,
}

/// Reads the findings of a document and hands them out in the order of run, result and location.
///
/// Occurrences are counted over the whole document, so the first row comes when all results have been read.
///
/// # Errors
/// Those of the document ([`ErrorKind::InvalidText`], [`ErrorKind::InvalidParameter`]), of [`Options::check`], of `emit`, and
/// [`ErrorKind::Cancelled`].
pub fn findings(
    source: Source<'_>,
    options: &Options,
    task: &Task<'_>,
    emit: &mut dyn FnMut(&Finding<'_>) -> Result<()>,
) -> Result<Statistics> {
    options.check()?;
    let mut log = document::load(source, options.mode)?;
    let mut statistics = Statistics::default();
    let mut runs: Vec<RunRows<'_>> = Vec::new();
    let stop_at = if options.mode == Mode::Compat {
        compat::stop(&log)
    } else {
        None
    };
    statistics.aborted = stop_at;
    for (index, run) in log
        .runs
        .items
        .iter_mut()
        .enumerate()
        .take(stop_at.unwrap_or(usize::MAX))
    {
        let Member::Is(run) = run else { continue };
        let results = std::mem::take(&mut run.results);
        let context = Context::of(index, run, options);
        let compat = (options.mode == Mode::Compat).then(|| compat::Tool::of(run));
        let rows = read_results(
            &context,
            compat.as_ref(),
            &results.items,
            options,
            task,
            &mut statistics,
        )?;
        if options.mode == Mode::Compat {
            statistics
                .errors
                .extend(compat::phantom_errors(index, results.shape));
            statistics.total += compat::phantom_errors(index, results.shape).count();
        }
        runs.push(RunRows { context, rows });
    }
    if let (true, Some(problem)) = (options.strict, statistics.errors.first()) {
        return Err(Error::new(
            ErrorKind::InvalidParameter,
            format!("a result cannot be read: {}", problem.reason),
        )
        .detail(format!(
            "At /runs/{}/results/{}.",
            problem.run_index, problem.result_index
        )));
    }
    occurrence::number(&mut runs, options);
    for run in &runs {
        for (at, row) in run.rows.iter().enumerate() {
            if at % CHUNK == 0 {
                task.check()?;
            }
            if !row.wanted(options) {
                statistics.filtered += usize::from(row.location == 0);
                continue;
            }
            row.emit(&run.context, options, emit)?;
            statistics.rows += 1;
        }
    }
    Ok(statistics)
}

/// Reads the results of one run, on as many threads as the task allows.
fn read_results<'d>(
    context: &Context<'d>,
    compat: Option<&compat::Tool<'d>>,
    results: &[Raw<'d>],
    options: &Options,
    task: &Task<'_>,
    statistics: &mut Statistics,
) -> Result<Vec<Row<'d>>> {
    let chunks: Vec<_> = results.chunks(CHUNK).collect();
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Chunk<'d>)>> = Mutex::new(Vec::with_capacity(chunks.len()));
    let work = || {
        let mut own = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(chunk) = chunks.get(at) else { break };
            if task.stopped() {
                break;
            }
            own.push((at, read_chunk(context, compat, at * CHUNK, chunk, options)));
        }
        if let Ok(mut done) = done.lock() {
            done.append(&mut own);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..task.threads.min(chunks.len()) {
            // Without a thread this one does all the work.
            if std::thread::Builder::new().spawn_scoped(scope, work).is_err() {
                break;
            }
        }
        work();
    });
    task.check()?;
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_unstable_by_key(|(at, _)| *at);
    let mut rows = Vec::with_capacity(done.iter().map(|(_, chunk)| chunk.rows.len()).sum());
    statistics.total += results.len();
    for (_, mut chunk) in done {
        rows.append(&mut chunk.rows);
        statistics.skipped += chunk.skipped;
        statistics.errors.append(&mut chunk.errors);
    }
    Ok(rows)
}

fn read_chunk<'d>(
    context: &Context<'d>,
    compat: Option<&compat::Tool<'d>>,
    first: usize,
    results: &[Raw<'d>],
    options: &Options,
) -> Chunk<'d> {
    let mut chunk = Chunk::default();
    for (index, raw) in (first..).zip(results) {
        match read_result(context, compat, index, *raw, options, &mut chunk.rows) {
            Outcome::Rows => {}
            Outcome::Skipped => chunk.skipped += 1,
            Outcome::Error(reason) => {
                chunk.errors.push(Problem {
                    run_index: context.index,
                    result_index: index,
                    reason,
                });
            }
        }
    }
    chunk
}

fn read_result<'d>(
    context: &Context<'d>,
    compat: Option<&compat::Tool<'d>>,
    index: usize,
    raw: Raw<'d>,
    options: &Options,
    rows: &mut Vec<Row<'d>>,
) -> Outcome {
    let Ok(index) = u32::try_from(index) else {
        return Outcome::Error("the result's position is too large");
    };
    let Member::Is(finding) = raw.read::<Member<model::Finding<'d>>>() else {
        return Outcome::Error("the result is not an object");
    };
    let before = rows.len();
    match compat {
        None => {
            row::rows(context, index, raw, finding, options, rows);
            Outcome::Rows
        }
        Some(tool) => {
            row::rows(context, index, raw, finding, options, rows);
            let outcome = compat::apply(tool, raw, options, rows.get_mut(before..).unwrap_or_default());
            if !matches!(outcome, Outcome::Rows) {
                rows.truncate(before);
            }
            outcome
        }
    }
}
