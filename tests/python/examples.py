"""SQL blocks of a Markdown page, and what psql prints when they are run."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "----- next example -----"


def examples(page: Path) -> list[tuple[str, str | None]]:
    """SQL blocks, each with the block of output that follows it directly, if any."""
    text = page.read_text(encoding="utf-8")
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


def run(dsn: str, statements: list[str], setup: str = "", folder: Path | None = None) -> list[str]:
    """What psql prints for each of the statements, all in one session: later ones may use what earlier ones made.

    psql runs in `folder`: there it finds files, and writes them."""
    psql = shutil.which("psql")
    assert psql, "psql is not on the PATH"
    script = setup + "\n" + "\n".join(f"\\echo {MARK}\n{statement}" for statement in statements)
    command = [psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", dsn]
    done = subprocess.run(command, input=script, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    printed = done.stdout.split(f"{MARK}\n")[1:]
    assert len(printed) == len(statements)
    return printed
