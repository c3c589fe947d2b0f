//! Rows as small integers, with a bound of what that loses.
//!
//! A row x (cosine: divided by its norm; euclidean: centred and scaled) is written as s*q + r with integers q, so
//! that for two rows, by Cauchy and Schwarz,
//!
//! |<x,y> - s_x s_y <q_x,q_y>|  <=  |r_x| |s_y q_y| + |s_x q_x| |r_y| + |r_x| |r_y|
//!
//! where <q_x,q_y> is exact. What lies beyond the bound is decided by integers alone.

use crate::cluster::parallel::{Queue, on_threads};
use crate::cluster::simd::{COLUMNS, ColumnTerms, Kernel, QUAD, ROWS, RowTerms, dot, extent, quantise};
use crate::cluster::{Embeddings, Metric};
use crate::task::{try_filled, try_vec};
use crate::{Result, Task};

/// Slack for the rounding of f32 in the kernels and of f64 anywhere, as a share of the lengths involved: a kernel
/// rounds six times (each at most 2^-24 of a value no larger than the product of the lengths).
const SLACK: f64 = 2e-6;
/// Rows shorter than this share of the largest are not written as integers: their scale would leave the range of f32.
const SHORTEST: f64 = 1e-12;
/// Slack for rows too short for [`SLACK`] to matter in f32. Scaled rows have lengths up to 1.
const LEAST: f64 = 1e-30;

/// What is known of a row beside its integers.
#[derive(Clone, Copy, Debug, Default)]
struct Bounds {
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
    /// At least |x|.
    fn reach(&self) -> f64 {
        self.length + self.error
    }
}

/// The rows of a matrix in a given order as integers, in panels of [`COLUMNS`] rows.
pub struct Codes {
    kernel: Kernel,
    metric: Metric,
    /// Cosine: the radius. Euclidean: the square of the scaled radius.
    radius: f64,
    quads: usize,
    panels: Vec<i8>,
    columns: Vec<ColumnTerms>,
    bounds: Vec<Bounds>,
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

impl Codes {
    /// Bytes held for `rows` x `dims`.
    pub fn bytes(rows: usize, dims: usize) -> Option<usize> {
        let panels = rows.div_ceil(COLUMNS);
        let codes = (COLUMNS * QUAD).checked_mul(dims.div_ceil(QUAD))?;
        let terms = size_of::<ColumnTerms>() + COLUMNS * size_of::<Bounds>();
        panels.checked_mul(codes.checked_add(terms)?)
    }

    /// Writes the rows `order[0], order[1], ...` as integers.
    ///
    /// # Errors
    /// [`crate::ErrorKind::OutOfMemory`], [`crate::ErrorKind::Cancelled`].
    pub fn new(
        embeddings: &Embeddings<'_>,
        frame: &Frame,
        order: &[u32],
        kernel: Kernel,
        task: &Task<'_>,
    ) -> Result<Self> {
        let count = order.len().div_ceil(COLUMNS);
        let quads = embeddings.dims().div_ceil(QUAD);
        let size = quads * QUAD * COLUMNS;
        let none = ColumnTerms {
            start: [0; COLUMNS],
            scale: [0.0; COLUMNS],
            reach: [0.0; COLUMNS],
            error: [0.0; COLUMNS],
            square: [0.0; COLUMNS],
        };
        let mut codes = Codes {
            kernel,
            metric: frame.metric,
            radius: frame.radius,
            quads,
            panels: try_filled(count * size, 0)?,
            columns: try_filled(count, none)?,
            bounds: try_filled(order.len(), Bounds::default())?,
        };
        let panels = codes.panels.chunks_exact_mut(size.max(1)).zip(&mut codes.columns);
        let queue = Queue::new(
            panels
                .zip(codes.bounds.chunks_mut(COLUMNS))
                .zip(order.chunks(COLUMNS)),
        );
        let mut scratch = try_vec(task.threads)?;
        for _ in 0..task.threads {
            scratch.push((try_filled(embeddings.dims(), 0.0)?, try_filled(quads * QUAD, 0)?));
        }
        let scratch = Queue::new(scratch);
        on_threads(task.threads, || {
            let Some((mut values, mut row_codes)) = scratch.next() else {
                return;
            };
            while let Some((((panel, terms), bounds), order)) = queue.next() {
                for (j, (bounds, &row)) in bounds.iter_mut().zip(order).enumerate() {
                    if task.stopped() {
                        return;
                    }
                    embeddings.copy_row(row as usize, &mut values);
                    frame.place(embeddings, row as usize, &mut values);
                    let sum;
                    (*bounds, sum) = write(&values, kernel.max_code(), &mut row_codes);
                    let places = panel
                        .as_chunks_mut::<QUAD>()
                        .0
                        .iter_mut()
                        .skip(j)
                        .step_by(COLUMNS);
                    for (place, quad) in places.zip(row_codes.as_chunks::<QUAD>().0) {
                        *place = *quad;
                    }
                    terms.start[j] = -i32::from(kernel.offset()) * sum;
                    terms.scale[j] = bounds.scale as f32;
                    terms.reach[j] = bounds.reach() as f32;
                    terms.error[j] = bounds.error as f32;
                    terms.square[j] = bounds.square as f32;
                }
            }
        });
        task.check()?;
        Ok(codes)
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.bounds.len()
    }

