//! A document with its results set aside, so that only one of them is in memory as a tree at a time.

use super::tree_size::tree_size;
use crate::json::{self, Raw};
use crate::jsonb;
use crate::{Result, Task};
use serde::de::IgnoredAny;
use serde_json::Value;
use std::borrow::Cow;

/// The document without the elements of `runs[i].results`, and those elements.
pub(super) struct Document<'a> {
    /// The document; its results are empty arrays.
    pub skeleton: Value,
    results: Vec<Vec<Part<'a>>>,
}

/// One result.
pub(super) enum Part<'a> {
    Raw(Raw<'a>),
    Value(Value),
}

impl<'a> From<&'a str> for Part<'a> {
    /// Of the text of a result.
    fn from(text: &'a str) -> Self {
        Part::Raw(Raw::Text(text))
    }
}

impl Part<'_> {
    fn is_json(&self) -> bool {
        match self {
            Part::Raw(raw) => raw.read::<IgnoredAny>().is_ok(),
            Part::Value(_) => true,
        }
    }

    /// The result as a tree.
    ///
    /// # Errors
    /// Those of reading it, and [`crate::ErrorKind::OutOfMemory`].
    pub fn value(&self, task: &Task<'_>) -> Result<Cow<'_, Value>> {
        match self {
            Part::Raw(raw) => {
                task.need("validating a result", Some(tree_size(raw, task)))?;
                json::to_value(raw).map(Cow::Owned)
            }
            Part::Value(value) => Ok(Cow::Borrowed(value)),
        }
    }
}

impl<'a> Document<'a> {
    /// Of JSON text.
    pub fn from_text(text: &'a str, task: &Task<'_>) -> Result<Self> {
        if let Some(split) = json::split::<Part<'a>>(text, task)? {
            let tree = tree_size(&Raw::Text(&split.skeleton), task);
            task.need("validating the log", tree.checked_add(split.size()))?;
            // A part that is not JSON gets its error, with line and column, from the document as a whole.
            if let Ok(skeleton) = json::to_value(&Raw::Text(&split.skeleton))
                && split.runs.iter().flatten().all(Part::is_json)
            {
                return Ok(Document {
                    skeleton,
                    results: split.runs,
                });
            }
        }
        json::from_text::<IgnoredAny>(text)?;
        task.need("validating the document", Some(tree_size(&Raw::Text(text), task)))?;
        let mut skeleton = json::to_value(&Raw::Text(text))?;
        let results = runs_of(&mut skeleton)
            .map(|run| match run.get_mut("results") {
                Some(Value::Array(results)) => std::mem::take(results).into_iter().map(Part::Value).collect(),
                _ => Vec::new(),
            })
            .collect();
        Ok(Document { skeleton, results })
    }

    /// Of the payload of a jsonb value.
    pub fn from_jsonb(payload: &'a [u8], task: &Task<'_>) -> Result<Self> {
        let root = jsonb::Value::root(payload)?;
        let mut results = Vec::new();
        let mut held = 0;
        let skeleton = match root {
            jsonb::Value::Object(log) => object(log, |key, value| match (key, value) {
                ("runs", jsonb::Value::Array(runs)) => {
                    held += runs.len() * RUN;
                    task.need("validating the log", Some(held))?;
                    let runs = runs.elements().map(|run| {
                        let mut parts = Vec::new();
                        let run = match run? {
                            jsonb::Value::Object(run) => object(run, |key, value| match (key, value) {
                                ("results", jsonb::Value::Array(elements)) => {
                                    held += elements.len() * size_of::<Part<'_>>();
                                    task.need("validating the log", Some(held))?;
                                    parts.reserve_exact(elements.len());
                                    for element in elements.elements() {
                                        parts.push(Part::Raw(Raw::Jsonb(element?)));
                                    }
                                    Ok(Value::Array(Vec::new()))
                                }
                                (_, value) => measured(value, &mut held, task),
                            })?,
                            other => measured(other, &mut held, task)?,
                        };
                        results.push(parts);
                        Ok(run)
                    });
                    runs.collect::<Result<_>>().map(Value::Array)
                }
                (_, value) => measured(value, &mut held, task),
            })?,
            other => measured(other, &mut held, task)?,
        };
        Ok(Document { skeleton, results })
    }

    /// The results of a run.
    pub fn results(&self, run: usize) -> &[Part<'a>] {
        self.results.get(run).map_or(&[], Vec::as_slice)
    }
}

fn runs_of(log: &mut Value) -> impl Iterator<Item = &mut Value> {
    log.get_mut("runs")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
}

/// Bytes of a run without members: its tree, its list of results, both in vectors that may be half full.
const RUN: usize = 2 * (size_of::<Value>() + size_of::<Vec<Part<'_>>>());

/// A value as a tree, after asking for the memory that all such values take.
fn measured(value: jsonb::Value<'_>, held: &mut usize, task: &Task<'_>) -> Result<Value> {
    let raw = Raw::Jsonb(value);
    *held = held.saturating_add(tree_size(&raw, task));
    task.need("validating the log", Some(*held))?;
    json::to_value(&raw)
}

/// An object whose members `read` turns into trees.
fn object<'a>(
    object: jsonb::Container<'a>,
    mut read: impl FnMut(&str, jsonb::Value<'a>) -> Result<Value>,
) -> Result<Value> {
    object
        .members()?
        .map(|member| {
            let (key, value) = member?;
            Ok((key.to_owned(), read(key, value)?))
        })
        .collect::<Result<serde_json::Map<_, _>>>()
        .map(Value::Object)
}
