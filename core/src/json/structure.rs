//! The brackets of a JSON text outside of strings, 64 bytes at a time and without a branch per string.
//!
//! After Langdale and Lemire, "Parsing Gigabytes of JSON per Second" (2019): a bit per byte, and the parity of the quotes before a
//! byte tells whether it is inside a string.

/// Bytes looked at at once: one bit each.
pub(super) const BLOCK: usize = 64;

/// Where brackets open and close in a block: bit `i` belongs to byte `i`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Brackets {
    pub open: u64,
    pub close: u64,
}

/// What one block hands to the next. Starts outside of a string.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Structure {
    /// All ones inside a string, else zero.
    in_string: u64,
    /// One when the next byte is escaped by a backslash, else zero.
    escaped: u64,
}

impl Structure {
    /// The brackets of the next block.
    pub fn next(&mut self, block: &[u8; BLOCK]) -> Brackets {
        let masks = Masks::of(block);
        let quotes = masks.quote & !self.escape(masks.backslash);
        let in_string = prefix_xor(quotes) ^ self.in_string;
        self.in_string = if in_string >> 63 == 1 { u64::MAX } else { 0 };
        Brackets {
            open: masks.open & !in_string,
            close: masks.close & !in_string,
        }
    }

    /// Which bytes are escaped by a backslash before them.
    fn escape(&mut self, backslashes: u64) -> u64 {
        let mut escaped = self.escaped;
        // An escaped backslash escapes nothing.
        let mut escaping = backslashes & !escaped;
        self.escaped = 0;
        while escaping != 0 {
            let first = escaping & escaping.wrapping_neg();
            let next = first << 1;
            if next == 0 {
                self.escaped = 1;
            }
            escaped |= next;
            escaping &= !(first | next);
        }
        escaped
    }
}

/// Bit `i` of the result is the parity of the bits 0 to `i`.
fn prefix_xor(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

/// Where the four kinds of bytes are.
struct Masks {
    quote: u64,
    backslash: u64,
    open: u64,
    close: u64,
}

/// `[` and `{`, `]` and `}` differ in this bit alone.
const CASE: u8 = 0x20;

impl Masks {
    fn of(block: &[u8; BLOCK]) -> Self {
        let (words, _) = block.as_chunks::<8>();
        let words: [u64; 8] = std::array::from_fn(|index| u64::from_le_bytes(words[index]));
        let folded = words.map(|word| word | every(CASE));
        Masks {
            quote: equal(&words, b'"'),
            backslash: equal(&words, b'\\'),
            open: equal(&folded, b'{'),
            close: equal(&folded, b'}'),
        }
    }
}

/// Eight times the byte.
const fn every(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// Which bytes of a block equal `byte`.
#[inline(always)]
fn equal(words: &[u64; 8], byte: u8) -> u64 {
    // The highest bit of every byte that differs: no sum leaves its byte.
    let differs = words.map(|word| {
        let difference = word ^ every(byte);
        difference | (difference & every(0x7F)).wrapping_add(every(0x7F))
    });
    let none = every(0x80);
    if differs.iter().fold(none, |all, word| all & word) == none {
        return 0;
    }
    let found = (0..8).fold(0, |found, index| found | (!differs[index] & none) >> (7 - index));
    transpose(found)
}

/// Swaps bit `j` of byte `i` with bit `i` of byte `j` (Warren, Hacker's Delight, section 7-3).
const fn transpose(mut bits: u64) -> u64 {
    let t = (bits ^ (bits >> 7)) & 0x00AA_00AA_00AA_00AA;
    bits ^= t ^ (t << 7);
    let t = (bits ^ (bits >> 14)) & 0x0000_CCCC_0000_CCCC;
    bits ^= t ^ (t << 14);
    let t = (bits ^ (bits >> 28)) & 0x0000_0000_F0F0_F0F0;
    bits ^ t ^ (t << 28)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_byte_is_what_it_is() {
        for byte in 0..=255_u8 {
            for at in 0..BLOCK {
                let mut block = [b' '; BLOCK];
                block[at] = byte;
                let masks = Masks::of(&block);
                let bit = |is_set| u64::from(is_set) << at;
                assert_eq!(masks.quote, bit(byte == b'"'));
                assert_eq!(masks.backslash, bit(byte == b'\\'));
                assert_eq!(masks.open, bit(matches!(byte, b'{' | b'[')));
                assert_eq!(masks.close, bit(matches!(byte, b'}' | b']')));
            }
        }
    }

    proptest! {
        #[test]
        fn brackets_are_those_outside_of_strings(text in "[\\\\\"{}\\[\\] é]{0,300}") {
            let mut bytes = text.into_bytes();
            bytes.resize(bytes.len().next_multiple_of(BLOCK), b' ');
            let mut structure = Structure::default();
            let (mut in_string, mut escaped) = (false, false);
            for block in bytes.as_chunks::<BLOCK>().0 {
                let mut expected = Brackets { open: 0, close: 0 };
                for (index, byte) in block.iter().enumerate() {
                    let bit = |is_set| u64::from(is_set && !in_string) << index;
                    expected.open |= bit(matches!(byte, b'{' | b'['));
                    expected.close |= bit(matches!(byte, b'}' | b']'));
                    in_string ^= *byte == b'"' && !escaped;
                    escaped = *byte == b'\\' && !escaped;
                }
                prop_assert_eq!(structure.next(block), expected);
            }
        }
    }
}
