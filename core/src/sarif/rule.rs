//! Which rule a result refers to (§3.27.5 to §3.27.7, §3.52, §3.54), and what is known of each rule.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::task::{out_of_memory, try_vec};

use super::level::{Level, Stated};
use super::model::{ComponentReference, Finding, Reference, Rule, Text, Tool, ToolComponent};
use super::raw::{Index, Raw};
use super::read::Member;
use super::taxonomy::{self, Ids, Taxonomies};
use super::warning::{Warning, Warnings};

/// A rule with everything that its results share.
#[derive(Debug, Default)]
pub(crate) struct RuleFacts<'d> {
    /// 0: the driver; n: extension n - 1.
    pub(crate) component: usize,
    /// The position in the component's `rules`.
    pub(crate) index: usize,
    pub(crate) id: Option<Cow<'d, str>>,
    pub(crate) guid: Option<Cow<'d, str>>,
    pub(crate) name: Option<Cow<'d, str>>,
    pub(crate) short_description: Option<Cow<'d, str>>,
    pub(crate) full_description: Option<Cow<'d, str>>,
    pub(crate) help_uri: Option<Cow<'d, str>>,
    pub(crate) level: Option<Level>,
    pub(crate) enabled: Option<bool>,
    pub(crate) precision: Option<String>,
    pub(crate) stated: Stated,
    pub(crate) tags: Vec<Cow<'d, str>>,
    pub(crate) deprecated_ids: Vec<Cow<'d, str>>,
    pub(crate) message_strings: Raw<'d>,
    /// CWEs of the relationships.
    pub(crate) related_cwes: Ids,
    /// CWEs of tags and properties.
    pub(crate) cwes: Ids,
    /// CWEs of the texts, the last resort.
    pub(crate) text_cwes: Ids,
    /// All of those, as the rule by itself shows them.
    pub(crate) all_cwes: Ids,
    /// CVEs of id and name.
    pub(crate) named_cves: Ids,
    /// CVEs of tags, properties and deprecated ids.
    pub(crate) cves: Ids,
    /// CVEs of the short description, a last resort.
    pub(crate) text_cves: Ids,
}

impl<'d> RuleFacts<'d> {
    fn of(component: usize, index: usize, rule: &Rule<'d>, taxonomies: &Taxonomies) -> Self {
        let text = |member: &Member<Text<'d>>| member.get().and_then(|text| text.text.filled());
        let properties = rule.properties.get();
        let configuration = rule.configuration.get();
        let mut facts = RuleFacts {
            component,
            index,
            id: rule.id.filled(),
            guid: rule.guid.filled(),
            name: rule.name.text(),
            short_description: text(&rule.short_description),
            full_description: text(&rule.full_description),
            help_uri: rule.help_uri.filled(),
            level: configuration.and_then(|c| Level::parse(&c.level.text()?)),
            enabled: configuration.and_then(|c| c.enabled.boolean()),
            precision: properties.and_then(|p| Some(p.precision.filled()?.to_ascii_lowercase())),
            stated: Stated::of(&rule.properties),
            tags: properties.map(|p| p.tags.strings()).unwrap_or_default(),
            deprecated_ids: rule.deprecated_ids.strings(),
            message_strings: rule.message_strings,
            ..RuleFacts::default()
        };
        taxonomies.relationships(rule, &mut facts.related_cwes);
        if let Some(properties) = properties {
            taxonomy::cwes_of_properties(properties, &mut facts.cwes);
            taxonomy::cves_of_properties(properties, &mut facts.cves);
        }
        for id in &facts.deprecated_ids {
            taxonomy::cves_of_text(id, &mut facts.cves);
        }
        for name in [&facts.id, &facts.name].into_iter().flatten() {
            taxonomy::cves_of_text(name, &mut facts.named_cves);
        }
        if let Some(text) = &facts.short_description {
            taxonomy::cves_of_text(text, &mut facts.text_cves);
        }
        facts.all_cwes.extend(&facts.related_cwes);
        facts.all_cwes.extend(&facts.cwes);
        if facts.all_cwes.is_empty() {
            taxonomy::cwes_of_texts(rule, &mut facts.text_cwes);
            facts.all_cwes = facts.text_cwes.clone();
        }
        facts
    }

    /// The description in one line of the column `rule_description`.
    pub(crate) fn description(&self) -> Option<&Cow<'d, str>> {
        self.short_description.as_ref().or(self.full_description.as_ref())
    }
}

/// A tool component: the driver or an extension.
#[derive(Debug, Default)]
pub(crate) struct Component<'d> {
    pub(crate) name: Option<Cow<'d, str>>,
    guid: Option<Cow<'d, str>>,
    pub(crate) global_message_strings: Raw<'d>,
    /// The component's rules within [`Rules::facts`].
    first: usize,
    count: usize,
}

