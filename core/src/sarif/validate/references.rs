//! What the results of a run refer to: found as reading them finds it, so that no log is judged by another look-up than the one
//! that its rows come from.

use super::place::Place;
use super::report::{Report, Severity};
use crate::sarif::lookup::Found;
use crate::sarif::message::message_string;
use crate::sarif::model::{self, ExternalReferences, Finding};
use crate::sarif::raw::Raw;
use crate::sarif::rule::Rules;
use crate::sarif::taxonomy::Taxonomies;
use crate::sarif::warning::{Warning, Warnings};
use serde_json::Value;
use std::borrow::Cow;

/// A run, prepared for its results.
pub(super) struct Run<'a, 'd> {
    /// The run as written.
    pub value: &'a Value,
    rules: Rules<'d>,
    /// Whether the driver and all extensions are in this document, so that what is not found is not there.
    pub has_whole_tool: bool,
    /// Elements of the run's arrays, inline external properties included; `None` when some are in other files.
    tables: [(&'static str, Option<usize>); 4],
}

impl<'a, 'd> Run<'a, 'd> {
    /// Of a run as written and as read.
    ///
    /// # Errors
    /// [`crate::ErrorKind::OutOfMemory`].
    pub fn new(value: &'a Value, run: &model::Run<'d>) -> crate::Result<Self> {
        let is_here = |member: fn(&ExternalReferences<'d>) -> Raw<'d>| {
            run.external
                .get()
                .is_none_or(|external| member(external).is_none())
        };
        let count = |count: usize, member| is_here(member).then_some(count);
        Ok(Run {
            value,
            rules: Rules::of(run.tool.get(), &Taxonomies::default())?,
            has_whole_tool: is_here(|external| external.driver) && is_here(|external| external.extensions),
            tables: [
                (
                    "artifacts",
                    count(run.artifacts.items.len(), |external| external.artifacts),
                ),
                (
                    "logicalLocations",
                    count(run.logical_locations.items.len(), |external| {
                        external.logical_locations
                    }),
                ),
                (
                    "threadFlowLocations",
                    count(run.thread_flow_locations.items.len(), |external| {
                        external.thread_flow_locations
                    }),
                ),
                (
                    "invocations",
                    count(run.invocations.items.len(), |external| external.invocations),
                ),
            ],
        })
    }

    /// How many elements an array of the run has, as far as that is known.
    pub fn count(&self, array: &str) -> Option<usize> {
        self.tables.iter().find(|(name, _)| *name == array)?.1
    }

    /// The string of a message's id.
    pub fn message_string(&self, id: &str, found: Found) -> Option<Cow<'d, str>> {
        let rule = found.rule.and_then(|rule| self.rules.facts.get(rule));
        message_string(id, &self.rules, rule, found)
    }

    /// Checks a result's references to its rule; gives what they find.
    pub fn rule_of(
        &self,
        result: &Value,
        finding: &Finding<'_>,
        place: &Place<'_>,
        report: &mut Report,
    ) -> Found {
        let reference = result.get("rule").unwrap_or(&Value::Null);
        let (id, other_id) = (text(result, "ruleId"), text(reference, "id"));
        let (at, other_at) = (index(result, "ruleIndex"), index(reference, "index"));
        if let (Some(id), Some(other_id)) = (id, other_id)
            && id != other_id
        {
            report.add(
                Severity::Error,
                "rule_ids_differ",
                place,
                format_args!(
                    "ruleId is \"{id}\", but rule.id is \"{other_id}\": make them equal, or leave one out"
                ),
            );
        }
        if let (Some(at), Some(other_at)) = (at, other_at)
            && at != other_at
        {
            report.add(
                Severity::Error,
                "rule_indexes_differ",
                place,
                format_args!(
                    "ruleIndex is {at}, but rule.index is {other_at}: make them equal, or leave one out"
                ),
            );
        }
        let at = other_at.or(at);
        let id = [id, other_id].into_iter().flatten().find(|id| !id.is_empty());
        let guid = text(reference, "guid").filter(|guid| !guid.is_empty());
        let mut warnings = Warnings::default();
        let found = self.rules.find(finding, &mut warnings);
        if self.has_whole_tool {
            self.check_component(reference, warnings, place, report);
            self.check_index(at, id, found, warnings, place, report);
        }
        match (at, id, guid) {
            (None, None, None) => report.add(
                Severity::Warning,
                "rule_missing",
                place,
                "the result names no rule: write ruleId, or ruleIndex into tool.driver.rules",
            ),
            (None, ..) if found.rule.is_none() && self.has_whole_tool && !self.rules.facts.is_empty() => {
                let (member, name) = id.map_or(("guid", guid), |id| ("id", Some(id)));
                report.add(
                    Severity::Note,
                    "rule_not_found",
                    place,
                    format_args!(
                        "no rule of the run has the {member} \"{}\": add it to tool.driver.rules, so that readers know its name and level",
                        name.unwrap_or_default()
                    ),
                );
            }
            _ => {}
        }
        found
    }

    /// Checks what a result says about where its rule is (§3.54).
    fn check_component(&self, reference: &Value, warnings: Warnings, place: &Place<'_>, report: &mut Report) {
        let extensions = self.rules.components.len().saturating_sub(1);
        let component = reference.get("toolComponent").unwrap_or(&Value::Null);
        match index(component, "index") {
            Some(at) if at >= extensions => report.add(
                Severity::Error,
                "tool_component_index_out_of_range",
                place,
                format_args!(
                    "rule.toolComponent.index is {at}, but tool.extensions has {extensions} elements: correct the index or add the extension"
                ),
            ),
            None if warnings.contains(Warning::ToolComponentUnresolved) => report.add(
                Severity::Error,
                "tool_component_unresolved",
                place,
                "rule.toolComponent is neither the tool's driver nor an extension: correct its guid or name, or add the extension",
            ),
            _ => {}
        }
    }

    /// Checks the rule index of a result (§3.27.6).
    fn check_index(
        &self,
        at: Option<usize>,
        id: Option<&str>,
        found: Found,
        warnings: Warnings,
        place: &Place<'_>,
        report: &mut Report,
    ) {
        let Some(at) = at else { return };
        if warnings.contains(Warning::RuleIndexOutOfRange) {
            let count = self
                .rules
                .components
                .get(found.component)
                .map_or(0, |component| component.count);
            report.add(
                Severity::Error,
                "rule_index_out_of_range",
                place,
                format_args!(
                    "the rule index is {at}, but the tool component has {count} rules: correct the index or add the rule"
                ),
            );
        }
        if warnings.contains(Warning::RuleIndexMismatch) {
            let other = self
                .rules
                .at(found.component, at)
                .and_then(|rule| self.rules.facts.get(rule));
            report.add(
                Severity::Error,
                "rule_index_mismatch",
                place,
                format_args!(
                    "the rule index {at} leads to rule \"{}\", but the result's rule id is \"{}\": correct the index",
                    other.and_then(|rule| rule.id.as_deref()).unwrap_or_default(),
                    id.unwrap_or_default()
                ),
            );
        }
    }
}

/// The elements of an array member, none for anything else.
pub(super) fn elements<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// A string member.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

/// An integer member.
pub(super) fn integer(value: &Value, name: &str) -> Option<i64> {
    value.get(name).and_then(Value::as_i64)
}

/// An index member; -1 stands for none.
pub(super) fn index(value: &Value, name: &str) -> Option<usize> {
    usize::try_from(integer(value, name)?).ok()
}
