//! Calls of the ingest functions, which are written in SQL: counted from their beginning to their end, or to the abort of
//! the transaction that they ran in.

use std::cell::RefCell;
use std::ffi::c_void;
use std::sync::Once;
use std::time::{Duration, Instant};

use super::stats::{self, Place};
use pgrx::pg_sys;
use pgrx::pg_sys::SubXactEvent::{SUBXACT_EVENT_ABORT_SUB, SUBXACT_EVENT_COMMIT_SUB};
use pgrx::pg_sys::XactEvent::{XACT_EVENT_ABORT, XACT_EVENT_COMMIT, XACT_EVENT_PREPARE};

/// A call that has begun.
struct Open {
    function: &'static str,
    place: &'static Place,
    subtransaction: pg_sys::SubTransactionId,
    started: Instant,
    bytes: usize,
}

thread_local! {
    /// Those that have not ended, inner ones last.
    static OPEN: RefCell<Vec<Open>> = const { RefCell::new(Vec::new()) };
}

/// What is known of an ingest at its end.
pub(crate) struct Ended {
    pub function: &'static str,
    pub bytes: usize,
    pub took: Duration,
}

/// Begins a call of `function`.
pub(crate) fn begin(function: &str) {
    static CALLBACKS: Once = Once::new();
    CALLBACKS.call_once(|| {
        // SAFETY: on the main thread; this library is never unloaded.
        unsafe {
            pg_sys::RegisterXactCallback(Some(at_end_of_transaction), std::ptr::null_mut());
            pg_sys::RegisterSubXactCallback(Some(at_end_of_subtransaction), std::ptr::null_mut());
        }
    });
    let Some((function, place)) = stats::place_named(function) else {
        return;
    };
    // SAFETY: within a transaction, as every function is.
    let subtransaction = unsafe { pg_sys::GetCurrentSubTransactionId() };
    let open = Open {
        function,
        place,
        subtransaction,
        started: Instant::now(),
        bytes: 0,
    };
    OPEN.with_borrow_mut(|calls| calls.push(open));
}

/// Ends the call that began last; `None` if none has begun.
pub(crate) fn end(rows: usize) -> Option<Ended> {
    let open = OPEN.with_borrow_mut(Vec::pop)?;
    let took = open.started.elapsed();
    open.place.add(false, rows, open.bytes, took);
    Some(Ended {
        function: open.function,
        bytes: open.bytes,
        took,
    })
}

/// A function that was called by the open call has read so many bytes.
pub(super) fn has_read(bytes: usize) {
    OPEN.with_borrow_mut(|calls| {
        if let Some(open) = calls.last_mut() {
            open.bytes += bytes;
        }
    });
}

/// Counts the calls as failed that began in the subtransaction or in one within it.
fn fail(from: pg_sys::SubTransactionId) {
    OPEN.with_borrow_mut(|calls| {
        while let Some(open) = calls.pop_if(|open| open.subtransaction >= from) {
            open.place.add(true, 0, open.bytes, open.started.elapsed());
        }
    });
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn at_end_of_transaction(event: pg_sys::XactEvent::Type, _argument: *mut c_void) {
    match event {
        XACT_EVENT_ABORT => fail(0),
        XACT_EVENT_COMMIT | XACT_EVENT_PREPARE => OPEN.with_borrow_mut(Vec::clear),
        _ => (),
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn at_end_of_subtransaction(
    event: pg_sys::SubXactEvent::Type,
    own: pg_sys::SubTransactionId,
    parent: pg_sys::SubTransactionId,
    _argument: *mut c_void,
) {
    match event {
        SUBXACT_EVENT_ABORT_SUB => fail(own),
        SUBXACT_EVENT_COMMIT_SUB => OPEN.with_borrow_mut(|calls| {
            for open in calls.iter_mut().filter(|open| open.subtransaction >= own) {
                open.subtransaction = parent;
            }
        }),
        _ => (),
    }
}
