//! The integer tile in plain Rust: what the other kernels must equal.

use super::{COLUMNS, ColumnTerms, QUAD, ROWS, RowTerms, Tile};

/// See [`super::Kernel::tile`].
pub fn tile(left: &[u8], right: &[i8], rows: &RowTerms, columns: &ColumnTerms, tile: &mut Tile) -> bool {
    for sums in tile.sums.chunks_exact_mut(COLUMNS) {
        sums.copy_from_slice(&columns.start);
    }
    for (a, b) in left
        .chunks_exact(ROWS * QUAD)
        .zip(right.chunks_exact(COLUMNS * QUAD))
    {
        for (a, sums) in a.chunks_exact(QUAD).zip(tile.sums.chunks_exact_mut(COLUMNS)) {
            let a = [a[0], a[1], a[2], a[3]].map(i32::from);
            for (b, sum) in b.chunks_exact(QUAD).zip(sums) {
                let b = [b[0], b[1], b[2], b[3]].map(i32::from);
                *sum += a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3];
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
