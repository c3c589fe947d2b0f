//! Kernels for the instruction sets of one machine, chosen at run time. The only unsafe code of this crate.
//!
//! Every kernel has a portable twin and computes the same integers, or the same f64 sums bit for bit.

mod avx2;
mod avx512;
pub(super) mod dot_tile;
pub(super) mod pair_tile;
mod portable;
mod quantise;
mod sums;

pub use quantise::{Quantised, extent, quantise};
pub use sums::{dot, squared_distance};

/// Rows of a tile: the height of a panel of left operands.
pub const ROWS: usize = 8;
/// Columns of a tile: the width of a panel of right operands.
pub const COLUMNS: usize = 48;
/// Consecutive values of one vector that lie together in a panel.
pub const QUAD: usize = 4;

/// What the acceptance test of a tile takes from its rows; see [`Kernel::tile`].
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
pub struct RowTerms {
    /// Factor of [`ColumnTerms::reach`].
    pub reach: [f32; ROWS],
    /// Factor of [`ColumnTerms::error`].
    pub error: [f32; ROWS],
    /// Factor of [`ColumnTerms::square`].
    pub square: [f32; ROWS],
    /// What the sum must reach.
    pub limit: [f32; ROWS],
}

/// What the acceptance test of a tile takes from its columns; see [`Kernel::tile`].
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct ColumnTerms {
    /// Start of the integer sums: takes back the offset of the unsigned left operand.
    pub start: [i32; COLUMNS],
    /// Scale of the integer sum.
    pub scale: [f32; COLUMNS],
    /// See [`RowTerms::reach`].
    pub reach: [f32; COLUMNS],
    /// See [`RowTerms::error`].
    pub error: [f32; COLUMNS],
    /// See [`RowTerms::square`].
    pub square: [f32; COLUMNS],
}

/// The integer sums of a tile and the pairs that passed its test.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub struct Tile {
    /// Inner products of the codes, row after row; meaningful only when a pair passed.
    pub sums: [i32; ROWS * COLUMNS],
    /// Bit `j` of entry `i`: the pair of row `i` and column `j` passed.
    pub passed: [u64; ROWS],
}

impl Tile {
    /// A tile to be overwritten.
    pub fn new() -> Self {
        Tile {
            sums: [0; ROWS * COLUMNS],
            passed: [0; ROWS],
        }
    }
}

impl Default for Tile {
    fn default() -> Self {
        Tile::new()
    }
}

impl Default for ColumnTerms {
    fn default() -> Self {
        ColumnTerms {
            start: [0; COLUMNS],
            scale: [0.0; COLUMNS],
            reach: [0.0; COLUMNS],
            error: [0.0; COLUMNS],
            square: [0.0; COLUMNS],
        }
    }
}

/// An implementation of the integer tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// AVX-512 VNNI: 16 sums of four products per instruction.
    Avx512,
    /// AVX2. Pairs of products saturate at 16 bits, hence smaller codes.
    Avx2,
    /// Plain Rust.
    Portable,
}

impl Kernel {
    /// Every kernel, the fastest first.
    pub const ALL: [Kernel; 3] = [Kernel::Avx512, Kernel::Avx2, Kernel::Portable];

    /// The fastest kernel of this machine.
    pub fn detect() -> Self {
        Self::ALL
            .into_iter()
            .find(|kernel| kernel.available())
            .unwrap_or(Kernel::Portable)
    }

    /// Whether this machine can run it.
    pub fn available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vnni")
            }
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(not(target_arch = "x86_64"))]
            Kernel::Avx512 | Kernel::Avx2 => false,
            Kernel::Portable => true,
        }
    }

    /// The largest absolute value of a code: left operands are codes plus [`Kernel::offset`], unsigned.
    pub fn max_code(self) -> i8 {
        match self {
            // 2 * (63 + 64) * 63 = 16,002 stays within i16.
            Kernel::Avx2 => 63,
            Kernel::Avx512 | Kernel::Portable => 127,
        }
    }

    /// The name as SQL shows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kernel::Avx512 => "avx512",
            Kernel::Avx2 => "avx2",
            Kernel::Portable => "portable",
        }
    }

    /// What makes a code unsigned.
    pub fn offset(self) -> u8 {
        self.max_code() as u8 + 1
    }

    /// Multiplies a panel of 8 rows (`[quads][8][4]`, codes plus offset) with a panel of 48 columns
    /// (`[quads][48][4]`, codes), and tests every pair with integer sum `g`:
    ///
    /// `g * scale_j + reach_i * reach_j + error_i * error_j - square_i * square_j >= limit_i`
    ///
    /// in single precision, in any association. Whether any pair passed.
    ///
    /// The sums cannot overflow up to 16,000 values: (2 * 255 + 128) * 127 * 16,000 < 2^31.
    ///
    /// # Panics
    /// When the panels do not hold equally many quads, or the machine cannot run this kernel.
    pub fn tile(
        self,
        left: &[u8],
        right: &[i8],
        rows: &RowTerms,
        columns: &ColumnTerms,
        tile: &mut Tile,
    ) -> bool {
        let quads = left.len() / (ROWS * QUAD);
        assert_eq!(left.len(), quads * ROWS * QUAD, "a left panel holds whole quads");
        assert_eq!(
            right.len(),
            quads * COLUMNS * QUAD,
            "panels hold equally many quads"
        );
        match self {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 => {
                assert!(self.available(), "this machine has no AVX-512 VNNI");
                // SAFETY: the features were just checked, and the panel lengths above.
                unsafe { avx512::tile(left.as_ptr(), right.as_ptr(), quads, rows, columns, tile) }
            }
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => {
                assert!(self.available(), "this machine has no AVX2");
                // SAFETY: the features were just checked, and the panel lengths above.
                unsafe { avx2::tile(left.as_ptr(), right.as_ptr(), quads, rows, columns, tile) }
            }
            _ => portable::tile(left, right, rows, columns, tile),
        }
    }
}

#[cfg(test)]
mod tests;
