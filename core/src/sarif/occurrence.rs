//! Ordinals that tell findings of one identity apart.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::context::Context;
use super::options::Options;
use super::row::Row;

/// The rows of one run, in the chunks in which they were read.
pub(crate) struct RunRows<'d> {
    pub(crate) context: Context<'d>,
    /// The tool's name as the rows have it.
    pub(crate) tool_name: Option<Cow<'d, str>>,
    /// Whether what is not among the results can be taken as not found.
    pub(crate) complete: bool,
    pub(crate) chunks: Vec<Vec<Row<'d>>>,
}

/// A row's place; places compare in the order of the document.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct At {
    run: u32,
    chunk: u32,
    row: u32,
}

/// Numbers the rows of all runs. Until now each has the fingerprint of a first occurrence, which stands for its group.
pub(crate) fn number(runs: &mut [RunRows<'_>], options: &Options) {
    let mut order: Vec<(u64, At)> = Vec::new();
    for (run, rows) in (0..).zip(&*runs) {
        for (chunk, rows) in (0..).zip(&rows.chunks) {
            order.extend(
                (0..)
                    .zip(rows)
                    .map(|(row, value)| (prefix(value), At { run, chunk, row })),
            );
        }
    }
    let whole = |at: At| get(runs, at).map(|row| row.fingerprint);
    order.sort_unstable_by(|(a, at), (b, bt)| {
        a.cmp(b)
            .then_with(|| whole(*at).cmp(&whole(*bt)))
            .then_with(|| at.cmp(bt))
    });
    let mut groups: Vec<Vec<At>> = Vec::new();
    for group in order.chunk_by(|(a, at), (b, bt)| a == b && whole(*at) == whole(*bt)) {
        if group.len() > 1 {
            groups.push(group.iter().map(|(_, at)| *at).collect());
        }
    }
    for group in groups {
        number_group(runs, group, options);
    }
}

/// Eight of the fingerprint's digits as a number that compares quickly.
fn prefix(row: &Row<'_>) -> u64 {
    row.fingerprint
        .as_str()
        .as_bytes()
        .first_chunk()
        .map_or(0, |digits| u64::from_be_bytes(*digits))
}

fn number_group(runs: &mut [RunRows<'_>], mut members: Vec<At>, options: &Options) {
    let first = members.first().and_then(|at| get(runs, *at));
    let hashed = first.is_some_and(|row| row.formula.hashes_occurrence());
    if hashed {
        members.sort_by(|a, b| compare(runs, *a, *b));
    }
    let mut next = 0;
    let mut numbers: Vec<u32> = Vec::with_capacity(members.len());
    for (position, member) in members.iter().enumerate() {
        let repeated = if hashed {
            repetition(runs, &members[..position], *member)
        } else {
            None
        };
        let number = match repeated.and_then(|at| numbers.get(at)) {
            Some(number) => *number,
            None => {
                next += 1;
                next
            }
        };
        numbers.push(number);
    }
    for (at, number) in members.into_iter().zip(numbers) {
        let Some(run) = runs.get_mut(index(at.run)) else {
            continue;
        };
        let chunk = run.chunks.get_mut(index(at.chunk));
        let Some(row) = chunk.and_then(|chunk| chunk.get_mut(index(at.row))) else {
            continue;
        };
        row.occurrence = number;
        if hashed && number > 1 {
            let (_, fingerprint) = row.identity(&run.context).fingerprint(options, i64::from(number));
            row.fingerprint = fingerprint;
        }
    }
}

fn index(position: u32) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

fn get<'a, 'd>(runs: &'a [RunRows<'d>], at: At) -> Option<&'a Row<'d>> {
    runs.get(index(at.run))?
        .chunks
        .get(index(at.chunk))?
        .get(index(at.row))
}

/// The order in which members of a group are counted: further locations and absent results last, then by position.
fn compare(runs: &[RunRows<'_>], a: At, b: At) -> Ordering {
    let key = |at: At| {
        get(runs, at).map(|row| {
            let span = row.place.span;
            (
                row.location > 0,
                row.baseline_state == Some("absent"),
                (span.start_line, span.start_column, span.end_line, span.end_column),
                (at.run, row.result, row.location),
            )
        })
    };
    key(a).cmp(&key(b))
}

/// The earlier member whose result is equal as a JSON value, at the same location index.
fn repetition(runs: &[RunRows<'_>], earlier: &[At], member: At) -> Option<usize> {
    let row = get(runs, member)?;
    earlier.iter().rposition(|at| {
        get(runs, *at).is_some_and(|other| {
            // Equal results have equal regions, so most pairs need no look at the JSON.
            other.location == row.location && other.place == row.place && other.raw.equals(row.raw)
        })
    })
}
