//! What a window function sees of its partition.

use std::ffi::c_void;
use std::ptr::NonNull;

use pgrx::pg_sys;
use pgrx::pg_sys::ffi::pg_guard_ffi_boundary;
use reviewpro_core::{Error, ErrorKind};

use super::kept_error::keeping_errors;
use super::report::raise;
use super::value::MAX_ALLOC_SIZE;

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
        let datum = keeping_errors(|| unsafe {
            pg_guard_ffi_boundary(|| WinGetFuncArgCurrent(self.0.as_ptr(), index as i32, &raw mut is_null))
        });
        (!is_null).then_some(datum)
    }

    /// The first argument of row `row`, counted from 0.
    pub(super) fn first_argument(self, row: i32) -> Option<pg_sys::Datum> {
        let (mut is_null, mut is_out) = (true, false);
        // SAFETY: as in `argument`; rows outside of the partition are reported by `is_out`.
        let datum = keeping_errors(|| unsafe {
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
        });
        (!is_null && !is_out).then_some(datum)
    }

    pub(super) fn rows(self) -> usize {
        // SAFETY: a live window object; nothing to drop in the closure.
        let rows =
            keeping_errors(|| unsafe { pg_guard_ffi_boundary(|| WinGetPartitionRowCount(self.0.as_ptr())) });
        usize::try_from(rows).unwrap_or(0)
    }

    pub(super) fn position(self) -> usize {
        // SAFETY: a live window object; nothing to drop in the closure.
        let position = unsafe { pg_guard_ffi_boundary(|| WinGetCurrentPosition(self.0.as_ptr())) };
        usize::try_from(position).unwrap_or(0)
    }

    /// `len` integers that live as long as the partition, zero at first.
    pub(super) fn local_memory(&mut self, len: usize) -> &mut [i32] {
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
