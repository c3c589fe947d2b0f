//! The brackets of a JSON text outside of strings, 64 bytes at a time and without a branch per string.
//!
//! After Langdale and Lemire, "Parsing Gigabytes of JSON per Second" (2019): a bit per byte, and the parity of the quotes before a
//! byte tells whether it is inside a string.

use wide::u8x16;

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
    #[inline(always)]
    fn of(block: &[u8; BLOCK]) -> Self {
        let (lanes, _) = block.as_chunks::<LANE>();
        let lanes: [u8x16; BLOCK / LANE] = std::array::from_fn(|index| u8x16::new(lanes[index]));
        let folded = lanes.map(|lane| lane | u8x16::splat(CASE));
        Masks {
            quote: equal(&lanes, b'"'),
            backslash: equal(&lanes, b'\\'),
            open: equal(&folded, b'{'),
            close: equal(&folded, b'}'),
        }
    }
}

/// Bytes of a vector register that every processor of the supported kinds has.
const LANE: usize = 16;

/// Which bytes of a block equal `byte`.
#[inline(always)]
fn equal(lanes: &[u8x16; BLOCK / LANE], byte: u8) -> u64 {
    let byte = u8x16::splat(byte);
    lanes.iter().rev().fold(0, |mask, lane| {
        mask << LANE | u64::from(lane.simd_eq(byte).to_bitmask())
    })
}

/// How many bytes of a string come before its first quote, backslash or control character.
pub(crate) fn plain_length(text: &[u8]) -> usize {
    let (lanes, rest) = text.as_chunks::<LANE>();
    for (index, lane) in lanes.iter().enumerate() {
        let lane = u8x16::new(*lane);
        let special = lane.simd_eq(u8x16::splat(b'"'))
            | lane.simd_eq(u8x16::splat(b'\\'))
            | lane.min(u8x16::splat(LAST_CONTROL)).simd_eq(lane);
        let special = special.to_bitmask();
        if special != 0 {
            return LANE * index + special.trailing_zeros() as usize;
        }
    }
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=LAST_CONTROL);
    let plain = rest.iter().position(is_special).unwrap_or(rest.len());
    text.len() - rest.len() + plain
}

/// The control characters that a JSON string may not hold as such end here.
const LAST_CONTROL: u8 = 0x1F;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_string_is_plain_up_to_what_is_special() {
        for byte in 0..=255 {
            for at in 0..40 {
                let mut text = [b' '; 40];
                text[at] = byte;
                let is_special = byte < 0x20 || byte == b'"' || byte == b'\\';
                assert_eq!(
                    plain_length(&text),
                    if is_special { at } else { 40 },
                    "{byte} at {at}"
                );
            }
        }
        assert_eq!(plain_length(b""), 0);
    }

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
