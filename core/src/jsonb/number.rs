//! PostgreSQL's `numeric` on disk (`src/backend/utils/adt/numeric.c`).
//!
//! Base-10000 digits behind a one-word header when scale and weight are small, a two-word header otherwise. The value is
//! `sum of digit[i] * 10000^(weight - i)`; the display scale says how many decimals are printed.

use super::container::corrupted;
use crate::Result;

pub(super) const SIGN: u16 = 0xC000;
pub(super) const NEGATIVE: u16 = 0x4000;
pub(super) const SHORT: u16 = 0x8000;
pub(super) const SPECIAL: u16 = 0xC000;

pub(super) const SHORT_NEGATIVE: u16 = 0x2000;
pub(super) const SHORT_SCALE: u16 = 0x1F80;
pub(super) const SHORT_SCALE_SHIFT: u32 = 7;
pub(super) const SHORT_WEIGHT_NEGATIVE: u16 = 0x0040;
pub(super) const SHORT_WEIGHT: u16 = 0x003F;

/// Decimal digits in one base-10000 digit.
pub(super) const GROUP: usize = 4;

/// A decimal number inside jsonb bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Numeric<'a> {
    bytes: &'a [u8],
    negative: bool,
    weight: i32,
    scale: usize,
    digits: &'a [[u8; 2]],
}

impl<'a> Numeric<'a> {
    /// Reads the varlena of a numeric, header included.
    ///
    /// # Errors
    /// [`crate::ErrorKind::DataCorrupted`]; also for NaN and infinities, which JSON does not have.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        let body = body(bytes).ok_or_else(|| corrupted("a number's length is wrong"))?;
        let (word, rest) = body
            .split_first_chunk()
            .ok_or_else(|| corrupted("a number has no header"))?;
        let header = u16::from_le_bytes(*word);
        let (negative, weight, scale, digits) = match header & SIGN {
            SHORT => {
                let mut weight = i32::from(header & SHORT_WEIGHT);
                if header & SHORT_WEIGHT_NEGATIVE != 0 {
                    weight -= i32::from(SHORT_WEIGHT_NEGATIVE);
                }
                let scale = (header & SHORT_SCALE) >> SHORT_SCALE_SHIFT;
                (header & SHORT_NEGATIVE != 0, weight, scale, rest)
            }
            SPECIAL => return Err(corrupted("a number is not finite")),
            sign => {
                let (weight, digits) = rest
                    .split_first_chunk()
                    .ok_or_else(|| corrupted("a number has no weight"))?;
                let weight = i32::from(i16::from_le_bytes(*weight));
                (sign == NEGATIVE, weight, header & !SIGN, digits)
            }
        };
        let (digits, []) = digits.as_chunks() else {
            return Err(corrupted("a number ends within a digit"));
        };
        if digits.iter().any(|digit| u16::from_le_bytes(*digit) >= 10_000) {
            return Err(corrupted("a number has a digit above 9999"));
        }
        Ok(Numeric {
            bytes,
            negative,
            weight,
            scale: usize::from(scale),
            digits,
        })
    }

    /// The varlena, header included.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    fn digit(&self, index: usize) -> u16 {
        self.digits
            .get(index)
            .map_or(0, |digit| u16::from_le_bytes(*digit))
    }

    /// The digit of 10000^`weight`.
    fn digit_at(&self, weight: i32) -> u16 {
        usize::try_from(self.weight - weight).map_or(0, |index| self.digit(index))
    }

    /// Whether the number is printed without decimals: what JSON text calls an integer.
    pub fn is_integer(&self) -> bool {
        self.scale == 0
    }

    /// The value, if it is printed without decimals and has at most 36 digits.
    pub fn to_integer(&self) -> Option<i128> {
        // 9 digits in base 10000 stay below 2^127.
        if !self.is_integer() || self.weight > 8 {
            return None;
        }
        let magnitude = (0..=self.weight).rev().fold(0_i128, |value, weight| {
            value * 10_000 + i128::from(self.digit_at(weight))
        });
        Some(if self.negative { -magnitude } else { magnitude })
    }

    /// The nearest double; infinite when it is too large.
    pub fn to_f64(&self) -> f64 {
        // Digits and exponent, so that 1e131071 stays short.
        let mut text = String::with_capacity(GROUP * self.digits.len() + 8);
        if self.negative {
            text.push('-');
        }
        text.push('0');
        for index in 0..self.digits.len() {
            push_group(&mut text, self.digit(index));
        }
        let exponent = (i64::from(self.weight) + 1 - self.digits.len() as i64) * GROUP as i64;
        text.push_str(&format!("e{exponent}"));
        text.parse().unwrap_or(f64::NAN)
    }

    /// How many bytes [`Numeric::write_text`] appends, at most.
    pub fn text_len(&self) -> usize {
        let before = usize::try_from(self.weight + 1).unwrap_or(0) * GROUP;
        before + self.scale + 3
    }

    /// Appends the decimal text as PostgreSQL prints it: all digits, `scale` decimals, no exponent.
    pub fn write_text(&self, out: &mut String) {
        if self.negative {
            out.push('-');
        }
        if self.weight < 0 {
            out.push('0');
        } else {
            out.push_str(&self.digit_at(self.weight).to_string());
            for weight in (0..self.weight).rev() {
                push_group(out, self.digit_at(weight));
            }
        }
        if self.scale == 0 {
            return;
        }
        out.push('.');
        let end = out.len() + self.scale;
        for place in (1..).take(self.scale.div_ceil(GROUP)) {
            push_group(out, self.digit_at(-place));
        }
        out.truncate(end);
    }

    /// The value in the one form that does not depend on how it was written.
    pub(super) fn canonical(&self) -> Canonical<impl Iterator<Item = u8> + Clone + '_> {
        let digits = (0..self.digits.len()).flat_map(|index| group(self.digit(index)));
        Canonical::new(self.negative, digits, (i64::from(self.weight) + 1) * GROUP as i64)
    }
}

