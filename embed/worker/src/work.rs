//! Claims texts, embeds them, and tells the queue what has become of each as soon as it is known.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use postgres::Error;
use reviewpro_embed_core::client::Http;
use reviewpro_embed_core::clock::{Clock, SystemClock};
use reviewpro_embed_core::pool::{Finished, Job, Means, run};
use reviewpro_embed_core::{Failure, FailureKind};

use crate::options::Options;
use crate::queue::{Claimed, Queue, SharedLimits, connect};

/// What keeps the worker from going on.
#[derive(Debug)]
pub enum Trouble {
    /// The database, which may come back.
    Database(Error),
    /// Something that no second attempt helps against.
    Settings(Failure),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Trouble::Database(error)
    }
}

/// Works until `last_call` is set, or, with `--drain`, until nothing is waiting.
pub fn work(options: &Options, last_call: &AtomicBool) -> Result<(), Trouble> {
    let mut queue = Queue::new(connect(&options.database)?);
    let endpoint = options.settings.endpoint.to_string();
    let mut limits = SharedLimits::new(connect(&options.database)?, endpoint, queue.tokens_per_minute()?);
    while !last_call.load(Ordering::Relaxed) {
        let begun = Instant::now();
        match queue.claim(options.claim, options.lease)? {
            Some((lease, texts)) => {
                let mut claim = Claim {
                    options,
                    queue: &mut queue,
                    lease,
                    // The rest is for giving back what is left.
                    end: begun + options.lease.mul_f64(0.9),
                };
                let outcome = claim.embed_all(texts, &mut limits, last_call);
                // Also after an error, which may have been one of the endpoint.
                let released = claim.queue.release(&claim.lease)?;
                if released > 0 {
                    eprintln!("{released} texts went back to the queue");
                }
                outcome?;
            }
            None if options.drain && !queue.is_waiting()? => break,
            None => SystemClock.sleep(options.poll, &|| last_call.load(Ordering::Relaxed)),
        }
    }
    Ok(())
}

/// Texts that are ours for a while.
struct Claim<'a> {
    options: &'a Options,
    queue: &'a mut Queue,
    lease: String,
    end: Instant,
}

impl Claim<'_> {
    fn embed_all(
        &mut self,
        texts: Vec<Claimed>,
        limits: &mut SharedLimits,
        last_call: &AtomicBool,
    ) -> Result<(), Trouble> {
        let mut groups: BTreeMap<(String, i32), Vec<Claimed>> = BTreeMap::new();
        for text in texts {
            groups
                .entry((text.model.clone(), text.dimensions))
                .or_default()
                .push(text);
        }
        for ((model, dimensions), texts) in groups {
            limits.for_model(&model);
            self.embed(&model, dimensions, texts, limits, last_call)?;
        }
        Ok(())
    }

    /// Texts of one model.
    fn embed(
        &mut self,
        model: &str,
        dimensions: i32,
        texts: Vec<Claimed>,
        limits: &SharedLimits,
        last_call: &AtomicBool,
    ) -> Result<(), Trouble> {
        let (empty, texts): (Vec<Claimed>, Vec<Claimed>) =
            texts.into_iter().partition(|text| text.input.is_empty());
        if !empty.is_empty() {
            let ids: Vec<i64> = empty.iter().map(|text| text.id).collect();
            self.queue
                .fail(&self.lease, &ids, "the text is empty", None, true)?;
        }
        // Equal texts are embedded once.
        let mut places: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for text in texts {
            match text.embedding {
                Some(vector) => {
                    self.queue.complete(&self.lease, &[text.id], &vector, 0, 0)?;
                }
                None => places.entry(text.input).or_default().push(text.id),
            }
        }
        let (texts, ids): (Vec<&str>, Vec<&[i64]>) = places
            .iter()
            .map(|(text, ids)| (text.as_str(), ids.as_slice()))
            .unzip();
        let stopping = Arc::new(AtomicBool::new(false));
        let settings = &self.options.settings;
        let client = Http::new(settings, stopping.clone()).map_err(Trouble::Settings)?;
        let means = Means {
            settings,
            client: &client,
            limits,
            clock: &SystemClock,
            stopping: &stopping,
            last_call,
        };
        let job = Job {
            model,
            dimensions: u32::try_from(dimensions).ok().filter(|count| *count > 0),
            texts: &texts,
        };
        let end = self.end;
        let mut outcome = Ok(());
        // A stop is the end of the lease: what is left is released.
        let _ = run(job, means, &|| Instant::now() >= end, |part| {
            outcome = self.tell(&part, &ids);
            if outcome.is_ok() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        outcome
    }

    fn tell(&mut self, part: &Finished, ids: &[&[i64]]) -> Result<(), Trouble> {
        let rows = ids.get(part.texts.clone()).unwrap_or_default();
        match &part.outcome {
            Ok(vectors) => {
                let (mut all, mut values) = (Vec::new(), Vec::new());
                for (ids, vector) in rows.iter().zip(vectors) {
                    for id in *ids {
                        all.push(*id);
                        values.extend_from_slice(vector);
                    }
                }
                let tokens = i64::try_from(part.tokens).unwrap_or(i64::MAX);
                let requests = i32::try_from(part.requests).unwrap_or(i32::MAX);
                if !all.is_empty() {
                    self.queue
                        .complete(&self.lease, &all, &values, tokens, requests)?;
                }
            }
            // Released in the end.
            Err(failure) if failure.kind == FailureKind::Cancelled => {}
            Err(failure) if failure.concerns_all() => return Err(Trouble::Settings(failure.clone())),
            Err(failure) => {
                let ids: Vec<i64> = rows.iter().flat_map(|ids| ids.iter().copied()).collect();
                let permanent = !failure.is_temporary;
                self.queue.fail(
                    &self.lease,
                    &ids,
                    &failure.to_string(),
                    retry_after(failure),
                    permanent,
                )?;
            }
        }
        Ok(())
    }
}

fn retry_after(failure: &Failure) -> Option<Duration> {
    failure
        .retry_after
        .map(|time| time.min(Duration::from_secs(86_400)))
}
