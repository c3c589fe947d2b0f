//! Keys and fingerprints of any texts: no panic, and the properties that stored values rely on.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reviewpro_core::Task;
use reviewpro_core::fingerprint::tool::Entry;
use reviewpro_core::fingerprint::{compat, content, line_hashes, location, python_text, tool};

fuzz_target!(|input: (&str, &str, Option<&str>, Option<i32>, i64)| {
    let (a, b, c, line, number) = input;
    let region = [line, Some(7), None, line];
    let key = content::key(c, Some(a), b, region);
    // White space and the case of the tool's name do not matter.
    assert_eq!(key, content::key(c, Some(&format!(" \u{b}{a}\n")), b, region));
    assert_eq!(
        content::fingerprint(Some(a), c, Some(b), &key, number),
        content::fingerprint(Some(&a.to_ascii_uppercase()), c, Some(b), &key, number)
    );
    let entries = [
        Entry { key: a, value: c },
        Entry {
            key: b,
            value: Some(a),
        },
    ];
    let mut reversed = entries;
    reversed.reverse();
    let names = [a.to_owned(), b.to_owned()];
    for names in [None, Some(&names[..])] {
        let key = tool::key(Some(a), &entries, &entries, names);
        if a != b {
            assert_eq!(key, tool::key(Some(a), &reversed, &reversed, names));
        }
    }
    compat::fingerprint(a, c, Some(b), Some(number), line.map(i64::from), a);
    location::fingerprint(c, Some(number), Some(b));
    python_text::number(a);
    let task = Task::new(1, usize::MAX, &|| false);
    let lines = line_hashes::line_hashes(a, &task).expect("hashes");
    assert!(!lines.is_empty());
});
