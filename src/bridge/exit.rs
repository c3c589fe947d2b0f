//! What has to be in order before this process ends. A FATAL error ends it by `proc_exit`, which does not unwind.

use std::ffi::{c_int, c_void};
use std::marker::PhantomData;
use std::ptr::null_mut;
use std::sync::Once;
use std::sync::atomic::{AtomicPtr, Ordering};

use pgrx::pg_sys;

use super::progress;

/// Points to the action of the running computation, on the main thread's stack.
static ACTION: AtomicPtr<c_void> = AtomicPtr::new(null_mut());

type Action<'a> = &'a dyn Fn();

/// Has an action done before the process ends, until dropped. Actions do not nest: threads run beside one call at a time.
pub(super) struct BeforeExit<'a>(PhantomData<Action<'a>>);

impl<'a> BeforeExit<'a> {
    pub(super) fn run(action: &'a Action<'a>) -> Self {
        watch();
        let action: *const Action<'_> = action;
        ACTION.store(action.cast_mut().cast(), Ordering::Relaxed);
        BeforeExit(PhantomData)
    }
}

impl Drop for BeforeExit<'_> {
    fn drop(&mut self) {
        ACTION.store(null_mut(), Ordering::Relaxed);
    }
}

/// From now on the end of this process is noticed.
pub(super) fn watch() {
    static WATCHED: Once = Once::new();
    // SAFETY: on the main thread; a function that lives as long as the process.
    WATCHED.call_once(|| unsafe { pg_sys::before_shmem_exit(Some(at_exit), pg_sys::Datum::from(0)) });
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn at_exit(_code: c_int, _argument: pg_sys::Datum) {
    let action: *const Action<'_> = ACTION.swap(null_mut(), Ordering::Relaxed).cast();
    // SAFETY: what is there has not been dropped: its frame is below this one on the main thread's stack.
    if let Some(action) = unsafe { action.as_ref() } {
        action();
    }
    progress::clear_own();
}
