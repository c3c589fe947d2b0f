//! A document as a SARIF log, or the error that says why it is none.

use std::sync::{Mutex, PoisonError};

use crate::json;
use crate::{Error, ErrorKind, Result, Task};

use super::budget::Budget;
use super::inline;
use super::model::{Log, Run};
use super::options::Mode;
use super::raw::Raw;
use super::read::{Member, Shape};

/// Where a log comes from.
#[derive(Clone, Copy, Debug)]
pub enum Source<'d> {
    /// JSON text.
    Text(&'d str),
    /// The payload of a jsonb value, without the varlena header.
    Jsonb(&'d [u8]),
}

/// A document before it is read. Text is taken apart, so that threads can share the reading of its results.
pub(crate) struct Document<'d> {
    source: Source<'d>,
    /// Of a text that could be taken apart: the document without its results, and those until they are read.
    skeleton: Option<String>,
    results: Mutex<Vec<Vec<Raw<'d>>>>,
    /// How many bytes each part may take while it is read.
    memory: usize,
}

impl<'d> Document<'d> {
    /// # Errors
    /// Those of [`json::split`].
    pub(crate) fn open(source: Source<'d>, task: &Task<'_>) -> Result<Self> {
        let split = match source {
            Source::Text(text) => json::split(text, task)?,
            Source::Jsonb(_) => None,
        };
        let (skeleton, results) =
            split.map_or_else(Default::default, |split| (Some(split.skeleton), split.runs));
        Ok(Document {
            source,
            skeleton,
            results: Mutex::new(results),
            memory: task.memory,
        })
    }

    /// Reads the log, but for the results. To be called once: the list of the results goes with it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidText`] when text is not JSON, [`ErrorKind::DataCorrupted`] when bytes are not jsonb, in spec mode
    /// [`ErrorKind::InvalidParameter`] when it is no SARIF log of a supported version.
    pub(crate) fn log(&self, mode: Mode) -> Result<Log<'_>> {
        let mut log = match (self.member()?, mode) {
            (Member::Is(log), Mode::Compat) => log,
            (_, Mode::Compat) => Log::default(),
            (Member::Is(log), Mode::Spec) => check(log)?,
            (_, Mode::Spec) => return Err(not_sarif("the document is not a JSON object")),
        };
        if mode == Mode::Spec {
            inline::resolve(&mut log);
        }
        Ok(log)
    }

    /// [`Document::log`] in spec mode, but of any JSON document.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidText`] when text is not JSON, [`ErrorKind::DataCorrupted`] when bytes are not jsonb.
    pub(crate) fn any(&self) -> Result<Log<'_>> {
        let mut log = self.member()?.into_inner();
        inline::resolve(&mut log);
        Ok(log)
    }

    fn member(&self) -> Result<Member<Log<'_>>> {
        match (self.source, &self.skeleton) {
            (Source::Text(text), Some(skeleton)) => {
                let results =
                    std::mem::take(&mut *self.results.lock().unwrap_or_else(PoisonError::into_inner));
                let Ok(mut member) = Raw::Text(skeleton).try_read::<Member<Log<'_>>>(&self.budget()) else {
                    drop(results);
                    return self.whole(text);
                };
                if let Member::Is(log) = &mut member {
                    for (run, results) in log.runs.items.iter_mut().zip(results) {
                        if let Member::Is(run) = run {
                            run.results.items = results;
                        }
                    }
                }
                Ok(member)
            }
            (Source::Text(text), None) => self.whole(text),
            (Source::Jsonb(payload), _) => Raw::Container(payload).try_read(&self.budget()),
        }
    }

    /// Reads a text as a whole.
    fn whole<'t>(&self, text: &'t str) -> Result<Member<Log<'t>>> {
        Raw::Text(text).try_read(&self.budget())
    }

    /// How many bytes are held for the log until it has been read.
    pub(crate) fn held(&self, log: &Log<'_>) -> usize {
        let runs = log.runs.items.iter().filter_map(Member::get);
        let results: usize = runs.map(|run| run.results.items.capacity()).sum();
        log.runs.items.capacity() * size_of::<Member<Run<'_>>>()
            + results * size_of::<Raw<'_>>()
            + self.skeleton.as_ref().map_or(0, String::capacity)
    }

    /// What reading one part may take.
    pub(crate) fn budget(&self) -> Budget {
        Budget::new(self.memory)
    }

    /// The error to report for a part that cannot be read: with its place in the document.
    pub(crate) fn fault(&self, error: Error) -> Error {
        match (error.kind, self.source) {
            (ErrorKind::InvalidText, Source::Text(text)) => self.whole(text).err().unwrap_or(error),
            _ => error,
        }
    }
}

