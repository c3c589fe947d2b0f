//! Lines, columns and snippets (§3.29, §3.30).

use std::borrow::Cow;

use super::model::{Content, PhysicalLocation, Region};
use super::number::{self, Integer};
use super::raw::{Kind, Raw};
use super::read::Member;
use super::warning::{Warning, Warnings};

/// The place of a finding within its file; lines and columns count from 1, the end column is exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Span {
    pub(crate) start_line: Option<i32>,
    pub(crate) start_column: Option<i32>,
    pub(crate) end_line: Option<i32>,
    pub(crate) end_column: Option<i32>,
}

/// A region as written, and with the specification's defaults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) written: Span,
    pub(crate) span: Span,
}

impl Place {
    pub(crate) fn of(region: Option<&Region<'_>>, warnings: &mut Warnings) -> Place {
        let Some(region) = region else {
            return Place::default();
        };
        let written = Span {
            start_line: position(region.start_line, warnings),
            start_column: position(region.start_column, warnings),
            end_line: position(region.end_line, warnings),
            end_column: position(region.end_column, warnings),
        };
        let Some(start_line) = written.start_line else {
            return Place {
                written,
                span: Span::default(),
            };
        };
        let span = Span {
            start_line: Some(start_line),
            start_column: written.start_column.or(Some(1)),
            end_line: written.end_line.or(Some(start_line)),
            end_column: written.end_column,
        };
        let reversed = span.end_line < span.start_line
            || (span.end_line == span.start_line
                && span.end_column.is_some_and(|end| Some(end) < span.start_column));
        warnings.add_if(reversed, Warning::RegionReversed);
        Place { written, span }
    }
}

/// A line or column. Whole numbers from 1 count, in any notation, and strings of one to nine digits.
fn position(value: Raw<'_>, warnings: &mut Warnings) -> Option<i32> {
    let integer = match value.kind() {
        Kind::Absent | Kind::Null => return None,
        Kind::Number => number::integer(&value.token()?),
        Kind::Text => {
            let text = value.text()?;
            let is_digits = (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
            warnings.add(if is_digits {
                Warning::TypeCoerced
            } else {
                Warning::TypeMismatch
            });
            if is_digits {
                number::integer(&text)
            } else {
                return None;
            }
        }
        _ => Integer::Fraction,
    };
    match integer {
        Integer::Value(value) if value < 1 => None,
        Integer::Value(value) => {
            let position = i32::try_from(value).ok();
            warnings.add_if(position.is_none(), Warning::LineOutOfRange);
            position
        }
        Integer::Huge => {
            warnings.add(Warning::LineOutOfRange);
            None
        }
        Integer::Fraction => {
            warnings.add(Warning::TypeMismatch);
            None
        }
    }
}

/// The text of a snippet or of an artifact's contents.
pub(crate) fn content<'d>(content: &Member<Content<'d>>) -> Option<Cow<'d, str>> {
    let content = content.get()?;
    content
        .text
        .text()
        .or_else(|| content.rendered.get()?.text.text())
}

/// The code of a finding: its own snippet, else its lines cut out of the context, else out of the whole file.
pub(crate) fn snippet<'d>(
    physical: Option<&PhysicalLocation<'d>>,
    span: Span,
    file: impl FnOnce() -> Option<Cow<'d, str>>,
) -> Option<Cow<'d, str>> {
    let physical = physical?;
    if let Some(text) = physical.region.get().and_then(|region| content(&region.snippet)) {
        return Some(text);
    }
    let from_context = || {
        let context = physical.context.get()?;
        let first = position(context.start_line, &mut Warnings::default())?;
        cut(&content(&context.snippet)?, span, first)
    };
    from_context().or_else(|| cut(&file()?, span, 1)).map(Cow::Owned)
}

/// The lines of the span out of a text whose first line has the given number; none when they are not all there.
fn cut(text: &str, span: Span, first: i32) -> Option<String> {
    let from = usize::try_from(span.start_line?.checked_sub(first)?).ok()?;
    let to = usize::try_from(span.end_line?.checked_sub(first)?).ok()?;
    let count = to.checked_sub(from)?.checked_add(1)?;
    let mut out = String::new();
    let mut taken = 0;
    for line in text.split('\n').skip(from).take(count) {
        if taken > 0 {
            out.push('\n');
        }
        out.push_str(line.strip_suffix('\r').unwrap_or(line));
        taken += 1;
    }
    (taken == count).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(region: &str) -> ([Option<i32>; 4], Vec<&'static str>) {
        let member: Member<Region<'_>> = Raw::Text(region).read();
        let mut warnings = Warnings::default();
        let span = Place::of(member.get(), &mut warnings).span;
        (
            [span.start_line, span.start_column, span.end_line, span.end_column],
            warnings.iter().map(Warning::as_str).collect(),
        )
    }

    #[test]
    fn lines_and_their_defaults() {
        const NONE: [Option<i32>; 4] = [None; 4];
        for (line, warnings) in [
            ("0", vec![]),
            ("-1", vec![]),
            ("null", vec![]),
            ("true", vec!["type_mismatch"]),
            ("{}", vec!["type_mismatch"]),
            ("3.5", vec!["type_mismatch"]),
            ("99999999999", vec!["line_out_of_range"]),
            ("1e76", vec!["line_out_of_range"]),
            ("1e999", vec!["line_out_of_range"]),
        ] {
            assert_eq!(
                span(&format!(r#"{{"startLine":{line}}}"#)),
                (NONE, warnings),
                "{line}"
            );
        }
        let coerced = span(r#"{"startLine":"6","endLine":"10"}"#);
        assert_eq!(
            coerced,
            ([Some(6), Some(1), Some(10), None], vec!["type_coerced"])
        );
        assert_eq!(
            span(r#"{"startLine":3.0}"#),
            ([Some(3), Some(1), Some(3), None], vec![])
        );
        assert_eq!(
            span(r#"{"startLine":5,"endLine":3}"#),
            ([Some(5), Some(1), Some(3), None], vec!["region_reversed"])
        );
        assert_eq!(span(r#"{"charOffset":10,"charLength":3}"#), (NONE, vec![]));
        assert_eq!(
            span(r#"{"startLine":2,"endColumn":9}"#).0,
            [Some(2), Some(1), Some(2), Some(9)]
        );
        let insertion = r#"{"startLine":2,"startColumn":2,"endLine":2,"endColumn":2}"#;
        assert_eq!(span(insertion), ([Some(2), Some(2), Some(2), Some(2)], vec![]));
    }

    #[test]
    fn lines_are_cut_out_of_a_context() {
        let lines = |start, end| Span {
            start_line: Some(start),
            end_line: Some(end),
            ..Span::default()
        };
        let text = "a\r\nb\nc";
        assert_eq!(cut(text, lines(11, 12), 10).as_deref(), Some("b\nc"));
        assert_eq!(cut(text, lines(10, 10), 10).as_deref(), Some("a"));
        assert_eq!(cut(text, lines(12, 13), 10), None);
        assert_eq!(cut(text, lines(9, 10), 10), None);
        assert_eq!(cut(text, lines(12, 11), 10), None);
        assert_eq!(cut(text, lines(1, i32::MAX), 1), None);
    }
}
