//! `sarif_summary`: one object for a scan's summary column.

use std::borrow::Cow;

use crate::jsonb::{Encoded, Object, Tree};
use crate::task::out_of_memory;
use crate::{Result, Task};

use super::context::Context;
use super::count::{self, Counts};
use super::document::{Document, Source};
use super::level::{self, Severity};
use super::model;
use super::options::{Mode, Options};
use super::read::Member;
use super::rule::RuleFacts;
use super::runs;

/// The summary of a log.
///
/// `tool` {name, version, uri} is that of the first run, `tools` those of all; `invocations` as written; `rules` {id, name, level},
/// the name being the short description; `results_count` and `findings_count` (what `sarif_findings` gives by default);
/// `severity_counts` of those findings, `suppressed_count`, and `complete`: whether all runs are.
///
/// # Errors
/// As [`super::findings`].
pub fn summary(source: Source<'_>, task: &Task<'_>) -> Result<Encoded> {
    let document = Document::open(source, task)?;
    let mut log = document.log(Mode::Spec)?;
    let mut total = Counts::default();
    let mut complete = !log.runs.items.is_empty();
    let (mut tools, mut invocations, mut rules) = (Vec::new(), Vec::new(), Vec::new());
    for (index, run) in log.runs.items.iter_mut().enumerate() {
        let Member::Is(run) = run else {
            complete = false;
            continue;
        };
        let context = Context::of(index, run, &Options::default())?;
        let counts = count::count(&document, &context, &run.results.items, task)?;
        complete &= runs::is_complete(run)?;
        for invocation in &run.invocations.items {
            invocations.extend(invocation.tree()?);
        }
        tools.push(tool(run));
        let facts = &context.rules.facts;
        rules.try_reserve(facts.len()).map_err(|_| out_of_memory())?;
        rules.extend(facts.iter().map(rule));
        total.results += counts.results;
        total.findings += counts.findings;
        total.suppressed += counts.suppressed;
        for (total, count) in total.severities.iter_mut().zip(counts.severities) {
            *total += count;
        }
    }
    let severities = Severity::ALL.iter().zip(total.severities);
    let severities: Object<'_> = severities
        .map(|(severity, count)| (severity.as_str(), number(count)))
        .collect();
    let summary: Object<'_> = [
        ("tool", tools.first().cloned().unwrap_or(Tree::Null)),
        ("tools", Tree::Array(tools)),
        ("invocations", Tree::Array(invocations)),
        ("rules", Tree::Array(rules)),
        ("results_count", number(total.results)),
        ("findings_count", number(total.findings)),
        ("suppressed_count", number(total.suppressed)),
        ("severity_counts", Tree::Object(severities)),
        ("complete", Tree::Bool(complete)),
    ]
    .into_iter()
    .collect();
    Tree::Object(summary).encode()
}

fn number(count: usize) -> Tree<'static> {
    Tree::Number(Cow::Owned(count.to_string()))
}

fn text<'a>(text: Option<Cow<'a, str>>) -> Tree<'a> {
    text.map_or(Tree::Null, Tree::String)
}

fn tool<'d>(run: &model::Run<'d>) -> Tree<'d> {
    let driver = run.tool.get().and_then(|tool| tool.driver.get());
    let tool: Object<'_> = [
        ("name", text(driver.and_then(|driver| driver.name.filled()))),
        ("version", text(driver.and_then(runs::version))),
        (
            "uri",
            text(driver.and_then(|driver| driver.information_uri.filled())),
        ),
    ]
    .into_iter()
    .collect();
    Tree::Object(tool)
}

fn rule(facts: &RuleFacts<'_>) -> Tree<'static> {
    let owned = |text: &Option<Cow<'_, str>>| text.as_deref().map(|text| Cow::Owned(text.to_owned()));
    let rule: Object<'_> = [
        ("id", text(owned(&facts.id))),
        ("name", text(owned(&facts.short_description))),
        (
            "level",
            Tree::String(Cow::Borrowed(level::of_rule(facts).level.as_str())),
        ),
    ]
    .into_iter()
    .collect();
    Tree::Object(rule)
}
