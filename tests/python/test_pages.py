"""Pages lead where they say, and the statements of those that show no output run.

On the cookbook's table, each in a transaction that is rolled back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from corpus import ROOT
from examples import examples, run

DOCS = ROOT / "docs"
SEED = ROOT / "tests" / "python" / "cookbook.sql"
# An indented block, or lines of one: up to the semicolon.
INDENTED = re.compile(r"^    (?:SELECT|ALTER|WITH) .*?;(?:  .*)?$", re.MULTILINE | re.DOTALL)
# pgvector's operator, which this server does not have.
NEEDS_PGVECTOR = "<=>"
# page, how many statements it has at least
PAGES = [
    ("choosing-eps.md", 1),
    ("reference/cluster.md", 5),
    ("reference/fingerprint.md", 1),
    ("reference/report.md", 5),
    ("reference/sarif.md", 1),
    ("operations/monitoring.md", 1),
    ("operations/install.md", 2),
]


def statements(page: Path) -> list[str]:
    fenced = [statement for statement, _ in examples(page)]
    found = [match[0] for match in INDENTED.finditer(prose(page))]
    assert all("\n\n#" not in statement for statement in found), "a statement without a semicolon"
    return fenced + [statement for statement in found if NEEDS_PGVECTOR not in statement]


@pytest.fixture(scope="module")
def pages(dsn: str) -> Iterator[str]:
    """What every session begins with: findings with embeddings, logs, and the tables that single examples name."""
    settings = "SET client_min_messages = warning;\nSET search_path = pages, public;\n"
    own = """
        CREATE TABLE daily AS SELECT current_date + n AS day, n FROM generate_series(1, 5) n;
        ALTER TABLE scans ADD log text;
        UPDATE scans SET log = (SELECT log::text FROM logs LIMIT 1);
        -- Some findings have no vector yet, as in life.
        UPDATE findings SET embedding = NULL WHERE id = (SELECT min(id::text)::uuid FROM findings);
    """
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS pages CASCADE; CREATE SCHEMA pages")
        run(dsn, [], f"{settings}\\i {SEED}\n{own}")
        yield settings
        connection.execute("DROP SCHEMA pages CASCADE")


@pytest.mark.parametrize(("page", "least"), PAGES)
def test_statements_run(dsn: str, pages: str, page: str, least: int) -> None:
    found = statements(DOCS / page)
    assert len(found) >= least, found
    for statement in found:
        if "CREATE EXTENSION" not in statement:
            run(dsn, [f"BEGIN;\n{statement}\nROLLBACK;"], pages)


@pytest.mark.parametrize("kind", ["sarif_finding", "sarif_run", "sarif_rule"])
def test_every_column_is_documented(connection: psycopg.Connection, kind: str) -> None:
    columns = connection.execute("SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass", [kind]).fetchall()
    assert len(columns) > 10
    text = (DOCS / "reference" / "sarif.md").read_text(encoding="utf-8")
    assert [name for (name,) in columns if f"`{name}`" not in text] == []


def prose(page: Path) -> str:
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Of its headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def links(page: Path) -> list[tuple[Path, str]]:
    targets = re.findall(r"\]\((?!https?:)([^)\s#]*)(?:#([^)\s]+))?\)", prose(page))
    return [((page.parent / path).resolve() if path else page, anchor) for path, anchor in targets]


def test_links() -> None:
    """From the README one comes to every page of docs/, and every link leads to a file and a heading."""
    start = ROOT / "README.md"
    seen, waiting = {start}, [start]
    while waiting:
        page = waiting.pop()
        for target, anchor in links(page):
            assert target.exists(), f"{page.name} leads to {target}"
            assert not anchor or anchor in anchors(target), f"{page.name} leads to {target.name}#{anchor}"
            if target.suffix == ".md" and target not in seen:
                seen.add(target)
                waiting.append(target)
    assert set(DOCS.rglob("*.md")) - seen == set()
    assert len(seen) > 15
