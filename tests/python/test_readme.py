"""Every ```sql block of README.md is run in order, and what psql prints is what the ``` block after it shows."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from corpus import ROOT
from examples import examples, run, trimmed


def test_readme(dsn: str, connection: psycopg.Connection, tmp_path: Path) -> None:
    found = examples(ROOT / "README.md")
    assert found, "README.md has no SQL example"
    assert any(shown for _, shown in found), "README.md shows no output"
    connection.execute("DROP SCHEMA IF EXISTS readme CASCADE")
    connection.execute("CREATE SCHEMA readme")
    # The page reads the logs of a checkout, and writes a report beside them.
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    try:
        printed = run(dsn, [statement for statement, _ in found], "SET search_path = readme, public;", tmp_path)
        for (statement, shown), output in zip(found, printed, strict=True):
            if shown is not None:
                assert trimmed(output) == trimmed(shown), f"the output of this example differs:\n{statement}"
        report = (tmp_path / "report.html").read_text(encoding="utf-8")
        assert report.startswith("<!DOCTYPE html>")
        assert "Werkzeug" in report
    finally:
        connection.execute("DROP SCHEMA readme CASCADE")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("```sql\nA;\n```\n\n```\nout\n```\n", [("A;\n", "out\n")]),
        ("```sql\nA;\n```\nwords\n```\nout\n```\n", [("A;\n", None)]),
        ("```sh\nmake\n```\n```sql\nA;\n```\n", [("A;\n", None)]),
    ],
)
def test_examples_are_found(tmp_path: Path, text: str, expected: list[tuple[str, str | None]]) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(text)
    assert examples(readme) == expected
