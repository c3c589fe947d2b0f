//! Any bytes as jsonb: a value or an error, never a panic and never a byte beyond the end.
//!
//! Input that contains JSON text after a zero byte is encoded first, and the bytes before the zero say where to damage it: so the
//! fuzzer starts from bytes that are nearly right.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reviewpro_core::json::Raw;
use reviewpro_core::sarif::{self, Options, Source, validate};
use reviewpro_core::{Task, jsonb};

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let damage = parts.next().unwrap_or_default();
    let encoded = parts
        .next()
        .and_then(|text| std::str::from_utf8(text).ok())
        .and_then(|text| jsonb::Tree::parse(text).and_then(|tree| tree.encode()).ok());
    let mut payload = encoded.map_or_else(|| bytes.to_vec(), |encoded| encoded.as_bytes().to_vec());
    for change in damage.chunks_exact(3) {
        let at = usize::from(change[0]) << 8 | usize::from(change[1]);
        if let Some(byte) = payload.get_mut(at) {
            *byte = change[2];
        }
    }
    read(&payload);
});

fn read(payload: &[u8]) {
    let task = Task::new(1, 1 << 28, &|| false);
    let tree: Result<serde_json::Value, _> = jsonb::from_slice(payload);
    let text = jsonb::to_text(payload, 1 << 20);
    if let (Ok(_), Ok(text)) = (&tree, &text) {
        // What was printed is JSON, and the same value.
        let digest = jsonb::Value::root(payload).and_then(|value| jsonb::digest_value(&value));
        if let (Ok(digest), Ok(printed)) = (digest, jsonb::digest_text(text)) {
            // Hostile bytes may have unsorted or repeated keys, which PostgreSQL never writes.
            let again = Raw::Text(text).to_jsonb().expect("jsonb of printed text");
            assert!(digest == printed || again.as_bytes() != payload);
        }
    }
    let _ = sarif::findings(
        Source::Jsonb(payload),
        &Options::default(),
        &task,
        &mut |_| Ok(()),
    );
    let _ = validate::validate_jsonb(payload, &task);
}
