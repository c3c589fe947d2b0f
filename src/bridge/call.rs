//! Arguments of a function, borrowed where they lie.

use std::cell::Cell;
use std::ops::Deref;

use pgrx::callconv::{Arg, ArgAbi};
use pgrx::pgrx_sql_entity_graph::metadata::{
    ArgumentError, ReturnsError, ReturnsRef, SqlMappingRef, SqlTranslatable, TypeOrigin,
};
use pgrx::{PgSqlErrorCode, pg_sys};
use reviewpro_core::{Error, ErrorKind, json};

use super::array::{self, FloatsArgument, MatrixArgument};
use super::report::{OrRaise, raise, raise_as};
use super::varlena::Varlena;
use super::window_object::WindowObject;

/// One call of one of our functions: what a `#[pg_extern]` takes instead of typed arguments, whose conversions
/// copy, trust the encoding, or panic on NULL.
pub(crate) struct Call {
    fcinfo: pg_sys::FunctionCallInfo,
    /// What was read of the arguments that are stored as bytes.
    bytes: Cell<usize>,
    /// Rows of the result set.
    rows: Cell<usize>,
}

// SAFETY: takes no argument of its own; pgrx passes the `fcinfo` of the running function.
unsafe impl<'fcx> ArgAbi<'fcx> for Call {
    unsafe fn unbox_arg_unchecked(arg: Arg<'_, 'fcx>) -> Self {
        // SAFETY: as for pgrx's own virtual argument, which this wraps.
        let fcinfo = unsafe { pg_sys::FunctionCallInfo::unbox_arg_unchecked(arg) };
        Call::of(fcinfo)
    }

    fn is_virtual_arg() -> bool {
        true
    }
}

// SAFETY: never appears in SQL.
unsafe impl SqlTranslatable for Call {
    const TYPE_IDENT: &'static str = pgrx::pgrx_resolved_type!(Call);
    const TYPE_ORIGIN: TypeOrigin = TypeOrigin::External;
    const ARGUMENT_SQL: Result<SqlMappingRef, ArgumentError> = Ok(SqlMappingRef::Skip);
    const RETURN_SQL: Result<ReturnsRef, ReturnsError> = Err(ReturnsError::Datum);
}

impl Call {
    pub(super) fn of(fcinfo: pg_sys::FunctionCallInfo) -> Self {
        Call {
            fcinfo,
            bytes: Cell::new(0),
            rows: Cell::new(0),
        }
    }

    /// The bytes read and the rows returned so far.
    pub(super) fn amounts(&self) -> (usize, usize) {
        (self.bytes.get(), self.rows.get())
    }

    /// So many more bytes were read than the arguments have.
    pub(crate) fn has_read(&self, bytes: usize) {
        self.bytes.set(self.bytes.get() + bytes);
    }

    pub(super) fn has_returned(&self, rows: usize) {
        self.rows.set(self.rows.get() + rows);
    }

    pub(super) fn fcinfo(&self) -> pg_sys::FunctionCallInfo {
        self.fcinfo
    }

    fn datum(&self, index: usize) -> Option<pg_sys::Datum> {
        // A window function's arguments are not passed: it asks for those of any row.
        if let Some(window) = WindowObject::of(self.fcinfo) {
            return window.argument(index);
        }
        // SAFETY: PostgreSQL passes `nargs` arguments, and the SQL declares as many as the function reads.
        let argument = unsafe {
            let count = usize::try_from((*self.fcinfo).nargs).unwrap_or(0);
            *(*self.fcinfo).args.as_slice(count).get(index)?
        };
        if argument.isnull {
            None
        } else {
            Some(argument.value)
        }
    }

    /// An `internal`.
    pub(super) fn pointer<T>(&self, index: usize) -> Option<*mut T> {
        self.datum(index).map(|datum| datum.cast_mut_ptr())
    }

    pub(crate) fn is_null(&self, index: usize) -> bool {
        self.datum(index).is_none()
    }

    /// The argument, or 22004 naming it.
    pub(crate) fn required<T>(&self, name: &str, value: Option<T>) -> T {
        value.unwrap_or_else(|| {
            raise(Error::new(
                ErrorKind::NullNotAllowed,
                format!("{name} must not be null"),
            ))
        })
    }

    pub(crate) fn bool(&self, index: usize) -> Option<bool> {
        self.datum(index).map(|datum| datum.value() != 0)
    }

    pub(crate) fn i32(&self, index: usize) -> Option<i32> {
        // The upper half of the datum is not part of an int4.
        self.datum(index).map(|datum| datum.value() as i32)
    }

    pub(crate) fn i64(&self, index: usize) -> Option<i64> {
        self.datum(index).map(|datum| datum.value() as i64)
    }

    pub(crate) fn f64(&self, index: usize) -> Option<f64> {
        self.datum(index)
            .map(|datum| f64::from_bits(datum.value() as u64))
    }

    /// A `uuid`.
    pub(crate) fn uuid(&self, index: usize) -> Option<[u8; 16]> {
        // SAFETY: the SQL declares a uuid, whose datum points at 16 bytes.
        self.datum(index)
            .map(|datum| unsafe { *datum.cast_mut_ptr::<[u8; 16]>() })
    }

