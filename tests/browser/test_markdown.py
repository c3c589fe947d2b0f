"""The Markdown of hostile findings, read by GitHub's own parser: no markup but what the report put there."""

from __future__ import annotations

from html.parser import HTMLParser

import cmarkgfm
import psycopg
from cmarkgfm.cmark import Options
from hostile import LINKS, PAYLOADS
from test_report import TITLE, report, store

ELEMENTS = {
    "h1",
    "h2",
    "h3",
    "p",
    "ul",
    "li",
    "strong",
    "a",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "pre",
    "code",
}


class Page(HTMLParser):
    """Elements, links and rows of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.links: set[str | None] = set()
        self.rows: list[list[str]] = []
        self.blocks: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        for name, value in attrs:
            assert name in {"href", "align", "lang", "class"}, name
            if name == "href":
                self.links.add(value)
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self.rows[-1].append("")
        elif tag == "pre":
            self.blocks.append("")

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data
        if self.blocks:
            self.blocks[-1] += data


def read(markdown: str) -> Page:
    # Raw HTML is let through, so that it would be seen.
    page = Page()
    page.feed(cmarkgfm.github_flavored_markdown_to_html(markdown, options=Options.CMARK_OPT_UNSAFE))
    return page


def test_the_payloads_are_markup_where_they_are_not_escaped() -> None:
    found = {element for payload in PAYLOADS for element in loose(payload)}
    assert {"script", "img", "a", "table"} <= found


def loose(markdown: str) -> list[str]:
    html = cmarkgfm.github_flavored_markdown_to_html(markdown, options=Options.CMARK_OPT_UNSAFE)
    elements: list[str] = []

    class Seen(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            elements.append(tag)

    Seen().feed(html)
    return elements


def test_nothing_hostile_becomes_markup(connection: psycopg.Connection) -> None:
    store(connection, hostile=True)
    page = read(report(connection, format="markdown", title=TITLE, worst=100, top=100))
    assert set(page.elements) <= ELEMENTS, set(page.elements) - ELEMENTS
    assert page.elements.count("h3") == len(PAYLOADS)
    assert page.elements.count("h1") == 1
    assert page.elements.count("pre") == len(PAYLOADS)
    good = [link for link in LINKS if "good.example/a" in link]
    assert len(good) == 1
    assert page.links == {"HTTPS://good.example/a?b=1&c=%282%29%5F%2A%5F"}
    widths = {len(row) for row in page.rows}
    assert widths == {3, 4}, "a row has other cells than its table"


def test_what_was_written_is_shown(connection: psycopg.Connection) -> None:
    store(connection, hostile=True)
    page = read(report(connection, format="markdown", title=TITLE, worst=100, top=100))
    # The empty characters that keep GitHub from calling people apart.
    text = " ".join(page.text.replace("\u200b", "").split())
    for payload in PAYLOADS:
        shown = " ".join(payload.split())
        for hidden in "\u202e\u202c\u2066\u2069\u200b\u0001":
            shown = shown.replace(hidden, f"[U+{ord(hidden):04X}]")
        assert shown in text, payload
