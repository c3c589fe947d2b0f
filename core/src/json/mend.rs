//! Escapes that no PostgreSQL text can hold, replaced before anything is parsed.
//!
//! `\u0000` and lone surrogates (`\ud800` without its second half) are legal in JSON text, but neither PostgreSQL's text nor Rust's `str`
//! has such characters. Each of them is six bytes long, and so is `\ufffd`: replaced in place, every byte keeps its offset, and
//! all readers after this see ordinary JSON.

use std::borrow::Cow;

/// A JSON text without such escapes.
#[derive(Debug)]
pub struct Mended<'a> {
    /// The text; borrowed when there was nothing to replace. As long as the original.
    pub text: Cow<'a, str>,
    /// Byte offsets of the replaced escapes, ascending.
    pub replaced: Vec<usize>,
}

const ESCAPE_LEN: usize = 6;
/// The escapes of both surrogates.
const PAIR_LEN: usize = 2 * ESCAPE_LEN;
const REPLACEMENT: &str = "\\ufffd";

/// Replaces `\u0000` and lone surrogate escapes by `\ufffd`. Text that is not JSON stays not JSON.
pub fn mend(text: &str) -> Mended<'_> {
    let bytes = text.as_bytes();
    let mut replaced = Vec::new();
    let mut at = 0;
    let finder = memchr::memmem::Finder::new(b"\\u");
    while let Some(found) = bytes.get(at..).and_then(|rest| finder.find(rest)) {
        at += found;
        if is_escaped(bytes, at) {
            // The backslash is the second of a pair: `\\u0000` is a backslash and "u0000".
            at += 1;
            continue;
        }
        match code_unit(bytes, at) {
            Some(0) => {
                replaced.push(at);
                at += ESCAPE_LEN;
            }
            Some(0xD800..=0xDBFF) if matches!(code_unit(bytes, at + ESCAPE_LEN), Some(0xDC00..=0xDFFF)) => {
                at += PAIR_LEN;
            }
            Some(0xD800..=0xDFFF) => {
                replaced.push(at);
                at += ESCAPE_LEN;
            }
            Some(_) => at += ESCAPE_LEN,
            // Not a valid escape: the parser will say so.
            None => at += 2,
        }
    }
    if replaced.is_empty() {
        return Mended {
            text: Cow::Borrowed(text),
            replaced,
        };
    }
    let mut mended = String::with_capacity(text.len());
    let mut copied = 0;
    for at in &replaced {
        mended.push_str(&text[copied..*at]);
        mended.push_str(REPLACEMENT);
        copied = at + ESCAPE_LEN;
    }
    mended.push_str(&text[copied..]);
    Mended {
        text: Cow::Owned(mended),
        replaced,
    }
}

/// Whether an odd number of backslashes stands before `at`.
fn is_escaped(bytes: &[u8], at: usize) -> bool {
    let before = bytes.get(..at).unwrap_or_default();
    let backslashes = before.iter().rev().take_while(|byte| **byte == b'\\').count();
    backslashes % 2 == 1
}

/// The UTF-16 unit of the escape `\uXXXX` at `at`, if there is one.
fn code_unit(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + ESCAPE_LEN)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |unit, byte| {
        let digit = char::from(*byte).to_digit(16)?;
        // Four digits fit.
        Some(16 * unit + digit as u16)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_what_text_cannot_hold_is_replaced() {
        for (text, mended, replaced) in [
            (r#""plain""#, r#""plain""#, &[][..]),
            (r#""a\u0000b""#, r#""a\ufffdb""#, &[2]),
            (r#""\\u0000 \\\u0000""#, r#""\\u0000 \\\ufffd""#, &[11]),
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#, &[]),
            (r#""\uD83D\uDE00""#, r#""\uD83D\uDE00""#, &[]),
            (r#""\ud83d""#, r#""\ufffd""#, &[1]),
            (r#""\ude00\ud83d""#, r#""\ufffd\ufffd""#, &[1, 7]),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#, &[1]),
            (r#""\ud83d\\ude00""#, r#""\ufffd\\ude00""#, &[1]),
            (r#""\ud83dx""#, r#""\ufffdx""#, &[1]),
            (r#""\u00""#, r#""\u00""#, &[]),
            (r#""\u00g0""#, r#""\u00g0""#, &[]),
            (r"\u", r"\u", &[]),
            (r"\ud800", r"\ufffd", &[0]),
            (r"\ud800\u", r"\ufffd\u", &[0]),
            ("é\\u0000é", "é\\ufffdé", &[2]),
        ] {
            let actual = mend(text);
            assert_eq!(actual.text, mended, "{text}");
            assert_eq!(actual.replaced, replaced, "{text}");
        }
    }

    proptest! {
        /// serde_json refuses lone surrogates; a mended string it takes, and it reads what a decoder of UTF-16 reads.
        #[test]
        fn mended_strings_are_readable(parts in proptest::collection::vec(
            prop_oneof![
                Just("\\\\".to_owned()), Just("\\n".to_owned()), Just("u0000".to_owned()), Just("é".to_owned()),
                (0xD7F0_u16..0xE010).prop_map(|unit| format!("\\u{unit:04x}")),
                (0_u16..2).prop_map(|unit| format!("\\u{unit:04X}")),
            ], 0..12))
        {
            let text = format!("\"{}\"", parts.concat());
            let mut units = Vec::new();
            for part in &parts {
                match part.as_str() {
                    "\\\\" => units.push(u16::from(b'\\')),
                    "\\n" => units.push(u16::from(b'\n')),
                    escape if escape.starts_with("\\u") => {
                        let unit = u16::from_str_radix(&escape[2..], 16).expect("hex");
                        units.push(if unit == 0 { 0xFFFD } else { unit });
                    }
                    plain => units.extend(plain.encode_utf16()),
                }
            }
            let mended = mend(&text);
            prop_assert_eq!(mended.text.len(), text.len());
            let read: String = serde_json::from_str(&mended.text).expect("a string");
            prop_assert_eq!(read, String::from_utf16_lossy(&units));
        }

        #[test]
        fn any_text_is_taken(text in "[\\\\u0dD8f\"é]{0,40}") {
            let mended = mend(&text);
            prop_assert_eq!(mended.text.len(), text.len());
            prop_assert!(mend(&mended.text).replaced.is_empty());
        }
    }
}
