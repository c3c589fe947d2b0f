#!/usr/bin/env python3
"""Makes a SARIF log of a given size, the same bytes each time: for benches and load tests.

usage: make_log.py BYTES [FILE]        (100000, 1M, 100M; without FILE to standard output)

It looks like what CodeQL, Semgrep and Bandit write: rules with levels, CWE tags, precision and security-severity;
results with and without a level of their own, snippets, fingerprints; now and then a code flow or a suppression.
The size is met to within one result, and there is one result at least.
"""

from __future__ import annotations

import json
import random
import re
import sys
from pathlib import Path
from typing import Any

UNITS = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}
CWES = [
    ("079", "Cross-site scripting"),
    ("089", "SQL injection"),
    ("022", "Path traversal"),
    ("078", "Command injection"),
    ("502", "Unsafe deserialisation"),
    ("327", "Weak cryptography"),
    ("798", "Hard-coded credential"),
    ("918", "Request forgery"),
]
VERBS = ["load", "save", "parse", "render", "fetch", "check", "merge", "send"]
NOUNS = ["user", "order", "config", "token", "report", "session", "payload", "template"]


def rule(number: int, source: random.Random) -> dict[str, Any]:
    """A reportingDescriptor."""
    cwe, title = CWES[number % len(CWES)]
    return {
        "id": f"py/{title.lower().replace(' ', '-')}-{number}",
        "name": f"py/{title.lower().replace(' ', '-')}-{number}",
        "shortDescription": {"text": title},
        "fullDescription": {"text": f"{title}: data from outside reaches a place where it does harm (CWE-{int(cwe)})."},
        "defaultConfiguration": {"level": source.choice(["error", "warning", "note"])},
        "helpUri": f"https://example.invalid/rules/{number}",
        "properties": {
            "tags": ["security", f"external/cwe/cwe-{cwe}"],
            "precision": source.choice(["very-high", "high", "medium"]),
            "security-severity": f"{source.uniform(2, 9.9):.1f}",
        },
    }


def physical_location(source: random.Random, with_snippet: bool) -> dict[str, Any]:
    """A place in one of 700 files."""
    line, column = source.randrange(1, 3000), source.randrange(1, 60)
    verb, noun = source.choice(VERBS), source.choice(NOUNS)
    code = f'    result = {verb}_{noun}(request.args["{noun}"], timeout={source.randrange(99)})  # "{verb}"\n'
    region: dict[str, Any] = {"startLine": line, "startColumn": column, "endColumn": column + 24}
    location: dict[str, Any] = {
        "artifactLocation": {"uri": f"src/{noun}/{verb}_{source.randrange(90)}.py", "uriBaseId": "%SRCROOT%"},
        "region": region,
    }
    if with_snippet:
        region["snippet"] = {"text": code}
        location["contextRegion"] = {
            "startLine": line,
            "endLine": line + 1,
            "snippet": {"text": code + "    return result\n"},
        }
    return location


def result(number: int, rules: list[dict[str, Any]], source: random.Random) -> dict[str, Any]:
    """A result; some of the optional members are there, some are not."""
    index = min(int(source.expovariate(0.15)), len(rules) - 1)
    verb, noun = source.choice(VERBS), source.choice(NOUNS)
    found: dict[str, Any] = {
        "ruleId": rules[index]["id"],
        "ruleIndex": index,
        "message": {
            "text": f"The value of {noun} goes to {verb}() without a check; see [the source](1). Case {number}."
        },
        "locations": [{"physicalLocation": physical_location(source, number % 4 != 0)}],
        "relatedLocations": [
            {"id": 1, "message": {"text": "the source"}, "physicalLocation": physical_location(source, False)}
        ],
        "partialFingerprints": {"primaryLocationLineHash": f"{source.getrandbits(64):x}:1"},
    }
    if number % 3 == 0:
        found["level"] = source.choice(["error", "warning", "note"])
    if number % 10 == 0:
        steps = [{"location": {"physicalLocation": physical_location(source, True)}} for _ in range(4)]
        found["codeFlows"] = [{"threadFlows": [{"locations": steps}]}]
    if number % 50 == 0:
        found["suppressions"] = [{"kind": "inSource", "justification": "reviewed \u2713"}]
    return found


def make_log(size: int, seed: int = 1) -> bytes:
    """A log of about `size` bytes of UTF-8."""
    source = random.Random(seed)
    rules = [rule(n, source) for n in range(max(1, min(60, size // 20_000)))]
    driver = {"name": "ReviewBench", "semanticVersion": "1.2.3", "rules": rules}
    head = json.dumps({"tool": {"driver": driver}, "columnKind": "utf16CodeUnits"}, ensure_ascii=False)
    start = f'{{"version":"2.1.0","runs":[{head[:-1]},"results":['
    parts, total = [start], len(start)
    number = 1
    while True:
        part = json.dumps(result(number, rules, source), ensure_ascii=False)
        if number > 1 and total + len(part) > size:
            break
        parts.append(part if number == 1 else "," + part)
        total += len(part) + 1
        number += 1
    return "".join([*parts, "]}]}"]).encode()


def parse_size(text: str) -> int:
    """'100M' as a number of bytes."""
    found = re.fullmatch(r"(\d+)([kmg]?)b?", text.lower())
    if not found:
        sys.exit(f"not a size: {text}")
    return int(found[1]) * UNITS[found[2]]


def main() -> None:
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    log = make_log(parse_size(sys.argv[1]))
    if len(sys.argv) == 3:
        Path(sys.argv[2]).write_bytes(log)
    else:
        sys.stdout.buffer.write(log)


if __name__ == "__main__":
    main()
