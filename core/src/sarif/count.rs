//! Counting results without reading them in full: what runs, rules and the summary say of them.

use std::collections::BTreeMap;

use crate::{Result, Task};

use super::context::Context;
use super::document::Document;
use super::level::{self, Severity, Stated};
use super::model;
use super::options::{Kind, Options};
use super::raw::Raw;
use super::read::Member;
use super::results::in_chunks;
use super::suppression;
use super::warning::Warnings;

/// What the results of a run add up to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    /// All elements of `results`.
    pub(crate) results: usize,
    /// Results that `sarif_findings` gives by default.
    pub(crate) findings: usize,
    /// Suppressed results.
    pub(crate) suppressed: usize,
    /// Findings by severity, in the order of [`Severity::ALL`].
    pub(crate) severities: [usize; Severity::ALL.len()],
    /// Results by rule, where there are any, by the position in the context's facts.
    pub(crate) by_rule: BTreeMap<usize, usize>,
}

impl Counts {
    fn add(&mut self, other: &Counts) {
        self.results += other.results;
        self.findings += other.findings;
        self.suppressed += other.suppressed;
        for (own, other) in self.severities.iter_mut().zip(&other.severities) {
            *own += other;
        }
        for (rule, count) in &other.by_rule {
            *self.by_rule.entry(*rule).or_default() += count;
        }
    }
}

/// Counts the results of a run.
///
/// # Errors
/// Those of reading a result, and [`crate::ErrorKind::Cancelled`].
pub(crate) fn count<'d>(
    document: &Document<'_>,
    context: &Context<'d>,
    results: &[Raw<'d>],
    task: &Task<'_>,
) -> Result<Counts> {
    let chunks = in_chunks(results, task, |_, results| {
        let mut counts = Counts::default();
        for raw in results {
            counts.results += 1;
            if let Member::Is(finding) = raw.try_read(&document.budget())? {
                one(context, &finding, &mut counts);
            }
        }
        Ok(counts)
    });
    let mut total = Counts::default();
    for counts in chunks.map_err(|error| document.fault(error))? {
        total.add(&counts);
    }
    Ok(total)
}

fn one(context: &Context<'_>, finding: &model::Finding<'_>, counts: &mut Counts) {
    let mut warnings = Warnings::default();
    let found = context.rules.find(finding, &mut warnings);
    if let Some(rule) = found.rule {
        *counts.by_rule.entry(rule).or_default() += 1;
    }
    counts.suppressed += usize::from(suppression::suppressed(finding.suppressions, &mut warnings));
    let judgement = level::of_result(
        context,
        finding,
        found,
        &Stated::of(&finding.properties),
        &mut warnings,
    );
    let absent = suppression::baseline_state(finding.baseline_state, &mut warnings) == Some("absent");
    let kinds: Option<Vec<Kind>> = Options::default().kinds;
    if absent || kinds.is_some_and(|kinds| !kinds.contains(&judgement.kind)) {
        return;
    }
    counts.findings += 1;
    let severity = Severity::ALL
        .iter()
        .position(|severity| *severity == judgement.severity);
    if let Some(count) = severity.and_then(|at| counts.severities.get_mut(at)) {
        *count += 1;
    }
}
