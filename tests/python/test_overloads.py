"""text, json, jsonb and bytea (UTF-8, byte order mark, UTF-16, gzip) give equal rows for equal documents."""

from __future__ import annotations

import codecs
import gzip
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from corpus import Log, all_logs
from findings import as_jsonb, digest

OPTION_SETS: list[dict[str, Any]] = [{}, {"mode": "compat"}, {"raw": True, "per_location": True, "kinds": None}]


def encodings(text: str) -> Iterator[tuple[str, bytes]]:
    """The document in every encoding that a bytea may have."""
    utf8 = text.encode()
    half = len(utf8) // 2
    yield "UTF-8", utf8
    yield "UTF-8 with a byte order mark", codecs.BOM_UTF8 + utf8
    yield "UTF-16LE with a byte order mark", codecs.BOM_UTF16_LE + text.encode("utf-16-le")
    yield "UTF-16BE with a byte order mark", codecs.BOM_UTF16_BE + text.encode("utf-16-be")
    yield "gzip", gzip.compress(utf8)
    yield "gzip of two members", gzip.compress(utf8[:half]) + gzip.compress(utf8[half:])


def documents() -> list[tuple[Log, str]]:
    """Every log that a text argument can carry, without its byte order mark."""
    return [(log, log.text.removeprefix("\ufeff")) for log in all_logs() if log.text is not None]


@pytest.mark.parametrize("options", OPTION_SETS, ids=["spec", "compat", "raw"])
def test_overloads_agree(connection: psycopg.Connection, counted: list[int], options: dict[str, Any]) -> None:
    wrong = []
    for log, text in documents():
        expected = digest(connection, text, "text", options)
        others: dict[str, Any] = {"bytea": digest(connection, text.encode(), "bytea", options)}
        if as_jsonb(connection, text):
            others["json"] = digest(connection, text, "json", options)
            # jsonb has lost how a number was written, which only the application's fingerprint looks at.
            if options.get("mode") != "compat":
                others["jsonb"] = digest(connection, text, "jsonb", options)
        wrong += [f"{log.name}: {name} {got} instead of {expected}" for name, got in others.items() if got != expected]
        counted.append(1)
    assert not wrong, f"{len(wrong)} differences\n" + "\n".join(wrong[:40])


def test_encodings_agree(connection: psycopg.Connection, counted: list[int]) -> None:
    wrong = []
    for log, text in documents():
        # Without two characters of ASCII in front the encoding cannot be told; such input is no log anyway.
        if not text.startswith(("{", "[", " ", "\n", "\r", "\t")):
            continue
        expected = digest(connection, text, "text")
        for name, raw in encodings(text):
            got = digest(connection, raw, "bytea")
            if got != expected:
                wrong.append(f"{log.name}: {name} {got} instead of {expected}")
        counted.append(1)
    assert not wrong, f"{len(wrong)} differences\n" + "\n".join(wrong[:40])


def test_null_gives_no_rows(connection: psycopg.Connection) -> None:
    for overload in ("text", "json", "jsonb", "bytea"):
        query = f"SELECT count(*) FROM sarif_findings(NULL::{overload})"
        assert connection.execute(query).fetchone() == (0,)
