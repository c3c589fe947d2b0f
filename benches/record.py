"""What a run of the benches found, as ratios that can be compared with those of another day.

A ratio says how many times better we are than the rival of the same run, on the same data: higher is better. A bench
that runs by itself records nothing; `benches/run.py` names the file in REVIEWPRO_RECORD.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

VARIABLE = "REVIEWPRO_RECORD"
# How much lower than the recorded one a ratio of medians may be.
TOLERANCE = 0.3


def record(name: str, rival: float, ours: float, tolerance: float = TOLERANCE) -> None:
    """Adds a comparison to the record of this run: both figures in one unit, lower being better."""
    path = os.environ.get(VARIABLE)
    if path:
        with Path(path).open("a") as file:
            file.write(json.dumps({"name": name, "ratio": rival / ours, "tolerance": tolerance}) + "\n")


def read(path: Path) -> dict[str, dict[str, float]]:
    """The comparisons of a run by their names."""
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    found = {line.pop("name"): line for line in lines}
    if len(found) != len(lines):
        raise ValueError("two comparisons have the same name")
    return found


def regressions(found: dict[str, dict[str, float]], recorded: dict[str, float]) -> list[str]:
    """What is worse than recorded by more than its tolerance, or was recorded and is not there any more."""
    worse = []
    for name, before in recorded.items():
        if name not in found:
            worse.append(f"{name}: not measured any more")
            continue
        now, tolerance = found[name]["ratio"], found[name]["tolerance"]
        if now < before * (1 - tolerance):
            worse.append(f"{name}: {now:.2f}x, recorded {before:.2f}x, {1 - now / before:.0%} less")
    return worse
