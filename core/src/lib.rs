//! What `reviewpro_pg` does, without PostgreSQL.
//!
//! Data travels one way: the extension hands over bytes or numbers, a function of this crate computes,
//! the extension turns the answer into rows. Nothing here knows who calls it.
//!
//! * [`sarif`]: SARIF 2.1.0 logs become findings, runs, rules, problems.
//! * [`json`]: JSON documents before they have a meaning: decoding, splitting, parts kept raw.
//! * [`jsonb`]: PostgreSQL's binary JSON read and written in place, as one more serde data format.
//! * [`fingerprint`]: the published identities of a finding; frozen once released.
//! * [`cluster`]: embeddings become clusters, with scikit-learn's labels.
//! * [`chart`]: small charts made of characters.
//! * [`report`]: findings as one page for people, HTML or Markdown.
//! * [`table`]: rows as named, typed columns: all that the extension has to know of them.
//! * [`progress`]: how far a computation has come.
//! * [`task`]: what a computation may use (threads, memory) and how it is told to stop.
//! * [`error`]: everything that can go wrong, once.

pub mod chart;
pub mod cluster;
pub mod error;
pub mod fingerprint;
pub mod json;
pub mod jsonb;
pub mod progress;
pub mod report;
pub mod sarif;
pub mod table;
pub mod task;

pub use error::{Error, ErrorKind, Result};
pub use task::Task;
