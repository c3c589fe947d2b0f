"""Writes the seeds that fuzzing starts from into fuzz/corpus/<target>/.

Small logs that use every part of SARIF we read, and odd documents. With REVIEWPRO_SHARED set, the small real logs of its
corpus as well. Run: python3 fuzz/seeds.py
"""

import gzip
import json
import os
import pathlib

ROOT = pathlib.Path(__file__).parent / "corpus"
MAX_SEED = 20_000

RULE = {
    "id": "R1",
    "name": "Rule",
    "shortDescription": {"text": "short"},
    "defaultConfiguration": {"level": "note"},
    "messageStrings": {"m": {"text": "a {0}"}},
    "properties": {"tags": ["external/cwe/cwe-079"], "security-severity": "7.5"},
}
LOCATION = {
    "physicalLocation": {
        "artifactLocation": {"uri": "src/a%20b.c", "uriBaseId": "SRC", "index": 0},
        "region": {"startLine": 3, "startColumn": 5, "endLine": 3, "snippet": {"text": "x == 1"}},
        "contextRegion": {"startLine": 2, "snippet": {"text": "a\nx == 1\nb"}},
    },
    "logicalLocations": [{"fullyQualifiedName": "a::b", "index": 0}],
}
RESULT = {
    "ruleId": "R1",
    "ruleIndex": 0,
    "kind": "fail",
    "level": "warning",
    "message": {"id": "m", "arguments": ["x"]},
    "locations": [LOCATION],
    "fingerprints": {"matchBasedId/v1": "0f3a9c0f3a9c"},
    "partialFingerprints": {"primaryLocationLineHash": "39fa2ee980eb94b0:1"},
    "suppressions": [{"kind": "inSource", "status": "accepted"}],
    "codeFlows": [{"threadFlows": [{"locations": [{"location": LOCATION}]}]}],
    "properties": {"cwe": "CWE-89", "tags": ["CVE-2021-44228"]},
    "baselineState": "new",
}
RUN = {
    "tool": {
        "driver": {"name": "Tool", "version": "1", "rules": [RULE]},
        "extensions": [{"name": "x", "rules": [RULE]}],
    },
    "artifacts": [{"location": {"uri": "a.c"}}],
    "originalUriBaseIds": {"SRC": {"uri": "file:///w/"}},
    "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": [{"level": "error"}]}],
    "results": [RESULT, {"message": {"text": "m"}}],
}
LOGS = [
    {"version": "2.1.0", "runs": [RUN]},
    {"version": "2.1.0", "runs": [{"results": None}, {"results": []}]},
    {"runs": None},
]
ODD = [
    '{"runs":[],"runs":[{"results":[1e2,3.0,1e999,-0,"\\ud800\\u0000"]}]}',
    '{"\\u0072uns":[{"results":[{"ruleId":10000000000000000000000000000000}]}]}',
    "[" * 300,
    '"\\ud83d\\ude00"',
    "1e131071",
]


def write(target, number, content):
    folder = ROOT / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"seed-{number:04}").write_bytes(content)


def real_logs():
    shared = os.environ.get("REVIEWPRO_SHARED")
    if not shared:
        return
    for path in sorted(pathlib.Path(shared, "corpus").rglob("*")):
        if path.is_file() and path.stat().st_size <= MAX_SEED:
            yield path.read_bytes()


def main():
    texts = [json.dumps(log).encode() for log in LOGS] + [text.encode() for text in ODD] + list(real_logs())
    for number, text in enumerate(texts):
        write("sarif_text", number, text)
        write("jsonb_read", number, b"\0" + text)
        write("fingerprint", number, text[:400])
        decoded = text.decode("utf-8", "replace")
        encodings = [text, gzip.compress(text, mtime=0), decoded.encode("utf-16-le"), decoded.encode("utf-16")]
        write("decode", number, encodings[number % len(encodings)])
    print(f"{len(texts)} seeds per target")


if __name__ == "__main__":
    main()
