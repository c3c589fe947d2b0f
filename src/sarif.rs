//! `sarif_findings` and its family; what a log means is in `reviewpro_core::sarif`.

use std::borrow::Cow;

use pgrx::pg_extern;
use reviewpro_core::json;
use reviewpro_core::sarif::validate::{validate_jsonb, validate_text};
use reviewpro_core::sarif::{self, Finding, Options, Rule, Run, Source, Words};
use reviewpro_core::table::{Column, Type, Value as Cell};
use reviewpro_core::{Result, Task};

use crate::bridge::{
    Call, Constant, CountedCall, OrRaise, RowsRequest, Text, Value, Varlena, Work, compute, no_answer,
    stream_batches, stream_rows,
};

/// How much smaller gzip makes a log.
const USUAL_COMPRESSION: usize = 15;

/// The first argument of every function here, in one of its four types. NULL is no log: no rows.
pub(crate) enum Log {
    Text(Option<Text>),
    Jsonb(Option<Varlena>),
    Bytea(Option<Varlena>),
}

impl Log {
    /// How much work it is to read it.
    pub(crate) fn work(&self) -> Work {
        Work::over(match self {
            Log::Text(Some(text)) => text.len(),
            Log::Jsonb(Some(payload)) => payload.len(),
            Log::Bytea(Some(bytes)) if json::is_gzip(bytes) => bytes.len().saturating_mul(USUAL_COMPRESSION),
            Log::Bytea(Some(bytes)) => bytes.len(),
            Log::Text(None) | Log::Jsonb(None) | Log::Bytea(None) => 0,
        })
    }

    /// Runs `read` on the log, decoded.
    pub(crate) fn read<T: Default>(
        &self,
        task: &Task<'_>,
        read: impl FnOnce(Source<'_>, &Task<'_>) -> Result<T>,
    ) -> Result<T> {
        match self {
            Log::Text(Some(text)) => read(Source::Text(text.strip_prefix('\u{FEFF}').unwrap_or(text)), task),
            Log::Jsonb(Some(payload)) => read(Source::Jsonb(payload), task),
            Log::Bytea(Some(bytes)) => {
                let text = json::decode(bytes, task)?;
                let held = match &text {
                    Cow::Borrowed(_) => 0,
                    Cow::Owned(text) => text.capacity(),
                };
                read(Source::Text(&text), &task.beside(held))
            }
            Log::Text(None) | Log::Jsonb(None) | Log::Bytea(None) => Ok(T::default()),
        }
    }
}

/// The C functions of one SQL function: for `text` and, with the same bytes, `json`; for `jsonb`; for `bytea`.
macro_rules! overloads {
    ($body:ident: $text:ident, $jsonb:ident, $bytea:ident $(-> $returns:ty)?) => {
        #[pg_extern(sql = false)]
        fn $text(call: CountedCall) $(-> $returns)? {
            let log = Log::Text(call.text(0));
            $body(&call, &log)
        }

        #[pg_extern(sql = false)]
        fn $jsonb(call: CountedCall) $(-> $returns)? {
            let log = Log::Jsonb(call.jsonb(0));
            $body(&call, &log)
        }

        #[pg_extern(sql = false)]
        fn $bytea(call: CountedCall) $(-> $returns)? {
            let log = Log::Bytea(call.bytes(0));
            $body(&call, &log)
        }
    };
}

overloads!(findings: sarif_findings_text, sarif_findings_jsonb, sarif_findings_bytea);
overloads!(runs: sarif_runs_text, sarif_runs_jsonb, sarif_runs_bytea);
overloads!(rules: sarif_rules_text, sarif_rules_jsonb, sarif_rules_bytea);
overloads!(validate: sarif_validate_text, sarif_validate_jsonb, sarif_validate_bytea);
overloads!(summary: sarif_summary_text, sarif_summary_jsonb, sarif_summary_bytea -> Option<Value>);

/// One row per finding.
fn findings(call: &Call, log: &Log) {
    let options = options(call);
    stream_batches(call, Finding::COLUMNS, log.work(), |task, out| {
        log.read(task, |source, task| {
            sarif::findings_in_batches(source, &options, task, out).map(drop)
        })
    });
}

/// One row per run.
fn runs(call: &Call, log: &Log) {
    stream_rows(call, Run::COLUMNS, log.work(), |task, emit| {
        let runs = log.read(task, sarif::runs)?;
        runs.iter().try_for_each(|run| emit(&run.values()))
    });
}

/// One row per rule.
fn rules(call: &Call, log: &Log) {
    stream_rows(call, Rule::COLUMNS, log.work(), |task, emit| {
        log.read(task, |source, task| {
            sarif::rules(source, task, &mut |rule| emit(&rule.values()))
        })
    });
}

const PROBLEM_COLUMNS: &[Column] = &[
    Column::new("severity", Type::Text),
    Column::new("code", Type::Text),
    Column::new("pointer", Type::Text),
    Column::new("message", Type::Text),
];

/// One row per problem of the log.
fn validate(call: &Call, log: &Log) {
    stream_rows(call, PROBLEM_COLUMNS, log.work(), |task, emit| {
        let problems = log.read(task, |source, task| match source {
            Source::Text(text) => validate_text(text, task),
            Source::Jsonb(payload) => validate_jsonb(payload, task),
        })?;
        problems.iter().try_for_each(|problem| {
            emit(&[
                Cell::Text(problem.severity.as_str()),
                Cell::Text(problem.code),
                Cell::Text(&problem.pointer),
                Cell::Text(&problem.message),
            ])
        })
    });
}

/// The scan in one `jsonb`.
fn summary(call: &Call, log: &Log) -> Option<Value> {
    if call.is_null(0) {
        return None;
    }
    let summary = compute(log.work(), |task| {
        log.read(task, |source, task| sarif::summary(source, task).map(Some))
    })?;
    Some(Value::jsonb(summary.as_bytes()))
}

/// Bytes of a log for each of its results, as logs of many tools have it.
const BYTES_PER_RESULT: usize = 1200;

/// Tells the planner how many rows a constant log gives.
#[pg_extern(sql = false)]
fn sarif_findings_support(call: Call) -> Value {
    let Some(request) = RowsRequest::of(&call) else {
        return no_answer();
    };
    let rows = match request.constant() {
        Some(Constant::Text(text)) => count_results(text.len(), Source::Text(&text)),
        Some(Constant::Jsonb(payload)) => count_results(payload.len(), Source::Jsonb(&payload)),
        // Decoding it would be half of reading it.
        Some(Constant::Bytea(bytes)) => Some(bytes.len() / BYTES_PER_RESULT),
        None => None,
    };
    match rows {
        Some(rows) => request.answer(rows as f64),
        None => no_answer(),
    }
}

fn count_results(bytes: usize, source: Source<'_>) -> Option<usize> {
    compute(Work::over(bytes), |task| Ok(sarif::count_results(source, task)))
}

/// The options of `sarif_findings`, in the order in which the SQL declares them after the log.
pub(crate) fn options(call: &Call) -> Options {
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
