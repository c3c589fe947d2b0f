//! A row becomes small integers.

/// The integers' scale, and what they lose.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quantised {
    /// A value is about `scale` times its integer.
    pub scale: f64,
    /// The sum of the integers.
    pub sum: i32,
    /// The sum of their squares.
    pub code_square: i32,
    /// The sum of the squares of what is lost: value - scale * integer.
    pub lost_square: f64,
}

/// Values handled at a time.
const LANES: usize = 8;

/// The largest absolute value and the sum of squares.
pub fn extent(values: &[f64]) -> (f64, f64) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the feature was just checked.
        return unsafe { extent_avx2(values) };
    }
    extent_inline(values)
}

/// Writes values of absolute value at most `largest > 0` as integers up to `max_code`.
///
/// # Panics
/// When there are fewer codes than values.
pub fn quantise(values: &[f64], largest: f64, max_code: i8, codes: &mut [i8]) -> Quantised {
    let codes = &mut codes[..values.len()];
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the feature was just checked.
        return unsafe { quantise_avx2(values, largest, max_code, codes) };
    }
    quantise_inline(values, largest, max_code, codes)
}

/// The same code, compiled for wider registers.
///
/// # Safety
/// Needs avx2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn extent_avx2(values: &[f64]) -> (f64, f64) {
    extent_inline(values)
}

/// See [`extent_avx2`].
///
/// # Safety
/// Needs avx2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn quantise_avx2(values: &[f64], largest: f64, max_code: i8, codes: &mut [i8]) -> Quantised {
    quantise_inline(values, largest, max_code, codes)
}

#[inline(always)]
fn extent_inline(values: &[f64]) -> (f64, f64) {
    let (mut largest, mut squares) = ([0.0_f64; LANES], [0.0; LANES]);
    let (groups, rest) = values.as_chunks::<LANES>();
    for group in groups {
        for k in 0..LANES {
            let size = group[k].abs();
            largest[k] = if size > largest[k] { size } else { largest[k] };
            squares[k] += group[k] * group[k];
        }
    }
    for value in rest {
        largest[0] = largest[0].max(value.abs());
        squares[0] += value * value;
    }
    (largest.into_iter().fold(0.0, f64::max), squares.iter().sum())
}

#[inline(always)]
fn quantise_inline(values: &[f64], largest: f64, max_code: i8, codes: &mut [i8]) -> Quantised {
    /// Added to a number below 2^31, it rounds it to an integer that its low bits hold.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    let scale = largest / f64::from(max_code);
    let inverse = 1.0 / scale;
    let (mut sums, mut squares, mut lost) = ([0_i32; LANES], [0_i32; LANES], [0.0; LANES]);
    let mut group_of = |values: &[f64], codes: &mut [i8], k: usize| {
        let rounded = values[k] * inverse + ROUND;
        let code = rounded.to_bits() as i32;
        let rest = values[k] - scale * (rounded - ROUND);
        lost[k] += rest * rest;
        // Nothing overflows up to 16,000 values; a check would keep this from being vectorised.
        sums[k] = sums[k].wrapping_add(code);
        squares[k] = squares[k].wrapping_add(code.wrapping_mul(code));
        codes[k] = code as i8;
    };
    let (groups, rest) = values.as_chunks::<LANES>();
    let (code_groups, code_rest) = codes.as_chunks_mut::<LANES>();
    for (values, codes) in groups.iter().zip(code_groups) {
        for k in 0..LANES {
            group_of(values, codes, k);
        }
    }
    for k in 0..rest.len() {
        group_of(rest, code_rest, k);
    }
    Quantised {
        scale,
        sum: sums.iter().sum(),
        code_square: squares.iter().sum(),
        lost_square: lost.iter().sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn codes_and_losses_make_up_the_values(
            values in prop::collection::vec(-1.0_f64..1.0, 1..100), exponent in -300..300, seven in any::<bool>(),
        ) {
            let unit = 2.0_f64.powi(exponent / 2);
            let values: Vec<f64> = values.iter().map(|value| value * unit).collect();
            let max_code = if seven { 63 } else { 127 };
            let (largest, square) = extent(&values);
            prop_assert_eq!(largest, values.iter().fold(0.0, |a: f64, b| a.max(b.abs())));
            prop_assert!((square / unit / unit - values.iter().map(|v| (v / unit).powi(2)).sum::<f64>()).abs() < 1e-9);
            prop_assume!(largest > 0.0);
            let mut codes = vec![99; values.len()];
            let quantised = quantise(&values, largest, max_code, &mut codes);
            let mut lost = 0.0;
            for (value, &code) in values.iter().zip(&codes) {
                prop_assert!(code.abs() <= max_code);
                let rest = value - quantised.scale * f64::from(code);
                prop_assert!(rest.abs() <= quantised.scale * 0.500_001);
                lost += (rest / unit) * (rest / unit);
            }
            prop_assert!((lost - quantised.lost_square / unit / unit).abs() <= lost * 1e-9 + 1e-25);
            prop_assert_eq!(quantised.sum, codes.iter().map(|&code| i32::from(code)).sum::<i32>());
            prop_assert_eq!(quantised.code_square, codes.iter().map(|&code| i32::from(code).pow(2)).sum::<i32>());
        }
    }
}
