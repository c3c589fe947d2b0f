//! What storing works from: every result of a log, or of an array of objects, with what becomes of it.

use pgrx::pg_extern;
use reviewpro_core::sarif::{self, Fingerprinted, Options, OutcomeRow, Words};

use crate::bridge::{Call, OrRaise, Work, stream_batches, stream_rows};
use crate::sarif::{Log, options};

/// `ingest_results(sarif text, ...)` and `ingest_results(sarif json, ...)`.
#[pg_extern(sql = false)]
fn ingest_results_text(call: Call) {
    results(&call, &Log::Text(call.text(0)));
}

/// `ingest_results(sarif jsonb, ...)`.
#[pg_extern(sql = false)]
fn ingest_results_jsonb(call: Call) {
    results(&call, &Log::Jsonb(call.jsonb(0)));
}

/// `ingest_results(sarif bytea, ...)`.
#[pg_extern(sql = false)]
fn ingest_results_bytea(call: Call) {
    results(&call, &Log::Bytea(call.bytes(0)));
}

fn results(call: &Call, log: &Log) {
    let options = options(call);
    stream_batches(call, OutcomeRow::all_columns(), log.work(), |task, out| {
        log.read(task, |source| sarif::outcomes(source, &options, task, out))
    });
}

/// `ingest_objects(findings jsonb, fingerprint text, organization_id uuid, raw boolean)`.
#[pg_extern(sql = false)]
fn ingest_objects(call: Call) {
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
fn fingerprint_findings(call: Call) {
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
        organization_id: call.uuid(index + 1).map(reviewpro_core::fingerprint::uuid::text),
        ..Options::default()
    }
}
