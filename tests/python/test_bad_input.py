"""Input that is wrong: the documented SQLSTATE or the documented rows, never XX000, never a lost connection."""

from __future__ import annotations

import csv
import gzip
import json
import re
from pathlib import Path
from typing import Any

import psycopg
import pytest
from corpus import edge_expected, edge_logs
from findings import rows, survived
from golden import ORGANIZATION, clean

INVALID_TEXT = "22P02"
INVALID_PARAMETER = "22023"
NOT_IN_REPERTOIRE = "22021"
INVALID_BINARY = "22P03"
TOO_COMPLEX = ("54000", "54001", INVALID_TEXT)
# Depth in a part that nobody reads may be refused, or passed over without recursion.
UNREAD = (*TOO_COMPLEX, None)
LIMIT = ("53200", "54000")
ARRAY_SHAPE = "2202E"

WHOLE = json.dumps(
    {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "results": [{"message": {"text": "m"}}]}]}
)
UTF16_CUT = WHOLE.encode("utf-16")[:-1]
GZIPPED = gzip.compress(WHOLE.encode())
DEEP = 100_000


def state_of(connection: psycopg.Connection, query: str, values: list[Any]) -> str | None:
    """The SQLSTATE that a statement ends with; None when it succeeds."""
    try:
        connection.execute(query, values).fetchall()
    except psycopg.Error as error:
        survived(error)
        return error.sqlstate
    return None


