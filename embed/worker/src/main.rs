//! `reviewpro-embed-worker`: embeds the texts of the queue of `reviewpro_embed`, outside the database.

mod options;
mod queue;
mod work;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use options::{HELP, Options};
use reviewpro_embed_core::clock::{Clock, SystemClock};
use work::{Trouble, work};

/// Longest wait before another attempt to reach the database.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--help") {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    if arguments.iter().any(|argument| argument == "--version") {
        println!("{}", env!("CARGO_PKG_VERSION"));
        return ExitCode::SUCCESS;
    }
    let last_call = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        // A second signal ends the process at once; the lease will end then.
        let _ = signal_hook::flag::register_conditional_default(signal, last_call.clone());
        let _ = signal_hook::flag::register(signal, last_call.clone());
    }
    match Options::read(arguments.into_iter()) {
        Ok(options) => keep_working(&options, &last_call),
        Err(mistake) => {
            eprintln!("{mistake}\nSee --help.");
            ExitCode::from(2)
        }
    }
}

/// Comes back to a database that was away.
fn keep_working(options: &Options, last_call: &AtomicBool) -> ExitCode {
    let mut wait = Duration::from_secs(1);
    loop {
        match work(options, last_call) {
            Ok(()) => return ExitCode::SUCCESS,
            Err(Trouble::Settings(failure)) => {
                eprintln!("{failure}");
                return ExitCode::FAILURE;
            }
            Err(Trouble::Database(error)) => {
                eprintln!("{}", told(&error));
                // Who waits for the end of the queue is told.
                if options.drain || last_call.load(Ordering::Relaxed) {
                    return ExitCode::FAILURE;
                }
                SystemClock.sleep(wait, &|| last_call.load(Ordering::Relaxed));
                wait = (2 * wait).min(LONGEST_WAIT);
            }
        }
    }
}

/// The database's own words, without the statement.
fn told(error: &postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => format!("the database: {} ({})", error.message(), error.code().code()),
        None => format!("the database: {error}"),
    }
}
