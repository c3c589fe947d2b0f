"""Reports of hostile findings, in a browser: no script runs, nothing is fetched, all is shown, and it looks right."""

from __future__ import annotations

import json
import os
import uuid
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest
from hostile import ATTRIBUTES, ELEMENTS, LINKS, PAYLOADS
from playwright.sync_api import Browser, Page

TITLE = "Report"
# Where screenshots go, for those who want to look at them.
SCREENSHOTS = os.environ.get("REVIEWPRO_SCREENSHOTS")
SEVERITIES = ["critical", "high", "medium", "low", "info"]
SIZES = {"wide": (1280, 900), "narrow": (390, 844)}


def store(connection: psycopg.Connection, *, hostile: bool) -> None:
    """A table with a finding for each payload, or with plain ones; all with embeddings in three heaps."""
    connection.execute("CREATE TABLE seen AS SELECT create_findings_table('findings')")
    connection.execute("ALTER TABLE findings ADD COLUMN embedding real[]")
    texts = PAYLOADS if hostile else [f"Finding number {n} of the kind {n % 3}." for n in range(len(PAYLOADS))]
    words = texts if hostile else ["Bandit", "Semgrep", "Ruff"]
    findings = [
        {
            "rule_id": text if hostile else f"R{n % 5}",
            "rule_name": text if hostile else f"rule-{n % 5}",
            "message": text,
            "file_path": text if hostile else f"src/part{n % 4}/module.py",
            "line": n + 1,
            "code_snippet": f"{text}\nvalue = {n}",
            "severity": SEVERITIES[n % len(SEVERITIES)],
            "tool_name": words[n % len(words)],
            "cwe": ["CWE-79"],
            "help_uri": LINKS[n % len(LINKS)] if hostile else "https://good.example/rule",
        }
        for n, text in enumerate(texts)
    ]
    ids = [uuid.UUID(int=n) for n in range(3)]
    connection.execute("SELECT ingest_findings(%s::jsonb, %s, %s, %s)", (json.dumps(findings), *ids))
    connection.execute("""
        UPDATE findings SET
            embedding = ARRAY[start_line % 3 + 0.01 * start_line, (start_line + 1) % 3, 1 + 0.02 * start_line % 7],
            security_severity = 10 - start_line / 4.0
    """)
    if hostile:
        # What a table with other columns may hold.
        connection.execute("ALTER TABLE findings DROP CONSTRAINT findings_severity_check")
        connection.execute("UPDATE findings SET severity = %s WHERE start_line = 1", (PAYLOADS[4],))
        connection.execute("UPDATE findings SET help_uri = %s WHERE start_line %% 2 = 0", (LINKS[5],))


def report(connection: psycopg.Connection, **options: object) -> str:
    named = ", ".join(f"{name} => %s" for name in options)
    return connection.execute(f"SELECT findings_report({named})", list(options.values())).fetchone()[0]


class Opened:
    """A page, and what it did."""

    def __init__(self, browser: Browser, html: str, folder: Path, scheme: str = "light", size: str = "wide") -> None:
        width, height = SIZES[size]
        self.page: Page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": height})
        self.requests: list[str] = []
        self.messages: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.messages.append(message.text))
        self.page.on("dialog", lambda dialog: (self.messages.append("dialog"), dialog.dismiss()))
        self.page.on("pageerror", lambda error: self.messages.append(str(error)))
        file = folder / "page.html"
        file.write_text(html, encoding="utf-8", newline="")
        self.page.goto(file.as_uri(), wait_until="networkidle")
        # What would run on hover, focus or a click's way there.
        for element in self.page.query_selector_all("h3, .message, pre, a, circle")[:40]:
            element.dispatch_event("mouseover")
            element.dispatch_event("focus")
        self.page.wait_for_timeout(100)


@pytest.fixture
def hostile(connection: psycopg.Connection) -> str:
    store(connection, hostile=True)
    return report(connection, title=TITLE, worst=100, top=100)


def test_the_payloads_run_where_they_are_not_escaped(browser: Browser, tmp_path: Path) -> None:
    """The counter-proof: a page without any escaping is hit."""
    hit = 0
    for payload in [payload for payload in PAYLOADS if "evil.example" not in payload]:
        opened = Opened(browser, f"<!DOCTYPE html><title>{TITLE}</title><p>{payload}</p>", tmp_path)
        hit += opened.page.title() == "pwned"
        opened.page.close()
    assert hit >= 8


def test_no_script_runs_and_nothing_is_fetched(browser: Browser, hostile: str, tmp_path: Path) -> None:
    opened = Opened(browser, hostile, tmp_path)
    assert opened.page.title() == TITLE
    assert opened.messages == []
    assert len(opened.requests) == 1, opened.requests


def test_without_the_policy_no_script_runs_either(browser: Browser, hostile: str, tmp_path: Path) -> None:
    """The policy is the second wall: the first one holds alone."""
    assert hostile.count("Content-Security-Policy") == 1
    opened = Opened(browser, hostile.replace("Content-Security-Policy", "x-none"), tmp_path)
    assert opened.page.title() == TITLE
    assert opened.messages == []
    assert len(opened.requests) == 1, opened.requests


