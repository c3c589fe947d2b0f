//! JSON number tokens, and the numeric that PostgreSQL makes of them.

use super::number::{
    Canonical, GROUP, NEGATIVE, SHORT, SHORT_NEGATIVE, SHORT_SCALE_SHIFT, SHORT_WEIGHT, SHORT_WEIGHT_NEGATIVE,
};
use crate::{Error, ErrorKind, Result};

const SHORT_SCALE_MAX: i64 = 63;
const SHORT_WEIGHT_MIN: i64 = -64;
const SHORT_WEIGHT_MAX: i64 = 63;
/// Largest display scale, 14 bits.
const SCALE_MAX: i64 = 0x3FFF;
/// Exponents beyond this are refused before arithmetic, as `numeric_in` does.
const EXPONENT_MAX: i64 = i32::MAX as i64 / 2;

/// A JSON number token taken apart.
struct Token<'a> {
    negative: bool,
    integer: &'a [u8],
    fraction: &'a [u8],
    exponent: i64,
}

impl<'a> Token<'a> {
    /// The parts of a valid token; `None` when it is not one.
    fn new(token: &'a str) -> Option<Self> {
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let (mantissa, exponent) = match token.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => {
                let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
                if !all_digits(digits) {
                    return None;
                }
                let magnitude = digits.bytes().fold(0_i64, |value, byte| {
                    value.saturating_mul(10).saturating_add(i64::from(byte - b'0'))
                });
                let negative = exponent.starts_with('-');
                (mantissa, if negative { -magnitude } else { magnitude })
            }
            None => (token, 0),
        };
        let (integer, fraction) = match mantissa.split_once('.') {
            Some((integer, fraction)) if all_digits(fraction) => (integer, fraction),
            Some(_) => return None,
            None => (mantissa, ""),
        };
        let digits = integer.strip_prefix('-').unwrap_or(integer);
        let is_valid = all_digits(digits) && (digits.len() == 1 || !digits.starts_with('0'));
        is_valid.then_some(Token {
            negative: integer.len() > digits.len(),
            integer: digits.as_bytes(),
            fraction: fraction.as_bytes(),
            exponent,
        })
    }

    fn digits(&self) -> impl Iterator<Item = u8> + Clone + '_ {
        self.integer.iter().chain(self.fraction).map(|byte| byte - b'0')
    }
}

/// Whether the text is a number in JSON's grammar.
pub(super) fn is_number(token: &str) -> bool {
    Token::new(token).is_some()
}

/// The canonical form of a JSON number token.
///
/// # Errors
/// [`ErrorKind::InvalidText`] when it is not one.
pub(super) fn with_canonical<T>(
    token: &str,
    f: impl FnOnce(bool, i64, &mut dyn Iterator<Item = u8>) -> T,
) -> Result<T> {
    let token = Token::new(token).ok_or_else(|| not_a_number(token))?;
    let exponent = token.exponent.saturating_add(token.integer.len() as i64);
    let mut canonical = Canonical::new(token.negative, token.digits(), exponent);
    Ok(f(canonical.negative, canonical.exponent, &mut canonical.digits))
}

/// PostgreSQL's `numeric` of a JSON number token: the bytes after the varlena header.
///
/// # Errors
/// [`ErrorKind::LimitExceeded`] when `numeric` cannot hold it, [`ErrorKind::InvalidText`] when it is not a number.
pub fn numeric_payload(token: &str) -> Result<Vec<u8>> {
    numeric(token).map(|mut bytes| bytes.split_off(4))
}

/// The same with the varlena header, as [`super::Numeric::read`] takes it.
///
/// # Errors
/// As [`numeric_payload`].
pub(crate) fn numeric(token: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    write(token, &mut bytes)?;
    Ok(bytes)
}

/// Appends the numeric of a JSON number token, varlena header included, as `numeric_in` and `make_result` build it.
///
/// # Errors
/// [`ErrorKind::LimitExceeded`] when `numeric` cannot hold it, [`ErrorKind::InvalidText`] when it is not a number.
pub(super) fn write(token: &str, out: &mut Vec<u8>) -> Result<()> {
    match small(token) {
        Some(value) => {
            write_small(value, out);
            Ok(())
        }
        None => write_any(token, out),
    }
}

