//! Lines of the server's log.

use std::ffi::{CString, c_char};

use pgrx::pg_sys;

// elog.h, which pgrx keeps to itself.
unsafe extern "C-unwind" {
    fn errstart(level: i32, domain: *const c_char) -> bool;
    fn errfinish(file: *const c_char, line: i32, function: *const c_char);
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
            errfinish(c"log.rs".as_ptr(), 0, c"log_line".as_ptr());
        }
    }
}
