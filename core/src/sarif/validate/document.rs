//! A document with its results set aside, so that only one of them is in memory as a tree at a time.

use crate::json::{self, Raw};
use crate::jsonb;
use crate::{Result, Task};
use serde_json::Value;
use std::borrow::Cow;

/// A tree takes about this many bytes per byte of JSON: an object of one member takes some 600.
const TREE_FACTOR: usize = 16;

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

impl Part<'_> {
    /// The result as a tree.
    pub fn value(&self) -> Result<Cow<'_, Value>> {
        match self {
            Part::Raw(raw) => json::to_value(raw).map(Cow::Owned),
            Part::Value(value) => Ok(Cow::Borrowed(value)),
        }
    }
}

impl<'a> Document<'a> {
    /// Of JSON text.
    pub fn from_text(text: &'a str, task: &Task<'_>) -> Result<Self> {
        if let Some(split) = json::split(text, task)? {
            task.need(
                "validating the log",
                split.skeleton.len().checked_mul(TREE_FACTOR),
            )?;
            // A part that is not JSON gets its error, with line and column, from the document as a whole.
            if let Ok(skeleton) = json::to_value(&Raw::Text(&split.skeleton))
                && split
                    .runs
                    .iter()
                    .flatten()
                    .all(|part| json::from_text::<serde::de::IgnoredAny>(part).is_ok())
            {
                let parts =
                    |run: Vec<&'a str>| run.into_iter().map(|part| Part::Raw(Raw::Text(part))).collect();
                return Ok(Document {
                    skeleton,
                    results: split.runs.into_iter().map(parts).collect(),
                });
            }
        }
        json::from_text::<serde::de::IgnoredAny>(text)?;
        task.need("validating the document", text.len().checked_mul(TREE_FACTOR))?;
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
        let mut bytes = 0;
        let skeleton = match root {
            jsonb::Value::Object(log) => object(log, |key, value| match (key, value) {
                ("runs", jsonb::Value::Array(runs)) => {
                    let runs = runs.elements().map(|run| {
                        let mut parts = Vec::new();
                        let run = match run? {
                            jsonb::Value::Object(run) => object(run, |key, value| match (key, value) {
                                ("results", jsonb::Value::Array(elements)) => {
                                    for element in elements.elements() {
                                        parts.push(Part::Raw(Raw::Jsonb(element?)));
                                    }
                                    Ok(Value::Array(Vec::new()))
                                }
                                (_, value) => measured(value, &mut bytes, task),
                            })?,
                            other => json::to_value(&Raw::Jsonb(other))?,
                        };
                        results.push(parts);
                        Ok(run)
                    });
                    runs.collect::<Result<_>>().map(Value::Array)
                }
                (_, value) => measured(value, &mut bytes, task),
            })?,
            other => measured(other, &mut bytes, task)?,
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

/// A value as a tree, after asking for the memory that all such values take.
fn measured(value: jsonb::Value<'_>, bytes: &mut usize, task: &Task<'_>) -> Result<Value> {
    if let jsonb::Value::Array(container) | jsonb::Value::Object(container) = value {
        *bytes += container.as_bytes().len();
        task.need("validating the log", bytes.checked_mul(TREE_FACTOR))?;
    }
    json::to_value(&Raw::Jsonb(value))
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