/// The value of a token of one to eight digits, as most numbers are.
fn small(token: &str) -> Option<u32> {
    let digits = token.as_bytes();
    if digits.len() > 8 || !matches!(digits, [b'0'] | [b'1'..=b'9', ..]) {
        return None;
    }
    digits.iter().try_fold(0, |value, digit| match digit {
        b'0'..=b'9' => Some(10 * value + u32::from(digit - b'0')),
        _ => None,
    })
}

/// Appends a number below 10^8: at most two groups of digits.
fn write_small(value: u32, out: &mut Vec<u8>) {
    const BASE: u32 = 10_u32.pow(GROUP as u32);
    // Both are below 10^4.
    let (high, low) = ((value / BASE) as u16, (value % BASE) as u16);
    let (weight, groups): (u16, &[u16]) = match (high, low) {
        (0, 0) => (0, &[]),
        (0, low) => (0, &[low]),
        (high, 0) => (1, &[high]),
        (high, low) => (1, &[high, low]),
    };
    let length = 6 + 2 * groups.len() as u32;
    out.extend_from_slice(&(length << 2).to_le_bytes());
    out.extend_from_slice(&(SHORT | weight).to_le_bytes());
    for group in groups {
        out.extend_from_slice(&group.to_le_bytes());
    }
}

fn write_any(token: &str, out: &mut Vec<u8>) -> Result<()> {
    let number = Token::new(token).ok_or_else(|| not_a_number(token))?;
    if number.exponent.abs() > EXPONENT_MAX {
        return Err(overflow(token));
    }
    // Decimal weight of the first digit, then of its base-10000 group.
    let decimal_weight = number.integer.len() as i64 - 1 + number.exponent;
    let scale = (number.fraction.len() as i64 - number.exponent).max(0);
    let mut weight = decimal_weight.div_euclid(GROUP as i64);
    let padding = (GROUP as i64 - 1 - decimal_weight.rem_euclid(GROUP as i64)) as usize;

    let header = out.len();
    // Room for the longer header; the digits are moved when the short one suffices.
    out.extend_from_slice(&[0; 8]);
    let body = out.len();
    let mut decimals = std::iter::repeat_n(0, padding).chain(number.digits()).peekable();
    let mut trailing_zeros = 0;
    let mut only_zeros = true;
    while decimals.peek().is_some() {
        let digit = (0..GROUP).fold(0_u16, |value, _| {
            value * 10 + u16::from(decimals.next().unwrap_or(0))
        });
        if digit == 0 && only_zeros {
            weight -= 1;
            continue;
        }
        only_zeros = false;
        trailing_zeros = if digit == 0 { trailing_zeros + 1 } else { 0 };
        out.extend_from_slice(&digit.to_le_bytes());
    }
    out.truncate(out.len() - 2 * trailing_zeros);
    let is_zero = out.len() == body;
    if is_zero {
        weight = 0;
    }
    let negative = number.negative && !is_zero;
    if scale > SCALE_MAX || i16::try_from(weight).is_err() {
        return Err(overflow(token));
    }
    // Both fit: checked above.
    let (scale_bits, weight_bits) = (scale as u16, weight as i16);
    if scale <= SHORT_SCALE_MAX && (SHORT_WEIGHT_MIN..=SHORT_WEIGHT_MAX).contains(&weight) {
        let word = SHORT
            | if negative { SHORT_NEGATIVE } else { 0 }
            | (scale_bits << SHORT_SCALE_SHIFT)
            | (weight_bits as u16 & (SHORT_WEIGHT | SHORT_WEIGHT_NEGATIVE));
        out.drain(body - 2..body);
        out[header + 4..header + 6].copy_from_slice(&word.to_le_bytes());
    } else {
        let word = scale_bits | if negative { NEGATIVE } else { 0 };
        out[header + 4..header + 6].copy_from_slice(&word.to_le_bytes());
        out[header + 6..header + 8].copy_from_slice(&weight_bits.to_le_bytes());
    }
    // A numeric has at most 2^16 digits here.
    let length = u32::try_from(out.len() - header).map_err(|_| overflow(token))?;
    out[header..header + 4].copy_from_slice(&(length << 2).to_le_bytes());
    Ok(())
}

