//! One self-contained page: no script, nothing from outside, and a policy that forbids both.

use std::fmt::{Result, Write};

use sha2::{Digest, Sha256};

use super::clusters::clusters;
use super::escape::{Html, link};
use super::model::{Changes, Finding, Map, Report};
use super::numbers::{Count, counted, or_unknown, severity_class};
use super::svg;

/// The only style of the page. Its hash is the only one that the page's policy allows.
const STYLE: &str = include_str!("style.css");
/// Clusters that the legend tells of.
const LEGEND: usize = 20;

pub(super) fn page(report: &Report, out: &mut dyn Write) -> Result {
    let title = report.title.as_deref().unwrap_or("Findings");
    write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{}'; \
         base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n",
        base64(&Sha256::digest(STYLE)),
        Html(title)
    )?;
    header(report, title, out)?;
    severities(report, out)?;
    if let Some(changes) = &report.changes {
        since(changes, out)?;
    }
    worst(report, out)?;
    rules(report, out)?;
    files(report, out)?;
    if let Some(map) = &report.map {
        cluster_map(map, out)?;
    }
    out.write_str("</main>\n</body>\n</html>\n")
}

fn header(report: &Report, title: &str, out: &mut dyn Write) -> Result {
    write!(out, "<header>\n<h1>{}</h1>\n<dl class=\"scope\">", Html(title))?;
    for fact in &report.scope {
        write!(
            out,
            "<div><dt>{}</dt><dd>{}</dd></div>",
            Html(&fact.name),
            Html(&fact.value)
        )?;
    }
    if let Some(time) = &report.generated_at {
        write!(out, "<div><dt>Generated</dt><dd>{}</dd></div>", Html(time))?;
    }
    out.write_str("</dl>\n<ul class=\"totals\">")?;
    let totals = &report.totals;
    let mut total = |count, name| write!(out, "<li><b>{}</b> {name}</li>", Count(count));
    total(totals.open, "open")?;
    total(totals.rules, "rules")?;
    total(totals.files, "files")?;
    total(totals.fixed, "fixed")?;
    total(totals.settled, "settled by people")?;
    if let Some(suppressed) = totals.suppressed {
        total(suppressed, "of the open ones suppressed")?;
    }
    total(totals.findings, "in all")?;
    out.write_str("</ul>\n</header>\n")
}

fn severities(report: &Report, out: &mut dyn Write) -> Result {
    let most = report.severities.iter().map(|row| row.open).max().unwrap_or(0);
    let with_new = report.severities.iter().any(|row| row.new.is_some());
    out.write_str(
        "<section>\n<h2>Open findings by severity</h2>\n<table>\n<caption>Open findings of each severity</caption>\n\
         <thead><tr><th scope=\"col\">Severity</th><th scope=\"col\" class=\"n\">Open</th>",
    )?;
    if with_new {
        out.write_str("<th scope=\"col\" class=\"n\">New</th>")?;
    }
    out.write_str("<td></td></tr></thead>\n<tbody>\n")?;
    for row in &report.severities {
        let class = severity_class(Some(&row.severity));
        write!(
            out,
            "<tr><th scope=\"row\"><span class=\"badge {class}\">{}</span></th><td class=\"n\">{}</td>",
            Html(&row.severity),
            Count(row.open)
        )?;
        if with_new {
            write!(out, "<td class=\"n\">{}</td>", Count(row.new.unwrap_or(0)))?;
        }
        out.write_str("<td class=\"wide\">")?;
        svg::bar(out, row.open, most, class)?;
        out.write_str("</td></tr>\n")?;
    }
    out.write_str("</tbody>\n</table>\n</section>\n")
}

fn since(changes: &Changes, out: &mut dyn Write) -> Result {
    out.write_str("<section>\n<h2>Since the last scan</h2>\n<ul class=\"totals\">")?;
    write!(out, "<li><b>{}</b> new</li>", Count(changes.new))?;
    for (count, name) in [(changes.reopened, "reopened"), (changes.fixed, "fixed")] {
        match count {
            Some(count) => write!(out, "<li><b>{}</b> {name}</li>", Count(count))?,
            None => write!(out, "<li><b>?</b> {name}: the table does not tell</li>")?,
        }
    }
    out.write_str("</ul>\n<p class=\"note\">")?;
    if changes.scans == 1 {
        out.write_str("One scan")?;
    } else {
        write!(out, "The latest scans of {} repositories", Count(changes.scans))?;
    }
    if let Some(at) = &changes.at {
        write!(out, ", {}", Html(at))?;
    }
    out.write_str("</p>\n</section>\n")
}

