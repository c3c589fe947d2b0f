//! Arrays of numbers, read where they lie.

use ndarray::ArrayView2;
use pgrx::pg_sys;
use reviewpro_core::cluster::Embeddings;
use reviewpro_core::cluster::embeddings::Row;
use reviewpro_core::{Error, ErrorKind, Result, Task};

use super::report::{OrRaise, raise};
use super::varlena::Varlena;

/// ndim, data offset, element type: the words after the length word of an array.
const HEADER: usize = 12;

/// An array argument: its shape read and checked, its values where they lie.
struct Header {
    dims: Vec<usize>,
    element: pg_sys::Oid,
    /// From the start of the payload.
    nulls: Option<std::ops::Range<usize>>,
    data: usize,
}

fn word(payload: &[u8], at: usize) -> i32 {
    let bytes = payload.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
    i32::from_ne_bytes(bytes.unwrap_or_else(|| corrupted()))
}

fn cut_short() -> Error {
    Error::new(ErrorKind::DataCorrupted, "array value is cut short")
}

/// On the main thread alone.
fn corrupted() -> ! {
    raise(cut_short())
}

impl Header {
    fn read(payload: &[u8]) -> Self {
        let ndim = usize::try_from(word(payload, 0)).unwrap_or_else(|_| corrupted());
        let data_offset = usize::try_from(word(payload, 4)).unwrap_or_else(|_| corrupted());
        let element = pg_sys::Oid::from(word(payload, 8).cast_unsigned());
        let dim = |i| usize::try_from(word(payload, HEADER + 4 * i)).unwrap_or_else(|_| corrupted());
        let dims: Vec<usize> = (0..ndim).map(dim).collect();
        // The lower bounds follow; rows keep storage order whatever they are.
        let after_bounds = HEADER + 8 * ndim;
        let length_word = pg_sys::VARHDRSZ;
        let (nulls, data) = match data_offset {
            0 => (
                None,
                (after_bounds + length_word).next_multiple_of(8) - length_word,
            ),
            offset => (
                Some(after_bounds..after_bounds + element_count(&dims).div_ceil(8)),
                offset - length_word,
            ),
        };
        Header {
            dims,
            element,
            nulls,
            data,
        }
    }

    fn count(&self) -> usize {
        element_count(&self.dims)
    }

    /// The index of the first NULL, in storage order.
    fn first_null(&self, payload: &[u8]) -> Option<usize> {
        let bitmap = payload.get(self.nulls.clone()?).unwrap_or_else(|| corrupted());
        (0..self.count()).find(|i| !bit(bitmap, *i))
    }
}

fn element_count(dims: &[usize]) -> usize {
    // PostgreSQL keeps the product of all dimensions under 2^27.
    if dims.is_empty() { 0 } else { dims.iter().product() }
}

/// The `count` values of an array without NULLs.
///
/// # Errors
/// [`ErrorKind::DataCorrupted`] when the array is shorter. To be raised on the main thread: this may be called beside it.
fn values<'a, T: Copy>(payload: &'a [u8], header: &Header) -> Result<&'a [T]> {
    first_values(payload, header, header.count())
}

/// The first `count` of the values that are not NULL.
///
/// # Errors
/// As [`values`].
fn first_values<'a, T: Copy>(payload: &'a [u8], header: &Header, count: usize) -> Result<&'a [T]> {
    let len = count * size_of::<T>();
    let bytes = payload
        .get(header.data..header.data + len)
        .ok_or_else(cut_short)?;
    // SAFETY: T is f32, f64 or i32, for which all bits are valid; the alignment is looked at below.
    let (before, values, _) = unsafe { bytes.align_to::<T>() };
    if !before.is_empty() || values.len() != count {
        // Detoasted arrays are MAXALIGNed; PostgreSQL itself relies on it.
        return Err(cut_short());
    }
    Ok(values)
}

/// A `real[]` or `double precision[]` argument: two-dimensional, or empty.
pub(crate) struct MatrixArgument {
    payload: Varlena,
    header: Header,
    rows: usize,
    columns: usize,
}

impl MatrixArgument {
    /// # Errors
    /// 2202E for another number of dimensions, 22004 for a NULL element.
    pub(super) fn new(payload: Varlena, name: &str) -> Self {
        let header = Header::read(&payload);
        let (rows, columns) = match header.dims[..] {
            [] => (0, 0),
            [rows, columns] => (rows, columns),
            ref dims => raise(
                Error::new(
                    ErrorKind::ArrayShape,
                    format!(
                        "{name} must be a two-dimensional array, one row per vector, not {}-dimensional",
                        dims.len()
                    ),
                )
                .hint("Build it with array_agg(embedding ORDER BY ...)."),
            ),
        };
        if let Some(index) = header.first_null(&payload) {
            raise(
                Error::new(
                    ErrorKind::NullNotAllowed,
                    format!("{name} must not contain nulls"),
                )
                .detail(format!(
                    "Row {}, column {} is null.",
                    index / columns + 1,
                    index % columns + 1
                )),
            )
        }
        MatrixArgument {
            payload,
            header,
            rows,
            columns,
        }
    }

