//! The same for comments and mails: GitHub's dialect of CommonMark, without any HTML.

use std::fmt::{Result, Write};

use super::clusters::clusters;
use super::escape::{Fenced, Markdown, link};
use super::model::{Changes, Finding, Map, Report};
use super::numbers::{Count, counted, or_unknown};
use crate::chart::{self, Charset};

/// Characters of the longest bar.
const BAR: i32 = 20;
/// Clusters that the table tells of.
const CLUSTERS: usize = 10;

pub(super) fn page(report: &Report, out: &mut dyn Write) -> Result {
    writeln!(
        out,
        "# {}\n",
        Markdown(report.title.as_deref().unwrap_or("Findings"))
    )?;
    for fact in &report.scope {
        writeln!(out, "* {}: {}", Name(&fact.name), Markdown(&fact.value))?;
    }
    if let Some(time) = &report.generated_at {
        writeln!(out, "* Generated: {}", Markdown(time))?;
    }
    let totals = &report.totals;
    write!(
        out,
        "* Findings: {} open in {} by {}, {} fixed, {} settled by people",
        Count(totals.open),
        counted(totals.files, "file"),
        counted(totals.rules, "rule"),
        Count(totals.fixed),
        Count(totals.settled)
    )?;
    if let Some(suppressed) = totals.suppressed {
        write!(out, "; {} of the open ones suppressed", Count(suppressed))?;
    }
    writeln!(out, "; {} in all", Count(totals.findings))?;
    if let Some(changes) = &report.changes {
        since(changes, out)?;
    }
    severities(report, out)?;
    worst(report, out)?;
    rules(report, out)?;
    files(report, out)?;
    match &report.map {
        Some(map) => similar(map, out),
        None => Ok(()),
    }
}

/// The name of a fact: a list's item begins with it, where a dash or a number would begin a list in the list.
struct Name<'a>(&'a str);

impl std::fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> Result {
        write!(f, "**{}**", Markdown(self.0))
    }
}

fn bar(value: u64, most: u64) -> String {
    chart::bar(value as f64, most as f64, BAR, Charset::Blocks)
        .ok()
        .flatten()
        .unwrap_or_default()
}

fn since(changes: &Changes, out: &mut dyn Write) -> Result {
    write!(out, "* Since the last scan: {} new", Count(changes.new))?;
    for (count, name) in [(changes.reopened, "reopened"), (changes.fixed, "fixed")] {
        if let Some(count) = count {
            write!(out, ", {} {name}", Count(count))?;
        }
    }
    if let Some(at) = &changes.at {
        write!(out, " ({})", Markdown(at))?;
    }
    out.write_str("\n")
}

fn severities(report: &Report, out: &mut dyn Write) -> Result {
    let most = report.severities.iter().map(|row| row.open).max().unwrap_or(0);
    out.write_str("\n## Open findings by severity\n\n| Severity | Open | New | |\n|:---|---:|---:|:---|\n")?;
    for row in &report.severities {
        let new = row.new.map_or_else(String::new, |new| Count(new).to_string());
        writeln!(
            out,
            "| {} | {} | {new} | {} |",
            Markdown(&row.severity),
            Count(row.open),
            bar(row.open, most)
        )?;
    }
    Ok(())
}

fn rules(report: &Report, out: &mut dyn Write) -> Result {
    let most = report.rules.iter().map(|rule| rule.open).max().unwrap_or(0);
    out.write_str("\n## Rules\n\n| Rule | Worst | Open | |\n|:---|:---|---:|:---|\n")?;
    for rule in &report.rules {
        out.write_str("| ")?;
        name(&rule.rule_id, rule.help_uri.as_deref(), out)?;
        if let Some(name) = rule
            .rule_name
            .as_ref()
            .filter(|&name| Some(name) != rule.rule_id.as_ref())
        {
            write!(out, " {}", Markdown(name))?;
        }
        writeln!(
            out,
            " | {} | {} | {} |",
            Markdown(or_unknown(&rule.severity)),
            Count(rule.open),
            bar(rule.open, most)
        )?;
    }
    Ok(())
}

