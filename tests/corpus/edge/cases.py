#!/usr/bin/env python3
"""One minimal log per corner of SARIF 2.1.0, with what it must give in mode 'spec'.

usage: cases.py      (writes NAME.sarif beside this file for each case, and expected.json)

A case is a document (or raw bytes) and either the rows that sarif_findings returns (only the columns that matter
here; options as given) or the SQLSTATE that it raises.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent

NOT_JSON = "22P02"
NOT_SARIF = "22023"

RULE = {
    "id": "R1",
    "name": "RuleOne",
    "shortDescription": {"text": "Short."},
    "defaultConfiguration": {"level": "note"},
    "messageStrings": {"m": {"text": "v '{0}' {{}}"}},
}
Json = Any


def log(*results: Json, **run: Json) -> Json:
    """A log with one run; `run` adds or replaces members of the run."""
    return {
        "version": "2.1.0",
        "runs": [{"tool": {"driver": {"name": "edge", "rules": [RULE]}}, "results": list(results)} | run],
    }


def result(**members: Json) -> Json:
    """A result of rule R1; members given as None are written as null, LEFT_OUT ones not at all."""
    whole = {"ruleId": "R1", "message": {"text": "m"}} | members
    return {key: value for key, value in whole.items() if value is not LEFT_OUT}


LEFT_OUT = object()


def at(uri: Json = "a.c", region: Json = None, **artifact: Json) -> list[Json]:
    """The locations of a result."""
    location: dict[str, Json] = {"artifactLocation": ({"uri": uri} if uri is not LEFT_OUT else {}) | artifact}
    if region is not None:
        location["region"] = region
    return [{"physicalLocation": location}]


def case(document: Json, rows: list[dict[str, Json]] | str, **options: Json) -> dict[str, Json]:
    """A case; `rows` is a list of expected rows or an SQLSTATE."""
    expected: dict[str, Json] = {"sqlstate": rows} if isinstance(rows, str) else {"rows": rows}
    if options:
        expected["options"] = options
    return {"document": document, "expected": expected}


def lines(start: Json, column: Json, end: Json, end_column: Json, *warnings: str) -> dict[str, Json]:
    """The columns of a region."""
    row = {"start_line": start, "start_column": column, "end_line": end, "end_column": end_column}
    return row | ({"warnings": list(warnings)} if warnings else {})


def documents() -> dict[str, dict[str, Json]]:
    """The document as a whole."""
    duplicate = (
        b'{"version":"2.1.0","runs":[],"runs":[{"tool":{"driver":{"name":"x","name":"edge"}},'
        b'"results":[{"message":{"text":"a"},"message":{"text":"b"}}]}]}'
    )
    whole = json.dumps(log(result())).encode()
    return {
        "empty": case(b"", NOT_JSON),
        "whitespace": case(b" \n\t ", NOT_JSON),
        "two-logs": case(whole + b"\n" + whole, NOT_JSON),
        "comment": case(b"// a log\n" + whole, NOT_JSON),
        "trailing-comma": case(whole[:-1] + b",}", NOT_JSON),
        "truncated": case(whole[:-20], NOT_JSON),
        "not-a-number": case(whole.replace(b'"2.1.0"', b"NaN"), NOT_JSON),
        "null": case(None, NOT_SARIF),
        "array": case([], NOT_SARIF),
        "string": case("runs", NOT_SARIF),
        "no-runs": case({"version": "2.1.0"}, NOT_SARIF),
        "version-1": case({"version": "1.0.0", "runs": []}, NOT_SARIF),
        "version-missing": case({"runs": log(result())["runs"]}, [{"message": "m"}]),
        "runs-null": case({"version": "2.1.0", "runs": None}, []),
        "runs-empty": case({"version": "2.1.0", "runs": []}, []),
        "runs-object": case({"version": "2.1.0", "runs": {}}, NOT_SARIF),
        "run-null": case(
            {"version": "2.1.0", "runs": [None, *log(result())["runs"]]}, [{"run_index": 1, "message": "m"}]
        ),
        "results-null": case(log(results=None), []),
        "results-number": case(log(results=42), NOT_SARIF),
        "result-not-object": case(log(None, "text", result()), [{"result_index": 2, "message": "m"}]),
        "tool-null": case(log(result(), tool=None), [{"tool_name": None, "message": "m"}]),
        "duplicate-keys": case(duplicate, [{"tool_name": "edge", "message": "b"}]),
        "byte-order-mark": case(b"\xef\xbb\xbf" + whole, [{"message": "m"}]),
        "huge-rule-index": case(log(result(ruleIndex=10**30)), [{"rule_id": "R1", "rule_name": "RuleOne"}]),
    }


def paths() -> dict[str, dict[str, Json]]:
    """artifactLocation."""
    table = {
        "percent": ("dir%20name/%C3%A9.c", "dir name/é.c"),
        "raw-space": ("dir name/a b.c", "dir name/a b.c"),
        "percent-alone": ("100%.c", "100%.c"),
        "percent-not-utf8": ("%ff%fe.c", "%ff%fe.c"),
        "dot-dot": ("../x/../a.c", "../x/../a.c"),
        "absolute": ("/etc/passwd", "/etc/passwd"),
        "hash-and-question": ("src/c#/a?.c", "src/c#/a?.c"),
        "inside-jar": ("app.jar!/BOOT-INF/x.class", "app.jar!/BOOT-INF/x.class"),
        "double-slash": ("src//a.c", "src//a.c"),
        "https": ("https://example.invalid/a.c", "https://example.invalid/a.c"),
        "purl": ("pkg:npm/lodash@4.17.0", "pkg:npm/lodash@4.17.0"),
        "long": ("a/" * 3000 + "b", "a/" * 3000 + "b"),
        "encoded-slash": ("a%2Fb.c", "a/b.c"),
        "file-drive": ("file:///C:/src/a%20b.c", "C:/src/a b.c"),
        "file-absolute": ("file:///home/u/a.c", "/home/u/a.c"),
        "file-host": ("file://host/share/a.c", "//host/share/a.c"),
        "file-localhost": ("file://localhost/x/a.c", "/x/a.c"),
        "file-one-slash": ("file:/x/a.c", "/x/a.c"),
        "file-host-drive": ("file://C:/bin/a.c", "C:/bin/a.c"),
        "windows": ("C:\\src\\a.c", "C:/src/a.c"),
        "backslash": ("src\\a.c", "src/a.c"),
        "dot": ("./src/./a.c", "src/a.c"),
        "nothing": ("", None),
    }
    cases = {
        f"uri-{name}": case(log(result(locations=at(uri))), [{"file_path": path}])
        for name, (uri, path) in table.items()
    }
    bases = {"ROOT": {"uri": "file:///w/p/"}, "SRC": {"uri": "src/", "uriBaseId": "ROOT"}}
    loop = {"A": {"uri": "x/", "uriBaseId": "B"}, "B": {"uri": "y/", "uriBaseId": "A"}}
    nested = [{"location": {"uri": "app.zip"}}, {"location": {"uri": "/in/a.txt"}, "parentIndex": 0}]
    by_index = at(LEFT_OUT, index=0)
    return cases | {
        "base-chain": case(
            log(
                result(locations=by_index),
                originalUriBaseIds=bases,
                artifacts=[{"location": {"uri": "lib/m.c", "uriBaseId": "SRC"}}],
            ),
            [{"file_path": "src/lib/m.c", "file_uri": "file:///w/p/src/lib/m.c"}],
        ),
        "base-loop": case(
            log(result(locations=at("a.c", uriBaseId="A")), originalUriBaseIds=loop),
            [{"file_path": "y/x/a.c", "warnings": ["uri_base_loop"]}],
        ),
        "base-undeclared": case(log(result(locations=at("a.c", uriBaseId="%SRCROOT%"))), [{"file_path": "a.c"}]),
        "artifact-index-out-of-range": case(
            log(result(locations=at(LEFT_OUT, index=7))),
            [{"file_path": None, "warnings": ["artifact_index_out_of_range"]}],
        ),
        "artifact-nested": case(
            log(result(locations=at(LEFT_OUT, index=1)), artifacts=nested), [{"file_path": "app.zip!/in/a.txt"}]
        ),
        "source-root": case(
            log(result(locations=at("file:///src/app/a.c"))), [{"file_path": "a.c"}], source_root="/src/app"
        ),
        "locations-empty": case(log(result(locations=[])), [{"file_path": None, "location_count": 0}]),
        "locations-null": case(log(result(locations=None)), [{"file_path": None, "location_count": 0}]),
        "locations-logical": case(
            log(result(locations=[{"logicalLocations": [{"fullyQualifiedName": "a.B.c"}]}])),
            [{"logical_location": "a.B.c"}],
        ),
        "locations-many": case(log(result(locations=at() * 1200)), [{"location_count": 1200, "location_index": 0}]),
        "locations-each": case(
            log(result(locations=at("a.c") + at("b.c"))),
            [{"location_index": 0, "file_path": "a.c"}, {"location_index": 1, "file_path": "b.c"}],
            per_location=True,
        ),
        "analysis-target": case(log(result(analysisTarget={"uri": "t.c"})), [{"file_path": "t.c"}]),
    }


def regions() -> dict[str, dict[str, Json]]:
    """region."""
    unset = lines(None, None, None, None)
    table: dict[str, tuple[Json, dict[str, Json]]] = {
        "zero": ({"startLine": 0}, unset),
        "negative": ({"startLine": -1}, unset),
        "bool": ({"startLine": True}, unset),
        "null-line": ({"startLine": None}, unset),
        "empty": ({}, unset),
        "fraction": ({"startLine": 3.5}, unset),
        "beyond-int4": ({"startLine": 99999999999}, unset | {"warnings": ["line_out_of_range"]}),
        "huge": ({"startLine": 1e76}, unset),
        "text": ({"startLine": "6", "endLine": "10"}, lines(6, 1, 10, None, "type_coerced")),
        "float": ({"startLine": 3.0}, lines(3, 1, 3, None)),
        "end-before-start": ({"startLine": 5, "endLine": 3}, lines(5, 1, 3, None)),
        "char-offset": ({"charOffset": 10, "charLength": 3}, unset),
        "byte-offset": ({"byteOffset": 10, "byteLength": 3}, unset),
        "end-column": ({"startLine": 2, "endColumn": 9}, lines(2, 1, 2, 9)),
        "insertion-point": ({"startLine": 2, "startColumn": 2, "endLine": 2, "endColumn": 2}, lines(2, 2, 2, 2)),
    }
    cases = {
        f"region-{name}": case(log(result(locations=at(region=region))), [row]) for name, (region, row) in table.items()
    }
    null = at()
    null[0]["physicalLocation"]["region"] = None
    context = at(region={"startLine": 3})
    context[0]["physicalLocation"]["contextRegion"] = {"startLine": 2, "snippet": {"text": "two\r\nthree\nfour"}}
    return cases | {
        "region-null": case(log(result(locations=null)), [unset | {"file_path": "a.c"}]),
        "snippet-from-context": case(log(result(locations=context)), [{"snippet": "three"}]),
    }


def messages() -> dict[str, dict[str, Json]]:
    """message."""
    filled = {"text": "{0} {{x}} {1} {2} {a} }", "arguments": ["A", "B{0}"]}
    links = {"text": r"see [a\[0\]](1) and [d](https://x.y/z) [s](sarif:/runs/0)"}
    table: dict[str, tuple[Json, str]] = {
        "string": ("text in here", "text in here"),
        "null": (None, "Short."),
        "nothing": ({}, "Short."),
        "absent": (LEFT_OUT, "Short."),
        "unresolved": ({"id": "none"}, "Short."),
        "empty-text": ({"text": ""}, "Short."),
        "number-text": ({"text": 5}, "Short."),
        "placeholders": (filled, "A {x} B{0} {2} {a} }"),
        "no-arguments": ({"text": "use {{ x }} and {0}"}, "use {{ x }} and {0}"),
        "by-id": ({"id": "m", "arguments": ["q"]}, "v 'q' {}"),
        "links": (links, "see a[0] and [d](https://x.y/z) s"),
        "markdown-only": ({"markdown": "**b**"}, "**b**"),
        "nul": ({"text": "a\0b"}, "a\ufffdb"),
        "lone-surrogate": ({"text": "a\ud800b"}, "a\ufffdb"),
    }
    cases = {
        f"message-{name}": case(log(result(message=message)), [{"message": text}])
        for name, (message, text) in table.items()
    }
    return cases | {
        "message-nowhere": case(
            {"version": "2.1.0", "runs": [{"results": [{}]}]},
            [{"message": "No description available", "rule_id": None}],
        )
    }


def levels() -> dict[str, dict[str, Json]]:
    """level, kind, severity, rule and the rest of a result."""
    fallback = {"level": "note", "severity": "low", "severity_source": "rule"}
    table: dict[str, tuple[dict[str, Json], dict[str, Json]]] = {
        "level-absent": ({}, fallback),
        "level-info": ({"level": "info"}, {"level": "note", "severity": "low", "severity_source": "level"}),
        "level-null": ({"level": None}, fallback),
        "level-empty": ({"level": ""}, fallback),
        "level-number": ({"level": 5}, fallback),
        "level-list": ({"level": []}, fallback),
        "level-critical": ({"level": "critical"}, fallback | {"warnings": ["level_unknown"]}),
        "level-upper-case": ({"level": "ERROR"}, {"level": "error", "severity": "high"}),
        "kind-pass": (
            {"kind": "pass", "level": "error"},
            {"level": "none", "severity": "info", "severity_source": "kind"},
        ),
        "kind-review": ({"kind": "review"}, {"level": "none", "severity": "info", "kind": "review"}),
        "kind-review-note": (
            {"kind": "review", "level": "note"},
            {"level": "note", "severity": "low", "kind": "review"},
        ),
    }
    cases = {name: case(log(result(**members)), [row], kinds=None) for name, (members, row) in table.items()}
    scores: dict[str, tuple[Json, str, Json]] = {
        "number": (8.1, "high", 8.1),
        "text": ("8.1", "high", 8.1),
        "nine": ("9.0", "critical", 9.0),
        "exponent": ("9e0", "critical", 9),
        "word": ("CRITICAL", "critical", None),
        "zero": ("0.0", "low", None),
        "eleven": ("11", "low", None),
        "negative": ("-1", "low", None),
        "junk": ("n/a", "low", None),
        "nan": ("NaN", "low", None),
        "list": ([9], "low", None),
    }
    for name, (score, severity, number) in scores.items():
        row = {"severity": severity, "security_severity": number}
        cases[f"security-severity-{name}"] = case(log(result(properties={"security-severity": score})), [row])
    return cases | rules() | identity()


def rules() -> dict[str, dict[str, Json]]:
    """Which rule a result is of."""
    second = {"id": "R2", "name": "RuleTwo", "defaultConfiguration": {"level": "error"}}
    driver = {
        "driver": {"name": "edge", "rules": [RULE, second]},
        "extensions": [{"name": "pack", "rules": [{"id": "X1", "name": "RuleX"}]}],
    }
    reference = {"index": 0, "toolComponent": {"index": 0}}
    return {
        "rule-index-only": case(log(result(ruleId=LEFT_OUT, ruleIndex=0)), [{"rule_id": "R1", "rule_name": "RuleOne"}]),
        "rule-index-out-of-range": case(
            log(result(ruleIndex=9)),
            [{"rule_id": "R1", "rule_name": "RuleOne", "warnings": ["rule_index_out_of_range"]}],
        ),
        "rule-index-mismatch": case(
            log(result(ruleId="R2", ruleIndex=0), tool=driver),
            [{"rule_id": "R2", "rule_name": "RuleTwo", "level": "error", "warnings": ["rule_index_mismatch"]}],
        ),
        "rule-hierarchical": case(log(result(ruleId="R1/md5/x")), [{"rule_id": "R1/md5/x", "rule_name": "RuleOne"}]),
        "rule-of-extension": case(
            log(result(ruleId=LEFT_OUT, rule=reference), tool=driver),
            [{"rule_id": "X1", "rule_name": "RuleX", "tool_component": "pack"}],
        ),
        "rule-nowhere": case(log(result(ruleId=LEFT_OUT)), [{"rule_id": None, "rule_name": None}]),
    }


def identity() -> dict[str, dict[str, Json]]:
    """Tags, fingerprints, suppressions, baselines."""
    tags = ["external/cwe/cwe-079", "CWE-89: SQLi", "CWE:614", "cwe-20", 5, None, "CVE-2021-44228"]
    cwes = ["CWE-79", "CWE-89", "CWE-614", "CWE-20"]
    states: list[tuple[Json, bool]] = [
        ([{"kind": "inSource"}], True),
        ([{"kind": "external", "status": "rejected"}], False),
        ([], False),
        (None, False),
        ([{"kind": "external", "status": "accepted"}, {"kind": "external", "status": "underReview"}], False),
    ]
    return {
        "tags": case(log(result(properties={"tags": tags})), [{"cwe_ids": cwes, "cve_ids": ["CVE-2021-44228"]}]),
        "properties-null": case(log(result(properties=None)), [{"cwe_ids": []}]),
        "suppressions": case(
            log(*(result(suppressions=s) for s, _ in states)), [{"suppressed": flag} for _, flag in states]
        ),
        "baseline-absent": case(log(result(baselineState="absent"), result()), [{"result_index": 1}]),
        "fingerprint-placeholder": case(
            log(result(fingerprints={"matchBasedId/v1": "requires login"})),
            [{"fingerprint_kind": "content-v1"}],
            fingerprint="tool",
        ),
        "fingerprint-object": case(
            log(result(fingerprints={"matchBasedId/v1": {"value": "0123456789"}})),
            [{"fingerprint_kind": "tool-v1"}],
            fingerprint="tool",
        ),
        "same-result-twice": case(log(result(), result()), [{"occurrence": 1}, {"occurrence": 1}]),
        "equal-but-elsewhere": case(
            log(result(locations=at(region={"startLine": 9})), result(locations=at(region={"startLine": 4}))),
            [{"occurrence": 2}, {"occurrence": 1}],
        ),
    }


def all_cases() -> dict[str, dict[str, Json]]:
    """Every case by name."""
    return documents() | paths() | regions() | messages() | levels()


def main() -> None:
    for old in HERE.glob("*.sarif"):
        old.unlink()
    expected = {}
    for name, each in sorted(all_cases().items()):
        document = each["document"]
        raw = document if isinstance(document, bytes) else json.dumps(document, separators=(",", ":")).encode()
        (HERE / f"{name}.sarif").write_bytes(raw)
        expected[f"{name}.sarif"] = each["expected"]
    (HERE / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
    print(f"{len(expected)} cases")


if __name__ == "__main__":
    main()
