//! The integer tile with AVX-512 VNNI.
#![cfg(target_arch = "x86_64")]

use std::arch::x86_64::*;

use super::{COLUMNS, ColumnTerms, QUAD, ROWS, RowTerms, Tile};

/// Values of 32 bits in a register.
const LANES: usize = 16;
const VECTORS: usize = COLUMNS / LANES;

/// See [`super::Kernel::tile`].
///
/// # Safety
/// Needs avx512f, avx512bw, avx512vnni; `left` points to `quads * 32` bytes and `right` to `quads * 192`.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub unsafe fn tile(
    left: *const u8,
    right: *const i8,
    quads: usize,
    rows: &RowTerms,
    columns: &ColumnTerms,
    tile: &mut Tile,
) -> bool {
    // SAFETY: every pointer stays within the panels (caller) or the fixed-size arrays of the terms and the tile,
    // for k < quads, i < ROWS, v < VECTORS.
    unsafe {
        let mut sums = [[_mm512_setzero_si512(); VECTORS]; ROWS];
        for row in &mut sums {
            for (v, sum) in row.iter_mut().enumerate() {
                *sum = _mm512_loadu_si512(columns.start.as_ptr().add(v * LANES).cast());
            }
        }
        for k in 0..quads {
            let b = right.add(k * COLUMNS * QUAD);
            let b: [__m512i; VECTORS] = [
                _mm512_loadu_si512(b.cast()),
                _mm512_loadu_si512(b.add(64).cast()),
                _mm512_loadu_si512(b.add(128).cast()),
            ];
            let a = left.add(k * ROWS * QUAD).cast::<i32>();
            for (i, row) in sums.iter_mut().enumerate() {
                let a = _mm512_set1_epi32(a.add(i).read_unaligned());
                for v in 0..VECTORS {
                    row[v] = _mm512_dpbusd_epi32(row[v], a, b[v]);
                }
            }
        }
        let mut any = 0;
        let mut passed = [0_u64; ROWS];
        for v in 0..VECTORS {
            let scale = _mm512_loadu_ps(columns.scale.as_ptr().add(v * LANES));
            let reach = _mm512_loadu_ps(columns.reach.as_ptr().add(v * LANES));
            let error = _mm512_loadu_ps(columns.error.as_ptr().add(v * LANES));
            let square = _mm512_loadu_ps(columns.square.as_ptr().add(v * LANES));
            for (i, row) in sums.iter().enumerate() {
                let limit = _mm512_set1_ps(rows.limit[i]);
                let rest = _mm512_fmadd_ps(_mm512_set1_ps(rows.square[i]), square, limit);
                let rest = _mm512_fnmadd_ps(_mm512_set1_ps(rows.error[i]), error, rest);
                let rest = _mm512_fnmadd_ps(_mm512_set1_ps(rows.reach[i]), reach, rest);
                let value = _mm512_mul_ps(_mm512_cvtepi32_ps(row[v]), scale);
                let mask = u64::from(_mm512_cmp_ps_mask::<_CMP_GE_OQ>(value, rest));
                passed[i] |= mask << (v * LANES);
                any |= mask;
            }
        }
        tile.passed = passed;
        if any == 0 {
            return false;
        }
        for (i, row) in sums.iter().enumerate() {
            for (v, &sum) in row.iter().enumerate() {
                _mm512_storeu_si512(tile.sums.as_mut_ptr().add(i * COLUMNS + v * LANES).cast(), sum);
            }
        }
        true
    }
}
