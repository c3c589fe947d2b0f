//! SARIF 2.1.0 logs become findings, runs, rules and problems.
//!
//! A document is read through one lenient model (`model`), in which scalars stay in place (`raw`). What the results of a run
//! share is resolved once (`context`, `rule`, `location`); each result becomes a row (`row`) by one question per file
//! (`level`, `message`, `region`, `taxonomy`, `suppression`, `identity`); ordinals are counted over the whole document
//! (`occurrence`) before the rows are handed out ([`findings`]). [`validate`] judges a log instead of reading it.

mod budget;
mod compat;
mod context;
mod count;
mod document;
mod documents;
mod estimate;
mod finding;
mod findings;
mod identity;
mod in_order;
mod inline;
mod level;
mod location;
mod lookup;
mod message;
mod model;
mod notification;
mod number;
mod objects;
mod occurrence;
mod options;
mod outcome;
mod raw;
mod read;
mod region;
mod results;
mod roots;
mod row;
mod rule;
mod rules;
mod runs;
mod summary;
mod suppression;
mod taxonomy;
mod time;
mod uri;
pub mod validate;
mod warning;

pub use document::Source;
pub use estimate::count_results;
pub use finding::Finding;
pub use findings::{Problem, Statistics, findings, findings_in_batches};
pub use level::{Level, Severity, Source as SeveritySource};
pub use objects::{Fingerprinted, fingerprints, objects};
pub use options::{FingerprintKind, Kind, Mode, Options, Suppressed, Words, uri_bases};
pub use outcome::{OutcomeRow, outcomes};
pub use rules::{Rule, rules};
pub use runs::{Run, runs};
pub use summary::summary;
pub use warning::Warning;
