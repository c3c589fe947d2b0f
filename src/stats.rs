//! `reviewpro_stats` and `reviewpro_health`: what an operator looks at.

use pgrx::pg_extern;
use reviewpro_core::cluster::simd::Kernel;
use reviewpro_core::table::{Column, Type, Value};

use crate::bridge::{COUNTED, Call, Work, counts, reset_counts, running_calls, since, stream_rows};
use crate::settings;

/// `reviewpro_stats()`: one row per counted function.
#[pg_extern(sql = false)]
fn reviewpro_stats(call: Call) {
    const COLUMNS: &[Column] = &[
        Column::new("function", Type::Text),
        Column::new("calls", Type::BigInt),
        Column::new("errors", Type::BigInt),
        Column::new("rows", Type::BigInt),
        Column::new("bytes", Type::BigInt),
        Column::new("seconds", Type::Float),
        Column::new("stats_since", Type::Timestamp),
    ];
    let (counts, since) = (counts(), since().map_or(Value::Null, Value::Timestamp));
    stream_rows(&call, COLUMNS, Work::over(0), |_, emit| {
        COUNTED.iter().zip(&counts).try_for_each(|(name, counts)| {
            emit(&[
                Value::Text(name),
                count(counts.calls),
                count(counts.errors),
                count(counts.rows),
                count(counts.bytes),
                Value::Float(counts.nanoseconds as f64 / 1e9),
                since,
            ])
        })
    });
}

/// `reviewpro_stats_reset()`
#[pg_extern(sql = false)]
fn reviewpro_stats_reset() {
    reset_counts();
}

/// `reviewpro_health()`: one row, of what this library and this session know.
#[pg_extern(sql = false)]
fn reviewpro_health(call: Call) {
    const COLUMNS: &[Column] = &[
        Column::new("library_version", Type::Text),
        Column::new("cpu_path", Type::Text),
        Column::new("threads_limit", Type::Int),
        Column::new("memory_limit", Type::BigInt),
        Column::new("running_calls", Type::Int),
        Column::new("stats_since", Type::Timestamp),
    ];
    let running = running_calls().len();
    let since = since().map_or(Value::Null, Value::Timestamp);
    let (threads, memory) = (settings::threads(), settings::memory());
    stream_rows(&call, COLUMNS, Work::over(0), |_, emit| {
        emit(&[
            Value::Text(env!("CARGO_PKG_VERSION")),
            Value::Text(Kernel::detect().name()),
            Value::Int(i32::try_from(threads).unwrap_or(i32::MAX)),
            count(memory as u64),
            Value::Int(i32::try_from(running).unwrap_or(i32::MAX)),
            since,
        ])
    });
}

fn count(value: u64) -> Value<'static> {
    Value::BigInt(i64::try_from(value).unwrap_or(i64::MAX))
}