/// A decimal as `0.d1 d2 d3... * 10^exponent`, `d1` and the last digit not zero; zero has no digits.
pub(super) struct Canonical<D> {
    pub negative: bool,
    pub exponent: i64,
    pub digits: std::iter::Take<std::iter::Skip<D>>,
}

impl<D: Iterator<Item = u8> + Clone> Canonical<D> {
    /// From `0.d1 d2... * 10^exponent` with zeros anywhere.
    pub fn new(negative: bool, digits: D, exponent: i64) -> Self {
        let leading = digits.clone().take_while(|digit| *digit == 0).count();
        let significant = digits.clone().enumerate().filter(|(_, digit)| *digit != 0);
        let end = significant.last().map_or(leading, |(index, _)| index + 1);
        let is_zero = end == leading;
        Canonical {
            negative: negative && !is_zero,
            exponent: if is_zero {
                0
            } else {
                exponent.saturating_sub(leading as i64)
            },
            digits: digits.skip(leading).take(end - leading),
        }
    }
}

/// The four decimal digits of a base-10000 digit.
fn group(digit: u16) -> [u8; GROUP] {
    // Each is below 10.
    [digit / 1000, digit / 100 % 10, digit / 10 % 10, digit % 10].map(|decimal| decimal as u8)
}

fn push_group(out: &mut String, digit: u16) {
    for decimal in group(digit) {
        out.push(char::from(b'0' + decimal));
    }
}

/// What follows a varlena's header of one or four bytes.
fn body(bytes: &[u8]) -> Option<&[u8]> {
    let first = *bytes.first()?;
    let (header, length) = if first & 1 == 1 {
        (1, usize::from(first >> 1))
    } else if first & 3 == 0 {
        let word = u32::from_le_bytes(*bytes.first_chunk()?);
        (4, (word >> 2) as usize)
    } else {
        return None;
    };
    bytes.get(header..length)
}

#[cfg(test)]
mod tests {
    use super::super::token::{with_canonical, write};
    use super::*;
    use crate::ErrorKind;
    use proptest::prelude::*;

    fn written(token: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(token, &mut bytes).expect(token);
        bytes
    }

    fn printed(token: &str) -> String {
        let bytes = written(token);
        let mut text = String::new();
        let number = Numeric::read(&bytes).expect(token);
        number.write_text(&mut text);
        assert!(text.len() <= number.text_len(), "{token}");
        text
    }

    /// What `SELECT token::numeric` prints.
    #[test]
    fn numbers_print_as_in_postgresql() {
        for (token, text) in [
            ("0", "0"),
            ("-0", "0"),
            ("-0.0", "0.0"),
            ("0e5", "0"),
            ("0e-5", "0.00000"),
            ("7", "7"),
            ("-12", "-12"),
            ("9999", "9999"),
            ("10000", "10000"),
            ("100000000", "100000000"),
            ("3.0", "3.0"),
            ("3.50", "3.50"),
            ("1e2", "100"),
            ("1.5E+2", "150"),
            ("1.2345e2", "123.45"),
            ("1e-5", "0.00001"),
            ("12345.6789", "12345.6789"),
            ("-0.00012", "-0.00012"),
            ("18446744073709551616", "18446744073709551616"),
            ("0.1", "0.1"),
            ("10.00010", "10.00010"),
        ] {
            assert_eq!(printed(token), text, "{token}");
        }
    }

    /// Bytes taken from the definition in numeric.c: header word, then base-10000 digits.
    #[test]
    fn short_and_long_headers() {
        let short = |word: u16, digits: &[u16]| {
            let mut bytes = ((6 + 2 * digits.len() as u32) << 2).to_le_bytes().to_vec();
            bytes.extend(word.to_le_bytes());
            bytes.extend(digits.iter().flat_map(|digit| digit.to_le_bytes()));
            bytes
        };
        assert_eq!(written("0"), short(0x8000, &[]));
        assert_eq!(written("1"), short(0x8000, &[1]));
        assert_eq!(written("-1"), short(0xA000, &[1]));
        assert_eq!(written("10000"), short(0x8001, &[1]));
        assert_eq!(written("12345"), short(0x8001, &[1, 2345]));
        assert_eq!(written("1.5"), short(0x8080, &[1, 5000]));
        assert_eq!(written("0.0001"), short(0x8000 | 4 << 7 | 0x7F, &[1]));
        let long = written("1e300");
        assert_eq!(&long[4..], [0, 0, 75, 0, 1, 0]);
        let scaled = written("1e-64");
        assert_eq!(&scaled[4..], [64, 0, 0xF0, 0xFF, 1, 0]);
    }

