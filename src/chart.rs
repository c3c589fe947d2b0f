//! Charts of characters for psql; they are drawn in `reviewpro_core::chart`.

use pgrx::pg_extern;
use reviewpro_core::chart::{self, Charset, Scale};
use reviewpro_core::table::{Column, Type, Value as Cell};

use crate::bridge::{Call, OrRaise, Value, Work, compute, stream_rows};

/// `bar(value, max, width, ascii)`; strict.
#[pg_extern(sql = false)]
fn bar(call: Call) -> Option<Value> {
    let charset = charset(&call, call.bool(3)?);
    chart::bar(call.f64(0)?, call.f64(1)?, call.i32(2)?, charset)
        .or_raise()
        .map(|bar| Value::text(&bar))
}

/// `sparkline(values, low, high, ascii)`
#[pg_extern(sql = false)]
fn sparkline(call: Call) -> Option<Value> {
    let values = call.floats(0)?;
    let scale = Scale {
        low: call.f64(1),
        high: call.f64(2),
    };
    let charset = charset(&call, call.required("ascii", call.bool(3)));
    let line = compute(Work::over(values.bytes()), |task| {
        chart::sparkline(values.iter()?, scale, charset, task)
    });
    Some(Value::text(&line))
}

/// `histogram(values, buckets, width, ascii)`: one row per bucket.
#[pg_extern(sql = false)]
fn histogram(call: Call) {
    const COLUMNS: &[Column] = &[
        Column::new("bucket", Type::Int),
        Column::new("low", Type::Float),
        Column::new("high", Type::Float),
        Column::new("count", Type::Int),
        Column::new("bar", Type::Text),
    ];
    let values = call.floats(0);
    let buckets = call.required("buckets", call.i32(1));
    let width = call.required("width", call.i32(2));
    let charset = charset(&call, call.required("ascii", call.bool(3)));
    let work = Work::over(values.as_ref().map_or(0, |values| values.bytes()));
    stream_rows(&call, COLUMNS, work, |task, emit| {
        let Some(values) = &values else { return Ok(()) };
        let rows = chart::histogram(values.iter()?, buckets, task)?;
        let most = rows.iter().map(|row| row.count).max().map_or(0.0, f64::from);
        rows.iter().try_for_each(|row| {
            let bar = chart::bar(f64::from(row.count), most, width, charset)?;
            emit(&[
                row.bucket.map_or(Cell::Null, Cell::Int),
                row.low.map_or(Cell::Null, Cell::Float),
                row.high.map_or(Cell::Null, Cell::Float),
                Cell::Int(row.count),
                bar.as_deref().map_or(Cell::Null, Cell::Text),
            ])
        })
    });
}

/// The characters to draw with; blocks exist in UTF-8 alone.
fn charset(call: &Call, ascii: bool) -> Charset {
    if !ascii {
        call.require_utf8();
    }
    Charset::ascii(ascii)
}
