//! A UUID as the text that the fingerprints hash.

/// `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` in lower case, as PostgreSQL and Python print it.
pub fn text(bytes: [u8; 16]) -> String {
    let hex = u128::from_be_bytes(bytes);
    let group = |from: u32, digits: usize| {
        let value = hex >> (128 - from * 4 - digits as u32 * 4) & ((1 << (digits * 4)) - 1);
        format!("{value:0digits$x}")
    };
    [
        group(0, 8),
        group(8, 4),
        group(12, 4),
        group(16, 4),
        group(20, 12),
    ]
    .join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_leading_zeros() {
        let bytes = 0x0000_0001_0203_0405_a607_0809_0a0b_0c0d_u128.to_be_bytes();
        assert_eq!(text(bytes), "00000001-0203-0405-a607-08090a0b0c0d");
        assert_eq!(text([0xff; 16]), "ffffffff-ffff-ffff-ffff-ffffffffffff");
    }
}
