//! Dot products of pairs of rows in single precision, many pairs at a time.
//!
//! As in [`super::pair_tile`], lanes are different pairs, so the order of summation is one and the same for every
//! instruction set: runs of [`DEPTH`] fused multiply-adds in f32, the runs added up in f64. Without hardware for
//! fused operations the same bits come from software, slowly.

/// How many rows one panel interleaves: value k of row r of a panel is element `k * PANEL + r`.
pub(in super::super) const PANEL: usize = 32;

/// The dot products of the pairs (row of panel `a`, row of panel `b`), the row of `a` first.
pub(in super::super) type Tile = [[f64; PANEL]; PANEL];

/// How many products are added up in f32. Short runs keep the error near 1e-7 of |u||v| at any length, and the
/// parts of two panels (2 x 16 KiB) in the first-level cache.
const DEPTH: usize = 128;

/// Fills `tile` with the dot products of two panels of rows of equal length.
pub(in super::super) fn dot_tile(a: &[f32], b: &[f32], tile: &mut Tile) {
    debug_assert_eq!(a.len(), b.len(), "rows of one length");
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor has AVX-512F.
            return unsafe { avx512(a, b, tile) };
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the processor has AVX2 and FMA.
            return unsafe { avx2(a, b, tile) };
        }
    }
    portable(a, b, tile);
}

/// 8 x 32 accumulators, two registers to a row.
///
/// SAFETY: needs AVX-512F.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn avx512(a: &[f32], b: &[f32], tile: &mut Tile) {
    use std::arch::x86_64::{
        _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_storeu_ps,
    };
    over_blocks::<8, 32>(a, b, tile, |a, b, [row, column], run| {
        let mut sums = [[_mm512_setzero_ps(); 2]; 8];
        for (a, b) in a.chunks_exact(PANEL).zip(b.chunks_exact(PANEL)) {
            let (a, b) = (&a[row..row + 8], &b[column..column + 32]);
            // SAFETY: `b` holds 32 values.
            let right = unsafe { [_mm512_loadu_ps(b.as_ptr()), _mm512_loadu_ps(b.as_ptr().add(16))] };
            for (sums, &left) in sums.iter_mut().zip(a) {
                let left = _mm512_set1_ps(left);
                *sums = [
                    _mm512_fmadd_ps(left, right[0], sums[0]),
                    _mm512_fmadd_ps(left, right[1], sums[1]),
                ];
            }
        }
        for (row, sums) in run.iter_mut().zip(sums) {
            // SAFETY: `row` holds 32 values.
            unsafe {
                _mm512_storeu_ps(row.as_mut_ptr(), sums[0]);
                _mm512_storeu_ps(row.as_mut_ptr().add(16), sums[1]);
            }
        }
    });
}

/// 4 x 16 accumulators, two registers to a row.
///
/// SAFETY: needs AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn avx2(a: &[f32], b: &[f32], tile: &mut Tile) {
    use std::arch::x86_64::{
        _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_setzero_ps, _mm256_storeu_ps,
    };
    over_blocks::<4, 16>(a, b, tile, |a, b, [row, column], run| {
        let mut sums = [[_mm256_setzero_ps(); 2]; 4];
        for (a, b) in a.chunks_exact(PANEL).zip(b.chunks_exact(PANEL)) {
            let (a, b) = (&a[row..row + 4], &b[column..column + 16]);
            // SAFETY: `b` holds 16 values.
            let right = unsafe { [_mm256_loadu_ps(b.as_ptr()), _mm256_loadu_ps(b.as_ptr().add(8))] };
            for (sums, &left) in sums.iter_mut().zip(a) {
                let left = _mm256_set1_ps(left);
                *sums = [
                    _mm256_fmadd_ps(left, right[0], sums[0]),
                    _mm256_fmadd_ps(left, right[1], sums[1]),
                ];
            }
        }
        for (row, sums) in run.iter_mut().zip(sums) {
            // SAFETY: `row` holds 16 values.
            unsafe {
                _mm256_storeu_ps(row.as_mut_ptr(), sums[0]);
                _mm256_storeu_ps(row.as_mut_ptr().add(8), sums[1]);
            }
        }
    });
}

