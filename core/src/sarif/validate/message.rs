//! Messages: their text, and the arguments it asks for (§3.11).

use super::place::Place;
use super::report::{Report, Severity};
use super::rules::{elements, text};
use serde_json::Value;

/// Checks a message. `rule` and `component` are where its id is looked up.
pub(super) fn check(
    message: &Value,
    rule: Option<&Value>,
    component: &Value,
    place: &Place<'_>,
    report: &mut Report,
) {
    if !message.is_object() {
        return;
    }
    let string = match (text(message, "text"), text(message, "id")) {
        (Some(string), _) => Some(string),
        (None, Some(id)) => {
            let found = rule
                .and_then(|rule| string_of(rule, "messageStrings", id))
                .or_else(|| string_of(component, "globalMessageStrings", id));
            if found.is_none() {
                report.add(
                    Severity::Error,
                    "message_id_unresolved",
                    place,
                    format_args!("neither the rule's messageStrings nor globalMessageStrings have the id \"{id}\": add it, or write text"),
                );
            }
            found
        }
        (None, None) => {
            let has_markdown = message.get("markdown").is_some();
            let (code, hint) = if has_markdown {
                (
                    "message_markdown_only",
                    "a message with markdown also needs text: add the same content without markup",
                )
            } else {
                (
                    "message_missing",
                    "the message says nothing: write text, or the id of a message string",
                )
            };
            report.add(Severity::Error, code, place, hint);
            None
        }
    };
    let arguments = elements(message, "arguments").len();
    // Without arguments, braces in a text are just braces: many tools quote code.
    let is_template = arguments > 0 || message.get("text").is_none();
    if let Some(string) = string.filter(|_| is_template)
        && let Some(missing) = placeholders(string).find(|index| *index >= arguments)
    {
        report.add(
            Severity::Error,
            "message_argument_missing",
            place,
            format_args!("the message asks for argument {{{missing}}}, but has {arguments} arguments: add it, or write {{{{ for a brace"),
        );
    }
}

/// The text of a message string.
fn string_of<'a>(holder: &'a Value, table: &str, id: &str) -> Option<&'a str> {
    text(holder.get(table)?.get(id)?, "text")
}

/// The numbers in `{0}`, `{1}`, ...; `{{` and `}}` are braces.
fn placeholders(string: &str) -> impl Iterator<Item = usize> + '_ {
    let mut rest = string;
    std::iter::from_fn(move || {
        loop {
            let (_, after) = rest.split_once('{')?;
            if let Some(escaped) = after.strip_prefix('{') {
                rest = escaped;
                continue;
            }
            rest = after;
            if let Some((digits, _)) = after.split_once('}')
                && !digits.is_empty()
                && digits.bytes().all(|byte| byte.is_ascii_digit())
                && let Ok(index) = digits.parse()
            {
                return Some(index);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_numbers_in_single_braces() {
        let found = |string| placeholders(string).collect::<Vec<_>>();
        assert_eq!(found("{0} and {12}"), [0, 12]);
        assert_eq!(
            found("{{0}} {a} {} { 1} {-1} {99999999999999999999} {2"),
            [0_usize; 0]
        );
        assert_eq!(found("{{{3}}}"), [3]);
    }
}
