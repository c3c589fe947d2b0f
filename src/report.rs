//! Reports for people; they are written in `reviewpro_core::report`.

use pgrx::pg_extern;
use reviewpro_core::report::{self, Format};

use crate::bridge::{CountedCall, OrRaise, Value, Work, compute};

/// `render_findings_report(document, format)`; strict.
#[pg_extern(sql = false)]
fn render_findings_report(call: CountedCall) -> Option<Value> {
    let document = call.jsonb(0)?;
    let format = Format::parse(&call.text(1)?).or_raise();
    let text = compute(Work::over(document.len()), |task| {
        report::render(&document, format, task)
    });
    Some(Value::text(&text))
}
