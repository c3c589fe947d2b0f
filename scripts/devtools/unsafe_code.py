"""Unsafe code stays in its places, and does not grow unnoticed. That each block says why it is sound is clippy's to see."""

from __future__ import annotations

import re
from pathlib import Path

from . import house
from .shell import Failure

FOLDERS = ("src", "core/src", "embed")
PLACES = ("src/bridge/", "core/src/cluster/simd/", "embed/src/bridge/")

# How often each file says `unsafe`: blocks, functions and implementations. A number that changes is changed here too, in the
# commit that tells why.
COUNTS = {
    "core/src/cluster/simd/avx2.rs": 2,
    "core/src/cluster/simd/avx512.rs": 2,
    "core/src/cluster/simd/dot_tile.rs": 9,
    "core/src/cluster/simd/mod.rs": 2,
    "core/src/cluster/simd/pair_tile.rs": 5,
    "core/src/cluster/simd/quantise.rs": 4,
    "core/src/cluster/simd/sums.rs": 4,
    "embed/src/bridge/limits.rs": 3,
    "embed/src/bridge/mod.rs": 1,
    "src/bridge/allocator.rs": 1,
    "src/bridge/array.rs": 1,
    "src/bridge/call.rs": 13,
    "src/bridge/compute.rs": 7,
    "src/bridge/exit.rs": 3,
    "src/bridge/ingest_call.rs": 4,
    "src/bridge/kept_error.rs": 11,
    "src/bridge/log.rs": 2,
    "src/bridge/mod.rs": 2,
    "src/bridge/planner.rs": 3,
    "src/bridge/progress.rs": 6,
    "src/bridge/projection.rs": 14,
    "src/bridge/query.rs": 11,
    "src/bridge/row.rs": 3,
    "src/bridge/rows.rs": 2,
    "src/bridge/scratch.rs": 5,
    "src/bridge/stats.rs": 10,
    "src/bridge/tuple_tests.rs": 1,
    "src/bridge/value.rs": 9,
    "src/bridge/varlena.rs": 7,
    "src/bridge/window.rs": 1,
    "src/bridge/window_object.rs": 7,
}


def count(source: Path) -> int:
    """Without comments and without the name of the lint."""
    return len(re.findall(r"\bunsafe\b", re.sub(r"//.*|unsafe_code", "", source.read_text())))


def check_unsafe_code() -> None:
    sources = [source for folder in FOLDERS for source in (house.ROOT / folder).rglob("*.rs")]
    found = {str(source.relative_to(house.ROOT)): count(source) for source in sources}
    found = {path: number for path, number in sorted(found.items()) if number}
    for path, number in found.items():
        if not path.startswith(PLACES):
            raise Failure(f"{path}: unsafe code belongs in {' or '.join(PLACES)}")
        if number > COUNTS.get(path, 0):
            raise Failure(
                f"{path}: {number} times unsafe, {COUNTS.get(path, 0)} are known: scripts/devtools/unsafe_code.py"
            )
    fewer = [path for path, number in COUNTS.items() if found.get(path, 0) < number]
    if fewer:
        raise Failure(f"less unsafe code than known, keep it so: {', '.join(fewer)} in scripts/devtools/unsafe_code.py")
    print(f"{sum(found.values())} times unsafe in {len(found)} files, all of them known", flush=True)
