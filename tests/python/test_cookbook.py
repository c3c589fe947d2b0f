"""Every question of docs/cookbook.md is asked of the table that cookbook.sql fills, and answered as shown.

COOKBOOK_ACCEPT=1 writes the answers into the page; read them then."""

from __future__ import annotations

import os
import re

import psycopg
from corpus import ROOT
from examples import BLOCK, examples, run, trimmed

PAGE = ROOT / "docs" / "cookbook.md"
SEED = ROOT / "tests" / "python" / "cookbook.sql"
QUESTIONS = 20


def test_cookbook(dsn: str, connection: psycopg.Connection) -> None:
    found = examples(PAGE)
    headings = re.findall(r"^## (\d+)\. .+$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == [str(n) for n in range(1, len(headings) + 1)]
    assert len(headings) >= QUESTIONS
    assert len(found) == len(headings), "every question has one statement"
    assert all(shown is not None for _, shown in found), "every answer is shown"
    connection.execute("DROP SCHEMA IF EXISTS cookbook CASCADE")
    connection.execute("CREATE SCHEMA cookbook")
    try:
        settings = "client_min_messages = warning", "search_path = cookbook, public", "timezone = 'UTC'"
        setup = "".join(f"SET {setting};\n" for setting in settings) + f"\\i {SEED}\n"
        printed = run(dsn, [statement for statement, _ in found], setup)
        if os.environ.get("COOKBOOK_ACCEPT"):
            accept(printed)
            found = examples(PAGE)
        for (statement, shown), output in zip(found, printed, strict=True):
            assert trimmed(output) == trimmed(shown), f"the answer to this differs:\n{statement}"
            assert "(0 rows)" not in output, f"an answer that shows nothing:\n{statement}"
    finally:
        connection.execute("DROP SCHEMA cookbook CASCADE")


def accept(printed: list[str]) -> None:
    """Puts the outputs into the blocks after the statements."""
    answers = iter(printed)
    text = PAGE.read_text(encoding="utf-8")
    is_answer = False
    parts = []
    end = 0
    for block in BLOCK.finditer(text):
        parts.append(text[end : block.start()])
        end = block.end()
        parts.append(f"```\n{trimmed(next(answers))}\n```" if is_answer else block[0])
        is_answer = block[1] == "sql"
    PAGE.write_text("".join(parts) + text[end:], encoding="utf-8")
