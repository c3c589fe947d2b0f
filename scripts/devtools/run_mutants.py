"""Weaves all mutants into a copy of the crates, compiles them once, and lets each be noticed by the tests that reach it.

Started by `make mutants`, which installs what it needs.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from schemata import SWITCH, File, Mutant, listed

PACKAGE = ["-p", "reviewpro-core", "--profile", "mutants", "--locked"]
# Beside the unit tests, those that take seconds.
TESTS = ["--lib"] + [
    part
    for name in (
        "compat_cases",
        "objects",
        "outcomes",
        "report_golden",
        "sarif_bad",
        "sarif_cases",
        "sarif_formats",
        "taxa",
    )
    for part in ("--test", name)
]
# Of the mutants that can be compiled, how many a test must notice, in percent.
GOAL = 90.0
# A mutant may ask for any memory; a machine may not have it.
MEMORY_KB = 8 << 20


@dataclass(frozen=True)
class Test:
    program: str
    name: str
    seconds: float


def copy_tree(root: Path, home: Path) -> Path:
    """The files of the checkout as they are, at a place that is the same each time."""
    tree = home / "tree"
    tree.mkdir(parents=True, exist_ok=True)
    names = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=root, check=True, capture_output=True, text=True
    )
    kept = "\n".join(name for name in names.stdout.splitlines() if (root / name).exists())
    packed = subprocess.run(
        ["tar", "-cf", "-", "-T", "-"], cwd=root, input=kept.encode(), check=True, capture_output=True
    )
    subprocess.run(["tar", "-xf", "-", "-C", tree], input=packed.stdout, check=True)
    return tree


def weave(root: Path, tree: Path, mutants: list[Mutant], without: set[int]) -> tuple[dict[str, File], dict[str, list]]:
    """Writes the changed sources; returns them and which bytes belong to which mutants."""
    files, owners = {}, {}
    by_file: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in mutants:
        if mutant.id not in without:
            by_file[mutant.file].append(mutant)
    for path in {mutant.file for mutant in mutants}:
        source = (root / path).read_bytes()
        files[path] = File(source, by_file[path])
        text = files[path].render(0, len(source))
        (tree / path).write_bytes(text.code)
        owners[path] = text.owners
    crate = tree / "core" / "src" / "lib.rs"
    crate.write_text(
        "#![allow(warnings, arithmetic_overflow, unconditional_panic, unconditional_recursion)]\n"
        + (root / "core" / "src" / "lib.rs").read_text()
        + SWITCH
    )
    return files, owners


def compile_all(root: Path, tree: Path, mutants: list[Mutant], env: dict[str, str]) -> set[int]:
    """Leaves out what does not compile, round by round; returns the identifiers of those that are in."""
    without: set[int] = set()
    for _ in range(30):
        files, owners = weave(root, tree, mutants, without)
        without |= {unable for file in files.values() for unable in file.unable}
        check = ["cargo", "check", *PACKAGE, "--lib", "--message-format", "json"]
        done = subprocess.run(
            check, cwd=tree, env=env, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        errors = [each["message"] for each in messages if each.get("message", {}).get("level") == "error"]
        if done.returncode == 0:
            return {mutant.id for mutant in mutants} - without
        blamed: set[int] = set()
        for error in errors:
            for span in error["spans"]:
                found = [
                    (end - start, ids) for start, end, ids in owners.get(span["file_name"], [])
                    if start <= span["byte_start"] < end
                ]  # fmt: skip
                if found and span["is_primary"]:
                    blamed.update(min(found)[1])
        print(f"{len(errors)} errors, {len(blamed)} mutants do not compile", flush=True)
        if not blamed:
            sys.exit("\n".join(error["rendered"] for error in errors[:5]))
        without |= blamed
    sys.exit("the mutants do not compile")


def programs(tree: Path, env: dict[str, str]) -> list[str]:
    command = ["cargo", "test", *PACKAGE, *TESTS, "--no-run", "--message-format", "json"]
    done = subprocess.run(command, cwd=tree, env=env, check=True, text=True, stdout=subprocess.PIPE)
    messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return [each["executable"] for each in messages if each.get("executable")]


def limited(command: list[str], env: dict[str, str], seconds: float, cwd: Path) -> bool:
    """Whether a program succeeds, in bounded time and memory."""
    shell = ["sh", "-c", f'ulimit -v {MEMORY_KB} -c 0; exec "$@"', "sh", *command]
    try:
        done = subprocess.run(
            shell, env=env, cwd=cwd, timeout=seconds, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def reach(found: list[str], env: dict[str, str], tree: Path) -> dict[int, list[Test]]:
    """The tests that pass each place, the quickest first."""
    reached: dict[int, list[Test]] = defaultdict(list)
    scratch = tree.parent / "reached"
    for program in found:
        told = subprocess.run([program, "--list", "--format", "terse"], check=True, capture_output=True, text=True)
        for name in (line.removesuffix(": test") for line in told.stdout.splitlines() if line.endswith(": test")):
            scratch.unlink(missing_ok=True)
            started = time.monotonic()
            command = [program, "--exact", name]
            if not limited(command, env | {"MUTANTS_REACHED": str(scratch)}, 600, tree / "core"):
                sys.exit(f"{name} fails without any mutant")
            test = Test(program, name, time.monotonic() - started)
            for place in scratch.read_text().split() if scratch.exists() else ():
                reached[int(place)].append(test)
    return {place: sorted(tests, key=lambda test: test.seconds) for place, tests in reached.items()}


def noticed(mutant: Mutant, tests: list[Test], env: dict[str, str], tree: Path) -> bool:
    """Whether a test fails, the quickest ones tried first."""
    size, left = 4, tests
    while left:
        part, left = left[:size], left[size:]
        for program in {test.program for test in part}:
            some = [test for test in part if test.program == program]
            seconds = 20 + 10 * sum(test.seconds for test in some)
            command = [program, "--exact", *(test.name for test in some)]
            if not limited(command, env | {"MUTANT": str(mutant.id)}, seconds, tree / "core"):
                return True
        size *= 4
    return False


def change_of(name: str) -> str:
    """The name of a mutant without line and column: tests and comments that are written move it."""
    return re.sub(r"^([^:]*):\d+:\d+: ", r"\1: ", name)


def missed_before(mutants: list[Mutant], home: Path) -> tuple[list[Mutant], list[str]]:
    """Those that the last run missed, and the names of missed ones in files that are not looked at now."""
    listing = home / "missed.txt"
    names = listing.read_text().splitlines() if listing.exists() else []
    if not names:
        sys.exit("the last run missed none, or there was none")
    changes, files = {change_of(name) for name in names}, {mutant.file for mutant in mutants}
    chosen = [mutant for mutant in mutants if change_of(mutant.name) in changes]
    if not chosen:
        sys.exit("the last run missed nothing that would be tried now")
    return chosen, [name for name in names if name.split(":")[0] not in files]


def report(outcomes: dict[str, dict[str, int]], missed: list[str], home: Path, again: bool) -> int:
    (home / "missed.txt").write_text("".join(f"{name}\n" for name in missed))
    total: collections.Counter[str] = collections.Counter()
    for file, counts in sorted(outcomes.items()):
        total += collections.Counter(counts)
        tried = counts["noticed"] + counts["missed"]
        print(f"{file}: {counts['noticed']} of {tried}")
    tried = total["noticed"] + total["missed"]
    if not tried:
        sys.exit("no mutant was tried")
    if again:
        print(f"mutants: {total['noticed']} of {tried} that were missed, or are like those, are noticed now")
        return 0
    share = 100 * total["noticed"] / tried
    print(f"mutants: {share:.1f} % of {tried} noticed, goal {GOAL} %; {total['left out']} more did not compile")
    return 0 if share >= GOAL else 1


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, usage="%(prog)s ROOT HOME [--again] [--file FILE ...] [OPTION OF cargo mutants --list ...]"
    )
    parser.add_argument("root", type=Path, help="the checkout")
    parser.add_argument("home", type=Path, help="where the changed crates are, and missed.txt")
    parser.add_argument("--again", action="store_true", help="only what the last run missed")
    # To cargo-mutants it would add to the files that its configuration names.
    parser.add_argument("--file", action="append", dest="files", help="only this file's; can be given several times")
    arguments, options = parser.parse_known_args()
    root, home, again = arguments.root, arguments.home, arguments.again
    env = {**os.environ, "PROPTEST_RNG_SEED": "1"}
    mutants = [mutant for mutant in listed(root, options) if mutant.file in (arguments.files or [mutant.file])]
    if not mutants:
        sys.exit("there is nothing to change")
    missed: list[str] = []
    if again:
        mutants, missed = missed_before(mutants, home)
    tree = copy_tree(root, home)
    inside = compile_all(root, tree, mutants, env)
    print(f"{len(inside)} of {len(mutants)} mutants are compiled into one program", flush=True)
    found = programs(tree, env)
    reached = reach(found, env, tree)
    print(f"{len(reached)} places are reached", flush=True)
    outcomes: dict[str, dict[str, int]] = defaultdict(lambda: {"noticed": 0, "missed": 0, "left out": 0})

    def judge(mutant: Mutant) -> tuple[Mutant, bool]:
        return mutant, noticed(mutant, reached.get(place_of[mutant.id], []), env, tree)

    place_of = owners_of(root, mutants, inside)
    chosen = [mutant for mutant in mutants if mutant.id in inside]
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("REVIEWPRO_JOBS", "2"))) as pool:
        for number, (mutant, was_noticed) in enumerate(pool.map(judge, chosen), 1):
            outcomes[mutant.file]["noticed" if was_noticed else "missed"] += 1
            if not was_noticed:
                missed.append(mutant.name)
                print(f"missed: {mutant.name}", flush=True)
            if number % 100 == 0:
                count = sum(each["missed"] for each in outcomes.values())
                print(f"{number} of {len(chosen)} tried, {count} missed", flush=True)
    for mutant in mutants:
        if mutant.id not in inside:
            outcomes[mutant.file]["left out"] += 1
    return report(outcomes, missed, home, again)


def owners_of(root: Path, mutants: list[Mutant], inside: set[int]) -> dict[int, int]:
    """The number under which each mutant's place asks."""
    found: dict[int, int] = {}
    by_file: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in mutants:
        if mutant.id in inside:
            by_file[mutant.file].append(mutant)
    for path, group in by_file.items():
        found |= File((root / path).read_bytes(), group).places
    return found


if __name__ == "__main__":
    sys.exit(main())
