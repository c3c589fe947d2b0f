//! How far each backend's call has come, in shared memory that needs no preload: one place per backend.

use std::ffi::c_void;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, Ordering};

use pgrx::pg_sys;
use reviewpro_core::progress::{Phase, Progress};

/// The place of one backend. On a cache line of its own: its threads write it often.
#[repr(C, align(64))]
struct Place {
    /// The backend's process, or 0 while no call runs.
    pid: AtomicI32,
    progress: Progress,
}

/// The places of all backends, by process number.
fn places() -> &'static [Place] {
    static PLACES: OnceLock<&'static [Place]> = OnceLock::new();
    PLACES.get_or_init(|| {
        // SAFETY: plain globals that are fixed once the backend has started. The segment outlives every backend that
        // has attached to it; zeroed bytes are valid places, and only atomics are ever changed.
        unsafe {
            if !pg_sys::IsUnderPostmaster {
                return &[];
            }
            let mut found = false;
            // Another layout would need another name.
            let name = c"reviewpro_progress_v1";
            let memory =
                pg_sys::GetNamedDSMSegment(name.as_ptr(), size_of_all(), Some(clear), &raw mut found);
            std::slice::from_raw_parts(memory.cast(), count())
        }
    })
}

fn count() -> usize {
    // SAFETY: fixed once the backend has started.
    usize::try_from(unsafe { pg_sys::MaxBackends }).unwrap_or(0)
}

fn size_of_all() -> usize {
    count() * size_of::<Place>()
}

/// Recycled memory is not empty.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn clear(memory: *mut c_void) {
    // SAFETY: a new segment of this size that nobody else has seen yet.
    unsafe { std::ptr::write_bytes(memory.cast::<u8>(), 0, size_of_all()) }
}

/// This backend's place.
fn own_place() -> Option<&'static Place> {
    // SAFETY: fixed once the backend has started.
    let number = usize::try_from(unsafe { pg_sys::MyProcNumber }).ok()?;
    places().get(number)
}

/// Shows no call of this backend any more: it ends.
pub(super) fn clear_own() {
    if let Some(place) = own_place() {
        place.pid.store(0, Ordering::Relaxed);
    }
}

/// Shows this backend's call until dropped. A call within a call hides the outer one meanwhile.
pub(super) struct Shown {
    place: Option<&'static Place>,
    before: (i32, Progress),
}

impl Shown {
    /// Begins a call or a phase of it, of `total` steps; 0 if their number is not known.
    pub(super) fn begin(phase: Phase, total: usize) -> Self {
        super::exit::watch();
        let place = own_place();
        let mut before = (0, Progress::default());
        if let Some(place) = place {
            before = (place.pid.load(Ordering::Relaxed), place.progress.copy());
            place.progress.begin(phase, total as u64);
            // SAFETY: fixed once the backend has started.
            place.pid.store(unsafe { pg_sys::MyProcPid }, Ordering::Relaxed);
        }
        Shown { place, before }
    }

    /// Where the call writes.
    pub(super) fn progress(&self) -> Option<&'static Progress> {
        self.place.map(|place| &place.progress)
    }

    pub(super) fn advance(&self, steps: usize) {
        if let Some(progress) = self.progress() {
            progress.advance(steps as u64);
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            let (pid, progress) = &self.before;
            place.progress.set(progress);
            place.pid.store(*pid, Ordering::Relaxed);
        }
    }
}

/// The running calls of all backends: process, phase, and the share of it that is done.
pub(crate) fn running_calls() -> Vec<(i32, Phase, Option<f64>)> {
    let call = |place: &Place| {
        let pid = place.pid.load(Ordering::Relaxed);
        let (phase, share) = place.progress.read();
        (pid != 0).then_some((pid, phase, share))
    };
    places().iter().filter_map(call).collect()
}
