//! A JSON value that stays where it is: a range of the text, or of the jsonb bytes.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde_json::value::RawValue;

use crate::json::{
    self,
    escape::{self, Replaced, unescape},
};
use crate::jsonb::{self, Numeric, Tree, Value};
use crate::{Result, Task};

use super::budget::Budget;
use super::number;
use super::read::{self, Read};

/// A value of the document, not read yet. Scalars are read when a question needs them, so what nobody asks for
/// costs nothing, and the number token, which floats would lose, is still there.
///
/// Small, because the model is made of these; [`json::Raw`] is the same with jsonb containers opened.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Raw<'d> {
    /// The member does not exist.
    #[default]
    Absent,
    /// JSON text without white space around it.
    Text(&'d str),
    /// jsonb: a null.
    Null,
    /// jsonb: a boolean.
    Bool(bool),
    /// jsonb: a string.
    String(&'d str),
    /// jsonb: a number, its varlena.
    Number(&'d [u8]),
    /// jsonb: an array or object, which is a payload of its own.
    Container(&'d [u8]),
}

/// How many bytes the lists within one small part of a result, such as its tags, may take.
const PART_LIMIT: usize = 64 << 20;

/// The JSON type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Absent,
    Null,
    Bool(bool),
    Number,
    Text,
    Array,
    Object,
}

impl<'d> From<&'d str> for Raw<'d> {
    /// Of the text of a value, without white space around it.
    fn from(text: &'d str) -> Self {
        Raw::Text(text)
    }
}

impl<'d> Deserialize<'d> for Raw<'d> {
    fn deserialize<D: Deserializer<'d>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(jsonb::RAW, RawVisitor)
    }
}

/// serde_json does not know [`jsonb::RAW`] and offers itself; [`jsonb::Deserializer`] hands its value over in borrowed pieces.
struct RawVisitor;

impl<'d> Visitor<'d> for RawVisitor {
    type Value = Raw<'d>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_newtype_struct<D: Deserializer<'d>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        <&'d RawValue>::deserialize(deserializer).map(|raw| Raw::Text(raw.get()))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Raw::Bool(value))
    }

    fn visit_borrowed_str<E>(self, text: &'d str) -> Result<Self::Value, E> {
        Ok(Raw::String(text))
    }

    fn visit_some<D: Deserializer<'d>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        Deserialize::deserialize(deserializer).map(Raw::Number)
    }

    fn visit_borrowed_bytes<E>(self, bytes: &'d [u8]) -> Result<Self::Value, E> {
        Ok(Raw::Container(bytes))
    }
}

impl<'d> Raw<'d> {
    /// The type, without reading the value.
    pub(crate) fn kind(self) -> Kind {
        match self {
            Raw::Absent => Kind::Absent,
            Raw::Text(text) => match text.as_bytes().first() {
                Some(b'"') => Kind::Text,
                Some(b'{') => Kind::Object,
                Some(b'[') => Kind::Array,
                Some(b't') => Kind::Bool(true),
                Some(b'f') => Kind::Bool(false),
                Some(b'n') => Kind::Null,
                Some(_) => Kind::Number,
                None => Kind::Absent,
            },
            Raw::Null => Kind::Null,
            Raw::Bool(value) => Kind::Bool(value),
            Raw::String(_) => Kind::Text,
            Raw::Number(_) => Kind::Number,
            Raw::Container(bytes) => match Value::root(bytes) {
                Ok(Value::Object(_)) => Kind::Object,
                _ => Kind::Array,
            },
        }
    }