fn portable(a: &[f32], b: &[f32], tile: &mut Tile) {
    over_blocks::<4, 8>(a, b, tile, |a, b, [row, column], run| {
        run.as_flattened_mut().fill(0.0);
        for (a, b) in a.chunks_exact(PANEL).zip(b.chunks_exact(PANEL)) {
            for (row, &left) in run.iter_mut().zip(&a[row..]) {
                for (sum, &right) in row.iter_mut().zip(&b[column..]) {
                    *sum = left.mul_add(right, *sum);
                }
            }
        }
    });
}

/// Calls `run` for every `ROWS` x `COLUMNS` block of the tile and every run of values, and adds up what it gives.
///
/// `run(a, b, [row, column], block)` overwrites `block` with the sums of the rows from `row` and `column` on.
#[inline(always)]
fn over_blocks<const ROWS: usize, const COLUMNS: usize>(
    a: &[f32],
    b: &[f32],
    tile: &mut Tile,
    run: impl Fn(&[f32], &[f32], [usize; 2], &mut [[f32; COLUMNS]; ROWS]),
) {
    tile.as_flattened_mut().fill(0.0);
    let mut block = [[0.0; COLUMNS]; ROWS];
    for (a, b) in a.chunks(DEPTH * PANEL).zip(b.chunks(DEPTH * PANEL)) {
        for row in (0..PANEL).step_by(ROWS) {
            for column in (0..PANEL).step_by(COLUMNS) {
                run(a, b, [row, column], &mut block);
                for (run, sums) in block.iter().zip(&mut tile[row..row + ROWS]) {
                    for (&run, sum) in run.iter().zip(&mut sums[column..column + COLUMNS]) {
                        *sum += f64::from(run);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(u: &[f32], v: &[f32]) -> f64 {
        let run = |(u, v): (&[f32], &[f32])| {
            f64::from(u.iter().zip(v).fold(0.0_f32, |sum, (u, v)| u.mul_add(*v, sum)))
        };
        u.chunks(DEPTH)
            .zip(v.chunks(DEPTH))
            .map(run)
            .fold(0.0, |sum, run| sum + run)
    }

    fn panel(values: &[f32], dims: usize) -> (Vec<Vec<f32>>, Vec<f32>) {
        let rows: Vec<Vec<f32>> = (0..PANEL)
            .map(|r| {
                values
                    .iter()
                    .cycle()
                    .skip(r * 31)
                    .step_by(r + 1)
                    .take(dims)
                    .copied()
                    .collect()
            })
            .collect();
        let panel = (0..dims)
            .flat_map(|k| rows.iter().map(move |row| row[k]))
            .collect();
        (rows, panel)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn every_path_gives_the_bits_of_the_plain_loop(
            dims in 1_usize..400,
            values in prop::collection::vec(-1e3..1e3_f32, 97),
        ) {
            let (rows_a, a) = panel(&values, dims);
            let (rows_b, b) = panel(&values[13..], dims);
            let mut paths: Vec<(&str, Tile)> = Vec::new();
            let mut tile = [[f64::NAN; PANEL]; PANEL];
            dot_tile(&a, &b, &mut tile);
            paths.push(("detected", tile));
            portable(&a, &b, &mut tile);
            paths.push(("portable", tile));
            #[cfg(target_arch = "x86_64")]
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                // SAFETY: the processor has AVX2 and FMA.
                unsafe { avx2(&a, &b, &mut tile) };
                paths.push(("avx2", tile));
            }
            for (path, tile) in paths {
                for r in 0..PANEL {
                    for c in 0..PANEL {
                        let expected = plain(&rows_a[r], &rows_b[c]);
                        prop_assert_eq!(tile[r][c].to_bits(), expected.to_bits(), "{} {} {}", path, r, c);
                    }
                }
            }
        }
    }
}
