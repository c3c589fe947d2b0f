//! The pool against servers that are functions, and a clock that does not wait.

use std::sync::atomic::AtomicU64;

use proptest::prelude::*;

use super::*;
use crate::limits::{Shared, Slot};

/// Every sleep moves it, and nothing else does.
#[derive(Default)]
struct FakeClock(AtomicU64);

impl Clock for FakeClock {
    fn now(&self) -> Duration {
        Duration::from_secs(1_000_000) + Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }

    fn sleep(&self, time: Duration, _: &dyn Fn() -> bool) {
        self.0.fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
    }

    fn chance(&self) -> f64 {
        0.5
    }
}

/// Answers a request, given its number and texts.
struct FakeServer<F> {
    answer: F,
    requests: AtomicU32,
}

impl<F: Fn(u32, &[String]) -> Result<Reply> + Sync> Post for FakeServer<F> {
    fn post(&self, body: Vec<u8>, _: Duration) -> Result<Reply> {
        let document: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let texts: Vec<String> = serde_json::from_value(document["input"].clone()).unwrap();
        (self.answer)(self.requests.fetch_add(1, Ordering::Relaxed), &texts)
    }
}

fn status(status: u16) -> Result<Reply> {
    Ok(Reply {
        status,
        ..Reply::default()
    })
}