    #[test]
    fn beyond_numeric_is_an_error() {
        for token in [
            "1e131072",
            "1e-16384",
            "0e-16384",
            "1e99999999999999999999",
            "-1e2000000000",
        ] {
            let error = write(token, &mut Vec::new()).unwrap_err();
            assert_eq!(error.kind, ErrorKind::LimitExceeded, "{token}");
        }
        for token in ["9.9e131071", "1e-16383", "0e200000"] {
            written(token);
        }
        for token in [
            "", "-", "01", "1.", ".5", "1e", "1e+", "+1", "NaN", "1_0", "0x1", "1 ",
        ] {
            let error = write(token, &mut Vec::new()).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidText, "{token}");
        }
    }

    #[test]
    fn integers_and_doubles() {
        let integer = |token: &str| Numeric::read(&written(token)).map(|n| n.to_integer());
        assert_eq!(integer("18446744073709551615"), Ok(Some(u64::MAX.into())));
        assert_eq!(integer("-9223372036854775808"), Ok(Some(i64::MIN.into())));
        assert_eq!(integer("100000000"), Ok(Some(100_000_000)));
        assert_eq!(integer("3.0"), Ok(None));
        assert_eq!(integer("1e100"), Ok(None));
        assert_eq!(integer("1e35"), Ok(Some(10_i128.pow(35))));
        let nines = format!("-{}", "9".repeat(36));
        assert_eq!(integer(&nines), Ok(Some(1 - 10_i128.pow(36))));
        assert_eq!(integer("1e36"), Ok(None));
        let double = |token| Numeric::read(&written(token)).map(|n| n.to_f64());
        assert_eq!(double("1e131071"), Ok(f64::INFINITY));
        assert_eq!(double("-0.1"), Ok(-0.1));
        assert_eq!(double("0"), Ok(0.0));
    }

    #[test]
    fn broken_numbers_are_errors() {
        let kind = |bytes: &[u8]| Numeric::read(bytes).map(|_| ()).map_err(|error| error.kind);
        let corrupted = Err(ErrorKind::DataCorrupted);
        assert_eq!(kind(&[]), corrupted);
        assert_eq!(kind(&[24, 0, 0]), corrupted);
        assert_eq!(kind(&[20, 0, 0, 0, 0]), corrupted);
        assert_eq!(kind(&[255, 255, 255, 255]), corrupted);
        // NaN; a digit of 10000; half a digit.
        assert_eq!(kind(&[24, 0, 0, 0, 0, 0xC0]), corrupted);
        assert_eq!(kind(&[32, 0, 0, 0, 0, 0x80, 0x10, 0x27]), corrupted);
        assert_eq!(kind(&[28, 0, 0, 0, 0, 0x80, 1]), corrupted);
        // A one-byte header is fine.
        assert_eq!(kind(&[11, 0, 0x80, 1, 0]), Ok(()));
    }

    proptest! {
        #[test]
        fn doubles_survive(value in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL) {
            let bytes = written(&format!("{value:e}"));
            prop_assert_eq!(Numeric::read(&bytes).map(|n| n.to_f64()), Ok(value));
        }

        #[test]
        fn integers_survive(value: i64) {
            let bytes = written(&value.to_string());
            prop_assert_eq!(Numeric::read(&bytes).map(|n| n.to_integer()), Ok(Some(value.into())));
        }

        #[test]
        fn positional_texts_are_kept(text in "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,80})?") {
            let expected = if text.bytes().any(|byte| matches!(byte, b'1'..=b'9')) {
                text.clone()
            } else {
                text.trim_start_matches('-').to_owned()
            };
            prop_assert_eq!(printed(&text), expected);
        }

        #[test]
        fn hostile_bytes_never_panic(bytes: Vec<u8>) {
            if let Ok(number) = Numeric::read(&bytes) {
                number.to_integer();
                number.to_f64();
                number.write_text(&mut String::new());
            }
        }

        #[test]
        fn tokens_equal_their_numeric(integer in "0|[1-9][0-9]{0,9}", fraction in "[0-9]{1,9}", exponent in -40..40) {
            let token = format!("-{integer}.{fraction}e{exponent}");
            let bytes = written(&token);
            let number = Numeric::read(&bytes).expect("a number");
            let canonical = number.canonical();
            let expected: (bool, i64, Vec<u8>) = (canonical.negative, canonical.exponent, canonical.digits.collect());
            let actual = with_canonical(&token, |negative, exponent, digits| (negative, exponent, digits.collect()));
            prop_assert_eq!(actual, Ok(expected));
        }
    }
}
