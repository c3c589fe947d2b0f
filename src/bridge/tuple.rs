//! Rows as tuples, formed on any thread.
//!
//! A [`TupleBatch`] is plain memory: tuples as `heap_fill_tuple` (`access/common/heaptuple.c`) lays them out, so that the main thread has
//! nothing to do but to copy each into the tuplestore.

use std::borrow::Cow;

use pgrx::pg_sys;
use reviewpro_core::table::{Batch, Type, UsedColumns, Value};
use reviewpro_core::{Error, ErrorKind, Result, jsonb};

use super::value::MAX_ALLOC_SIZE;

/// Microseconds from the Unix epoch to PostgreSQL's, 2000-01-01.
pub(super) const UNIX_TO_POSTGRES: i64 = 946_684_800_000_000;

/// The size of a tuple's header, `SizeofHeapTupleHeader`.
const HEADER: usize = std::mem::offset_of!(pg_sys::HeapTupleHeaderData, t_bits);
const INFOMASK2: usize = std::mem::offset_of!(pg_sys::HeapTupleHeaderData, t_infomask2);
const INFOMASK: usize = std::mem::offset_of!(pg_sys::HeapTupleHeaderData, t_infomask);
const HOFF: usize = std::mem::offset_of!(pg_sys::HeapTupleHeaderData, t_hoff);
/// Where the null bitmap begins.
const BITMAP: usize = HEADER;
/// `MAXALIGN`
const MAX_ALIGN: usize = 8;
/// Values of at most so many bytes, their header included, get the header of one byte: `VARATT_SHORT_MAX`.
const SHORT_MAX: usize = 0x7F;

/// The SQL type of a column of the core's.
pub(super) fn type_oid(ty: Type) -> pg_sys::Oid {
    match ty {
        Type::Bool => pg_sys::BOOLOID,
        Type::Int => pg_sys::INT4OID,
        Type::BigInt => pg_sys::INT8OID,
        Type::Float => pg_sys::FLOAT8OID,
        Type::Numeric => pg_sys::NUMERICOID,
        Type::Text => pg_sys::TEXTOID,
        Type::Texts => pg_sys::TEXTARRAYOID,
        Type::Reals => pg_sys::FLOAT4ARRAYOID,
        Type::Jsonb => pg_sys::JSONBOID,
        Type::Timestamp => pg_sys::TIMESTAMPTZOID,
    }
}

/// Tuples of one row type on their way to the tuplestore.
pub(crate) struct TupleBatch {
    /// Columns of the row type. It may have more than a row has values, which are NULL, or fewer: then the last values
    /// are left out.
    columns: usize,
    /// Those of which anybody sees the value: the others become NULL.
    used: UsedColumns,
    memory: Vec<u8>,
    /// Where each tuple begins and ends.
    tuples: Vec<(usize, usize)>,
}

impl TupleBatch {
    /// Batches of about this many bytes keep all threads busy and memory small.
    const FULL: usize = 256 << 10;

    pub(crate) fn new(columns: usize, used: UsedColumns) -> Self {
        TupleBatch {
            columns,
            used,
            memory: Vec::new(),
            tuples: Vec::new(),
        }
    }

    /// The tuples, headers included.
    pub(crate) fn tuples(&self) -> impl Iterator<Item = &[u8]> {
        self.tuples
            .iter()
            .filter_map(|(start, end)| self.memory.get(*start..*end))
    }

