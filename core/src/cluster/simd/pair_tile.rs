//! Sums over the values of pairs of rows, in SciPy's order of summation, many pairs at a time.
//!
//! SciPy adds up a dot product in two partial sums, of the even and of the odd values, and a squared
//! euclidean distance in one. Vector lanes here are *different pairs*, never different values of one pair, and
//! multiplication and addition stay apart (Rust never fuses them), so every instruction set gives the bits of
//! the plain loop. The code is ordinary Rust; `target_feature` only lets the compiler use wider registers.

use super::super::pairs::Sum;

/// How many rows one panel interleaves: value k of row r of a panel is element `k * PANEL + r`.
pub(in super::super) const PANEL: usize = 16;

/// The sums of the pairs (row of panel `a`, row of panel `b`), the row of `a` first.
pub(in super::super) type Tile = [[f64; PANEL]; PANEL];

/// How many values are summed before the next rows of a panel are taken: two panels' parts (2 x 16 KiB) stay in
/// the first-level cache.
const DEPTH: usize = 128;

/// The 16 x 16 sums of two panels of rows of equal length.
///
/// A [`Sum::Dot`] of rows of odd length takes the last value after the two partial sums are joined.
pub(in super::super) fn pair_tile(sum: Sum, a: &[f64], b: &[f64]) -> Tile {
    debug_assert_eq!(a.len(), b.len(), "rows of one length");
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor has AVX-512F.
            return unsafe { avx512(sum, a, b) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2.
            return unsafe { avx2(sum, a, b) };
        }
    }
    portable(sum, a, b)
}

/// SAFETY: needs AVX-512F.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn avx512(sum: Sum, a: &[f64], b: &[f64]) -> Tile {
    both::<4, 16>(sum, a, b)
}

/// SAFETY: needs AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn avx2(sum: Sum, a: &[f64], b: &[f64]) -> Tile {
    both::<2, 8>(sum, a, b)
}

fn portable(sum: Sum, a: &[f64], b: &[f64]) -> Tile {
    both::<2, 4>(sum, a, b)
}

#[inline(always)]
fn both<const ROWS: usize, const COLUMNS: usize>(sum: Sum, a: &[f64], b: &[f64]) -> Tile {
    match sum {
        Sum::Dot => dot::<ROWS, COLUMNS>(a, b),
        Sum::SquaredDifference => squared_difference::<ROWS, COLUMNS>(a, b),
    }
}

/// `ROWS` x `COLUMNS` accumulators of each partial sum live in registers.
#[inline(always)]
fn dot<const ROWS: usize, const COLUMNS: usize>(a: &[f64], b: &[f64]) -> Tile {
    let (mut even, mut odd) = ([[0.0; PANEL]; PANEL], [[0.0; PANEL]; PANEL]);
    let paired = a.len() / (2 * PANEL) * (2 * PANEL);
    let (a, last_a) = a.split_at(paired);
    let (b, last_b) = b.split_at(paired);
    for (a, b) in a.chunks(DEPTH * PANEL).zip(b.chunks(DEPTH * PANEL)) {
        for row in (0..PANEL).step_by(ROWS) {
            for column in (0..PANEL).step_by(COLUMNS) {
                let mut e = load::<ROWS, COLUMNS>(&even, row, column);
                let mut o = load::<ROWS, COLUMNS>(&odd, row, column);
                for (a, b) in a.chunks_exact(2 * PANEL).zip(b.chunks_exact(2 * PANEL)) {
                    let (a, b) = (&a[row..row + PANEL + ROWS], &b[column..column + PANEL + COLUMNS]);
                    for r in 0..ROWS {
                        for c in 0..COLUMNS {
                            e[r][c] += a[r] * b[c];
                        }
                    }
                    for r in 0..ROWS {
                        for c in 0..COLUMNS {
                            o[r][c] += a[PANEL + r] * b[PANEL + c];
                        }
                    }
                }
                store(&e, &mut even, row, column);
                store(&o, &mut odd, row, column);
            }
        }
    }
    for r in 0..PANEL {
        for c in 0..PANEL {
            even[r][c] += odd[r][c];
            if !last_a.is_empty() {
                even[r][c] += last_a[r] * last_b[c];
            }
        }
    }
    even
}

