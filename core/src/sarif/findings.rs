//! From a document to its rows.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::table::{Batch, Rows, UsedColumns};
use crate::task::try_vec;
use crate::{Error, ErrorKind, Result, Task};

use super::budget::Budget;
use super::compat;
use super::context::Context;
use super::document::{Document, Source};
use super::documents;
use super::finding::Finding;
use super::in_order::in_order;
use super::model;
use super::occurrence::{self, RunRows};
use super::options::{Mode, Options};
use super::raw::Raw;
use super::read::Member;
use super::results::in_chunks;
use super::row::{self, Row};
use super::runs;

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
/// Those of the document ([`ErrorKind::InvalidText`], [`ErrorKind::InvalidParameter`], [`ErrorKind::DataCorrupted`]), of
/// [`Options::check`], of `emit`, and [`ErrorKind::Cancelled`].
pub fn findings(
    source: Source<'_>,
    options: &Options,
    task: &Task<'_>,
    emit: &mut dyn FnMut(&Finding<'_>) -> Result<()>,
) -> Result<Statistics> {
    options.check()?;
    let document = Document::open(source, task)?;
    let (runs, mut statistics) = read(&document, options, task)?;
    let mut documents = documents::Writer::new(task.memory, UsedColumns::ALL);
    for run in &runs {
        for rows in &run.chunks {
            task.check()?;
            statistics.hand_out(&run.context, rows, options, &mut documents, emit)?;
        }
    }
    Ok(statistics)
}

/// [`findings`] for who can take rows from several threads.
///
/// # Errors
/// As [`findings`].
pub fn findings_in_batches(
    source: Source<'_>,
    options: &Options,
    task: &Task<'_>,
    out: &mut impl Rows,
) -> Result<Statistics> {
    options.check()?;
    let document = Document::open(source, task)?;
    let (mut runs, mut statistics) = read(&document, options, task)?;
    let taken: Vec<_> = runs
        .iter_mut()
        .map(|run| std::mem::take(&mut run.chunks))
        .collect();
    let chunks = taken
        .into_iter()
        .zip(&runs)
        .flat_map(|(chunks, run)| chunks.into_iter().map(move |rows| (&run.context, rows)))
        .collect();
    let (new, used) = (out.maker(), out.used());
    let encode = |(context, rows): (&Context<'_>, Vec<Row<'_>>),
                  send: &mut dyn FnMut((_, Statistics)) -> Result<()>| {
        let (mut batch, mut counts) = (new(), Statistics::default());
        let mut documents = documents::Writer::new(task.memory, used);
        counts.hand_out(context, &rows, options, &mut documents, &mut |finding| {
            batch.push(&finding.values())?;
            if batch.is_full() {
                send((std::mem::replace(&mut batch, new()), Statistics::default()))?;
            }
            Ok(())
        })?;
        send((batch, counts))
    };
    in_order(chunks, task, encode, &mut |(batch, counts)| {
        statistics.rows += counts.rows;
        statistics.filtered += counts.filtered;
        out.deliver(batch)
    })?;
    Ok(statistics)
}

impl Statistics {
    /// Hands out the wanted ones of the rows, and counts.
    fn hand_out<'d>(
        &mut self,
        context: &Context<'d>,
        rows: &[Row<'d>],
        options: &Options,
        documents: &mut documents::Writer<'d>,
        emit: &mut dyn FnMut(&Finding<'_>) -> Result<()>,
    ) -> Result<()> {
        for row in rows {
            if row.wanted(options) {
                let used = documents.used();
                row.emit(context, documents.write(row, options)?, used, emit)?;
                self.rows += 1;
            } else {
                self.filtered += usize::from(row.location == 0);
            }
        }
        Ok(())
    }
}

/// Reads every result of the document; rows of all kinds, numbered.
///
/// # Errors
/// As [`findings`].
pub(crate) fn read<'d>(
    document: &'d Document<'_>,
    options: &Options,
    task: &Task<'_>,
) -> Result<(Vec<RunRows<'d>>, Statistics)> {
    let mut log = document.log(options.mode)?;
    let mut statistics = Statistics::default();
    if options.mode == Mode::Compat {
        statistics.aborted = compat::stop(&log);
    }
    let held = AtomicUsize::new(task.need("reading the log", Some(document.held(&log)))?);
    let mut rows_of_runs: Vec<RunRows<'_>> = Vec::new();
    for (index, run) in log
        .runs
        .items
        .iter_mut()
        .enumerate()
        .take(statistics.aborted.unwrap_or(usize::MAX))
    {
        let Member::Is(run) = run else {
            if options.strict && options.mode == Mode::Spec {
                let error = Error::new(ErrorKind::InvalidParameter, "a run cannot be read: not an object");
                return Err(error.detail(format!("At /runs/{index}.")));
            }
            continue;
        };
        let complete = runs::is_complete(run)?;
        let reader = Reader {
            options,
            memory: task.memory,
            held: &held,
            compat: (options.mode == Mode::Compat).then(|| compat::Tool::of(run)),
            context: Context::of(index, run, options)?,
        };
        let results = std::mem::take(&mut run.results);
        let chunks = in_chunks(&results.items, task, |first, results| {
            reader.chunk(first, results)
        })
        .map_err(|error| document.fault(error))?;
        statistics.total += results.items.len();
        let mut rows = Vec::with_capacity(chunks.len());
        for mut chunk in chunks {
            rows.push(chunk.rows);
            statistics.skipped += chunk.skipped;
            statistics.errors.append(&mut chunk.errors);
        }
        if options.mode == Mode::Compat {
            let before = statistics.errors.len();
            statistics
                .errors
                .extend(compat::phantom_errors(index, results.shape));
            statistics.total += statistics.errors.len() - before;
        }
        rows_of_runs.push(RunRows {
            tool_name: match &reader.compat {
                Some(tool) => tool.name(),
                None => reader.context.tool_name.clone(),
            },
            context: reader.context,
            complete,
            chunks: rows,
        });
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
    occurrence::number(&mut rows_of_runs, options, task)?;
    Ok((rows_of_runs, statistics))
}

/// Reads the results of one run.
struct Reader<'a, 'd> {
    options: &'a Options,
    context: Context<'d>,
    compat: Option<compat::Tool<'d>>,
    /// How many bytes may be held.
    memory: usize,
    /// How many are, by the document and by the rows of all runs.
    held: &'a AtomicUsize,
}

/// Bytes that a thread's rows may take before it accounts for them.
const UNACCOUNTED: usize = 64 << 10;

impl<'d> Reader<'_, 'd> {
    fn chunk(&self, first: usize, results: &[Raw<'d>]) -> Result<Chunk<'d>> {
        let mut chunk = Chunk {
            rows: try_vec(results.len())?,
            ..Chunk::default()
        };
        let mut bytes = 0;
        for (result_index, raw) in (first..).zip(results) {
            let before = chunk.rows.len();
            let outcome = self.result(result_index, *raw, &mut chunk.rows)?;
            bytes += chunk.rows.iter().skip(before).map(Row::size).sum::<usize>();
            if bytes > UNACCOUNTED {
                self.hold(std::mem::take(&mut bytes))?;
            }
            match outcome {
                Outcome::Rows => {}
                Outcome::Skipped => chunk.skipped += 1,
                Outcome::Error(reason) => {
                    chunk.errors.push(Problem {
                        run_index: self.context.index,
                        result_index,
                        reason,
                    });
                }
            }
        }
        self.hold(bytes + size_of::<Chunk<'_>>() + chunk.errors.len() * size_of::<Problem>())?;
        Ok(chunk)
    }

    /// Accounts for more bytes.
    fn hold(&self, bytes: usize) -> Result<()> {
        let before = self.held.fetch_add(bytes, Ordering::Relaxed);
        Task::new(1, self.memory, &|| false)
            .need("holding the rows", before.checked_add(bytes))
            .map(drop)
    }

    fn result(&self, index: usize, raw: Raw<'d>, rows: &mut Vec<Row<'d>>) -> Result<Outcome> {
        let Ok(index) = u32::try_from(index) else {
            return Ok(Outcome::Error("the result's position is too large"));
        };
        let mut finding = Member::<model::Finding<'d>>::default();
        let held = self.held.load(Ordering::Relaxed);
        raw.read_into(&mut finding, &Budget::beside(self.memory, held))?;
        let Member::Is(finding) = &mut finding else {
            return Ok(Outcome::Error(compat::NOT_AN_OBJECT));
        };
        let before = rows.len();
        row::rows(&self.context, index, raw, finding, self.options, rows);
        let Some(tool) = &self.compat else {
            return Ok(Outcome::Rows);
        };
        let outcome = compat::apply(
            tool,
            raw,
            self.options,
            rows.get_mut(before..).unwrap_or_default(),
        );
        if !matches!(outcome, Outcome::Rows) {
            rows.truncate(before);
        }
        Ok(outcome)
    }
}
