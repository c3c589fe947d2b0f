//! The matrix that every clustering algorithm takes: one row per item, finite values only.

use ndarray::{ArrayView2, Axis};

use crate::{Error, ErrorKind, Result, Task};

/// The largest number of dimensions of a vector, as in pgvector.
pub const MAX_DIMS: usize = 16_000;

/// The largest number of rows: labels are `int4`.
pub const MAX_ROWS: usize = i32::MAX as usize;

/// A borrowed matrix of `rows` x `dims` finite values, row-major, `real` or `double precision`.
///
/// All arithmetic is done in f64: a `real` value is widened first, as scikit-learn does with lists of floats.
#[derive(Clone, Copy, Debug)]
pub struct Embeddings<'a> {
    values: Values<'a>,
    rows: usize,
    dims: usize,
}

/// The values of [`Embeddings`], contiguous and row-major.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// `real[]`.
    F32(&'a [f32]),
    /// `double precision[]`.
    F64(&'a [f64]),
}

/// One row of [`Embeddings`].
#[derive(Clone, Copy, Debug)]
pub enum Row<'a> {
    /// A row of `real[]`.
    F32(&'a [f32]),
    /// A row of `double precision[]`.
    F64(&'a [f64]),
}

impl<'a> Row<'a> {
    /// The values, widened.
    pub fn values(self) -> impl Iterator<Item = f64> + use<'a> {
        let (single, double) = match self {
            Row::F32(values) => (values, &[][..]),
            Row::F64(values) => (&[][..], values),
        };
        single
            .iter()
            .map(|&value| f64::from(value))
            .chain(double.iter().copied())
    }
}

impl<'a> Embeddings<'a> {
    /// A matrix of single-precision values.
    ///
    /// No rows are allowed (and then any number of dimensions).
    ///
    /// # Errors
    /// [`ErrorKind::ArrayShape`] when the view is not row-major or has rows without values,
    /// [`ErrorKind::LimitExceeded`] beyond [`MAX_DIMS`] or [`MAX_ROWS`],
    /// [`ErrorKind::InvalidData`] for NaN or infinity, with the first place (counted from 1),
    /// [`ErrorKind::Cancelled`].
    pub fn from_f32(matrix: ArrayView2<'a, f32>, task: &Task<'_>) -> Result<Self> {
        let (rows, dims) = check_shape(matrix.nrows(), matrix.ncols())?;
        let values = matrix.to_slice().ok_or_else(not_row_major)?;
        check_finite(values, dims, task)?;
        Ok(Embeddings {
            values: Values::F32(values),
            rows,
            dims,
        })
    }

    /// A matrix of double-precision values; otherwise as [`Embeddings::from_f32`].
    ///
    /// # Errors
    /// As [`Embeddings::from_f32`].
    pub fn from_f64(matrix: ArrayView2<'a, f64>, task: &Task<'_>) -> Result<Self> {
        let (rows, dims) = check_shape(matrix.nrows(), matrix.ncols())?;
        let values = matrix.to_slice().ok_or_else(not_row_major)?;
        check_finite(values, dims, task)?;
        Ok(Embeddings {
            values: Values::F64(values),
            rows,
            dims,
        })
    }

    /// The number of vectors.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of values of each vector.
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// All values, row after row.
    pub fn values(&self) -> Values<'a> {
        self.values
    }

    /// Row `i < rows`.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn row(&self, i: usize) -> Row<'a> {
        let range = i * self.dims..(i + 1) * self.dims;
        match self.values {
            Values::F32(values) => Row::F32(&values[range]),
            Values::F64(values) => Row::F64(&values[range]),
        }
    }

    /// The value of row `i < rows` in dimension `k < dims`.
    ///
    /// # Panics
    /// When there is no such value.
    pub fn value(&self, i: usize, k: usize) -> f64 {
        match self.row(i) {
            Row::F32(row) => f64::from(row[k]),
            Row::F64(row) => row[k],
        }
    }

    /// Writes row `i < rows` into `out`, which holds `dims` values.
    ///
    /// # Panics
    /// When there is no such row or `out` has another length.
    pub fn copy_row(&self, i: usize, out: &mut [f64]) {
        match self.row(i) {
            Row::F32(row) => {
                assert_eq!(out.len(), row.len(), "a row is copied whole");
                for (to, &from) in out.iter_mut().zip(row) {
                    *to = f64::from(from);
                }
            }
            Row::F64(row) => out.copy_from_slice(row),
        }
    }
}

fn check_shape(rows: usize, dims: usize) -> Result<(usize, usize)> {
    if dims > MAX_DIMS {
        return Err(Error::new(
            ErrorKind::LimitExceeded,
            format!("vectors cannot have more than {MAX_DIMS} dimensions"),
        )
        .detail(format!("{dims} dimensions were given.")));
    }
    if rows > MAX_ROWS {
        return Err(Error::new(
            ErrorKind::LimitExceeded,
            format!("cannot cluster more than {MAX_ROWS} vectors"),
        )
        .detail(format!("{rows} vectors were given.")));
    }
    if rows > 0 && dims == 0 {
        return Err(Error::new(
            ErrorKind::ArrayShape,
            "vectors must have at least 1 dimension",
        ));
    }
    Ok((rows, dims))
}

fn not_row_major() -> Error {
    Error::new(
        ErrorKind::ArrayShape,
        "the values of a matrix must be contiguous and row-major",
    )
}

