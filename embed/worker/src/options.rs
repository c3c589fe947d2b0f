//! What the worker is told: by options of the command line, or by environment variables of the same names.

use std::path::PathBuf;
use std::time::Duration;

use reviewpro_embed_core::settings::{Encoding, defaults};
use reviewpro_embed_core::{Secret, Settings, address};

/// The environment variable that holds the key, unless it is in a file. There is no option for it: others could see it.
const KEY_VARIABLE: &str = "REVIEWPRO_EMBED_KEY";

/// Shown by `--help`, and the list of what there is.
pub const HELP: &str = "\
Embeds the texts of the queue of reviewpro_embed.

Usage: reviewpro-embed-worker --database 'host=... dbname=...' --endpoint https://.../v1/embeddings [option value]...

Each option may be an environment variable instead: --ca-file is REVIEWPRO_EMBED_CA_FILE. The endpoint's key is read
from the file that --key-file names, or from REVIEWPRO_EMBED_KEY.

  --database          connection string, or postgresql:// URL
  --endpoint          the URL that requests are posted to
  --key-file          the file that holds the key
  --key-header        authorization (bearer token), or a header such as api-key
  --allowed-networks  private networks that the endpoint may be in, such as 10.0.0.0/8
  --ca-file           certificates of authorities, PEM; else the system's
  --concurrency       requests at once (10)
  --max-inputs        texts of one request (100)
  --max-tokens        tokens of one request, as estimated (300000)
  --timeout           seconds to wait for one reply (30)
  --attempts          how often a request is sent before its failure counts (5)
  --encoding          base64 or float
  --claim             texts that are claimed at once (1000)
  --lease             seconds until others may claim them (300)
  --poll              seconds between two looks at an empty queue (1)
  --show-messages     on: the queue's errors show what the endpoint says, which may repeat texts
  --drain             on: end when nothing is waiting any more

SIGTERM and SIGINT: requests on their way are finished, what has not begun goes back to the queue.
";

/// What the worker is told.
#[derive(Debug)]
pub struct Options {
    /// Where the queue is.
    pub database: String,
    /// What requests need.
    pub settings: Settings,
    /// Texts that are claimed at once.
    pub claim: i32,
    /// Until others may claim them.
    pub lease: Duration,
    /// Between two looks at an empty queue.
    pub poll: Duration,
    /// Ends when nothing is waiting.
    pub drain: bool,
}

/// The value of an option, given as `--name value`, `--name=value`, or in the environment.
struct Given(Vec<(String, String)>);

impl Given {
    fn read(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut arguments = arguments;
        let mut given = Vec::new();
        while let Some(argument) = arguments.next() {
            let name = argument
                .strip_prefix("--")
                .ok_or_else(|| format!("not an option: {argument}"))?;
            let (name, value) = match name.split_once('=') {
                Some((name, value)) => (name.to_owned(), value.to_owned()),
                None => (
                    name.to_owned(),
                    arguments
                        .next()
                        .ok_or_else(|| format!("--{name} needs a value"))?,
                ),
            };
            if !HELP.contains(&format!("  --{name} ")) {
                return Err(format!("unknown option --{name}"));
            }
            given.push((name, value));
        }
        Ok(Given(given))
    }

    fn get(&self, name: &str) -> Option<String> {
        let variable = format!("REVIEWPRO_EMBED_{}", name.to_ascii_uppercase().replace('-', "_"));
        let last = self.0.iter().rev().find(|(given, _)| given == name);
        last.map(|(_, value)| value.clone())
            .or_else(|| std::env::var(variable).ok())
            .filter(|value| !value.is_empty())
    }

    fn number(&self, name: &str, default: i32, most: i32) -> Result<i32, String> {
        let Some(value) = self.get(name) else {
            return Ok(default);
        };
        let number = value.parse().ok().filter(|number| (1..=most).contains(number));
        number.ok_or_else(|| format!("--{name} must be a whole number from 1 to {most}, not {value}"))
    }

