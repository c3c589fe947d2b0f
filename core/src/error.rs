//! Everything that can go wrong, once: what was wrong, where, and the way out.

use std::fmt;

/// The class of an error. The extension maps each to one SQLSTATE (`src/bridge/report.rs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Text that is not JSON: truncated, malformed, trailing characters, too deep for the format (22P02).
    InvalidText,
    /// Bytes that are not what they claim to be: broken gzip, cut UTF-16 (22P03).
    InvalidBinary,
    /// Bytes that are not valid text in their encoding (22021).
    InvalidEncoding,
    /// A parameter or document outside its allowed values: unknown mode, eps <= 0, not a SARIF log (22023).
    InvalidParameter,
    /// Values that cannot be computed with: NaN or infinity in a vector (22000).
    InvalidData,
    /// A NULL where a value is needed, such as an element of a vector (22004).
    NullNotAllowed,
    /// An array whose shape does not fit: wrong number of dimensions or of elements (2202E).
    ArrayShape,
    /// A fixed limit was passed: nesting depth, size of a field (54000).
    LimitExceeded,
    /// The memory allowed for one call does not suffice, or the system has none (53200).
    OutOfMemory,
    /// Stored bytes contradict themselves (XX001).
    DataCorrupted,
    /// The caller asked to stop (57014). Never reported as such: the extension raises the pending interrupt.
    Cancelled,
    /// A defect of this crate (XX000).
    Internal,
}

/// An error with the texts that PostgreSQL shows: lower-case message with the offending value, a place, a way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The class.
    pub kind: ErrorKind,
    /// What was wrong: lower-case, no full stop, with the offending value.
    pub message: String,
    /// Where: a JSON pointer, line and column, byte offset, or element index.
    pub detail: Option<String>,
    /// The way out, where there is one.
    pub hint: Option<String>,
}

/// The result of everything here that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of the given class.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error {
            kind,
            message: message.into(),
            detail: None,
            hint: None,
        }
    }

    /// Adds the place.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds the way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The caller asked to stop.
    pub fn cancelled() -> Self {
        Error::new(ErrorKind::Cancelled, "computation was cancelled")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.detail {
            Some(detail) => write!(f, " ({detail})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}
