//! `embed_request`, `embed_wait` and `embed_defaults`: what of the extension's SQL needs the network, or the memory that backends share.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use pgrx::pg_extern;
use reviewpro_core::table::{Column, Type, Value as Cell};
use reviewpro_core::{Error, ErrorKind, Task};
use reviewpro_embed_core::client::Http;
use reviewpro_embed_core::clock::{Clock, SystemClock};
use reviewpro_embed_core::limits::{Limits, Shared};
use reviewpro_embed_core::pool::{Finished, Job, Means, run};
use reviewpro_embed_core::{Failure, FailureKind};

use crate::bridge::{Call, Value, Work, raise, shared_limits, stream_rows};
use crate::failure::{raise_failure, raise_failure_at};
use crate::settings;

const COLUMNS: &[Column] = &[
    Column::new("number", Type::Int),
    Column::new("embedding", Type::Reals),
    Column::new("error", Type::Text),
    Column::new("tokens", Type::BigInt),
    Column::new("requests", Type::Int),
];

/// What to do about a text that fails.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OnError {
    Raise,
    Null,
}

impl OnError {
    fn of(word: &str) -> Self {
        match word {
            "raise" => OnError::Raise,
            "null" => OnError::Null,
            _ => raise(
                Error::new(
                    ErrorKind::InvalidParameter,
                    format!("unknown on_error: \"{word}\""),
                )
                .hint("There are 'raise' and 'null'."),
            ),
        }
    }
}

/// `embed_request(inputs text[], model text, dimensions integer, on_error text, numbers integer[])`: a row for each text, with its
/// number out of `numbers`; a row without number tells of requests that were sent in vain.
#[pg_extern(sql = false)]
fn embed_request(call: Call) {
    let inputs = call.required("inputs", call.texts(0, "inputs"));
    let model = call.required("model", call.text(1)).to_owned();
    let dimensions = call.i32(2).map(|dimensions| {
        u32::try_from(dimensions)
            .ok()
            .filter(|count| *count > 0)
            .unwrap_or_else(|| {
                raise(Error::new(
                    ErrorKind::InvalidParameter,
                    format!("dimensions must be positive, not {dimensions}"),
                ))
            })
    });
    let on_error = OnError::of(&call.required("on_error", call.text(3)));
    let numbers = call.required("numbers", call.ints(4, "numbers"));
    if numbers.len() != inputs.len() {
        raise(Error::new(
            ErrorKind::ArrayShape,
            "inputs and numbers must have the same length",
        ))
    }
    let request = Request {
        inputs: &inputs,
        model: &model,
        dimensions,
        on_error,
        numbers: &numbers,
    };
    // Without texts the settings need not be right.
    let means = (!inputs.is_empty()).then(Prepared::new);
    let mut troubles = Troubles::default();
    let work = if inputs.is_empty() {
        Work::over(0)
    } else {
        Work::default()
    };
    stream_rows(&call, COLUMNS, work, |task, emit| match &means {
        Some(means) => request.send(means, task, &mut troubles, emit),
        None => Ok(()),
    });
    troubles.tell(on_error, inputs.len());
}

/// What requests need of this backend.
struct Prepared {
    settings: reviewpro_embed_core::Settings,
    client: Http,
    stopping: Arc<AtomicBool>,
    limits: &'static reviewpro_embed_core::limits::Table,
    per_minute: (u64, u64),
}

impl Prepared {
    fn new() -> Self {
        let settings = settings::read().unwrap_or_else(|failure| raise_failure(failure));
        let stopping = Arc::new(AtomicBool::new(false));
        let client = Http::new(&settings, stopping.clone()).unwrap_or_else(|failure| raise_failure(failure));
        Prepared {
            settings,
            client,
            stopping,
            limits: shared_limits(),
            per_minute: settings::per_minute(),
        }
    }
}

/// Texts that failed, or the failure of all.
#[derive(Default)]
struct Troubles {
    first: Option<(i32, Failure)>,
    count: usize,
}

impl Troubles {
    fn add(&mut self, number: i32, failure: &Failure) {
        self.count += 1;
        if self.first.as_ref().is_none_or(|(first, _)| number < *first) {
            self.first = Some((number, failure.clone()));
        }
    }

    /// Raises the first, or warns of all.
    fn tell(self, on_error: OnError, texts: usize) {
        let Some((number, failure)) = self.first else {
            return;
        };
        if on_error == OnError::Raise || failure.kind == FailureKind::Cancelled {
            raise_failure_at(failure, Some(number))
        }
        pgrx::warning!(
            "{} of {texts} texts were not embedded: the first is text {number}: {failure}",
            self.count
        );
    }
}

struct Request<'a> {
    inputs: &'a [String],
    model: &'a str,
    dimensions: Option<u32>,
    on_error: OnError,
    numbers: &'a [i32],
}

type Emit<'a> = dyn FnMut(&[Cell<'_>]) -> reviewpro_core::Result<()> + 'a;

