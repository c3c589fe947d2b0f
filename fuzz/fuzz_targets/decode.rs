//! Any bytes become bounded text or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reviewpro_core::{ErrorKind, Task, json};

const MEMORY: usize = 1 << 22;

fuzz_target!(|bytes: &[u8]| {
    let task = Task::new(1, MEMORY, &|| false);
    match json::decode(bytes, &task) {
        Ok(text) => assert!(text.len() <= MEMORY.max(bytes.len())),
        Err(error) => assert!(
            matches!(
                error.kind,
                ErrorKind::InvalidBinary | ErrorKind::InvalidEncoding | ErrorKind::OutOfMemory
            ),
            "{error}"
        ),
    }
});