fn not_a_number(token: &str) -> Error {
    Error::new(
        ErrorKind::InvalidText,
        format!("not a JSON number: \"{}\"", shortened(token)),
    )
}

fn overflow(token: &str) -> Error {
    Error::new(
        ErrorKind::LimitExceeded,
        format!("number \"{}\" overflows numeric format", shortened(token)),
    )
}

/// Enough of a token to recognise it.
fn shortened(token: &str) -> String {
    let mut text: String = token.chars().take(40).collect();
    if text.len() < token.len() {
        text.push_str("...");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn both(token: &str) -> (Vec<u8>, Vec<u8>) {
        let (mut fast, mut slow) = (Vec::new(), Vec::new());
        write(token, &mut fast).unwrap();
        write_any(token, &mut slow).unwrap();
        (fast, slow)
    }

    #[test]
    fn the_edges_of_small_numbers() {
        for token in [
            "0",
            "1",
            "9999",
            "10000",
            "10001",
            "99990000",
            "99999999",
            "100000000",
            "-1",
            "1.0",
            "1e2",
        ] {
            let (fast, slow) = both(token);
            assert_eq!(fast, slow, "{token}");
        }
        for (token, value) in [("0", 0), ("7", 7), ("10000", 10_000), ("99999999", 99_999_999)] {
            assert_eq!(small(token), Some(value), "{token}");
        }
        for token in ["", "00", "01", "1x", "x", "+1", "1:", "1/", "100000000"] {
            assert_eq!(small(token), None, "{token}");
        }
    }

    /// The server puts a header of its own before it.
    #[test]
    fn a_payload_has_no_varlena_header() {
        assert_eq!(numeric_payload("0"), Ok(vec![0, 0x80]));
        assert_eq!(numeric_payload("1"), Ok(vec![0, 0x80, 1, 0]));
        assert_eq!(numeric_payload("-1.5"), Ok(vec![0x80, 0xA0, 1, 0, 0x88, 0x13]));
        for token in ["12", "123456789", "-0.25", "1e300"] {
            let whole = numeric(token).expect(token);
            let payload = numeric_payload(token).expect(token);
            assert_eq!(payload, whole[4..], "{token}");
            let length = u32::from_le_bytes([whole[0], whole[1], whole[2], whole[3]]) >> 2;
            assert_eq!(length as usize, 4 + payload.len(), "{token}");
        }
    }

    /// As `SELECT '0e1073741823'::numeric` gives 0, and one more is out of range: a zero has no weight, so the exponent alone decides.
    #[test]
    fn an_exponent_may_be_half_of_what_fits_in_an_integer() {
        assert_eq!(numeric("0e1073741823"), numeric("0"));
        for token in ["0e1073741824", "0e-1073741824", "0e99999999999999999999"] {
            let error = numeric(token).unwrap_err();
            assert_eq!(error.kind, ErrorKind::LimitExceeded, "{token}");
        }
    }

    #[test]
    fn errors_name_the_token_shortened_to_forty_characters() {
        let message = |token: &str| numeric(token).unwrap_err().message;
        let (short, long) = ("x".repeat(40), "é".repeat(41));
        assert_eq!(message("1x"), "not a JSON number: \"1x\"");
        assert_eq!(message(&short), format!("not a JSON number: \"{short}\""));
        assert_eq!(
            message(&long),
            format!("not a JSON number: \"{}...\"", "é".repeat(40))
        );
        assert_eq!(
            message("1e200000"),
            "number \"1e200000\" overflows numeric format"
        );
    }

    proptest! {
        #[test]
        fn small_numbers_are_written_as_any_other(value in 0..200_000_000_u32) {
            let (fast, slow) = both(&value.to_string());
            prop_assert_eq!(fast, slow);
        }
    }
}
