//! The columns of type jsonb, written when a row is handed out and somebody looks at them.

use std::borrow::Cow;
use std::ops::Range;

use crate::Result;
use crate::jsonb::{Object, Transcoder, Tree};
use crate::table::{UsedColumns, position};

use super::finding::Finding;
use super::options::Options;
use super::raw::{self, Raw};
use super::row::{Rare, Row};

/// The columns of type jsonb of one row.
#[derive(Debug, Default)]
pub(crate) struct Documents<'w> {
    pub(crate) suppressions: Option<&'w [u8]>,
    pub(crate) fingerprints: Option<&'w [u8]>,
    pub(crate) partial: Option<&'w [u8]>,
    pub(crate) metadata: Option<&'w [u8]>,
    pub(crate) raw: Option<&'w [u8]>,
}

/// Writes the documents of one row after the other.
pub(crate) struct Writer<'d> {
    transcoder: Transcoder<'d>,
    /// What is written for the row.
    out: Vec<u8>,
    /// What one document may take while it is written.
    memory: usize,
    /// Columns of [`Finding`].
    used: UsedColumns,
}

const SUPPRESSIONS: usize = position(Finding::COLUMNS, "suppressions");
const FINGERPRINTS: usize = position(Finding::COLUMNS, "tool_fingerprints");
const PARTIAL: usize = position(Finding::COLUMNS, "partial_fingerprints");
const METADATA: usize = position(Finding::COLUMNS, "metadata");
const RAW: usize = position(Finding::COLUMNS, "sarif_data");

/// Where a document is.
enum Part<'d> {
    None,
    /// In the log.
    Log(&'d [u8]),
    /// Among what is written.
    Written(Range<usize>),
}

impl<'d> Writer<'d> {
    /// Writes those of the used columns of [`Finding`].
    pub(crate) fn new(memory: usize, used: UsedColumns) -> Self {
        Writer {
            transcoder: Transcoder::default(),
            out: Vec::new(),
            memory,
            used,
        }
    }

    /// The columns that anybody looks at.
    pub(crate) fn used(&self) -> UsedColumns {
        self.used
    }

    /// The documents of a row.
    ///
    /// # Errors
    /// [`crate::ErrorKind::OutOfMemory`], and those of [`jsonb::transcode`].
    pub(crate) fn write(&mut self, row: &Row<'d>, options: &Options) -> Result<Documents<'_>> {
        self.out.clear();
        let rare = row.rare.as_deref();
        let suppressions = self.part(SUPPRESSIONS, rare.map_or(Raw::Absent, |rare| rare.suppressions))?;
        let fingerprints = self.part(FINGERPRINTS, row.fingerprints)?;
        let partial = self.part(PARTIAL, row.partial)?;
        let metadata = match rare {
            Some(rare) if self.used.contains(METADATA) => self.metadata(rare)?,
            _ => Part::None,
        };
        let raw = self.part(RAW, if options.raw() { row.raw } else { Raw::Absent })?;
        let out = self.out.as_slice();
        Ok(Documents {
            suppressions: suppressions.bytes(out),
            fingerprints: fingerprints.bytes(out),
            partial: partial.bytes(out),
            metadata: metadata.bytes(out),
            raw: raw.bytes(out),
        })
    }

    fn part(&mut self, column: usize, raw: Raw<'d>) -> Result<Part<'d>> {
        let start = self.start();
        match raw {
            // In this order: a document that nobody looks at may be far away in memory.
            _ if !self.used.contains(column) || raw.is_none() => return Ok(Part::None),
            Raw::Container(bytes) => return Ok(Part::Log(bytes)),
            Raw::Text(text) => {
                raw::room_for_jsonb([text].into_iter(), self.memory)?;
                self.transcoder.write(text, &mut self.out)?;
            }
            _ => {
                if let Some(tree) = raw.tree()? {
                    self.out.extend_from_slice(tree.encode()?.as_bytes());
                }
            }
        }
        Ok(Part::Written(start..self.out.len()))
    }

    /// The column `metadata`: one object of what the result has besides its columns.
    fn metadata(&mut self, rare: &Rare<'d>) -> Result<Part<'d>> {
        if rare.metadata.is_empty() && rare.other_locations.is_empty() {
            return Ok(Part::None);
        }
        let values = || {
            let members = rare.metadata.iter().map(|(_, raw)| raw);
            members.chain(&rare.other_locations)
        };
        let text = |raw: &Raw<'d>| match raw {
            Raw::Text(text) => *text,
            _ => "null",
        };
        raw::room_for_jsonb(values().map(text), self.memory)?;
        let start = self.start();
        let is_written = values().all(|raw| matches!(raw, Raw::Text(_))) && {
            let locations = rare.other_locations.iter().map(text);
            self.transcoder.write_object(
                rare.metadata.iter().map(|(name, raw)| (*name, text(raw))),
                (!rare.other_locations.is_empty()).then_some((LOCATIONS, locations)),
                &mut self.out,
            )?
        };
        if !is_written {
            // Encoded, and copied to the end of a vector that may double.
            let bytes = values().map(|raw| match raw {
                Raw::Container(bytes) => 3 * bytes.len(),
                _ => 0,
            });
            raw::room(bytes.sum(), self.memory)?;
            let encoded = metadata_tree(rare)?.encode()?;
            self.out.extend_from_slice(encoded.as_bytes());
        }
        Ok(Part::Written(start..self.out.len()))
    }

    /// Where the next document begins: a payload is laid out from a multiple of four.
    fn start(&mut self) -> usize {
        let start = self.out.len().next_multiple_of(4);
        self.out.resize(start, 0);
        start
    }
}

impl<'d> Part<'d> {
    fn bytes<'w>(self, written: &'w [u8]) -> Option<&'w [u8]>
    where
        'd: 'w,
    {
        match self {
            Part::None => None,
            Part::Log(bytes) => Some(bytes),
            Part::Written(range) => written.get(range),
        }
    }
}

/// The member of `metadata` that holds the locations without a row of their own.
const LOCATIONS: &str = "locations";

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
            Cow::Borrowed(LOCATIONS),
            Tree::Array(locations.collect::<Result<_>>()?),
        ));
    }
    Ok(Tree::Object(Object::new(members)))
}
