//! The core's work on a private thread, while the main thread waits for it or for a cancel.
//!
//! PostgreSQL's state belongs to the main thread, and so do its signal handlers: the coordinator thread is
//! started with every signal blocked, and the threads that the core starts from there inherit that. The main
//! thread takes finished batches, and every few milliseconds serves PostgreSQL's interrupts: cancels and timeouts,
//! and what other backends ask for. An ERROR unwinds, and waits for the threads; a FATAL ends the process without
//! unwinding, so the threads are ended by what is registered for that.

use std::cell::{Cell, RefCell};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread::ScopedJoinHandle;
use std::time::Duration;

use pgrx::pg_sys;
use reviewpro_core::progress::Phase;
use reviewpro_core::{Error, Result, Task};

use super::allocator;
use super::exit::BeforeExit;
use super::progress::Shown;
use super::report::OrRaise;
use crate::settings;

/// How long the main thread sleeps between two looks at the interrupt flags.
const POLL: Duration = Duration::from_millis(4);
/// Batches on their way from the core to the main thread.
const BATCHES_AHEAD: usize = 4;

/// Blocks all signals of this thread, and of threads started meanwhile, until dropped.
struct SignalsBlocked(libc::sigset_t);

impl SignalsBlocked {
    fn new() -> Self {
        // SAFETY: plain C structures that the three calls fill.
        unsafe {
            let (mut all, mut before) = (std::mem::zeroed(), std::mem::zeroed());
            libc::sigfillset(&raw mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
            SignalsBlocked(before)
        }
    }
}

impl Drop for SignalsBlocked {
    fn drop(&mut self) {
        // SAFETY: the mask that was in force before.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, std::ptr::null_mut()) };
    }
}

/// Shows the extension's wait event in `pg_stat_activity`, until dropped.
struct WaitEvent;

impl WaitEvent {
    fn start() -> Self {
        static EVENT: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
        // SAFETY: on the main thread; the name is a NUL-terminated constant.
        let event =
            *EVENT.get_or_init(|| unsafe { pg_sys::WaitEventExtensionNew(settings::WAIT_EVENT.as_ptr()) });
        Self::set(event);
        WaitEvent
    }

    fn set(event: u32) {
        // SAFETY: always points at this backend's slot, or at a local dummy.
        unsafe { pg_sys::my_wait_event_info.write_volatile(event) }
    }
}

impl Drop for WaitEvent {
    fn drop(&mut self) {
        Self::set(0);
    }
}

/// Raises the flag when the main thread leaves, however it leaves: an ERROR must not wait for a full computation.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The query was cancelled, or this backend is to end: for work on the main thread, which any of its threads may ask.
fn interrupted() -> bool {
    // SAFETY: flags that signal handlers set.
    unsafe {
        (&raw const pg_sys::InterruptPending).read_volatile() != 0
            && [
                &raw const pg_sys::QueryCancelPending,
                &raw const pg_sys::ProcDiePending,
                &raw const pg_sys::TransactionTimeoutPending,
                &raw const pg_sys::ClientConnectionLost,
            ]
            .into_iter()
            .any(|flag| flag.read_volatile() != 0)
    }
}

fn postmaster_is_gone() -> bool {
    // SAFETY: two globals that are fixed once the backend has started, and a system call without arguments.
    unsafe { pg_sys::IsUnderPostmaster && libc::getppid() != pg_sys::PostmasterPid }
}

/// The frame of small work that has to be done on the main thread, which already holds `held` bytes for this call.
pub(super) fn main_thread_task(held: usize) -> Task<'static> {
    Task::new(1, settings::memory().saturating_sub(held), &interrupted)
}

/// What is known of a computation before it begins.
#[derive(Clone, Copy, Default)]
pub(crate) struct Work {
    held: usize,
    light: bool,
}

impl Work {
    /// Input of so few bytes is done with before a thread has started.
    const LIGHT: usize = 64 << 10;

    /// The caller holds so many bytes that count as memory of this call.
    pub(crate) fn holding(bytes: usize) -> Self {
        Work {
            held: bytes,
            ..Work::default()
        }
    }

    /// The work is proportional to so many bytes.
    pub(crate) fn over(bytes: usize) -> Self {
        Work {
            light: bytes <= Self::LIGHT,
            ..Work::default()
        }
    }
}

