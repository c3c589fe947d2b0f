//! What the results of one run share.

use std::borrow::Cow;

use crate::fingerprint::tool;

use super::level::Configured;
use super::location::Files;
use super::model::{Finding, Invocation, Run, ToolComponent};
use super::options::{FingerprintKind, Options};
use super::raw::{Index, Raw};
use super::read::Member;
use super::rule::{Found, Rules};
use super::taxonomy::Taxonomies;
use super::warning::{Warning, Warnings};

/// A run without its results, resolved.
#[derive(Debug, Default)]
pub(crate) struct Context<'d> {
    pub(crate) index: usize,
    pub(crate) tool_name: Option<Cow<'d, str>>,
    pub(crate) tool_version: Option<Cow<'d, str>>,
    pub(crate) category: Option<Cow<'d, str>>,
    pub(crate) column_kind: Option<Cow<'d, str>>,
    pub(crate) rules: Rules<'d>,
    pub(crate) files: Files<'d>,
    pub(crate) taxonomies: Taxonomies<'d>,
    /// Overrides by invocation: rule and configuration.
    overrides: Vec<Vec<(usize, Configured)>>,
    /// What every row of the run is warned of.
    pub(crate) warnings: Warnings,
}

impl<'d> Context<'d> {
    /// Resolves a run; takes what it needs out of it.
    pub(crate) fn of(index: usize, run: &mut Run<'d>, options: &Options) -> crate::Result<Self> {
        let taxonomies = Taxonomies::of(&run.taxonomies.items)?;
        let described = run.tool.get();
        let driver = described.and_then(|tool| tool.driver.get());
        let rules = Rules::of(described, &taxonomies)?;
        let invocations = run.read_invocations();
        let mut warnings = Warnings::default();
        warnings.add_if(
            driver.is_none_or(|driver| driver.name.filled().is_none()),
            Warning::ToolMissing,
        );
        warnings.add_if(has_external(run), Warning::ExternalProperties);
        let denied = options
            .fingerprint_keys
            .iter()
            .flatten()
            .any(|key| tool::is_denied(key));
        warnings.add_if(
            denied && options.fingerprint() == FingerprintKind::Tool,
            Warning::FingerprintKeyDenied,
        );
        Ok(Context {
            index,
            tool_name: driver.and_then(|driver| driver.name.filled()),
            tool_version: driver.and_then(version),
            category: run
                .automation
                .get()
                .and_then(|automation| category(automation.id.filled()?)),
            column_kind: run.column_kind.filled(),
            overrides: overrides(&invocations, &rules),
            rules,
            files: Files::of(run, &invocations, options),
            taxonomies,
            warnings,
        })
    }

    /// What the configuration overrides of the result's invocation say of the rule. A result that names no invocation means the
    /// only one.
    pub(crate) fn overridden(&self, finding: &Finding<'_>, found: Found) -> Configured {
        if self.overrides.is_empty() {
            return Configured::default();
        }
        let invocation = match finding
            .provenance
            .get()
            .map_or(Index::Absent, |provenance| provenance.invocation.index())
        {
            Index::At(at) => at,
            _ if self.overrides.len() == 1 => 0,
            _ => return Configured::default(),
        };
        let entries = self.overrides.get(invocation).into_iter().flatten();
        let mut of_rule = entries.filter(|(rule, _)| found.rule == Some(*rule));
        Configured {
            level: of_rule.clone().find_map(|(_, configured)| configured.level),
            rank: of_rule.find_map(|(_, configured)| configured.rank),
        }
    }
}

/// `version`, `semanticVersion` or `dottedQuadFileVersion`.
pub(crate) fn version<'d>(driver: &ToolComponent<'d>) -> Option<Cow<'d, str>> {
    [driver.version, driver.semantic_version, driver.file_version]
        .into_iter()
        .find_map(Raw::filled)
}

/// Everything before the last slash of `automationDetails.id`; the rest names one run (§3.17.3). An id without a slash is all
/// name, and has no category.
pub(crate) fn category(id: Cow<'_, str>) -> Option<Cow<'_, str>> {
    let at = id.rfind('/').filter(|at| *at > 0)?;
    Some(match id {
        Cow::Borrowed(id) => Cow::Borrowed(&id[..at]),
        Cow::Owned(mut id) => {
            id.truncate(at);
            Cow::Owned(id)
        }
    })
}

/// Whether the run keeps some of its properties in other files.
pub(crate) fn has_external(run: &Run<'_>) -> bool {
    run.external.get().is_some_and(|external| {
        [
            external.conversion,
            external.driver,
            external.extensions,
            external.artifacts,
            external.invocations,
            external.logical_locations,
            external.results,
            external.taxonomies,
            external.thread_flow_locations,
        ]
        .iter()
        .any(|reference| !reference.is_none())
    })
}

fn overrides(invocations: &[Invocation<'_>], rules: &Rules<'_>) -> Vec<Vec<(usize, Configured)>> {
    let of_invocation = |invocation: &Invocation<'_>| -> Vec<_> {
        let items = invocation.overrides.items.iter().filter_map(Member::get);
        items
            .filter_map(|item| {
                let configured = Configured::of(&item.configuration);
                if configured.is_empty() {
                    return None;
                }
                Some((rules.resolve(item.descriptor.get()?)?, configured))
            })
            .collect()
    };
    let all: Vec<Vec<_>> = invocations.iter().map(of_invocation).collect();
    if all.iter().all(Vec::is_empty) {
        Vec::new()
    } else {
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_category_is_what_stands_before_the_last_slash() {
        let of = |id: &str| category(Cow::Owned(id.to_owned())).map(Cow::into_owned);
        assert_eq!(category("a/b/c".into()).as_deref(), Some("a/b"));
        assert_eq!(of("x/").as_deref(), Some("x"));
        assert_eq!(of("a/b/").as_deref(), Some("a/b"));
        for id in ["nightly", "2026-11-25T06:00:00Z", "/x", "/"] {
            assert_eq!(of(id), None, "{id}");
        }
    }
}
