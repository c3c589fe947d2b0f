//! The published identities of a finding; the formulas are in `reviewpro_core::fingerprint`.

use pgrx::pg_extern;
use reviewpro_core::fingerprint::{compat, content, line_hashes, location, uuid};

use reviewpro_core::table::{Column, Type, Value as Cell};

use crate::bridge::{Call, CountedCall, Value, Work, stream_rows};

/// `fingerprint(organization_id uuid, rule_id, file_path, start_line, start_column, message)`.
#[pg_extern(sql = false)]
fn fingerprint_uuid(call: Call) -> Option<Value> {
    let organization = uuid::text(call.uuid(0)?);
    application_fingerprint(&call, &organization)
}

/// `fingerprint(organization_id text, rule_id, file_path, start_line, start_column, message)`.
#[pg_extern(sql = false)]
fn fingerprint_text(call: Call) -> Option<Value> {
    let organization = call.text(0)?;
    application_fingerprint(&call, &organization)
}

fn application_fingerprint(call: &Call, organization: &str) -> Option<Value> {
    let message = call.text(5)?;
    let (rule_id, file_path) = (call.text(1), call.text(2));
    let value = compat::fingerprint(
        organization,
        rule_id.as_deref(),
        file_path.as_deref(),
        call.i64(3),
        call.i64(4),
        &message,
    );
    Some(Value::text(value.as_str()))
}

/// `content_fingerprint(tool_name, rule_id, file_path, content_key, occurrence)`.
#[pg_extern(sql = false)]
fn content_fingerprint(call: Call) -> Option<Value> {
    let (tool_name, rule_id, file_path) = (call.text(0), call.text(1), call.text(2));
    let value = content::fingerprint(
        tool_name.as_deref(),
        rule_id.as_deref(),
        file_path.as_deref(),
        &call.text(3)?,
        i64::from(call.i32(4)?),
    );
    Some(Value::text(value.as_str()))
}

/// `location_fingerprint(file_path, line, rule_id)`.
#[pg_extern(sql = false)]
fn location_fingerprint(call: Call) -> Value {
    let (file_path, rule_id) = (call.text(0), call.text(2));
    let value = location::fingerprint(file_path.as_deref(), call.i64(1), rule_id.as_deref());
    Value::text(value.as_str())
}

const LINE_HASH_COLUMNS: &[Column] = &[Column::new("line", Type::Int), Column::new("hash", Type::Text)];

/// `sarif_line_hashes(source)`: one row per line of a source text.
#[pg_extern(sql = false)]
fn sarif_line_hashes(call: CountedCall) {
    let source = call.text(0);
    let work = Work::over(source.as_deref().map_or(0, str::len));
    stream_rows(&call, LINE_HASH_COLUMNS, work, |task, emit| {
        let Some(source) = source.as_deref() else {
            return Ok(());
        };
        let hashes = line_hashes::line_hashes(source, task)?;
        (1..)
            .zip(&hashes)
            .try_for_each(|(line, hash)| emit(&[Cell::Int(line), Cell::Text(&hash.to_string())]))
    });
}
