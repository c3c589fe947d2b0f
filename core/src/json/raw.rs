//! Any part of a document, kept as it is.

use crate::Result;
use crate::jsonb::{self, Encoded, Numeric, RAW, Tree, Value};
use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// A value in JSON text or in jsonb bytes, borrowed from the document.
///
/// Reading one costs nothing from jsonb, and a scan to its end from text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Raw<'a> {
    /// Valid JSON text without white space around it.
    Text(&'a str),
    /// A value inside jsonb bytes.
    Jsonb(Value<'a>),
}

/// What a value is, without looking into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl<'a> Raw<'a> {
    /// What the value is.
    pub fn kind(&self) -> Kind {
        match self {
            Raw::Text(text) => match text.bytes().next() {
                Some(b'n') => Kind::Null,
                Some(b't' | b'f') => Kind::Bool,
                Some(b'"') => Kind::String,
                Some(b'[') => Kind::Array,
                Some(b'{') => Kind::Object,
                _ => Kind::Number,
            },
            Raw::Jsonb(value) => match value {
                Value::Null => Kind::Null,
                Value::Bool(_) => Kind::Bool,
                Value::Number(_) => Kind::Number,
                Value::String(_) => Kind::String,
                Value::Array(_) => Kind::Array,
                Value::Object(_) => Kind::Object,
            },
        }
    }

    /// How many bytes of the document it is, about.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Raw::Text(text) => text.len(),
            Raw::Jsonb(Value::String(text)) => text.len(),
            Raw::Jsonb(Value::Array(container) | Value::Object(container)) => container.as_bytes().len(),
            Raw::Jsonb(_) => 0,
        }
    }

    /// Reads a `T` from the value.
    ///
    /// # Errors
    /// As [`super::from_text`] and [`jsonb::from_slice`].
    pub fn read<T: Deserialize<'a>>(&self) -> Result<T> {
        match self {
            Raw::Text(text) => super::from_text(text),
            Raw::Jsonb(value) => Ok(T::deserialize(jsonb::Deserializer::new(*value))?),
        }
    }

    /// A number exactly: the token of a text, all digits of a jsonb number. `None` for anything else.
    pub fn number(&self) -> Option<Cow<'a, str>> {
        match self {
            Raw::Text(text) if self.kind() == Kind::Number => Some(Cow::Borrowed(text)),
            Raw::Jsonb(Value::Number(number)) => {
                let mut text = String::new();
                number.write_text(&mut text);
                Some(Cow::Owned(text))
            }
            _ => None,
        }
    }

    /// The value as a part of a document to be written.
    ///
    /// # Errors
    /// [`crate::ErrorKind::LimitExceeded`] beyond [`jsonb::MAX_DEPTH`].
    pub fn to_tree(&self) -> Result<Tree<'a>> {
        match self {
            Raw::Text(text) => Tree::parse(text),
            Raw::Jsonb(value) => Ok(Tree::Jsonb(*value)),
        }
    }

    /// The value as a jsonb payload of its own.
    ///
    /// # Errors
    /// As [`Tree::encode`].
    pub fn to_jsonb(&self) -> Result<Encoded> {
        self.to_tree()?.encode()
    }

    /// A digest that is equal exactly for values that are equal as jsonb, whether text or jsonb.
    ///
    /// # Errors
    /// As [`jsonb::digest_value`].
    pub fn digest(&self) -> Result<[u8; 32]> {
        match self {
            Raw::Text(text) => jsonb::digest_text(text),
            Raw::Jsonb(value) => jsonb::digest_value(value),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(RAW, RawVisitor)
    }
}

/// serde_json does not know [`RAW`] and offers itself; [`jsonb::Deserializer`] hands its value over in borrowed pieces.
struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let text: &'de RawValue = Deserialize::deserialize(deserializer)?;
        Ok(Raw::Text(text.get()))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Raw::Jsonb(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Raw::Jsonb(Value::Bool(value)))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Raw::Jsonb(Value::String(text.as_bytes())))
    }

    /// A number.
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let bytes = Deserialize::deserialize(deserializer)?;
        let number = Numeric::read(bytes).map_err(D::Error::custom)?;
        Ok(Raw::Jsonb(Value::Number(number)))
    }

    /// A container.
    fn visit_borrowed_bytes<E: serde::de::Error>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
        Value::root(bytes).map(Raw::Jsonb).map_err(E::custom)
    }
}
