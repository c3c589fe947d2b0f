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
# Beside the unit tests, those that take seconds. Random and large logs would take a minute for each defect.
WHOLE_LOGS = ["--test", "sarif_cases", "--test", "sarif_formats", "--test", "sarif_bad"]


def mutants(options: list[str]) -> None:
    setup()
    install_cargo_program("cargo-mutants", CARGO_MUTANTS)
    home = house.local() / "mutants"
    home.mkdir(exist_ok=True)
    env = house.cargo_env() | {
        # Kept between runs: the crates that the core needs are compiled once.
        "CARGO_TARGET_DIR": os.environ.get("CARGO_TARGET_DIR", str(house.ROOT / "target")),
        # A test that looks for counterexamples would write down those of a defect.
        "PROPTEST_FAILURE_PERSISTENCE": "off",
        "PROPTEST_RNG_SEED": "1",
    }
    counts: dict[str, str] = {}
    # First the unit tests; what they do not notice, then by the tests of whole logs as well, which take longer to compile.
    for more in ([], ["--iterate"]):
        with step(f"Mutants {'that unit tests do not notice' if more else '(hours for all of the core)'}"):
            tests = ["--lib", *(WHOLE_LOGS if more else [])]
            command = [
                "cargo",
                "mutants",
                "--package",
                "reviewpro-core",
                "--output",
                str(home),
                *more,
                *options,
                "--",
                *tests,
            ]
            ended = subprocess.run(command, env=env, cwd=house.ROOT, check=False)
        # 2: some were missed; 3: some ended by the time limit, which is noticing too.
        if ended.returncode not in (0, 2, 3):
            raise Failure(f"cargo mutants ended with status {ended.returncode}")
        counts |= read(home / "mutants.out" / "outcomes.json")
    report(counts)


def read(outcomes: Path) -> dict[str, str]:
    """What became of each mutant, by its name, which begins with its file."""
    found = json.loads(outcomes.read_text())["outcomes"]
    return {each["scenario"]["Mutant"]["name"]: each["summary"] for each in found if each["scenario"] != "Baseline"}


def report(found: dict[str, str]) -> None:
    """The share of noticed defects, of each file and of all; fails below the goal."""
    files: dict[str, collections.Counter[str]] = {}
    for name, summary in found.items():
        files.setdefault(name.partition(":")[0], collections.Counter())[summary] += 1
        if summary == "MissedMutant":
            print(f"missed: {name}")
    total: collections.Counter[str] = collections.Counter()
    for file, counts in sorted(files.items()):
        print(f"{file}: {share(counts):.0f} % of {tried(counts)}", flush=True)
        total += counts
    if not tried(total):
        raise Failure("no mutant was tried")
    say(f"mutants: {share(total):.1f} % of {tried(total)} noticed, goal {GOAL} %; {total['Unviable']} did not compile")
    if share(total) < GOAL:
        raise Failure("the tests notice too few defects: see what was missed above")


def tried(counts: collections.Counter[str]) -> int:
    return counts["CaughtMutant"] + counts["Timeout"] + counts["MissedMutant"]


def share(counts: collections.Counter[str]) -> float:
    return 100 * (1 - counts["MissedMutant"] / max(1, tried(counts)))
