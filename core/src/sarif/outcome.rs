//! What becomes of every result of a log: the rows that storing works from.
//!
//! Each row has the columns of [`OutcomeRow`] and then those of [`Finding`]. Findings come in the order of their fingerprints,
//! the order in which writers must take their locks; equal ones are one row that counts them, the first of the document.

use std::sync::LazyLock;

use crate::table::{Batch, Column, Rows, Value, table};
use crate::task::{out_of_memory, try_vec};
use crate::{Result, Task};

use super::document::{Document, Source};
use super::documents;
use super::finding::Finding;
use super::findings::{self, Statistics};
use super::in_order::in_order;
use super::occurrence::RunRows;
use super::options::{Kind, Options};
use super::row::Row;
use super::runs::int;

table! {
    /// The columns before those of [`Finding`].
    OutcomeRow {
        /// `finding`: to be stored. `filtered`: the options leave it out. `gone`: left out, and not in the code any more.
        /// `skipped`: the application leaves it out. `error`: cannot be read. `run`: a run, whatever its results.
        outcome: Text,
        /// How many results the row stands for.
        results: Int,
        /// Of a run: whether what is not among its results can be taken as not found.
        complete: Bool(null),
        /// Of an error: the SQLSTATE.
        state: Text(null),
        /// Of an error: what is wrong.
        reason: Text(null),
    }
}

/// All columns.
static COLUMNS: LazyLock<Vec<Column>> = LazyLock::new(|| [OutcomeRow::COLUMNS, Finding::COLUMNS].concat());

