//! A composite argument.

use pgrx::pg_sys;
use reviewpro_core::jsonb;

use super::call::Call;
use super::varlena::Varlena;

/// A row that the running function was given, by the numbers of its columns.
pub(crate) struct Row(pg_sys::HeapTupleHeader);

impl Row {
    /// A composite argument.
    pub(crate) fn of(call: &Call, index: usize) -> Option<Self> {
        // SAFETY: a detoasted composite value, which is a tuple with its header.
        call.pointer::<pg_sys::varlena>(index)
            .map(|value| Row(unsafe { pg_sys::pg_detoast_datum(value) }.cast()))
    }

    fn datum(&self, number: i16) -> Option<pg_sys::Datum> {
        let mut is_null = true;
        // SAFETY: a whole tuple; PostgreSQL raises for a number that its type does not have.
        let datum = unsafe { pg_sys::GetAttributeByNum(self.0, number, &raw mut is_null) };
        (!is_null).then_some(datum)
    }

    /// An `int4` column.
    pub(crate) fn i32(&self, number: i16) -> Option<i32> {
        self.datum(number).map(|datum| datum.value() as i32)
    }

    /// The number of elements of a `jsonb` column that is an array.
    pub(crate) fn elements(&self, number: i16) -> usize {
        let value = self.datum(number).map(|datum| {
            // SAFETY: the type's column is a jsonb, which lives as long as the row.
            unsafe { Varlena::aligned(datum) }
        });
        match value.as_deref().map(jsonb::Value::root) {
            Some(Ok(jsonb::Value::Array(array))) => array.len(),
            _ => 0,
        }
    }
}
