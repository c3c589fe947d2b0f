"""Statements that tell whether a published formula still gives what it gave when it was released.

Each is one line of SQL with one value. Digests are over 10,000 generated rows: long and empty texts, NULLs, code
points of one to four bytes, numbers at the ends of their ranges. To add a formula, add its statements here and freeze.
"""

from __future__ import annotations

from pathlib import Path

from . import house
from .server import Server
from .shell import Failure, output

ROWS = 10_000

# i -> the arguments. Only functions of PostgreSQL that are immutable themselves.
_INPUT = f"""
    SELECT i, md5(i::text)::uuid AS org,
           CASE WHEN i % 11 = 0 THEN NULL ELSE 'RULE-' || i % 97 END AS rule,
           CASE WHEN i % 13 = 0 THEN NULL WHEN i % 17 = 0 THEN ''
                ELSE 'src/' || repeat(chr(97 + i % 26), i % 300) || chr(160 + i % 50000) || '\\' || i || '.py'
           END AS path,
           CASE WHEN i % 7 = 0 THEN NULL WHEN i % 19 = 0 THEN 9223372036854775807 - i ELSE i - 50 END AS line,
           CASE WHEN i % 5 = 0 THEN NULL ELSE i % 200 END AS col,
           CASE WHEN i % 23 = 0 THEN NULL WHEN i % 29 = 0 THEN ''
                ELSE repeat(md5(i::text) || ' | ' || chr(128512 + i % 60), 1 + i % 40) END AS message,
           CASE WHEN i % 31 = 0 THEN NULL ELSE i % 2147483647 END AS occurrence
    FROM generate_series(1, {ROWS}) i"""


def _digest(expression: str) -> str:
    text = (
        f"SELECT encode(sha256(convert_to(string_agg(coalesce({expression}, 'NULL'), '|' ORDER BY i), 'UTF8')), 'hex')"
        f" FROM ({_INPUT}) x"
    )
    return " ".join(text.split())


_LOG = (
    '{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"Übung","rules":[{"id":"R1"}]}},"results":['
    '{"ruleId":"R1","message":{"text":"Line 12,  column 3"},"locations":[{"physicalLocation":{"artifactLocation":'
    '{"uri":"a%20b/é.py"},"region":{"startLine":12,"startColumn":3}}}]},'
    '{"ruleId":"R1","message":{"text":"m"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a.py"},'
    '"region":{"startLine":5,"snippet":{"text":" x  =\\t1 "}}}}]},'
    '{"ruleId":"R1","message":{"text":"m"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a.py"},'
    '"region":{"startLine":9,"snippet":{"text":"x = 1"}}}}]},'
    '{"ruleId":"R2","message":{"text":"m"},"partialFingerprints":{"primaryLocationLineHash":"39fa2ee980eb94b0:1"},'
    '"locations":[{"physicalLocation":{"artifactLocation":{"uri":"b.py"},"region":{"startLine":1}}}]},'
    '{"ruleId":"R2","message":{"text":"m"},"fingerprints":{"matchBasedId/v1":"0123456789abcdef0123_0"},'
    '"locations":[{"physicalLocation":{"artifactLocation":{"uri":"c.py"},"region":{"startLine":1}}}]},'
    '{"message":{"text":"nowhere"}}]}]}'
)


def _log(options: str) -> str:
    return (
        "SELECT string_agg(concat_ws('/', fingerprint_kind, fingerprint, occurrence), ' ' ORDER BY result_index)"
        f" FROM sarif_findings($log${_LOG}$log$::jsonb{options})"
    )


_ORG = "'11111111-2222-3333-4444-555555555555'"
_ARRAY = (
    '[{"rule_id":"B101","file_path":"a.py","line":1,"column":2,"message":"m",'
    '"code_snippet":"x = 1","tool_name":"Bandit"},'
    '{"rule_id":"B101","file_path":"a.py","line":3,"column":2,"message":"m",'
    '"code_snippet":"x  =  1","tool_name":"bandit"}]'
)


def _array(kind: str) -> str:
    return (
        "SELECT string_agg(concat_ws('/', finding_index, fingerprint, is_duplicate), ' ' ORDER BY finding_index)"
        f" FROM fingerprint_findings($log${_ARRAY}$log$::jsonb, '{kind}', {_ORG})"
    )


STATEMENTS = [
    f"SELECT fingerprint({_ORG}::uuid, 'B101', 'src/app.py', 7, 5, 'Use of assert detected.')",
    f"SELECT fingerprint({_ORG}::uuid, NULL, NULL, NULL, NULL, '')",
    "SELECT fingerprint('acme|x', 'B101', 'C:\\dir\\app.py', 7, 5, 'Größe 😀')",
    "SELECT content_fingerprint('Bandit', 'B101', 'src/app.py', 'snippet:assert x == 1')",
    "SELECT content_fingerprint(NULL, NULL, NULL, '', 2)",
    "SELECT location_fingerprint('src/app.py', 10, 'B101')",
    "SELECT location_fingerprint(NULL, NULL, NULL)",
    "SELECT string_agg(line || '=' || hash, ' ' ORDER BY line)"
    " FROM sarif_line_hashes(E'a = 1\\n\\tb = 2\\r\\n\\na = 1\\r😀')",
    f"SELECT repository_fingerprint({_ORG}, 'f')",
    _digest("fingerprint(org, rule, path, line, col, message)"),
    _digest("fingerprint(org::text || path, rule, path, line, col, message)"),
    _digest("content_fingerprint(rule, message, path, path || message, occurrence)"),
    _digest("location_fingerprint(path, line, rule)"),
    _digest("repository_fingerprint(org, message)"),
    _digest("(SELECT string_agg(hash, ',' ORDER BY h.line) FROM sarif_line_hashes(path || E'\\n' || message) h)"),
    _log(""),
    _log(", fingerprint => 'tool'"),
    _log(", fingerprint => 'location'"),
    _log(f", mode => 'compat', organization_id => {_ORG}"),
    _array("content"),
    _array("location"),
    _array("compat"),
]

Lines = dict[str, tuple[str, str]]  # statement -> version in which it was frozen, value


def evaluate(server: Server, database: str) -> dict[str, str]:
    """The value of every statement, by psql."""
    psql = [house.bindir() / "psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1"]
    values = {statement: output([*psql, "-c", statement], env=server.env(database)) for statement in STATEMENTS}
    empty = [statement for statement, value in values.items() if not value or "\t" in value or "\n" in value]
    if empty:
        raise Failure(f"gives no single value: {empty[0]}")
    return values


def read(path: Path) -> Lines:
    if not path.exists():
        return {}
    lines = [line.split("\t") for line in path.read_text().splitlines()]
    return {statement: (since, value) for since, statement, value in lines}


def merged(old: Lines, values: dict[str, str], keep: list[str]) -> str:
    """The file's new text: lines of the released versions in `keep` as they are, all others by the values at hand."""
    kept = {statement: line for statement, line in old.items() if line[0] in keep}
    fresh = {statement: (house.version(), value) for statement, value in values.items() if statement not in kept}
    lines = [*kept.items(), *fresh.items()]
    return "".join(f"{since}\t{statement}\t{value}\n" for statement, (since, value) in lines)
