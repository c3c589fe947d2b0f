//! The integer tile with AVX2: two rows at a time, codes of 7 bits.
#![cfg(target_arch = "x86_64")]

use std::arch::x86_64::*;

use super::{COLUMNS, ColumnTerms, QUAD, ROWS, RowTerms, Tile};

/// Values of 32 bits in a register.
const LANES: usize = 8;
const VECTORS: usize = COLUMNS / LANES;
/// Rows whose sums fit into the registers.
const STRIP: usize = 2;

/// See [`super::Kernel::tile`].
///
/// # Safety
/// Needs avx2 and fma; `left` points to `quads * 32` bytes and `right` to `quads * 192`.
#[target_feature(enable = "avx2,fma")]
pub unsafe fn tile(
    left: *const u8,
    right: *const i8,
    quads: usize,
    rows: &RowTerms,
    columns: &ColumnTerms,
    tile: &mut Tile,
) -> bool {
    let mut any = 0;
    for first in (0..ROWS).step_by(STRIP) {
        // SAFETY: every pointer stays within the panels (caller) or the fixed-size arrays of the terms and the
        // tile, for k < quads, first + i < ROWS, v < VECTORS.
        unsafe {
            let ones = _mm256_set1_epi16(1);
            let mut sums = [[_mm256_setzero_si256(); VECTORS]; STRIP];
            for row in &mut sums {
                for (v, sum) in row.iter_mut().enumerate() {
                    *sum = _mm256_loadu_si256(columns.start.as_ptr().add(v * LANES).cast());
                }
            }
            for k in 0..quads {
                let a = left.add((k * ROWS + first) * QUAD).cast::<i32>();
                let a = [
                    _mm256_set1_epi32(a.read_unaligned()),
                    _mm256_set1_epi32(a.add(1).read_unaligned()),
                ];
                let b = right.add(k * COLUMNS * QUAD);
                for v in 0..VECTORS {
                    let b = _mm256_loadu_si256(b.add(v * LANES * QUAD).cast());
                    for (row, a) in sums.iter_mut().zip(a) {
                        let products = _mm256_madd_epi16(_mm256_maddubs_epi16(a, b), ones);
                        row[v] = _mm256_add_epi32(row[v], products);
                    }
                }
            }
            for (i, row) in sums.iter().enumerate() {
                let at = first + i;
                let mut passed = 0;
                for (v, &sum) in row.iter().enumerate() {
                    let scale = _mm256_loadu_ps(columns.scale.as_ptr().add(v * LANES));
                    let reach = _mm256_loadu_ps(columns.reach.as_ptr().add(v * LANES));
                    let error = _mm256_loadu_ps(columns.error.as_ptr().add(v * LANES));
                    let square = _mm256_loadu_ps(columns.square.as_ptr().add(v * LANES));
                    let limit = _mm256_set1_ps(rows.limit[at]);
                    let rest = _mm256_fmadd_ps(_mm256_set1_ps(rows.square[at]), square, limit);
                    let rest = _mm256_fnmadd_ps(_mm256_set1_ps(rows.error[at]), error, rest);
                    let rest = _mm256_fnmadd_ps(_mm256_set1_ps(rows.reach[at]), reach, rest);
                    let value = _mm256_mul_ps(_mm256_cvtepi32_ps(sum), scale);
                    let mask = _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GE_OQ>(value, rest));
                    passed |= u64::from(mask as u32) << (v * LANES);
                    _mm256_storeu_si256(tile.sums.as_mut_ptr().add(at * COLUMNS + v * LANES).cast(), sum);
                }
                tile.passed[at] = passed;
                any |= passed;
            }
        }
    }
    any != 0
}
