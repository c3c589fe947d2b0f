#!/usr/bin/env python3
"""The application's fingerprint: the extension's function against the same formula in SQL and in Python.

usage: bench_fingerprint.py [FINDINGS]      (default 200000; REVIEWPRO_DSN names the database)

The time of a bare scan over the same rows is taken off the two SQL contenders.
"""

from __future__ import annotations

import hashlib
import sys

import bench
from record import record

ORGANIZATION = "11111111-2222-3333-4444-555555555555"
SCAN = "SELECT count(rule || path || message) FROM bench_findings"
OURS = f"SELECT count(fingerprint('{ORGANIZATION}'::uuid, rule, path, line, col, message)) FROM bench_findings"
PLAIN = f"""
SELECT count(encode(sha256(convert_to(concat_ws('|', '{ORGANIZATION}', rule, path, line, col,
           left(encode(sha256(convert_to(message, 'UTF8')), 'hex'), 16)), 'UTF8')), 'hex'))
FROM bench_findings
"""
CONTENT = "SELECT count(content_fingerprint('tool', rule, path, message, 1)) FROM bench_findings"
FILL = """
CREATE TABLE bench_findings AS
SELECT 'py/rule-' || mod(i, 60) AS rule, 'src/pkg/module_' || mod(i, 700) || '.py' AS path, i AS line,
       mod(i, 80) AS col,
       'The value of user goes to render() without a check. Case ' || i AS message
FROM generate_series(1, %s) AS i
"""


def python_fingerprints(rows: list[tuple[str, str, int, int, str]]) -> int:
    """The application's loop."""
    found = []
    for rule, path, line, column, message in rows:
        digest = hashlib.sha256(message.encode()).hexdigest()[:16]
        found.append(hashlib.sha256(f"{ORGANIZATION}|{rule}|{path}|{line}|{column}|{digest}".encode()).hexdigest())
    return len(found)


def main() -> None:
    findings = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    connection = bench.connect()
    connection.execute("SET max_parallel_workers_per_gather = 0")
    connection.execute("DROP TABLE IF EXISTS bench_findings")
    connection.execute(FILL, [findings])
    connection.execute("VACUUM ANALYZE bench_findings")
    rows = connection.execute("SELECT * FROM bench_findings").fetchall()
    queries = {"bare scan": SCAN, "fingerprint()": OURS, "SQL expression": PLAIN, "content_fingerprint()": CONTENT}
    contenders = [
        bench.Contender(name, lambda query=query: connection.execute(query).fetchone()[0])
        for name, query in queries.items()
    ]
    contenders.append(bench.Contender("Python hashlib", lambda: python_fingerprints(rows)))
    bench.compare(contenders, rounds=7)
    median = {c.name: c.median for c in contenders}
    scan = median.pop("bare scan")
    cost = {name: (t if name.startswith("Python") else t - scan) / findings for name, t in median.items()}
    ours = cost["fingerprint()"]
    record("fingerprint: SQL", cost["SQL expression"], ours)
    record("fingerprint: Python", cost["Python hashlib"], ours)
    record("fingerprint: content", cost["fingerprint()"], cost["content_fingerprint()"])
    bench.print_table(
        f"Fingerprints of {findings:,} findings, medians",
        ["way", "each", "fingerprint() is faster by"],
        [[name, bench.duration(each), bench.ratio(each, ours)] for name, each in cost.items()],
    )
    connection.execute("DROP TABLE bench_findings")


if __name__ == "__main__":
    main()
