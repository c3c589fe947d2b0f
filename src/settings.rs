//! The settings `reviewpro.max_threads`, `reviewpro.max_memory` and `reviewpro.log_ingest`.

use std::num::NonZero;
use std::sync::OnceLock;

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting};

use crate::bridge;

/// What `pg_stat_activity` shows of a backend that waits for a computation.
pub(crate) const WAIT_EVENT: &std::ffi::CStr = c"ReviewproCompute";
/// A backend that computes with more threads than this helps nobody.
const MAX_THREADS: i32 = 64;
/// In MB; 1 TB.
const MAX_MEMORY: i32 = 1 << 20;

static THREADS: GucSetting<i32> = GucSetting::<i32>::new(0);
static MEMORY: GucSetting<i32> = GucSetting::<i32>::new(1024);
static LOG_INGEST: GucSetting<bool> = GucSetting::<bool>::new(false);

pub(crate) fn register() {
    GucRegistry::define_int_guc(
        c"reviewpro.max_threads",
        c"Threads that one call may compute with.",
        c"0 chooses: the processors at hand, at most max_parallel_workers_per_gather + 1. Results never depend on it.",
        &THREADS,
        0,
        MAX_THREADS,
        GucContext::Userset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"reviewpro.max_memory",
        c"Memory that one call may hold beside its arguments.",
        c"What needs more is refused with SQLSTATE 53200 before it begins.",
        &MEMORY,
        1,
        MAX_MEMORY,
        GucContext::Userset,
        GucFlags::UNIT_MB,
    );
    GucRegistry::define_bool_guc(
        c"reviewpro.log_ingest",
        c"Writes a line into the server's log for every ingest.",
        c"A JSON object of ids, counts, bytes and seconds; nothing of what the findings say.",
        &LOG_INGEST,
        GucContext::Suset,
        GucFlags::default(),
    );
    bridge::reserve_setting_prefix(c"reviewpro");
}

/// Threads for one call: 1 in a parallel worker, which already is one of several.
pub(crate) fn threads() -> usize {
    let limit = bridge::parallel_limits();
    if limit.is_worker {
        return 1;
    }
    // Asking reads files of the system's: once is enough.
    static PROCESSORS: OnceLock<usize> = OnceLock::new();
    let processors = *PROCESSORS.get_or_init(|| std::thread::available_parallelism().map_or(1, NonZero::get));
    match usize::try_from(THREADS.get()) {
        Ok(chosen @ 1..) => chosen,
        _ => processors.min(limit.workers_per_gather + 1),
    }
}

/// Bytes for one call.
pub(crate) fn memory() -> usize {
    usize::try_from(MEMORY.get()).unwrap_or(1) << 20
}

/// Whether every ingest is to leave a line in the server's log.
pub(crate) fn log_ingest() -> bool {
    LOG_INGEST.get()
}
