use super::*;
use proptest::prelude::*;

fn random_codes(seed: u64, count: usize, max_code: i8, extreme: bool) -> Vec<i8> {
    let mut state = seed;
    let range = 2 * i64::from(max_code) + 1;
    (0..count)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let drawn = (state >> 33) as i64;
            if extreme {
                [max_code, -max_code][drawn as usize % 2]
            } else {
                (drawn % range - i64::from(max_code)) as i8
            }
        })
        .collect()
}

/// Codes `[vector][k]` as a panel `[k / 4][vector][4]`.
fn panel(codes: &[i8], width: usize) -> Vec<i8> {
    let dims = codes.len() / width;
    (0..codes.len())
        .map(|at| {
            let (quad, vector, k) = (at / (width * QUAD), at / QUAD % width, at % QUAD);
            codes[vector * dims + quad * QUAD + k]
        })
        .collect()
}

fn available() -> impl Iterator<Item = Kernel> {
    Kernel::ALL.into_iter().filter(|kernel| kernel.available())
}

proptest! {
    #[test]
    fn every_kernel_finds_the_inner_products(quads in 0_usize..70, seed in any::<u64>(), extreme in any::<bool>()) {
        for kernel in available() {
            let dims = quads * QUAD;
            let rows = random_codes(seed, ROWS * dims, kernel.max_code(), extreme);
            let columns = random_codes(!seed, COLUMNS * dims, kernel.max_code(), extreme);
            let plain = |i: usize, j: usize| -> i32 {
                (0..dims).map(|k| i32::from(rows[i * dims + k]) * i32::from(columns[j * dims + k])).sum()
            };
            let left: Vec<u8> =
                panel(&rows, ROWS).iter().map(|&code| (code as u8).wrapping_add(kernel.offset())).collect();
            let mut column_terms = ColumnTerms {
                start: [0; COLUMNS],
                scale: [0.0; COLUMNS],
                reach: [0.0; COLUMNS],
                error: [0.0; COLUMNS],
                square: [0.0; COLUMNS],
            };
            for j in 0..COLUMNS {
                let sum: i32 = columns[j * dims..(j + 1) * dims].iter().map(|&code| i32::from(code)).sum();
                column_terms.start[j] = -i32::from(kernel.offset()) * sum;
                // Small integers: the test is exact in f32.
                column_terms.scale[j] = (j % 3) as f32;
                column_terms.reach[j] = (j % 5) as f32;
                column_terms.error[j] = (j % 7) as f32;
                column_terms.square[j] = (j % 2) as f32;
            }
            let row_terms = RowTerms {
                reach: std::array::from_fn(|i| i as f32),
                error: std::array::from_fn(|i| (i * i) as f32),
                square: std::array::from_fn(|i| 9.0 - i as f32),
                limit: std::array::from_fn(|i| if i == 7 { f32::INFINITY } else { i as f32 - 3.0 }),
            };
            let mut tile = Tile::new();
            let any = kernel.tile(&left, &panel(&columns, COLUMNS), &row_terms, &column_terms, &mut tile);
            prop_assert_eq!(any, tile.passed.iter().any(|&passed| passed != 0));
            for (i, j) in (0..ROWS).flat_map(|i| (0..COLUMNS).map(move |j| (i, j))) {
                let sum = plain(i, j);
                if any {
                    prop_assert_eq!(tile.sums[i * COLUMNS + j], sum);
                }
                let value = sum as f32 * column_terms.scale[j] + row_terms.reach[i] * column_terms.reach[j]
                    + row_terms.error[i] * column_terms.error[j] - row_terms.square[i] * column_terms.square[j];
                // Beyond 2^24 f32 rounds.
                if sum.abs() < 1 << 20 {
                    prop_assert_eq!(tile.passed[i] >> j & 1 == 1, value >= row_terms.limit[i], "{:?}", kernel);
                }
            }
        }
    }
}

#[test]
fn sums_of_16_000_extreme_codes_do_not_overflow() {
    let dims = 16_000;
    for kernel in available() {
        for sign in [1, -1] {
            let code = kernel.max_code();
            let left = vec![code as u8 + kernel.offset(); ROWS * dims];
            let right = vec![code * sign; COLUMNS * dims];
            let start = -i32::from(kernel.offset()) * i32::from(code * sign) * dims as i32;
            let columns = ColumnTerms {
                start: [start; COLUMNS],
                scale: [1.0; COLUMNS],
                reach: [0.0; COLUMNS],
                error: [0.0; COLUMNS],
                square: [0.0; COLUMNS],
            };
            let rows = RowTerms {
                reach: [0.0; ROWS],
                error: [0.0; ROWS],
                square: [0.0; ROWS],
                limit: [f32::NEG_INFINITY; ROWS],
            };
            let mut tile = Tile::new();
            assert!(kernel.tile(&left, &right, &rows, &columns, &mut tile));
            let expected = i32::from(code) * i32::from(code * sign) * dims as i32;
            assert!(tile.sums.iter().all(|&sum| sum == expected), "{kernel:?}");
            assert_eq!(tile.passed, [(1 << COLUMNS) - 1; ROWS]);
        }
    }
}
