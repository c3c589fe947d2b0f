//! The tuples of [`super::tuple`] against those that PostgreSQL forms.

#[pgrx::pg_schema]
mod tests {
    use std::borrow::Cow;

    use pgrx::prelude::*;
    use reviewpro_core::table::{Batch, UsedColumns, Value};

    use crate::bridge::tuple::TupleBatch;

    /// Rows of many shapes, byte for byte.
    #[pg_test]
    fn tuples_are_as_postgres_forms_them() {
        let long = "é".repeat(70);
        let pieces: Vec<Cow<'_, str>> = ["x", "", "abcde", &long].map(Cow::Borrowed).to_vec();
        let jsonb = reviewpro_core::jsonb::transcode(r#"{"a": [1, "b"]}"#).expect("JSON");
        let values = [
            Value::Null,
            Value::Int(-7),
            Value::BigInt(-1 << 40),
            Value::Bool(true),
            Value::Float(2.5),
            Value::Timestamp(946_684_801_000_000),
            Value::Numeric("-12345.678"),
            Value::Text(""),
            Value::Text("a"),
            Value::Text(&long),
            Value::Text(&long[..126]),
            Value::Texts(&[]),
            Value::Texts(&pieces[..2]),
            Value::Texts(&pieces),
            Value::Reals(&[]),
            Value::Reals(&[1.5, -0.25, f32::MAX]),
            Value::Reals(&[0.5; 100]),
            Value::Jsonb(&jsonb),
        ];
        let mut checked = 0;
        for rotation in 0..values.len() {
            for with_null in [false, true] {
                let mut row = values.to_vec();
                row.rotate_left(rotation);
                row.retain(|value| with_null || *value != Value::Null);
                assert_eq!(formed(&row, row.len()), expected(&row), "{row:?}");
                checked += 1;
            }
        }
        assert_eq!(checked, 36);
        let short = [Value::Int(1)];
        assert_eq!(
            formed(&short, 3),
            expected(&[Value::Int(1), Value::Null, Value::Null])
        );
        assert_eq!(
            formed(&[Value::Int(1), Value::Text("left out")], 1),
            expected(&short)
        );
    }

    /// The bytes of a tuple from its attribute count on, as ours.
    fn formed(row: &[Value<'_>], columns: usize) -> Vec<u8> {
        let mut batch = TupleBatch::new(columns, UsedColumns::ALL);
        // A second tuple in the batch begins at an alignment of its own.
        batch.push(&[Value::Text("before")]).expect("a row");
        batch.push(row).expect("a row");
        let tuple = batch.tuples().nth(1).expect("two tuples");
        tuple[std::mem::offset_of!(pg_sys::HeapTupleHeaderData, t_infomask2)..].to_vec()
    }

    /// The same from `heap_form_tuple`.
    fn expected(row: &[Value<'_>]) -> Vec<u8> {
        let datums: Vec<Option<pg_sys::Datum>> = row.iter().map(datum).collect();
        let nulls: Vec<bool> = datums.iter().map(Option::is_none).collect();
        let datums: Vec<pg_sys::Datum> = datums
            .into_iter()
            .map(|datum| datum.unwrap_or(0.into()))
            .collect();
        // SAFETY: a descriptor of as many columns as there are values, of their types.
        unsafe {
            let desc = pg_sys::CreateTemplateTupleDesc(row.len() as i32);
            for (at, value) in (1..).zip(row) {
                let name = std::ptr::null();
                pg_sys::TupleDescInitEntry(desc, at, name, oid(value), -1, 0);
            }
            let tuple = pg_sys::heap_form_tuple(desc, datums.as_ptr(), nulls.as_ptr());
            let bytes = std::slice::from_raw_parts((*tuple).t_data.cast::<u8>(), (*tuple).t_len as usize);
            bytes[std::mem::offset_of!(pg_sys::HeapTupleHeaderData, t_infomask2)..].to_vec()
        }
    }

    fn oid(value: &Value<'_>) -> pg_sys::Oid {
        match value {
            Value::Null | Value::Int(_) => pg_sys::INT4OID,
            Value::BigInt(_) => pg_sys::INT8OID,
            Value::Bool(_) => pg_sys::BOOLOID,
            Value::Float(_) => pg_sys::FLOAT8OID,
            Value::Timestamp(_) => pg_sys::TIMESTAMPTZOID,
            Value::Numeric(_) => pg_sys::NUMERICOID,
            Value::Text(_) => pg_sys::TEXTOID,
            Value::Texts(_) => pg_sys::TEXTARRAYOID,
            Value::Reals(_) => pg_sys::FLOAT4ARRAYOID,
            Value::Jsonb(_) => pg_sys::JSONBOID,
        }
    }

    /// The value by PostgreSQL's own input functions.
    fn datum(value: &Value<'_>) -> Option<pg_sys::Datum> {
        match *value {
            Value::Null => None,
            Value::Int(value) => value.into_datum(),
            Value::BigInt(value) => value.into_datum(),
            Value::Bool(value) => value.into_datum(),
            Value::Float(value) => value.into_datum(),
            Value::Timestamp(_) => pgrx::datum::TimestampWithTimeZone::try_from(1_000_000_i64)
                .ok()
                .into_datum(),
            Value::Numeric(digits) => {
                Spi::get_one_with_args::<pgrx::AnyNumeric>("SELECT $1::numeric", &[digits.into()])
                    .expect("a number")
                    .into_datum()
            }
            Value::Text(text) => text.into_datum(),
            Value::Texts(texts) => texts
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<String>>()
                .into_datum(),
            Value::Reals(values) => values.to_vec().into_datum(),
            Value::Jsonb(_) => Spi::get_one::<pgrx::JsonB>(r#"SELECT '{"a": [1, "b"]}'::jsonb"#)
                .expect("jsonb")
                .into_datum(),
        }
    }
}
