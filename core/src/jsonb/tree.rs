//! Documents to be written, and their jsonb bytes.

use super::container::Value;
use super::parse::parse;
use super::token;
use super::{
    CONTAINER, COUNT, FALSE, HAS_OFFSET, IS_ARRAY, IS_OBJECT, IS_SCALAR, MAX_DEPTH, NULL, NUMERIC,
    OFFSET_OR_LENGTH, OFFSET_STRIDE, STRING, TRUE, too_deep,
};
use crate::json::Raw;
use crate::{Error, ErrorKind, Result};
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;

/// A JSON value to be written as jsonb.
#[derive(Clone, Debug)]
pub enum Tree<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as a JSON token.
    Number(Cow<'a, str>),
    /// A string. U+0000 is written as U+FFFD: jsonb has none.
    String(Cow<'a, str>),
    /// An array.
    Array(Vec<Tree<'a>>),
    /// An object.
    Object(Object<'a>),
    /// A part of a jsonb value, copied as it is.
    Jsonb(Value<'a>),
}

/// The members of an object in jsonb's order: shorter keys first, then by bytes; one per key.
#[derive(Clone, Debug, Default)]
pub struct Object<'a>(Vec<(Cow<'a, str>, Tree<'a>)>);

impl<'a> Object<'a> {
    /// Of members in any order; the last one of a key wins.
    pub fn new(mut members: Vec<(Cow<'a, str>, Tree<'a>)>) -> Self {
        let order = |a: &(Cow<'a, str>, Tree<'a>), b: &(Cow<'a, str>, Tree<'a>)| {
            (a.0.len(), a.0.as_bytes()).cmp(&(b.0.len(), b.0.as_bytes()))
        };
        for (key, _) in &mut members {
            if key.contains('\0') {
                *key = Cow::Owned(key.replace('\0', "\u{FFFD}"));
            }
        }
        // Later members first among equal keys: `dedup` keeps the first.
        members.reverse();
        members.sort_by(order);
        members.dedup_by(|a, b| a.0 == b.0);
        Object(members)
    }

    /// The members.
    pub fn members(&self) -> &[(Cow<'a, str>, Tree<'a>)] {
        &self.0
    }

    /// The members, owned.
    pub fn into_members(self) -> Vec<(Cow<'a, str>, Tree<'a>)> {
        self.0
    }
}

impl<'a, K: Into<Cow<'a, str>>> FromIterator<(K, Tree<'a>)> for Object<'a> {
    fn from_iter<I: IntoIterator<Item = (K, Tree<'a>)>>(members: I) -> Self {
        Object::new(
            members
                .into_iter()
                .map(|(key, value)| (key.into(), value))
                .collect(),
        )
    }
}

impl From<bool> for Tree<'_> {
    fn from(value: bool) -> Self {
        Tree::Bool(value)
    }
}

impl From<i64> for Tree<'_> {
    fn from(value: i64) -> Self {
        Tree::Number(value.to_string().into())
    }
}

impl<'a> From<&'a str> for Tree<'a> {
    fn from(text: &'a str) -> Self {
        Tree::String(text.into())
    }
}

impl From<String> for Tree<'_> {
    fn from(text: String) -> Self {
        Tree::String(text.into())
    }
}

impl<'a, T: Into<Tree<'a>>> From<Option<T>> for Tree<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Tree::Null, Into::into)
    }
}

impl<'a> From<Object<'a>> for Tree<'a> {
    fn from(object: Object<'a>) -> Self {
        Tree::Object(object)
    }
}

impl<'a> FromIterator<Tree<'a>> for Tree<'a> {
    fn from_iter<I: IntoIterator<Item = Tree<'a>>>(elements: I) -> Self {
        Tree::Array(elements.into_iter().collect())
    }
}

impl<'a> Tree<'a> {
    /// The document of a JSON text, borrowing from it what has no escapes. Escapes of U+0000 and of lone surrogates are
    /// read as U+FFFD.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidText`], and [`ErrorKind::LimitExceeded`] beyond [`MAX_DEPTH`].
    pub fn parse(text: &'a str) -> Result<Self> {
        parse(text)
    }

    /// The jsonb bytes, as PostgreSQL would write them.
    ///
    /// # Errors
    /// [`ErrorKind::LimitExceeded`] for what jsonb cannot hold: a string or container above 268,435,455 bytes, a number beyond
    /// `numeric`, more than [`MAX_DEPTH`] levels.
    pub fn encode(&self) -> Result<Encoded> {
        let mut out = Vec::new();
        let is_container = matches!(
            self,
            Tree::Array(_) | Tree::Object(_) | Tree::Jsonb(Value::Array(_) | Value::Object(_))
        );
        if is_container {
            self.write(&mut out, MAX_DEPTH)?;
        } else {
            // A scalar root is wrapped into an array of one element.
            out.extend_from_slice(&(1 | IS_ARRAY | IS_SCALAR).to_le_bytes());
            out.extend_from_slice(&[0; 4]);
            let entry = self.write(&mut out, MAX_DEPTH)?;
            let mut total = 0;
            store_entry(&mut out, 4, 0, entry, &mut total)?;
        }
        Ok(Encoded(out))
    }

    /// At least as many bytes as [`Tree::write`] appends for the value itself, its children apart.
    fn own_bytes(&self) -> usize {
        let padding = 8;
        padding
            + match self {
                Tree::Null | Tree::Bool(_) => 0,
                // U+0000 becomes U+FFFD.
                Tree::String(text) => text.len() + 2 * memchr::memchr_iter(0, text.as_bytes()).count(),
                Tree::Number(token) => token.len(),
                Tree::Array(elements) => 4 * elements.len(),
                Tree::Object(Object(members)) => members.iter().map(|(key, _)| 8 + key.len()).sum::<usize>(),
                Tree::Jsonb(value) => match value {
                    Value::Null | Value::Bool(_) => 0,
                    Value::String(bytes) => bytes.len(),
                    Value::Number(number) => number.as_bytes().len(),
                    Value::Array(container) | Value::Object(container) => container.as_bytes().len(),
                },
            }
    }