/// A rule's id, linked where there is an address.
fn name(rule_id: &Option<String>, help_uri: Option<&str>, out: &mut dyn Write) -> Result {
    let id = Markdown(or_unknown(rule_id));
    match help_uri.and_then(link) {
        Some(uri) => {
            write!(out, "[{id}](")?;
            // What could end the address, the cell or a word's emphasis, by its number.
            for c in uri.chars() {
                match c {
                    '(' => out.write_str("%28")?,
                    ')' => out.write_str("%29")?,
                    '[' => out.write_str("%5B")?,
                    ']' => out.write_str("%5D")?,
                    '*' => out.write_str("%2A")?,
                    '_' => out.write_str("%5F")?,
                    '&' => out.write_str("&amp;")?,
                    c => out.write_char(c)?,
                }
            }
            out.write_str(")")
        }
        None => write!(out, "{id}"),
    }
}

fn files(report: &Report, out: &mut dyn Write) -> Result {
    let most = report.files.iter().map(|file| file.open).max().unwrap_or(0);
    out.write_str("\n## Files\n\n| File | Worst | Open | |\n|:---|:---|---:|:---|\n")?;
    for file in &report.files {
        writeln!(
            out,
            "| {} | {} | {} | {} |",
            Markdown(or_unknown(&file.file_path)),
            Markdown(or_unknown(&file.severity)),
            Count(file.open),
            bar(file.open, most)
        )?;
    }
    Ok(())
}

fn worst(report: &Report, out: &mut dyn Write) -> Result {
    out.write_str("\n## Worst open findings\n")?;
    if report.worst.is_empty() {
        return out.write_str("\nNo finding is open.\n");
    }
    (1..)
        .zip(&report.worst)
        .try_for_each(|(number, finding)| one(number, finding, out))
}

fn one(number: usize, finding: &Finding, out: &mut dyn Write) -> Result {
    write!(
        out,
        "\n### {number}. {}: ",
        Markdown(or_unknown(&finding.severity))
    )?;
    name(&finding.rule_id, finding.help_uri.as_deref(), out)?;
    if let Some(change) = &finding.change {
        write!(out, " ({})", Markdown(change))?;
    }
    write!(out, "\n\nIn **{}**", Markdown(or_unknown(&finding.file_path)))?;
    if let Some(line) = finding.start_line {
        write!(out, ", line {line}")?;
    }
    if let Some(tool) = &finding.tool_name {
        write!(out, ", by {}", Markdown(tool))?;
    }
    if let Some(score) = finding.security_severity {
        write!(out, ", security severity {score:.1}")?;
    }
    for cwe in &finding.cwe_ids {
        write!(out, ", {}", Markdown(cwe))?;
    }
    if let Some(time) = &finding.first_seen {
        write!(out, ", first seen {}", Markdown(time))?;
    }
    writeln!(out, ": {}", Markdown(or_unknown(&finding.message)))?;
    match finding
        .snippet
        .as_ref()
        .filter(|snippet| !snippet.trim().is_empty())
    {
        Some(snippet) => write!(out, "\n{}", Fenced(snippet)),
        None => Ok(()),
    }
}

fn similar(map: &Map, out: &mut dyn Write) -> Result {
    let clusters = clusters(map);
    write!(
        out,
        "\n## Similar findings\n\n{} among the embeddings of {}",
        counted(clusters.len() as u64, "cluster"),
        counted(map.points.len() as u64, "finding")
    )?;
    if let Some(of) = map.of.filter(|&of| of > map.points.len() as u64) {
        write!(out, ", a sample of {}", Count(of))?;
    }
    out.write_str(".\n")?;
    if clusters.is_empty() {
        return Ok(());
    }
    out.write_str("\n| Cluster | Findings | Typical finding |\n|---:|---:|:---|\n")?;
    for cluster in clusters.iter().take(CLUSTERS) {
        writeln!(
            out,
            "| {} | {} | {} |",
            cluster.number,
            Count(cluster.size),
            Markdown(or_unknown(&cluster.example.label))
        )?;
    }
    Ok(())
}
