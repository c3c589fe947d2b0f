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
                    .map(|(row, value)| (value.fingerprint.prefix(), At { run, chunk, row })),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::sarif::{FingerprintKind, Mode, Source, findings};
    use crate::task::stopped_at;

    /// Occurrences and fingerprints of the rows of a run's results.
    fn numbered(results: &[String], options: &Options) -> Vec<(i64, String)> {
        let text = format!(r#"{{"runs":[{{"results":[{}]}}]}}"#, results.join(","));
        let task = Task::new(1, usize::MAX, &|| false);
        let mut rows = Vec::new();
        findings(Source::Text(&text), options, &task, &mut |row| {
            rows.push((row.occurrence.into(), row.fingerprint.to_string()));
            Ok(())
        })
        .expect("rows");
        rows
    }

    fn result(lines: &[u32]) -> String {
        let location = |line| {
            format!(
                r#"{{"physicalLocation":{{"artifactLocation":{{"uri":"a.c"}},"region":{{"startLine":{line}}}}}}}"#
            )
        };
        let locations: Vec<String> = lines.iter().map(location).collect();
        format!(
            r#"{{"ruleId":"R1","message":{{"text":"m"}},"locations":[{}]}}"#,
            locations.join(",")
        )
    }

    #[test]
    fn further_locations_are_counted_after_all_first_ones() {
        let results = [result(&[10, 1]), result(&[5, 20, 3])];
        let options = Options {
            per_location: true,
            ..Options::default()
        };
        let rows = numbered(&results, &options);
        let occurrences: Vec<_> = rows.iter().map(|row| row.0).collect();
        // Lines 10, 1 and 5, 20, 3: first 5 and 10, then 1, 3 and 20.
        assert_eq!(occurrences, [2, 3, 1, 5, 4]);
        // So a result has the same fingerprint as without them.
        let firsts = numbered(&results, &Options::default());
        assert_eq!(firsts, [rows[0].clone(), rows[2].clone()]);
    }

    /// Of the two fingerprints, found by trying rules one after the other, only the first eight digits are equal.
    #[test]
    fn fingerprints_that_begin_alike_are_different_findings() {
        let results =
            ["R65707", "R80682"].map(|rule| format!(r#"{{"ruleId":"{rule}","message":{{"text":"m"}}}}"#));
        let rows = numbered(&results, &Options::default());
        assert_eq!(rows[0].1[..8], rows[1].1[..8]);
        assert_ne!(rows[0].1, rows[1].1);
        assert_eq!((rows[0].0, rows[1].0), (1, 1));
    }

    /// They tell no occurrences apart: the second finding is the first one seen again.
    #[test]
    fn fingerprints_of_place_and_application_stay_those_of_the_first_occurrence() {
        let mode = |mode, fingerprint| Options {
            mode,
            fingerprint: Some(fingerprint),
            organization_id: Some("11111111-2222-3333-4444-555555555555".into()),
            ..Options::default()
        };
        for options in [
            mode(Mode::Compat, FingerprintKind::Compat),
            mode(Mode::Compat, FingerprintKind::Location),
            mode(Mode::Spec, FingerprintKind::Location),
            mode(Mode::Spec, FingerprintKind::Compat),
        ] {
            let (_, first) = numbered(&[result(&[10])], &options).remove(0);
            let rows = numbered(&[result(&[10]), result(&[10]), result(&[10])], &options);
            let expected = [1, 2, 3].map(|occurrence| (occurrence, first.clone()));
            assert_eq!(rows, expected, "{options:?}");
        }
    }

    #[test]
    fn a_large_group_can_be_stopped_on_the_way() {
        let stops_at = |look| {
            let members = (0..3 * POLL).map(|place| (place, Raw::Text("{}")));
            stopped_at(look, |task| numbers(members, task).map(|numbers| numbers.len()))
        };
        for look in 1..=3 {
            assert_eq!(stops_at(look), (Err(ErrorKind::Cancelled), look));
        }
        assert_eq!(stops_at(4), (Ok(3 * POLL), 3));
    }
}
