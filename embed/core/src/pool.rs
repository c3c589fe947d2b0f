//! Many requests at once, with retries.
//!
//! Threads take requests in the order of the texts. One that the server refuses for what is in it is halved until the text at
//! fault is alone, so that the others get their vectors.

use std::collections::VecDeque;
use std::ops::{ControlFlow, Range};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use crate::batch::{divide, estimated_tokens};
use crate::client::{self, Post, Reply};
use crate::clock::Clock;
use crate::limits::Limits;
use crate::{Failure, FailureKind, Result, Settings, message, retry};

/// How often the caller's wish to stop is looked at.
const POLL: Duration = Duration::from_millis(5);
/// A server that wants to be left alone for longer than this is left alone for good.
pub const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Requests beyond the planned ones that one call may spend on finding the texts at fault.
const SEARCHES: u32 = 64;

/// What is to be embedded.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The model's name.
    pub model: &'a str,
    /// The length of the vectors, where the model leaves a choice.
    pub dimensions: Option<u32>,
    /// None of them empty.
    pub texts: &'a [&'a str],
}

/// What requests need.
#[derive(Clone, Copy)]
pub struct Means<'a> {
    /// How they are divided, and repeated.
    pub settings: &'a Settings,
    /// Sends them.
    pub client: &'a dyn Post,
    /// Says when they may go.
    pub limits: &'a dyn Limits,
    /// Waits between them.
    pub clock: &'a dyn Clock,
    /// Set by [`run`] when all has to end; the client looks at it too.
    pub stopping: &'a AtomicBool,
    /// Once it is set no further request begins; those on their way end by themselves, and the other texts count as cancelled.
    pub last_call: &'a AtomicBool,
}

/// What has become of some of the texts.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// Which.
    pub texts: Range<usize>,
    /// Their vectors in order, or what is wrong with all of them.
    pub outcome: Result<Vec<Vec<f32>>>,
    /// Tokens that the server has counted, or an estimate where it does not count.
    pub tokens: u64,
    /// Requests that were sent, in vain or not.
    pub requests: u32,
}