impl Request<'_> {
    fn send(
        &self,
        prepared: &Prepared,
        task: &Task<'_>,
        troubles: &mut Troubles,
        emit: &mut Emit<'_>,
    ) -> reviewpro_core::Result<()> {
        let empty = Failure::new(FailureKind::Text, "the text is empty");
        for (text, number) in self.inputs.iter().zip(self.numbers) {
            if text.is_empty() {
                troubles.add(*number, &empty);
                emit(&row(Some(*number), Err(&empty.message), 0, 0))?;
            }
        }
        if troubles.count > 0 && self.on_error == OnError::Raise {
            return Ok(());
        }
        let (texts, numbers): (Vec<&str>, Vec<i32>) = self
            .inputs
            .iter()
            .zip(self.numbers)
            .filter(|(text, _)| !text.is_empty())
            .map(|(text, n)| (text.as_str(), *n))
            .unzip();
        let (requests_per_minute, tokens_per_minute) = prepared.per_minute;
        let limits = Shared {
            slot: prepared.limits.slot(
                &prepared.settings.endpoint.to_string(),
                self.model,
                SystemClock.now(),
            ),
            requests_per_minute,
            tokens_per_minute,
        };
        let means = Means {
            settings: &prepared.settings,
            client: &prepared.client,
            limits: &limits,
            clock: &SystemClock,
            stopping: &prepared.stopping,
            last_call: &AtomicBool::new(false),
        };
        let job = Job {
            model: self.model,
            dimensions: self.dimensions,
            texts: &texts,
        };
        let mut outcome = Ok(());
        let stopped = run(job, means, &|| task.stopped(), |part| {
            outcome = self.write(&part, &numbers, troubles, emit);
            if outcome.is_err() || (troubles.count > 0 && self.on_error == OnError::Raise) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        outcome?;
        stopped.map_err(|_| Error::cancelled())
    }

    fn write(
        &self,
        part: &Finished,
        numbers: &[i32],
        troubles: &mut Troubles,
        emit: &mut Emit<'_>,
    ) -> reviewpro_core::Result<()> {
        // Counted once for all texts of the part.
        let (mut tokens, mut requests) = (part.tokens as i64, part.requests as i32);
        let mut add = |number: Option<i32>, vector: Result<&[f32], &str>| {
            emit(&row(
                number,
                vector,
                std::mem::take(&mut tokens),
                std::mem::take(&mut requests),
            ))
        };
        let numbers = numbers.get(part.texts.clone()).unwrap_or_default();
        if numbers.is_empty() {
            return add(None, Ok(&[]));
        }
        match &part.outcome {
            Ok(vectors) => numbers
                .iter()
                .zip(vectors)
                .try_for_each(|(number, vector)| add(Some(*number), Ok(vector))),
            Err(failure) => {
                let told = failure.to_string();
                numbers.iter().try_for_each(|number| {
                    troubles.add(*number, failure);
                    add(Some(*number), Err(&told))
                })
            }
        }
    }
}

fn row<'a>(
    number: Option<i32>,
    vector: Result<&'a [f32], &'a str>,
    tokens: i64,
    requests: i32,
) -> [Cell<'a>; 5] {
    let (embedding, error) = match (number, vector) {
        (Some(_), Ok(vector)) => (Cell::Reals(vector), Cell::Null),
        (Some(_), Err(failure)) => (Cell::Null, Cell::Text(failure)),
        (None, _) => (Cell::Null, Cell::Null),
    };
    [
        number.map_or(Cell::Null, Cell::Int),
        embedding,
        error,
        Cell::BigInt(tokens),
        Cell::Int(requests),
    ]
}

/// `embed_wait(endpoint text, model text, tokens bigint)`: takes the turn of a request from the limits that all sessions share, and
/// returns 0; or the seconds to wait before asking again.
#[pg_extern(sql = false)]
fn embed_wait(call: Call) -> Value {
    let endpoint = call.required("endpoint", call.text(0));
    let model = call.required("model", call.text(1));
    let tokens = u64::try_from(call.required("tokens", call.i64(2))).unwrap_or(0);
    let (requests_per_minute, tokens_per_minute) = settings::per_minute();
    let now = SystemClock.now();
    let limits = Shared {
        slot: shared_limits().slot(&endpoint, &model, now),
        requests_per_minute,
        tokens_per_minute,
    };
    Value::f64(limits.take(tokens, now).as_secs_f64())
}

/// `embed_defaults()`: one row of settings that the extension's SQL needs.
#[pg_extern(sql = false)]
fn embed_defaults(call: Call) {
    const COLUMNS: &[Column] = &[
        Column::new("model", Type::Text),
        Column::new("is_cached", Type::Bool),
        Column::new("tokens_per_minute", Type::Int),
    ];
    let (model, is_cached, (_, tokens_per_minute)) =
        (settings::model(), settings::is_cached(), settings::per_minute());
    let tokens_per_minute = i32::try_from(tokens_per_minute).unwrap_or(i32::MAX);
    stream_rows(&call, COLUMNS, Work::over(0), |_, emit| {
        emit(&[
            Cell::Text(&model),
            Cell::Bool(is_cached),
            Cell::Int(tokens_per_minute),
        ])
    });
}
