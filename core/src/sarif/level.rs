//! Kind, level and severity (§3.27.9, §3.27.10, and the `security-severity` that code scanning introduced).

use std::borrow::Cow;

use super::context::Context;
use super::model::{Configuration, Finding, Properties};
use super::number;
use super::options::{Kind, Words};
use super::raw::{Kind as Type, Raw};
use super::read::{Member, sort_members};
use super::rule::{Found, RuleFacts};
use super::warning::{Warning, Warnings};

/// The level of a result, §3.27.10.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// A serious problem.
    Error,
    /// A problem.
    Warning,
    /// A minor problem.
    Note,
    /// Not applicable to the kind.
    None,
}

/// How severe a finding is, best known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Not a problem in itself.
    Info,
    /// A minor one.
    Low,
    /// An ordinary one.
    Medium,
    /// A serious one.
    High,
    /// The worst.
    Critical,
}

/// Where a severity comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// `security-severity` of the result or its rule.
    SecuritySeverity,
    /// The result's level.
    Level,
    /// A configuration override of the invocation.
    Override,
    /// The rule's default level.
    Rule,
    /// A severity word among the properties.
    Property,
    /// The result's kind.
    Kind,
    /// Nothing: medium.
    Default,
}

impl Level {
    /// The word of the specification.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "note",
            Level::None => "none",
        }
    }

    /// The severity that a level stands for.
    pub fn severity(self) -> Severity {
        match self {
            Level::Error => Severity::High,
            Level::Warning => Severity::Medium,
            Level::Note => Severity::Low,
            Level::None => Severity::Info,
        }
    }

    /// A level in any ASCII case; `info` is read as note.
    pub(crate) fn parse(word: &str) -> Option<Level> {
        const WORDS: [(&str, Level); 5] = [
            ("error", Level::Error),
            ("warning", Level::Warning),
            ("note", Level::Note),
            ("none", Level::None),
            ("info", Level::Note),
        ];
        WORDS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(word))
            .map(|(_, level)| *level)
    }
}

impl Severity {
    /// Every severity, worst first.
    pub const ALL: [Severity; 5] = [
        Severity::Critical,
        Severity::High,
        Severity::Medium,
        Severity::Low,
        Severity::Info,
    ];

    /// The word in the column `severity`.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Critical => "critical",
            Severity::High => "high",
            Severity::Medium => "medium",
            Severity::Low => "low",
            Severity::Info => "info",
        }
    }

    fn parse(word: &str) -> Option<Severity> {
        const WORDS: [(&str, Severity); 9] = [
            ("critical", Severity::Critical),
            ("high", Severity::High),
            ("medium", Severity::Medium),
            ("moderate", Severity::Medium),
            ("low", Severity::Low),
            ("info", Severity::Info),
            ("informational", Severity::Info),
            ("information", Severity::Info),
            ("none", Severity::Info),
        ];
        WORDS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(word))
            .map(|(_, severity)| *severity)
    }
}

impl Source {
    /// The word in the column `severity_source`.
    pub fn as_str(self) -> &'static str {
        match self {
            Source::SecuritySeverity => "security-severity",
            Source::Level => "level",
            Source::Override => "override",
            Source::Rule => "rule",
            Source::Property => "property",
            Source::Kind => "kind",
            Source::Default => "default",
        }
    }
}

/// What a configuration says about the results of its rule (§3.50).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Configured {
    pub(crate) level: Option<Level>,
    pub(crate) rank: Option<f64>,
}

impl Configured {
    pub(crate) fn of(configuration: &Member<Configuration<'_>>) -> Self {
        let Some(configuration) = configuration.get() else {
            return Configured::default();
        };
        Configured {
            level: configuration.level.text().and_then(|word| Level::parse(&word)),
            rank: rank(configuration.rank, &mut Warnings::default()),
        }
    }

    pub(crate) fn is_empty(self) -> bool {
        self == Configured::default()
    }
}

/// A rank from 0 to 100 (§3.27.25, §3.50.5); -1 says that there is none.
pub(crate) fn rank(value: Raw<'_>, warnings: &mut Warnings) -> Option<f64> {
    if value.is_none() {
        return None;
    }
    let number = value.token().and_then(|token| token.parse::<f64>().ok());
    let rank = number.filter(|rank| (0.0..=100.0).contains(rank));
    warnings.add_if(rank.is_none() && number != Some(-1.0), Warning::RankOutOfRange);
    // `-0` is 0, as jsonb has it.
    rank.map(|rank| rank + 0.0)
}

