"""mode => 'compat' against what the existing application stores, row for row, through every overload."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from corpus import GZIP_MAGIC, Log
from findings import as_jsonb, rows, survived
from golden import ORGANIZATION, clean, read_rows

TEXT_COLUMNS = ("rule_id", "rule_name", "message", "severity", "file_path", "snippet", "tool_name", "tool_version")
LINE_COLUMNS = ("start_line", "start_column", "end_line", "end_column")
LIST_COLUMNS = ("cwe_ids", "cve_ids")
OPTIONS = {"mode": "compat", "organization_id": ORGANIZATION}


def as_text(value: Any) -> str | None:
    """A value of the log in a text column: numbers and booleans in Python's notation."""
    if value is None or isinstance(value, str):
        return None if value is None else clean(value)
    return str(value)


def as_line(value: Any) -> int | None:
    """A value of the log in an integer column, as the application's table turns it; None where the table refuses."""
    try:
        number = int(value) if value is not None else None
    except (ValueError, OverflowError):
        return None
    return number if number is None or -(2**31) <= number < 2**31 else None


def expected_rows(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """One row per result that the application stored or counted again."""
    seen: Counter[int] = Counter()
    expected = []
    for run_index, result_index, state, number in entry["results"]:
        if state not in ("new", "updated"):
            continue
        stored = entry["rows"][number]
        seen[number] += 1
        row = {"run_index": run_index, "result_index": result_index, "fingerprint": stored["fingerprint"]}
        row["occurrence"] = seen[number]
        # Only the first of equal results is stored with all its columns.
        if state == "new":
            row |= {column: as_text(stored[column]) for column in TEXT_COLUMNS}
            row |= {column: as_line(stored[column]) for column in LINE_COLUMNS}
            row |= {column: [clean(v) for v in stored[column]] for column in LIST_COLUMNS}
        expected.append(row)
    return expected


def differences(name: str, found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> list[str]:
    """What is different, in words."""
    if len(found) != len(expected):
        return [f"{name}: {len(found)} rows instead of {len(expected)}"]
    return [
        f"{name}: result {want['run_index']}/{want['result_index']} {column}: {got[column]!r} instead of {value!r}"
        for got, want in zip(found, expected, strict=True)
        for column, value in want.items()
        if got[column] != value
    ]


def readable(log: Log, overload: LiteralString, connection: psycopg.Connection) -> bool:
    """Whether an overload can carry the log: jsonb loses number tokens, so such logs are left to the others."""
    if log.text is None:
        return False
    if overload == "jsonb":
        return as_jsonb(connection, log.text.removeprefix("\ufeff")) and not re.search(r"[0-9][eE][+-]?[0-9]", log.text)
    return True


@pytest.mark.parametrize("overload", ["text", "json", "jsonb", "bytea"])
def test_rows_are_the_applications(
    connection: psycopg.Connection, shared: Path, counted: list[int], overload: LiteralString
) -> None:
    wrong: list[str] = []
    for entry in read_rows(shared, "app_rows"):
        log = Log(entry["path"], (shared / "corpus" / entry["path"]).read_bytes())
        if entry["reason"] in ("not_json", "not_utf8", "too_deep") or log.raw.startswith(GZIP_MAGIC):
            continue
        if not readable(log, overload, connection):
            continue
        text = log.text or ""
        document: str | bytes = log.raw if overload == "bytea" else text.removeprefix("\ufeff")
        counted.append(1)
        try:
            found = rows(connection, document, overload, OPTIONS)
        except psycopg.Error as error:
            survived(error)
            wrong.append(f"{log.name}: {error.sqlstate} {error.diag.message_primary}")
            continue
        wrong += differences(log.name, found, expected_rows(entry))
    assert not wrong, f"{len(wrong)} differences\n" + "\n".join(wrong[:40])


def test_logs_that_cannot_be_read_raise(connection: psycopg.Connection, shared: Path, counted: list[int]) -> None:
    for entry in read_rows(shared, "app_rows"):
        raw = (shared / "corpus" / entry["path"]).read_bytes()
        # UTF-16 is JSON for a bytea, though not for the application.
        if entry["reason"] != "not_json" or b"\0" in raw[:2]:
            continue
        with pytest.raises(psycopg.Error) as raised:
            rows(connection, raw, "bytea", OPTIONS)
        assert raised.value.sqlstate == "22P02", entry["path"]
        counted.append(1)


def test_rows_that_the_table_would_refuse_carry_a_warning(
    connection: psycopg.Connection, shared: Path, counted: list[int]
) -> None:
    for entry in read_rows(shared, "app_rows"):
        refused = {number for number, _ in entry.get("db_refused", [])}
        if not refused:
            continue
        found = rows(connection, (shared / "corpus" / entry["path"]).read_bytes(), "bytea", OPTIONS)
        at = {(run, result): number for run, result, _, number in entry["results"]}
        for row in found:
            expected = at[row["run_index"], row["result_index"]] in refused
            assert ("compat_db_reject" in row["warnings"]) == expected, (entry["path"], row["result_index"])
            counted.append(1)
