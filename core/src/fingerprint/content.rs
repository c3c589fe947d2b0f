//! The content fingerprint: survives moved lines. Version 1, frozen.
//!
//! ```text
//! enc(NULL)   = FF FF FF FF
//! enc(s)      = 4-byte big-endian byte length of UTF-8(s), then UTF-8(s)
//! fingerprint = hex(SHA-256(enc(tag) enc(tool) enc(rule_id) enc(file_path) enc(content_key) enc(occurrence)))
//! ```
//!
//! with the tag `reviewpro/content/v1`, the tool's name in ASCII lower case, and the occurrence in decimal. What a finding is about
//! is its [`key`]: the line hash that the tool wrote, else the snippet, else the message without its own line numbers.

use super::python_text::Decimal;
use super::{Hex64, is_space};
use sha2::{Digest, Sha256};

/// Names this formula inside the hash.
pub const TAG: &str = "reviewpro/content/v1";

/// The base key of the tool's own line hash in `partialFingerprints`.
pub const LINE_HASH: &str = "primaryLocationLineHash";

/// The content fingerprint. `occurrence` counts from 1 among findings that are equal in all other arguments.
pub fn fingerprint(
    tool_name: Option<&str>,
    rule_id: Option<&str>,
    file_path: Option<&str>,
    content_key: &str,
    occurrence: i64,
) -> Hex64 {
    tagged(TAG, tool_name, rule_id, file_path, content_key, occurrence)
}

/// The formula under a given tag: [`super::tool`] shares it.
pub(super) fn tagged(
    tag: &str,
    tool_name: Option<&str>,
    rule_id: Option<&str>,
    file_path: Option<&str>,
    content_key: &str,
    occurrence: i64,
) -> Hex64 {
    let mut hash = Sha256::new();
    encode(&mut hash, Some(tag));
    encode_folded(&mut hash, tool_name);
    encode(&mut hash, rule_id);
    encode(&mut hash, file_path);
    encode(&mut hash, Some(content_key));
    encode(&mut hash, Some(Decimal::new(occurrence).as_str()));
    Hex64::new(hash.finalize().into())
}

/// Appends `enc(text)`.
fn encode(hash: &mut Sha256, text: Option<&str>) {
    encode_length(hash, text);
    hash.update(text.unwrap_or_default());
}

/// Appends `enc` of the text in ASCII lower case.
fn encode_folded(hash: &mut Sha256, text: Option<&str>) {
    encode_length(hash, text);
    let mut folded = [0; 64];
    for chunk in text.unwrap_or_default().as_bytes().chunks(folded.len()) {
        let folded = &mut folded[..chunk.len()];
        folded.copy_from_slice(chunk);
        folded.make_ascii_lowercase();
        hash.update(folded);
    }
}

fn encode_length(hash: &mut Sha256, text: Option<&str>) {
    // No text inside PostgreSQL reaches 4 GiB; one that did would share the mark of NULL.
    let length = text.map_or(u32::MAX, |text| u32::try_from(text.len()).unwrap_or(u32::MAX));
    hash.update(length.to_be_bytes());
}

/// What a finding is about: `line:`, `snippet:` or `message:` and a text; the first that is there.
///
/// `line_hash` is the tool's value of the newest [`LINE_HASH`]; `region` holds the lines and columns that are written in the
/// finding's region (defaults do not count), whose numbers are masked in the message.
pub fn key(
    line_hash: Option<&str>,
    snippet: Option<&str>,
    message: &str,
    region: [Option<i32>; 4],
) -> String {
    if let Some(digits) = line_hash.and_then(line_hash_digits) {
        return ["line:", digits].concat();
    }
    if let Some(snippet) = snippet {
        let mut key = String::with_capacity(8 + snippet.len());
        key.push_str("snippet:");
        let prefix = key.len();
        collapse_into(&mut key, snippet);
        if key.len() > prefix {
            return key;
        }
    }
    let mut collapsed = String::with_capacity(message.len());
    collapse_into(&mut collapsed, message);
    let mut key = String::with_capacity(8 + collapsed.len());
    key.push_str("message:");
    mask_into(&mut key, &collapsed, region);
    key
}

