//! Ordinals that tell findings of one identity apart.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::context::Context;
use super::options::Options;
use super::row::Row;

/// The rows of one run.
pub(crate) struct RunRows<'d> {
    pub(crate) context: Context<'d>,
    /// The tool's name as the rows have it.
    pub(crate) tool_name: Option<Cow<'d, str>>,
    /// Whether what is not among the results can be taken as not found.
    pub(crate) complete: bool,
    pub(crate) rows: Vec<Row<'d>>,
}

/// A row's place: run and position.
#[derive(Clone, Copy)]
struct At {
    run: usize,
    row: usize,
}

/// Numbers the rows of all runs. Until now each has the fingerprint of a first occurrence, which stands for its group.
pub(crate) fn number(runs: &mut [RunRows<'_>], options: &Options) {
    let mut order: Vec<([u8; 64], At)> = Vec::new();
    for (run, rows) in runs.iter().enumerate() {
        let keys = rows.rows.iter().enumerate();
        order.extend(keys.map(|(row, value)| (bytes(value), At { run, row })));
    }
    // Stable: within a group the rows stay in the order of the document.
    order.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut rest = order.as_slice();
    while let Some((first, _)) = rest.first() {
        let size = rest.iter().take_while(|(key, _)| key == first).count();
        let (group, after) = rest.split_at(size);
        rest = after;
        if size > 1 {
            let members: Vec<At> = group.iter().map(|(_, at)| *at).collect();
            number_group(runs, members, options);
        }
    }
}

fn bytes(row: &Row<'_>) -> [u8; 64] {
    row.fingerprint.as_str().as_bytes().try_into().unwrap_or([0; 64])
}

fn number_group(runs: &mut [RunRows<'_>], mut members: Vec<At>, options: &Options) {
    let hashed = get(runs, members[0]).is_some_and(|row| row.formula.hashes_occurrence());
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
        let Some(run) = runs.get_mut(at.run) else { continue };
        let Some(row) = run.rows.get_mut(at.row) else {
            continue;
        };
        row.occurrence = number;
        if hashed && number > 1 {
            let (_, fingerprint) = row.identity(&run.context).fingerprint(options, i64::from(number));
            row.fingerprint = fingerprint;
        }
    }
}

fn get<'a, 'd>(runs: &'a [RunRows<'d>], at: At) -> Option<&'a Row<'d>> {
    runs.get(at.run)?.rows.get(at.row)
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
