"""mode => 'spec' against an independent reading of the specification. Differences must be on the list below."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
from findings import rows, survived
from golden import clean, read_rows

COLUMNS = (
    *("rule_id", "rule_name", "message", "kind", "level", "severity", "severity_source", "security_severity"),
    *("file_path", "start_line", "start_column", "end_line", "end_column", "snippet", "cwe_ids", "cve_ids"),
    *("tool_name", "tool_version", "suppressed", "baseline_state"),
)
OPTIONS: dict[str, Any] = {"kinds": None, "include_absent": True}


def plain(value: Any) -> Any:
    """A golden value as a column holds it."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value


def equal(ours: Any, golden: Any) -> bool:
    """Whether two values are the same; a numeric score equals its float."""
    if isinstance(ours, Decimal):
        return golden is not None and float(ours) == float(golden)
    return ours == golden


# Base URIs inside each other: a path is relative to the outermost, so that one file has one path; the reading takes the inner one.
NESTED_BASES = ("ExpectedOutputs/Rel_VersionControlDetails.sarif", "src/Test.UnitTests.Sarif/TestData/")


def deliberate(column: str, ours: Any, golden: dict[str, Any]) -> bool:
    """Where the product departs from the reference reading on purpose."""
    theirs = plain(golden[column])
    match column:
        # `.` segments go wherever they stand; the reading drops them only at the start of a path.
        case "file_path":
            return theirs is not None and ours == "/".join(s for s in theirs.split("/") if s != ".")
        # Level "info" is read as note; the reading takes it as absent.
        case "level" | "severity" | "severity_source":
            return (column, ours) in {("level", "note"), ("severity", "low"), ("severity_source", "level")}
        # The reading takes no CWE from rule ids, and none from a list of numbers in one text ("134, 787").
        case "cwe_ids":
            return theirs == [] and ("CWE-" in (golden["rule_id"] or "") or len(ours) > 1)
        # Where nothing states a message the rule's id is better than none.
        case "message":
            return theirs is None and ours == golden["rule_id"]
        # A line that int4 cannot hold is NULL, and so is what follows from it.
        case "start_line" | "start_column" | "end_line" | "end_column":
            return ours is None and any((golden[c] or 0) >= 2**31 for c in ("start_line", "end_line"))
    return False


def below_outer_base(path: str, column: str, ours: Any, golden: dict[str, Any]) -> bool:
    """Whether a path differs only by the part between the bases of the one log that nests them."""
    log, between = NESTED_BASES
    return column == "file_path" and path.endswith(log) and ours == between + golden[column]


def test_rows_are_those_of_the_reference_reading(
    connection: psycopg.Connection, shared: Path, counted: list[int]
) -> None:
    wrong: list[str] = []
    for entry in read_rows(shared, "spec_rows"):
        # bad/ has expectations of its own: test_bad_input.py.
        if entry["reason"] is not None or entry["path"].startswith("bad/"):
            continue
        raw = (shared / "corpus" / entry["path"]).read_bytes()
        try:
            found = rows(connection, raw, "bytea", OPTIONS)
        except psycopg.Error as error:
            survived(error)
            wrong.append(f"{entry['path']}: {error.sqlstate} {error.diag.message_primary}")
            continue
        counted.append(1)
        if len(found) != len(entry["rows"]):
            wrong.append(f"{entry['path']}: {len(found)} rows instead of {len(entry['rows'])}")
            continue
        for ours, golden in zip(found, entry["rows"], strict=True):
            wrong += [
                f"{entry['path']} result {golden['result_index']}, {c}: {ours[c]!r} instead of {golden[c]!r}"
                for c in COLUMNS
                if not equal(ours[c], plain(golden[c]))
                and not deliberate(c, ours[c], golden)
                and not below_outer_base(entry["path"], c, ours[c], golden)
            ]
    assert not wrong, f"{len(wrong)} differences\n" + "\n".join(wrong[:60])
