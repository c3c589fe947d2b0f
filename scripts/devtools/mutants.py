"""`make mutants`: a defect is put into the core, and its tests must fail; thousands of times. .cargo/mutants.toml says where.

`python3 scripts/dev.py mutants --file core/src/sarif/level.rs` for one file, `--shard 0/8` for an eighth of all.
"""

from __future__ import annotations

import collections
import json
import os
import subprocess
from pathlib import Path

from . import house
from .setup import install_cargo_program, setup
from .shell import Failure, say, step

CARGO_MUTANTS = "27.1.0"
# Of the defects that compile, how many a test must notice, in percent.
GOAL = 90.0


def mutants(options: list[str]) -> None:
    setup()
    install_cargo_program("cargo-mutants", CARGO_MUTANTS)
    home = house.local() / "mutants"
    home.mkdir(exist_ok=True)
    env = house.cargo_env() | {
        # Kept between runs: the crates that the core needs are compiled once.
        "CARGO_TARGET_DIR": os.environ.get("REVIEWPRO_TARGET", str(house.ROOT / "target" / "mutants")),
        # A test that looks for counterexamples would write down those of a defect.
        "PROPTEST_FAILURE_PERSISTENCE": "off",
        "PROPTEST_RNG_SEED": "1",
    }
    with step("Mutants (hours for all of the core)"):
        command = ["cargo", "mutants", "--package", "reviewpro-core", "--output", home, *options]
        ended = subprocess.run(list(map(str, command)), env=env, cwd=house.ROOT, check=False)
    # 2: some were missed; 3: some ended by the time limit, which is noticing too.
    if ended.returncode not in (0, 2, 3):
        raise Failure(f"cargo mutants ended with status {ended.returncode}")
    report(home / "mutants.out" / "outcomes.json")


def report(outcomes: Path) -> None:
    """The share of noticed defects, of each file and of all; fails below the goal."""
    files: dict[str, collections.Counter[str]] = {}
    for outcome in json.loads(outcomes.read_text())["outcomes"]:
        mutant = outcome["scenario"]
        if mutant != "Baseline":
            files.setdefault(mutant["Mutant"]["file"], collections.Counter())[outcome["summary"]] += 1
    total: collections.Counter[str] = collections.Counter()
    for file, counts in sorted(files.items()):
        print(f"{file}: {share(counts):.0f} % of {tried(counts)}", flush=True)
        total += counts
    if not tried(total):
        raise Failure("no mutant was tried")
    say(f"mutants: {share(total):.1f} % of {tried(total)} noticed, goal {GOAL} %; {total['Unviable']} did not compile")
    if share(total) < GOAL:
        raise Failure("the tests notice too few defects: .local/mutants/mutants.out/missed.txt")


def tried(counts: collections.Counter[str]) -> int:
    return counts["CaughtMutant"] + counts["Timeout"] + counts["MissedMutant"]


def share(counts: collections.Counter[str]) -> float:
    return 100 * (1 - counts["MissedMutant"] / max(1, tried(counts)))
