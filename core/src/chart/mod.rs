//! Small charts made of characters, for terminals and reports.
//!
//! * [`bar`](mod@bar): one value as a bar.
//! * [`sparkline`](mod@sparkline): a series on one line.
//! * [`histogram`](mod@histogram): how values are spread.

mod bar;
mod histogram;
mod sparkline;

pub use bar::bar;
pub use histogram::{Bucket, histogram};
pub use sparkline::{Scale, sparkline};

use crate::{Error, ErrorKind, Result};

/// The characters that a chart is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// Block elements, in eighths of a character.
    Blocks,
    /// For terminals and fonts that have no block elements.
    Ascii,
}

impl Charset {
    /// What an argument `ascii` stands for.
    #[must_use]
    pub fn ascii(ascii: bool) -> Self {
        if ascii { Charset::Ascii } else { Charset::Blocks }
    }
}

/// An argument that must be from 1 to `most`.
fn from_one(name: &str, value: i32, most: usize) -> Result<usize> {
    match usize::try_from(value) {
        Ok(value) if (1..=most).contains(&value) => Ok(value),
        _ => Err(Error::new(
            ErrorKind::InvalidParameter,
            format!("{name} must be from 1 to {most}, not {value}"),
        )),
    }
}
