//! The partition of a window function, after PostGIS's ST_ClusterDBSCAN: read and labelled once, at its first row.

use std::ffi::c_void;
use std::ptr::NonNull;

use pgrx::pg_sys::ffi::pg_guard_ffi_boundary;
use pgrx::{PgSqlErrorCode, pg_sys};
use reviewpro_core::cluster::Collected;
use reviewpro_core::progress::Phase;
use reviewpro_core::{Error, ErrorKind};

use super::array::VectorArgument;
use super::call::Call;
use super::compute::main_thread_task;
use super::progress::Shown;
use super::report::{OrRaise, raise, raise_as};
use super::scratch::Scratch;
use super::stats::CountedCall;
use super::value::MAX_ALLOC_SIZE;
use super::varlena::Varlena;

// windowapi.h, which pgrx does not bind.
unsafe extern "C-unwind" {
    fn WinGetPartitionLocalMemory(window: *mut c_void, size: usize) -> *mut c_void;
    fn WinGetCurrentPosition(window: *mut c_void) -> i64;
    fn WinGetPartitionRowCount(window: *mut c_void) -> i64;
    fn WinGetFuncArgInPartition(
        window: *mut c_void,
        argument: i32,
        position: i32,
        seek: i32,
        set_mark: bool,
        is_null: *mut bool,
        is_out: *mut bool,
    ) -> pg_sys::Datum;
    fn WinGetFuncArgCurrent(window: *mut c_void, argument: i32, is_null: *mut bool) -> pg_sys::Datum;
}

const WINDOW_SEEK_HEAD: i32 = 1;

/// What a window function sees of its partition.
#[derive(Clone, Copy)]
pub(super) struct WindowObject(NonNull<c_void>);

impl WindowObject {
    /// That of the running function, if it runs as a window function.
    pub(super) fn of(fcinfo: pg_sys::FunctionCallInfo) -> Option<Self> {
        // SAFETY: the `fcinfo` of the running function; a context that is there is a node.
        unsafe {
            let context = (*fcinfo).context;
            if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_WindowObjectData {
                return None;
            }
            NonNull::new(context.cast()).map(WindowObject)
        }
    }

    /// An argument of the current row.
    pub(super) fn argument(self, index: usize) -> Option<pg_sys::Datum> {
        let mut is_null = true;
        // SAFETY: a live window object, and an argument that the SQL declares; nothing to drop in the closure.
        let datum = unsafe {
            pg_guard_ffi_boundary(|| WinGetFuncArgCurrent(self.0.as_ptr(), index as i32, &raw mut is_null))
        };
        (!is_null).then_some(datum)
    }

    /// The first argument of row `row`, counted from 0.
    fn first_argument(self, row: i32) -> Option<pg_sys::Datum> {
        let (mut is_null, mut is_out) = (true, false);
        // SAFETY: as in `argument`; rows outside of the partition are reported by `is_out`.
        let datum = unsafe {
            pg_guard_ffi_boundary(|| {
                WinGetFuncArgInPartition(
                    self.0.as_ptr(),
                    0,
                    row,
                    WINDOW_SEEK_HEAD,
                    false,
                    &raw mut is_null,
                    &raw mut is_out,
                )
            })
        };
        (!is_null && !is_out).then_some(datum)
    }

    fn rows(self) -> usize {
        // SAFETY: a live window object; nothing to drop in the closure.
        let rows = unsafe { pg_guard_ffi_boundary(|| WinGetPartitionRowCount(self.0.as_ptr())) };
        usize::try_from(rows).unwrap_or(0)
    }

    fn position(self) -> usize {
        // SAFETY: a live window object; nothing to drop in the closure.
        let position = unsafe { pg_guard_ffi_boundary(|| WinGetCurrentPosition(self.0.as_ptr())) };
        usize::try_from(position).unwrap_or(0)
    }

    /// `len` integers that live as long as the partition, zero at first.
    fn local_memory(&mut self, len: usize) -> &mut [i32] {
        let size = len
            .checked_mul(size_of::<i32>())
            .filter(|&size| size <= MAX_ALLOC_SIZE);
        let Some(size) = size else {
            raise(
                Error::new(ErrorKind::LimitExceeded, "the partition has too many rows").detail(format!(
                    "{len} rows were found, {} are allowed.",
                    MAX_ALLOC_SIZE / 4
                )),
            )
        };
        // SAFETY: PostgreSQL gives the same zeroed chunk at every call for one partition; nobody else sees it.
        unsafe {
            let memory = pg_guard_ffi_boundary(|| WinGetPartitionLocalMemory(self.0.as_ptr(), size));
            std::slice::from_raw_parts_mut(memory.cast(), len)
        }
    }
}

/// The label of the current row, NULL for noise and for a NULL vector.
///
/// The vectors are the first argument. At the first row of a partition `labels` gets those that are not NULL.
pub(crate) fn label_partition(call: &Call, labels: impl FnOnce(&Collected) -> Vec<i32>) -> Option<i32> {
    let Some(mut window) = WindowObject::of(call.fcinfo()) else {
        raise_as(
            PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE,
            Error::new(
                ErrorKind::Internal,
                "this function must be declared as a window function",
            ),
        )
    };
    let (rows, position) = (window.rows(), window.position());
    let reader = window;
    // A flag that the rest is filled, then one place per row: the label + 1, or 0 for NULL.
    let (done, places) = match window.local_memory(rows + 1) {
        [done, places @ ..] => (done, places),
        [] => return None,
    };
    if *done == 0 {
        // The partition is the call; those for its other rows only look up.
        let counted = CountedCall::of(call.fcinfo());
        let vectors = collect(reader, places);
        counted.has_read(vectors.bytes());
        counted.has_returned(places.len());
        let mut labels = labels(&vectors).into_iter();
        for place in places.iter_mut().filter(|place| **place != 0) {
            *place = labels.next().map_or(0, |label| label.max(-1) + 1);
        }
        *done = 1;
    }
    match places.get(position) {
        Some(&place @ 1..) => Some(place - 1),
        _ => None,
    }
}

/// The vectors of the partition; `places` becomes 1 where there is one.
fn collect(window: WindowObject, places: &mut [i32]) -> Collected {
    let task = main_thread_task(size_of_val(places));
    // Casts and detoasting leave copies behind: a partition of them must not pile up.
    let scratch = Scratch::new();
    let shown = Shown::begin(Phase::ReadingVectors, places.len());
    let mut vectors = Collected::new();
    for (row, place) in (0..).zip(places) {
        let datum = scratch.run(|| window.first_argument(row));
        if let Some(datum) = datum {
            scratch.run(|| {
                // SAFETY: a non-null datum of an array type, which lives until the reset below.
                let value = unsafe { Varlena::aligned(datum) };
                let vector = VectorArgument::new(value, vectors.rows() + 1);
                vectors.push(vector.row(), &task).or_raise();
            });
            *place = 1;
        }
        scratch.reset();
        shown.advance(1);
        pgrx::check_for_interrupts!();
    }
    vectors
}