def test_the_page_consists_of_what_it_may(browser: Browser, hostile: str, tmp_path: Path) -> None:
    page = Opened(browser, hostile, tmp_path).page
    elements = page.evaluate("[...document.querySelectorAll('*')].map(e => e.localName)")
    assert len(elements) > 500
    assert set(elements) - ELEMENTS == set()
    attributes = page.evaluate("[...document.querySelectorAll('*')].flatMap(e => [...e.attributes]).map(a => a.name)")
    assert set(attributes) - ATTRIBUTES == set()
    links = page.evaluate("[...document.querySelectorAll('a')].map(a => a.href)")
    assert set(links) == {"https://good.example/a?b=1&c=(2)_*_"}
    classes = page.evaluate("[...new Set([...document.querySelectorAll('[class]')].flatMap(e => [...e.classList]))]")
    assert all(len(name) < 12 for name in classes), classes
    assert page.evaluate("document.compatMode") == "CSS1Compat"


def test_what_was_written_is_shown(browser: Browser, hostile: str, tmp_path: Path) -> None:
    page = Opened(browser, hostile, tmp_path).page
    messages = page.evaluate("[...document.querySelectorAll('.message')].map(e => e.textContent)")
    assert len(messages) == len(PAYLOADS)
    for payload in PAYLOADS:
        shown = payload.replace("\r", "")
        for hidden in "\u202e\u202c\u2066\u2069\u200b\u0001":
            shown = shown.replace(hidden, f"[U+{ord(hidden):04X}]")
        assert shown in messages, payload
    text = page.evaluate("document.body.textContent")
    assert not any(hidden in text for hidden in "\u202e\u202c\u2066\u2069\u200b\u0001")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ["plain", "hostile"])
def test_it_looks_right(
    browser: Browser, connection: psycopg.Connection, tmp_path: Path, scheme: str, size: str, kind: str
) -> None:
    store(connection, hostile=kind == "hostile")
    html = report(connection, title=TITLE, worst=5)
    page = Opened(browser, html, tmp_path, scheme, size).page
    # Nothing sticks out to the side.
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
    # Text and ground are as far apart as the guidelines for accessibility ask for ordinary text.
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) > 30
    assert all(ratio >= 4.5 for _, ratio in contrasts), [c for c in contrasts if c[1] < 4.5]
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}[scheme]
    # There are letters, and lines of them have a height.
    heights = page.evaluate(
        "[...document.querySelectorAll('h1, h2, .badge')].map(e => e.getBoundingClientRect().height)"
    )
    assert min(heights) > 15
    # The style is in force: bars are as long as they say, and the map has dots within it.
    bars = page.evaluate("[...document.querySelectorAll('.bar rect')].map(e => e.getBoundingClientRect().width)")
    assert max(bars) > 30
    dots = page.evaluate(DOTS)
    assert len(dots) == len(PAYLOADS)
    assert all(dots)
    if SCREENSHOTS:
        page.screenshot(path=Path(SCREENSHOTS) / f"report-{kind}-{size}-{scheme}.png", full_page=True)


def test_it_prints(browser: Browser, connection: psycopg.Connection, tmp_path: Path) -> None:
    store(connection, hostile=False)
    page = Opened(browser, report(connection), tmp_path).page
    printed = page.pdf()
    assert printed.startswith(b"%PDF")
    assert len(printed) > 10_000
    if SCREENSHOTS:
        (Path(SCREENSHOTS) / "report.pdf").write_bytes(printed)


def test_it_can_be_read_aloud(browser: Browser, hostile: str, tmp_path: Path) -> None:
    page = Opened(browser, hostile, tmp_path).page
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.locator("h1").count() == 1
    tables = page.locator("table").count()
    assert tables >= 4
    assert page.locator("table > caption").count() == tables
    assert page.locator("th:not([scope])").count() == 0
    assert page.locator("tbody tr:not(:has(th[scope=row]))").count() == 0
    # A drawing has a name, or says nothing that the text beside it does not.
    drawings = page.locator("svg").count()
    assert drawings > 10
    assert page.locator("svg[aria-hidden=true]").count() == drawings - 1
    assert page.get_by_role("img", name="Map of similar findings").count() == 1
    assert page.locator("circle:not(:has(title))").count() == page.locator(".patch circle").count()
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map(e => +e.localName[1])")
    assert all(after - before <= 1 for before, after in pairwise(levels))


# Ratio of each text's colour to that of what is behind it (WCAG 2.2, 1.4.3).
CONTRASTS = """() => {
    const parse = colour => colour.match(/[\\d.]+/g).map(Number);
    const light = colour => {
        const [r, g, b] = colour.map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = e => {
        for (; e; e = e.parentElement) {
            const colour = parse(getComputedStyle(e).backgroundColor);
            if (colour.length < 4 || colour[3] > 0) return colour.slice(0, 3);
        }
        return [255, 255, 255];
    };
    return [...document.body.querySelectorAll('*:not(svg *)')]
        .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
        .map(e => {
            const [a, b] = [parse(getComputedStyle(e).color).slice(0, 3), ground(e)].map(light);
            return [e.className || e.localName, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
        });
}"""
# Whether each dot lies within the map.
DOTS = """() => {
    const map = document.querySelector('.map').getBoundingClientRect();
    return [...document.querySelectorAll('.map circle')].map(e => e.getBoundingClientRect()).map(
        r => r.left >= map.left && r.right <= map.right && r.top >= map.top && r.bottom <= map.bottom && r.width > 1);
}"""
