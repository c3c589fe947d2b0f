//! Rows built anywhere, written into a tuplestore by the main thread.
//!
//! A [`Batch`] is plain memory: any thread may fill it. Values passed by reference lie in one buffer, laid out
//! as PostgreSQL wants them, so that the main thread only turns offsets into pointers.

use std::borrow::Cow;

use pgrx::{PgSqlErrorCode, pg_sys};
use reviewpro_core::table::{Column, Type, Value};
use reviewpro_core::{Error, ErrorKind, Result, Task, jsonb};

use super::call::Call;
use super::compute::{Work, stream};
use super::report::raise_as;
use super::value::MAX_ALLOC_SIZE;

/// Microseconds from the Unix epoch to PostgreSQL's, 2000-01-01.
const UNIX_TO_POSTGRES: i64 = 946_684_800_000_000;

/// The SQL type of a column of the core's.
fn type_oid(ty: Type) -> pg_sys::Oid {
    match ty {
        Type::Bool => pg_sys::BOOLOID,
        Type::Int => pg_sys::INT4OID,
        Type::Float => pg_sys::FLOAT8OID,
        Type::Numeric => pg_sys::NUMERICOID,
        Type::Text => pg_sys::TEXTOID,
        Type::Texts => pg_sys::TEXTARRAYOID,
        Type::Jsonb => pg_sys::JSONBOID,
        Type::Timestamp => pg_sys::TIMESTAMPTZOID,
    }
}

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
        Batch {
            columns,
            cells: Vec::new(),
            buffer: Vec::new(),
            bytes: 0,
        }
    }

    /// A batch that will be filled.
    fn with_room(columns: usize) -> Self {
        Batch {
            buffer: Vec::with_capacity(Self::FULL / 8 + 1024),
            ..Batch::new(columns)
        }
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

    /// Appends the value of the next column.
    ///
    /// # Errors
    /// A value that PostgreSQL cannot hold.
    pub(crate) fn push(&mut self, value: &Value<'_>) -> Result<()> {
        let cell = match *value {
            Value::Null => Cell::Null,
            Value::Bool(value) => Cell::Value(u64::from(value)),
            Value::Int(value) => Cell::Value(i64::from(value).cast_unsigned()),
            Value::Float(value) => Cell::Value(value.to_bits()),
            Value::Timestamp(unix) => Cell::Value(unix.saturating_sub(UNIX_TO_POSTGRES).cast_unsigned()),
            Value::Text(text) => self.by_reference(|batch| batch.push_text(text))?,
            Value::Jsonb(payload) => self.by_reference(|batch| batch.push_bytes(payload))?,
            Value::Numeric(digits) => {
                let payload = jsonb::numeric_payload(digits)?;
                self.by_reference(|batch| batch.push_bytes(&payload))?
            }
            Value::Texts(texts) => self.by_reference(|batch| batch.push_texts(texts))?,
        };
        self.cells.push(cell);
        Ok(())
    }

    /// Appends a row.
    ///
    /// # Errors
    /// As [`Batch::push`].
    pub(crate) fn push_row(&mut self, values: &[Value<'_>]) -> Result<()> {
        debug_assert_eq!(values.len(), self.columns, "a row has the columns of its batch");
        values.iter().try_for_each(|value| self.push(value))
    }

    /// A value by reference, at an aligned offset: its length word, then what `fill` appends.
    fn by_reference(&mut self, fill: impl FnOnce(&mut Self)) -> Result<Cell> {
        self.bytes = self.bytes.next_multiple_of(8);
        let start = self.open();
        fill(self);
        self.close(start);
        let len = self.bytes - start;
        if len > MAX_ALLOC_SIZE {
            return Err(
                Error::new(ErrorKind::LimitExceeded, "a value exceeds the size of a field").detail(format!(
                    "{len} bytes are needed, {MAX_ALLOC_SIZE} bytes are allowed."
                )),
            );
        }
        Ok(Cell::Offset(start))
    }

    fn push_texts(&mut self, texts: &[Cow<'_, str>]) {
        let element_type = pg_sys::TEXTOID.to_u32();
        // ndim, no null bitmap, element type; dimension and lower bound unless empty.
        match u32::try_from(texts.len()) {
            Ok(count @ 1..) => self.push_words(&[1, 0, element_type, count, 1]),
            _ => return self.push_words(&[0, 0, element_type]),
        }
        for text in texts {
            let element = self.open();
            self.push_text(text);
            self.close(element);
        }
    }

    /// Leaves room for the length word of a value, or of an element within one.
    fn open(&mut self) -> usize {
        self.bytes = self.bytes.next_multiple_of(4);
        let start = self.bytes;
        self.push_bytes(&[0; 4]);
        start
    }

    fn close(&mut self, start: usize) {
        // At most MAX_ALLOC_SIZE: checked before the value is used.
        let len = self.bytes - start;
        let word = len as u32;
        // The four-byte header keeps its two flag bits where the first byte in memory is.
        let header = if cfg!(target_endian = "little") {
            (word << 2).to_le_bytes()
        } else {
            word.to_be_bytes()
        };
        self.memory()[start..start + 4].copy_from_slice(&header);
    }

    /// The last gate before PostgreSQL: text holds no NUL, whatever the core handed over.
    fn push_text(&mut self, value: &str) {
        if value.as_bytes().contains(&0) {
            self.push_bytes(value.replace('\0', "\u{FFFD}").as_bytes());
        } else {
            self.push_bytes(value.as_bytes());
        }
    }

    fn push_words(&mut self, words: &[u32]) {
        for word in words {
            self.push_bytes(&word.to_ne_bytes());
        }
    }

    fn push_bytes(&mut self, bytes: &[u8]) {
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
        unsafe {
            std::slice::from_raw_parts_mut(self.buffer.as_mut_ptr().cast::<u8>(), self.buffer.len() * 8)
        }
    }
}

/// The result set of the running set-returning function.
struct RowSink {
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
    fn new(call: &Call, columns: &[Column]) -> Self {
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
        for (column, declared) in columns.iter().zip(&declared) {
            if type_oid(column.ty) != *declared {
                raise_as(
                    PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
                    Error::new(
                        ErrorKind::InvalidParameter,
                        format!(
                            "column \"{}\" of the result has another type than this library fills",
                            column.name
                        ),
                    )
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

    /// Appends the rows of the batch.
    fn write(&mut self, batch: &Batch) {
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
                pg_sys::tuplestore_putvalues(
                    self.store,
                    self.desc,
                    self.values.as_mut_ptr(),
                    self.nulls.as_mut_ptr(),
                );
            }
        }
    }
}

/// Fills the result set of `call` with the rows that `job` emits on its own thread.
pub(crate) fn stream_rows(
    call: &Call,
    columns: &'static [Column],
    work: Work,
    job: impl FnOnce(&Task<'_>, &mut dyn FnMut(&[Value<'_>]) -> Result<()>) -> Result<()> + Send,
) {
    let mut sink = RowSink::new(call, columns);
    stream(
        work,
        |task, send| {
            let mut batch = Batch::new(columns.len());
            job(task, &mut |row| {
                batch.push_row(row)?;
                if batch.is_full() {
                    send(std::mem::replace(&mut batch, Batch::with_room(columns.len())))
                } else {
                    Ok(())
                }
            })?;
            send(batch)
        },
        |batch| sink.write(&batch),
    );
}
