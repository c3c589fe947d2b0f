//! Errors of PostgreSQL on their way through Rust, whole. pgrx's report has no field for an SQLSTATE of the user's own, the
//! context, or the names of objects: they are kept beside it, and put back when the report becomes an error again.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr::null_mut;

use pgrx::{PgLogLevel, pg_sys};

// elog.h, of which pgrx keeps these to itself. They change the error that is being raised, and raise none.
unsafe extern "C-unwind" {
    fn errcode(code: c_int) -> c_int;
    fn errcontext_msg(format: *const c_char, ...) -> c_int;
}

/// Calls PostgreSQL by `call`, which does nothing else and may run functions of the user. An error keeps all that it says.
pub(super) fn keeping_errors<T>(call: impl FnOnce() -> T) -> T {
    // SAFETY: on the main thread. The callback points to this frame, and is taken off the stack of callbacks before the frame
    // is left, in whatever way.
    unsafe {
        let mut kept = Kept {
            callback: pg_sys::ErrorContextCallback {
                previous: pg_sys::error_context_stack,
                callback: Some(keep),
                arg: null_mut(),
            },
            context: pg_sys::CurTransactionContext,
            amendment: null_mut(),
        };
        let kept = &raw mut kept;
        (*kept).callback.arg = kept.cast();
        pg_sys::error_context_stack = &raw mut (*kept).callback;
        let _leaving = Leaving(kept);
        call()
    }
}

/// What passes a call.
struct Kept {
    callback: pg_sys::ErrorContextCallback,
    /// Where errors are kept: what the transaction, or the block whose failure ends it, takes with it.
    context: pg_sys::MemoryContext,
    /// The callback that puts the last error back, whose argument it is; null while there was none.
    amendment: *mut pg_sys::ErrorContextCallback,
}

/// PostgreSQL asks for the context of whatever it reports during the call: the time to look at it.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn keep(kept: *mut c_void) {
    // SAFETY: the argument of the callback, whose frame is still there; an error is being raised, so it can be copied. What a
    // function has caught is replaced by what comes after it.
    unsafe {
        let kept = kept.cast::<Kept>();
        let error = copy((*kept).context);
        if (*error).elevel < PgLogLevel::ERROR as c_int {
            return pg_sys::FreeErrorData(error);
        }
        // Reserved here, since nothing may fail while the error unwinds.
        if (*kept).amendment.is_null() {
            let size = size_of::<pg_sys::ErrorContextCallback>();
            (*kept).amendment = pg_sys::MemoryContextAllocZero((*kept).context, size).cast();
        }
        let amendment = (*kept).amendment;
        let old = (*amendment).arg.cast::<pg_sys::ErrorData>();
        amendment.write(pg_sys::ErrorContextCallback {
            previous: (*kept).callback.previous,
            callback: Some(amend),
            arg: error.cast(),
        });
        if !old.is_null() {
            pg_sys::FreeErrorData(old);
        }
    }
}

/// A copy of the error that is being raised.
///
/// # Safety
/// For callbacks of an error.
unsafe fn copy(context: pg_sys::MemoryContext) -> *mut pg_sys::ErrorData {
    // SAFETY: of a live context; an error is being raised.
    unsafe {
        let before = pg_sys::MemoryContextSwitchTo(context);
        let error = pg_sys::CopyErrorData();
        pg_sys::MemoryContextSwitchTo(before);
        error
    }
}

struct Leaving(*mut Kept);

impl Drop for Leaving {
    fn drop(&mut self) {
        // SAFETY: the frame of `keeping_errors` is the caller. When it unwinds, the panic is the error that was kept last, and pgrx
        // will report it: by then the amendment is on the stack of callbacks, from where whoever catches the error takes it.
        unsafe {
            let kept = &*self.0;
            let is_failing = std::thread::panicking() && !kept.amendment.is_null();
            pg_sys::error_context_stack = if is_failing {
                kept.amendment
            } else {
                kept.callback.previous
            };
        }
    }
}

/// Puts back what pgrx's report does not hold.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn amend(error: *mut c_void) {
    // SAFETY: the error that was kept, in memory that is there until the error has been caught.
    unsafe {
        let error = &*error.cast::<pg_sys::ErrorData>();
        if !is_raised(error) {
            return;
        }
        errcode(error.sqlerrcode);
        if !error.context.is_null() {
            errcontext_msg(c"%s".as_ptr(), error.context);
        }
        if !error.internalquery.is_null() {
            pg_sys::internalerrquery(error.internalquery);
            pg_sys::internalerrposition(error.internalpos);
        }
        for (field, name) in [
            (pg_sys::PG_DIAG_SCHEMA_NAME, error.schema_name),
            (pg_sys::PG_DIAG_TABLE_NAME, error.table_name),
            (pg_sys::PG_DIAG_COLUMN_NAME, error.column_name),
            (pg_sys::PG_DIAG_DATATYPE_NAME, error.datatype_name),
            (pg_sys::PG_DIAG_CONSTRAINT_NAME, error.constraint_name),
        ] {
            if !name.is_null() {
                pg_sys::err_generic_string(c_int::from(field), CStr::from_ptr(name).as_ptr());
            }
        }
    }
}

/// Whether this is the error that is being raised. An error that a block raises again (`RAISE;`) is not shown to callbacks: what was
/// kept may be another one, caught meanwhile.
///
/// # Safety
/// For callbacks of an error.
unsafe fn is_raised(error: &pg_sys::ErrorData) -> bool {
    // SAFETY: an error is being raised, so it can be copied; its strings end with NUL, or are not there.
    unsafe {
        let raised = copy(error.assoc_context);
        let text = |text: *const c_char| (!text.is_null()).then(|| CStr::from_ptr(text));
        let is_same = (*raised).lineno == error.lineno
            && text((*raised).message) == text(error.message)
            && text((*raised).filename) == text(error.filename);
        pg_sys::FreeErrorData(raised);
        is_same
    }
}
