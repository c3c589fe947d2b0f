//! The rows of a query given as text: names and vectors, streamed through a cursor.

use std::ffi::CString;

use pgrx::{PgSqlErrorCode, Spi, pg_sys};
use reviewpro_core::cluster::Collected;
use reviewpro_core::progress::Phase;
use reviewpro_core::{Error, ErrorKind, Result};

use super::array::VectorArgument;
use super::call::Text;
use super::compute::main_thread_task;
use super::kept_error::keeping_errors;
use super::progress::Shown;
use super::report::{OrRaise, raise, raise_as};
use super::scratch::Scratch;
use super::varlena::Varlena;

/// Rows fetched at once: at most 32 MB of vectors in memory twice.
const BATCH: i64 = 256;

/// What [`read_vectors`] has read.
#[derive(Default)]
pub(crate) struct NamedVectors {
    /// Every row's id, one after the other.
    ids: String,
    /// Where each row's id ends.
    ends: Vec<usize>,
    /// Whether each row has a vector.
    has_vector: Vec<bool>,
    /// The vectors that are not NULL.
    pub vectors: Collected,
}

impl NamedVectors {
    /// The memory that all of it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.own_bytes() + self.vectors.bytes()
    }

    fn own_bytes(&self) -> usize {
        self.ids.len() + size_of_val(&self.ends[..]) + self.has_vector.len()
    }

    /// Every row's id and, taken from `labels`, the label of its vector.
    pub(crate) fn labelled<'a>(
        &'a self,
        labels: &'a [i32],
    ) -> impl Iterator<Item = (&'a str, Option<i32>)> + 'a {
        let mut labels = labels.iter().copied();
        let mut start = 0;
        self.ends
            .iter()
            .zip(&self.has_vector)
            .map(move |(&end, &has_vector)| {
                let id = self.ids.get(start..end).unwrap_or_default();
                start = end;
                (id, has_vector.then(|| labels.next()).flatten())
            })
    }

    fn push_id(&mut self, id: &str) -> Result<()> {
        let held = self.bytes() + id.len() + size_of::<usize>() + 1;
        let task = main_thread_task(0);
        task.need(
            &format!("a set of more than {} rows", self.ends.len()),
            Some(held),
        )
        .map_err(|error| error.hint("Raise reviewpro.max_memory, or let the query return fewer rows."))?;
        let out_of_memory = |_| Error::new(ErrorKind::OutOfMemory, "out of memory");
        self.ids.try_reserve(id.len()).map_err(out_of_memory)?;
        self.ends.try_reserve(1).map_err(out_of_memory)?;
        self.has_vector.try_reserve(1).map_err(out_of_memory)?;
        self.ids.push_str(id);
        self.ends.push(self.ids.len());
        Ok(())
    }
}

/// The rows of `query`, which returns two columns: an id of any type, and a vector.
///
/// Runs as the caller and reads only, seeing what the calling statement sees.
pub(crate) fn read_vectors(query: &str) -> NamedVectors {
    let Ok(source) = CString::new(query) else {
        raise(Error::new(
            ErrorKind::InvalidEncoding,
            "the query contains a NUL character",
        ))
    };
    let _shown = Shown::begin(Phase::ReadingVectors, 0);
    let mut rows = NamedVectors::default();
    Spi::connect(|_| {
        let _read_only = ReadOnly::new();
        let mut cursor = Cursor::open(&source);
        let scratch = Scratch::new();
        while cursor.fetch(&scratch, &mut rows) {}
        cursor.close();
    });
    rows
}

/// Makes the transaction read-only until dropped, so that the functions that a query calls do not write either.
struct ReadOnly(bool);

impl ReadOnly {
    fn new() -> Self {
        // SAFETY: a setting of the transaction, which belongs to the main thread.
        ReadOnly(unsafe { (&raw mut pg_sys::XactReadOnly).replace(true) })
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        // SAFETY: as above; a block that fails meanwhile restores it by itself.
        unsafe { pg_sys::XactReadOnly = self.0 }
    }
}

/// An open portal whose rows are an id and a vector.
struct Cursor {
    portal: pg_sys::Portal,
    /// Writes an id as text.
    output: pg_sys::FmgrInfo,
}

