//! Any text as a log: rows or an error; a split is the document; text and jsonb give the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reviewpro_core::json::{self, Raw};
use reviewpro_core::sarif::{self, Options, Source, validate};
use reviewpro_core::{Result, Task};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let task = Task::new(1, 1 << 28, &|| false);
    let is_json = |text: &str| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    if let Ok(Some(split)) = json::split::<&str>(text, &task) {
        let parts = is_json(&split.skeleton) && split.runs.iter().flatten().all(|part| is_json(part));
        assert_eq!(parts, is_json(text));
    }
    let encoded = Raw::Text(text).to_jsonb();
    if let Ok(encoded) = &encoded {
        assert!(is_json(text));
        let from_text = rows(Source::Text(text), &task);
        let from_jsonb = rows(Source::Jsonb(encoded.as_bytes()), &task);
        if let (Ok(from_text), Ok(from_jsonb)) = (from_text, from_jsonb) {
            assert_eq!(from_text, from_jsonb);
        }
        let problems = validate::validate_text(text, &task).expect("problems of a JSON document");
        assert_eq!(validate::validate_jsonb(encoded.as_bytes(), &task), Ok(problems));
    } else {
        let _ = rows(Source::Text(text), &task);
        let _ = validate::validate_text(text, &task);
    }
});

fn rows(source: Source<'_>, task: &Task<'_>) -> Result<Vec<String>> {
    let mut rows = Vec::new();
    sarif::findings(source, &Options::default(), task, &mut |finding| {
        rows.push(format!("{finding:?}"));
        Ok(())
    })?;
    Ok(rows)
}