/// The digits of a line hash, `^[0-9a-f]{8,}(:[0-9]+)?$`, without the occurrence.
fn line_hash_digits(value: &str) -> Option<&str> {
    let (digits, occurrence) = value.split_once(':').unwrap_or((value, "0"));
    let valid = digits.len() >= 8
        && digits
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        && !occurrence.is_empty()
        && occurrence.bytes().all(|byte| byte.is_ascii_digit());
    valid.then_some(digits)
}

/// Appends `text` with every run of white space as one space, none at either end.
fn collapse_into(out: &mut String, text: &str) {
    let start = out.len();
    for word in text.split(|c: char| u8::try_from(c).is_ok_and(is_space)) {
        if word.is_empty() {
            continue;
        }
        if out.len() > start {
            out.push(' ');
        }
        out.push_str(word);
    }
}

/// Appends `text` with `#` for every whole number that is one of the region's.
///
/// Whole: no ASCII letter, digit, `_` or `.` before it, no ASCII letter, digit or `_` after it, nor `.` and a digit.
fn mask_into(out: &mut String, text: &str, region: [Option<i32>; 4]) {
    let numbers = region.map(|number| number.map(|number| Decimal::new(i64::from(number))));
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let bytes = text.as_bytes();
    let byte_at = |at: usize| bytes.get(at).copied();
    let (mut copied, mut at) = (0, 0);
    while let Some(byte) = byte_at(at) {
        if !byte.is_ascii_digit() {
            at += 1;
            continue;
        }
        let start = at;
        while byte_at(at).is_some_and(|byte| byte.is_ascii_digit()) {
            at += 1;
        }
        let run = &text[start..at];
        let before = start.checked_sub(1).and_then(byte_at);
        let after = byte_at(at);
        let is_part = before.is_some_and(|byte| is_word(byte) || byte == b'.')
            || after.is_some_and(is_word)
            || (after == Some(b'.') && byte_at(at + 1).is_some_and(|byte| byte.is_ascii_digit()));
        if !is_part && numbers.iter().flatten().any(|number| number.as_str() == run) {
            out.push_str(&text[copied..start]);
            out.push('#');
            copied = at;
        }
    }
    out.push_str(&text[copied..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn golden_values_never_change() {
        let snippet = key(None, Some("  assert x\t== 1\n"), "unused", [None; 4]);
        assert_eq!(snippet, "snippet:assert x == 1");
        assert_eq!(
            fingerprint(Some("Bandit"), Some("B101"), Some("src/app.py"), &snippet, 1).as_str(),
            "b7fc05c7b3f44584a8e874d1e2f0e717747c19fd06232a63b5394dbb0b228680"
        );
        let message = key(
            None,
            None,
            "Line too long (99 > 88) at 12:5, py3.12, v12, 12.5, 12.",
            [Some(12), Some(5), None, None],
        );
        assert_eq!(
            message,
            "message:Line too long (99 > 88) at #:#, py3.12, v12, 12.5, #."
        );
        assert_eq!(
            fingerprint(Some("ruff"), Some("E501"), None, &message, 2).as_str(),
            "f7f0076d4e12d8e3a66502cf3942c43186f410d0b82d1352658d97e42376668c"
        );
        let nothing = key(None, Some(" \n"), "No description available", [None; 4]);
        assert_eq!(
            fingerprint(None, None, None, &nothing, 1).as_str(),
            "da74dc4998018a030f3dc99af71f00af23d0254a8607c0af9f865d937bb5841f"
        );
        let line = key(Some("39fa2ee980eb94b0:1"), Some("snippet"), "message", [None; 4]);
        assert_eq!(line, "line:39fa2ee980eb94b0");
        assert_eq!(
            fingerprint(Some("CodeQL"), Some("js/xss"), Some("src/É.js"), &line, 1).as_str(),
            "1721b0e4e28e23684840948bdd09df8349f591972251c0a25fc51bafe19578e0"
        );
    }

    #[test]
    fn the_preimage_is_as_published() {
        let mut bytes = Vec::new();
        for part in [TAG, "bandit", "B101", "src/app.py", "snippet:assert x == 1", "1"] {
            bytes.extend_from_slice(&(part.len() as u32).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        let expected = Hex64::new(Sha256::digest(&bytes).into());
        assert_eq!(
            fingerprint(
                Some("BANDIT"),
                Some("B101"),
                Some("src/app.py"),
                "snippet:assert x == 1",
                1
            ),
            expected
        );
    }

    #[test]
    fn an_absent_part_is_not_an_empty_one() {
        let part = Some("");
        let all = [
            fingerprint(None, None, None, "", 1),
            fingerprint(part, None, None, "", 1),
            fingerprint(None, part, None, "", 1),
            fingerprint(None, None, part, "", 1),
        ];
        for (i, a) in all.iter().enumerate() {
            assert_eq!(all.iter().filter(|b| *b == a).count(), 1, "{i}");
        }
    }

    #[test]
    fn only_whole_line_hashes_count() {
        for (value, digits) in [
            ("39fa2ee980eb94b0:1", Some("39fa2ee980eb94b0")),
            ("39fa2ee9", Some("39fa2ee9")),
            ("39fa2ee", None),
            ("39FA2EE9:1", None),
            ("39fa2ee9:", None),
            ("39fa2ee9:1:2", None),
            ("39fa2ee9:x", None),
            ("39fa2ee9 ", None),
            ("", None),
        ] {
            assert_eq!(line_hash_digits(value), digits, "{value}");
        }
    }

    #[test]
    fn only_ascii_white_space_collapses() {
        let mut out = String::new();
        collapse_into(&mut out, "\u{b}\u{c} a\r\n\tb\u{85}\u{a0}\u{2028}c ");
        assert_eq!(out, "a b\u{85}\u{a0}\u{2028}c");
    }

    #[test]
    fn only_whole_numbers_of_the_region_are_masked() {
        let region = [Some(12), None, Some(3), None];
        for (text, masked) in [
            ("12", "#"),
            ("12 3 4", "# # 4"),
            ("012 120 x12 12x _12 12_ .12", "012 120 x12 12x _12 12_ .12"),
            ("12.3 12. 12.x 1.12", "12.3 #. #.x 1.12"),
            ("-12 (12) 12:3 é12é", "-# (#) #:# é#é"),
            ("", ""),
        ] {
            let mut out = String::new();
            mask_into(&mut out, text, region);
            assert_eq!(out, masked, "{text}");
        }
    }

    /// The definition of collapse word by word: replace runs, then remove one space at either end.
    fn slow_collapse(text: &str) -> String {
        let mut out: Vec<char> = Vec::new();
        for c in text.chars() {
            let c = if matches!(c, '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' | ' ') {
                ' '
            } else {
                c
            };
            if c != ' ' || out.last() != Some(&' ') {
                out.push(c);
            }
        }
        let text: String = out.into_iter().collect();
        let text = text.strip_prefix(' ').unwrap_or(&text);
        text.strip_suffix(' ').unwrap_or(text).to_owned()
    }

    proptest! {
        #[test]
        fn collapse_equals_its_definition(text in "[ a\\t\\n\\r\u{b}\u{c}\u{85}é]{0,24}") {
            let mut out = String::new();
            collapse_into(&mut out, &text);
            prop_assert_eq!(out, slow_collapse(&text));
        }

        #[test]
        fn keys_never_panic(text: String, region: [Option<i32>; 4]) {
            let key = key(Some(&text), Some(&text), &text, region);
            prop_assert!(key.contains(':'));
        }

        #[test]
        fn the_tool_is_folded_as_ascii(text: String) {
            let folded = text.to_ascii_lowercase();
            prop_assert_eq!(
                fingerprint(Some(&text), None, None, "k", 1),
                fingerprint(Some(&folded), None, None, "k", 1)
            );
        }
    }
}