fn rule_name(rule_id: &Option<String>, help_uri: Option<&str>, out: &mut dyn Write) -> Result {
    let id = Html(or_unknown(rule_id));
    match help_uri.and_then(link) {
        Some(uri) => write!(
            out,
            "<a href=\"{}\" rel=\"noopener noreferrer nofollow\"><bdi>{id}</bdi></a>",
            Html(uri)
        ),
        None => write!(out, "<bdi>{id}</bdi>"),
    }
}

fn rules(report: &Report, out: &mut dyn Write) -> Result {
    let most = report.rules.iter().map(|rule| rule.open).max().unwrap_or(0);
    out.write_str(
        "<section>\n<h2>Rules</h2>\n<table>\n<caption>The rules with the most open findings</caption>\n\
         <thead><tr><th scope=\"col\">Rule</th><th scope=\"col\">Worst</th><th scope=\"col\" class=\"n\">Open</th>\
         <td></td></tr></thead>\n<tbody>\n",
    )?;
    for rule in &report.rules {
        let class = severity_class(rule.severity.as_deref());
        out.write_str("<tr><th scope=\"row\">")?;
        rule_name(&rule.rule_id, rule.help_uri.as_deref(), out)?;
        if let Some(name) = rule
            .rule_name
            .as_ref()
            .filter(|&name| Some(name) != rule.rule_id.as_ref())
        {
            write!(out, " <bdi class=\"note\">{}</bdi>", Html(name))?;
        }
        write!(
            out,
            "</th><td><span class=\"badge {class}\">{}</span></td><td class=\"n\">{}</td><td class=\"wide\">",
            Html(or_unknown(&rule.severity)),
            Count(rule.open)
        )?;
        svg::bar(out, rule.open, most, class)?;
        out.write_str("</td></tr>\n")?;
    }
    out.write_str("</tbody>\n</table>\n</section>\n")
}

fn files(report: &Report, out: &mut dyn Write) -> Result {
    let most = report.files.iter().map(|file| file.open).max().unwrap_or(0);
    out.write_str(
        "<section>\n<h2>Files</h2>\n<table>\n<caption>The files with the most open findings</caption>\n\
         <thead><tr><th scope=\"col\">File</th><th scope=\"col\">Worst</th><th scope=\"col\" class=\"n\">Open</th>\
         <td></td></tr></thead>\n<tbody>\n",
    )?;
    for file in &report.files {
        let class = severity_class(file.severity.as_deref());
        write!(
            out,
            "<tr><th scope=\"row\"><bdi class=\"path\">{}</bdi></th><td><span class=\"badge {class}\">{}</span></td>\
             <td class=\"n\">{}</td><td class=\"wide\">",
            Html(or_unknown(&file.file_path)),
            Html(or_unknown(&file.severity)),
            Count(file.open)
        )?;
        svg::bar(out, file.open, most, class)?;
        out.write_str("</td></tr>\n")?;
    }
    out.write_str("</tbody>\n</table>\n</section>\n")
}

fn worst(report: &Report, out: &mut dyn Write) -> Result {
    out.write_str("<section>\n<h2>Worst open findings</h2>\n")?;
    if report.worst.is_empty() {
        out.write_str("<p>No finding is open.</p>\n")?;
    } else {
        out.write_str("<ol class=\"findings\">\n")?;
        for finding in &report.worst {
            one(finding, out)?;
        }
        out.write_str("</ol>\n")?;
    }
    out.write_str("</section>\n")
}

