//! Messages: their text, and the arguments it asks for (§3.11).

use super::place::Place;
use super::references::{Run, elements, text};
use super::report::{Report, Severity};
use crate::sarif::lookup::Found;
use serde_json::Value;
use std::borrow::Cow;

/// Checks a message of a result whose rule was found so.
pub(super) fn check(
    message: &Value,
    run: &Run<'_, '_>,
    found: Found,
    place: &Place<'_>,
    report: &mut Report,
) {
    if !message.is_object() {
        return;
    }
    let stated = text(message, "text").map(Cow::Borrowed);
    let string = match (stated, text(message, "id").filter(|id| !id.is_empty())) {
        (Some(string), None) => Some(string),
        (Some(string), _) if !string.is_empty() => Some(string),
        (_, Some(id)) => {
            let string = run.message_string(id, found);
            if string.is_none() && run.has_whole_tool {
                report.add(
                    Severity::Error,
                    "message_id_unresolved",
                    place,
                    format_args!("neither the rule's messageStrings nor globalMessageStrings have the id \"{id}\": add it, or write text"),
                );
            }
            string
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
    let is_template = arguments > 0 || text(message, "text").is_none_or(str::is_empty);
    if let Some(string) = string.filter(|_| is_template)
        && let Some(missing) = placeholders(&string).find(|index| *index >= arguments)
    {
        report.add(
            Severity::Error,
            "message_argument_missing",
            place,
            format_args!("the message asks for argument {{{missing}}}, but has {arguments} arguments: add it, or write {{{{ for a brace"),
        );
    }
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