/// What the properties of a result or rule say about severity.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stated {
    /// `security-severity` as a plain decimal, 0 < x <= 10.
    pub(crate) score: Option<Box<str>>,
    /// The severity of that score, or of a word in its place.
    security: Option<Severity>,
    /// A vendor's own word.
    word: Option<Severity>,
}

impl Stated {
    pub(crate) fn of(properties: &Member<Properties<'_>>) -> Stated {
        let Some(properties) = properties.get() else {
            return Stated::default();
        };
        let (score, security) = security_severity(properties.security_severity);
        Stated {
            score,
            security,
            word: vendor_word(properties),
        }
    }
}

/// The score and severity of a `security-severity`: bands at 9, 7 and 4 as code scanning has them.
fn security_severity(value: Raw<'_>) -> (Option<Box<str>>, Option<Severity>) {
    let Some(text) = value.token().or_else(|| value.text()) else {
        return (None, None);
    };
    let text = text.trim_matches([' ', '\t', '\n', '\r']);
    let Some(plain) = number::plain(text) else {
        return (None, Severity::parse(text));
    };
    let score: f64 = plain.parse().unwrap_or(0.0);
    if score <= 0.0 || score > 10.0 {
        return (None, None);
    }
    let severity = if score >= 9.0 {
        Severity::Critical
    } else if score >= 7.0 {
        Severity::High
    } else if score >= 4.0 {
        Severity::Medium
    } else {
        Severity::Low
    };
    (Some(plain.into_boxed_str()), Some(severity))
}

/// The first property named `severity` or `issue_severity` that holds a known word.
fn vendor_word(properties: &Properties<'_>) -> Option<Severity> {
    if properties.others.is_empty() {
        return None;
    }
    let named = |name: &str| {
        ["severity", "issue_severity", "issueseverity"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
    };
    sort_members(properties.others.clone())
        .into_iter()
        .filter(|(name, _)| named(name))
        .find_map(|(_, value)| Severity::parse(value.text()?.trim_matches([' ', '\t', '\n', '\r'])))
}

/// The outcome for one result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Judgement {
    pub(crate) kind: Kind,
    pub(crate) level: Level,
    pub(crate) severity: Severity,
    pub(crate) source: Source,
}

/// What the rule and the run add to a result's own level.
struct Background<'a> {
    /// The level of the configuration override that applies.
    overridden: Option<Level>,
    /// The rule's default level.
    default: Option<Level>,
    /// What the rule's properties say.
    rule: Option<&'a Stated>,
}

/// The outcome for a result of a run.
pub(crate) fn of_result(
    context: &Context<'_>,
    finding: &Finding<'_>,
    found: Found,
    own: &Stated,
    warnings: &mut Warnings,
) -> Judgement {
    let facts = found.rule.and_then(|rule| context.rules.facts.get(rule));
    let background = Background {
        overridden: context.overridden(finding, found).level,
        default: facts.and_then(|facts| facts.configured.level),
        rule: facts.map(|facts| &facts.stated),
    };
    judge(finding, own, &background, warnings)
}

/// The outcome for a result that states nothing but its rule.
pub(crate) fn of_rule(facts: &RuleFacts<'_>) -> Judgement {
    let background = Background {
        overridden: None,
        default: facts.configured.level,
        rule: Some(&facts.stated),
    };
    judge(
        &Finding::default(),
        &Stated::default(),
        &background,
        &mut Warnings::default(),
    )
}

