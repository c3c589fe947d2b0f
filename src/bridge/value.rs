//! What a function returns.

use pgrx::callconv::{BoxRet, FcInfo};
use pgrx::pg_sys;
use pgrx::pgrx_sql_entity_graph::metadata::{
    ArgumentError, ReturnsError, ReturnsRef, SqlMappingRef, SqlTranslatable, TypeOrigin,
};
use reviewpro_core::{Error, ErrorKind};

use super::report::raise;

/// The largest allocation of `palloc`, and so of a field (PostgreSQL's MaxAllocSize, a macro that is not bound).
pub(super) const MAX_ALLOC_SIZE: usize = 0x3fff_ffff;

/// A value of the type that the SQL declares, in the current memory context.
pub(crate) struct Value(pg_sys::Datum);

impl Value {
    /// A `text`.
    pub(crate) fn text(value: &str) -> Self {
        // SAFETY: PostgreSQL copies as many bytes as it is told.
        Value(unsafe { pg_sys::cstring_to_text_with_len(value.as_ptr().cast(), value.len() as i32) }.into())
    }

    /// A `jsonb` of the core's bytes.
    pub(crate) fn jsonb(payload: &[u8]) -> Self {
        // SAFETY: a bytea and a jsonb differ in what the bytes mean only; PostgreSQL copies them.
        Value(
            unsafe { pg_sys::cstring_to_text_with_len(payload.as_ptr().cast(), payload.len() as i32) }.into(),
        )
    }

    /// An `internal`.
    pub(super) fn pointer(pointer: *mut std::ffi::c_void) -> Self {
        Value(pointer.into())
    }

    /// A one-dimensional array; `'{}'` for none.
    pub(crate) fn array<T: Element>(values: &[T]) -> Self {
        Value(array_datum(values))
    }
}

// SAFETY: the datum was made in the current memory context, which outlives the call.
unsafe impl BoxRet for Value {
    unsafe fn box_into<'fcx>(self, fcinfo: &mut FcInfo<'fcx>) -> pgrx::datum::Datum<'fcx> {
        // SAFETY: of the type that the SQL declares for the function that made it.
        unsafe { fcinfo.return_raw_datum(self.0) }
    }
}

// SAFETY: never appears in generated SQL: every function's SQL is hand-written.
unsafe impl SqlTranslatable for Value {
    const TYPE_IDENT: &'static str = pgrx::pgrx_resolved_type!(Value);
    const TYPE_ORIGIN: TypeOrigin = TypeOrigin::External;
    const ARGUMENT_SQL: Result<SqlMappingRef, ArgumentError> = Err(ArgumentError::Datum);
    const RETURN_SQL: Result<ReturnsRef, ReturnsError> = Ok(ReturnsRef::One(SqlMappingRef::Skip));
}

/// Element types of the arrays that we return.
pub(crate) trait Element: Copy {
    const OID: pg_sys::Oid;
}

impl Element for i32 {
    const OID: pg_sys::Oid = pg_sys::INT4OID;
}

impl Element for f64 {
    const OID: pg_sys::Oid = pg_sys::FLOAT8OID;
}

fn array_datum<T: Element>(values: &[T]) -> pg_sys::Datum {
    if values.is_empty() {
        // SAFETY: a known element type.
        return unsafe { pg_sys::construct_empty_array(T::OID) }.into();
    }
    let data = size_of::<pg_sys::ArrayType>() + 8;
    let size = data + size_of_val(values);
    if size > MAX_ALLOC_SIZE {
        raise(
            Error::new(
                ErrorKind::LimitExceeded,
                "the result exceeds the size of an array",
            )
            .detail(format!("{} elements were computed.", values.len())),
        )
    }
    // SAFETY: `size` bytes hold the header, one dimension with its lower bound, and the values.
    unsafe {
        let array = pg_sys::palloc0(size).cast::<pg_sys::ArrayType>();
        pgrx::set_varsize_4b(array.cast(), size as i32);
        (*array).ndim = 1;
        (*array).elemtype = T::OID;
        let bounds = array.add(1).cast::<i32>();
        bounds.write(values.len() as i32);
        bounds.add(1).write(1);
        array
            .cast::<u8>()
            .add(data)
            .cast::<T>()
            .copy_from_nonoverlapping(values.as_ptr(), values.len());
        array.into()
    }
}
