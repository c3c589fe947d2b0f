//! Sums over two rows in f64, in one order of summation on every machine: eight interleaved partial sums, products
//! and sums rounded separately.

use crate::cluster::embeddings::Row;

/// The sum of products.
pub fn dot(x: Row<'_>, y: Row<'_>) -> f64 {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the feature was just checked.
        return unsafe { dot_avx2(x, y) };
    }
    dot_inline(x, y)
}

/// The sum of squared differences.
pub fn squared_distance(x: Row<'_>, y: Row<'_>) -> f64 {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the feature was just checked.
        return unsafe { squared_distance_avx2(x, y) };
    }
    squared_distance_inline(x, y)
}

/// The same code, compiled for wider registers. FMA is not enabled, so the bits are the same.
///
/// # Safety
/// Needs avx2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn dot_avx2(x: Row<'_>, y: Row<'_>) -> f64 {
    dot_inline(x, y)
}

/// See [`dot_avx2`].
///
/// # Safety
/// Needs avx2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn squared_distance_avx2(x: Row<'_>, y: Row<'_>) -> f64 {
    squared_distance_inline(x, y)
}

#[inline(always)]
fn dot_inline(x: Row<'_>, y: Row<'_>) -> f64 {
    widened(x, y, |x, y| x * y)
}

#[inline(always)]
fn squared_distance_inline(x: Row<'_>, y: Row<'_>) -> f64 {
    widened(x, y, |x, y| (x - y) * (x - y))
}

#[inline(always)]
fn widened(x: Row<'_>, y: Row<'_>, term: impl Fn(f64, f64) -> f64) -> f64 {
    match (x, y) {
        (Row::F32(x), Row::F32(y)) => interleaved(x, y, |x, y| term(f64::from(x), f64::from(y))),
        (Row::F64(x), Row::F64(y)) => interleaved(x, y, term),
        (Row::F32(x), Row::F64(y)) => interleaved(x, y, |x, y| term(f64::from(x), y)),
        (Row::F64(x), Row::F32(y)) => interleaved(x, y, |x, y| term(x, f64::from(y))),
    }
}

#[inline(always)]
fn interleaved<X: Copy, Y: Copy>(x: &[X], y: &[Y], term: impl Fn(X, Y) -> f64) -> f64 {
    let mut sums = [0.0; 8];
    let (x_groups, y_groups) = (x.chunks_exact(8), y.chunks_exact(8));
    let (x_rest, y_rest) = (x_groups.remainder(), y_groups.remainder());
    for (x, y) in x_groups.zip(y_groups) {
        for k in 0..8 {
            sums[k] += term(x[k], y[k]);
        }
    }
    for (sum, (&x, &y)) in sums.iter_mut().zip(x_rest.iter().zip(y_rest)) {
        *sum += term(x, y);
    }
    ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_machine_gives_the_same_bits(
            pairs in prop::collection::vec((-1e3_f64..1e3, -1e3_f64..1e3), 1..100)
        ) {
            let (x, y): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
            let (x, y) = (Row::F64(&x), Row::F64(&y));
            prop_assert_eq!(dot(x, y).to_bits(), dot_inline(x, y).to_bits());
            prop_assert_eq!(squared_distance(x, y).to_bits(), squared_distance_inline(x, y).to_bits());
            let plain: f64 = pairs.iter().map(|(x, y)| x * y).sum();
            prop_assert!((dot(x, y) - plain).abs() < 1e-6);
            let plain: f64 = pairs.iter().map(|(x, y)| (x - y).powi(2)).sum();
            prop_assert!((squared_distance(x, y) - plain).abs() < 1e-6);
        }
    }
}
