//! What `reviewpro_embed` does, without PostgreSQL: texts become vectors by requests to an endpoint that speaks the
//! protocol of OpenAI's embeddings.
//!
//! * [`settings`]: where requests go, with which key, and within which limits.
//! * [`batch`]: texts divided among requests.
//! * [`message`]: the bodies of requests and replies.
//! * [`client`]: one request over HTTP; [`connect`] opens its connections, [`address`] says which are allowed.
//! * [`pool`]: many requests at once, with retries, in the order of the texts.
//! * [`retry`]: how long to wait before the next attempt.
//! * [`limits`]: requests and tokens a minute, in memory that processes may share.
//! * [`failure`]: everything that can go wrong, once.

#![forbid(unsafe_code)]

pub mod address;
pub mod batch;
pub mod client;
pub mod clock;
pub mod connect;
pub mod failure;
pub mod limits;
pub mod message;
pub mod pool;
pub mod retry;
pub mod settings;

pub use failure::{Failure, FailureKind};
pub use settings::{Secret, Settings};

/// The result of everything here that can fail.
pub type Result<T, E = Failure> = std::result::Result<T, E>;