#[inline(always)]
fn squared_difference<const ROWS: usize, const COLUMNS: usize>(a: &[f64], b: &[f64]) -> Tile {
    let mut sums = [[0.0; PANEL]; PANEL];
    for (a, b) in a.chunks(DEPTH * PANEL).zip(b.chunks(DEPTH * PANEL)) {
        for row in (0..PANEL).step_by(ROWS) {
            for column in (0..PANEL).step_by(COLUMNS) {
                let mut s = load::<ROWS, COLUMNS>(&sums, row, column);
                for (a, b) in a.chunks_exact(PANEL).zip(b.chunks_exact(PANEL)) {
                    let (a, b) = (&a[row..row + ROWS], &b[column..column + COLUMNS]);
                    for r in 0..ROWS {
                        for c in 0..COLUMNS {
                            let difference = a[r] - b[c];
                            s[r][c] += difference * difference;
                        }
                    }
                }
                store(&s, &mut sums, row, column);
            }
        }
    }
    sums
}

#[inline(always)]
fn load<const ROWS: usize, const COLUMNS: usize>(
    tile: &Tile,
    row: usize,
    column: usize,
) -> [[f64; COLUMNS]; ROWS] {
    let mut part = [[0.0; COLUMNS]; ROWS];
    for (to, from) in part.iter_mut().zip(&tile[row..row + ROWS]) {
        to.copy_from_slice(&from[column..column + COLUMNS]);
    }
    part
}

#[inline(always)]
fn store<const ROWS: usize, const COLUMNS: usize>(
    part: &[[f64; COLUMNS]; ROWS],
    tile: &mut Tile,
    row: usize,
    column: usize,
) {
    for (from, to) in part.iter().zip(&mut tile[row..row + ROWS]) {
        to[column..column + COLUMNS].copy_from_slice(from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain_dot(u: &[f64], v: &[f64]) -> f64 {
        let paired = u.len() - u.len() % 2;
        let (mut even, mut odd) = (0.0, 0.0);
        for k in (0..paired).step_by(2) {
            even += u[k] * v[k];
            odd += u[k + 1] * v[k + 1];
        }
        let mut sum = even + odd;
        if paired < u.len() {
            sum += u[paired] * v[paired];
        }
        sum
    }

    fn plain_squared_difference(u: &[f64], v: &[f64]) -> f64 {
        let mut sum = 0.0;
        for (u, v) in u.iter().zip(v) {
            let difference = u - v;
            sum += difference * difference;
        }
        sum
    }

    fn panel(values: &[f64], dims: usize) -> (Vec<Vec<f64>>, Vec<f64>) {
        let rows: Vec<Vec<f64>> = (0..PANEL)
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
        #[test]
        fn every_path_gives_the_bits_of_the_plain_loop(
            dims in 1_usize..400,
            values in prop::collection::vec(-1e3..1e3_f64, 97),
        ) {
            let (rows_a, a) = panel(&values, dims);
            let (rows_b, b) = panel(&values[13..], dims);
            for (sum, plain) in [
                (Sum::Dot, plain_dot as fn(&[f64], &[f64]) -> f64),
                (Sum::SquaredDifference, plain_squared_difference),
            ] {
                let mut paths = vec![("detected", pair_tile(sum, &a, &b)), ("portable", portable(sum, &a, &b))];
                #[cfg(target_arch = "x86_64")]
                if is_x86_feature_detected!("avx2") {
                    // SAFETY: the processor has AVX2.
                    paths.push(("avx2", unsafe { avx2(sum, &a, &b) }));
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
}