fn check(log: Log<'_>) -> Result<Log<'_>> {
    if let Some(version) = other_version(&log) {
        return Err(Error::new(
            ErrorKind::InvalidParameter,
            format!("unsupported SARIF version: \"{version}\""),
        )
        .hint("Convert the log to version 2.1.0 first, for example with \"sarif-multitool transform\"."));
    }
    match log.runs.shape {
        Shape::Absent => Err(not_sarif("the document has no \"runs\"")),
        Shape::Scalar(_) | Shape::Sized(_) => Err(not_sarif("\"runs\" is not an array").detail("At /runs.")),
        // A log that says neither what it is nor anything else is not one whose producer failed.
        Shape::Null if log.version.is_none() => {
            Err(not_sarif("neither \"version\" nor \"runs\" says anything"))
        }
        Shape::Null | Shape::List => {
            let wrong = |run: &Member<_>| {
                run.get()
                    .is_some_and(|run: &super::model::Run<'_>| run.results.shape.wrong())
            };
            match log.runs.items.iter().position(wrong) {
                Some(at) => {
                    Err(not_sarif("\"results\" is not an array").detail(format!("At /runs/{at}/results.")))
                }
                None => Ok(log),
            }
        }
    }
}

/// The version of a log when it is one that has other structures than 2.1.0 (1.x, 2.0): what the log states, without that what its
/// schema is for, or how its runs name their tool.
pub(crate) fn other_version(log: &Log<'_>) -> Option<String> {
    let is_other = |version: &str| {
        let mut parts = version.trim().split('.');
        match parts.next() {
            Some("1") => true,
            Some("2") => parts.next().is_none_or(|minor| minor == "0"),
            _ => false,
        }
    };
    let stated = log.version.text().or_else(|| log.version.token());
    let version = match stated {
        Some(version) => version.into_owned(),
        None => of_schema(log).or_else(|| of_tool(log))?,
    };
    is_other(&version).then_some(version)
}

/// As in `https://json.schemastore.org/sarif-1.0.0.json` and `.../sarif-schema-2.0.0.json`.
fn of_schema(log: &Log<'_>) -> Option<String> {
    let schema = log.schema.text()?.to_ascii_lowercase();
    let name = schema.rsplit('/').next()?.strip_prefix("sarif-")?;
    let name = name.strip_prefix("schema-").unwrap_or(name);
    Some(name.strip_suffix(".json").unwrap_or(name).to_owned())
}

/// Version 1.0.0 has no driver; the tool has its name.
fn of_tool(log: &Log<'_>) -> Option<String> {
    let mut tools = log.runs.items.iter().filter_map(|run| run.get()?.tool.get());
    let is_old = tools.any(|tool| tool.driver.is_absent() && !tool.name.is_none());
    is_old.then(|| "1.0.0".to_owned())
}

fn not_sarif(reason: &str) -> Error {
    Error::new(ErrorKind::InvalidParameter, format!("not a SARIF log: {reason}"))
        .hint("A SARIF 2.1.0 log is a JSON object with an array \"runs\".")
}
