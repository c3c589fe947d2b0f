//! What a function returns.

use pgrx::callconv::{BoxRet, FcInfo};
use pgrx::pg_sys;
use pgrx::pgrx_sql_entity_graph::metadata::{
    ArgumentError, ReturnsError, ReturnsRef, SqlMappingRef, SqlTranslatable, TypeOrigin,
};
use reviewpro_core::{Error, ErrorKind};

use super::call::Call;
use super::report::raise;

/// The largest allocation of `palloc`, and so of a field (PostgreSQL's MaxAllocSize, a macro that is not bound).
pub(super) const MAX_ALLOC_SIZE: usize = 0x3fff_ffff;

/// A value of the type that the SQL declares, in the current memory context.
pub(crate) struct Value(pg_sys::Datum);

impl Value {
    /// A `text`.
    pub(crate) fn text(value: &str) -> Self {
        check_size(pg_sys::VARHDRSZ + value.len());
        // SAFETY: PostgreSQL copies as many bytes as it is told.
        Value(unsafe { pg_sys::cstring_to_text_with_len(value.as_ptr().cast(), value.len() as i32) }.into())
    }

    /// An argument as it is.
    pub(crate) fn argument(call: &Call, index: usize) -> Option<Self> {
        call.pointer::<std::ffi::c_void>(index).map(Value::pointer)
    }

    /// An `internal`.
    pub(super) fn pointer(pointer: *mut std::ffi::c_void) -> Self {
        Value(pointer.into())
    }

    /// A `double precision`.
    pub(crate) fn f64(value: f64) -> Self {
        Value(pg_sys::Datum::from(value.to_bits() as usize))
    }

    /// A `jsonb`.
    pub(crate) fn jsonb(payload: &[u8]) -> Self {
        let size = check_size(pg_sys::VARHDRSZ + payload.len());
        // SAFETY: `size` bytes hold the length word and the payload.
        unsafe {
            let value = pg_sys::palloc(size).cast::<u8>();
            pgrx::set_varsize_4b(value.cast(), size as i32);
            let data = value.add(pg_sys::VARHDRSZ);
            data.copy_from_nonoverlapping(payload.as_ptr(), payload.len());
            Value(value.into())
        }
    }

    /// A one-dimensional array; `'{}'` for none.
    pub(crate) fn array<T: Element>(values: &[T]) -> Self {
        Value(array_datum(values.len(), values.iter().copied(), 0))
    }

    /// A one-dimensional array whose elements may be NULL.
    pub(crate) fn nullable_array<T: Element>(values: &[Option<T>]) -> Self {
        let nulls = values.iter().filter(|value| value.is_none()).count();
        let array = array_datum(values.len(), values.iter().flatten().copied(), nulls);
        if nulls > 0 {
            // SAFETY: made with room for one bit per element, all zero, which stands for NULL.
            unsafe {
                let bitmap = array.cast_mut_ptr::<u8>().add(size_of::<pg_sys::ArrayType>() + 8);
                for (i, _) in values.iter().enumerate().filter(|(_, value)| value.is_some()) {
                    *bitmap.add(i / 8) |= 1 << (i % 8);
                }
            }
        }
        Value(array)
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

/// The size, or 54000 beyond that of a field.
fn check_size(size: usize) -> usize {
    if size > MAX_ALLOC_SIZE {
        raise(
            Error::new(ErrorKind::LimitExceeded, "the result exceeds the size of a field").detail(format!(
                "{size} bytes are needed, {MAX_ALLOC_SIZE} bytes are allowed."
            )),
        )
    }
    size
}

/// An array of `len` elements of which `values` are not NULL; with a bitmap, still to be filled, if `nulls` are.
fn array_datum<T: Element>(len: usize, values: impl Iterator<Item = T>, nulls: usize) -> pg_sys::Datum {
    if len == 0 {
        // SAFETY: a known element type.
        return unsafe { pg_sys::construct_empty_array(T::OID) }.into();
    }
    let bitmap = if nulls > 0 { len.div_ceil(8) } else { 0 };
    let data = (size_of::<pg_sys::ArrayType>() + 8 + bitmap).next_multiple_of(8);
    let size = check_size(data + (len - nulls) * size_of::<T>());
    // SAFETY: `size` bytes hold the header, one dimension with its lower bound, the bitmap and the values.
    unsafe {
        let array = pg_sys::palloc0(size).cast::<pg_sys::ArrayType>();
        pgrx::set_varsize_4b(array.cast(), size as i32);
        (*array).ndim = 1;
        (*array).dataoffset = if nulls > 0 { data as i32 } else { 0 };
        (*array).elemtype = T::OID;
        let bounds = array.add(1).cast::<i32>();
        bounds.write(len as i32);
        bounds.add(1).write(1);
        let elements = array.cast::<u8>().add(data).cast::<T>();
        for (i, value) in values.take(len - nulls).enumerate() {
            elements.add(i).write(value);
        }
        array.into()
    }
}
