//! `reviewpro_progress`: what runs, and how far it has come.

use pgrx::pg_extern;
use reviewpro_core::table::{Column, Type, Value};

use crate::bridge::{Call, Work, running_calls, stream_rows};

/// `reviewpro_progress()`: one row per backend in which one of our functions runs.
#[pg_extern(sql = false)]
fn reviewpro_progress(call: Call) {
    const COLUMNS: &[Column] = &[
        Column::new("pid", Type::Int),
        Column::new("phase", Type::Text),
        Column::new("percent", Type::Float),
    ];
    // Before this very call becomes one of them.
    let calls = running_calls();
    stream_rows(&call, COLUMNS, Work::over(0), |_, emit| {
        calls.iter().try_for_each(|&(pid, phase, share)| {
            let percent = share.map_or(Value::Null, |share| Value::Float((share * 1000.0).round() / 10.0));
            emit(&[Value::Int(pid), Value::Text(phase.name()), percent])
        })
    });
}
