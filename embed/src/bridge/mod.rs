//! The plumbing between PostgreSQL and the core, and the only unsafe code of this package: files of `reviewpro_pg`'s bridge,
//! compiled here a second time, and what is needed beside them.

// The other extension uses more of its files.
#![allow(dead_code)]

#[path = "../../../src/bridge/allocator.rs"]
mod allocator;
#[path = "../../../src/bridge/array.rs"]
mod array;
#[path = "../../../src/bridge/call.rs"]
mod call;
#[path = "../../../src/bridge/compute.rs"]
mod compute;
#[path = "../../../src/bridge/exit.rs"]
mod exit;
#[path = "../../../src/bridge/kept_error.rs"]
mod kept_error;
mod limits;
#[path = "../../../src/bridge/progress.rs"]
mod progress;
#[path = "../../../src/bridge/projection.rs"]
mod projection;
#[path = "../../../src/bridge/report.rs"]
mod report;
#[path = "../../../src/bridge/rows.rs"]
mod rows;
#[path = "../../../src/bridge/tuple.rs"]
mod tuple;
#[path = "../../../src/bridge/value.rs"]
mod value;
#[path = "../../../src/bridge/varlena.rs"]
mod varlena;
#[path = "../../../src/bridge/window_object.rs"]
mod window_object;

pub(crate) use call::Call;
pub(crate) use compute::Work;
pub(crate) use limits::shared_limits;
pub(crate) use report::{raise, raise_as};
pub(crate) use rows::stream_rows;
pub(crate) use value::Value;

use pgrx::pg_sys;

/// Makes a misspelt setting of ours an error instead of a placeholder.
pub(crate) fn reserve_setting_prefix(prefix: &std::ffi::CStr) {
    // SAFETY: a NUL-terminated string that PostgreSQL copies.
    unsafe { pg_sys::MarkGUCPrefixReserved(prefix.as_ptr()) }
}
