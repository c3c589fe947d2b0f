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
