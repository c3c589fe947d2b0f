//! `sarif_findings` and its family; what a log means is in `reviewpro_core::sarif`.

use pgrx::pg_extern;
use reviewpro_core::Result;
use reviewpro_core::sarif::{self, Finding, Options, Source, Words};

use crate::bridge::{Call, OrRaise, stream_rows};

/// `sarif_findings(sarif text, ...)` and, with the same bytes, `sarif_findings(sarif json, ...)`.
#[pg_extern(sql = false)]
fn sarif_findings_text(call: Call) {
    let log = call.text(0);
    findings(&call, log.as_deref().map(Source::Text));
}

/// One row per finding.
fn findings(call: &Call, log: Option<Source<'_>>) {
    let options = options(call);
    stream_rows(call, Finding::COLUMNS, |task, emit| {
        let Some(log) = log else { return Ok(()) };
        sarif::findings(log, &options, task, &mut |finding| emit(&finding.values())).map(drop)
    });
}

/// The options of `sarif_findings`, in the order in which the SQL declares them after the log.
fn options(call: &Call) -> Options {
    let word = |index, name| call.required(name, call.text(index));
    let flag = |index, name| call.required(name, call.bool(index));
    Options {
        mode: Words::parse("mode", &word(1, "mode")).or_raise(),
        source_root: call.text(2).map(|root| root.to_string()),
        uri_bases: call
            .jsonb(3)
            .map(|bases| sarif::uri_bases(&bases).or_raise())
            .unwrap_or_default(),
        kinds: call
            .texts(4, "kinds")
            .map(|kinds| all("kinds", &kinds).or_raise()),
        suppressed: Words::parse("suppressed", &word(5, "suppressed")).or_raise(),
        include_absent: flag(6, "include_absent"),
        per_location: flag(7, "per_location"),
        fingerprint: call
            .text(8)
            .map(|kind| Words::parse("fingerprint", &kind).or_raise()),
        fingerprint_keys: call.texts(9, "fingerprint_keys"),
        organization_id: call.uuid(10).map(reviewpro_core::fingerprint::uuid::text),
        raw: call.bool(11),
        strict: flag(12, "strict"),
    }
}

fn all<T: Words>(parameter: &str, words: &[String]) -> Result<Vec<T>> {
    words.iter().map(|word| T::parse(parameter, word)).collect()
}