fn one(finding: &Finding, out: &mut dyn Write) -> Result {
    write!(
        out,
        "<li>\n<h3><span class=\"badge {}\">{}</span> ",
        severity_class(finding.severity.as_deref()),
        Html(or_unknown(&finding.severity))
    )?;
    rule_name(&finding.rule_id, finding.help_uri.as_deref(), out)?;
    if let Some(change) = &finding.change {
        write!(out, " <span class=\"badge change\">{}</span>", Html(change))?;
    }
    write!(
        out,
        "</h3>\n<p class=\"path\"><bdi>{}</bdi>",
        Html(or_unknown(&finding.file_path))
    )?;
    if let Some(line) = finding.start_line {
        write!(out, ":{line}")?;
    }
    write!(
        out,
        "</p>\n<p class=\"message\"><bdi>{}</bdi></p>\n",
        Html(or_unknown(&finding.message))
    )?;
    if let Some(snippet) = finding
        .snippet
        .as_ref()
        .filter(|snippet| !snippet.trim().is_empty())
    {
        // The first line break after <pre> is not part of the text.
        writeln!(
            out,
            "<pre tabindex=\"0\" aria-label=\"Code\">\n<code>{}</code></pre>",
            Html(snippet.trim_end())
        )?;
    }
    out.write_str("<p class=\"note\">")?;
    let mut between = "";
    if let Some(tool) = &finding.tool_name {
        write!(out, "<bdi>{}</bdi>", Html(tool))?;
        between = " · ";
    }
    if let Some(score) = finding.security_severity {
        write!(out, "{between}security severity {score:.1}")?;
        between = " · ";
    }
    for cwe in &finding.cwe_ids {
        write!(out, "{between}<bdi>{}</bdi>", Html(cwe))?;
        between = " · ";
    }
    if let Some(time) = &finding.first_seen {
        write!(out, "{between}first seen {}", Html(time))?;
    }
    out.write_str("</p>\n</li>\n")
}

fn cluster_map(map: &Map, out: &mut dyn Write) -> Result {
    let clusters = clusters(map);
    let drawn = map.points.len() as u64;
    out.write_str("<section>\n<h2>Similar findings</h2>\n<figure>\n")?;
    svg::map(out, map)?;
    write!(out, "<figcaption>The embeddings of {}", counted(drawn, "finding"))?;
    if let Some(of) = map.of.filter(|&of| of > drawn) {
        write!(out, ", a sample of {}", Count(of))?;
    }
    out.write_str(
        ", seen along their two principal components. Near dots are similar; grey ones are in no cluster.</figcaption>\n\
         </figure>\n",
    )?;
    if clusters.is_empty() {
        return out.write_str("<p>No two of them are similar enough to form a cluster.</p>\n</section>\n");
    }
    out.write_str(
        "<table>\n<caption>The largest clusters</caption>\n<thead><tr><th scope=\"col\">Cluster</th>\
         <th scope=\"col\" class=\"n\">Findings</th><th scope=\"col\">Typical finding</th></tr></thead>\n<tbody>\n",
    )?;
    for cluster in clusters.iter().take(LEGEND) {
        out.write_str("<tr><th scope=\"row\">")?;
        svg::patch(out, cluster.number)?;
        writeln!(
            out,
            " {}</th><td class=\"n\">{}</td><td><bdi>{}</bdi></td></tr>",
            cluster.number,
            Count(cluster.size),
            Html(or_unknown(&cluster.example.label))
        )?;
    }
    out.write_str("</tbody>\n</table>\n")?;
    if let Some(more) = clusters.len().checked_sub(LEGEND).filter(|&more| more > 0) {
        writeln!(
            out,
            "<p class=\"note\">And {}.</p>",
            counted(more as u64, "smaller cluster")
        )?;
    }
    out.write_str("</section>\n")
}

/// As a policy wants it (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for part in bytes.chunks(3) {
        let bits = part
            .iter()
            .chain([0, 0].iter())
            .take(3)
            .fold(0_usize, |bits, &byte| bits << 8 | usize::from(byte));
        for i in 0..4 {
            let digit = DIGITS[bits >> (18 - 6 * i) & 63];
            text.push(if i <= part.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_the_standard() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn the_style_cannot_leave_its_element() {
        assert!(!STYLE.contains('<') && !STYLE.contains("@import") && !STYLE.contains("url("));
    }
}
