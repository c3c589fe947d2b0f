"""Readers of the golden files that REVIEWPRO_SHARED brings."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# The organisation that golden/app_rows was made for.
ORGANIZATION = "00000000-0000-0000-0000-000000000001"


def read_rows(shared: Path, name: str) -> Iterator[dict[str, Any]]:
    """The entries of app_rows or spec_rows, one per log."""
    with gzip.open(shared / "golden" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def read_fingerprints(shared: Path) -> Iterator[list[Any]]:
    """The vectors of fingerprints.tsv: organisation, rule, path, line, column, message, expected."""
    csv.field_size_limit(1 << 24)
    with (shared / "golden" / "fingerprints.tsv").open(encoding="ascii", newline="") as file:
        reader = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        next(reader)
        for organization, rule, path, line, column, message, expected in reader:
            yield [
                organization,
                json.loads(rule),
                json.loads(path),
                int(line),
                int(column),
                json.loads(message),
                expected,
            ]


def read_line_hashes(shared: Path) -> list[dict[str, Any]]:
    """The vectors of line_hashes.json."""
    return json.loads((shared / "golden" / "line_hashes.json").read_text())["vectors"]


def clean(text: str) -> str:
    """Text as PostgreSQL can hold it: U+0000 and lone surrogates become U+FFFD."""
    return "".join("\ufffd" if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in text)