/// Decides kind, level and severity of a result.
fn judge(
    finding: &Finding<'_>,
    own: &Stated,
    background: &Background<'_>,
    warnings: &mut Warnings,
) -> Judgement {
    let kind = match finding.kind.text() {
        None => {
            warnings.add_if(!finding.kind.is_none(), Warning::KindUnknown);
            Kind::Fail
        }
        Some(word) => {
            let known = Kind::WORDS
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(&word));
            warnings.add_if(known.is_none(), Warning::KindUnknown);
            warnings.add_if(known.is_some_and(|(name, _)| *name != word), Warning::WordCase);
            known.map_or(Kind::Fail, |(_, kind)| *kind)
        }
    };
    let stated = finding
        .level
        .text()
        .and_then(|word: Cow<'_, str>| Level::parse(&word));
    warnings.add_if(
        stated.is_none() && finding.level.kind() != Type::Absent,
        Warning::LevelUnknown,
    );
    let settled = matches!(kind, Kind::Pass | Kind::Informational | Kind::NotApplicable);
    if settled || (kind != Kind::Fail && matches!(stated, None | Some(Level::None))) {
        warnings.add_if(
            settled && stated.is_some_and(|level| level != Level::None),
            Warning::LevelIgnored,
        );
        return Judgement {
            kind,
            level: Level::None,
            severity: Severity::Info,
            source: Source::Kind,
        };
    }
    let (level, source) = match (stated, background.overridden, background.default) {
        (Some(level), _, _) => (level, Source::Level),
        (None, Some(level), _) => (level, Source::Override),
        (None, None, Some(level)) => (level, Source::Rule),
        (None, None, None) => (Level::Warning, Source::Default),
    };
    let judgement = |severity, source| Judgement {
        kind,
        level,
        severity,
        source,
    };
    if let Some(severity) = own
        .security
        .or_else(|| background.rule.and_then(|rule| rule.security))
    {
        return judgement(severity, Source::SecuritySeverity);
    }
    if source != Source::Default {
        return judgement(level.severity(), source);
    }
    match own.word.or_else(|| background.rule.and_then(|rule| rule.word)) {
        Some(severity) => judgement(severity, Source::Property),
        None => judgement(Severity::Medium, Source::Default),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(
        result: &'static str,
        default: Option<Level>,
    ) -> (&'static str, &'static str, &'static str, &'static str) {
        let member: Member<Finding<'_>> = Raw::Text(result).read();
        let finding = member.get().unwrap();
        let own = Stated::of(&finding.properties);
        let background = Background {
            overridden: None,
            default,
            rule: None,
        };
        let outcome = judge(finding, &own, &background, &mut Warnings::default());
        (
            outcome.kind.as_str(),
            outcome.level.as_str(),
            outcome.severity.as_str(),
            outcome.source.as_str(),
        )
    }

    #[test]
    fn level_comes_from_the_result_then_the_rule() {
        let rule = Some(Level::Note);
        assert_eq!(
            of(r#"{"level":"ERROR"}"#, rule),
            ("fail", "error", "high", "level")
        );
        assert_eq!(of(r#"{"level":"info"}"#, None), ("fail", "note", "low", "level"));
        for level in [r#""""#, "null", "5", "[]", r#""critical""#] {
            let result = Box::leak(format!(r#"{{"level":{level}}}"#).into_boxed_str());
            assert_eq!(of(result, rule), ("fail", "note", "low", "rule"), "{level}");
        }
        assert_eq!(of("{}", None), ("fail", "warning", "medium", "default"));
    }

    #[test]
    fn kinds_that_are_no_failure_have_no_level() {
        assert_eq!(
            of(r#"{"kind":"pass","level":"error"}"#, None),
            ("pass", "none", "info", "kind")
        );
        assert_eq!(
            of(r#"{"kind":"review"}"#, Some(Level::Error)),
            ("review", "none", "info", "kind")
        );
        assert_eq!(
            of(r#"{"kind":"review","level":"note"}"#, None),
            ("review", "note", "low", "level")
        );
        assert_eq!(
            of(r#"{"kind":"Pass"}"#, Some(Level::Error)),
            ("pass", "none", "info", "kind")
        );
        assert_eq!(
            of(r#"{"kind":"notapplicable"}"#, None),
            ("notApplicable", "none", "info", "kind")
        );
        assert_eq!(
            of(r#"{"kind":"odd"}"#, None),
            ("fail", "warning", "medium", "default")
        );
    }

    #[test]
    fn security_severity_has_bands() {
        for (value, expected) in [
            ("8.1", "high"),
            (r#""8.1""#, "high"),
            (r#""9.0""#, "critical"),
            (r#""9e0""#, "critical"),
            (r#""CRITICAL""#, "critical"),
            ("6.99", "medium"),
            ("0.1", "low"),
            ("10", "critical"),
        ] {
            let result =
                Box::leak(format!(r#"{{"properties":{{"security-severity":{value}}}}}"#).into_boxed_str());
            assert_eq!(
                of(result, None),
                ("fail", "warning", expected, "security-severity"),
                "{value}"
            );
        }
        for value in [
            r#""0.0""#, r#""11""#, r#""-1""#, r#""n/a""#, r#""NaN""#, "[9]", "1e999", "null",
        ] {
            let result =
                Box::leak(format!(r#"{{"properties":{{"security-severity":{value}}}}}"#).into_boxed_str());
            assert_eq!(
                of(result, None),
                ("fail", "warning", "medium", "default"),
                "{value}"
            );
        }
    }

    #[test]
    fn vendor_words_count_only_without_a_level() {
        assert_eq!(of(r#"{"properties":{"issue_severity":"HIGH"}}"#, None).2, "high");
        assert_eq!(
            of(r#"{"properties":{"Severity":"Low"}}"#, None),
            ("fail", "warning", "low", "property")
        );
        assert_eq!(
            of(r#"{"level":"error","properties":{"severity":"low"}}"#, None).2,
            "high"
        );
    }
}
