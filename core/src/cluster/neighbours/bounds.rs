//! What integers say about a pair of rows, for certain.
//!
//! A row x (cosine: divided by its norm; euclidean: centred and scaled) is written as s*q + r with integers q, so
//! that for two rows, by Cauchy and Schwarz,
//!
//! |<x,y> - s_x s_y <q_x,q_y>|  <=  |r_x| |s_y q_y| + |s_x q_x| |r_y| + |r_x| |r_y|
//!
//! where <q_x,q_y> is exact. Of the first dimensions alone (the head), with the others' integers t (the tail),
//!
//! <q_x,q_y>  <=  <head_x,head_y> + |t_x| |t_y|  <=  <head_x,head_y> + (|t_x|^2 + |t_y|^2) / 2

use crate::cluster::Metric;
use crate::cluster::simd::{ColumnTerms, Quantised, RowTerms};

/// Slack for the rounding of f32 in the kernels and of f64 anywhere, as a share of the lengths involved: a kernel
/// rounds some ten times, each at most 2^-24 of a value no larger than the product of the lengths.
pub const SLACK: f64 = 2e-6;
/// Slack for rows too short for [`SLACK`] to matter in f32. Scaled rows have lengths up to 1.
pub const LEAST: f64 = 1e-30;
/// Rows shorter than this are not written as integers: their scale would leave the range of f32.
const SHORTEST: f64 = 1e-12;
/// Rounds the few operations of a bound up.
const UP: f64 = 1.0 + 1e-9;

/// What is known of a row beside its integers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bounds {
    /// s.
    scale: f64,
    /// |r|, rounded up.
    error: f64,
    /// |s q|, rounded up.
    length: f64,
    /// |x|^2.
    square: f64,
}

impl Bounds {
    /// Whether a row of this squared length is written as integers at all.
    pub fn has_codes(square: f64) -> bool {
        square.sqrt() >= SHORTEST
    }

    /// The bounds of a row without integers.
    pub fn without_codes(square: f64) -> Self {
        Bounds {
            scale: 1.0,
            error: square.sqrt() * UP,
            length: 0.0,
            square,
        }
    }

    /// The bounds of a row with these integers.
    pub fn new(square: f64, written: &Quantised) -> Self {
        let mut bounds = Bounds {
            scale: written.scale,
            error: written.lost_square.sqrt() * UP,
            length: 0.0,
            square,
        };
        bounds.length = bounds.length_of(written.code_square);
        bounds
    }

    /// The length of a part of the row whose integers have this sum of squares, rounded up.
    pub fn length_of(&self, code_square: i32) -> f64 {
        self.scale * f64::from(code_square).sqrt() * UP
    }

    /// At least |x|.
    fn reach(&self) -> f64 {
        self.length + self.error
    }
}

/// How a pair stands to the radius.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// Certainly within.
    Near,
    /// Certainly beyond.
    Far,
    /// Too close to call: the larger the estimate, the likelier within.
    Open(f32),
}

/// The test whether two rows may be within a radius.
#[derive(Clone, Copy, Debug)]
pub struct RadiusTest {
    /// What the rows were placed for.
    pub metric: Metric,
    /// Cosine: the radius. Euclidean: the square of the scaled radius.
    pub radius: f64,
}

impl RadiusTest {
    /// Writes what [`crate::cluster::simd::Kernel::tile`] takes from row `x` at `i`. The products left out of the
    /// sum have integers of length `tail`.
    pub fn put_row(&self, x: &Bounds, tail: f64, terms: &mut RowTerms, i: usize) {
        let (square, limit) = match self.metric {
            Metric::Cosine => (-tail, 1.0 - self.radius - SLACK),
            Metric::Euclidean => {
                let square = (1.0 - SLACK) * x.square - tail * tail;
                (0.5, 0.5 * (square - (1.0 + SLACK) * self.radius) - LEAST)
            }
        };
        terms.reach[i] = ((x.error + SLACK * x.reach()) / x.scale) as f32;
        terms.error[i] = (x.length / x.scale) as f32;
        terms.square[i] = (square / x.scale) as f32;
        terms.limit[i] = (limit / x.scale) as f32;
    }

    /// Writes what the kernel takes from row `y` at column `j`, but for the start of the sum.
    pub fn put_column(&self, y: &Bounds, tail: f64, terms: &mut ColumnTerms, j: usize) {
        let square = match self.metric {
            Metric::Cosine => tail,
            Metric::Euclidean => (1.0 - SLACK) * y.square - tail * tail,
        };
        terms.scale[j] = y.scale as f32;
        terms.reach[j] = y.reach() as f32;
        terms.error[j] = y.error as f32;
        terms.square[j] = square as f32;
    }

    /// Judges two rows by the inner product `sum` of all their integers.
    pub fn judge(&self, x: &Bounds, y: &Bounds, sum: i32) -> Verdict {
        let product = f64::from(sum) * x.scale * y.scale;
        let band = (x.error + SLACK * x.reach()) * y.reach() + x.length * y.error;
        let (far, near) = match self.metric {
            Metric::Cosine => (1.0 - self.radius - SLACK, 1.0 - self.radius + SLACK),
            Metric::Euclidean => {
                let squares = x.square + y.square;
                let far = (1.0 - SLACK) * squares - (1.0 + SLACK) * self.radius;
                let near = (1.0 + SLACK) * squares - (1.0 - SLACK) * self.radius;
                (0.5 * far - LEAST, 0.5 * near + LEAST)
            }
        };
        if product - band >= near {
            Verdict::Near
        } else if product + band >= far {
            Verdict::Open((product - near) as f32)
        } else {
            Verdict::Far
        }
    }
}
