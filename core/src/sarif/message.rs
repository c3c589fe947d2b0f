//! The text of a message (§3.11): strings by id, placeholders, embedded links.

use std::borrow::Cow;

use super::model::{Finding, Message};
use super::raw::Raw;
use super::read::Member;
use super::rule::{Found, RuleFacts, Rules};
use super::warning::{Warning, Warnings};

/// What stands for a message when the log says nothing at all.
pub(crate) const NOTHING: &str = "No description available";

/// The message of a result, never empty. `raw` is the result itself.
pub(crate) fn message<'d>(
    finding: &Finding<'d>,
    raw: Raw<'d>,
    rules: &Rules<'d>,
    found: Found,
    rule_id: Option<&Cow<'d, str>>,
    warnings: &mut Warnings,
) -> Cow<'d, str> {
    let rule = found.rule.and_then(|rule| rules.facts.get(rule));
    let stated = match &finding.message {
        Member::Is(message) => stated(message, rules, rule, found, warnings),
        Member::Wrong => {
            warnings.add(Warning::MessageNotObject);
            raw.member("message").filled().map(without_links)
        }
        Member::Absent | Member::Null => None,
    };
    stated.filter(|text| !text.is_empty()).unwrap_or_else(|| {
        warnings.add(Warning::MessageFromRule);
        rule.and_then(|rule| rule.description().cloned())
            .or_else(|| rule_id.cloned())
            .unwrap_or(Cow::Borrowed(NOTHING))
    })
}

fn stated<'d>(
    message: &Message<'d>,
    rules: &Rules<'d>,
    rule: Option<&RuleFacts<'d>>,
    found: Found,
    warnings: &mut Warnings,
) -> Option<Cow<'d, str>> {
    let text = message.text.filled();
    let by_id = if text.is_none() { message.id.filled() } else { None };
    let template = by_id
        .as_ref()
        .and_then(|id| message_string(id, rules, rule, found));
    warnings.add_if(
        by_id.is_some() && template.is_none(),
        Warning::MessageIdUnresolved,
    );
    let is_template = template.is_some();
    let text = text.or(template).or_else(|| message.markdown.filled())?;
    let arguments = message.arguments.elements();
    let text = if is_template || !arguments.is_empty() {
        fill(text, &arguments, warnings)
    } else {
        text
    };
    Some(without_links(text))
}

/// The string of an id: of the rule, of its component, of the driver.
pub(crate) fn message_string<'d>(
    id: &str,
    rules: &Rules<'d>,
    rule: Option<&RuleFacts<'d>>,
    found: Found,
) -> Option<Cow<'d, str>> {
    let global = |component: usize| {
        rules
            .components
            .get(component)
            .map_or(Raw::Absent, |component| component.global_message_strings)
    };
    let own = rule.map_or(found.component, |rule| rule.component);
    [
        rule.map_or(Raw::Absent, |rule| rule.message_strings),
        global(own),
        global(found.component),
        global(0),
    ]
    .into_iter()
    .find_map(|strings| {
        let entry = strings.member(id);
        entry
            .member("text")
            .filled()
            .or_else(|| entry.member("markdown").filled())
    })
}

/// Placeholders are not filled beyond so many bytes: a small log could make messages of any length.
const FILLED_LIMIT: usize = 1 << 20;

