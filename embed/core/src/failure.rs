//! Everything that can go wrong, once: its class, what PostgreSQL shows of it, and whether to try again.

use std::fmt;
use std::time::Duration;

/// The class of a failure. The extension maps each to one SQLSTATE (`embed/src/failure.rs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// A setting is missing or cannot be used: no endpoint, no key, an unreadable file (55000).
    Settings,
    /// The endpoint's address is private and not allowed, or the scheme is (42501).
    Address,
    /// No connection, no answer in time, an answer that was cut off, or an error of the server's, 5xx (08006).
    Connection,
    /// The server's limits, 429 (53400).
    RateLimited,
    /// The server does not accept the key: 401, 403 (28000).
    Denied,
    /// The server does not accept the request: any other 4xx, or a redirect (22023).
    Refused,
    /// A text that no request is made for: empty, or too large for one (22023).
    Text,
    /// The reply breaks the protocol: no JSON, another number of vectors, NaN (38000).
    Reply,
    /// The caller asked to stop (57014).
    Cancelled,
}

/// A failure, of one text, of one request, or of all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The class.
    pub kind: FailureKind,
    /// What was wrong: lower-case, no full stop, without key and without text.
    pub message: String,
    /// What the server said beside: its code, and its message where that was asked for.
    pub detail: Option<String>,
    /// The HTTP status, where there was a reply.
    pub status: Option<u16>,
    /// How long the server wants to be left alone.
    pub retry_after: Option<Duration>,
    /// The same request may succeed later.
    pub is_temporary: bool,
}

impl Failure {
    /// A failure that lasts.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Failure {
            kind,
            message: message.into(),
            detail: None,
            status: None,
            retry_after: None,
            is_temporary: false,
        }
    }

    /// A failure after which the same request may succeed.
    pub fn temporary(kind: FailureKind, message: impl Into<String>) -> Self {
        Failure {
            is_temporary: true,
            ..Failure::new(kind, message)
        }
    }

    /// The caller asked to stop.
    #[must_use]
    pub fn cancelled() -> Self {
        Failure::new(FailureKind::Cancelled, "cancelled")
    }

    /// Adds what the server said.
    #[must_use]
    pub fn detail(self, detail: Option<String>) -> Self {
        Failure { detail, ..self }
    }

    /// No other request would fare better.
    #[must_use]
    pub fn concerns_all(&self) -> bool {
        matches!(
            self.kind,
            FailureKind::Settings | FailureKind::Address | FailureKind::Denied | FailureKind::Cancelled
        )
    }

    /// One of the texts may be the cause, or that they are too many: smaller requests may fare better.
    #[must_use]
    pub fn may_be_one_text(&self) -> bool {
        matches!(self.status, Some(400 | 413 | 422))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.detail {
            Some(detail) => write!(f, " ({detail})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}