/// Runs `job` beside the main thread and returns its result, or raises its error.
pub(crate) fn compute<T: Send>(work: Work, job: impl FnOnce(&Task<'_>) -> Result<T> + Send) -> T {
    stream(work, |task, _| job(task), |(): ()| {})
}

/// Runs `job` beside the main thread, which feeds `consume` with the batches that `job` emits.
pub(crate) fn stream<B: Send, T: Send>(
    work: Work,
    job: impl FnOnce(&Task<'_>, &mut dyn FnMut(B) -> Result<()>) -> Result<T> + Send,
    mut consume: impl FnMut(B),
) -> T {
    pgrx::check_for_interrupts!();
    if work.light {
        return on_main_thread(&main_thread_task(work.held), job, consume);
    }
    let (threads, memory) = (settings::threads(), settings::memory().saturating_sub(work.held));
    let stop = AtomicBool::new(false);
    // A thread that cannot be started would take the job with it.
    let job = Mutex::new(Some(job));
    let take_job = || job.lock().ok().and_then(|mut job| job.take());

    let shown = Shown::begin(Phase::Computing, 0);
    let progress = shown.progress();
    let _emptied = GiveBackMemory;
    let outcome = std::thread::scope(|scope| {
        let _stop = StopOnDrop(&stop);
        let (sender, batches) = sync_channel::<B>(BATCHES_AHEAD);
        let coordinator = {
            let _masked = SignalsBlocked::new();
            let (stop, take_job) = (&stop, &take_job);
            std::thread::Builder::new()
                .name("reviewpro".into())
                .spawn_scoped(scope, move || {
                    let job = take_job()?;
                    let stopped = || stop.load(Ordering::Relaxed);
                    let mut emit = |batch| sender.send(batch).map_err(|_| Error::cancelled());
                    let task = Task::new(threads, memory, &stopped).with_progress(progress);
                    Some(job(&task, &mut emit))
                })
        };
        let (batches, coordinator) = (RefCell::new(Some(batches)), Cell::new(Some(coordinator.ok()?)));
        // A sender that waits for room must fail, not wait for ever.
        let join = || {
            drop(batches.take());
            coordinator.take().map(ScopedJoinHandle::join)
        };
        let end = || {
            stop.store(true, Ordering::Relaxed);
            join();
        };
        let end: &dyn Fn() = &end;
        let _before_exit = BeforeExit::run(&end);
        let _waiting = WaitEvent::start();
        let mut polls = 0_u32;
        loop {
            let received = batches
                .borrow()
                .as_ref()
                .map_or(Err(RecvTimeoutError::Disconnected), |batches| {
                    batches.recv_timeout(POLL)
                });
            match received {
                Ok(batch) => consume(batch),
                Err(RecvTimeoutError::Timeout) => {
                    polls = polls.wrapping_add(1);
                    if polls.is_multiple_of(256) && postmaster_is_gone() {
                        stop.store(true, Ordering::Relaxed);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
            pgrx::check_for_interrupts!();
        }
        join()?.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });

    pgrx::check_for_interrupts!();
    match outcome {
        Some(result) => result.or_raise(),
        // No thread to be had: the same work here, by the same rules.
        None => {
            let task = main_thread_task(work.held).with_progress(progress);
            on_main_thread(&task, take_job().expect("the job was not started"), consume)
        }
    }
}

/// Gives back what the computation has freed, when dropped.
struct GiveBackMemory;

impl Drop for GiveBackMemory {
    fn drop(&mut self) {
        allocator::give_back();
    }
}

/// Runs `job` on the main thread, which looks for a cancel whenever the job does.
fn on_main_thread<B, T>(
    task: &Task<'_>,
    job: impl FnOnce(&Task<'_>, &mut dyn FnMut(B) -> Result<()>) -> Result<T>,
    mut consume: impl FnMut(B),
) -> T {
    let mut emit = |batch| {
        consume(batch);
        Ok(())
    };
    let result = job(task, &mut emit);
    pgrx::check_for_interrupts!();
    result.or_raise()
}

/// Runs `work` in a process that may start no thread.
#[cfg(any(test, feature = "pg_test"))]
pub(crate) fn without_new_threads<T>(work: impl FnOnce() -> T) -> T {
    // SAFETY: a plain C structure that the call fills, and is given back.
    unsafe {
        let mut limit: libc::rlimit = std::mem::zeroed();
        libc::getrlimit(libc::RLIMIT_NPROC, &raw mut limit);
        let before = limit.rlim_cur;
        limit.rlim_cur = 1;
        libc::setrlimit(libc::RLIMIT_NPROC, &raw const limit);
        let result = work();
        limit.rlim_cur = before;
        libc::setrlimit(libc::RLIMIT_NPROC, &raw const limit);
        result
    }
}
