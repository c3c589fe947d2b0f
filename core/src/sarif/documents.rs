//! The columns of type jsonb, written when a row is handed out.

use std::borrow::Cow;

use crate::Result;
use crate::jsonb::{Object, Tree};

use super::options::Options;
use super::raw::{Raw, write_jsonb};
use super::row::{Rare, Row};

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
