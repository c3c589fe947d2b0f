"""finding_text gives, byte for byte, what the application embeds."""

from __future__ import annotations

import itertools

import psycopg

RULES = ["B101", "python.lang.security.audit", "", "règle"]
PATHS = ["src/app.py", "Makefile", "a.tar.gz", "dir.d/file", "trailing.", ".gitignore", "", "ü.ñ", "a..b"]
MESSAGES = ["Use of assert detected.", "", "two\nlines", "\U0001f600 and é"]
SNIPPETS = [None, "", "assert user", "x" * 500, "é" * 501, "\U0001f600" * 600, "line\n" * 200, " "]


def application(rule_id: str, file_path: str, message: str, snippet: str | None) -> str:
    """Rule, file type (what is after the last dot), description, and 500 characters of the code where there is some."""
    lines = [
        f"Rule: {rule_id}",
        f"File type: {file_path.split('.')[-1] if '.' in file_path else 'unknown'}",
        f"Description: {message}",
    ]
    if snippet:
        lines.append(f"Code: {snippet[:500]}")
    return "\n".join(lines)


def test_equal_to_the_application(db: psycopg.Connection) -> None:
    compared = 0
    for case in itertools.product(RULES, PATHS, MESSAGES, SNIPPETS):
        found = db.execute("SELECT finding_text(%s, %s, %s, %s)", case).fetchone()
        assert found == (application(*case),), case
        compared += 1
    assert compared == len(RULES) * len(PATHS) * len(MESSAGES) * len(SNIPPETS)


def test_frozen(db: psycopg.Connection) -> None:
    """Never to be edited: stored vectors are of these texts."""
    query = "SELECT finding_text('B307', 'src/my app.py', 'Use of possibly insecure function.', 'eval(x)')"
    expected = "Rule: B307\nFile type: py\nDescription: Use of possibly insecure function.\nCode: eval(x)"
    assert db.execute(query).fetchone() == (expected,)


def test_null(db: psycopg.Connection) -> None:
    query = "SELECT finding_text(NULL, 'a', 'm'), finding_text('r', 'a', NULL), finding_text('r', NULL, 'm')"
    assert db.execute(query).fetchone() == (None, None, "Rule: r\nFile type: unknown\nDescription: m")


def test_stored_generated_column(db: psycopg.Connection) -> None:
    db.execute(
        "CREATE TEMP TABLE t (r text, p text, m text, x text GENERATED ALWAYS AS (finding_text(r, p, m)) STORED)"
    )
    db.execute("INSERT INTO t VALUES ('R', 'a.py', 'M')")
    assert db.execute("SELECT x FROM t").fetchone() == ("Rule: R\nFile type: py\nDescription: M",)