impl<'a> OutcomeRow<'a> {
    /// The columns of a row: these and the finding's.
    pub fn all_columns() -> &'static [Column] {
        &COLUMNS
    }

    pub(crate) fn new(outcome: &'static str, results: usize) -> Self {
        OutcomeRow {
            outcome: outcome.into(),
            results: int(results),
            complete: None,
            state: None,
            reason: None,
        }
    }

    pub(crate) fn error(state: &'static str, reason: &'a str) -> Self {
        OutcomeRow {
            state: Some(state.into()),
            reason: Some(reason.into()),
            ..OutcomeRow::new("error", 1)
        }
    }

    /// A row with a whole finding.
    pub(crate) fn with(&self, finding: &Finding<'_>, emit: Emit<'_>) -> Result<()> {
        let mut values = self.values().to_vec();
        values.extend(finding.values());
        emit(&values)
    }

    /// A row with a few of a finding's columns.
    pub(crate) fn with_columns(&self, columns: &[(&str, Value<'_>)], emit: Emit<'_>) -> Result<()> {
        let mut values = self.values().to_vec();
        values.extend(Finding::COLUMNS.iter().map(|column| {
            let named = columns.iter().find(|(name, _)| *name == column.name);
            named.map_or(Value::Null, |(_, value)| *value)
        }));
        emit(&values)
    }
}

/// Takes the values of a row.
pub(crate) type Emit<'a> = &'a mut dyn FnMut(&[Value<'_>]) -> Result<()>;

/// Hands out one row per run, and the rows of all results.
///
/// # Errors
/// As [`super::findings`].
pub fn outcomes(source: Source<'_>, options: &Options, task: &Task<'_>, out: &mut impl Rows) -> Result<()> {
    options.check()?;
    let document = Document::open(source, task)?;
    let (runs, statistics) = findings::read(&document, options, task)?;
    let mut wanted = Vec::new();
    out.one_by_one(|emit| {
        overview(&runs, &statistics, emit)?;
        for run in &runs {
            for rows in &run.chunks {
                task.check()?;
                choose(run, rows, options, &mut wanted, emit)?;
            }
        }
        Ok(())
    })?;
    // The first of equal ones stays the first. A stable sort would take memory without asking.
    let key = |(run, row): &Of<'_, '_>| (run.context.index, row.result, row.location);
    wanted.sort_unstable_by(|a, b| {
        let fingerprints = a.1.fingerprint.as_str().cmp(b.1.fingerprint.as_str());
        fingerprints.then_with(|| key(a).cmp(&key(b)))
    });
    stored(&wanted, options, task, out)
}

/// The rows of runs, and of results that are no rows of a table.
fn overview(runs: &[RunRows<'_>], statistics: &Statistics, emit: Emit<'_>) -> Result<()> {
    for run in runs {
        let has_errors = statistics
            .errors
            .iter()
            .any(|problem| problem.run_index == run.context.index);
        let row = OutcomeRow {
            // What could not be read may be any finding; what the application does not read any more, of any tool.
            complete: Some(run.complete && !has_errors && statistics.aborted.is_none()),
            ..OutcomeRow::new("run", 0)
        };
        row.with_columns(
            &[
                ("run_index", Value::Int(int(run.context.index))),
                ("tool_name", text(run.tool_name.as_deref())),
                ("automation_category", text(run.context.category.as_deref())),
            ],
            emit,
        )?;
    }
    if statistics.skipped > 0 {
        OutcomeRow::new("skipped", statistics.skipped).with_columns(&[], emit)?;
    }
    for problem in &statistics.errors {
        OutcomeRow::error(INVALID_PARAMETER, problem.reason).with_columns(
            &[
                ("run_index", Value::Int(int(problem.run_index))),
                ("result_index", Value::Int(int(problem.result_index))),
            ],
            emit,
        )?;
    }
    if let Some(run_index) = statistics.aborted {
        OutcomeRow::error(
            INVALID_PARAMETER,
            "the application cannot read this run, and stops at it",
        )
        .with_columns(&[("run_index", Value::Int(int(run_index)))], emit)?;
    }
    Ok(())
}

/// A text column that may be NULL.
pub(crate) fn text(text: Option<&str>) -> Value<'_> {
    text.map_or(Value::Null, Value::Text)
}

/// invalid_parameter_value.
pub(crate) const INVALID_PARAMETER: &str = "22023";

/// A row and the run that it is of.
type Of<'a, 'd> = (&'a RunRows<'d>, &'a Row<'d>);

/// Sorts out the rows that the options ask for; of the others only the fingerprint is handed out, and its kind, without which the
/// row that has it is not known in every table.
fn choose<'a, 'd>(
    run: &'a RunRows<'d>,
    rows: &'a [Row<'d>],
    options: &Options,
    wanted: &mut Vec<Of<'a, 'd>>,
    emit: Emit<'_>,
) -> Result<()> {
    wanted.try_reserve(rows.len()).map_err(|_| out_of_memory())?;
    for row in rows {
        if row.wanted(options) {
            wanted.push((run, row));
        } else {
            let outcome = if is_there(row) { "filtered" } else { "gone" };
            OutcomeRow::new(outcome, 1).with_columns(
                &[
                    ("fingerprint", Value::Text(row.fingerprint.as_str())),
                    ("fingerprint_kind", Value::Text(row.formula.as_str())),
                ],
                emit,
            )?;
        }
    }
    Ok(())
}

/// The rows to be stored, of sorted ones.
fn stored<'d>(wanted: &[Of<'_, 'd>], options: &Options, task: &Task<'_>, out: &mut impl Rows) -> Result<()> {
    let mut groups: Vec<&[Of<'_, 'd>]> = try_vec(wanted.len())?;
    groups.extend(wanted.chunk_by(|(_, a), (_, b)| a.fingerprint == b.fingerprint));
    let (new, used) = (out.maker(), out.used().after(OutcomeRow::COLUMNS.len()));
    let encode = |groups: &[&[Of<'_, 'd>]], send: &mut dyn FnMut(_) -> Result<()>| {
        let (mut batch, mut documents) = (new(), documents::Writer::new(task.memory, used));
        for group in groups {
            let Some((run, row)) = group.first() else { continue };
            let outcome = OutcomeRow::new("finding", group.len());
            let documents = documents.write(row, options)?;
            row.emit(&run.context, documents, used, &mut |finding| {
                outcome.with(finding, &mut |row| batch.push(row))
            })?;
            if batch.is_full() {
                send(std::mem::replace(&mut batch, new()))?;
            }
        }
        send(batch)
    };
    in_order(groups.chunks(CHUNK).collect(), task, encode, &mut |batch| {
        out.deliver(batch)
    })
}

/// Rows that a thread encodes at once.
const CHUNK: usize = 64;

/// Whether a result says that something is wrong in the code that was scanned.
fn is_there(row: &Row<'_>) -> bool {
    row.baseline_state != Some("absent")
        && matches!(row.judgement.kind, Kind::Fail | Kind::Open | Kind::Review)
}