    /// The number of panels.
    pub fn panels(&self) -> usize {
        self.columns.len()
    }

    /// Bytes of a row.
    pub fn row_bytes(&self) -> usize {
        self.quads * QUAD
    }

    /// Panel `p` as right operands, and what the test takes from it.
    pub fn right(&self, p: usize) -> (&[i8], &ColumnTerms) {
        let size = self.quads * QUAD * COLUMNS;
        (&self.panels[p * size..][..size], &self.columns[p])
    }

    /// Appends panel `p` as panels of [`ROWS`] left operands, and what the test takes from each.
    pub fn append_left(&self, p: usize, left: &mut Vec<u8>, terms: &mut Vec<RowTerms>) {
        let offset = self.kernel.offset();
        let (panel, _) = self.right(p);
        for part in 0..COLUMNS / ROWS {
            for quad in panel.chunks_exact(COLUMNS * QUAD) {
                let rows = &quad[part * ROWS * QUAD..][..ROWS * QUAD];
                left.extend(rows.iter().map(|&code| (code as u8).wrapping_add(offset)));
            }
            terms.push(self.row_terms(p * COLUMNS + part * ROWS));
        }
    }

    fn row_terms(&self, first: usize) -> RowTerms {
        // Rows that do not exist reach no limit.
        let mut terms = RowTerms {
            reach: [0.0; ROWS],
            error: [0.0; ROWS],
            square: [0.0; ROWS],
            limit: [f32::INFINITY; ROWS],
        };
        for (i, row) in self.bounds.iter().skip(first).take(ROWS).enumerate() {
            terms.reach[i] = ((row.error + SLACK * row.reach()) / row.scale) as f32;
            terms.error[i] = (row.length / row.scale) as f32;
            let limit = match self.metric {
                Metric::Cosine => 1.0 - self.radius - SLACK,
                Metric::Euclidean => {
                    terms.square[i] = ((1.0 - SLACK) * 0.5 / row.scale) as f32;
                    0.5 * ((1.0 - SLACK) * row.square - (1.0 + SLACK) * self.radius) - LEAST
                }
            };
            terms.limit[i] = (limit / row.scale) as f32;
        }
        terms
    }

