//! Vectors that arrive one by one, put together to the matrix that every algorithm takes.

use ndarray::ArrayView2;

use super::Embeddings;
use super::embeddings::{MAX_DIMS, Row};
use crate::{Error, ErrorKind, Result, Task};

/// Vectors of one length and one type, row after row in one piece of memory.
#[derive(Debug, Default)]
pub struct Collected {
    values: Option<Values>,
    rows: usize,
    dims: usize,
}

#[derive(Debug)]
enum Values {
    F32(Vec<f32>),
    F64(Vec<f64>),
}

impl Collected {
    /// No vectors yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of vectors.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The memory that the values take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match &self.values {
            None => 0,
            Some(Values::F32(values)) => size_of_val(&values[..]),
            Some(Values::F64(values)) => size_of_val(&values[..]),
        }
    }

    /// Appends a vector.
    ///
    /// # Errors
    /// [`ErrorKind::ArrayShape`] for a vector without values or of another length than the first one, with the row
    /// (counted from 1); [`ErrorKind::LimitExceeded`] beyond [`MAX_DIMS`]; [`ErrorKind::OutOfMemory`] when all
    /// vectors so far exceed [`Task::memory`].
    pub fn push(&mut self, vector: Row<'_>, task: &Task<'_>) -> Result<()> {
        let dims = match vector {
            Row::F32(vector) => vector.len(),
            Row::F64(vector) => vector.len(),
        };
        if self.rows == 0 {
            self.dims = dims;
        }
        self.check_dims(dims)?;
        let values = self.values.get_or_insert(match vector {
            Row::F32(_) => Values::F32(Vec::new()),
            Row::F64(_) => Values::F64(Vec::new()),
        });
        match (values, vector) {
            (Values::F32(values), Row::F32(vector)) => append(values, vector, self.rows, task)?,
            (Values::F64(values), Row::F64(vector)) => append(values, vector, self.rows, task)?,
            _ => return Err(Error::new(ErrorKind::Internal, "vectors of two types are mixed")),
        }
        self.rows += 1;
        Ok(())
    }

    fn check_dims(&self, dims: usize) -> Result<()> {
        let row = self.rows + 1;
        if dims == 0 {
            return Err(
                Error::new(ErrorKind::ArrayShape, "vectors must have at least 1 dimension")
                    .detail(format!("Row {row} has none.")),
            );
        }
        if dims > MAX_DIMS {
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!("vectors cannot have more than {MAX_DIMS} dimensions"),
            )
            .detail(format!("Row {row} has {dims} dimensions.")));
        }
        if dims != self.dims {
            return Err(Error::new(
                ErrorKind::ArrayShape,
                "vectors that are clustered together must have the same number of dimensions",
            )
            .detail(format!(
                "Row {row} has {dims} dimensions, row 1 has {}.",
                self.dims
            ))
            .hint("Cluster the vectors of each embedding model on their own."));
        }
        Ok(())
    }

    /// The matrix, checked to be finite.
    ///
    /// # Errors
    /// As [`Embeddings::from_f32`].
    pub fn embeddings(&self, task: &Task<'_>) -> Result<Embeddings<'_>> {
        let shape = (self.rows, self.dims);
        let misfit = |_| Error::new(ErrorKind::Internal, "collected vectors do not form a matrix");
        match &self.values {
            None => Embeddings::from_f32(ArrayView2::from_shape((0, 0), &[]).map_err(misfit)?, task),
            Some(Values::F32(values)) => {
                Embeddings::from_f32(ArrayView2::from_shape(shape, values).map_err(misfit)?, task)
            }
            Some(Values::F64(values)) => {
                Embeddings::from_f64(ArrayView2::from_shape(shape, values).map_err(misfit)?, task)
            }
        }
    }
}

/// Appends `vector`, growing in steps that stay within the memory allowed.
fn append<T: Copy>(values: &mut Vec<T>, vector: &[T], rows: usize, task: &Task<'_>) -> Result<()> {
    let needed = values.len() + vector.len();
    if needed > values.capacity() {
        task.need(
            &format!("a set of more than {rows} vectors"),
            needed.checked_mul(size_of::<T>()),
        )
        .map_err(|error| {
            error.hint("Raise reviewpro.max_memory, or cluster fewer vectors at once, such as those of one repository.")
        })?;
        let allowed = task.memory / size_of::<T>();
        let capacity = values.capacity().saturating_mul(2).min(allowed).max(needed);
        values.try_reserve_exact(capacity - values.len()).map_err(|_| {
            Error::new(ErrorKind::OutOfMemory, "out of memory")
                .detail(format!("Failed on request for {capacity} values."))
        })?;
    }
    values.extend_from_slice(vector);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(memory: usize) -> Task<'static> {
        Task::new(1, memory, &|| false)
    }

    #[test]
    fn rows_keep_their_order_and_type() {
        let task = task(usize::MAX);
        let mut single = Collected::new();
        let mut double = Collected::new();
        for i in 0..1000_u16 {
            single.push(Row::F32(&[f32::from(i), 0.5, 0.25]), &task).unwrap();
            double.push(Row::F64(&[f64::from(i), 0.1]), &task).unwrap();
        }
        assert_eq!((single.rows(), single.bytes()), (1000, 12_000));
        let matrix = single.embeddings(&task).unwrap();
        assert_eq!((matrix.rows(), matrix.dims()), (1000, 3));
        assert_eq!(matrix.view_f32().unwrap().row(999).to_vec(), [999.0, 0.5, 0.25]);
        let matrix = double.embeddings(&task).unwrap();
        assert_eq!(matrix.view_f64().unwrap().row(7).to_vec(), [7.0, 0.1]);
        assert_eq!(Collected::new().embeddings(&task).unwrap().rows(), 0);
    }

    #[test]
    fn every_misfit_is_named() {
        let task = task(usize::MAX);
        let mut vectors = Collected::new();
        assert_eq!(
            vectors.push(Row::F32(&[]), &task).unwrap_err().kind,
            ErrorKind::ArrayShape
        );
        let long = vec![0.0; MAX_DIMS + 1];
        assert_eq!(
            vectors.push(Row::F32(&long), &task).unwrap_err().kind,
            ErrorKind::LimitExceeded
        );
        vectors.push(Row::F32(&[1.0, 2.0]), &task).unwrap();
        let error = vectors.push(Row::F32(&[1.0]), &task).unwrap_err();
        assert_eq!(error.kind, ErrorKind::ArrayShape);
        assert_eq!(
            error.detail.as_deref(),
            Some("Row 2 has 1 dimensions, row 1 has 2.")
        );
        assert_eq!(
            vectors.push(Row::F64(&[1.0, 2.0]), &task).unwrap_err().kind,
            ErrorKind::Internal
        );
        assert_eq!(vectors.rows(), 1);
    }

    #[test]
    fn memory_is_bounded_to_the_byte() {
        let task = task(10 * 8 + 7);
        let mut vectors = Collected::new();
        for _ in 0..10 {
            vectors.push(Row::F32(&[1.0, 2.0]), &task).unwrap();
        }
        let error = vectors.push(Row::F32(&[1.0, 2.0]), &task).unwrap_err();
        assert_eq!(error.kind, ErrorKind::OutOfMemory);
        assert_eq!(
            error.detail.as_deref(),
            Some("88 bytes are needed, 87 bytes are allowed.")
        );
        assert_eq!(vectors.embeddings(&task).unwrap().rows(), 10);
    }
}
