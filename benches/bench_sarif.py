#!/usr/bin/env python3
"""A SARIF log to rows: sarif_findings against Python's json and against JSON_TABLE, in one run.

usage: bench_sarif.py [SIZE ...]       (default 1k 100k 1M 10M 100M; REVIEWPRO_DSN names the database)

Python does what the application does without its database: json.loads, a loop, dictionary look-ups, hashlib.
JSON_TABLE gives the columns that plain SQL can give, no rule, level or path resolved, and a sha256 over six of them.
sarif_findings gives the columns that Python gives; and, in a row of its own, all.
"""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any

import bench
import psycopg
from make_log import make_log, parse_size
from record import record

SIZES = ("1k", "100k", "1M", "10M", "100M")
SEVERITY = {"error": "high", "warning": "medium", "note": "low", "none": "info"}

# Those of `extract`, in its order.
COLUMNS = (
    *("fingerprint", "rule_id", "message", "severity", "file_path", "start_line", "start_column"),
    *("end_line", "end_column", "snippet", "tool_name", "tool_version", "cwe_ids", "cve_ids"),
)
OURS = f"SELECT count(ROW({', '.join(COLUMNS)})) FROM bench_log, LATERAL sarif_findings({{column}})"
ALL = "SELECT count(f) FROM bench_log, LATERAL sarif_findings({column}) f"
JSON_TABLE = """
SELECT count(encode(sha256(convert_to(
           concat_ws('|', tool_name, rule_id, file_path, start_line, start_column, message), 'UTF8')), 'hex'))
FROM bench_log, JSON_TABLE({column}, '$.runs[*]' COLUMNS (
    tool_name text PATH '$.tool.driver.name',
    tool_version text PATH '$.tool.driver.semanticVersion',
    NESTED PATH '$.results[*]' COLUMNS (
        result_index FOR ORDINALITY,
        rule_id text PATH '$.ruleId',
        level text PATH '$.level' DEFAULT 'warning' ON EMPTY,
        message text PATH '$.message.text',
        file_path text PATH '$.locations[0].physicalLocation.artifactLocation.uri',
        start_line int PATH '$.locations[0].physicalLocation.region.startLine',
        start_column int PATH '$.locations[0].physicalLocation.region.startColumn',
        end_line int PATH '$.locations[0].physicalLocation.region.endLine',
        end_column int PATH '$.locations[0].physicalLocation.region.endColumn',
        snippet text PATH '$.locations[0].physicalLocation.region.snippet.text',
        suppressions jsonb PATH '$.suppressions',
        partial_fingerprints jsonb PATH '$.partialFingerprints'
    )))
"""


def extract(run: dict[str, Any], result: dict[str, Any], organization: str = "org") -> tuple[Any, ...]:
    """One finding, as the application takes it out of a result."""
    message = result.get("message", {}).get("text", "")
    where = result["locations"][0]["physicalLocation"]
    region = where.get("region", {})
    path = where.get("artifactLocation", {}).get("uri", "unknown")
    rule, line, column = result.get("ruleId", "unknown"), region.get("startLine", 1), region.get("startColumn", 1)
    digest = hashlib.sha256(message.encode()).hexdigest()[:16]
    fingerprint = hashlib.sha256(f"{organization}|{rule}|{path}|{line}|{column}|{digest}".encode()).hexdigest()
    tags = result.get("properties", {}).get("tags", [])
    driver = run["tool"]["driver"]
    return (
        *(fingerprint, rule, message, SEVERITY.get(result.get("level", "warning"), "medium"), path, line, column),
        *(region.get("endLine"), region.get("endColumn"), region.get("snippet", {}).get("text")),
        *(driver["name"], driver.get("version") or driver.get("semanticVersion", "unknown")),
        *([t for t in tags if t.startswith("CWE-")], [t for t in tags if t.startswith("CVE-")]),
    )


def python_count(raw: bytes) -> int:
    """Python's way, from bytes to a list of findings."""
    log = json.loads(raw)
    return len([extract(run, result) for run in log["runs"] for result in run["results"]])


def count(connection: psycopg.Connection, query: str) -> int:
    """Runs a query that counts."""
    return connection.execute(query).fetchone()[0]


def peak(query: str) -> int:
    """What one run of a query takes at most, in a backend of its own, beyond an idle backend."""
    with bench.connect() as connection:
        idle = bench.peak_memory(connection)
        connection.execute(query)
        return bench.peak_memory(connection) - idle


def measure(text_size: str) -> list[object]:
    """One line of the table."""
    raw = make_log(parse_size(text_size))
    connection = bench.connect()
    connection.execute("DROP TABLE IF EXISTS bench_log")
    connection.execute("CREATE TABLE bench_log (body text STORAGE EXTERNAL, doc jsonb STORAGE EXTERNAL)")
    connection.execute("INSERT INTO bench_log SELECT t, t::jsonb FROM (SELECT %s::text t)", [raw.decode()])
    queries = {
        "ours": OURS.format(column="body"),
        "all": ALL.format(column="body"),
        "table": JSON_TABLE.format(column="body::jsonb"),
        "ours jsonb": OURS.format(column="doc"),
        "all jsonb": ALL.format(column="doc"),
        "table jsonb": JSON_TABLE.format(column="doc"),
    }
    contenders = {"python": bench.Contender("python", lambda: python_count(raw))}
    for name, query in queries.items():
        contenders[name] = bench.Contender(name, lambda query=query: count(connection, query))
    small = len(raw) < 500_000
    bench.compare(list(contenders.values()), rounds=9 if len(raw) < 5_000_000 else 5, repeat=20 if small else 1)
    median = {name: contender.median for name, contender in contenders.items()}
    memory = peak(queries["all"])
    record(f"sarif {text_size}: Python", median["python"], median["ours"])
    record(f"sarif {text_size}: JSON_TABLE", median["table"], median["ours"])
    record(f"sarif {text_size}: JSON_TABLE on jsonb", median["table jsonb"], median["ours jsonb"])
    if not small:
        record(f"sarif {text_size}: the log's size to peak memory", len(raw), memory)
    connection.execute("DROP TABLE bench_log")
    return [
        text_size,
        f"{python_count(raw):,}",
        *(bench.duration(median[name]) for name in ("python", "table", "ours")),
        bench.ratio(median["python"], median["ours"]),
        bench.ratio(median["table"], median["ours"]),
        *(bench.duration(median[name]) for name in ("table jsonb", "ours jsonb")),
        bench.ratio(median["table jsonb"], median["ours jsonb"]),
        *(bench.duration(median[name]) for name in ("all", "all jsonb")),
        bench.size(memory),
        f"{memory / len(raw):.1f}x",
    ]


def main() -> None:
    sizes = sys.argv[1:] or SIZES
    header = ["log", "results", "Python json", "JSON_TABLE(text::jsonb)", "ours(text)", "vs Python", "vs JSON_TABLE"]
    header += ["JSON_TABLE(jsonb)", "ours(jsonb)", "vs JSON_TABLE", "all columns: text", "jsonb"]
    header += ["peak memory, text", "of the log"]
    bench.print_table("SARIF log to rows, medians", header, [measure(s) for s in sizes])


if __name__ == "__main__":
    main()
