//! jsonb as text, as PostgreSQL prints it.

use super::container::Value;
use super::{MAX_DEPTH, too_deep};
use crate::{Error, ErrorKind, Result};

/// The canonical text of a payload: what `jsonb_out` prints, in at most `max_bytes` bytes.
///
/// A number such as `1e131071` takes 131,072 characters, hence the limit.
///
/// # Errors
/// [`ErrorKind::DataCorrupted`], [`ErrorKind::InvalidEncoding`], [`ErrorKind::LimitExceeded`] for depth and length.
pub fn to_text(payload: &[u8], max_bytes: usize) -> Result<String> {
    let mut out = String::new();
    write(&Value::root(payload)?, &mut out, max_bytes)?;
    Ok(out)
}

/// Appends the canonical text of a value to a text of at most `max_bytes` bytes.
pub(super) fn write(value: &Value<'_>, out: &mut String, max_bytes: usize) -> Result<()> {
    Writer { out, max_bytes }.value(value, MAX_DEPTH)
}

struct Writer<'a> {
    out: &'a mut String,
    max_bytes: usize,
}

impl Writer<'_> {
    fn value(&mut self, value: &Value<'_>, depth: usize) -> Result<()> {
        match value {
            Value::Null => self.out.push_str("null"),
            Value::Bool(true) => self.out.push_str("true"),
            Value::Bool(false) => self.out.push_str("false"),
            Value::Number(number) => {
                self.reserve(number.text_len())?;
                number.write_text(self.out);
            }
            Value::String(bytes) => {
                self.reserve(bytes.len())?;
                write_string(Value::text(bytes)?, self.out);
            }
            Value::Array(array) => {
                let depth = depth.checked_sub(1).ok_or_else(too_deep)?;
                self.out.push('[');
                for (index, element) in array.elements().enumerate() {
                    if index > 0 {
                        self.out.push_str(", ");
                    }
                    self.value(&element?, depth)?;
                }
                self.out.push(']');
            }
            Value::Object(object) => {
                let depth = depth.checked_sub(1).ok_or_else(too_deep)?;
                self.out.push('{');
                for (index, member) in object.members()?.enumerate() {
                    let (key, value) = member?;
                    if index > 0 {
                        self.out.push_str(", ");
                    }
                    self.reserve(key.len())?;
                    write_string(key, self.out);
                    self.out.push_str(": ");
                    self.value(&value, depth)?;
                }
                self.out.push('}');
            }
        }
        self.reserve(0)
    }

    /// Asks whether `more` bytes still fit.
    fn reserve(&self, more: usize) -> Result<()> {
        if self.out.len().saturating_add(more) <= self.max_bytes {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::LimitExceeded,
            format!("JSON text would be longer than {} bytes", self.max_bytes),
        ))
    }
}

/// Appends a JSON string with the escapes that PostgreSQL's `escape_json` uses.
pub(super) fn write_string(text: &str, out: &mut String) {
    out.push('"');
    let mut copied = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            0x08 => "\\b",
            0x0C => "\\f",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..0x20 => "",
            _ => continue,
        };
        out.push_str(&text[copied..at]);
        out.push_str(escape);
        if escape.is_empty() {
            out.push_str(&format!("\\u{byte:04x}"));
        }
        copied = at + 1;
    }
    out.push_str(&text[copied..]);
    out.push('"');
}
