//! Numbers as Python prints them, for the application's formula. Frozen.

use std::borrow::Cow;

/// The decimal text of an integer, on the stack.
pub struct Decimal {
    digits: [u8; 20],
    start: usize,
}

impl Decimal {
    /// The text of `value`.
    pub fn new(value: i64) -> Self {
        let mut digits = [0; 20];
        let mut start = digits.len();
        let mut rest = value.unsigned_abs();
        loop {
            start -= 1;
            // A remainder of 10 fits.
            digits[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if value < 0 {
            start -= 1;
            digits[start] = b'-';
        }
        Decimal { digits, start }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        // Cannot fail: digits and a sign.
        std::str::from_utf8(&self.digits[self.start..]).unwrap_or_default()
    }
}

/// The text that Python prints for a JSON number.
///
/// A token without `.`, `e`, `E` is an integer and keeps all its digits (`-0` is `0`). Any other token is a float:
/// shortest digits that read back as the same double, positional with at least one decimal, or with an exponent when that is
/// below -4 or at least 16 (`1e-05`, `1e+16`); one too large is `inf`.
pub fn number(token: &str) -> Cow<'_, str> {
    if !token.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
        return Cow::Borrowed(if token == "-0" { "0" } else { token });
    }
    let value: f64 = token.parse().unwrap_or(f64::NAN);
    if !value.is_finite() {
        return Cow::Borrowed(match value {
            f64::INFINITY => "inf",
            f64::NEG_INFINITY => "-inf",
            _ => "nan",
        });
    }
    // Rust prints the same shortest digits: `-1.5e-5`.
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let mut text = format!("{value}");
        if !text.contains('.') {
            text.push_str(".0");
        }
        return Cow::Owned(text);
    }
    // A sign and at least two digits.
    Cow::Owned(format!("{mantissa}e{exponent:+03}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_print_as_in_python() {
        for (token, text) in [
            ("7", "7"),
            ("-0", "0"),
            ("-12", "-12"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("3.0", "3.0"),
            ("3.50", "3.5"),
            ("-0.0", "-0.0"),
            ("0e0", "0.0"),
            ("1e2", "100.0"),
            ("1E2", "100.0"),
            ("1e-4", "0.0001"),
            ("1e-5", "1e-05"),
            ("1.5e-5", "1.5e-05"),
            ("-1.5e-5", "-1.5e-05"),
            ("1e15", "1000000000000000.0"),
            ("1e16", "1e+16"),
            ("1e76", "1e+76"),
            ("1.25e+100", "1.25e+100"),
            ("123456789012345680.0", "1.2345678901234568e+17"),
            ("0.1", "0.1"),
            ("2.5e-324", "5e-324"),
            ("1e-400", "0.0"),
            ("1e999", "inf"),
            ("-1e999", "-inf"),
            ("1e-100", "1e-100"),
        ] {
            assert_eq!(number(token), text, "{token}");
        }
    }

    proptest! {
        #[test]
        fn decimal_equals_to_string(value: i64) {
            let decimal = Decimal::new(value);
            prop_assert_eq!(decimal.as_str(), value.to_string());
        }

        #[test]
        fn floats_read_back(value in proptest::num::f64::NORMAL) {
            let token = format!("{value:e}");
            prop_assert_eq!(number(&token).parse::<f64>(), Ok(value));
        }
    }
}