trait Finite: Copy + std::fmt::Display {
    fn finite(self) -> bool;
}

impl Finite for f32 {
    fn finite(self) -> bool {
        self.is_finite()
    }
}

impl Finite for f64 {
    fn finite(self) -> bool {
        self.is_finite()
    }
}

/// How many values are checked between two looks at the stop signal: well under a millisecond.
const VALUES_PER_CHECK: usize = 1 << 18;

fn check_finite<T: Finite>(values: &[T], dims: usize, task: &Task<'_>) -> Result<()> {
    for (part, chunk) in values.chunks(VALUES_PER_CHECK).enumerate() {
        task.check()?;
        // No early exit inside: this form is vectorised.
        if chunk.iter().fold(true, |all, value| all & value.finite()) {
            continue;
        }
        let Some((at, value)) = chunk.iter().enumerate().find(|(_, value)| !value.finite()) else {
            continue;
        };
        let place = part * VALUES_PER_CHECK + at;
        return Err(
            Error::new(ErrorKind::InvalidData, format!("a vector holds {value}"))
                .detail(format!("Row {}, column {}.", place / dims + 1, place % dims + 1))
                .hint("Only finite values can be clustered."),
        );
    }
    Ok(())
}

/// The rows as an ndarray view, for code that multiplies matrices.
impl<'a> Embeddings<'a> {
    /// The single-precision values as a view, if that is what they are.
    pub fn view_f32(&self) -> Option<ArrayView2<'a, f32>> {
        match self.values {
            Values::F32(values) => ArrayView2::from_shape((self.rows, self.dims), values).ok(),
            Values::F64(_) => None,
        }
    }

    /// The double-precision values as a view, if that is what they are.
    pub fn view_f64(&self) -> Option<ArrayView2<'a, f64>> {
        match self.values {
            Values::F64(values) => ArrayView2::from_shape((self.rows, self.dims), values).ok(),
            Values::F32(_) => None,
        }
    }

    /// A copy of the rows `indices`, in that order, as one f64 matrix.
    ///
    /// # Errors
    /// [`ErrorKind::OutOfMemory`].
    ///
    /// # Panics
    /// When an index has no row.
    pub fn select_f64(&self, indices: &[u32]) -> Result<ndarray::Array2<f64>> {
        let mut out = crate::task::try_filled(indices.len() * self.dims, 0.0)?;
        for (row, &i) in out.chunks_exact_mut(self.dims.max(1)).zip(indices) {
            self.copy_row(i as usize, row);
        }
        let matrix = ndarray::Array2::from_shape_vec((indices.len(), self.dims), out)
            .map_err(|_| Error::new(ErrorKind::Internal, "selected rows do not form a matrix"))?;
        debug_assert_eq!(matrix.len_of(Axis(0)), indices.len());
        Ok(matrix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, ShapeBuilder};

    fn task() -> Task<'static> {
        Task::new(1, usize::MAX, &|| false)
    }

    #[test]
    fn rows_are_widened() {
        let values = [1.0_f32, 0.1, 3.0, 4.0];
        let matrix = ArrayView2::from_shape((2, 2), &values).unwrap();
        let embeddings = Embeddings::from_f32(matrix, &task()).unwrap();
        let mut row = [0.0; 2];
        embeddings.copy_row(0, &mut row);
        assert_eq!(row, [1.0, f64::from(0.1_f32)]);
        assert_eq!(
            embeddings.select_f64(&[1, 0]).unwrap().row(0).to_vec(),
            [3.0, 4.0]
        );
        assert_eq!((embeddings.rows(), embeddings.dims()), (2, 2));
    }

    #[test]
    fn the_first_value_that_is_not_finite_is_named() {
        let mut matrix = Array2::<f64>::zeros((3, 100_000 / 8));
        matrix[(2, 5)] = f64::NEG_INFINITY;
        matrix[(2, 6)] = f64::NAN;
        let error = Embeddings::from_f64(matrix.view(), &task()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidData);
        assert_eq!(error.message, "a vector holds -inf");
        assert_eq!(error.detail.as_deref(), Some("Row 3, column 6."));
    }

    #[test]
    fn shapes_are_checked() {
        let kind = |rows: usize, dims: usize| {
            Embeddings::from_f32(Array2::zeros((rows, dims)).view(), &task())
                .map_err(|e| e.kind)
                .map(|_| ())
        };
        assert_eq!(kind(0, 0), Ok(()));
        assert_eq!(kind(0, 7), Ok(()));
        assert_eq!(kind(2, 0), Err(ErrorKind::ArrayShape));
        assert_eq!(kind(1, MAX_DIMS), Ok(()));
        assert_eq!(kind(1, MAX_DIMS + 1), Err(ErrorKind::LimitExceeded));
        let columns = Array2::<f32>::zeros((2, 3).f());
        assert_eq!(
            Embeddings::from_f32(columns.view(), &task()).unwrap_err().kind,
            ErrorKind::ArrayShape
        );
    }

    #[test]
    fn checking_stops_when_asked() {
        let matrix = Array2::<f32>::zeros((1, 1));
        let stopped = Task::new(1, 0, &|| true);
        assert_eq!(
            Embeddings::from_f32(matrix.view(), &stopped).unwrap_err().kind,
            ErrorKind::Cancelled
        );
    }
}