/// The vector of a text is its length.
fn right(texts: &[String]) -> Result<Reply> {
    let data: Vec<_> = texts
        .iter()
        .enumerate()
        .rev()
        .map(|(i, text)| format!(r#"{{"index":{i},"embedding":[{}]}}"#, text.len()))
        .collect();
    Ok(Reply {
        body: format!(
            r#"{{"data":[{}],"usage":{{"prompt_tokens":{}}}}}"#,
            data.join(","),
            texts.len()
        )
        .into(),
        ..status(200)?
    })
}

#[derive(Default)]
struct Seen {
    vectors: Vec<Option<f32>>,
    failures: Vec<(usize, Failure)>,
    tokens: u64,
    requests: u32,
    waited: Duration,
}

fn embed(
    texts: &[&str],
    settings: &Settings,
    answer: impl Fn(u32, &[String]) -> Result<Reply> + Sync,
) -> Seen {
    let (clock, slot, stopping) = (FakeClock::default(), Slot::default(), AtomicBool::new(false));
    let limits = Shared {
        slot: &slot,
        requests_per_minute: 0,
        tokens_per_minute: 0,
    };
    let client = FakeServer {
        answer,
        requests: AtomicU32::new(0),
    };
    let means = Means {
        settings,
        client: &client,
        limits: &limits,
        clock: &clock,
        stopping: &stopping,
        last_call: &AtomicBool::new(false),
    };
    let job = Job {
        model: "m",
        dimensions: None,
        texts,
    };
    let mut seen = Seen {
        vectors: vec![None; texts.len()],
        ..Seen::default()
    };
    let mut parts = vec![0; texts.len()];
    let began = clock.now();
    run(job, means, &|| false, |part| {
        part.texts.clone().for_each(|i| parts[i] += 1);
        match part.outcome {
            Ok(vectors) => {
                assert_eq!(vectors.len(), part.texts.len());
                part.texts
                    .zip(vectors)
                    .for_each(|(i, vector)| seen.vectors[i] = Some(vector[0]));
            }
            Err(failure) => seen.failures.extend(part.texts.map(|i| (i, failure.clone()))),
        }
        seen.tokens += part.tokens;
        seen.requests += part.requests;
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(parts.iter().all(|count| *count == 1), "{parts:?}");
    assert_eq!(seen.requests, client.requests.load(Ordering::Relaxed));
    seen.failures.sort_by_key(|(i, _)| *i);
    seen.waited = clock.now() - began;
    seen
}

fn settings(max_inputs: usize, concurrency: usize) -> Settings {
    Settings {
        max_inputs,
        concurrency,
        ..Settings::new("https://localhost/").unwrap()
    }
}

#[test]
fn nothing_is_no_request() {
    let seen = embed(&[], &settings(10, 3), |_, _| panic!("asked"));
    assert_eq!((seen.requests, seen.tokens), (0, 0));
}

#[test]
fn a_temporary_failure_is_repeated() {
    let seen = embed(&["a", "bb"], &settings(10, 3), |number, texts| match number {
        0 => status(500),
        1 => Err(Failure::temporary(FailureKind::Connection, "gone")),
        2 => Ok(Reply {
            body: b"{".to_vec(),
            ..status(200)?
        }),
        _ => right(texts),
    });
    assert_eq!(seen.vectors, [Some(1.0), Some(2.0)]);
    assert_eq!((seen.requests, seen.tokens), (4, 2));
    assert!(seen.waited > Duration::from_millis(500), "{:?}", seen.waited);
}

#[test]
fn attempts_come_to_an_end() {
    let seen = embed(&["a", "b"], &settings(10, 3), |_, _| status(503));
    assert_eq!(seen.requests, 5);
    assert_eq!(seen.failures.len(), 2);
    assert_eq!(seen.failures[0].1.status, Some(503));
}

#[test]
fn the_server_says_when_to_come_back() {
    let later = |seconds| {
        move |number: u32, texts: &[String]| match number {
            0 => Ok(Reply {
                retry_after: Some(Duration::from_secs(seconds)),
                ..status(429)?
            }),
            _ => right(texts),
        }
    };
    let seen = embed(&["a"], &settings(10, 3), later(7));
    assert_eq!(
        (seen.vectors, seen.waited),
        (vec![Some(1.0)], Duration::from_secs(7))
    );
    // Too long to wait for.
    let seen = embed(&["a"], &settings(10, 3), later(3600));
    assert_eq!(seen.requests, 1);
    assert_eq!(seen.failures[0].1.retry_after, Some(Duration::from_secs(3600)));
}

#[test]
fn used_up_limits_are_waited_for() {
    let seen = embed(&["a", "b"], &settings(1, 1), |_, texts| {
        Ok(Reply {
            used_up: Some(Duration::from_secs(5)),
            ..right(texts)?
        })
    });
    assert_eq!(seen.vectors, [Some(1.0), Some(1.0)]);
    assert!(seen.waited >= Duration::from_secs(5), "{:?}", seen.waited);
}

#[test]
fn what_concerns_all_ends_all() {
    let texts = vec!["a"; 1000];
    let seen = embed(&texts, &settings(1, 2), |_, _| status(401));
    assert_eq!(seen.failures.len(), 1000);
    assert!(seen.requests <= 2, "{}", seen.requests);
}

#[test]
fn the_search_for_a_text_at_fault_is_bounded() {
    let texts = vec!["bad"; 5000];
    let seen = embed(&texts, &settings(1000, 2), |_, _| status(400));
    assert_eq!(seen.failures.len(), 5000);
    assert!(seen.requests <= 5 + SEARCHES, "{}", seen.requests);
}

#[test]
fn a_break_ends_all() {
    let (clock, slot, stopping) = (FakeClock::default(), Slot::default(), AtomicBool::new(false));
    let limits = Shared {
        slot: &slot,
        requests_per_minute: 0,
        tokens_per_minute: 0,
    };
    let client = FakeServer {
        answer: |_, texts: &[String]| {
            std::thread::sleep(Duration::from_millis(1));
            right(texts)
        },
        requests: AtomicU32::new(0),
    };
    let settings = settings(1, 2);
    let means = Means {
        settings: &settings,
        client: &client,
        limits: &limits,
        clock: &clock,
        stopping: &stopping,
        last_call: &AtomicBool::new(false),
    };
    let texts = vec!["a"; 1000];
    let job = Job {
        model: "m",
        dimensions: None,
        texts: &texts,
    };
    assert_eq!(run(job, means, &|| false, |_| ControlFlow::Break(())), Ok(()));
    assert!(client.requests.load(Ordering::Relaxed) < 900);
    stopping.store(false, Ordering::Relaxed);
    let stopped = run(job, means, &|| true, |_| ControlFlow::Continue(())).unwrap_err();
    assert_eq!(stopped.kind, FailureKind::Cancelled);
}

#[test]
fn after_the_last_call_nothing_begins() {
    let last_call = AtomicBool::new(false);
    let (clock, slot, stopping) = (FakeClock::default(), Slot::default(), AtomicBool::new(false));
    let limits = Shared {
        slot: &slot,
        requests_per_minute: 0,
        tokens_per_minute: 0,
    };
    let client = FakeServer {
        answer: |_, texts: &[String]| {
            last_call.store(true, Ordering::Relaxed);
            right(texts)
        },
        requests: AtomicU32::new(0),
    };
    let settings = settings(1, 1);
    let means = Means {
        settings: &settings,
        client: &client,
        limits: &limits,
        clock: &clock,
        stopping: &stopping,
        last_call: &last_call,
    };
    let job = Job {
        model: "m",
        dimensions: None,
        texts: &["a", "b", "c"],
    };
    let mut parts = Vec::new();
    let outcome = run(job, means, &|| false, |part| {
        parts.push((part.texts.start, part.outcome.map_err(|failure| failure.kind)));
        ControlFlow::Continue(())
    });
    assert_eq!(outcome, Ok(()));
    parts.sort_by_key(|(start, _)| *start);
    let cancelled = Err(FailureKind::Cancelled);
    assert_eq!(
        parts,
        [(0, Ok(vec![vec![1.0]])), (1, cancelled.clone()), (2, cancelled)]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn every_text_gets_its_own_vector_or_failure(
        lengths in prop::collection::vec(1_usize..40, 0..60), bad in prop::collection::hash_set(0_usize..60, 0..4),
        max_inputs in 1_usize..30, concurrency in 1_usize..5, failing in 0_u32..3,
    ) {
        let texts: Vec<String> =
            lengths.iter().enumerate().map(|(i, length)| if bad.contains(&i) { "!".repeat(*length) } else { "x".repeat(*length) }).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let seen = embed(&texts, &settings(max_inputs, concurrency), |number, texts| {
            if number < failing {
                status(500)
            } else if texts.iter().any(|text| text.starts_with('!')) {
                status(400)
            } else {
                right(texts)
            }
        });
        for (i, text) in texts.iter().enumerate() {
            let expected = if text.starts_with('!') { None } else { Some(text.len() as f32) };
            prop_assert_eq!(seen.vectors[i], expected);
        }
        let failed: Vec<usize> = seen.failures.iter().map(|(i, _)| *i).collect();
        prop_assert_eq!(failed, (0..texts.len()).filter(|i| texts[*i].starts_with('!')).collect::<Vec<_>>());
    }
}
