//! JSON documents before they have a meaning: bytes to text, text to parts, parts kept as they are.
//!
//! * [`decode`]: bytes (UTF-8, UTF-16, gzip) to text.
//! * [`mend`]: escapes that no PostgreSQL text can hold become U+FFFD, once, before anything is parsed.
//! * [`split`]: finds the results of a SARIF log without parsing it, so that threads can share the parsing.
//! * [`from_text`]: reads a type from JSON text, with errors that name line and column.
//! * [`to_value`]: a part as serde_json's tree, for where a tree is needed.
//! * [`Raw`]: any part of a document, text or jsonb, kept without copying.

mod decode;
pub(crate) mod escape;
mod mend;
mod raw;
mod split;
mod structure;
mod value;

pub use decode::{decode, is_gzip, utf8};
pub use mend::{Mended, mend};
pub use raw::{Kind, Raw};
pub use split::{Split, split};
pub(crate) use structure::plain_length;
pub use value::to_value;

use crate::jsonb::MAX_DEPTH;
use crate::{Error, ErrorKind, Result};
use serde::Deserialize;

/// Reads a `T` from JSON text.
///
/// # Errors
/// [`ErrorKind::InvalidText`] with line and column for text that is not JSON; [`ErrorKind::InvalidParameter`] for JSON that is no `T`.
pub fn from_text<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T> {
    serde_json::from_str(text).map_err(from_serde_json)
}

/// The error for a document whose brackets nest beyond [`MAX_DEPTH`].
fn too_deep() -> Error {
    Error::new(
        ErrorKind::InvalidText,
        format!("JSON is nested deeper than {MAX_DEPTH} levels"),
    )
}

/// serde_json's error with our class and its place as detail.
pub fn from_serde_json(error: serde_json::Error) -> Error {
    let kind = match error.classify() {
        serde_json::error::Category::Data => ErrorKind::InvalidParameter,
        _ => ErrorKind::InvalidText,
    };
    let place = format!(" at line {} column {}", error.line(), error.column());
    let message = error.to_string();
    let message = message.strip_suffix(&place).unwrap_or(&message);
    let message = match kind {
        // The end where a document should begin: an empty file, or one that was not found.
        _ if error.is_eof() && error.line() == 1 && error.column() == 0 => {
            "invalid input syntax for JSON: the document is empty".into()
        }
        ErrorKind::InvalidText => format!("invalid input syntax for JSON: {message}"),
        _ => message.to_owned(),
    };
    let error_at = Error::new(kind, message);
    if error.line() == 0 {
        return error_at;
    }
    error_at.detail(format!("Line {}, column {}.", error.line(), error.column()))
}