/// Fills placeholders in one pass: `{{` and `}}` are braces, `{n}` is argument n if there is one.
fn fill<'d>(template: Cow<'d, str>, arguments: &[Raw<'d>], warnings: &mut Warnings) -> Cow<'d, str> {
    if !template.contains(['{', '}']) {
        return template;
    }
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template.as_ref();
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with("{{") || rest.starts_with("}}") {
            out.push_str(&rest[..1]);
            rest = &rest[2..];
        } else if let Some((argument, after)) = placeholder(rest, arguments) {
            if out.len() + argument.len() <= FILLED_LIMIT {
                out.push_str(&argument);
                rest = after;
            } else {
                warnings.add(Warning::ArgumentTooLong);
                out.push('{');
                rest = &rest[1..];
            }
        } else {
            out.push_str(&rest[..1]);
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The argument that `{n}` at the start of the text stands for, and what follows.
fn placeholder<'t, 'd>(text: &'t str, arguments: &[Raw<'d>]) -> Option<(Cow<'d, str>, &'t str)> {
    let (digits, after) = text.strip_prefix('{')?.split_once('}')?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let argument = arguments.get(digits.parse::<usize>().ok()?)?;
    Some((argument.text().or_else(|| argument.token())?, after))
}

/// Embedded links to places in the log, `[text](3)` and `[text](sarif:/...)`, become their text.
fn without_links(text: Cow<'_, str>) -> Cow<'_, str> {
    if memchr::memmem::find(text.as_bytes(), b"](").is_none() {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_ref();
    while let Some(at) = memchr::memchr(b'[', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match link(rest) {
            Some((label, after)) => {
                out.push_str(&label);
                rest = after;
            }
            None => {
                out.push('[');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The label of the link at the start of the text, its escapes removed, and what follows the link.
fn link(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let (label, after) = label(text.strip_prefix('[')?)?;
    let (target, after) = after.strip_prefix('(')?.split_once(')')?;
    let is_number = !target.is_empty() && target.bytes().all(|byte| byte.is_ascii_digit());
    (is_number || target.starts_with("sarif:")).then_some((label, after))
}

/// What stands before the closing bracket, its escapes removed, and what follows the bracket.
fn label(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut label = Cow::Borrowed("");
    let mut rest = text;
    loop {
        let at = memchr::memchr3(b'\\', b']', b'[', rest.as_bytes())?;
        label += &rest[..at];
        let mut characters = rest[at..].chars();
        match characters.next()? {
            ']' => return Some((label, characters.as_str())),
            '[' => return None,
            _ => label.to_mut().push(characters.next()?),
        }
        rest = characters.as_str();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sarif::model::Tool;
    use crate::sarif::taxonomy::Taxonomies;

    fn of(message: &str) -> (String, Vec<&'static str>) {
        let tool: Member<Tool<'_>> = Raw::Text(
            r#"{"driver":{"rules":[{"id":"R","shortDescription":{"text":"short"},
                "messageStrings":{"m":{"text":"v '{0}' {{}}"},"md":{"markdown":"**x**"}}}],
                "globalMessageStrings":{"g":{"text":"global {1}"}}}}"#,
        )
        .read();
        let rules = Rules::of(tool.get(), &Taxonomies::default()).unwrap();
        let json = format!(r#"{{"ruleId":"R","message":{message}}}"#);
        let raw = Raw::Text(&json);
        let member: Member<Finding<'_>> = raw.read();
        let finding = member.get().unwrap();
        let mut warnings = Warnings::default();
        let found = rules.find(finding, &mut warnings);
        let id = finding.rule_id.text();
        let text = super::message(finding, raw, &rules, found, id.as_ref(), &mut warnings).into_owned();
        (text, warnings.iter().map(Warning::as_str).collect())
    }

    #[test]
    fn texts_ids_and_last_resorts() {
        assert_eq!(of(r#""plain""#), ("plain".into(), vec!["message_not_object"]));
        assert_eq!(of(r#"{"id":"m","arguments":["q"]}"#), ("v 'q' {}".into(), vec![]));
        assert_eq!(of(r#"{"id":"md"}"#), ("**x**".into(), vec![]));
        assert_eq!(
            of(r#"{"id":"g","arguments":["a","b"]}"#),
            ("global b".into(), vec![])
        );
        assert_eq!(of(r#"{"markdown":"md"}"#), ("md".into(), vec![]));
        for nothing in [
            "null",
            "{}",
            r#"{"text":""}"#,
            r#"{"text":null}"#,
            r#"{"text":5}"#,
        ] {
            assert_eq!(
                of(nothing),
                ("short".into(), vec!["message_from_rule"]),
                "{nothing}"
            );
        }
        assert_eq!(
            of(r#"{"id":"nope"}"#),
            ("short".into(), vec!["message_id_unresolved", "message_from_rule"])
        );
    }

    #[test]
    fn placeholders_are_filled_once() {
        let (text, _) = of(r#"{"text":"{0} {{x}} {1} {2} {a} }","arguments":["A","B{0}"]}"#);
        assert_eq!(text, "A {x} B{0} {2} {a} }");
        let (text, _) = of(r#"{"text":"use {{ x }} and {0}"}"#);
        assert_eq!(text, "use {{ x }} and {0}");
    }

    #[test]
    fn messages_do_not_grow_without_bound() {
        let argument = "a".repeat(FILLED_LIMIT / 2 - 1);
        let (text, warnings) = of(&format!(
            r#"{{"text":"{{0}}{{0}}{{1}}{{0}}","arguments":["{argument}","b"]}}"#
        ));
        assert_eq!(text, format!("{argument}{argument}b{{0}}"));
        assert_eq!(warnings, ["argument_too_long"]);
    }

    #[test]
    fn links_into_the_log_become_their_text() {
        let (text, _) =
            of(r#"{"text":"see [a\\[0\\]](1) and [d](https://x.y/z) [s](sarif:/runs/0) [x] [["}"#);
        assert_eq!(text, "see a[0] and [d](https://x.y/z) s [x] [[");
    }

    #[test]
    fn unstorable_characters_are_replaced() {
        assert_eq!(of(r#"{"text":"a\u0000b\ud800c"}"#).0, "a\u{FFFD}b\u{FFFD}c");
    }
}
