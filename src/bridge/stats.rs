//! How often each function was called, and what came of it, in shared memory that needs no preload.
//!
//! A function is counted when it takes [`CountedCall`] in place of [`Call`]: its end counts, whether it returns or
//! leaves by an ERROR. Those that take less than a microsecond take [`Call`], and are not.

use std::ffi::{CStr, CString, c_void};
use std::ops::Deref;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use pgrx::callconv::{Arg, ArgAbi};
use pgrx::pg_sys;
use pgrx::pgrx_sql_entity_graph::metadata::{
    ArgumentError, ReturnsError, ReturnsRef, SqlMappingRef, SqlTranslatable, TypeOrigin,
};

use super::call::Call;
use super::ingest_call;

/// The functions that are counted, by their names in SQL; all overloads of a name together.
pub(crate) const COUNTED: [&str; 25] = [
    "assign_clusters",
    "cluster_agglomerative",
    "cluster_dbscan",
    "cluster_embeddings",
    "cluster_kmeans",
    "cluster_map",
    "cluster_members",
    "cluster_query",
    "cluster_report",
    "cluster_summaries",
    "fingerprint_findings",
    "ingest_findings",
    "ingest_objects",
    "ingest_results",
    "ingest_sarif",
    "render_findings_report",
    "sarif_findings",
    "sarif_line_hashes",
    "sarif_rules",
    "sarif_runs",
    "sarif_summary",
    "sarif_validate",
    "silhouette_samples",
    "silhouette_score",
    "suggest_eps",
];

/// What is counted of one function. On a cache line of its own: many backends write it.
#[repr(C, align(64))]
pub(super) struct Place {
    calls: AtomicU64,
    errors: AtomicU64,
    rows: AtomicU64,
    bytes: AtomicU64,
    nanoseconds: AtomicU64,
}

impl Place {
    /// A call has ended, in an error or with so many rows.
    pub(super) fn add(&self, failed: bool, rows: usize, bytes: usize, took: Duration) {
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let amounts = [1, u64::from(failed), rows as u64, bytes as u64, nanoseconds];
        for (counter, amount) in self.counters().into_iter().zip(amounts) {
            counter.fetch_add(amount, Ordering::Relaxed);
        }
    }

    fn counters(&self) -> [&AtomicU64; 5] {
        [
            &self.calls,
            &self.errors,
            &self.rows,
            &self.bytes,
            &self.nanoseconds,
        ]
    }
}

/// The shared memory. Zeroed bytes are a valid one, and only atomics are ever changed.
#[repr(C)]
struct Shared {
    /// Microseconds since 2000-01-01 00:00 UTC, as PostgreSQL counts.
    since: AtomicI64,
    places: [Place; COUNTED.len()],
}

/// `None` where there is no shared memory: in single-user mode.
fn shared() -> Option<&'static Shared> {
    static SHARED: OnceLock<Option<&'static Shared>> = OnceLock::new();
    *SHARED.get_or_init(|| {
        // Libraries of two versions may run side by side; a segment cannot have two sizes.
        let name = format!(
            "reviewpro_stats_{}_{}",
            env!("CARGO_PKG_VERSION"),
            size_of::<Shared>()
        );
        let name = CString::new(name).ok()?;
        // SAFETY: globals that are fixed once the backend has started. The segment outlives every backend that has
        // attached to it, and is as large as was asked for.
        unsafe {
            if !pg_sys::IsUnderPostmaster {
                return None;
            }
            let mut found = false;
            let memory =
                pg_sys::GetNamedDSMSegment(name.as_ptr(), size_of::<Shared>(), Some(clear), &raw mut found);
            memory.cast::<Shared>().as_ref()
        }
    })
}

/// Recycled memory is not empty.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn clear(memory: *mut c_void) {
    // SAFETY: a new segment of this size that nobody else has seen yet.
    unsafe {
        std::ptr::write_bytes(memory.cast::<u8>(), 0, size_of::<Shared>());
        (*memory.cast::<Shared>()).since = AtomicI64::new(pg_sys::GetCurrentTimestamp());
    }
}