    /// Judges the rows at places `i` and `j` by the inner product `sum` of their integers.
    pub fn judge(&self, i: usize, j: usize, sum: i32) -> Verdict {
        let (x, y) = (&self.bounds[i], &self.bounds[j]);
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

/// Writes a row as integers; its bounds and the sum of the integers.
fn write(values: &[f64], max_code: i8, codes: &mut [i8]) -> (Bounds, i32) {
    /// Rounds the few operations of a bound up.
    const UP: f64 = 1.0 + 1e-9;
    let (largest, square) = extent(values);
    let length = square.sqrt();
    if length < SHORTEST {
        codes.fill(0);
        let bounds = Bounds {
            scale: 1.0,
            error: length * UP,
            length: 0.0,
            square,
        };
        return (bounds, 0);
    }
    let written = quantise(values, largest, max_code, codes);
    let bounds = Bounds {
        scale: written.scale,
        error: written.lost_square.sqrt() * UP,
        length: written.scale * f64::from(written.code_square).sqrt() * UP,
        square,
    };
    (bounds, written.sum)
}

/// How rows are placed before they become integers, so that these lose little and no number leaves its range.
pub struct Frame {
    metric: Metric,
    /// Cosine: the radius. Euclidean: the square of the scaled radius.
    radius: f64,
    /// Euclidean: a power of two that makes every centred row at most 1 long.
    scale: f64,
    /// Euclidean: the scaled mean.
    centre: Vec<f64>,
    /// Euclidean: the dimension in which the rows are farthest apart.
    widest: usize,
}

impl Frame {
    /// The frame for all rows.
    ///
    /// # Errors
    /// [`crate::ErrorKind::OutOfMemory`], [`crate::ErrorKind::Cancelled`].
    pub fn new(embeddings: &Embeddings<'_>, metric: Metric, radius: f64, task: &Task<'_>) -> Result<Self> {
        if metric == Metric::Cosine {
            return Ok(Frame {
                metric,
                radius,
                scale: 1.0,
                centre: Vec::new(),
                widest: 0,
            });
        }
        let (n, dims) = (embeddings.rows(), embeddings.dims());
        let mut row = try_filled(dims, 0.0)?;
        let mut low = try_filled(dims, f64::INFINITY)?;
        let mut high = try_filled(dims, f64::NEG_INFINITY)?;
        let mut centre = try_filled(dims, 0.0)?;
        for i in 0..n {
            task.check()?;
            embeddings.copy_row(i, &mut row);
            for (k, &value) in row.iter().enumerate() {
                low[k] = value.min(low[k]);
                high[k] = value.max(high[k]);
                centre[k] += value / n as f64;
            }
        }
        let largest = low
            .iter()
            .chain(&high)
            .fold(0.0, |largest: f64, value| largest.max(value.abs()));
        // A centred value is at most twice the largest, and sqrt(16,000) < 2^7 of them make a length.
        let scale = if largest > 0.0 {
            (-(largest.log2().ceil() + 8.0)).clamp(-1073.0, 1000.0).exp2()
        } else {
            1.0
        };
        centre.iter_mut().for_each(|value| *value *= scale);
        let width = |&k: &usize| high[k] * scale - low[k] * scale;
        let widest = (0..dims)
            .max_by(|a, b| width(a).total_cmp(&width(b)))
            .unwrap_or(0);
        let scaled = radius * scale;
        Ok(Frame {
            metric,
            radius: scaled * scaled,
            scale,
            centre,
            widest,
        })
    }

    /// Places row `row`, whose values are in `values`.
    fn place(&self, embeddings: &Embeddings<'_>, row: usize, values: &mut [f64]) {
        match self.metric {
            Metric::Cosine => {
                let norm = dot(embeddings.row(row), embeddings.row(row)).sqrt();
                // As scikit-learn divides: a norm of 0 or infinity leaves a zero vector.
                let inverse = if norm > 0.0 { 1.0 / norm } else { 0.0 };
                values.iter_mut().for_each(|value| *value *= inverse);
            }
            Metric::Euclidean => {
                for (value, centre) in values.iter_mut().zip(&self.centre) {
                    *value = *value * self.scale - centre;
                }
            }
        }
    }

    /// The order in which near rows are likely to be near each other, and the coordinate that it sorts by (none
    /// for cosine).
    ///
    /// # Errors
    /// [`crate::ErrorKind::OutOfMemory`].
    pub fn order(&self, embeddings: &Embeddings<'_>) -> Result<(Vec<u32>, Vec<f64>)> {
        let n = embeddings.rows();
        let mut order = try_vec(n)?;
        order.extend((0..n).map(|i| i as u32));
        if self.metric == Metric::Cosine {
            return Ok((order, Vec::new()));
        }
        let mut coordinates = try_vec(n)?;
        coordinates.extend((0..n).map(|i| embeddings.value(i, self.widest) * self.scale));
        order.sort_unstable_by(|&i, &j| {
            coordinates[i as usize]
                .total_cmp(&coordinates[j as usize])
                .then(i.cmp(&j))
        });
        coordinates.sort_unstable_by(f64::total_cmp);
        Ok((order, coordinates))
    }

    /// Whether rows whose coordinates differ by `gap` are certainly beyond the radius.
    pub fn too_far(&self, gap: f64) -> bool {
        gap > 0.0 && gap * gap > self.radius * (1.0 + SLACK) + LEAST
    }
}
