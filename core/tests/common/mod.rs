//! What the tests over real logs share.

use std::io::Read;
use std::path::PathBuf;

use flate2::read::GzDecoder;
use serde_json::Value as Json;

use reviewpro_core::sarif::{Finding, Options, Source, Statistics, Value, findings};
use reviewpro_core::{Result, Task};

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
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

/// The text of a log; `None` when it is not UTF-8. A byte order mark is left out.
pub fn text(path: &str) -> Option<String> {
    let bytes = std::fs::read(shared()?.join("corpus").join(path)).expect("a log");
    let text = String::from_utf8(bytes).ok()?;
    Some(text.strip_prefix('\u{FEFF}').unwrap_or(&text).to_owned())
}

/// The rows of a document as JSON objects.
pub fn rows(source: Source<'_>, options: &Options, threads: usize) -> Result<(Vec<Json>, Statistics)> {
    let mut rows = Vec::new();
    let task = Task::new(threads, usize::MAX, &|| false);
    let statistics = findings(source, options, &task, &mut |row| {
        rows.push(json(row));
        Ok(())
    })?;
    Ok((rows, statistics))
}

fn json(row: &Finding<'_>) -> Json {
    let columns = Finding::COLUMNS.iter().zip(row.values());
    Json::Object(
        columns
            .map(|(column, value)| {
                let value = match value {
                    Value::Null => Json::Null,
                    Value::Int(value) => value.into(),
                    Value::Float(value) => value.into(),
                    Value::Bool(value) => value.into(),
                    Value::Numeric(text) => serde_json::from_str::<f64>(text).expect("a number").into(),
                    Value::Text(text) | Value::Timestamp(text) => text.into(),
                    Value::Texts(texts) => texts.iter().map(|text| Json::from(text.as_ref())).collect(),
                    Value::Jsonb(bytes) => String::from_utf8_lossy(bytes).into(),
                };
                (column.name.to_owned(), value)
            })
            .collect(),
    )
}
