//! A SHA-256 value as 64 hexadecimal digits, on the stack.

use std::fmt;

/// A SHA-256 value as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hex64([u8; 64]);

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Both digits of every byte.
const PAIRS: [[u8; 2]; 256] = {
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [DIGITS[byte >> 4], DIGITS[byte & 15]];
        byte += 1;
    }
    pairs
};

impl Hex64 {
    /// The digits of a digest.
    pub fn new(digest: [u8; 32]) -> Self {
        let mut digits = [0; 64];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(digest) {
            pair.copy_from_slice(&PAIRS[usize::from(byte)]);
        }
        Hex64(digits)
    }

    /// The digits as text.
    pub fn as_str(&self) -> &str {
        // Cannot fail: every byte comes from DIGITS.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The first eight digits as a number, in the order of the digits: compares quickly.
    pub(crate) fn prefix(&self) -> u64 {
        self.0
            .first_chunk()
            .map_or(0, |digits| u64::from_be_bytes(*digits))
    }
}

impl AsRef<str> for Hex64 {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Hex64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Hex64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_byte_has_its_two_digits() {
        for byte in 0..=255_u8 {
            let expected = format!("{byte:02x}").repeat(32);
            assert_eq!(Hex64::new([byte; 32]).as_str(), expected);
            assert_eq!(Hex64::new([byte; 32]).to_string(), expected);
            assert_eq!(AsRef::<str>::as_ref(&Hex64::new([byte; 32])), expected);
        }
    }

    proptest! {
        #[test]
        fn prefixes_are_in_the_order_of_the_first_eight_digits(
            mut a: [u8; 32],
            b: [u8; 32],
            common in 0..8_usize,
        ) {
            a[..common].copy_from_slice(&b[..common]);
            let (a, b) = (Hex64::new(a), Hex64::new(b));
            prop_assert_eq!(a.prefix().cmp(&b.prefix()), a.as_str()[..8].cmp(&b.as_str()[..8]));
        }
    }
}
