"""The SARIF logs that the suite reads: the repository's own, and a larger corpus when REVIEWPRO_SHARED names it."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
OWN = ROOT / "tests" / "corpus"
SHARED_VARIABLE = "REVIEWPRO_SHARED"

GZIP_MAGIC = b"\x1f\x8b"
SUFFIXES = (".sarif", ".json", ".gz")


@dataclass(frozen=True)
class Log:
    """A SARIF log as it lies on disk."""

    name: str
    raw: bytes

    @property
    def text(self) -> str | None:
        """The log as a text argument can carry it; None for bytes that are not UTF-8 or hold U+0000."""
        raw = gzip.decompress(self.raw) if self.raw.startswith(GZIP_MAGIC) else self.raw
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            return None
        return None if "\0" in text else text

    @property
    def document(self) -> Any:
        """The log as Python reads it."""
        return json.loads((self.text or "").removeprefix("\ufeff"))


def shared_folder() -> Path | None:
    """The folder that holds corpus/ and golden/, or None."""
    value = os.environ.get(SHARED_VARIABLE)
    if not value:
        return None
    folder = Path(value)
    if not (folder / "corpus").is_dir() or not (folder / "golden").is_dir():
        raise FileNotFoundError(f"{SHARED_VARIABLE}={value}: there is no corpus/ and golden/ in it")
    return folder


def read_folder(folder: Path) -> Iterator[Log]:
    """Every log below a folder, in the order of their names."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in SUFFIXES:
            yield Log(str(path.relative_to(folder)), path.read_bytes())


def own_logs() -> list[Log]:
    """The logs that real tools wrote for this repository."""
    return [log for part in ("logs", "moved") for log in read_folder(OWN / part)]


def edge_logs() -> list[Log]:
    """The minimal logs, one per corner of the format."""
    return [log for log in read_folder(OWN / "edge") if log.name.endswith(".sarif")]


def edge_expected() -> dict[str, dict[str, Any]]:
    """What each minimal log must give."""
    return json.loads((OWN / "edge" / "expected.json").read_text())


def all_logs() -> list[Log]:
    """Own logs, minimal logs, and the large corpus when it is there."""
    folder = shared_folder()
    return own_logs() + edge_logs() + (list(read_folder(folder / "corpus")) if folder else [])
