//! JSON number tokens read exactly, whatever their exponent.

/// What a token is as a whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Integer {
    /// A whole number of at most 18 digits.
    Value(i64),
    /// A whole number with more digits.
    Huge,
    /// Not a whole number, or not a number.
    Fraction,
}

/// A decimal number as digits without a sign and the position of its point.
struct Decimal {
    negative: bool,
    /// Digits before and after the point.
    digits: Vec<u8>,
    /// How many of the digits stand before the point; may lie outside of them.
    point: i64,
}

fn decimal(token: &str) -> Option<Decimal> {
    let (negative, rest) = match token.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, token.strip_prefix('+').unwrap_or(token)),
    };
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(at) => (&rest[..at], exponent(&rest[at + 1..])?),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let point = exponent.saturating_add(i64::try_from(whole.len()).ok()?);
    Some(Decimal {
        negative,
        digits,
        point,
    })
}

/// The exponent, saturated: one that long decides alone.
fn exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let size = digits.parse::<i64>().unwrap_or(i64::MAX / 4).min(i64::MAX / 4);
    Some(if text.starts_with('-') { -size } else { size })
}

/// The whole number that a token stands for: `3`, `3.0`, `1e2`, `-0`.
pub(crate) fn integer(token: &str) -> Integer {
    if token.len() <= 18
        && let Ok(value) = token.parse::<i64>()
    {
        return Integer::Value(value);
    }
    let Some(Decimal {
        negative,
        digits,
        point,
    }) = decimal(token)
    else {
        return Integer::Fraction;
    };
    let Some(first) = digits.iter().position(|&digit| digit != b'0') else {
        return Integer::Value(0);
    };
    let last = digits.iter().rposition(|&digit| digit != b'0').unwrap_or(first);
    let (first_at, last_at) = (to_i64(first), to_i64(last));
    if last_at >= point {
        return Integer::Fraction;
    }
    if point - first_at > 18 {
        return Integer::Huge;
    }
    let value = (first_at..point).fold(0_i64, |value, at| {
        let digit = usize::try_from(at)
            .ok()
            .and_then(|at| digits.get(at))
            .map_or(0, |digit| digit - b'0');
        value * 10 + i64::from(digit)
    });
    Integer::Value(if negative { -value } else { value })
}

fn to_i64(position: usize) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}

/// The token as plain decimal digits without an exponent, with as many decimals as PostgreSQL's numeric keeps:
/// `9e0` is `9`, `7.50` stays `7.50`, `1.25e1` is `12.5`. `None` when it is not a number, or is far from 1.
pub(crate) fn plain(token: &str) -> Option<String> {
    const REACH: i64 = 400;
    let Decimal {
        negative,
        digits,
        point,
    } = decimal(token)?;
    if !(-REACH..=REACH).contains(&point) {
        return None;
    }
    let at = |position: i64| {
        let digit = usize::try_from(position)
            .ok()
            .and_then(|position| digits.get(position));
        char::from(digit.copied().unwrap_or(b'0'))
    };
    let mut out = String::from(if negative { "-" } else { "" });
    let whole: String = (0..point.max(0)).map(at).collect();
    let whole = whole.trim_start_matches('0');
    out.push_str(if whole.is_empty() { "0" } else { whole });
    let end = to_i64(digits.len());
    if end > point {
        out.push('.');
        out.extend((point..end).map(|position| if position < 0 { '0' } else { at(position) }));
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_in_every_notation() {
        for (token, value) in [
            ("0", 0),
            ("-0", 0),
            ("7", 7),
            ("3.0", 3),
            ("1e2", 100),
            ("1.5e1", 15),
            ("100e-2", 1),
            ("-1", -1),
            ("0e99999999999999999999", 0),
            ("2147483648", 2_147_483_648),
            ("00012", 12),
            ("-3.0", -3),
            ("-12e1", -120),
            // 18 digits, as they are and otherwise.
            ("999999999999999999", 999_999_999_999_999_999),
            ("-999999999999999999", -999_999_999_999_999_999),
            ("999999999999999999.0", 999_999_999_999_999_999),
            ("1e17", 100_000_000_000_000_000),
            // Zeros in front do not count.
            ("0.00000000001e20", 1_000_000_000),
            ("0000000000000000000000012", 12),
        ] {
            assert_eq!(integer(token), Integer::Value(value), "{token}");
        }
        for token in [
            "3.5",
            "1e-1",
            "1e-999",
            "1e-99999999999999999999",
            "x",
            "",
            "-",
            "1e",
            ".",
        ] {
            assert_eq!(integer(token), Integer::Fraction, "{token}");
        }
        for token in [
            "1e76",
            "1e999",
            "1000000000000000000",
            "-1000000000000000000",
            "1e18",
            "9999999999999999999",
            "-1e99999999999999999999",
        ] {
            assert_eq!(integer(token), Integer::Huge, "{token}");
        }
    }

    #[test]
    fn plain_decimals_as_numeric_prints_them() {
        for (token, text) in [
            ("8.1", "8.1"),
            ("9e0", "9"),
            ("7.50", "7.50"),
            ("1.25e1", "12.5"),
            ("0.5", "0.5"),
            (".5", "0.5"),
            ("5e-2", "0.05"),
            ("-1", "-1"),
            ("10", "10"),
            ("1.0e1", "10"),
            ("007", "7"),
        ] {
            assert_eq!(plain(token).as_deref(), Some(text), "{token}");
        }
        assert_eq!(plain("1e999"), None);
        assert_eq!(plain("NaN"), None);
    }
}
