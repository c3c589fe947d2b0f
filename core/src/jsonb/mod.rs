//! PostgreSQL's binary JSON, read and written in place.
//!
//! A `jsonb` value is a tree of containers. A container is a 32-bit header (28 bits of count, three flags), one 32-bit entry per
//! child, and the children's bytes. An entry holds a type and either the child's length or, every 32nd time, its end. An object
//! has all its keys first, sorted by length and then by bytes, and then the values in the same order. Numbers and containers start at a
//! multiple of four from the payload's start, and the padding belongs to the child
//! (`src/include/utils/jsonb.h`, `src/backend/utils/adt/jsonb_util.c`).
//!
//! * [`Value`] and [`Container`] walk the bytes; every access is checked, and nothing is copied.
//! * [`Deserializer`] makes them a serde format, so that one model reads JSON text and jsonb alike.
//! * [`Tree`] is a document to be written: parsed from JSON text, or put together by hand; [`Encoded`] are its bytes.
//! * [`Numeric`] is PostgreSQL's decimal number on disk.
//!
//! All functions here take and give the *payload* of the varlena, without its 4-byte header.

mod container;
mod digest;
mod number;
mod parse;
mod reader;
mod render;
mod token;
mod transcode;
mod tree;

pub use container::{Container, Value};
pub use digest::{digest_text, digest_value};
pub use number::Numeric;
pub use reader::{Deserializer, ReadError, from_slice};
pub use render::to_text;
pub(crate) use token::numeric;
pub use token::numeric_payload;
pub(crate) use transcode::Transcoder;
pub use transcode::{transcode, transcode_size};
pub use tree::{Encoded, Object, Tree};

pub(crate) use reader::RAW;

#[cfg(test)]
mod tests;

#[cfg(target_endian = "big")]
compile_error!("jsonb is read as a little-endian server writes it");

/// How deep containers may nest. Readers and writers recurse, so there has to be a limit; SARIF needs about 20 levels.
pub const MAX_DEPTH: usize = 256;

/// Longest text made of a value: PostgreSQL's own limit of a field. Numbers such as `1e131071` print long.
const MAX_TEXT: usize = 0x3FFF_FFFF;

/// Count of a container's children, or of an object's pairs.
const COUNT: u32 = 0x0FFF_FFFF;
/// The container is the array of one element that wraps a scalar root.
const IS_SCALAR: u32 = 0x1000_0000;
const IS_OBJECT: u32 = 0x2000_0000;
const IS_ARRAY: u32 = 0x4000_0000;

/// Length or end offset of a child.
const OFFSET_OR_LENGTH: u32 = 0x0FFF_FFFF;
const TYPE: u32 = 0x7000_0000;
/// The entry holds the end offset instead of the length.
const HAS_OFFSET: u32 = 0x8000_0000;
/// Every how many entries an offset is stored.
const OFFSET_STRIDE: usize = 32;

const STRING: u32 = 0x0000_0000;
const NUMERIC: u32 = 0x1000_0000;
const FALSE: u32 = 0x2000_0000;
const TRUE: u32 = 0x3000_0000;
const NULL: u32 = 0x4000_0000;
const CONTAINER: u32 = 0x5000_0000;

fn too_deep() -> crate::Error {
    crate::Error::new(
        crate::ErrorKind::LimitExceeded,
        format!("JSON is nested deeper than {MAX_DEPTH} levels"),
    )
}
