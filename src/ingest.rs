//! What storing works from: every result of a log, or of an array of objects, with what becomes of it.

use pgrx::pg_extern;
use reviewpro_core::fingerprint::uuid;
use reviewpro_core::sarif::{self, Fingerprinted, Options, OutcomeRow, Words};

use crate::bridge::{self, Call, CountedCall, Ended, OrRaise, Row, Value, Work, stream_batches, stream_rows};
use crate::sarif::{Log, options};
use crate::settings;

/// `ingest_results(sarif text, ...)` and `ingest_results(sarif json, ...)`.
#[pg_extern(sql = false)]
fn ingest_results_text(call: CountedCall) {
    results(&call, &Log::Text(call.text(0)));
}

/// `ingest_results(sarif jsonb, ...)`.
#[pg_extern(sql = false)]
fn ingest_results_jsonb(call: CountedCall) {
    results(&call, &Log::Jsonb(call.jsonb(0)));
}

/// `ingest_results(sarif bytea, ...)`.
#[pg_extern(sql = false)]
fn ingest_results_bytea(call: CountedCall) {
    results(&call, &Log::Bytea(call.bytes(0)));
}

fn results(call: &Call, log: &Log) {
    let options = options(call);
    stream_batches(call, OutcomeRow::all_columns(), log.work(), |task, out| {
        log.read(task, |source, task| sarif::outcomes(source, &options, task, out))
    });
}

/// `ingest_objects(findings jsonb, fingerprint text, organization_id uuid, raw boolean)`.
#[pg_extern(sql = false)]
fn ingest_objects(call: CountedCall) {
    let findings = call.required("findings", call.jsonb(0));
    let options = Options {
        raw: Some(call.required("raw", call.bool(3))),
        ..identity(&call, 1)
    };
    let work = Work::over(findings.len());
    stream_rows(&call, OutcomeRow::all_columns(), work, |task, emit| {
        sarif::objects(&findings, &options, task, emit)
    });
}

/// `fingerprint_findings(findings jsonb, fingerprint text, organization_id uuid)`.
#[pg_extern(sql = false)]
fn fingerprint_findings(call: CountedCall) {
    let findings = call.jsonb(0);
    let options = identity(&call, 1);
    let work = Work::over(findings.as_deref().map_or(0, <[u8]>::len));
    stream_rows(&call, Fingerprinted::COLUMNS, work, |task, emit| {
        let Some(findings) = findings.as_deref() else {
            return Ok(());
        };
        sarif::fingerprints(findings, &options, task, &mut |row| emit(&row.values()))
    });
}

/// The formula at `index`, and the organisation after it.
fn identity(call: &Call, index: usize) -> Options {
    Options {
        fingerprint: call
            .text(index)
            .map(|kind| Words::parse("fingerprint", &kind).or_raise()),
        organization_id: call.uuid(index + 1).map(uuid::text),
        ..Options::default()
    }
}

/// `ingest_began(function text)`: what the functions that are written in SQL say first.
#[pg_extern(sql = false)]
fn ingest_began(call: Call) {
    bridge::begin(&call.required("function", call.text(0)));
}

/// `ingest_ended(result ingest_result, organization_id uuid, repository_id uuid, scan_id uuid)`: what they say last.
/// Gives `result` back.
#[pg_extern(sql = false)]
fn ingest_ended(call: Call) -> Option<Value> {
    let row = Row::of(&call, 0)?;
    let total = row.i32(1).and_then(|total| usize::try_from(total).ok());
    if let Some(ended) = bridge::end(total.unwrap_or(0))
        && settings::log_ingest()
    {
        bridge::log_line(&log_line(&call, &row, &ended));
    }
    Value::argument(&call, 0)
}

/// What the log is told of an ingest: a JSON object.
fn log_line(call: &Call, row: &Row, ended: &Ended) -> String {
    const COUNTS: [&str; 8] = [
        "total",
        "inserted",
        "updated",
        "unchanged",
        "reopened",
        "fixed",
        "duplicates",
        "skipped",
    ];
    let mut line = format!("reviewpro_pg ingest: {{\"function\": \"{}\"", ended.function);
    for (index, name) in (1..).zip(["organization_id", "repository_id", "scan_id"]) {
        let id = call.uuid(index).map(uuid::text);
        let id = id.map_or_else(|| "null".into(), |id| format!("\"{id}\""));
        line += &format!(", \"{name}\": {id}");
    }
    for (number, name) in (1..).zip(COUNTS) {
        line += &format!(", \"{name}\": {}", row.i32(number).unwrap_or(0));
    }
    let (errors, seconds) = (row.elements(9), ended.took.as_secs_f64());
    line += &format!(
        ", \"errors\": {errors}, \"bytes\": {}, \"seconds\": {seconds:.6}}}",
        ended.bytes
    );
    line
}
