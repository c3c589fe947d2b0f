//! jsonb as one more serde data format.

use super::container::{Children, Container, Value, corrupted};
use super::number::Numeric;
use super::{MAX_DEPTH, MAX_TEXT, render, too_deep};
use crate::{Error, ErrorKind};
use serde::de::value::{BorrowedBytesDeserializer, BorrowedStrDeserializer, StringDeserializer};
use serde::de::{self, Deserialize, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// The name under which [`crate::json::Raw`] asks for a value as it is, without copying.
pub(crate) const RAW: &str = "$reviewpro_core::json::Raw";

/// The name under which `serde_json::value::RawValue` asks for JSON text; the test below notices a change.
const RAW_VALUE: &str = "$serde_json::private::RawValue";

/// Reads a `T` from the payload of a jsonb value.
///
/// # Errors
/// [`ErrorKind::DataCorrupted`] when the bytes contradict themselves, [`ErrorKind::LimitExceeded`] beyond
/// [`MAX_DEPTH`], [`ErrorKind::InvalidEncoding`], and [`ErrorKind::InvalidParameter`] when `T` is not in there.
pub fn from_slice<'de, T: Deserialize<'de>>(payload: &'de [u8]) -> crate::Result<T> {
    let root = Value::root(payload)?;
    Ok(T::deserialize(Deserializer::new(root))?)
}

/// Why reading stopped. Boxed, because it travels through every call of a visitor.
#[derive(Debug)]
pub struct ReadError(Box<Error>);

impl From<Error> for ReadError {
    #[cold]
    fn from(error: Error) -> Self {
        ReadError(Box::new(error))
    }
}

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Self {
        *error.0
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ReadError {}

impl de::Error for ReadError {
    #[cold]
    fn custom<T: fmt::Display>(message: T) -> Self {
        Error::new(ErrorKind::InvalidParameter, message.to_string()).into()
    }
}

type Result<T> = std::result::Result<T, ReadError>;

/// Reads one value. Copying it is free, and so is passing over it.
#[derive(Clone, Copy, Debug)]
pub struct Deserializer<'de> {
    value: Value<'de>,
    /// How many more containers may open.
    depth: usize,
}

impl<'de> Deserializer<'de> {
    /// Reads `value`.
    pub fn new(value: Value<'de>) -> Self {
        Deserializer {
            value,
            depth: MAX_DEPTH,
        }
    }

    /// The depth left inside a container.
    fn deeper(self) -> Result<usize> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(depth),
            None => Err(too_deep().into()),
        }
    }
}

/// Hands a number over as serde_json does: an integer if it is written as one and fits, a double otherwise.
fn visit_number<'de, V: Visitor<'de>>(number: Numeric<'de>, visitor: V) -> Result<V::Value> {
    let integer = number.to_integer();
    if let Some(value) = integer.and_then(|value| u64::try_from(value).ok()) {
        visitor.visit_u64(value)
    } else if let Some(value) = integer.and_then(|value| i64::try_from(value).ok()) {
        visitor.visit_i64(value)
    } else {
        visitor.visit_f64(number.to_f64())
    }
}

impl<'de> de::Deserializer<'de> for Deserializer<'de> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(number) => visit_number(number, visitor),
            Value::String(bytes) => visitor.visit_borrowed_str(Value::text(bytes)?),
            Value::Array(array) => visitor.visit_seq(Elements {
                children: array.elements(),
                depth: self.deeper()?,
            }),
            Value::Object(object) => visitor.visit_map(Pairs::new(object, self.deeper()?)?),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value> {
        match (name, self.value) {
            (RAW, Value::Number(number)) => {
                visitor.visit_some(BorrowedBytesDeserializer::new(number.as_bytes()))
            }
            (RAW, Value::Array(container) | Value::Object(container)) => {
                visitor.visit_borrowed_bytes(container.as_bytes())
            }
            (RAW, _) => self.deserialize_any(visitor),
            (RAW_VALUE, value) => {
                let mut text = String::new();
                render::write(&value, &mut text, MAX_TEXT)?;
                visitor.visit_map(RawText(Some(text)))
            }
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.value {
            Value::String(bytes) => visitor.visit_borrowed_bytes(bytes),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        match self.value {
            Value::String(bytes) => {
                BorrowedStrDeserializer::new(Value::text(bytes)?).deserialize_enum(name, variants, visitor)
            }
            // Only unit variants exist here; the visitor names what it expected.
            _ => self.deserialize_any(visitor),
        }
    }

    /// Nothing is read: the next value's place is known from the entries.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string unit unit_struct seq tuple
        tuple_struct map struct identifier
    }
}

/// The elements of an array.
struct Elements<'de> {
    children: Children<'de>,
    depth: usize,
}

impl<'de> SeqAccess<'de> for Elements<'de> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        let Some(value) = self.children.next() else {
            return Ok(None);
        };
        seed.deserialize(Deserializer {
            value: value?,
            depth: self.depth,
        })
        .map(Some)
    }

    // No size hint: a hostile count must not reserve memory.
}

/// The keys and values of an object.
struct Pairs<'de> {
    keys: Children<'de>,
    values: Children<'de>,
    depth: usize,
}

impl<'de> Pairs<'de> {
    fn new(object: Container<'de>, depth: usize) -> Result<Self> {
        let (keys, values) = object.pairs()?;
        Ok(Pairs { keys, values, depth })
    }
}

impl<'de> MapAccess<'de> for Pairs<'de> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        match self.keys.next().transpose()? {
            None => Ok(None),
            Some(Value::String(key)) => seed
                .deserialize(BorrowedStrDeserializer::new(Value::text(key)?))
                .map(Some),
            Some(_) => Err(corrupted("a key is not a string").into()),
        }
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value> {
        let Some(value) = self.values.next() else {
            return Err(corrupted("an object has more keys than values").into());
        };
        seed.deserialize(Deserializer {
            value: value?,
            depth: self.depth,
        })
    }
}

/// JSON text in the shape that `RawValue` expects: a map of one pair.
struct RawText(Option<String>);

impl<'de> MapAccess<'de> for RawText {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        match self.0 {
            Some(_) => seed
                .deserialize(BorrowedStrDeserializer::new(RAW_VALUE))
                .map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value> {
        let text = self.0.take().unwrap_or_default();
        seed.deserialize(StringDeserializer::new(text))
    }
}
