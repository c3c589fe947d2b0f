//! The sets of golden/make_linkage.py, value for value.

use ndarray::Array2;
use reviewpro_core::cluster::Embeddings;
use reviewpro_core::{Result, Task};

/// SplitMix64's output number `index` for `seed`.
fn mix(seed: u64, index: u64) -> u64 {
    let mut z = seed.wrapping_add(index.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn uniform(seed: u64, index: u64) -> f64 {
    (mix(seed, index) >> 11) as f64 * 2.0_f64.powi(-53)
}

/// `n` rows of `d` values: "blobs", "duplicates" (a third of the rows copies an earlier one) or "grid" (0, 1, 2).
pub fn matrix(kind: &str, seed: u64, n: usize, d: usize) -> Array2<f64> {
    let centres = 1 + n / 6;
    let noise = [0.05, 0.5, 1.0][(seed % 3) as usize];
    let mut x = Array2::from_shape_fn((n, d), |(i, k)| {
        let index = (i * d + k) as u64;
        match kind {
            "grid" => (mix(seed, index) % 3) as f64,
            _ => {
                let centre = uniform(seed + 1, (i % centres * d + k) as u64) - 0.5;
                centre + noise * (uniform(seed, index) - 0.5)
            }
        }
    });
    if kind == "duplicates" {
        for i in (2..n).step_by(3) {
            let from = x.row((mix(seed + 2, i as u64) % i as u64) as usize).to_owned();
            x.row_mut(i).assign(&from);
        }
    }
    for mut row in x.rows_mut() {
        if row.iter().all(|&value| value == 0.0) {
            row[0] = 1.0;
        }
    }
    x
}

/// The same in both widths: `single` asks for the narrow one.
pub struct Set {
    wide: Array2<f64>,
    narrow: Option<Array2<f32>>,
}

impl Set {
    /// The set of one line of a golden file.
    pub fn new(kind: &str, seed: u64, n: usize, d: usize, single: bool) -> Self {
        let wide = matrix(kind, seed, n, d);
        Set {
            narrow: single.then(|| wide.mapv(|value| value as f32)),
            wide,
        }
    }

    /// What the algorithms take.
    pub fn embeddings(&self, task: &Task<'_>) -> Result<Embeddings<'_>> {
        match &self.narrow {
            Some(narrow) => Embeddings::from_f32(narrow.view(), task),
            None => Embeddings::from_f64(self.wide.view(), task),
        }
    }
}
