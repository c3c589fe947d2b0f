//! The rows of `sarif_rules`: every rule that the tools of a log describe.

use std::borrow::Cow;

use crate::{Result, Task};

use super::context::Context;
use super::count;
use super::document::{Document, Source};
use super::level;
use super::options::{Mode, Options};
use super::read::Member;
use super::rule::RuleFacts;
use super::runs::int;
use crate::table::table;

table! {
    /// One rule: the columns of `sarif_rules`.
    Rule {
        /// Position of the run in `runs`.
        run_index: Int,
        /// 0: the driver; n: the extension at position n - 1.
        component_index: Int,
        /// Name of the driver or extension.
        component: Text(null),
        /// Position in the component's `rules`.
        rule_index: Int,
        /// The rule's id.
        rule_id: Text(null),
        /// The rule's guid.
        guid: Text(null),
        /// The rule's name.
        rule_name: Text(null),
        /// `shortDescription.text`.
        short_description: Text(null),
        /// `fullDescription.text`.
        full_description: Text(null),
        /// Where to read about the rule.
        help_uri: Text(null),
        /// The default level: error, warning, note, none.
        level: Text,
        /// Whether the rule is on by default.
        enabled: Bool,
        /// The severity of a result that states nothing itself.
        severity: Text,
        /// Where that comes from.
        severity_source: Text,
        /// The CVSS-like score, 0 < x <= 10.
        security_severity: Numeric(null),
        /// How often the rule is right: very-high to low.
        precision: Text(null),
        /// Tags.
        tags: Texts,
        /// CWE identifiers.
        cwe_ids: Texts,
        /// Ids that the rule had before.
        deprecated_ids: Texts,
        /// How many results refer to the rule.
        results_count: Int,
    }
}

/// Hands out the rules of a log in the order of run, component and position.
///
/// # Errors
/// As [`super::findings`].
pub fn rules(
    source: Source<'_>,
    task: &Task<'_>,
    emit: &mut dyn FnMut(&Rule<'_>) -> Result<()>,
) -> Result<()> {
    let document = Document::open(source, task)?;
    let mut log = document.log(Mode::Spec)?;
    for (index, run) in log.runs.items.iter_mut().enumerate() {
        let Member::Is(run) = run else { continue };
        let context = Context::of(index, run, &Options::default())?;
        let counts = count::count(&document, &context, &run.results.items, task)?;
        for (rule, facts) in context.rules.facts.iter().enumerate() {
            let count = counts.by_rule.get(&rule).copied().unwrap_or(0);
            emit(&row(&context, facts, count))?;
        }
    }
    Ok(())
}

fn row<'a>(context: &'a Context<'_>, facts: &'a RuleFacts<'_>, count: usize) -> Rule<'a> {
    let text = |text: &'a Option<Cow<'_, str>>| text.as_deref().map(Cow::Borrowed);
    let component = context.rules.components.get(facts.component);
    let judgement = level::of_rule(facts);
    Rule {
        run_index: int(context.index),
        component_index: int(facts.component),
        component: component
            .and_then(|component| component.name.as_deref())
            .map(Cow::Borrowed),
        rule_index: int(facts.index),
        rule_id: text(&facts.id),
        guid: text(&facts.guid),
        rule_name: text(&facts.name),
        short_description: text(&facts.short_description),
        full_description: text(&facts.full_description),
        help_uri: text(&facts.help_uri),
        level: Cow::Borrowed(judgement.level.as_str()),
        enabled: facts.enabled.unwrap_or(true),
        severity: Cow::Borrowed(judgement.severity.as_str()),
        severity_source: Cow::Borrowed(judgement.source.as_str()),
        security_severity: facts.stated.score.as_deref().map(Cow::Borrowed),
        precision: facts.precision.as_deref().map(Cow::Borrowed),
        tags: facts.tags.iter().map(|tag| Cow::Borrowed(tag.as_ref())).collect(),
        cwe_ids: Cow::Borrowed(&facts.all_cwes.0),
        deprecated_ids: facts
            .deprecated_ids
            .iter()
            .map(|id| Cow::Borrowed(id.as_ref()))
            .collect(),
        results_count: int(count),
    }
}
