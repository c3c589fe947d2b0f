//! Containers and their children: every access checked, nothing copied.

use super::number::Numeric;
use super::{
    CONTAINER, COUNT, FALSE, HAS_OFFSET, IS_ARRAY, IS_OBJECT, IS_SCALAR, NULL, NUMERIC, OFFSET_OR_LENGTH,
    STRING, TRUE, TYPE,
};
use crate::{Error, ErrorKind, Result};

/// One JSON value inside jsonb bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// The bytes of a string, in the database's encoding. Not yet known to be valid: see [`Value::text`].
    String(&'a [u8]),
    /// A decimal number.
    Number(Numeric<'a>),
    /// An array.
    Array(Container<'a>),
    /// An object.
    Object(Container<'a>),
}

/// An array or object inside jsonb bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Container<'a> {
    bytes: &'a [u8],
    entries: &'a [[u8; 4]],
    data: &'a [u8],
    len: usize,
    is_object: bool,
}

impl<'a> Value<'a> {
    /// The root of a payload.
    ///
    /// # Errors
    /// [`ErrorKind::DataCorrupted`] when the bytes are not jsonb.
    pub fn root(payload: &'a [u8]) -> Result<Self> {
        let (container, is_scalar) = Container::open(payload)?;
        if !is_scalar {
            return Ok(container.into_value());
        }
        if container.is_object || container.len != 1 {
            return Err(corrupted("a scalar root is not an array of one element"));
        }
        let (value, _) = container.child(0, 0)?;
        match value {
            Value::Array(_) | Value::Object(_) => Err(corrupted("a scalar root is a container")),
            scalar => Ok(scalar),
        }
    }

    /// The text of a string's bytes.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidEncoding`] with the byte's offset in the string.
    pub fn text(bytes: &'a [u8]) -> Result<&'a str> {
        std::str::from_utf8(bytes).map_err(|error| {
            Error::new(ErrorKind::InvalidEncoding, "string in jsonb is not valid UTF-8").detail(format!(
                "The invalid byte is at offset {} of the string.",
                error.valid_up_to()
            ))
        })
    }
}

impl<'a> Container<'a> {
    /// Checks header and entries; also says whether the scalar flag is set.
    fn open(bytes: &'a [u8]) -> Result<(Self, bool)> {
        let header = match bytes.first_chunk() {
            Some(word) => u32::from_le_bytes(*word),
            None => return Err(corrupted("a container has no header")),
        };
        let is_object = match (header & IS_OBJECT != 0, header & IS_ARRAY != 0) {
            (true, false) => true,
            (false, true) => false,
            _ => return Err(corrupted("a container is neither array nor object")),
        };
        // 28 bits: neither product overflows.
        let len = (header & COUNT) as usize;
        let children = if is_object { 2 * len } else { len };
        let (Some(entries), Some(data)) = (bytes.get(4..4 + 4 * children), bytes.get(4 + 4 * children..))
        else {
            return Err(corrupted("a container is shorter than its entries"));
        };
        let container = Container {
            bytes,
            entries: entries.as_chunks().0,
            data,
            len,
            is_object,
        };
        Ok((container, header & IS_SCALAR != 0))
    }

    fn into_value(self) -> Value<'a> {
        if self.is_object {
            Value::Object(self)
        } else {
            Value::Array(self)
        }
    }

    /// Elements of an array, pairs of an object.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The container's own bytes: the payload of a jsonb value that holds just this.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The elements of an array, in order. For an object: its keys.
    pub fn elements(&self) -> Children<'a> {
        Children {
            container: *self,
            next: 0,
            end: self.len,
            offset: 0,
        }
    }

    /// Keys and values of an object, in key order.
    ///
    /// # Errors
    /// [`ErrorKind::DataCorrupted`].
    pub(super) fn pairs(&self) -> Result<(Children<'a>, Children<'a>)> {
        let values = Children {
            container: *self,
            next: self.len,
            end: self.entries.len(),
            offset: self.offset(self.len)?,
        };
        Ok((self.elements(), values))
    }

    /// The members of an object, in key order.
    ///
    /// # Errors
    /// [`ErrorKind::DataCorrupted`], here and from the iterator; [`ErrorKind::InvalidEncoding`] for a key.
    pub fn members(&self) -> Result<impl Iterator<Item = Result<(&'a str, Value<'a>)>> + use<'a>> {
        let (keys, values) = self.pairs()?;
        Ok(keys.zip(values).map(|(key, value)| match key? {
            Value::String(key) => Ok((Value::text(key)?, value?)),
            _ => Err(corrupted("a key is not a string")),
        }))
    }

    /// Where child `index` starts: lengths are added backwards until an entry holds an end offset.
    fn offset(&self, index: usize) -> Result<usize> {
        let mut offset = 0_usize;
        for word in self.entries.iter().take(index).rev() {
            let entry = u32::from_le_bytes(*word);
            offset += (entry & OFFSET_OR_LENGTH) as usize;
            if entry & HAS_OFFSET != 0 {
                break;
            }
            if offset > self.data.len() {
                return Err(corrupted("entries reach beyond their container"));
            }
        }
        Ok(offset)
    }

    /// Child `index` that starts at `start`, and where the next one starts.
    fn child(&self, index: usize, start: usize) -> Result<(Value<'a>, usize)> {
        let entry = match self.entries.get(index) {
            Some(word) => u32::from_le_bytes(*word),
            None => return Err(corrupted("a container has fewer children than it says")),
        };
        let offset_or_length = (entry & OFFSET_OR_LENGTH) as usize;
        let end = if entry & HAS_OFFSET != 0 {
            offset_or_length
        } else {
            start + offset_or_length
        };
        let bytes = |from: usize| {
            self.data
                .get(from..end)
                .ok_or_else(|| corrupted("a value reaches beyond its container"))
        };
        let value = match entry & TYPE {
            STRING => Value::String(bytes(start)?),
            NUMERIC => Value::Number(Numeric::read(bytes(start.next_multiple_of(4))?)?),
            CONTAINER => match Container::open(bytes(start.next_multiple_of(4))?)? {
                (_, true) => return Err(corrupted("a scalar root is inside a document")),
                (container, false) => container.into_value(),
            },
            scalar => {
                bytes(start)?;
                match scalar {
                    NULL => Value::Null,
                    FALSE => Value::Bool(false),
                    TRUE => Value::Bool(true),
                    _ => return Err(corrupted("a value has an unknown type")),
                }
            }
        };
        Ok((value, end))
    }
}

/// Children of a container, one after the other.
#[derive(Clone, Debug)]
pub struct Children<'a> {
    container: Container<'a>,
    next: usize,
    end: usize,
    offset: usize,
}

impl<'a> Iterator for Children<'a> {
    type Item = Result<Value<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.end {
            return None;
        }
        match self.container.child(self.next, self.offset) {
            Ok((value, end)) => {
                self.next += 1;
                self.offset = end;
                Some(Ok(value))
            }
            Err(error) => {
                self.next = self.end;
                Some(Err(error))
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let rest = self.end.saturating_sub(self.next);
        (rest, Some(rest))
    }
}

pub(super) fn corrupted(what: &str) -> Error {
    Error::new(ErrorKind::DataCorrupted, "jsonb value is corrupted").detail(format!("Internally, {what}."))
}
