//! Reads a generated log and prints how long it takes: `sarif_speed [text|jsonb] [megabytes] [threads] [rounds]`.

#[path = "generate/mod.rs"]
mod generate;

use std::time::Instant;

use reviewpro_core::jsonb::Tree;
use reviewpro_core::sarif::{Options, Source, findings_in_batches};
use reviewpro_core::table::{Batch, Rows, Value};
use reviewpro_core::{Result, Task};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let format = arguments.next().unwrap_or_else(|| "text".to_owned());
    let mut number = |default: usize| {
        arguments
            .next()
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let (megabytes, threads, rounds) = (number(100), number(2), number(5));
    let text = generate::log(megabytes << 20);
    println!("{} bytes of text, peak {} MB", text.len(), peak());
    let payload = match format.as_str() {
        "jsonb" => Some(Tree::parse(&text)?.encode()?),
        "write" => {
            std::fs::write("/dev/stdout", &text).expect("stdout");
            return Ok(());
        }
        _ => None,
    };
    let source = payload
        .as_ref()
        .map_or(Source::Text(&text), |payload| Source::Jsonb(payload.as_bytes()));
    let task = Task::new(threads, usize::MAX, &|| false);
    for _ in 0..rounds {
        let start = Instant::now();
        let mut bytes = Bytes(0);
        let statistics = findings_in_batches(source, &Options::default(), &task, &mut bytes)?;
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "{} rows in {seconds:.3} s, {} bytes of text columns, peak {} MB",
            statistics.rows,
            bytes.0,
            peak()
        );
    }
    Ok(())
}

/// Adds up what the text columns hold.
struct Bytes(usize);

impl Batch for Bytes {
    fn push(&mut self, row: &[Value<'_>]) -> Result<()> {
        let lengths = row.iter().map(|value| match value {
            Value::Text(text) => text.len(),
            _ => 0,
        });
        self.0 += lengths.sum::<usize>();
        Ok(())
    }

    fn is_full(&self) -> bool {
        false
    }
}

impl Rows for Bytes {
    type Batch = Bytes;

    fn maker(&self) -> impl Fn() -> Bytes + Sync + use<> {
        || Bytes(0)
    }

    fn deliver(&mut self, batch: Bytes) -> Result<()> {
        self.0 += batch.0;
        Ok(())
    }
}

/// The most memory that this process has held, in megabytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap_or_default();
    line.split_whitespace()
        .nth(1)
        .and_then(|kilobytes| kilobytes.parse().ok())
        .unwrap_or(0)
        / 1024
}