impl Cursor {
    fn open(source: &std::ffi::CStr) -> Self {
        let options = pg_sys::SPIParseOpenOptions {
            params: std::ptr::null_mut(),
            cursorOptions: pg_sys::CURSOR_OPT_NO_SCROLL as i32,
            read_only: true,
        };
        // SAFETY: connected to SPI; PostgreSQL copies the source and raises for anything but one readable query.
        let portal = keeping_errors(|| unsafe {
            pg_sys::SPI_cursor_parse_open(std::ptr::null(), source.as_ptr(), &raw const options)
        });
        // SAFETY: an open portal has a descriptor with as many attributes as it says.
        let columns = unsafe {
            let desc = (*portal).tupDesc;
            let count = if desc.is_null() { 0 } else { (*desc).natts };
            (0..count)
                .map(|i| (*pg_sys::TupleDescAttr(desc, i)).atttypid)
                .collect::<Vec<_>>()
        };
        let [id, vector] = columns[..] else {
            raise_as(
                PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
                Error::new(
                    ErrorKind::InvalidParameter,
                    format!("the query must return two columns, not {}", columns.len()),
                )
                .hint("Select an id and an embedding, such as SELECT id, embedding FROM ..."),
            )
        };
        // SAFETY: a type of the catalog; the functions raise where it has none.
        unsafe {
            let base = pg_sys::getBaseType(vector);
            if base != pg_sys::FLOAT4ARRAYOID && base != pg_sys::FLOAT8ARRAYOID {
                let name = std::ffi::CStr::from_ptr(pg_sys::format_type_be(vector)).to_string_lossy();
                raise_as(
                    PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
                    Error::new(
                        ErrorKind::InvalidParameter,
                        format!("the query's second column must be real[] or double precision[], not {name}"),
                    )
                    .hint("Cast it in the query, such as SELECT id, embedding::real[] FROM ..."),
                )
            }
            let (mut function, mut is_varlena) = (pg_sys::InvalidOid, false);
            pg_sys::getTypeOutputInfo(id, &raw mut function, &raw mut is_varlena);
            let mut output = pg_sys::FmgrInfo::default();
            pg_sys::fmgr_info(function, &raw mut output);
            Cursor { portal, output }
        }
    }

    /// Appends the next rows; whether there were any.
    fn fetch(&mut self, scratch: &Scratch, rows: &mut NamedVectors) -> bool {
        pgrx::check_for_interrupts!();
        // SAFETY: an open portal; the table lives until it is freed below.
        let (table, count) = unsafe {
            keeping_errors(|| pg_sys::SPI_cursor_fetch(self.portal, true, BATCH));
            (pg_sys::SPI_tuptable, pg_sys::SPI_processed as usize)
        };
        for i in 0..count {
            scratch.run(|| self.append(table, i, rows));
            scratch.reset();
        }
        // SAFETY: nothing of the table is used any more.
        unsafe { pg_sys::SPI_freetuptable(table) };
        count > 0
    }

    fn append(&mut self, table: *mut pg_sys::SPITupleTable, i: usize, rows: &mut NamedVectors) {
        let column = |number| {
            let mut is_null = true;
            // SAFETY: row `i` of the table, which has two columns.
            let datum = unsafe {
                let tuple = *(*table).vals.add(i);
                pg_sys::SPI_getbinval(tuple, (*table).tupdesc, number, &raw mut is_null)
            };
            (!is_null).then_some(datum)
        };
        let Some(id) = column(1) else {
            raise(
                Error::new(
                    ErrorKind::NullNotAllowed,
                    "the query's first column must not be null",
                )
                .detail(format!("Row {} has no id.", rows.ends.len() + 1)),
            )
        };
        // SAFETY: the output function of the column's type; it returns a C string in the scratch memory.
        let text = unsafe {
            let text = keeping_errors(|| pg_sys::OutputFunctionCall(&raw mut self.output, id));
            Text::checked(std::ffi::CStr::from_ptr(text).to_bytes())
        };
        rows.push_id(text).or_raise();
        let vector = column(2);
        if let Some(datum) = vector {
            // SAFETY: a non-null datum of an array type, which lives as long as the table.
            let value = unsafe { Varlena::aligned(datum) };
            let vector = VectorArgument::new(value, rows.vectors.rows() + 1);
            let task = main_thread_task(rows.own_bytes());
            rows.vectors.push(vector.row(), &task).or_raise();
        }
        rows.has_vector.push(vector.is_some());
    }

    fn close(self) {
        // SAFETY: an open portal that is not used again.
        unsafe { pg_sys::SPI_cursor_close(self.portal) }
    }
}
