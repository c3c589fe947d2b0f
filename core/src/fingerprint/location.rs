//! Path, line and rule: the formula of an existing generated column, for those who have it. Frozen.
//!
//! ```text
//! fingerprint = hex(SHA-256(file_path ":" line ":" rule_id))
//! ```
//!
//! An absent path or rule is empty, an absent line is `0`. The text's UTF-8 bytes are hashed, so a backslash is a backslash; an
//! SQL expression that casts the text to `bytea` reads it as an escape, and agrees for all other texts.

use super::Hex64;
use super::python_text::Decimal;
use sha2::{Digest, Sha256};

/// The fingerprint of a place and a rule.
pub fn fingerprint(file_path: Option<&str>, line: Option<i64>, rule_id: Option<&str>) -> Hex64 {
    let mut hash = Sha256::new();
    hash.update(file_path.unwrap_or_default());
    hash.update(b":");
    hash.update(Decimal::new(line.unwrap_or(0)).as_str());
    hash.update(b":");
    hash.update(rule_id.unwrap_or_default());
    Hex64::new(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_values_never_change() {
        for (path, line, rule, preimage) in [
            (Some("src/app.py"), Some(10), Some("B101"), "src/app.py:10:B101"),
            (Some("src\\a.c"), Some(-1), Some(""), "src\\a.c:-1:"),
            (None, None, None, ":0:"),
        ] {
            let expected = Hex64::new(Sha256::digest(preimage).into());
            assert_eq!(fingerprint(path, line, rule), expected);
        }
        assert_eq!(
            fingerprint(Some("src/app.py"), Some(10), Some("B101")).as_str(),
            "0755229fdd703a3fc6098c823ca8eb0cce693dc091b72fd043d41412f779e5bb"
        );
        assert_eq!(
            fingerprint(None, None, None).as_str(),
            "2662e8da0b69d36537d40d13664eb2a6aa49a7be1e718f971f7e060ff3f0a743"
        );
    }
}