    /// The matrix, checked to be finite. Called beside the main thread, since it reads every value.
    pub(crate) fn embeddings(&self, task: &Task<'_>) -> Result<Embeddings<'_>> {
        let shape = (self.rows, self.columns);
        let misfit = |_| cut_short();
        if self.header.element == pg_sys::FLOAT8OID {
            let values = values::<f64>(&self.payload, &self.header)?;
            Embeddings::from_f64(ArrayView2::from_shape(shape, values).map_err(misfit)?, task)
        } else {
            let values = values::<f32>(&self.payload, &self.header)?;
            Embeddings::from_f32(ArrayView2::from_shape(shape, values).map_err(misfit)?, task)
        }
    }
}

/// A `real[]` or `double precision[]` that is one vector.
pub(super) struct VectorArgument {
    payload: Varlena,
    header: Header,
}

impl VectorArgument {
    /// The vector of row number `row`, counted from 1.
    ///
    /// # Errors
    /// 2202E for another number of dimensions, 22004 for a NULL element.
    pub(super) fn new(payload: Varlena, row: usize) -> Self {
        let header = Header::read(&payload);
        if header.dims.len() > 1 {
            raise(
                Error::new(
                    ErrorKind::ArrayShape,
                    format!(
                        "an embedding must be a one-dimensional array, not {}-dimensional",
                        header.dims.len()
                    ),
                )
                .detail(format!("Row {row}.")),
            )
        }
        if let Some(index) = header.first_null(&payload) {
            raise(
                Error::new(ErrorKind::NullNotAllowed, "an embedding must not contain nulls")
                    .detail(format!("Row {row}, element {} is null.", index + 1)),
            )
        }
        VectorArgument { payload, header }
    }

    pub(super) fn row(&self) -> Row<'_> {
        match self.header.element {
            pg_sys::FLOAT8OID => Row::F64(values(&self.payload, &self.header).or_raise()),
            pg_sys::FLOAT4OID => Row::F32(values(&self.payload, &self.header).or_raise()),
            _ => corrupted(),
        }
    }
}

/// A `double precision[]` of any shape, whose elements may be NULL.
pub(crate) struct FloatsArgument {
    payload: Varlena,
    header: Header,
}

impl FloatsArgument {
    pub(super) fn new(payload: Varlena) -> Self {
        let header = Header::read(&payload);
        if header.element != pg_sys::FLOAT8OID {
            corrupted()
        }
        FloatsArgument { payload, header }
    }

    /// The size of the array.
    pub(crate) fn bytes(&self) -> usize {
        self.payload.len()
    }

    /// The elements, in storage order. Called beside the main thread.
    ///
    /// # Errors
    /// As [`values`].
    pub(crate) fn iter(&self) -> Result<Floats<'_>> {
        let len = self.header.count();
        let nulls = self.header.nulls.clone();
        let nulls = match nulls {
            Some(range) => Some(self.payload.get(range).ok_or_else(cut_short)?),
            None => None,
        };
        let present = nulls.map_or(len, |nulls| (0..len).filter(|&i| bit(nulls, i)).count());
        Ok(Floats {
            nulls,
            values: first_values(&self.payload, &self.header, present)?.iter(),
            range: 0..len,
        })
    }
}

/// Whether element `i` is not NULL.
fn bit(nulls: &[u8], i: usize) -> bool {
    nulls[i / 8] & (1 << (i % 8)) != 0
}

/// The elements of a [`FloatsArgument`].
#[derive(Clone)]
pub(crate) struct Floats<'a> {
    nulls: Option<&'a [u8]>,
    /// Those that are not NULL.
    values: std::slice::Iter<'a, f64>,
    range: std::ops::Range<usize>,
}

impl Iterator for Floats<'_> {
    type Item = Option<f64>;

    fn next(&mut self) -> Option<Option<f64>> {
        let i = self.range.next()?;
        let is_present = self.nulls.is_none_or(|nulls| bit(nulls, i));
        Some(if is_present {
            self.values.next().copied()
        } else {
            None
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.range.size_hint()
    }
}

impl ExactSizeIterator for Floats<'_> {}

/// The elements of an `int[]` of any shape without NULLs, in storage order.
pub(super) fn ints(payload: &Varlena, name: &str) -> Vec<i32> {
    let header = Header::read(payload);
    if let Some(index) = header.first_null(payload) {
        raise(
            Error::new(
                ErrorKind::NullNotAllowed,
                format!("{name} must not contain nulls"),
            )
            .detail(format!("Element {} is null.", index + 1)),
        )
    }
    values::<i32>(payload, &header).or_raise().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a worker finds wrong is its result; only the main thread may raise.
    #[test]
    fn values_that_are_not_there_are_an_error_and_not_raised() {
        let header = Header {
            dims: vec![2, 3],
            element: pg_sys::FLOAT4OID,
            nulls: None,
            data: 28,
        };
        let state = |payload: &[u8]| {
            let read = std::thread::scope(|scope| {
                let worker = scope.spawn(|| values::<f32>(payload, &header).map(<[f32]>::len));
                worker.join().expect("it does not unwind")
            });
            read.map_err(|error| error.kind)
        };
        let bytes = [0_u8; 64];
        let payload = &bytes[bytes.as_ptr().align_offset(8)..];
        assert_eq!(state(&payload[..52]), Ok(6));
        assert_eq!(state(&payload[..51]), Err(ErrorKind::DataCorrupted));
        assert_eq!(state(&[]), Err(ErrorKind::DataCorrupted));
    }
}
