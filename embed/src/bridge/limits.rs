//! What is in use of requests and tokens a minute, of all backends, in shared memory that needs no preload.

use std::ffi::c_void;
use std::sync::OnceLock;

use pgrx::pg_sys;
use reviewpro_embed_core::limits::Table;

/// The table of the server; one of this process's own in single-user mode.
pub(crate) fn shared_limits() -> &'static Table {
    static TABLE: OnceLock<&'static Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        // SAFETY: a global that is fixed once the backend has started. The segment outlives every backend that has attached
        // to it, and is as large as was asked for; zeroed bytes are a valid table, and only atomics are ever changed.
        unsafe {
            if !pg_sys::IsUnderPostmaster {
                return Box::leak(Box::default());
            }
            let mut found = false;
            // Another layout would need another name.
            let name = c"reviewpro_embed_limits_v1";
            let memory =
                pg_sys::GetNamedDSMSegment(name.as_ptr(), size_of::<Table>(), Some(clear), &raw mut found);
            &*memory.cast::<Table>()
        }
    })
}

/// Recycled memory is not empty.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn clear(memory: *mut c_void) {
    // SAFETY: a new segment of this size that nobody else has seen yet.
    unsafe { std::ptr::write_bytes(memory.cast::<u8>(), 0, size_of::<Table>()) }
}
