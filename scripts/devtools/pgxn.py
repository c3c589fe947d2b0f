"""PGXN: META.json made from META.json.in, checked against the PGXN Meta Spec 1.0.0, and the source distribution."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

from . import house
from .shell import Failure, output

VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-?[A-Za-z][0-9A-Za-z-]*)?")
TERM = re.compile(r"[^\s/\\\x00-\x1f\x7f]{2,}")
TAG = re.compile(r"[^/\\\x00-\x1f\x7f]{1,255}")
LICENCES = {
    "agpl_3", "apache_1_1", "apache_2_0", "artistic_1", "artistic_2", "bsd", "freebsd", "gfdl_1_2", "gfdl_1_3", "gpl_1",
    "gpl_2", "gpl_3", "lgpl_2_1", "lgpl_3_0", "mit", "mozilla_1_0", "mozilla_1_1", "openssl", "perl_5", "postgresql",
    "qpl_1_0", "ssleay", "sun", "zlib", "open_source", "restricted", "unrestricted", "unknown",
}  # fmt: skip
REQUIRED = {"abstract", "maintainer", "license", "name", "provides", "version", "meta-spec"}
OPTIONAL = {"description", "generated_by", "tags", "no_index", "prereqs", "release_status", "resources"}
PHASES = {"configure", "build", "test", "runtime", "develop"}
RELATIONS = {"requires", "recommends", "suggests", "conflicts"}


def meta() -> str:
    """META.json of this version."""
    return (house.ROOT / "META.json.in").read_text().replace("@CARGO_VERSION@", house.version())


def problems(document: object) -> list[str]:
    """What the specification does not allow; empty for a valid document."""
    if not isinstance(document, dict):
        return ["not an object"]
    keys = {key for key in document if not re.match("x_", key, re.IGNORECASE)}
    found = [f"{key}: missing" for key in sorted(REQUIRED - keys)]
    found += [f"{key}: not in the specification" for key in sorted(keys - REQUIRED - OPTIONAL)]
    checks = {
        "abstract": _is_text, "description": _is_text, "generated_by": _is_text,
        "maintainer": lambda value: _is_text(value) or _is_list(value, _is_text),
        "license": _is_licence,
        "name": lambda value: _matches(TERM, value),
        "version": lambda value: _matches(VERSION, value),
        "tags": lambda value: _is_list(value, lambda tag: _matches(TAG, tag)),
        "release_status": lambda value: value in ("stable", "testing", "unstable"),
        "provides": lambda value: _is_map(value, _is_provided),
        "prereqs": _is_prereqs,
        "meta-spec": lambda value: isinstance(value, dict) and value.get("version") == "1.0.0",
    }  # fmt: skip
    refused = [key for key, check in checks.items() if key in keys and not check(document[key])]
    return found + [f"{key}: {document[key]!r} is not allowed" for key in refused]


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value.strip() != ""


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_list(value: object, check: Callable[[object], bool]) -> bool:
    return isinstance(value, list) and value != [] and all(map(check, value))


def _is_map(value: object, check: Callable[[object], bool]) -> bool:
    return isinstance(value, dict) and value != {} and all(_matches(TERM, key) and check(value[key]) for key in value)


def _is_licence(value: object) -> bool:
    if isinstance(value, dict):
        return value != {} and all(_is_text(name) and _is_text(url) for name, url in value.items())
    return _is_list([value] if isinstance(value, str) else value, LICENCES.__contains__)


def _is_provided(value: object) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() >= {"file", "version"}
        and value.keys() <= {"file", "version", "abstract", "docfile"}
        and all(map(_is_text, value.values()))
        and _matches(VERSION, value["version"])
    )


def _is_prereqs(value: object) -> bool:
    def is_range(text: object) -> bool:
        parts = str(text).split(",")
        return text == 0 or all(re.fullmatch(rf"\s*(<=|<|>=|>|==|!=)?\s*{VERSION.pattern}\s*", part) for part in parts)

    def is_phase(phase: object) -> bool:
        return _is_map(phase, lambda relation: _is_map(relation, is_range)) and phase.keys() <= RELATIONS

    return _is_map(value, is_phase) and value.keys() <= PHASES


def distribution(folder: Path) -> Path:
    """Writes the zip that is uploaded: the committed files and META.json under one folder."""
    text = meta()
    found = problems(json.loads(text))
    if found:
        raise Failure(f"META.json: {'; '.join(found)}")
    name = f"{house.EXTENSION}-{house.version()}"
    target = folder / f"{name}.zip"
    output(["git", "-C", house.ROOT, "archive", "--format=zip", f"--prefix={name}/", "-o", target, "HEAD"])
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(f"{name}/META.json", date_time=(2026, 1, 1, 0, 0, 0)), text)
    return target
