//! Rows built anywhere, written into a tuplestore by the main thread.
//!
//! A [`Batch`] is plain memory: any thread may fill it. Values passed by reference lie in one buffer, laid out
//! as PostgreSQL wants them, so that the main thread only turns offsets into pointers.

use pgrx::{PgSqlErrorCode, pg_sys};
use reviewpro_core::{Error, ErrorKind};

use super::call::Call;
use super::report::{raise, raise_as};
use super::value::MAX_ALLOC_SIZE;

/// The SQL type of a column that we fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColumnType {
    Bool,
    Int4,
    Int8,
    Float8,
    Numeric,
    Text,
    TextArray,
    Jsonb,
    Timestamptz,
}

impl ColumnType {
    fn oid(self) -> pg_sys::Oid {
        match self {
            ColumnType::Bool => pg_sys::BOOLOID,
            ColumnType::Int4 => pg_sys::INT4OID,
            ColumnType::Int8 => pg_sys::INT8OID,
            ColumnType::Float8 => pg_sys::FLOAT8OID,
            ColumnType::Numeric => pg_sys::NUMERICOID,
            ColumnType::Text => pg_sys::TEXTOID,
            ColumnType::TextArray => pg_sys::TEXTARRAYOID,
            ColumnType::Jsonb => pg_sys::JSONBOID,
            ColumnType::Timestamptz => pg_sys::TIMESTAMPTZOID,
        }
    }
}

