//! Which rule a result refers to (§3.27.5 to §3.27.7, §3.52, §3.54), and what is known of each rule.

use std::borrow::Cow;

use super::level::{Configured, Stated};
pub(crate) use super::lookup::Found;
use super::lookup::{Described, Table};
use super::model::{Finding, Rule, Text, Tool, ToolComponent};
use super::raw::{Index, Raw};
use super::read::Member;
use super::taxonomy::{self, Ids, Taxonomies};
use super::warning::Warnings;

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
    pub(crate) configured: Configured,
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
    fn of(component: usize, index: usize, rule: &Rule<'d>, taxonomies: &Taxonomies<'d>) -> Self {
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
            configured: Configured::of(&rule.configuration),
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

impl<'d> Described<'d> for RuleFacts<'d> {
    fn id(&self) -> Option<&Cow<'d, str>> {
        self.id.as_ref()
    }

    fn guid(&self) -> Option<&Cow<'d, str>> {
        self.guid.as_ref()
    }
}

/// All rules of a run: the driver's, then the extensions'.
pub(crate) type Rules<'d> = Table<'d, RuleFacts<'d>>;

impl<'d> Rules<'d> {
    /// # Errors
    /// [`crate::ErrorKind::OutOfMemory`].
    pub(crate) fn of(tool: Option<&Tool<'d>>, taxonomies: &Taxonomies<'d>) -> crate::Result<Self> {
        let count = components(tool)
            .flatten()
            .map(|component| component.rules.items.len())
            .sum();
        let mut rules = Table::with_room(count)?;
        for (at, component) in components(tool).enumerate() {
            let items = component.map_or(&[][..], |component| &component.rules.items);
            let facts = items.iter().enumerate().map(|(index, rule)| match rule.get() {
                Some(rule) => RuleFacts::of(at, index, rule, taxonomies),
                None => RuleFacts {
                    component: at,
                    index,
                    ..RuleFacts::default()
                },
            });
            rules.add(component, facts);
        }
        rules.finish()
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
}

/// The driver and the extensions of a tool, in the order of their positions.
pub(crate) fn components<'a, 'd>(
    tool: Option<&'a Tool<'d>>,
) -> impl Iterator<Item = Option<&'a ToolComponent<'d>>> {
    let extensions = tool.map_or(&[][..], |tool| &tool.extensions.items);
    std::iter::once(tool.and_then(|tool| tool.driver.get())).chain(extensions.iter().map(Member::get))
}

#[cfg(test)]
mod tests {
    use super::super::warning::Warning;
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
        assert_eq!(
            find(r#"{"rule":{"guid":"G1","toolComponent":{"guid":"g"}}}"#),
            (Some(3), 1, vec![])
        );
        // A guid is one rule's alone, wherever that is.
        assert_eq!(find(r#"{"rule":{"guid":"G1"}}"#), (Some(3), 0, vec![]));
        assert_eq!(find(r#"{"rule":{"guid":"none"}}"#), (None, 0, vec![]));
        assert_eq!(find("{}"), (None, 0, vec![]));
        assert_eq!(find(r#"{"ruleIndex":-1}"#), (None, 0, vec![]));
    }

    #[test]
    fn an_index_into_a_component_that_is_not_there_is_no_rule() {
        let unresolved = vec!["tool_component_unresolved"];
        for component in [
            r#"{"index":7}"#,
            r#"{"guid":"other"}"#,
            r#"{"index":7,"name":"none"}"#,
            r#"{"index":"0"}"#,
        ] {
            let of = |members: &str| {
                let result = format!(r#"{{{members}"rule":{{"index":0,"toolComponent":{component}}}}}"#);
                find(Box::leak(result.into_boxed_str()))
            };
            assert_eq!(of(""), (None, 0, unresolved.clone()), "{component}");
            assert_eq!(
                of(r#""ruleId":"R2","#),
                (Some(1), 0, unresolved.clone()),
                "{component}"
            );
            assert_eq!(
                of(r#""ruleId":"E1","#),
                (Some(3), 0, unresolved.clone()),
                "{component}"
            );
        }
        // A name is not what a component is looked up by: alone, it leaves the driver.
        assert_eq!(
            find(r#"{"rule":{"index":0,"toolComponent":{"name":"none"}}}"#),
            (Some(0), 0, unresolved)
        );
        for known in [r#"{"name":"T"}"#, "{}", r#"{"index":-1}"#] {
            let result = format!(r#"{{"rule":{{"index":1,"toolComponent":{known}}}}}"#);
            assert_eq!(
                find(Box::leak(result.into_boxed_str())),
                (Some(1), 0, vec![]),
                "{known}"
            );
        }
        // What one member says wrongly, another may say rightly.
        assert_eq!(
            find(r#"{"rule":{"index":0,"toolComponent":{"index":7,"guid":"G"}}}"#),
            (Some(3), 1, vec![])
        );
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
