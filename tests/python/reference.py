"""The published fingerprints in plain Python, as slow and as obvious as can be."""

from __future__ import annotations

import hashlib
import re
from typing import Any

CONTENT_TAG = "reviewpro/content/v1"
WHITE_SPACE = re.compile("[\t\n\v\f\r ]+")


def application(organization: str, rule: str, path: str, line: int, column: int, message: str) -> str:
    """What the existing application computes for a finding."""
    digest = hashlib.sha256(message.encode()).hexdigest()[:16]
    return hashlib.sha256(f"{organization}|{rule}|{path}|{line}|{column}|{digest}".encode()).hexdigest()


def encode(value: str | None) -> bytes:
    """A value with its length in front; NULL is not the empty text."""
    if value is None:
        return b"\xff\xff\xff\xff"
    raw = value.encode()
    return len(raw).to_bytes(4, "big") + raw


def content(tool: str | None, rule: str | None, path: str | None, key: str, occurrence: int) -> str:
    """The content fingerprint, version 1."""
    folded = tool if tool is None else "".join(c.lower() if "A" <= c <= "Z" else c for c in tool)
    parts = (CONTENT_TAG, folded, rule, path, key, str(occurrence))
    return hashlib.sha256(b"".join(encode(p) for p in parts)).hexdigest()


def location(path: str | None, line: int | None, rule: str | None) -> str:
    """The fingerprint by place."""
    return hashlib.sha256(f"{path or ''}:{line or 0}:{rule or ''}".encode()).hexdigest()


def collapse(text: str) -> str:
    """Runs of ASCII white space become one space; one space is taken off each end."""
    return WHITE_SPACE.sub(" ", text).removeprefix(" ").removesuffix(" ")


def mask(text: str, region: dict[str, Any]) -> str:
    """Line and column numbers of the region become # where they stand alone in a message."""
    numbers = {str(region[k]) for k in ("startLine", "startColumn", "endLine", "endColumn") if region.get(k)}
    return re.sub(r"(?<![A-Za-z0-9_.])[0-9]+(?![A-Za-z0-9_]|\.[0-9])", lambda m: "#" if m[0] in numbers else m[0], text)


def content_key(row: dict[str, Any], result: dict[str, Any]) -> str:
    """What a finding is about: a line hash, else its snippet, else its message."""
    line_hash = (result.get("partialFingerprints") or {}).get("primaryLocationLineHash")
    if isinstance(line_hash, str) and re.fullmatch(r"[0-9a-f]{8,}(:[0-9]+)?", line_hash):
        return "line:" + line_hash.split(":")[0]
    snippet = collapse(row["snippet"] or "")
    if snippet:
        return "snippet:" + snippet
    locations = result.get("locations") or [{}]
    region = locations[0].get("physicalLocation", {}).get("region", {})
    return "message:" + mask(collapse(row["message"]), region)
