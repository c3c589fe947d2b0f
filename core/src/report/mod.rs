//! Findings as one page for people.
//!
//! SQL gathers a document ([`Report`]), [`render`] turns it into text; nothing else is read. Everything in the document may
//! come from whoever wrote the scanned code, so no text of it gets into a page but through [`escape`].
//!
//! * [`model`]: the document.
//! * [`escape`]: text made harmless for HTML, SVG and Markdown.
//! * [`html`](mod@html): one self-contained page, without script and without anything from outside.
//! * [`markdown`](mod@markdown): the same for comments and mails.
//! * [`svg`]: bars, and the map of clusters.

mod clusters;
pub mod escape;
mod html;
mod markdown;
pub mod model;
mod numbers;
mod svg;

pub use model::Report;

use std::fmt;

use crate::{Error, ErrorKind, Result, Task, jsonb};

/// What a report is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A page of its own.
    Html,
    /// GitHub's dialect of CommonMark.
    Markdown,
}

impl Format {
    /// The format of that name.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] for another name.
    pub fn parse(name: &str) -> Result<Self> {
        match name {
            "html" => Ok(Format::Html),
            "markdown" => Ok(Format::Markdown),
            _ => Err(
                Error::new(ErrorKind::InvalidParameter, format!("unknown format \"{name}\""))
                    .hint("Use html or markdown."),
            ),
        }
    }
}

/// Writes the report that the payload of a jsonb describes.
///
/// # Errors
/// [`ErrorKind::InvalidParameter`] when it is no such document, [`ErrorKind::OutOfMemory`], those of damaged jsonb.
pub fn render(document: &[u8], format: Format, task: &Task<'_>) -> Result<String> {
    // The texts are copied once; what they become is counted while it is written.
    task.need("a report", Some(document.len()))?;
    let hint = "Pass what findings_report_data returns.";
    if !matches!(jsonb::Value::root(document)?, jsonb::Value::Object(_)) {
        return Err(Error::new(ErrorKind::InvalidParameter, "a report is an object").hint(hint));
    }
    let report: Report = jsonb::from_slice(document).map_err(|error: Error| error.hint(hint))?;
    task.check()?;
    let mut page = Page {
        text: String::new(),
        room: task.memory - document.len(),
    };
    let written = match format {
        Format::Html => html::page(&report, &mut page),
        Format::Markdown => markdown::page(&report, &mut page),
    };
    task.check()?;
    match written {
        Ok(()) => Ok(page.text),
        Err(fmt::Error) => Err(task.need("a report", task.memory.checked_add(1)).map_or_else(
            |error| error,
            |_| Error::new(ErrorKind::OutOfMemory, "out of memory"),
        )),
    }
}

/// A text that does not grow beyond what it may.
struct Page {
    text: String,
    room: usize,
}

impl fmt::Write for Page {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.room = self.room.checked_sub(part.len()).ok_or(fmt::Error)?;
        self.text.try_reserve(part.len()).map_err(|_| fmt::Error)?;
        self.text.push_str(part);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jsonb::Tree;

    fn written(json: &str, format: Format) -> Result<String> {
        within(json, format, usize::MAX)
    }

    fn within(json: &str, format: Format, memory: usize) -> Result<String> {
        let document = Tree::parse(json).unwrap().encode().unwrap();
        render(document.as_bytes(), format, &Task::new(1, memory, &|| false))
    }

    #[test]
    fn an_empty_document_is_an_empty_report() {
        let html = written("{}", Format::Html).unwrap();
        assert!(html.contains("<title>Findings</title>") && html.contains("No finding is open."));
        let markdown = written("{}", Format::Markdown).unwrap();
        assert!(markdown.starts_with("# Findings\n"), "{markdown}");
    }

    #[test]
    fn what_is_no_such_document() {
        for json in [
            "5",
            "[]",
            "null",
            r#"{"worst": 5}"#,
            r#"{"totals": {"open": "x"}}"#,
            r#"{"totals": {"open": -1}}"#,
        ] {
            let error = written(json, Format::Html).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidParameter, "{json}");
            assert!(error.hint.is_some());
        }
        let long = format!("{{\"rules\": [{}{{}}]}}", "{},".repeat(model::MAX_ITEMS));
        let error = written(&long, Format::Html).unwrap_err();
        assert_eq!(error.message, "a list of a report has more than 10000 items");
        assert_eq!(
            Format::parse("pdf").unwrap_err().kind,
            ErrorKind::InvalidParameter
        );
    }

    #[test]
    fn memory_is_limited() {
        for format in [Format::Html, Format::Markdown] {
            let json = format!("{{\"title\": \"{}\"}}", "<".repeat(100_000));
            let size = written(&json, format).unwrap().len();
            assert!(within(&json, format, size + 100_100).is_ok());
            for memory in [0, 100, size] {
                assert_eq!(
                    within(&json, format, memory).unwrap_err().kind,
                    ErrorKind::OutOfMemory
                );
            }
        }
    }

    #[test]
    fn maps_of_all_sizes() {
        for points in [
            "",
            r#"{"x": 1, "y": 2}"#,
            r#"{"x": 1e308, "y": -1e308, "cluster": 0}, {"x": -1e308, "y": 1e308, "cluster": 0}"#,
            r#"{"x": 5e-324, "y": 0, "cluster": 9223372036854775807}, {"x": 0, "y": 0, "cluster": -1}"#,
            r#"{"x": 3, "y": 3, "cluster": 1}, {"x": 3, "y": 3, "cluster": 1}"#,
        ] {
            let html = written(&format!(r#"{{"map": {{"points": [{points}]}}}}"#), Format::Html).unwrap();
            assert!(html.contains("class=\"map\""));
            assert!(
                !html.contains("NaN") && !html.contains("inf\""),
                "{points}: {html}"
            );
        }
    }
}