DOCUMENTS: dict[str, tuple[str, Any, str | tuple[str | None, ...]]] = {
    "empty": ("text", "", INVALID_TEXT),
    "not JSON": ("text", "not json", INVALID_TEXT),
    "truncated": ("text", WHOLE[:-3], INVALID_TEXT),
    "trailing text": ("text", WHOLE + "x", INVALID_TEXT),
    "two documents": ("text", WHOLE + WHOLE, INVALID_TEXT),
    "NaN": ("text", '{"runs":NaN}', INVALID_TEXT),
    "deep arrays": ("text", "[" * DEEP, TOO_COMPLEX),
    "deep objects": ("text", '{"a":' * DEEP, TOO_COMPLEX),
    "deep properties": ("text", WHOLE[:-1] + ',"properties":' + "[" * DEEP + "]" * DEEP + "}", UNREAD),
    "deep bytes": ("bytea", b"[" * DEEP, TOO_COMPLEX),
    "deep jsonb": ("jsonb", '{"runs":' + "[" * 5000 + "]" * 5000 + "}", UNREAD),
    "array": ("jsonb", "[]", INVALID_PARAMETER),
    "scalar": ("jsonb", "1", INVALID_PARAMETER),
    "JSON null": ("jsonb", "null", INVALID_PARAMETER),
    "no runs": ("json", "{}", INVALID_PARAMETER),
    "runs an object": ("jsonb", '{"version":"2.1.0","runs":{}}', INVALID_PARAMETER),
    "results a number": ("jsonb", '{"version":"2.1.0","runs":[{"results":42}]}', INVALID_PARAMETER),
    "version 1": ("text", '{"version":"1.0.0","runs":[]}', INVALID_PARAMETER),
    "Latin-1": ("bytea", b'{"version":"2.1.0","runs":[],"x":"\xe9"}', (INVALID_TEXT, NOT_IN_REPERTOIRE)),
    "UTF-16 cut in a unit": ("bytea", UTF16_CUT, (INVALID_TEXT, NOT_IN_REPERTOIRE, INVALID_BINARY)),
    "gzip truncated": ("bytea", GZIPPED[:-4], INVALID_BINARY),
    "gzip with a wrong checksum": ("bytea", GZIPPED[:-8] + b"\0\0\0\0" + GZIPPED[-4:], INVALID_BINARY),
    "gzip and rubbish": ("bytea", GZIPPED + b"rubbish", INVALID_BINARY),
    "gzip header alone": ("bytea", b"\x1f\x8b", INVALID_BINARY),
    "zero bytes": ("bytea", b"\0" * 100, (INVALID_TEXT, NOT_IN_REPERTOIRE)),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents(connection: psycopg.Connection, name: str) -> None:
    overload, document, expected = DOCUMENTS[name]
    query = f"SELECT * FROM sarif_findings(%s::{overload}, mode => %s, organization_id => %s)"
    for mode in ("spec", "compat"):
        state = state_of(connection, query, [document, mode, ORGANIZATION])
        # compat takes any JSON document, as the application does.
        allowed = (expected,) if isinstance(expected, str) else expected
        assert state in allowed or (mode == "compat" and INVALID_PARAMETER in allowed and state is None), (mode, state)


def test_gzip_bomb(connection: psycopg.Connection) -> None:
    """2 GB of blanks in 2 MB, against a small budget."""
    member = gzip.compress(b" " * (64 << 20))
    connection.execute("SET reviewpro.max_memory = '256MB'")
    assert state_of(connection, "SELECT * FROM sarif_findings(%s::bytea)", [member * 32]) in LIMIT


OPTIONS: dict[str, tuple[str, str]] = {
    "mode": ("mode => 'other'", INVALID_PARAMETER),
    "mode null": ("mode => NULL", "22004"),
    "suppressed": ("suppressed => 'maybe'", INVALID_PARAMETER),
    "fingerprint": ("fingerprint => 'md5'", INVALID_PARAMETER),
    "kinds": ("kinds => '{bad}'", INVALID_PARAMETER),
    "uri_bases": ("uri_bases => '[]'", INVALID_PARAMETER),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_options(connection: psycopg.Connection, name: str) -> None:
    option, expected = OPTIONS[name]
    state = state_of(connection, f"SELECT * FROM sarif_findings(%s::text, {option})", [WHOLE])
    assert state == expected or (expected == "22004" and state == INVALID_PARAMETER), state


CLUSTERING: dict[str, tuple[str, str | tuple[str, ...]]] = {
    "one dimension": ("'{1,2,3}'::real[]", ARRAY_SHAPE),
    "three dimensions": ("'{{{1,2}},{{3,4}}}'::real[]", ARRAY_SHAPE),
    "NULL element": ("'{{1,NULL},{3,4}}'::real[]", "22004"),
    "NaN": ("'{{1,NaN},{3,4}}'::real[]", "22000"),
    "infinity": ("'{{1,Infinity},{3,4}}'::real[]", "22000"),
    "eps zero": ("'{{1,2},{3,4}}'::real[], eps => 0", INVALID_PARAMETER),
    "eps negative": ("'{{1,2},{3,4}}'::real[], eps => -1", INVALID_PARAMETER),
    "eps NaN": ("'{{1,2},{3,4}}'::real[], eps => 'NaN'", INVALID_PARAMETER),
    "min_samples zero": ("'{{1,2},{3,4}}'::real[], min_samples => 0", INVALID_PARAMETER),
    "algorithm": ("'{{1,2},{3,4}}'::real[], 'optics'", INVALID_PARAMETER),
    "metric": ("'{{1,2},{3,4}}'::real[], metric => 'manhattan'", INVALID_PARAMETER),
    "linkage": ("'{{1,2},{3,4}}'::real[], 'agglomerative', n_clusters => 1, linkage => 'centroid'", INVALID_PARAMETER),
    "neither count nor threshold": ("'{{1,2},{3,4}}'::real[], 'agglomerative'", INVALID_PARAMETER),
    "more clusters than rows": ("'{{1,2},{3,4}}'::real[], 'agglomerative', n_clusters => 3", INVALID_PARAMETER),
    "ward by cosine": (
        "'{{1,2},{3,4}}'::real[], 'agglomerative', n_clusters => 1, linkage => 'ward'",
        INVALID_PARAMETER,
    ),
}


@pytest.mark.parametrize("name", CLUSTERING)
def test_clustering(connection: psycopg.Connection, name: str) -> None:
    arguments, expected = CLUSTERING[name]
    state = state_of(connection, f"SELECT cluster_embeddings({arguments})", [])
    assert state in ((expected,) if isinstance(expected, str) else expected), state


def test_clustering_of_nothing(connection: psycopg.Connection) -> None:
    query = "SELECT cluster_embeddings(NULL::real[]), cluster_embeddings('{}'::real[])"
    assert connection.execute(query).fetchone() == (None, [])


def test_lower_bounds_do_not_matter(connection: psycopg.Connection) -> None:
    query = "SELECT cluster_embeddings('[5:7][-1:0]={{1,0},{1,0.01},{0,1}}'::real[])"
    assert connection.execute(query).fetchone() == ([0, 0, -1],)


@pytest.mark.parametrize("log", edge_logs(), ids=lambda log: log.name)
def test_corners_of_the_format(connection: psycopg.Connection, log: Any) -> None:
    expected = edge_expected()[log.name]
    options = expected.get("options", {})
    if "sqlstate" in expected:
        with pytest.raises(psycopg.Error) as raised:
            rows(connection, log.raw, "bytea", options)
        assert raised.value.sqlstate == expected["sqlstate"]
        return
    found = rows(connection, log.raw, "bytea", options)
    assert len(found) == len(expected["rows"])
    for row, want in zip(found, expected["rows"], strict=True):
        warnings = set(want.pop("warnings", []))
        got = {
            column: float(row[column]) if column == "security_severity" and row[column] else row[column]
            for column in want
        }
        assert got == want
        assert warnings <= set(row["warnings"])


def expectation(text: str) -> dict[str, Any]:
    """What a line of bad/INDEX.tsv asks for, as far as a program can tell. Where a reading of the specification has
    settled otherwise that reading holds: a document without `runs` is an error, a line beyond int4 is NULL."""
    if text.startswith("error"):
        return {"error": True}
    wanted: dict[str, Any] = {}
    if "strict: error" in text:
        return {"error": True}
    if found := re.match(r"(\d+) rows?\b", text):
        wanted["count"] = int(found[1])
    if (found := re.search(r'(file_path|message) "([^"]*)"$', text)) and not found[2].endswith("..."):
        wanted[found[1]] = found[2]
    if found := re.search(r"start (\w+):(\w+) end (\w+):(\w+)", text):
        values = [None if v == "NULL" else int(v) for v in found.groups()]
        if any(v is not None and v >= 2**31 for v in values):
            values = [None] * 4
        wanted |= dict(zip(("start_line", "start_column", "end_line", "end_column"), values, strict=True))
    if found := re.search(r"security_severity (\S+), severity (\w+)", text):
        wanted |= {"security_severity": None if found[1] == "NULL" else float(found[1]), "severity": found[2]}
    return wanted


def test_bad_logs(connection: psycopg.Connection, shared: Path, counted: list[int]) -> None:
    wrong = []
    with (shared / "corpus" / "bad" / "INDEX.tsv").open(encoding="utf-8", newline="") as file:
        index = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    for line in index:
        raw = (shared / "corpus" / "bad" / line["path"]).read_bytes()
        wanted = expectation(line["expected"])
        counted.append(1)
        try:
            found = rows(connection, raw, "bytea")
        except psycopg.Error as error:
            survived(error)
            if not wanted.get("error") or error.sqlstate not in (INVALID_TEXT, INVALID_PARAMETER, NOT_IN_REPERTOIRE):
                wrong.append(f"{line['path']}: {error.sqlstate} {error} instead of {line['expected']}")
            continue
        if wanted.pop("error", False):
            wrong.append(f"{line['path']}: {len(found)} rows instead of {line['expected']}")
        if (count := wanted.pop("count", None)) is not None and len(found) != count:
            wrong.append(f"{line['path']}: {len(found)} rows instead of {count}")
        for column, value in wanted.items():
            got = float(found[0][column]) if column == "security_severity" and found[0][column] else found[0][column]
            # Single dots are no part of a path; the index was written before that was settled.
            wish = value.replace("/./", "/") if column == "file_path" else value
            if got != (clean(wish) if isinstance(wish, str) else wish):
                wrong.append(f"{line['path']}: {column} {got!r} instead of {value!r}")
    assert not wrong, f"{len(wrong)} differences\n" + "\n".join(wrong)