    /// Appends the value's bytes, with padding in front where it needs alignment; returns its entry.
    fn write(&self, out: &mut Vec<u8>, depth: usize) -> Result<u32> {
        out.try_reserve(self.own_bytes())
            .map_err(|_| crate::task::out_of_memory())?;
        let start = out.len();
        let kind = match self {
            Tree::Null => NULL,
            Tree::Bool(value) => bool_type(*value),
            Tree::String(text) => {
                write_string(text, out);
                STRING
            }
            Tree::Number(token) => {
                pad(out);
                token::write(token, out)?;
                NUMERIC
            }
            Tree::Array(elements) => {
                let depth = depth.checked_sub(1).ok_or_else(too_deep)?;
                pad(out);
                let mut container = ContainerWriter::begin(out, elements.len(), elements.len(), IS_ARRAY)?;
                for element in elements {
                    let entry = element.write(out, depth)?;
                    container.entry(out, entry)?;
                }
                CONTAINER
            }
            Tree::Object(Object(members)) => {
                let depth = depth.checked_sub(1).ok_or_else(too_deep)?;
                pad(out);
                let mut container = ContainerWriter::begin(out, members.len(), 2 * members.len(), IS_OBJECT)?;
                for (key, _) in members {
                    let start = out.len();
                    out.extend_from_slice(key.as_bytes());
                    let entry = entry(STRING, out.len() - start)?;
                    container.entry(out, entry)?;
                }
                for (_, value) in members {
                    let entry = value.write(out, depth)?;
                    container.entry(out, entry)?;
                }
                CONTAINER
            }
            Tree::Jsonb(value) => write_value(value, out),
        };
        entry(kind, out.len() - start)
    }
}

/// Copies a value that is jsonb already; returns its type.
fn write_value(value: &Value<'_>, out: &mut Vec<u8>) -> u32 {
    match value {
        Value::Null => NULL,
        Value::Bool(value) => bool_type(*value),
        Value::String(bytes) => {
            out.extend_from_slice(bytes);
            STRING
        }
        Value::Number(number) => {
            pad(out);
            out.extend_from_slice(number.as_bytes());
            NUMERIC
        }
        Value::Array(container) | Value::Object(container) => {
            pad(out);
            out.extend_from_slice(container.as_bytes());
            CONTAINER
        }
    }
}

pub(super) const fn bool_type(value: bool) -> u32 {
    if value { TRUE } else { FALSE }
}

/// Appends a string's bytes without U+0000.
pub(super) fn write_string(text: &str, out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\0') {
        out.extend_from_slice(before.as_bytes());
        out.extend_from_slice("\u{FFFD}".as_bytes());
        rest = after;
    }
    out.extend_from_slice(rest.as_bytes());
}

/// Zeros up to the next multiple of four.
pub(super) fn pad(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(4), 0);
}

pub(super) fn entry(kind: u32, length: usize) -> Result<u32> {
    match u32::try_from(length) {
        Ok(length) if length <= OFFSET_OR_LENGTH => Ok(kind | length),
        _ => Err(too_large()),
    }
}

/// Stores the entry of child `index` at `at`, and adds its length to `total`; every 32nd holds the end instead.
pub(super) fn store_entry(
    out: &mut [u8],
    at: usize,
    index: usize,
    entry: u32,
    total: &mut u32,
) -> Result<()> {
    *total += entry & OFFSET_OR_LENGTH;
    if *total > OFFSET_OR_LENGTH {
        return Err(too_large());
    }
    let stored = if index.is_multiple_of(OFFSET_STRIDE) {
        (entry & !OFFSET_OR_LENGTH) | HAS_OFFSET | *total
    } else {
        entry
    };
    if let Some(slot) = out.get_mut(at..at + 4) {
        slot.copy_from_slice(&stored.to_le_bytes());
    }
    Ok(())
}

/// Fills in the entries of a container while its children are appended.
pub(super) struct ContainerWriter {
    entries: usize,
    index: usize,
    total: u32,
}

impl ContainerWriter {
    /// Appends the header and room for the entries.
    pub(super) fn begin(out: &mut Vec<u8>, count: usize, children: usize, flag: u32) -> Result<Self> {
        let header = match u32::try_from(count) {
            Ok(count) if count <= COUNT => count | flag,
            _ => return Err(too_large()),
        };
        out.extend_from_slice(&header.to_le_bytes());
        let entries = out.len();
        out.resize(entries + 4 * children, 0);
        Ok(ContainerWriter {
            entries,
            index: 0,
            total: 0,
        })
    }

    pub(super) fn entry(&mut self, out: &mut [u8], entry: u32) -> Result<()> {
        store_entry(
            out,
            self.entries + 4 * self.index,
            self.index,
            entry,
            &mut self.total,
        )?;
        self.index += 1;
        Ok(())
    }
}

fn too_large() -> Error {
    Error::new(ErrorKind::LimitExceeded, "value is too large for jsonb").detail(format!(
        "A string, array or object holds at most {OFFSET_OR_LENGTH} bytes."
    ))
}

/// The payload of a jsonb value, without the varlena header.
///
/// It can be read from JSON text and from jsonb: the raw copy of a part of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded(Vec<u8>);

impl Encoded {
    /// The payload.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The payload.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl<'de> Deserialize<'de> for Encoded {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Raw::deserialize(deserializer)?
            .to_jsonb()
            .map_err(serde::de::Error::custom)
    }
}
