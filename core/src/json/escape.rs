//! The escapes of JSON strings.

use std::borrow::Cow;

/// Which unstorable characters U+FFFD stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Replaced {
    pub(crate) nul: bool,
    pub(crate) surrogate: bool,
}

/// The value of a JSON string literal with its quotes; borrowed when it holds no escape.
pub(crate) fn unescape(literal: &str) -> Cow<'_, str> {
    let inner = literal
        .get(1..literal.len().saturating_sub(1))
        .unwrap_or_default();
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Cow::Borrowed(inner);
    }
    let mut out = String::with_capacity(inner.len());
    decode_escapes(inner, &mut out, &mut Replaced::default());
    Cow::Owned(out)
}

/// Appends `text` with its JSON escapes decoded; `replaced` tells what U+FFFD stands for.
fn decode_escapes(text: &str, out: &mut String, replaced: &mut Replaced) {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        let (plain, escape) = rest.split_at(at);
        out.push_str(plain);
        let mut skip = 2;
        match escape.as_bytes().get(1) {
            Some(b'n') => out.push('\n'),
            Some(b't') => out.push('\t'),
            Some(b'r') => out.push('\r'),
            Some(b'b') => out.push('\u{8}'),
            Some(b'f') => out.push('\u{c}'),
            Some(b'u') => {
                let high = hex4(escape, 2);
                skip = 6;
                let mut code = high;
                if (0xD800..0xDC00).contains(&high) && escape.get(6..8) == Some("\\u") {
                    let low = hex4(escape, 8);
                    if (0xDC00..0xE000).contains(&low) {
                        code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                        skip = 12;
                    }
                }
                match char::from_u32(code) {
                    Some('\0') => {
                        replaced.nul = true;
                        out.push('\u{FFFD}');
                    }
                    Some(c) => out.push(c),
                    None => {
                        replaced.surrogate = true;
                        out.push('\u{FFFD}');
                    }
                }
            }
            Some(&byte) => out.push(char::from(byte)),
            None => {}
        }
        rest = escape.get(skip..).unwrap_or_default();
    }
    out.push_str(rest);
}

fn hex4(text: &str, at: usize) -> u32 {
    text.get(at..at + 4)
        .and_then(|digits| u32::from_str_radix(digits, 16).ok())
        .unwrap_or(0xD800)
}

/// What decoding the strings of a JSON text would replace.
pub(crate) fn replaced(text: &str) -> Replaced {
    let mut replaced = Replaced::default();
    if memchr::memmem::find(text.as_bytes(), br"\u").is_some() {
        decode_escapes(text, &mut String::new(), &mut replaced);
    }
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn two_escapes_are_one_character_only_as_a_surrogate_pair() {
        for (literal, text) in [
            (r#""\ud83d\ude00""#, "\u{1F600}"),
            (r#""\uD83D\uDE00""#, "\u{1F600}"),
            (r#""\u0041\ude00""#, "A\u{FFFD}"),
            (r#""\ud83d\u0041""#, "\u{FFFD}A"),
            (r#""\ude00\ud83d""#, "\u{FFFD}\u{FFFD}"),
            // What looks like a second half without being an escape.
            (r#""\ud83d--de00""#, "\u{FFFD}--de00"),
            (r#""\ud83d\nde00""#, "\u{FFFD}\nde00"),
            (r#""\ud83d\\de00""#, "\u{FFFD}\\de00"),
            (r#""\ud83d""#, "\u{FFFD}"),
        ] {
            assert_eq!(unescape(literal), text, "{literal}");
        }
    }

    #[test]
    fn what_has_no_escape_is_borrowed() {
        assert!(matches!(unescape("\"é\""), Cow::Borrowed("é")));
        assert!(matches!(unescape(r#""a\/b""#), Cow::Owned(text) if text == "a/b"));
    }

    #[test]
    fn what_is_replaced_is_told() {
        let told = |nul, surrogate| Replaced { nul, surrogate };
        for (text, expected) in [
            (r"a\u0041\n", told(false, false)),
            (r"\ud83d\ude00", told(false, false)),
            (r"\\u0000 \\ud800", told(false, false)),
            (r"\u0000", told(true, false)),
            (r"\ud83d--de00", told(false, true)),
            (r"\u0041\ude00", told(false, true)),
            (r"\ud800\u0000", told(true, true)),
        ] {
            assert_eq!(replaced(text), expected, "{text}");
        }
    }

    proptest! {
        /// The twins: a decoder of UTF-16, of which U+0000 and lone surrogates are U+FFFD here; and serde_json.
        #[test]
        fn units_are_read_as_utf16(units in proptest::collection::vec(
            prop_oneof![0xD7F0_u16..0xE010, 0_u16..0x80, any::<u16>()], 0..12))
        {
            let literal: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
            let literal = format!("\"{literal}\"");
            let expected = String::from_utf16_lossy(&units).replace('\0', "\u{FFFD}");
            prop_assert_eq!(unescape(&literal), expected);
        }

        #[test]
        fn texts_are_read_as_by_serde_json(text in "[\\u{1}-\\u{7F}é\u{1F600}\\\\\"]{0,20}") {
            let literal = serde_json::to_string(&text).expect("a literal");
            prop_assert_eq!(unescape(&literal), text);
        }
    }
}
