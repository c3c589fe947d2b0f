//! What the tests over logs share.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::io::Read;
use std::path::PathBuf;

use flate2::read::GzDecoder;
use serde_json::Value as Json;

use reviewpro_core::sarif::{
    Finding, Options, OutcomeRow, Source, Statistics, findings, findings_in_batches, outcomes,
};
use reviewpro_core::table::{Batch, Column, Rows, Value};
use reviewpro_core::{Result, Task, json, jsonb};

/// The folder of `corpus/` and `golden/`; `None`, said aloud, when `REVIEWPRO_SHARED` is not set.
pub fn shared() -> Option<PathBuf> {
    let shared = std::env::var_os("REVIEWPRO_SHARED").map(PathBuf::from);
    if shared.is_none() {
        println!("REVIEWPRO_SHARED is not set: no real log is read");
    }
    shared
}

/// The lines of a gzip'ed file of JSON lines.
pub fn golden(name: &str) -> Vec<Json> {
    let path = shared().expect("REVIEWPRO_SHARED").join("golden").join(name);
    let mut text = String::new();
    GzDecoder::new(std::fs::File::open(path).expect("a golden file"))
        .read_to_string(&mut text)
        .expect("gzip'ed UTF-8");
    let lines = text.lines().map(|line| json::mend(line).text);
    lines
        .map(|line| serde_json::from_str(&line).expect("JSON"))
        .collect()
}

/// The text of a log; `None` when it is not UTF-8. A byte order mark is left out.
pub fn text(path: &str) -> Option<String> {
    let bytes = std::fs::read(shared()?.join("corpus").join(path)).expect("a log");
    let text = String::from_utf8(bytes).ok()?;
    Some(text.strip_prefix('\u{FEFF}').unwrap_or(&text).to_owned())
}

/// The paths of all logs of the corpus.
pub fn paths() -> Vec<String> {
    let Some(shared) = shared() else { return Vec::new() };
    let corpus = shared.join("corpus");
    let mut paths = Vec::new();
    let mut folders = vec![corpus.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "sarif" || extension == "json")
            {
                paths.push(
                    path.strip_prefix(&corpus)
                        .expect("below")
                        .to_str()
                        .expect("UTF-8")
                        .to_owned(),
                );
            }
        }
    }
    paths.sort();
    assert!(!paths.is_empty(), "no log in the corpus");
    paths
}

/// The rows of a document as JSON objects.
pub fn rows(source: Source<'_>, options: &Options, threads: usize) -> Result<(Vec<Json>, Statistics)> {
    let mut rows = Vec::new();
    let task = Task::new(threads, usize::MAX, &|| false);
    let statistics = findings(source, options, &task, &mut |row| {
        rows.push(object(Finding::COLUMNS, &row.values()));
        Ok(())
    })?;
    Ok((rows, statistics))
}

/// The rows, the same from text and jsonb.
pub fn both(text: &str, options: &Options) -> Vec<Json> {
    let (rows, _) = rows(Source::Text(text), options, 1).expect("rows");
    let payload = jsonb::Tree::parse(text)
        .and_then(|tree| tree.encode())
        .expect("jsonb");
    let (others, _) = self::rows(Source::Jsonb(payload.as_bytes()), options, 2).expect("rows");
    assert_eq!(rows, others);
    rows
}

/// The same, by batches.
pub fn rows_in_batches(
    source: Source<'_>,
    options: &Options,
    threads: usize,
) -> Result<(Vec<Json>, Statistics)> {
    let mut rows = Gathered::of(Finding::COLUMNS);
    let task = Task::new(threads, usize::MAX, &|| false);
    let statistics = findings_in_batches(source, options, &task, &mut rows)?;
    Ok((rows.rows, statistics))
}

/// What becomes of every result, as JSON objects.
pub fn outcome_rows(source: Source<'_>, options: &Options, threads: usize) -> Result<Vec<Json>> {
    let mut rows = Gathered::of(OutcomeRow::all_columns());
    let task = Task::new(threads, usize::MAX, &|| false);
    outcomes(source, options, &task, &mut rows)?;
    Ok(rows.rows)
}

/// Rows as JSON objects: a batch, and the receiver of batches.
struct Gathered {
    columns: &'static [Column],
    rows: Vec<Json>,
}

impl Gathered {
    fn of(columns: &'static [Column]) -> Self {
        let rows = Vec::new();
        Gathered { columns, rows }
    }
}

impl Batch for Gathered {
    fn push(&mut self, row: &[Value<'_>]) -> Result<()> {
        self.rows.push(object(self.columns, row));
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= 10
    }
}

impl Rows for Gathered {
    type Batch = Gathered;

    fn maker(&self) -> impl Fn() -> Gathered + Sync + use<> {
        let columns = self.columns;
        move || Gathered::of(columns)
    }

    fn deliver(&mut self, batch: Gathered) -> Result<()> {
        self.rows.extend(batch.rows);
        Ok(())
    }
}

fn object(columns: &[Column], row: &[Value<'_>]) -> Json {
    assert_eq!(columns.len(), row.len(), "a value for every column");
    let columns = columns.iter().zip(row);
    Json::Object(
        columns
            .map(|(column, value)| (column.name.to_owned(), self::value(*value)))
            .collect(),
    )
}

/// A value as JSON.
pub fn value(value: Value<'_>) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Int(value) => value.into(),
        Value::BigInt(value) => value.into(),
        Value::Float(value) => value.into(),
        Value::Bool(value) => value.into(),
        Value::Numeric(text) => serde_json::from_str::<f64>(text).expect("a number").into(),
        Value::Text(text) => text.into(),
        Value::Timestamp(micros) => micros.into(),
        Value::Texts(texts) => texts.iter().map(|text| Json::from(text.as_ref())).collect(),
        Value::Reals(values) => values.into(),
        Value::Jsonb(payload) => jsonb::to_text(payload, usize::MAX).expect("jsonb").into(),
    }
}
