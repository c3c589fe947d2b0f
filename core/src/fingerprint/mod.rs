//! The published identities of a finding. A released formula never changes.
//!
//! Every formula here is a function of its arguments alone: no locale, no Unicode table, no setting. A change
//! is a new file with a new tag, because stored generated columns and unique indexes hold the old values.
//!
//! * [`compat`]: what the application has always stored: organisation, rule, path, line, column, message.
//! * [`content`]: survives moved lines; the default of `sarif_findings`.
//! * [`tool`]: built on a fingerprint that the tool itself wrote.
//! * [`location`]: path, line and rule; for generated columns that exist already.
//! * [`line_hashes`]: the hash per source line that GitHub code scanning calls `primaryLocationLineHash`.

pub mod compat;
pub mod content;
mod hex;
pub mod line_hashes;
pub mod location;
pub mod python_text;
pub mod tool;
pub mod uuid;

pub use hex::Hex64;

/// ASCII white space as every formula here means it: U+0009 to U+000D and U+0020, nothing else.
///
/// Not `is_ascii_whitespace`, which leaves out U+000B.
const fn is_space(byte: u8) -> bool {
    matches!(byte, 0x09..=0x0D | b' ')
}
