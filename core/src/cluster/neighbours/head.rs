//! A first look at tiles by the first dimensions alone.
//!
//! Where far pairs are told apart by a share of the dimensions, most tiles hold far pairs only and need no more.
//! The bound is rigorous (see [`super::bounds`]), so a tile that does not pass has no near pair. How many
//! dimensions pay is measured on a sample of tiles.

use super::codes::Codes;
use crate::cluster::parallel::{Queue, on_threads};
use crate::cluster::simd::{COLUMNS, ColumnTerms, QUAD, ROWS, Tile};
use crate::task::{try_filled, try_vec};
use crate::{Result, Task};

/// Candidates for the head, in 16ths of the dimensions.
const SHARES: [usize; 6] = [1, 2, 3, 4, 6, 8];
/// A first look must spare this share of the work.
const WORTHWHILE: f64 = 0.15;
/// The fewest quads that are worth a look of their own: below, the test itself dominates.
const LEAST_QUADS: usize = 12;
/// Tiles of a sample; and at most this part of all tiles.
const SAMPLE: usize = 96;
const SAMPLED_PART: usize = 128;
/// Samples smaller than this say too little.
const LEAST_SAMPLE: usize = 24;

/// What the test takes from the first `quads` quads of every row.
pub struct Head {
    quads: usize,
    columns: Vec<ColumnTerms>,
    tails: Vec<f64>,
}

impl Head {
    /// Bytes held for so many rows.
    pub fn bytes(rows: usize) -> Option<usize> {
        let panel = size_of::<ColumnTerms>() + COLUMNS * size_of::<f64>();
        rows.div_ceil(COLUMNS).checked_mul(panel)
    }

    /// The head that spares the most work, if any spares enough.
    ///
    /// # Errors
    /// [`crate::ErrorKind::OutOfMemory`], [`crate::ErrorKind::Cancelled`].
    pub fn choose(codes: &Codes, task: &Task<'_>) -> Result<Option<Self>> {
        let tiles = codes.panels() * codes.panels() * (COLUMNS / ROWS) / 2;
        let sample = SAMPLE.min(tiles / SAMPLED_PART);
        if sample < LEAST_SAMPLE {
            return Ok(None);
        }
        let heads = SHARES.map(|share| codes.quads() * share / 16);
        let mut passed = [0; SHARES.len()];
        let mut left = try_vec(COLUMNS * codes.row_bytes())?;
        let mut tile = Tile::new();
        // All tiles of two panels: what they share costs more than their products.
        let pairs = sample.div_ceil(COLUMNS / ROWS);
        for k in 0..pairs {
            // Multiples of an irrational number spread evenly.
            let spread = |ratio: f64, n: usize| (((k as f64 * ratio).fract() * n as f64) as usize).min(n - 1);
            let p = spread(0.618_034, codes.panels());
            let q = spread(0.414_214, codes.panels());
            left.clear();
            codes.append_left(p, &mut left);
            let (right, _) = codes.right(q);
            for (&quads, passed) in heads.iter().zip(&mut passed) {
                task.check()?;
                let (_, tails) = first_terms(codes, p, quads);
                let (columns, _) = first_terms(codes, q, quads);
                let right = &right[..quads * QUAD * COLUMNS];
                for (part, left) in left.chunks_exact(ROWS * codes.row_bytes()).enumerate() {
                    let rows = codes.row_terms(p * COLUMNS + part * ROWS, &tails[part * ROWS..][..ROWS]);
                    let left = &left[..quads * QUAD * ROWS];
                    *passed += usize::from(codes.kernel().tile(left, right, &rows, &columns, &mut tile));
                }
            }
        }
        let sample = pairs * (COLUMNS / ROWS);
        let cost = |at: usize| heads[at] as f64 / codes.quads() as f64 + passed[at] as f64 / sample as f64;
        let usable = (0..heads.len()).filter(|&at| heads[at] >= LEAST_QUADS);
        match usable.min_by(|&a, &b| cost(a).total_cmp(&cost(b))) {
            Some(best) if cost(best) <= 1.0 - WORTHWHILE => Head::new(codes, heads[best], task).map(Some),
            _ => Ok(None),
        }
    }

    /// The head of so many quads.
    ///
    /// # Errors
    /// [`crate::ErrorKind::OutOfMemory`], [`crate::ErrorKind::Cancelled`].
    pub fn new(codes: &Codes, quads: usize, task: &Task<'_>) -> Result<Self> {
        let mut head = Head {
            quads,
            columns: try_filled(codes.panels(), ColumnTerms::default())?,
            tails: try_filled(codes.panels() * COLUMNS, 0.0)?,
        };
        let queue = Queue::new(
            head.columns
                .iter_mut()
                .zip(head.tails.as_chunks_mut().0)
                .enumerate(),
        );
        on_threads(task.threads, || {
            while let Some((p, (columns, tails))) = queue.next() {
                if task.stopped() {
                    return;
                }
                (*columns, *tails) = first_terms(codes, p, quads);
            }
        });
        task.check()?;
        Ok(head)
    }

    /// The first quads of a left panel.
    pub fn left<'a>(&self, left: &'a [u8]) -> &'a [u8] {
        &left[..self.quads * QUAD * ROWS]
    }

    /// The first quads of panel `p`, and what the test takes from them.
    pub fn right<'a>(&'a self, codes: &'a Codes, p: usize) -> (&'a [i8], &'a ColumnTerms) {
        let (right, _) = codes.right(p);
        (&right[..self.quads * QUAD * COLUMNS], &self.columns[p])
    }

    /// What the products left out can add to rows `first..first + 8`.
    pub fn tails(&self, first: usize) -> &[f64] {
        &self.tails[first..first + ROWS]
    }
}

/// What the test takes from the first quads of panel `p` as columns, and the lengths of its rows' tails.
fn first_terms(codes: &Codes, p: usize, quads: usize) -> (ColumnTerms, [f64; COLUMNS]) {
    let (panel, _) = codes.right(p);
    let (head, tail) = panel.as_chunks::<{ COLUMNS * QUAD }>().0.split_at(quads);
    let (mut sums, mut squares) = ([0_i32; COLUMNS], [0_i32; COLUMNS]);
    // Nothing overflows up to 16,000 dimensions; checks would keep this from being vectorised.
    for quad in head {
        for (sum, codes) in sums.iter_mut().zip(quad.as_chunks::<QUAD>().0) {
            *sum = codes
                .iter()
                .fold(*sum, |sum, &code| sum.wrapping_add(i32::from(code)));
        }
    }
    for quad in tail {
        for (square, codes) in squares.iter_mut().zip(quad.as_chunks::<QUAD>().0) {
            let squares = codes.map(|code| i32::from(i16::from(code).wrapping_mul(i16::from(code))));
            *square = squares
                .iter()
                .fold(*square, |sum, &square| sum.wrapping_add(square));
        }
    }
    let (mut terms, mut tails) = (ColumnTerms::default(), [0.0; COLUMNS]);
    for (j, bounds) in codes.bounds(p).iter().enumerate() {
        tails[j] = bounds.length_of(squares[j]);
        terms.start[j] = -i32::from(codes.kernel().offset()) * sums[j];
        codes.test().put_column(bounds, tails[j], &mut terms, j);
    }
    (terms, tails)
}
