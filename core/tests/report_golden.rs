//! Reports as they are written, from documents beside them. `REPORT_ACCEPT=1` writes them anew; read them then.

use std::path::{Path, PathBuf};

use reviewpro_core::Task;
use reviewpro_core::jsonb::Tree;
use reviewpro_core::report::{Format, render};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/report")
}

fn written(name: &str, format: Format) -> String {
    let json = std::fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
    let document = Tree::parse(&json).unwrap().encode().unwrap();
    render(document.as_bytes(), format, &Task::new(1, usize::MAX, &|| false)).unwrap()
}

#[test]
fn reports_are_as_they_were() {
    let mut compared = 0;
    for name in ["plain", "hostile"] {
        for (format, ending) in [(Format::Html, "html"), (Format::Markdown, "md")] {
            let text = without_style(&written(name, format));
            let file = folder().join(format!("{name}.{ending}"));
            if std::env::var_os("REPORT_ACCEPT").is_some() {
                std::fs::write(&file, &text).unwrap();
            }
            let expected = std::fs::read_to_string(&file).unwrap();
            assert!(
                text == expected,
                "{} differs (REPORT_ACCEPT=1 writes it)",
                file.display()
            );
            compared += 1;
        }
    }
    assert_eq!(compared, 4);
}

/// The page without its style, which has no say in what is on it, and without the style's hash.
fn without_style(page: &str) -> String {
    let mut page = page.to_owned();
    for (start, end) in [("<style>", "</style>"), ("'sha256-", "'; ")] {
        let Some(from) = page.find(start).map(|at| at + start.len()) else {
            continue;
        };
        let to = from + page[from..].find(end).unwrap();
        page.replace_range(from..to, "...");
    }
    page
}

/// The lines that are not code.
fn outside_fences(markdown: &str) -> String {
    let mut fence = None;
    let mut outside = String::new();
    for line in markdown.lines() {
        match fence {
            Some(end) if line == end => fence = None,
            Some(_) => {}
            None => match line.strip_suffix("text").filter(|line| line.starts_with("```")) {
                Some(begun) => fence = Some(begun),
                None => outside.extend([line, "\n"]),
            },
        }
    }
    assert!(fence.is_none(), "a fence is not closed");
    outside
}

/// What an attacker would have to get into the page does not stand there, whatever the golden files say.
#[test]
fn nothing_hostile_is_left() {
    let html = written("hostile", Format::Html).to_lowercase();
    for part in [
        "<script",
        "<img",
        "<iframe",
        "<svg onload",
        "<a href=\"javascript",
        "<!--",
        "]]>",
        "\u{202e}",
    ] {
        assert!(!html.contains(part), "{part} got into the page");
    }
    let markdown = written("hostile", Format::Markdown);
    let outside = outside_fences(&markdown);
    for part in [
        "<script",
        "<img",
        "](javascript",
        "\u{202e}",
        "@everyone",
        "https://evil",
    ] {
        assert!(!outside.contains(part), "{part} got into the text");
    }
    // Every row of a table has the cells of its heading.
    let mut rows = 0;
    let mut cells = None;
    for line in outside.lines() {
        let bars = line.matches('|').count();
        cells = if line.starts_with("| ") {
            rows += 1;
            assert_eq!(*cells.get_or_insert(bars), bars, "{line}");
            cells
        } else if line.starts_with("|:") || line.starts_with("|-") {
            cells
        } else {
            None
        };
    }
    assert!(rows > 10, "only {rows} rows were looked at");
}