/// The place of the function that `fcinfo` calls; `None` for one that the SQL has under another name.
fn place(fcinfo: pg_sys::FunctionCallInfo) -> Option<&'static Place> {
    // SAFETY: the `fcinfo` of the running function, on the main thread; the name is a palloc'd copy, freed here.
    unsafe {
        let function = (*fcinfo).flinfo.as_ref()?;
        let name = pg_sys::get_func_name(function.fn_oid);
        if name.is_null() {
            return None;
        }
        let found = CStr::from_ptr(name).to_str().ok().and_then(place_named);
        pg_sys::pfree(name.cast());
        found.map(|(_, place)| place)
    }
}

/// The place of the function of that name, and the name.
pub(super) fn place_named(name: &str) -> Option<(&'static str, &'static Place)> {
    let number = COUNTED.iter().position(|counted| *counted == name)?;
    Some((COUNTED.get(number)?, shared()?.places.get(number)?))
}

/// A call that is counted when it ends.
pub(crate) struct CountedCall {
    call: Call,
    place: Option<&'static Place>,
    started: Instant,
}

impl CountedCall {
    pub(super) fn of(fcinfo: pg_sys::FunctionCallInfo) -> Self {
        CountedCall {
            call: Call::of(fcinfo),
            place: place(fcinfo),
            started: Instant::now(),
        }
    }

    /// Whether the function returns rows.
    fn returns_set(&self) -> bool {
        // SAFETY: the `fcinfo` of the running function.
        unsafe { (*self.call.fcinfo()).flinfo.as_ref() }.is_some_and(|function| function.fn_retset)
    }
}

impl Deref for CountedCall {
    type Target = Call;

    fn deref(&self) -> &Call {
        &self.call
    }
}

impl Drop for CountedCall {
    fn drop(&mut self) {
        let Some(place) = self.place else { return };
        let (bytes, rows) = self.call.amounts();
        // An ERROR unwinds.
        let failed = std::thread::panicking();
        let rows = match (failed, rows) {
            (true, _) => 0,
            (false, 0) if !self.returns_set() => 1,
            (false, rows) => rows,
        };
        place.add(failed, rows, bytes, self.started.elapsed());
        ingest_call::has_read(bytes);
    }
}

// SAFETY: as for `Call`.
unsafe impl<'fcx> ArgAbi<'fcx> for CountedCall {
    unsafe fn unbox_arg_unchecked(arg: Arg<'_, 'fcx>) -> Self {
        // SAFETY: as for pgrx's own virtual argument, which this wraps.
        CountedCall::of(unsafe { pg_sys::FunctionCallInfo::unbox_arg_unchecked(arg) })
    }

    fn is_virtual_arg() -> bool {
        true
    }
}

// SAFETY: never appears in SQL.
unsafe impl SqlTranslatable for CountedCall {
    const TYPE_IDENT: &'static str = pgrx::pgrx_resolved_type!(CountedCall);
    const TYPE_ORIGIN: TypeOrigin = TypeOrigin::External;
    const ARGUMENT_SQL: Result<SqlMappingRef, ArgumentError> = Ok(SqlMappingRef::Skip);
    const RETURN_SQL: Result<ReturnsRef, ReturnsError> = Err(ReturnsError::Datum);
}

/// What was counted of one function since the last reset.
#[derive(Default)]
pub(crate) struct Counts {
    pub calls: u64,
    pub errors: u64,
    pub rows: u64,
    pub bytes: u64,
    pub nanoseconds: u64,
}

/// What was counted, in the order of [`COUNTED`].
pub(crate) fn counts() -> Vec<Counts> {
    let places = shared().map_or(&[][..], |shared| &shared.places);
    let counts = |place: &Place| {
        let [calls, errors, rows, bytes, nanoseconds] =
            place.counters().map(|counter| counter.load(Ordering::Relaxed));
        Counts {
            calls,
            errors,
            rows,
            bytes,
            nanoseconds,
        }
    };
    places.iter().map(counts).collect()
}

/// Begins to count anew. Calls that end meanwhile may be counted in part.
pub(crate) fn reset_counts() {
    let Some(shared) = shared() else { return };
    for place in &shared.places {
        for counter in place.counters() {
            counter.store(0, Ordering::Relaxed);
        }
    }
    // SAFETY: reads the clock.
    shared
        .since
        .store(unsafe { pg_sys::GetCurrentTimestamp() }, Ordering::Relaxed);
}

/// When counting began: microseconds since 1970-01-01 00:00 UTC.
pub(crate) fn since() -> Option<i64> {
    let since = shared()?.since.load(Ordering::Relaxed);
    Some(since.saturating_add(super::tuple::UNIX_TO_POSTGRES))
}
