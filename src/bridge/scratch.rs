//! Memory for what PostgreSQL's functions leave behind while many rows are read in one call.

use pgrx::pg_sys;

/// A memory context of its own, emptied by [`Scratch::reset`].
pub(super) struct Scratch(pg_sys::MemoryContext);

/// The memory context that was current, put back when dropped.
struct Switched(pg_sys::MemoryContext);

impl Drop for Switched {
    fn drop(&mut self) {
        // SAFETY: on the main thread; the context outlives this call.
        unsafe { pg_sys::CurrentMemoryContext = self.0 }
    }
}

impl Scratch {
    /// A child of the current context, which frees it should this call end by an error.
    pub(super) fn new() -> Self {
        // SAFETY: on the main thread; the name is a constant.
        Scratch(unsafe {
            pg_sys::AllocSetContextCreateInternal(
                pg_sys::CurrentMemoryContext,
                c"reviewpro rows".as_ptr(),
                pg_sys::ALLOCSET_DEFAULT_MINSIZE as usize,
                pg_sys::ALLOCSET_DEFAULT_INITSIZE as usize,
                pg_sys::ALLOCSET_DEFAULT_MAXSIZE as usize,
            )
        })
    }

    /// Runs `work`, whose allocations last until the next reset.
    pub(super) fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        // SAFETY: on the main thread; the context lives as long as `self`.
        let _switched = unsafe {
            let before = pg_sys::CurrentMemoryContext;
            pg_sys::CurrentMemoryContext = self.0;
            Switched(before)
        };
        work()
    }

    pub(super) fn reset(&self) {
        // SAFETY: nothing that was allocated in it is used after a reset.
        unsafe { pg_sys::MemoryContextReset(self.0) }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // An error ends with the parent context, and so with this one.
        if !std::thread::panicking() {
            // SAFETY: not current: `run` puts back what was.
            unsafe { pg_sys::MemoryContextDelete(self.0) }
        }
    }
}
