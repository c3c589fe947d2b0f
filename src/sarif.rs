//! `sarif_findings` and its family; what a log means is in `reviewpro_core::sarif`.

use pgrx::pg_extern;
use reviewpro_core::json;
use reviewpro_core::sarif::{self, Finding, Options, Source, Words};
use reviewpro_core::{Result, Task};

use crate::bridge::{Call, OrRaise, Text, Varlena, stream_rows};

/// The first argument of every function here, in one of its four types. NULL is no log: no rows.
pub(crate) enum Log {
    Text(Option<Text>),
    Jsonb(Option<Varlena>),
    Bytea(Option<Varlena>),
}

impl Log {
    /// Runs `read` on the log, decoded.
    pub(crate) fn read<T: Default>(&self, task: &Task<'_>, read: impl FnOnce(Source<'_>) -> Result<T>) -> Result<T> {
        match self {
            Log::Text(Some(text)) => read(Source::Text(text.strip_prefix('\u{FEFF}').unwrap_or(text))),
            Log::Jsonb(Some(payload)) => read(Source::Jsonb(payload)),
            Log::Bytea(Some(bytes)) => read(Source::Text(&json::decode(bytes, task)?)),
            Log::Text(None) | Log::Jsonb(None) | Log::Bytea(None) => Ok(T::default()),
        }
    }
}

/// `sarif_findings(sarif text, ...)` and, with the same bytes, `sarif_findings(sarif json, ...)`.
#[pg_extern(sql = false)]
fn sarif_findings_text(call: Call) {
    findings(&call, &Log::Text(call.text(0)));
}

/// `sarif_findings(sarif jsonb, ...)`.
#[pg_extern(sql = false)]
fn sarif_findings_jsonb(call: Call) {
    findings(&call, &Log::Jsonb(call.jsonb(0)));
}

/// `sarif_findings(sarif bytea, ...)`.
#[pg_extern(sql = false)]
fn sarif_findings_bytea(call: Call) {
    findings(&call, &Log::Bytea(call.bytes(0)));
}

/// One row per finding.
fn findings(call: &Call, log: &Log) {
    let options = options(call);
    stream_rows(call, Finding::COLUMNS, |task, emit| {
        log.read(task, |source| {
            sarif::findings(source, &options, task, &mut |finding| emit(&finding.values())).map(drop)
        })
    });
}

/// The options of `sarif_findings`, in the order in which the SQL declares them after the log.
pub(crate) fn options(call: &Call) -> Options {
    let word = |index, name| call.required(name, call.text(index));
    let flag = |index, name| call.required(name, call.bool(index));
    Options {
        mode: Words::parse("mode", &word(1, "mode")).or_raise(),
        source_root: call.text(2).map(|root| root.to_string()),
        uri_bases: call.jsonb(3).map(|bases| sarif::uri_bases(&bases).or_raise()).unwrap_or_default(),
        kinds: call.texts(4, "kinds").map(|kinds| all("kinds", &kinds).or_raise()),
        suppressed: Words::parse("suppressed", &word(5, "suppressed")).or_raise(),
        include_absent: flag(6, "include_absent"),
        per_location: flag(7, "per_location"),
        fingerprint: call.text(8).map(|kind| Words::parse("fingerprint", &kind).or_raise()),
        fingerprint_keys: call.texts(9, "fingerprint_keys"),
        organization_id: call.uuid(10).map(reviewpro_core::fingerprint::uuid::text),
        raw: call.bool(11),
        strict: flag(12, "strict"),
    }
}

fn all<T: Words>(parameter: &str, words: &[String]) -> Result<Vec<T>> {
    words.iter().map(|word| T::parse(parameter, word)).collect()
}