    /// A `bytea`.
    pub(crate) fn bytes(&self, index: usize) -> Option<Varlena> {
        refuse_other_encodings();
        // SAFETY: the SQL declares a varlena type; arguments outlive the call.
        let value = self.datum(index).map(|datum| unsafe { Varlena::packed(datum) })?;
        self.has_read(value.len());
        Some(value)
    }

    fn aligned(&self, index: usize) -> Option<Varlena> {
        refuse_other_encodings();
        // SAFETY: as in `bytes`.
        let value = self
            .datum(index)
            .map(|datum| unsafe { Varlena::aligned(datum) })?;
        self.has_read(value.len());
        Some(value)
    }

    /// A `jsonb`, as its stored bytes.
    pub(crate) fn jsonb(&self, index: usize) -> Option<Varlena> {
        self.aligned(index)
    }

    /// A `text` or `json`, checked to be UTF-8.
    pub(crate) fn text(&self, index: usize) -> Option<Text> {
        self.bytes(index).map(Text::new)
    }

    /// A `text[]` without NULLs; whatever its dimensions, elements in storage order.
    pub(crate) fn texts(&self, index: usize, name: &str) -> Option<Vec<String>> {
        let array = self.aligned(index)?;
        let (mut elements, mut nulls, mut count) = (std::ptr::null_mut(), std::ptr::null_mut(), 0);
        // SAFETY: a detoasted array (its length word precedes the payload); PostgreSQL pallocs the two lists it returns.
        let (elements, nulls) = unsafe {
            let start = array.as_ptr().sub(pg_sys::VARHDRSZ);
            pg_sys::deconstruct_array_builtin(
                start.cast_mut().cast(),
                pg_sys::TEXTOID,
                &raw mut elements,
                &raw mut nulls,
                &raw mut count,
            );
            let count = usize::try_from(count).unwrap_or(0);
            if count == 0 {
                return Some(Vec::new());
            }
            (
                std::slice::from_raw_parts(elements, count),
                std::slice::from_raw_parts(nulls, count),
            )
        };
        let text = |(element, null): (&pg_sys::Datum, &bool)| {
            if *null {
                raise(Error::new(
                    ErrorKind::NullNotAllowed,
                    format!("{name} must not contain nulls"),
                ))
            }
            // SAFETY: elements point into the array, which outlives this closure's call.
            Text::new(unsafe { Varlena::packed(*element) }).to_owned()
        };
        Some(elements.iter().zip(nulls).map(text).collect())
    }

    /// A `real[]` or `double precision[]` whose rows are vectors.
    pub(crate) fn matrix(&self, index: usize, name: &str) -> Option<MatrixArgument> {
        self.aligned(index).map(|array| MatrixArgument::new(array, name))
    }

    /// Raises 0A000 in a database whose encoding is not UTF-8, for who returns more than ASCII without having read a text.
    pub(crate) fn require_utf8(&self) {
        refuse_other_encodings();
    }

    /// A `double precision[]` whose elements may be NULL.
    pub(crate) fn floats(&self, index: usize) -> Option<FloatsArgument> {
        self.aligned(index).map(FloatsArgument::new)
    }

    /// An `int[]` without NULLs.
    pub(crate) fn ints(&self, index: usize, name: &str) -> Option<Vec<i32>> {
        self.aligned(index).map(|array| array::ints(&array, name))
    }
}

/// Raises 0A000 in a database whose encoding is not UTF-8: neither what we read nor what we return is in another.
fn refuse_other_encodings() {
    // SAFETY: reads a global that is fixed once the backend is connected.
    let encoding = unsafe { pg_sys::GetDatabaseEncoding() };
    if encoding != pg_sys::pg_enc::PG_UTF8 as i32 {
        raise_as(
            PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED,
            Error::new(
                ErrorKind::InvalidEncoding,
                concat!(env!("CARGO_PKG_NAME"), " needs a database with encoding UTF8"),
            ),
        )
    }
}

/// A checked `text` or `json` argument.
pub(crate) struct Text(Varlena);

impl Text {
    /// A value that is text, or `None`: for where there is nobody to report a fault to.
    pub(super) fn try_new(value: Varlena) -> Option<Self> {
        json::utf8(&value).is_ok().then_some(Text(value))
    }

    /// Of an argument, or a part of one, which has been refused in other encodings.
    fn new(value: Varlena) -> Self {
        json::utf8(&value).or_raise();
        Text(value)
    }

    /// The bytes as UTF-8, or 22021; 0A000 in a database of another encoding.
    pub(super) fn checked(bytes: &[u8]) -> &str {
        refuse_other_encodings();
        // A UTF-8 database can hold text that is not: casts without a function, old dumps.
        json::utf8(bytes).or_raise();
        // SAFETY: just checked. (What the check returns lacks a byte order mark, which here is part of the text.)
        unsafe { std::str::from_utf8_unchecked(bytes) }
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        // SAFETY: checked when it was made; nothing changes an argument.
        unsafe { std::str::from_utf8_unchecked(&self.0) }
    }
}
