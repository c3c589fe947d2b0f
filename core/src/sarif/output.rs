//! Finished rows on their way out: jsonb columns are written by other threads while rows are handed out in order.

use std::borrow::Cow;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crate::jsonb::{Object, Tree};
use crate::{Error, ErrorKind, Result, Task};

use super::finding::Finding;
use super::findings::Statistics;
use super::occurrence::RunRows;
use super::options::Options;
use super::raw::{Raw, write_jsonb};
use super::row::{Rare, Row};

/// Chunks that a thread may be ahead of the rows handed out.
const AHEAD: usize = 4;

/// The columns of type jsonb of one row.
#[derive(Debug, Default)]
pub(crate) struct Documents<'d> {
    pub(crate) suppressions: Option<Cow<'d, [u8]>>,
    pub(crate) fingerprints: Option<Cow<'d, [u8]>>,
    pub(crate) partial: Option<Cow<'d, [u8]>>,
    pub(crate) metadata: Option<Cow<'d, [u8]>>,
    pub(crate) raw: Option<Cow<'d, [u8]>>,
}

impl<'d> Documents<'d> {
    pub(crate) fn of(row: &Row<'d>, options: &Options, memory: usize) -> Result<Self> {
        let rare = row.rare.as_deref();
        Ok(Documents {
            suppressions: rare.map_or(Raw::Absent, |rare| rare.suppressions).jsonb(memory)?,
            fingerprints: row.fingerprints.jsonb(memory)?,
            partial: row.partial.jsonb(memory)?,
            metadata: rare.map(|rare| metadata(rare, memory)).transpose()?.flatten(),
            raw: if options.raw() {
                row.raw.jsonb(memory)?
            } else {
                None
            },
        })
    }
}

/// The column `metadata`: one object of what the result has besides its columns.
fn metadata(rare: &Rare<'_>, memory: usize) -> Result<Option<Cow<'static, [u8]>>> {
    let is_text = |raw: &Raw<'_>| matches!(raw, Raw::Text(_));
    if rare.metadata.is_empty() && rare.other_locations.is_empty() {
        Ok(None)
    } else if rare
        .metadata
        .iter()
        .map(|(_, raw)| raw)
        .chain(&rare.other_locations)
        .all(is_text)
    {
        write_jsonb(&metadata_text(rare), memory).map(|payload| Some(Cow::Owned(payload)))
    } else {
        let encoded = metadata_tree(rare)?.encode()?;
        Ok(Some(Cow::Owned(encoded.into_bytes())))
    }
}

fn metadata_text(rare: &Rare<'_>) -> String {
    let mut out = String::from("{");
    let mut separator = "";
    for (name, raw) in &rare.metadata {
        out.extend([separator, "\"", name, "\":", &text(raw)]);
        separator = ",";
    }
    if !rare.other_locations.is_empty() {
        out.extend([separator, "\"locations\":["]);
        for (at, raw) in rare.other_locations.iter().enumerate() {
            out.extend([if at > 0 { "," } else { "" }, &text(raw)]);
        }
        out.push(']');
    }
    out.push('}');
    out
}

fn text<'d>(raw: &Raw<'d>) -> Cow<'d, str> {
    raw.json().unwrap_or(Cow::Borrowed("null"))
}

fn metadata_tree<'d>(rare: &Rare<'d>) -> Result<Tree<'d>> {
    let mut members = Vec::new();
    for (name, value) in &rare.metadata {
        if let Some(tree) = value.tree()? {
            members.push((Cow::Borrowed(*name), tree));
        }
    }
    if !rare.other_locations.is_empty() {
        let locations = rare
            .other_locations
            .iter()
            .filter_map(|raw| raw.tree().transpose());
        members.push((
            Cow::Borrowed("locations"),
            Tree::Array(locations.collect::<Result<_>>()?),
        ));
    }
    Ok(Tree::Object(Object::new(members)))
}

/// The documents of a chunk of rows; none for rows that are not wanted.
type Batch<'d> = Result<Vec<Option<Documents<'d>>>>;

fn batch<'d>(rows: &[Row<'d>], options: &Options, memory: usize) -> Batch<'d> {
    let documents = |row: &Row<'d>| {
        row.wanted(options)
            .then(|| Documents::of(row, options, memory))
            .transpose()
    };
    rows.iter().map(documents).collect()
}

/// Hands out the wanted rows in order.
///
/// # Errors
/// Those of `emit` and of writing jsonb, and [`ErrorKind::Cancelled`].
pub(crate) fn hand_out(
    runs: &[RunRows<'_>],
    options: &Options,
    task: &Task<'_>,
    statistics: &mut Statistics,
    emit: &mut dyn FnMut(&Finding<'_>) -> Result<()>,
) -> Result<()> {
    let chunks: Vec<_> = runs
        .iter()
        .flat_map(|run| run.chunks.iter().map(move |rows| (run, rows)))
        .collect();
    let helpers = (task.threads - 1).min(chunks.len() / AHEAD);
    std::thread::scope(|scope| {
        let mut channels: Vec<Receiver<Batch<'_>>> = Vec::new();
        for first in 0..helpers {
            let (sender, receiver) = sync_channel(AHEAD);
            let chunks = &chunks;
            let work = move || {
                write(
                    chunks.iter().skip(first).step_by(helpers).map(|(_, rows)| rows),
                    &sender,
                    options,
                    task.memory,
                )
            };
            if std::thread::Builder::new().spawn_scoped(scope, work).is_err() {
                channels.clear();
                break;
            }
            channels.push(receiver);
        }
        for (at, (run, rows)) in chunks.iter().enumerate() {
            task.check()?;
            let documents = match channels.get(at % helpers.max(1)) {
                None => batch(rows, options, task.memory)?,
                Some(channel) => channel
                    .recv()
                    .map_err(|_| Error::new(ErrorKind::Internal, "a thread has panicked"))??,
            };
            for (row, documents) in rows.iter().zip(documents) {
                match documents {
                    Some(documents) => {
                        row.emit(&run.context, documents, emit)?;
                        statistics.rows += 1;
                    }
                    None => statistics.filtered += usize::from(row.location == 0),
                }
            }
        }
        Ok(())
    })
}

/// Writes the documents of the given chunks until nobody wants them any more.
fn write<'a, 'd: 'a>(
    chunks: impl Iterator<Item = &'a &'a Vec<Row<'d>>>,
    sender: &SyncSender<Batch<'d>>,
    options: &Options,
    memory: usize,
) {
    for rows in chunks {
        if sender.send(batch(rows, options, memory)).is_err() {
            break;
        }
    }
}
