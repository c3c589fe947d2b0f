//! The integer tile in plain Rust: what the other kernels must equal.

use super::{COLUMNS, ColumnTerms, QUAD, ROWS, RowTerms, Tile};

/// See [`super::Kernel::tile`].
pub fn tile(left: &[u8], right: &[i8], rows: &RowTerms, columns: &ColumnTerms, tile: &mut Tile) -> bool {
    for sums in tile.sums.chunks_exact_mut(COLUMNS) {
        sums.copy_from_slice(&columns.start);
    }
    let (left, _) = left.as_chunks::<{ ROWS * QUAD }>();
    let (right, _) = right.as_chunks::<{ COLUMNS * QUAD }>();
    // Halves of the quads, widened: products of 16 bits added in pairs are what most machines have.
    let mut halves = [[0_i16; COLUMNS * 2]; 2];
    for (a, b) in left.iter().zip(right) {
        for (j, b) in b.as_chunks::<QUAD>().0.iter().enumerate() {
            for (h, half) in halves.iter_mut().enumerate() {
                half[2 * j] = i16::from(b[2 * h]);
                half[2 * j + 1] = i16::from(b[2 * h + 1]);
            }
        }
        for (a, sums) in a
            .as_chunks::<QUAD>()
            .0
            .iter()
            .zip(tile.sums.as_chunks_mut::<COLUMNS>().0)
        {
            for (h, half) in halves.iter().enumerate() {
                let (first, second) = (i16::from(a[2 * h]), i16::from(a[2 * h + 1]));
                for j in 0..COLUMNS {
                    let x = i32::from(first).wrapping_mul(i32::from(half[2 * j]));
                    let y = i32::from(second).wrapping_mul(i32::from(half[2 * j + 1]));
                    // Nothing overflows; a check would keep this from being vectorised.
                    sums[j] = sums[j].wrapping_add(x.wrapping_add(y));
                }
            }
        }
    }
    let mut any = 0;
    for (i, sums) in tile.sums.chunks_exact(COLUMNS).enumerate() {
        let mut passed = 0;
        for (j, &sum) in sums.iter().enumerate() {
            let rest = rows.limit[i] + rows.square[i] * columns.square[j]
                - rows.error[i] * columns.error[j]
                - rows.reach[i] * columns.reach[j];
            passed |= u64::from(sum as f32 * columns.scale[j] >= rest) << j;
        }
        tile.passed[i] = passed;
        any |= passed;
    }
    any != 0
}