    /// The value with jsonb containers opened; `None` when it is absent.
    fn open(self) -> Result<Option<json::Raw<'d>>> {
        Ok(Some(json::Raw::Jsonb(match self {
            Raw::Absent => return Ok(None),
            Raw::Text(text) => return Ok(Some(json::Raw::Text(text))),
            Raw::Null => Value::Null,
            Raw::Bool(value) => Value::Bool(value),
            Raw::String(text) => Value::String(text.as_bytes()),
            Raw::Number(bytes) => Value::Number(Numeric::read(bytes)?),
            Raw::Container(bytes) => Value::root(bytes)?,
        })))
    }

    /// Whether there is neither a member nor a value.
    pub(crate) fn is_none(self) -> bool {
        matches!(self.kind(), Kind::Absent | Kind::Null)
    }

    /// The string, sanitised: U+0000 and lone surrogates are U+FFFD. `None` when it is not a string.
    pub(crate) fn text(self) -> Option<Cow<'d, str>> {
        match self {
            Raw::Text(text) if text.starts_with('"') => Some(unescape(text)),
            Raw::String(text) => Some(Cow::Borrowed(text)),
            _ => None,
        }
    }

    /// The string, unless it is empty.
    pub(crate) fn filled(self) -> Option<Cow<'d, str>> {
        self.text().filter(|text| !text.is_empty())
    }

    /// The digits of a number as they are written. `None` when it is not a number.
    pub(crate) fn token(self) -> Option<Cow<'d, str>> {
        match self {
            Raw::Text(text) if self.kind() == Kind::Number => Some(Cow::Borrowed(text)),
            Raw::Number(_) => self.open().ok()??.number(),
            _ => None,
        }
    }

    /// The boolean, if it is one.
    pub(crate) fn boolean(self) -> Option<bool> {
        match self.kind() {
            Kind::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// A non-negative array index. `None`: absent, -1, or not an index.
    pub(crate) fn index(self) -> Index {
        match self.token() {
            Some(token) => match number::integer(&token) {
                number::Integer::Value(-1) => Index::Absent,
                number::Integer::Value(value) => usize::try_from(value).map_or(Index::Invalid, Index::At),
                _ => Index::Invalid,
            },
            None if self.is_none() => Index::Absent,
            None => Index::Invalid,
        }
    }

    /// Reads the value as `T`, which is lenient: whatever does not fit, or is larger than any real log has it, is `T`'s absence.
    pub(crate) fn read<T: Read<'d>>(self) -> T {
        self.try_read(&Budget::new(PART_LIMIT)).unwrap_or_default()
    }

    /// Reads the value as `T`.
    ///
    /// # Errors
    /// As [`Raw::read_into`].
    pub(crate) fn try_read<T: Read<'d>>(self, budget: &Budget) -> Result<T> {
        let mut value = T::default();
        self.read_into(&mut value, budget)?;
        Ok(value)
    }

    /// Replaces `value` by what is read; by a part of it on error.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidText`] for text that is not JSON, [`crate::ErrorKind::DataCorrupted`] for bytes that are not jsonb,
    /// [`crate::ErrorKind::OutOfMemory`] beyond the budget.
    pub(crate) fn read_into<T: Read<'d>>(self, value: &mut T, budget: &Budget) -> Result<()> {
        match self {
            Raw::Text(text) => read::from_text(value, text, budget),
            Raw::Absent => {
                *value = T::default();
                Ok(())
            }
            _ => match self.open()? {
                Some(json::Raw::Jsonb(from)) => read::from_jsonb(value, from, budget),
                _ => Ok(()),
            },
        }
    }

    /// The elements of an array; nothing for another type.
    pub(crate) fn elements(self) -> Vec<Raw<'d>> {
        match self.kind() {
            Kind::Array => self.read::<read::List<'d, Raw<'d>>>().items,
            _ => Vec::new(),
        }
    }

    /// The members of an object in jsonb's order (shorter names first, then by bytes), the last of equal names;
    /// nothing for another type. The order makes text and jsonb agree wherever the first match counts.
    pub(crate) fn members(self) -> Vec<(Cow<'d, str>, Raw<'d>)> {
        match self.kind() {
            Kind::Object => self.read::<read::Members<'d>>().sorted(),
            _ => Vec::new(),
        }
    }

    /// The member of an object, absent for another type.
    pub(crate) fn member(self, name: &str) -> Raw<'d> {
        let mut members = self.members().into_iter();
        members
            .find(|(key, _)| key == name)
            .map_or(Raw::Absent, |(_, value)| value)
    }

    /// A list of strings, or one string that stands for a list of one; other elements are left out.
    pub(crate) fn strings(self) -> Vec<Cow<'d, str>> {
        match self.kind() {
            Kind::Text => self.text().into_iter().collect(),
            Kind::Array => self.elements().into_iter().filter_map(Raw::text).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether it is a container without content, or an empty string.
    pub(crate) fn is_empty(self) -> bool {
        match self.kind() {
            Kind::Array | Kind::Object => match self {
                // Valid JSON: what does not close at once has content.
                Raw::Text(text) => text
                    .get(1..)
                    .is_some_and(|rest| rest.trim_ascii_start().starts_with([']', '}'])),
                Raw::Container(bytes) => matches!(
                    Value::root(bytes),
                    Ok(Value::Array(container) | Value::Object(container)) if container.is_empty()
                ),
                _ => false,
            },
            Kind::Text => self.filled().is_none(),
            Kind::Absent => true,
            _ => false,
        }
    }

    /// Whether Python takes the value for true.
    pub(crate) fn truthy(self) -> bool {
        match self.kind() {
            Kind::Absent | Kind::Null => false,
            Kind::Bool(value) => value,
            Kind::Number => self.token().and_then(|token| token.parse::<f64>().ok()) != Some(0.0),
            _ => !self.is_empty(),
        }
    }

    /// The value as JSON text.
    pub(crate) fn json(self) -> Option<Cow<'d, str>> {
        match self {
            Raw::Text(text) => Some(Cow::Borrowed(text)),
            _ => Some(Cow::Owned(jsonb::to_text(&self.jsonb().ok()??, usize::MAX).ok()?)),
        }
    }

    /// The value as a part of a document to be written; `None` when it is absent.
    pub(crate) fn tree(self) -> Result<Option<Tree<'d>>> {
        self.open()?.map(|raw| raw.to_tree()).transpose()
    }

    /// The value as a payload of jsonb, in place where it can be; `None` when it is absent or null.
    ///
    /// # Errors
    /// Those of [`jsonb::transcode`].
    pub(crate) fn jsonb(self) -> Result<Option<Cow<'d, [u8]>>> {
        match self {
            _ if self.is_none() => Ok(None),
            Raw::Container(bytes) => Ok(Some(Cow::Borrowed(bytes))),
            Raw::Text(text) => Ok(Some(Cow::Owned(jsonb::transcode(text)?))),
            _ => match self.tree()? {
                Some(tree) => Ok(Some(Cow::Owned(tree.encode()?.into_bytes()))),
                None => Ok(None),
            },
        }
    }

    /// What is equal where two values are equal as jsonb values are. Of values that are too deep for that only equal texts are
    /// equal; `None` equals nothing.
    pub(crate) fn sameness(self) -> Option<Sameness<'d>> {
        let digest = || self.open().ok()??.digest().ok();
        match (digest(), self) {
            (Some(digest), _) => Some(Sameness::Digest(digest)),
            (None, Raw::Text(text)) => Some(Sameness::Text(text)),
            _ => None,
        }
    }

    /// Whether the text holds an escape of U+0000 or of a lone surrogate: what PostgreSQL cannot store as jsonb.
    pub(crate) fn unstorable(self) -> bool {
        self.replaced() != Replaced::default()
    }

    /// Whether the text holds an escape of a lone surrogate.
    pub(crate) fn unpaired(self) -> bool {
        self.replaced().surrogate
    }

    fn replaced(self) -> Replaced {
        match self {
            Raw::Text(text) => escape::replaced(text),
            _ => Replaced::default(),
        }
    }
}