/// A column that we fill: its name and type as the SQL declares them.
pub(crate) type Column = (&'static str, ColumnType);

#[derive(Clone, Copy)]
enum Cell {
    Null,
    Value(u64),
    Offset(usize),
}

/// Rows on their way to the tuplestore.
pub(crate) struct Batch {
    columns: usize,
    cells: Vec<Cell>,
    // Words, so that offsets that are multiples of 8 are aligned addresses.
    buffer: Vec<u64>,
    bytes: usize,
}

impl Batch {
    /// Batches of about this many bytes keep both threads busy and memory small.
    const FULL: usize = 256 << 10;

    pub(crate) fn new(columns: usize) -> Self {
        Batch { columns, cells: Vec::new(), buffer: Vec::with_capacity(Self::FULL / 8 + 1024), bytes: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Where the values by reference lie.
    #[cfg(any(test, feature = "pg_test"))]
    pub(crate) fn offsets(&self) -> impl Iterator<Item = usize> {
        self.cells.iter().filter_map(|cell| match cell {
            Cell::Offset(offset) => Some(*offset),
            _ => None,
        })
    }

    /// Time to hand it over.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes >= Self::FULL || self.cells.len() >= 1 << 15
    }

    pub(crate) fn bool(&mut self, value: Option<bool>) {
        self.by_value(value.map(u64::from));
    }

    pub(crate) fn i32(&mut self, value: Option<i32>) {
        self.by_value(value.map(|value| i64::from(value).cast_unsigned()));
    }

    pub(crate) fn i64(&mut self, value: Option<i64>) {
        self.by_value(value.map(i64::cast_unsigned));
    }

    pub(crate) fn f64(&mut self, value: Option<f64>) {
        self.by_value(value.map(f64::to_bits));
    }

    pub(crate) fn text(&mut self, value: Option<&str>) {
        let Some(value) = value else { return self.null() };
        let start = self.begin();
        self.push_text(value);
        self.end(start);
    }

    /// `jsonb`, or any other value whose bytes are ready: all that follows the length word.
    pub(crate) fn payload(&mut self, value: Option<&[u8]>) {
        let Some(value) = value else { return self.null() };
        let start = self.begin();
        self.push(value);
        self.end(start);
    }

    pub(crate) fn texts<'a>(&mut self, values: impl ExactSizeIterator<Item = &'a str>) {
        let start = self.begin();
        let count = values.len();
        let text_oid = pg_sys::TEXTOID.to_u32();
        if count == 0 {
            self.push_words(&[0, 0, text_oid]);
        } else {
            // ndim, no null bitmap, element type, dimension, lower bound.
            self.push_words(&[1, 0, text_oid, count as u32, 1]);
            for value in values {
                let element = self.open();
                self.push_text(value);
                self.close(element);
            }
        }
        self.end(start);
    }

    pub(crate) fn null(&mut self) {
        self.cells.push(Cell::Null);
    }

    fn by_value(&mut self, value: Option<u64>) {
        self.cells.push(value.map_or(Cell::Null, Cell::Value));
    }

    /// Starts a value by reference at an aligned offset, its length word left open.
    fn begin(&mut self) -> usize {
        self.bytes = self.bytes.next_multiple_of(8);
        self.open()
    }

    fn end(&mut self, start: usize) {
        self.close(start);
        self.cells.push(Cell::Offset(start));
    }

    fn open(&mut self) -> usize {
        self.bytes = self.bytes.next_multiple_of(4);
        let start = self.bytes;
        self.push(&[0; 4]);
        start
    }

    fn close(&mut self, start: usize) {
        let len = self.bytes - start;
        if len > MAX_ALLOC_SIZE {
            raise(
                Error::new(ErrorKind::LimitExceeded, "a value exceeds the size of a field")
                    .detail(format!("{len} bytes are needed, {} bytes are allowed.", MAX_ALLOC_SIZE)),
            )
        }
        let word = len as u32;
        // The four-byte header keeps its two flag bits where the first byte in memory is.
        let header = if cfg!(target_endian = "little") { (word << 2).to_le_bytes() } else { word.to_be_bytes() };
        self.memory()[start..start + 4].copy_from_slice(&header);
    }

    /// The last gate before PostgreSQL: text holds no NUL, whatever the core handed over.
    fn push_text(&mut self, value: &str) {
        if value.as_bytes().contains(&0) {
            self.push(value.replace('\0', "\u{FFFD}").as_bytes());
        } else {
            self.push(value.as_bytes());
        }
    }

    fn push_words(&mut self, words: &[u32]) {
        for word in words {
            self.push(&word.to_ne_bytes());
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        let start = self.bytes;
        self.bytes += bytes.len();
        let words = self.bytes.div_ceil(8);
        if words > self.buffer.len() {
            self.buffer.resize(words, 0);
        }
        self.memory()[start..start + bytes.len()].copy_from_slice(bytes);
    }

    fn memory(&mut self) -> &mut [u8] {
        // SAFETY: the same memory; any u64 is eight valid bytes.
        unsafe { std::slice::from_raw_parts_mut(self.buffer.as_mut_ptr().cast::<u8>(), self.buffer.len() * 8) }
    }
}

/// The result set of the running set-returning function.
pub(crate) struct RowSink {
    store: *mut pg_sys::Tuplestorestate,
    desc: pg_sys::TupleDesc,
    values: Vec<pg_sys::Datum>,
    nulls: Vec<bool>,
    columns: usize,
}

impl RowSink {
    /// Opens the result set of `call` for rows of these columns.
    ///
    /// The installed SQL may be of another version than this library: columns are only ever added at the end, so
    /// it may know fewer (they are left out) or more (they stay NULL), but not other types.
    pub(crate) fn new(call: &Call, columns: &[Column]) -> Self {
        // SAFETY: `fcinfo` of the running function; PostgreSQL raises where a set cannot be returned, and leaves
        // the store and its descriptor, which outlive the call, in `resultinfo`.
        let (store, desc, declared) = unsafe {
            pg_sys::InitMaterializedSRF(call.fcinfo(), 0);
            let result = (*call.fcinfo()).resultinfo.cast::<pg_sys::ReturnSetInfo>();
            let desc = (*result).setDesc;
            let count = usize::try_from((*desc).natts).unwrap_or(0);
            let types = (0..count).map(|i| (*pg_sys::TupleDescAttr(desc, i as i32)).atttypid);
            ((*result).setResult, desc, types.collect::<Vec<_>>())
        };
        for ((name, kind), declared) in columns.iter().zip(&declared) {
            if kind.oid() != *declared {
                raise_as(
                    PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
                    Error::new(ErrorKind::InvalidParameter, format!("column \"{name}\" of the result has another type than this library fills"))
                        .hint("Run ALTER EXTENSION reviewpro_pg UPDATE, and reconnect."),
                )
            }
        }
        RowSink {
            store,
            desc,
            values: vec![pg_sys::Datum::null(); declared.len()],
            nulls: vec![true; declared.len()],
            columns: columns.len(),
        }
    }

    /// Appends the rows of the batch, and empties it.
    pub(crate) fn write(&mut self, batch: &mut Batch) {
        assert_eq!(batch.columns, self.columns, "a batch has the columns of its sink");
        let base = batch.buffer.as_ptr().cast::<u8>();
        for row in batch.cells.chunks_exact(self.columns) {
            for (i, cell) in row.iter().take(self.values.len()).enumerate() {
                (self.values[i], self.nulls[i]) = match *cell {
                    Cell::Null => (pg_sys::Datum::null(), true),
                    Cell::Value(value) => (pg_sys::Datum::from(value as usize), false),
                    Cell::Offset(at) => (pg_sys::Datum::from(base.wrapping_add(at).cast_mut()), false),
                };
            }
            // SAFETY: as many values as the descriptor has columns, of its types; the store copies them.
            unsafe {
                pg_sys::tuplestore_putvalues(self.store, self.desc, self.values.as_mut_ptr(), self.nulls.as_mut_ptr());
            }
        }
        batch.cells.clear();
        batch.bytes = 0;
    }
}
