//! Calls of the ingest functions, which are written in SQL: counted from their beginning to their end, or to the abort of
//! the transaction that they ran in.

use std::cell::RefCell;
use std::ffi::{CString, c_char, c_void};
use std::sync::Once;
use std::time::{Duration, Instant};

use pgrx::pg_sys;
use pgrx::pg_sys::SubXactEvent::{SUBXACT_EVENT_ABORT_SUB, SUBXACT_EVENT_COMMIT_SUB};
use pgrx::pg_sys::XactEvent::{XACT_EVENT_ABORT, XACT_EVENT_COMMIT, XACT_EVENT_PREPARE};
use reviewpro_core::jsonb;

use super::call::Call;
use super::stats::{self, Place};

// elog.h, which pgrx keeps to itself.
unsafe extern "C-unwind" {
    fn errstart(level: i32, domain: *const c_char) -> bool;
    fn errfinish(file: *const c_char, line: i32, function: *const c_char);
}

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

/// A row that the running function was given, by the numbers of its columns.
pub(crate) struct Row(pg_sys::HeapTupleHeader);

impl Row {
    /// A composite argument.
    pub(crate) fn of(call: &Call, index: usize) -> Option<Self> {
        // SAFETY: a detoasted composite value, which is a tuple with its header.
        call.pointer::<pg_sys::varlena>(index)
            .map(|value| Row(unsafe { pg_sys::pg_detoast_datum(value) }.cast()))
    }

    fn datum(&self, number: i16) -> Option<pg_sys::Datum> {
        let mut is_null = true;
        // SAFETY: a whole tuple; PostgreSQL raises for a number that its type does not have.
        let datum = unsafe { pg_sys::GetAttributeByNum(self.0, number, &raw mut is_null) };
        (!is_null).then_some(datum)
    }

    /// An `int4` column.
    pub(crate) fn i32(&self, number: i16) -> Option<i32> {
        self.datum(number).map(|datum| datum.value() as i32)
    }

    /// The number of elements of a `jsonb` column that is an array.
    pub(crate) fn elements(&self, number: i16) -> usize {
        let value = self.datum(number).map(|datum| {
            // SAFETY: the type's column is a jsonb, which lives as long as the row.
            unsafe { super::varlena::Varlena::aligned(datum) }
        });
        match value.as_deref().map(jsonb::Value::root) {
            Some(Ok(jsonb::Value::Array(array))) => array.len(),
            _ => 0,
        }
    }
}

/// Writes a line into the server's log, without the statement and its context.
pub(crate) fn log_line(text: &str) {
    let Ok(text) = CString::new(text) else { return };
    // SAFETY: the sequence that ereport() stands for, on the main thread; strings end in NUL, and "%s" takes one.
    unsafe {
        if errstart(pg_sys::LOG as i32, std::ptr::null()) {
            pg_sys::errmsg_internal(c"%s".as_ptr(), text.as_ptr());
            pg_sys::errhidestmt(true);
            pg_sys::errhidecontext(true);
            errfinish(c"ingest_call.rs".as_ptr(), 0, c"log_line".as_ptr());
        }
    }
}