/// See [`Raw::sameness`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Sameness<'d> {
    Digest([u8; 32]),
    Text(&'d str),
}

/// Makes sure that there is memory for writing JSON texts as one jsonb.
///
/// # Errors
/// [`crate::ErrorKind::OutOfMemory`].
pub(crate) fn room_for_jsonb<'t>(texts: impl Iterator<Item = &'t str> + Clone, memory: usize) -> Result<()> {
    /// Less text is not worth a look.
    const SMALL: usize = 1 << 16;
    if texts.clone().map(str::len).sum::<usize>() > SMALL {
        room(
            texts.fold(0, |bytes, text| bytes.saturating_add(jsonb::transcode_size(text))),
            memory,
        )?;
    }
    Ok(())
}

/// Makes sure that there is memory for so many bytes of jsonb.
///
/// # Errors
/// [`crate::ErrorKind::OutOfMemory`].
pub(crate) fn room(bytes: usize, memory: usize) -> Result<()> {
    Task::new(1, memory, &|| false)
        .need("writing a part of the log as jsonb", Some(bytes))
        .map(drop)
}

/// An array index as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Index {
    /// Not stated, or -1.
    Absent,
    /// Of a wrong type, negative, or beyond any array.
    Invalid,
    /// A position.
    At(usize),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_sanitised() {
        let read = |literal: &'static str| Raw::Text(literal).text().unwrap().into_owned();
        assert_eq!(read(r#""a\"\\\/\b\f\n\r\t\u00e9""#), "a\"\\/\u{8}\u{c}\n\r\té");
        assert_eq!(read(r#""\ud83d\ude00""#), "\u{1F600}");
        assert_eq!(read(r#""a\u0000b\ud800c\udc00""#), "a\u{FFFD}b\u{FFFD}c\u{FFFD}");
        assert_eq!(read(r#""\ud800\ud83d\ude00""#), "\u{FFFD}\u{1F600}");
        assert!(matches!(
            Raw::Text(r#""plain""#).text(),
            Some(Cow::Borrowed("plain"))
        ));
        assert_eq!(Raw::Text("5").text(), None);
    }

    #[test]
    fn only_unstorable_escapes_are_reported() {
        assert!(Raw::Text(r#"{"a":"\u0000"}"#).unstorable());
        assert!(Raw::Text(r#"{"a":"\ud800"}"#).unstorable());
        assert!(!Raw::Text(r#"{"a":"\\u0000 \ud83d\ude00 \u00e9"}"#).unstorable());
    }

    #[test]
    fn members_come_in_the_order_of_jsonb() {
        let members = Raw::Text(r#"{"bb":1,"a":2,"aa":3,"a":4}"#).members();
        let names: Vec<_> = members
            .iter()
            .map(|(name, value)| (name.as_ref(), value.token().unwrap()))
            .collect();
        assert_eq!(names, [("a", "4".into()), ("aa", "3".into()), ("bb", "1".into())]);
    }

    #[test]
    fn indexes() {
        assert_eq!(Raw::Text("3.0").index(), Index::At(3));
        assert_eq!(Raw::Text("-1").index(), Index::Absent);
        assert_eq!(Raw::Text("null").index(), Index::Absent);
        assert_eq!(
            Raw::Text("1000000000000000000000000000000").index(),
            Index::Invalid
        );
        assert_eq!(Raw::Text("\"1\"").index(), Index::Invalid);
    }
}
