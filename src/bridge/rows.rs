//! The result set of a set-returning function: batches of tuples formed anywhere, stored by the main thread.

use pgrx::{PgSqlErrorCode, pg_sys};
use reviewpro_core::table::{Column, Rows, UsedColumns, Value};
use reviewpro_core::{Error, ErrorKind, Result, Task};

use super::call::Call;
use super::compute::{Work, stream};
use super::projection::used_columns;
use super::report::raise_as;
use super::tuple::{TupleBatch, type_oid};

/// The result set of the running set-returning function.
struct RowSink {
    store: *mut pg_sys::Tuplestorestate,
    /// Columns of its row type.
    columns: usize,
    /// Those that the statement looks at.
    used: UsedColumns,
}

impl RowSink {
    /// Opens the result set of `call` for rows of these columns.
    ///
    /// The installed SQL may be of another version than this library: columns are only ever added at the end, so
    /// it may know fewer (they are left out) or more (they stay NULL), but not other types.
    fn new(call: &Call, columns: &[Column]) -> Self {
        // SAFETY: `fcinfo` of the running function; PostgreSQL raises where a set cannot be returned, and leaves
        // the store and its descriptor, which outlive the call, in `resultinfo`.
        let (store, declared) = unsafe {
            pg_sys::InitMaterializedSRF(call.fcinfo(), 0);
            let result = (*call.fcinfo()).resultinfo.cast::<pg_sys::ReturnSetInfo>();
            let desc = (*result).setDesc;
            let count = usize::try_from((*desc).natts).unwrap_or(0);
            let types = (0..count).map(|i| (*pg_sys::TupleDescAttr(desc, i as i32)).atttypid);
            ((*result).setResult, types.collect::<Vec<_>>())
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
                    .hint(concat!(
                        "Run ALTER EXTENSION ",
                        env!("CARGO_PKG_NAME"),
                        " UPDATE, and reconnect."
                    )),
                )
            }
        }
        RowSink {
            store,
            columns: declared.len(),
            used: used_columns(call),
        }
    }

    /// Appends the rows of the batch; how many there are.
    fn write(&mut self, batch: &TupleBatch) -> usize {
        let mut rows = 0;
        for tuple in batch.tuples() {
            let mut tuple = pg_sys::HeapTupleData {
                // Checked when it was formed.
                t_len: tuple.len() as u32,
                t_data: tuple.as_ptr().cast_mut().cast(),
                ..Default::default()
            };
            // SAFETY: a tuple of as many columns as the store's descriptor has, of its types; the store copies it.
            unsafe { pg_sys::tuplestore_puttuple(self.store, &raw mut tuple) };
            rows += 1;
        }
        rows
    }
}

/// Takes batches from the core to the main thread.
pub(crate) struct Sender<'a> {
    columns: usize,
    used: UsedColumns,
    send: &'a mut dyn FnMut(TupleBatch) -> Result<()>,
}

impl<'a> Rows for Sender<'a> {
    type Batch = TupleBatch;

    fn used(&self) -> UsedColumns {
        self.used
    }

    fn maker(&self) -> impl Fn() -> TupleBatch + Sync + use<'a> {
        let (columns, used) = (self.columns, self.used);
        move || TupleBatch::new(columns, used)
    }

    fn deliver(&mut self, batch: TupleBatch) -> Result<()> {
        (self.send)(batch)
    }
}

/// Fills the result set of `call` with the rows that `job` emits on its own thread.
pub(crate) fn stream_rows(
    call: &Call,
    columns: &'static [Column],
    work: Work,
    job: impl FnOnce(&Task<'_>, &mut dyn FnMut(&[Value<'_>]) -> Result<()>) -> Result<()> + Send,
) {
    stream_batches(call, columns, work, |task, out| {
        out.one_by_one(|emit| job(task, emit))
    });
}

/// Fills the result set of `call` with the rows that `job` hands over in batches, from its own thread.
pub(crate) fn stream_batches(
    call: &Call,
    columns: &'static [Column],
    work: Work,
    job: impl FnOnce(&Task<'_>, &mut Sender<'_>) -> Result<()> + Send,
) {
    let mut sink = RowSink::new(call, columns);
    let (columns, used) = (sink.columns, sink.used);
    stream(
        work,
        |task, send| job(task, &mut Sender { columns, used, send }),
        |batch| call.has_returned(sink.write(&batch)),
    );
}
