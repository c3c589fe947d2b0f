//! The rows of a matrix as small integers, in panels for the kernels.

use super::bounds::{Bounds, RadiusTest, Verdict};
use super::frame::Frame;
use crate::cluster::Embeddings;
use crate::cluster::parallel::{Queue, on_threads};
use crate::cluster::simd::{COLUMNS, ColumnTerms, Kernel, QUAD, ROWS, RowTerms, extent, quantise};
use crate::task::{try_filled, try_vec};
use crate::{Result, Task};

/// The rows of a matrix in a given order as integers, in panels of [`COLUMNS`] rows.
pub struct Codes {
    kernel: Kernel,
    test: RadiusTest,
    quads: usize,
    panels: Vec<i8>,
    columns: Vec<ColumnTerms>,
    bounds: Vec<Bounds>,
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
        let mut codes = Codes {
            kernel,
            test: frame.test(),
            quads,
            panels: task.filled(count * size, 0)?,
            columns: try_filled(count, ColumnTerms::default())?,
            bounds: try_filled(order.len(), Bounds::default())?,
        };
        let test = codes.test;
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
                    test.put_column(bounds, 0.0, terms, j);
                }
            }
        });
        task.check()?;
        Ok(codes)
    }

    /// What multiplies these panels.
    pub fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.bounds.len()
    }

    /// The number of panels.
    pub fn panels(&self) -> usize {
        self.columns.len()
    }

    /// The number of quads of a row.
    pub fn quads(&self) -> usize {
        self.quads
    }

    /// Bytes of a row.
    pub fn row_bytes(&self) -> usize {
        self.quads * QUAD
    }

    /// The bounds of the rows of panel `p`.
    pub fn bounds(&self, p: usize) -> &[Bounds] {
        let rows = p * COLUMNS..((p + 1) * COLUMNS).min(self.rows());
        &self.bounds[rows]
    }

    /// The test that rows are put to.
    pub fn test(&self) -> &RadiusTest {
        &self.test
    }

    /// Panel `p` as right operands, and what the test takes from it.
    pub fn right(&self, p: usize) -> (&[i8], &ColumnTerms) {
        let size = self.quads * QUAD * COLUMNS;
        (&self.panels[p * size..][..size], &self.columns[p])
    }

    /// Appends panel `p` as panels of [`ROWS`] left operands.
    pub fn append_left(&self, p: usize, left: &mut Vec<u8>) {
        let offset = self.kernel.offset();
        let (panel, _) = self.right(p);
        for part in 0..COLUMNS / ROWS {
            for quad in panel.chunks_exact(COLUMNS * QUAD) {
                let rows = &quad[part * ROWS * QUAD..][..ROWS * QUAD];
                left.extend(rows.iter().map(|&code| (code as u8).wrapping_add(offset)));
            }
        }
    }

    /// What the test takes from the rows `first..first + 8`, in whose sums products are left out if they have
    /// `tails`.
    pub fn row_terms(&self, first: usize, tails: &[f64]) -> RowTerms {
        // Rows that do not exist reach no limit.
        let mut terms = RowTerms {
            limit: [f32::INFINITY; ROWS],
            ..RowTerms::default()
        };
        for (i, bounds) in self.bounds.iter().skip(first).take(ROWS).enumerate() {
            let tail = tails.get(i).copied().unwrap_or(0.0);
            self.test.put_row(bounds, tail, &mut terms, i);
        }
        terms
    }

    /// Judges the rows at places `i` and `j` by the inner product `sum` of their integers.
    pub fn judge(&self, i: usize, j: usize, sum: i32) -> Verdict {
        self.test.judge(&self.bounds[i], &self.bounds[j], sum)
    }
}

/// Writes a row as integers; its bounds and the sum of the integers.
fn write(values: &[f64], max_code: i8, codes: &mut [i8]) -> (Bounds, i32) {
    let (largest, square) = extent(values);
    if !Bounds::has_codes(square) {
        codes.fill(0);
        return (Bounds::without_codes(square), 0);
    }
    let written = quantise(values, largest, max_code, codes);
    (Bounds::new(square, &written), written.sum)
}
