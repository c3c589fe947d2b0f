"""Every ```sql block of README.md is run in order, and what psql prints is what the ``` block after it shows."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import psycopg
import pytest
from corpus import ROOT

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples(readme: Path) -> list[tuple[str, str | None]]:
    """SQL blocks, each with the block of output that follows it directly, if any."""
    text = readme.read_text(encoding="utf-8")
    blocks = list(BLOCK.finditer(text))
    found = []
    for i, block in enumerate(blocks):
        if block[1] != "sql":
            continue
        following = blocks[i + 1] if i + 1 < len(blocks) else None
        between = text[block.end() : following.start()] if following else ""
        shown = following[2] if following and following[1] == "" and not between.strip() else None
        found.append((block[2], shown))
    return found


def trimmed(text: str) -> str:
    """psql's output without the blanks at the ends of lines, which editors take away."""
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines()).strip("\n")


def test_readme(dsn: str, connection: psycopg.Connection) -> None:
    psql = shutil.which("psql")
    assert psql, "psql is not on the PATH"
    found = examples(ROOT / "README.md")
    assert found, "README.md has no SQL example"
    assert any(shown for _, shown in found), "README.md shows no output"
    connection.execute("DROP SCHEMA IF EXISTS readme CASCADE")
    connection.execute("CREATE SCHEMA readme")
    try:
        # One session for all blocks: later examples may use what earlier ones made.
        parts = [f"\\echo {MARK}\n{statement}" for statement, _ in found]
        script = "SET search_path = readme, public;\n" + "\n".join(parts)
        done = subprocess.run(
            [psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", dsn], input=script, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        printed = done.stdout.split(f"{MARK}\n")[1:]
        assert len(printed) == len(found)
        for (statement, shown), output in zip(found, printed, strict=True):
            if shown is not None:
                assert trimmed(output) == trimmed(shown), f"the output of this example differs:\n{statement}"
    finally:
        connection.execute("DROP SCHEMA readme CASCADE")


MARK = "----- next example -----"


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