/// All rules of a run.
#[derive(Debug, Default)]
pub(crate) struct Rules<'d> {
    /// The driver, then the extensions.
    pub(crate) components: Vec<Component<'d>>,
    /// The rules of all components, one after the other.
    pub(crate) facts: Vec<RuleFacts<'d>>,
    /// The first rule with an id, in each component.
    by_id: HashMap<Cow<'d, str>, Vec<(usize, usize)>>,
}

/// The outcome of a look-up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Found {
    /// The position in [`Rules::facts`].
    pub(crate) rule: Option<usize>,
    /// The position in [`Rules::components`] that the result refers to.
    pub(crate) component: usize,
}

impl<'d> Rules<'d> {
    /// # Errors
    /// [`crate::ErrorKind::OutOfMemory`].
    pub(crate) fn of(tool: Option<&Tool<'d>>, taxonomies: &Taxonomies) -> crate::Result<Self> {
        let mut rules = Rules::default();
        let absent = Member::Absent;
        let driver = tool.map_or(&absent, |tool| &tool.driver);
        let extensions = tool
            .map(|tool| tool.extensions.items.as_slice())
            .unwrap_or_default();
        let components = || std::iter::once(driver).chain(extensions);
        let count = components()
            .filter_map(|component| component.get())
            .map(|component| component.rules.items.len())
            .sum();
        rules.facts = try_vec(count)?;
        rules.by_id.try_reserve(count).map_err(|_| out_of_memory())?;
        for (at, component) in components().enumerate() {
            rules.add(at, component.get(), taxonomies);
        }
        Ok(rules)
    }

    fn add(&mut self, at: usize, component: Option<&ToolComponent<'d>>, taxonomies: &Taxonomies) {
        let first = self.facts.len();
        let Some(component) = component else {
            self.components.push(Component {
                first,
                ..Component::default()
            });
            return;
        };
        for (index, rule) in component.rules.items.iter().enumerate() {
            let facts = match rule.get() {
                Some(rule) => RuleFacts::of(at, index, rule, taxonomies),
                None => RuleFacts {
                    component: at,
                    index,
                    ..RuleFacts::default()
                },
            };
            if let Some(id) = &facts.id {
                let entries = self.by_id.entry(id.clone()).or_default();
                if entries.iter().all(|(component, _)| *component != at) {
                    entries.push((at, self.facts.len()));
                }
            }
            self.facts.push(facts);
        }
        self.components.push(Component {
            name: component.name.filled(),
            guid: component.guid.filled(),
            global_message_strings: component.global_message_strings,
            first,
            count: component.rules.items.len(),
        });
    }

    /// The rule of a result. A stated id wins over an index that names another rule.
    pub(crate) fn find(&self, finding: &Finding<'_>, warnings: &mut Warnings) -> Found {
        let reference = finding.rule.get();
        let index = match reference.map_or(Index::Absent, |reference| reference.index.index()) {
            Index::Absent => finding.rule_index.index(),
            index => index,
        };
        let id = finding
            .rule_id
            .filled()
            .or_else(|| reference.and_then(|reference| reference.id.filled()));
        self.look_up(reference, index, id.as_deref(), warnings)
    }

    /// The rule that a reference denotes.
    pub(crate) fn resolve(&self, reference: &Reference<'_>) -> Option<usize> {
        let id = reference.id.filled();
        self.look_up(
            Some(reference),
            reference.index.index(),
            id.as_deref(),
            &mut Warnings::default(),
        )
        .rule
    }

    fn look_up(
        &self,
        reference: Option<&Reference<'_>>,
        index: Index,
        id: Option<&str>,
        warnings: &mut Warnings,
    ) -> Found {
        let component = reference
            .and_then(|reference| reference.component.get())
            .and_then(|component| self.component(component))
            .unwrap_or(0);
        let found = |rule| Found { rule, component };
        let at_index = match index {
            Index::At(index) => self
                .components
                .get(component)
                .filter(|component| index < component.count)
                .map(|component| component.first + index),
            _ => None,
        };
        warnings.add_if(
            at_index.is_none() && index != Index::Absent,
            Warning::RuleIndexOutOfRange,
        );
        if let Some(rule) = at_index {
            let own = self.facts.get(rule).and_then(|facts| facts.id.as_deref());
            if id.is_none_or(|id| own.is_some_and(|own| is_extension(id, own))) {
                return found(Some(rule));
            }
            warnings.add(Warning::RuleIndexMismatch);
        }
        if let Some(guid) = reference.and_then(|reference| reference.guid.filled())
            && let Some(rule) = self.by_guid(component, &guid)
        {
            return found(Some(rule));
        }
        if let Some(rule) = id.and_then(|id| self.by_id(component, id)) {
            return found(Some(rule));
        }
        found(at_index)
    }

