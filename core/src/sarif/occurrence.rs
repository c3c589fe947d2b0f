//! Ordinals that tell findings of one identity apart.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::Hash;

use crate::task::try_vec;
use crate::{Result, Task};

use super::context::Context;
use super::options::Options;
use super::raw::Raw;
use super::row::Row;

/// Members numbered between two looks at the stop signal.
const POLL: usize = 256;

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
///
/// # Errors
/// [`crate::ErrorKind::OutOfMemory`], [`crate::ErrorKind::Cancelled`].
pub(crate) fn number(runs: &mut [RunRows<'_>], options: &Options, task: &Task<'_>) -> Result<()> {
    let count = runs.iter().flat_map(|run| &run.chunks).map(Vec::len).sum();
    let mut order: Vec<(u64, At)> = try_vec(count)?;
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
        number_group(runs, group, options, task)?;
    }
    Ok(())
}

/// Eight of the fingerprint's digits as a number that compares quickly.
fn prefix(row: &Row<'_>) -> u64 {
    row.fingerprint
        .as_str()
        .as_bytes()
        .first_chunk()
        .map_or(0, |digits| u64::from_be_bytes(*digits))
}

fn number_group(
    runs: &mut [RunRows<'_>],
    mut members: Vec<At>,
    options: &Options,
    task: &Task<'_>,
) -> Result<()> {
    let first = members.first().and_then(|at| get(runs, *at));
    let hashed = first.is_some_and(|row| row.formula.hashes_occurrence());
    if hashed {
        members.sort_by(|a, b| compare(runs, *a, *b));
    }
    let numbers: Vec<u32> = if hashed {
        // Equal results at the same location index are at the same place.
        let rows = members.iter().filter_map(|at| get(runs, *at));
        numbers(rows.map(|row| ((row.location, row.place), row.raw)), task)?
    } else {
        (1..).take(members.len()).collect()
    };
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
    Ok(())
}

/// Numbers from 1 in the order of the members, of which those that are equal JSON values at one place share a number. The values are
/// looked at where several members are at one place.
///
/// # Errors
/// [`crate::ErrorKind::Cancelled`].
pub(crate) fn numbers<'d, P: Copy + Eq + Hash>(
    members: impl Iterator<Item = (P, Raw<'d>)> + Clone,
    task: &Task<'_>,
) -> Result<Vec<u32>> {
    let mut at_place: HashMap<P, usize> = HashMap::new();
    for (place, _) in members.clone() {
        *at_place.entry(place).or_default() += 1;
    }
    let mut numbers = Vec::new();
    let mut known = HashMap::new();
    let mut last = 0;
    for (at, (place, raw)) in members.enumerate() {
        if at % POLL == 0 {
            task.check()?;
        }
        let mut next = || {
            last += 1;
            last
        };
        let crowded = at_place.get(&place).is_some_and(|count| *count > 1);
        numbers.push(match crowded.then(|| raw.sameness()).flatten() {
            Some(same) => *known.entry((place, same)).or_insert_with(next),
            None => next(),
        });
    }
    Ok(numbers)
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