    fn switch(&self, name: &str) -> Result<bool, String> {
        match self.get(name).as_deref() {
            None | Some("off") => Ok(false),
            Some("on") => Ok(true),
            Some(value) => Err(format!("--{name} must be on or off, not {value}")),
        }
    }
}

impl Options {
    /// Reads them.
    ///
    /// # Errors
    /// One line for who has started the worker.
    pub fn read(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let given = Given::read(arguments)?;
        let seconds = |name, default| {
            Ok::<_, String>(Duration::from_secs(
                given.number(name, default, 86_400)?.unsigned_abs().into(),
            ))
        };
        Ok(Options {
            database: given.get("database").ok_or("--database is missing")?,
            settings: settings(&given)?,
            claim: given.number("claim", 1000, 100_000)?,
            lease: seconds("lease", 300)?,
            poll: seconds("poll", 1)?,
            drain: given.switch("drain")?,
        })
    }
}

fn settings(given: &Given) -> Result<Settings, String> {
    let told = |failure: reviewpro_embed_core::Failure| failure.message;
    let endpoint = given.get("endpoint").ok_or("--endpoint is missing")?;
    let key = match given.get("key-file") {
        Some(file) => Some(Secret::from_file(&PathBuf::from(file)).map_err(told)?),
        None if std::env::var_os(KEY_VARIABLE).is_some() => {
            Some(Secret::from_variable(KEY_VARIABLE).map_err(told)?)
        }
        None => None,
    };
    let encoding = match given.get("encoding").as_deref() {
        None | Some("base64") => Encoding::Base64,
        Some("float") => Encoding::Float,
        Some(other) => return Err(format!("--encoding must be base64 or float, not {other}")),
    };
    let count = |name, default, most| Ok::<_, String>(given.number(name, default, most)?.unsigned_abs());
    Ok(Settings {
        key,
        key_header: given
            .get("key-header")
            .unwrap_or_else(|| defaults::KEY_HEADER.to_owned())
            .to_ascii_lowercase(),
        networks: address::networks(&given.get("allowed-networks").unwrap_or_default()).map_err(told)?,
        ca_file: given.get("ca-file").map(PathBuf::from),
        concurrency: count("concurrency", defaults::CONCURRENCY, 64)? as usize,
        max_inputs: count("max-inputs", defaults::MAX_INPUTS, 2048)? as usize,
        max_tokens: count("max-tokens", defaults::MAX_TOKENS, i32::MAX)?.into(),
        timeout: Duration::from_secs(count("timeout", defaults::TIMEOUT / 1000, 3600)?.into()),
        attempts: count("attempts", defaults::ATTEMPTS, 20)?,
        encoding,
        show_messages: given.switch("show-messages")?,
        ..Settings::new(&endpoint).map_err(told)?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Options, String> {
        Options::read(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_are_read() {
        let options =
            read("--database=host=/tmp --endpoint https://a/b --lease 60 --drain on --max-inputs 7").unwrap();
        assert_eq!((options.lease, options.drain), (Duration::from_secs(60), true));
        assert_eq!((options.settings.max_inputs, options.claim), (7, 1000));
        assert_eq!(options.database, "host=/tmp");
    }

    #[test]
    fn mistakes_are_told() {
        for (line, expected) in [
            ("", "--database is missing"),
            ("--database x", "--endpoint is missing"),
            (
                "--database x --endpoint ftp://a/b",
                "the endpoint does not begin with https:// or http://",
            ),
            (
                "--database x --endpoint https://a --key 1",
                "unknown option --key",
            ),
            (
                "--database x --endpoint https://a --poll 0",
                "--poll must be a whole number from 1 to 86400, not 0",
            ),
            (
                "--database x --endpoint https://a --drain",
                "--drain needs a value",
            ),
            ("drain", "not an option: drain"),
        ] {
            assert_eq!(read(line).unwrap_err(), expected);
        }
    }
}
