//! The rules of a run, and which one a result means.

use super::place::Place;
use super::report::{Report, Severity};
use serde_json::Value;
use std::collections::HashSet;

/// A run, prepared for its results.
pub(super) struct Run<'a> {
    /// The run.
    pub value: &'a Value,
    driver: Component<'a>,
    extensions: Vec<Component<'a>>,
}

/// The driver or an extension.
pub(super) struct Component<'a> {
    /// The component.
    pub value: &'a Value,
    rules: &'a [Value],
    ids: HashSet<&'a str>,
}

impl<'a> Component<'a> {
    fn new(value: &'a Value) -> Self {
        let rules = elements(value, "rules");
        Component {
            value,
            rules,
            ids: rules.iter().filter_map(|rule| text(rule, "id")).collect(),
        }
    }

    /// Whether it has the id, or one that the id refines (`CA5350/md5` refines `CA5350`).
    fn knows(&self, id: &str) -> bool {
        let mut id = Some(id);
        while let Some(candidate) = id {
            if self.ids.contains(candidate) {
                return true;
            }
            id = candidate.rsplit_once('/').map(|(parent, _)| parent);
        }
        false
    }

    fn rule_of_id(&self, id: &str) -> Option<&'a Value> {
        self.rules.iter().find(|rule| text(rule, "id") == Some(id))
    }
}

impl<'a> Run<'a> {
    pub fn new(value: &'a Value) -> Self {
        let tool = value.get("tool").unwrap_or(&Value::Null);
        Run {
            value,
            driver: Component::new(tool.get("driver").unwrap_or(&Value::Null)),
            extensions: elements(tool, "extensions").iter().map(Component::new).collect(),
        }
    }

    fn has_rules(&self) -> bool {
        self.components().any(|component| !component.rules.is_empty())
    }

    fn components(&self) -> impl Iterator<Item = &Component<'a>> {
        std::iter::once(&self.driver).chain(&self.extensions)
    }

    /// The component that a result names (§3.27.7, §3.54).
    fn component(&self, result: &Value, place: &Place<'_>, report: &mut Report) -> &Component<'a> {
        let reference = result.get("rule").and_then(|rule| rule.get("toolComponent"));
        let Some(reference) = reference else {
            return &self.driver;
        };
        if let Some(at) = index(reference, "index") {
            if let Some(extension) = self.extensions.get(at) {
                return extension;
            }
            report.add(
                Severity::Error,
                "tool_component_index_out_of_range",
                place,
                format_args!(
                    "rule.toolComponent.index is {at}, but tool.extensions has {} elements: correct the index or add the extension",
                    self.extensions.len()
                ),
            );
        }
        let guid = text(reference, "guid");
        self.components()
            .find(|component| guid.is_some() && text(component.value, "guid") == guid)
            .unwrap_or(&self.driver)
    }

    /// Checks a result's references to its rule; gives the rule that it means, and where its messages are.
    pub fn rule_of(
        &self,
        result: &Value,
        place: &Place<'_>,
        report: &mut Report,
    ) -> (Option<&'a Value>, &'a Value) {
        let component = self.component(result, place, report);
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
        let id = id.or(other_id).filter(|id| !id.is_empty());
        let rule = match (other_at.or(at), id) {
            (Some(at), id) => self.rule_at(component, at, id, place, report),
            (None, Some(id)) => {
                if self.has_rules() && !self.components().any(|component| component.knows(id)) {
                    report.add(
                        Severity::Note,
                        "rule_not_found",
                        place,
                        format_args!("no rule of the run has the id \"{id}\": add it to tool.driver.rules, so that readers know its name and level"),
                    );
                }
                None
            }
            (None, None) => {
                if reference.get("guid").is_none() {
                    report.add(
                        Severity::Warning,
                        "rule_missing",
                        place,
                        "the result names no rule: write ruleId, or ruleIndex into tool.driver.rules",
                    );
                }
                None
            }
        };
        let by_id = || {
            let id = id?;
            component
                .rule_of_id(id)
                .or_else(|| self.components().find_map(|component| component.rule_of_id(id)))
        };
        (rule.or_else(by_id), component.value)
    }

    fn rule_at(
        &self,
        component: &Component<'a>,
        at: usize,
        id: Option<&str>,
        place: &Place<'_>,
        report: &mut Report,
    ) -> Option<&'a Value> {
        let Some(rule) = component.rules.get(at) else {
            report.add(
                Severity::Error,
                "rule_index_out_of_range",
                place,
                format_args!(
                    "the rule index is {at}, but the tool component has {} rules: correct the index or add the rule",
                    component.rules.len()
                ),
            );
            return None;
        };
        let (Some(id), Some(rule_id)) = (id, text(rule, "id")) else {
            return Some(rule);
        };
        let refines = id
            .strip_prefix(rule_id)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if !refines {
            report.add(
                Severity::Error,
                "rule_index_mismatch",
                place,
                format_args!("the rule index {at} leads to rule \"{rule_id}\", but the result's rule id is \"{id}\": correct the index"),
            );
            return None;
        }
        Some(rule)
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