    fn form(&mut self, start: usize, row: &[Value<'_>]) -> Result<()> {
        let values = row.get(..self.columns).unwrap_or(row);
        let used = self.used;
        let is_null = |(column, value): (usize, &Value<'_>)| *value == Value::Null || !used.contains(column);
        let has_nulls = values.len() < self.columns || values.iter().enumerate().any(is_null);
        let bitmap = if has_nulls { self.columns.div_ceil(8) } else { 0 };
        let data = (HEADER + bitmap).next_multiple_of(MAX_ALIGN);
        self.memory.resize(start + data, 0);
        let mut mask = 0;
        for (column, value) in values.iter().enumerate() {
            if is_null((column, value)) {
                continue;
            }
            mask |= self.append(start, value)?;
            if has_nulls {
                self.memory[start + BITMAP + column / 8] |= 1 << (column % 8);
            }
        }
        if has_nulls {
            mask |= pg_sys::HEAP_HASNULL;
        }
        let header = &mut self.memory[start..start + data];
        // At most 1664 columns, and flags of 16 bits: nothing is cut off.
        header[INFOMASK2..INFOMASK2 + 2].copy_from_slice(&(self.columns as u16).to_ne_bytes());
        header[INFOMASK..INFOMASK + 2].copy_from_slice(&(mask as u16).to_ne_bytes());
        header[HOFF] = data as u8;
        limit(self.memory.len() - start)
    }

    /// Appends a value that is not NULL; returns the flags of its kind.
    fn append(&mut self, start: usize, value: &Value<'_>) -> Result<u32> {
        match *value {
            Value::Null => return Ok(0),
            Value::Bool(value) => self.memory.push(u8::from(value)),
            Value::Int(value) => self.aligned(start, &value.to_ne_bytes()),
            Value::BigInt(value) => self.aligned(start, &value.to_ne_bytes()),
            Value::Float(value) => self.aligned(start, &value.to_ne_bytes()),
            Value::Timestamp(unix) => {
                self.aligned(start, &unix.saturating_sub(UNIX_TO_POSTGRES).to_ne_bytes());
            }
            Value::Text(text) => self.bytes(start, without_nul(text).as_bytes())?,
            Value::Jsonb(payload) => self.bytes(start, payload)?,
            Value::Numeric(digits) => self.bytes(start, &jsonb::numeric_payload(digits)?)?,
            Value::Texts(texts) => self.texts(start, texts)?,
            Value::Reals(values) => self.reals(start, values)?,
        }
        Ok(match value {
            Value::Text(_) | Value::Texts(_) | Value::Reals(_) | Value::Jsonb(_) | Value::Numeric(_) => {
                pg_sys::HEAP_HASVARWIDTH
            }
            _ => 0,
        })
    }

    /// A value of a fixed length, which is its alignment.
    fn aligned(&mut self, start: usize, bytes: &[u8]) {
        self.align(start, bytes.len());
        self.memory.extend_from_slice(bytes);
    }

    /// Zeros up to a multiple of `to` from the tuple's begin.
    fn align(&mut self, start: usize, to: usize) {
        let length = (self.memory.len() - start).next_multiple_of(to);
        self.memory.resize(start + length, 0);
    }

    /// A value of variable length.
    fn bytes(&mut self, start: usize, payload: &[u8]) -> Result<()> {
        self.open(start, payload.len())?;
        self.memory.extend_from_slice(payload);
        Ok(())
    }

    /// The header of a value of so many bytes: one byte that needs no alignment, or four.
    fn open(&mut self, start: usize, payload: usize) -> Result<()> {
        if payload < SHORT_MAX {
            self.memory.push(short_header(payload + 1));
        } else {
            limit(payload)?;
            self.align(start, 4);
            self.memory.extend_from_slice(&long_header(payload + 4));
        }
        Ok(())
    }

    /// The begin of an array without NULLs: dimensions (one, or none when it is empty), no bitmap, the element type; the
    /// length and the lower bound.
    fn array_words(element: pg_sys::Oid, count: usize) -> Result<Vec<u32>> {
        let count = u32::try_from(count).map_err(|_| too_large(count))?;
        let element = element.to_u32();
        Ok(if count == 0 {
            vec![0, 0, element]
        } else {
            vec![1, 0, element, count, 1]
        })
    }

    /// With the length word, six words or four precede the elements, which is aligned for any of them.
    fn reals(&mut self, start: usize, values: &[f32]) -> Result<()> {
        let words = Self::array_words(pg_sys::FLOAT4OID, values.len())?;
        self.open(start, 4 * (words.len() + values.len()))?;
        for word in words {
            self.memory.extend_from_slice(&word.to_ne_bytes());
        }
        for value in values {
            self.memory.extend_from_slice(&value.to_ne_bytes());
        }
        Ok(())
    }

    /// Elements are aligned within the array.
    fn texts(&mut self, start: usize, texts: &[Cow<'_, str>]) -> Result<()> {
        let words = Self::array_words(pg_sys::TEXTOID, texts.len())?;
        let texts = texts.iter().map(|text| without_nul(text));
        let elements = texts.clone().try_fold(4 * words.len(), |length, text| {
            length.next_multiple_of(4).checked_add(4 + text.len())
        });
        let length = elements.ok_or_else(|| too_large(usize::MAX))?;
        self.open(start, length)?;
        let begin = self.memory.len();
        for word in words {
            self.memory.extend_from_slice(&word.to_ne_bytes());
        }
        for text in texts {
            self.align(begin, 4);
            // Shorter than the whole, whose length has been checked.
            self.memory.extend_from_slice(&long_header(4 + text.len()));
            self.memory.extend_from_slice(text.as_bytes());
        }
        Ok(())
    }
}

impl Batch for TupleBatch {
    fn push(&mut self, row: &[Value<'_>]) -> Result<()> {
        let start = self.memory.len().next_multiple_of(MAX_ALIGN);
        self.memory.resize(start, 0);
        self.form(start, row)?;
        self.tuples.push((start, self.memory.len()));
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.memory.len() >= Self::FULL
    }
}

/// The last gate before PostgreSQL: text holds no NUL, whatever the core handed over.
fn without_nul(text: &str) -> Cow<'_, str> {
    if memchr::memchr(0, text.as_bytes()).is_some() {
        Cow::Owned(text.replace('\0', "\u{FFFD}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// `SET_VARSIZE_1B`
fn short_header(length: usize) -> u8 {
    let length = length as u8;
    if cfg!(target_endian = "little") {
        (length << 1) | 1
    } else {
        length | 0x80
    }
}

/// `SET_VARSIZE_4B`: the two flag bits are where the first byte in memory is.
fn long_header(length: usize) -> [u8; 4] {
    let length = length as u32;
    if cfg!(target_endian = "little") {
        (length << 2).to_le_bytes()
    } else {
        length.to_be_bytes()
    }
}

fn limit(length: usize) -> Result<()> {
    if length > MAX_ALLOC_SIZE - 64 {
        Err(too_large(length))
    } else {
        Ok(())
    }
}

fn too_large(length: usize) -> Error {
    Error::new(ErrorKind::LimitExceeded, "a value exceeds the size of a field").detail(format!(
        "{length} bytes are needed, {MAX_ALLOC_SIZE} bytes are allowed."
    ))
}