/// Embeds all texts, and hands each finished part to `done` on the calling thread, in any order; every text is part of exactly
/// one, unless `done` breaks off. Ends soon after `stop` says so.
///
/// # Errors
/// [`FailureKind::Cancelled`] after a stop.
pub fn run(
    job: Job<'_>,
    means: Means<'_>,
    stop: &(dyn Fn() -> bool + Sync),
    mut done: impl FnMut(Finished) -> ControlFlow<()>,
) -> Result<()> {
    let lengths: Vec<usize> = job.texts.iter().map(|text| text.len()).collect();
    let settings = means.settings;
    let most_tokens = settings.max_tokens.min(means.limits.most_tokens());
    let batches = divide(&lengths, settings.max_inputs, most_tokens);
    let threads = settings.concurrency.min(batches.len());
    let pool = Pool {
        job,
        means,
        batches: Mutex::new(batches.into()),
        searches: AtomicU32::new(SEARCHES),
        hopeless: Mutex::new(None),
    };
    let mut broken_off = false;
    std::thread::scope(|scope| {
        let _stop = StopOnDrop(means.stopping);
        let (sender, finished) = channel();
        let mut started = 0;
        for _ in 0..threads {
            let (pool, sender) = (&pool, sender.clone());
            let thread = std::thread::Builder::new().name("reviewpro embed".into());
            started += usize::from(thread.spawn_scoped(scope, move || pool.work(&sender)).is_ok());
        }
        if started == 0 {
            // No thread to be had: one request after the other, here.
            pool.work(&sender);
        }
        drop(sender);
        loop {
            match finished.recv_timeout(POLL) {
                Ok(part) => {
                    if !broken_off && done(part).is_break() {
                        broken_off = true;
                        means.stopping.store(true, Ordering::Relaxed);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if stop() {
                means.stopping.store(true, Ordering::Relaxed);
            }
        }
    });
    if stop() { Err(Failure::cancelled()) } else { Ok(()) }
}

/// Raises the flag when the caller leaves, however it leaves.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Pool<'a> {
    job: Job<'a>,
    means: Means<'a>,
    batches: Mutex<VecDeque<Range<usize>>>,
    /// Requests that may still be spent on finding texts at fault.
    searches: AtomicU32,
    /// A failure that no request will escape.
    hopeless: Mutex<Option<Failure>>,
}

impl Pool<'_> {
    /// No further request is to begin.
    fn is_over(&self) -> bool {
        self.means.stopping.load(Ordering::Relaxed) || self.means.last_call.load(Ordering::Relaxed)
    }

    fn work(&self, sender: &Sender<Finished>) {
        while let Some(batch) = self.next() {
            self.embed(batch, sender);
        }
    }

    fn next(&self) -> Option<Range<usize>> {
        self.batches.lock().ok()?.pop_front()
    }

    /// One batch, in halves where that helps.
    fn embed(&self, batch: Range<usize>, sender: &Sender<Finished>) {
        let mut left = vec![batch];
        while let Some(texts) = left.pop() {
            let (mut requests, hopeless) = (0, self.hopeless());
            let outcome = match hopeless {
                Some(failure) => Err(failure),
                None => self.request(texts.clone(), &mut requests),
            };
            let (outcome, tokens) = match outcome {
                Ok((vectors, tokens)) => (Ok(vectors), tokens),
                Err(failure) => {
                    if failure.concerns_all() {
                        self.give_up(&failure);
                    }
                    if texts.len() > 1 && failure.may_be_one_text() && self.may_search() {
                        let middle = texts.start + texts.len().div_ceil(2);
                        left.extend([middle..texts.end, texts.start..middle]);
                        // The requests in vain are told with the first half.
                        let _ = sender.send(Finished {
                            texts: texts.start..texts.start,
                            outcome: Ok(Vec::new()),
                            tokens: 0,
                            requests,
                        });
                        continue;
                    }
                    (Err(failure), 0)
                }
            };
            let part = Finished {
                texts,
                outcome,
                tokens,
                requests,
            };
            // The receiver outlives all threads.
            let _ = sender.send(part);
        }
    }

    fn hopeless(&self) -> Option<Failure> {
        if self.is_over() {
            return Some(Failure::cancelled());
        }
        self.hopeless.lock().ok()?.clone()
    }

    fn give_up(&self, failure: &Failure) {
        if let Ok(mut hopeless) = self.hopeless.lock() {
            hopeless.get_or_insert_with(|| failure.clone());
        }
    }

    fn may_search(&self) -> bool {
        let take_two = |left: u32| left.checked_sub(2);
        self.searches
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take_two)
            .is_ok()
    }

    /// One request, repeated where that may help; counts how often it was sent.
    fn request(&self, texts: Range<usize>, requests: &mut u32) -> Result<(Vec<Vec<f32>>, u64)> {
        let Means { settings, clock, .. } = self.means;
        let input = self.job.texts.get(texts).unwrap_or_default();
        let tokens = input.iter().map(|text| estimated_tokens(text.len())).sum();
        let body = message::request(self.job.model, self.job.dimensions, input, settings.encoding);
        loop {
            self.wait_for_turn(tokens)?;
            *requests += 1;
            let failure = match self
                .post(body.clone())
                .and_then(|reply| self.read(&reply, input.len()))
            {
                Ok((vectors, counted)) => return Ok((vectors, counted.unwrap_or(tokens))),
                Err(failure) => failure,
            };
            let wait = failure
                .retry_after
                .unwrap_or_else(|| retry::backoff(*requests, clock.chance()));
            if !failure.is_temporary || *requests >= settings.attempts || wait > LONGEST_WAIT {
                return Err(failure);
            }
            if failure.kind == FailureKind::RateLimited && failure.retry_after.is_some() {
                self.means.limits.pause_until(clock.now() + wait);
            }
            clock.sleep(wait, &|| self.is_over());
        }
    }

    fn wait_for_turn(&self, tokens: u64) -> Result<()> {
        let Means { clock, limits, .. } = self.means;
        loop {
            if self.is_over() {
                return Err(Failure::cancelled());
            }
            let wait = limits.take(tokens, clock.now());
            if wait.is_zero() {
                return Ok(());
            }
            clock.sleep(wait, &|| self.is_over());
        }
    }

    fn post(&self, body: Vec<u8>) -> Result<Reply> {
        let clock = self.means.clock;
        let reply = self.means.client.post(body, clock.now())?;
        if let Some(wait) = reply.used_up {
            self.means
                .limits
                .pause_until(clock.now() + wait.min(LONGEST_WAIT));
        }
        Ok(reply)
    }

    fn read(&self, reply: &Reply, texts: usize) -> Result<(Vec<Vec<f32>>, Option<u64>)> {
        if reply.status == 200 {
            message::vectors(&reply.body, texts, self.job.dimensions)
        } else {
            Err(client::of_status(reply, self.means.settings))
        }
    }
}

#[cfg(test)]
mod tests;
