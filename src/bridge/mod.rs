//! The plumbing between PostgreSQL and the core, and the only unsafe code of this package.
//!
//! * [`call`]: arguments of a function, borrowed where they lie.
//! * [`varlena`]: detoasted values.
//! * [`array`]: arrays of numbers, read where they lie.
//! * [`row`]: a composite argument.
//! * [`value`]: what a function returns.
//! * [`rows`]: the result set of a set-returning function.
//! * [`projection`]: the columns of it that the statement uses.
//! * [`tuple`]: rows as tuples, formed on any thread.
//! * [`compute`]: the core's work on a private thread, while the main thread waits for it or for a cancel.
//! * [`allocator`]: where the memory of Rust code comes from.
//! * [`exit`]: what has to be in order before the process ends.
//! * [`planner`]: estimates of rows.
//! * [`window`], [`window_object`]: the partition of a window function.
//! * [`query`]: the rows of a query given as text.
//! * [`progress`]: how far each backend's call has come.
//! * [`ingest_call`]: calls of the ingest functions, which are written in SQL.
//! * [`stats`]: how often each function was called, and what came of it.
//! * [`scratch`]: memory for what PostgreSQL's functions leave behind.
//! * [`report`]: errors of the core as PostgreSQL errors.
//! * [`kept_error`]: errors of PostgreSQL on their way through Rust.
//! * [`log`]: lines of the server's log.

mod allocator;
mod array;
mod call;
mod compute;
mod exit;
mod ingest_call;
mod kept_error;
mod log;
mod planner;
mod progress;
mod projection;
mod query;
mod report;
mod row;
mod rows;
mod scratch;
mod stats;
mod tuple;
#[cfg(any(test, feature = "pg_test"))]
mod tuple_tests;
mod value;
mod varlena;
mod window;
mod window_object;

pub(crate) use call::{Call, Text};
pub(crate) use compute::{Work, compute};
#[cfg(any(test, feature = "pg_test"))]
pub(crate) use compute::{stream, without_new_threads};
pub(crate) use ingest_call::{Ended, begin, end};
pub(crate) use log::log_line;
pub(crate) use planner::{Constant, RowsRequest, no_answer};
pub(crate) use progress::running_calls;
pub(crate) use query::read_vectors;
pub(crate) use report::OrRaise;
pub(crate) use row::Row;
pub(crate) use rows::{stream_batches, stream_rows};
pub(crate) use stats::{COUNTED, CountedCall, counts, reset_counts, since};
pub(crate) use value::Value;
pub(crate) use varlena::Varlena;
pub(crate) use window::label_partition;

use pgrx::pg_sys;

/// What the planner's settings and this process's role say about running in parallel.
pub(crate) struct ParallelLimits {
    /// This process is a worker of a parallel query.
    pub is_worker: bool,
    /// Helpers that one plan node may have; 0 where parallel query is switched off.
    pub workers_per_gather: usize,
}

pub(crate) fn parallel_limits() -> ParallelLimits {
    // SAFETY: plain ints that only this, the main thread, changes.
    let (worker, total, per_gather) = unsafe {
        (
            pg_sys::ParallelWorkerNumber,
            pg_sys::max_parallel_workers,
            pg_sys::max_parallel_workers_per_gather,
        )
    };
    ParallelLimits {
        is_worker: worker >= 0,
        workers_per_gather: usize::try_from(total.min(per_gather)).unwrap_or(0),
    }
}

/// Makes a misspelt setting of ours an error instead of a placeholder.
pub(crate) fn reserve_setting_prefix(prefix: &std::ffi::CStr) {
    // SAFETY: a NUL-terminated string that PostgreSQL copies.
    unsafe { pg_sys::MarkGUCPrefixReserved(prefix.as_ptr()) }
}