    /// The component that a reference denotes: by index, guid, and as a last resort by name.
    fn component(&self, reference: &ComponentReference<'_>) -> Option<usize> {
        if let Index::At(index) = reference.index.index()
            && index + 1 < self.components.len()
        {
            return Some(index + 1);
        }
        let position = |matches: &dyn Fn(&Component<'_>) -> bool| self.components.iter().position(matches);
        reference
            .guid
            .filled()
            .and_then(|guid| position(&|component| component.guid.as_deref() == Some(&guid)))
            .or_else(|| {
                let name = reference.name.filled()?;
                position(&|component| component.name.as_deref() == Some(&name))
            })
    }

    fn by_guid(&self, component: usize, guid: &str) -> Option<usize> {
        let component = self.components.get(component)?;
        let facts = self
            .facts
            .get(component.first..component.first + component.count)?;
        let at = facts.iter().position(|facts| {
            facts
                .guid
                .as_deref()
                .is_some_and(|own| own.eq_ignore_ascii_case(guid))
        })?;
        Some(component.first + at)
    }

    /// The exact id in the component, the driver, the extensions; then the id without its last parts.
    fn by_id(&self, component: usize, id: &str) -> Option<usize> {
        let mut candidate = id;
        loop {
            if let Some(entries) = self.by_id.get(candidate) {
                let here = entries.iter().find(|(at, _)| *at == component);
                return here.or_else(|| entries.first()).map(|(_, rule)| *rule);
            }
            candidate = candidate.rsplit_once('/')?.0;
        }
    }
}

/// Whether `id` is `base`, or `base` and further components.
fn is_extension(id: &str, base: &str) -> bool {
    id.strip_prefix(base)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOOL: &str = r#"{"driver":{"name":"T","rules":[{"id":"R1","name":"one"},{"id":"R2"},7]},
        "extensions":[{"name":"pack","guid":"G","rules":[{"id":"E1","guid":"g1"},{"id":"zizmor/x"}]}]}"#;

    fn find(result: &'static str) -> (Option<usize>, usize, Vec<&'static str>) {
        let tool: Member<Tool<'_>> = Raw::Text(TOOL).read();
        let rules = Rules::of(tool.get(), &Taxonomies::default()).unwrap();
        let finding: Member<Finding<'_>> = Raw::Text(result).read();
        let mut warnings = Warnings::default();
        let found = rules.find(finding.get().unwrap(), &mut warnings);
        (
            found.rule,
            found.component,
            warnings.iter().map(Warning::as_str).collect(),
        )
    }

    #[test]
    fn by_index_id_guid_and_component() {
        assert_eq!(find(r#"{"ruleIndex":1}"#), (Some(1), 0, vec![]));
        assert_eq!(find(r#"{"ruleId":"R2"}"#), (Some(1), 0, vec![]));
        assert_eq!(
            find(r#"{"ruleId":"R1/md5/x","ruleIndex":0}"#),
            (Some(0), 0, vec![])
        );
        assert_eq!(find(r#"{"ruleId":"R1/md5/x"}"#), (Some(0), 0, vec![]));
        assert_eq!(find(r#"{"ruleId":"R11"}"#), (None, 0, vec![]));
        assert_eq!(find(r#"{"ruleId":"zizmor/x"}"#), (Some(4), 0, vec![]));
        assert_eq!(
            find(r#"{"rule":{"index":0,"toolComponent":{"index":0}}}"#),
            (Some(3), 1, vec![])
        );
        assert_eq!(
            find(r#"{"rule":{"guid":"G1","toolComponent":{"guid":"G"}}}"#),
            (Some(3), 1, vec![])
        );
        assert_eq!(
            find(r#"{"rule":{"id":"E1","toolComponent":{"name":"pack"}}}"#),
            (Some(3), 1, vec![])
        );
        assert_eq!(find("{}"), (None, 0, vec![]));
        assert_eq!(find(r#"{"ruleIndex":-1}"#), (None, 0, vec![]));
    }

    #[test]
    fn a_stated_id_wins_over_an_index() {
        assert_eq!(
            find(r#"{"ruleId":"R2","ruleIndex":0}"#),
            (Some(1), 0, vec!["rule_index_mismatch"])
        );
        assert_eq!(
            find(r#"{"ruleId":"R2","ruleIndex":9}"#),
            (Some(1), 0, vec!["rule_index_out_of_range"])
        );
        assert_eq!(
            find(r#"{"ruleId":"none","ruleIndex":0}"#),
            (Some(0), 0, vec!["rule_index_mismatch"])
        );
        assert_eq!(
            find(r#"{"ruleId":"R2","ruleIndex":1e30}"#),
            (Some(1), 0, vec!["rule_index_out_of_range"])
        );
    }
}
