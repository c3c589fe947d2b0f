"""Every test there is, in stages; each shows the closing line of its runner."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import house, release_stages
from .browser import stage_browser
from .build import build
from .companion import stage_django
from .embed import stage_embed
from .fuzz import stage_fuzz
from .server import Server, test_server
from .setup import install_python_packages, setup
from .shell import Failure, Unavailable, output, run, say, step
from .unsafe_code import check_unsafe_code

REGRESS = house.ROOT / "tests" / "pg_regress"
PYTHON = house.ROOT / "tests" / "python"
CORE = "reviewpro-core"
# What packages must not depend on: pgrx, which knows PostgreSQL, and in a backend tokio and a network.
FORBIDDEN = {
    CORE: ["pgrx", "ureq", "tokio"],
    "reviewpro-embed-core": ["pgrx", "tokio"],
    house.EXTENSION: ["ureq", "rustls", "reviewpro-embed-core"],
    house.EMBED_EXTENSION: ["tokio"],
}


def cargo(*arguments: str) -> None:
    run(["cargo", *arguments], env=house.cargo_env(), cwd=house.ROOT)


def stage_fmt() -> None:
    cargo("fmt", "--all", "--check")


def stage_lint() -> None:
    cargo("clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings")
    ruff = tool("ruff")
    run([ruff, "check", "--no-cache", "."], cwd=house.ROOT)
    run([ruff, "format", "--no-cache", "--check", "."], cwd=house.ROOT)


def tool(name: str) -> Path:
    """A program of the Python tools that check this repository."""
    tools = house.local() / "tools"
    install_python_packages(tools, ["license-expression==30.4.4", "ruff==0.17.6"], "the checks' packages")
    return tools / "bin" / name


def stage_rules() -> None:
    """What the layout promises: cores without PostgreSQL, one extension without network, unsafe code in its places, licences."""
    for package, forbidden in FORBIDDEN.items():
        edges = "normal,build,dev" if package == CORE else "normal,build"
        tree = output(["cargo", "tree", "-p", package, "-e", edges, "--prefix", "none"], env=house.cargo_env())
        found = [name for name in forbidden if re.search(rf"^{name} v", tree, re.MULTILINE)]
        if found or len(tree.splitlines()) < 10:
            raise Failure(f"{package} must not depend on {', '.join(found) or 'nothing'}")
    check_unsafe_code()
    metadata = output(["cargo", "metadata", "--locked", "--format-version", "1"], env=house.cargo_env())
    command = [tool("python"), house.ROOT / "scripts" / "licences.py"]
    if subprocess.run(command, input=metadata, text=True, check=False).returncode != 0:
        raise Failure("a dependency's licence is not allowed")


def stage_core() -> None:
    cargo("test", "-p", CORE, "--profile", "optimized", "--locked")


def stage_pgtest() -> None:
    """The tests inside a backend. The framework installs into the server's own folders."""
    env = house.cargo_env()
    # A backtrace would become part of the error messages that the tests compare.
    env["RUST_BACKTRACE"] = "0"
    command: list[str | Path] = ["cargo", "pgrx", "test", "pg18"]
    data = Path(tempfile.mkdtemp(prefix="reviewpro-"))
    try:
        if house.SERVER_USER:
            shutil.chown(data, house.SERVER_USER)
            command += ["--runas", house.SERVER_USER]
            if not shutil.which("sudo"):
                env["PATH"] = f"{house.ROOT / 'scripts' / 'shims'}{os.pathsep}{env['PATH']}"
        run([*command, "--pgdata", data], env=env, cwd=house.ROOT)
    finally:
        shutil.rmtree(data, ignore_errors=True)


def stage_regress(server: Server) -> None:
    """SQL scripts whose output is compared. A script without an expected output is a failure."""
    scripts = sorted(path.stem for path in (REGRESS / "sql").glob("*.sql"))
    missing = [name for name in scripts if not (REGRESS / "expected" / f"{name}.out").exists()]
    if os.environ.get("REGRESS_ACCEPT"):
        for name in missing:
            (REGRESS / "expected" / f"{name}.out").touch()
    elif missing:
        raise Failure(f"no expected output: {', '.join(missing)} (REGRESS_ACCEPT=1 writes it)")
    if "setup" not in scripts or len(scripts) < 2:
        raise Failure("no regression scripts were found")
    server.create_database("regress")
    results = Path(tempfile.mkdtemp(prefix="reviewpro-"))
    pgxs = Path(output([house.pg_config(), "--pgxs"]))
    pg_regress = pgxs.parents[1] / "test" / "regress" / "pg_regress"
    # `setup` first; the others in the order of their names.
    order = ["setup", *(name for name in scripts if name != "setup")]
    command = [
        pg_regress, "--use-existing", "--dbname=regress", f"--bindir={house.bindir()}",
        f"--inputdir={REGRESS}", f"--outputdir={results}", f"--host={server.socket}", "--port=5432", "--user=postgres", *order,
    ]  # fmt: skip
    outcome = subprocess.run([str(part) for part in command], env=house.plain_env(), check=False)
    if os.environ.get("REGRESS_ACCEPT"):
        for result in (results / "results").glob("*.out"):
            shutil.copy(result, REGRESS / "expected" / result.name)
    elif outcome.returncode != 0:
        differences = results / "regression.diffs"
        print(differences.read_text() if differences.exists() else "", flush=True)
        raise Failure("regression scripts gave other output than expected")
    shutil.rmtree(results, ignore_errors=True)


def stage_python(server: Server) -> None:
    run_python_tests(server)


def run_python_tests(
    server: Server, files: Sequence[str] = (), options: Sequence[str] = (), sizes: Mapping[str, str] | None = None
) -> None:
    """All tests of tests/python, or those files; `sizes` are environment variables."""
    venv = house.local() / "tests"
    install_python_packages(venv, [], "the Python tests' packages", PYTHON / "requirements.txt")
    server.create_database("python")
    # The README's examples run through psql.
    path = f"{house.bindir()}{os.pathsep}{os.environ['PATH']}"
    env = house.plain_env(REVIEWPRO_DSN=server.dsn("python"), PYTHONDONTWRITEBYTECODE="1", PATH=path, **(sizes or {}))
    if "REVIEWPRO_SHARED" in os.environ:
        env["REVIEWPRO_SHARED"] = os.environ["REVIEWPRO_SHARED"]
    what = [PYTHON / name for name in files] or [PYTHON]
    run(
        [venv / "bin" / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, *what],
        env=env,
        cwd=house.ROOT,
    )


# Those that need nothing, then those that need a server with the built extension.
PLAIN_STAGES = {
    "fmt": stage_fmt,
    "lint": stage_lint,
    "rules": stage_rules,
    "core": stage_core,
    "fuzz": stage_fuzz,
    "pgtest": stage_pgtest,
}
SERVER_STAGES = {"regress": stage_regress, "python": stage_python, "django": stage_django, "browser": stage_browser}
# These need the built extension, and start what servers they need.
BUILT_STAGES = {
    "embed": stage_embed,
    "upgrade": release_stages.stage_upgrade,
    "package": release_stages.stage_package,
    "image": release_stages.stage_image,
}
STAGES = [*PLAIN_STAGES, *SERVER_STAGES, *BUILT_STAGES]


def run_stages(names: list[str]) -> None:
    unknown = set(names) - set(STAGES)
    if unknown:
        raise Failure(f"unknown stage {', '.join(sorted(unknown))}: there are {', '.join(STAGES)}")
    wanted = names or STAGES
    setup()
    for name, stage in PLAIN_STAGES.items():
        if name in wanted:
            with step(f"Tests: {name}"):
                stage()
    if any(name not in PLAIN_STAGES for name in wanted):
        build()
    if any(name in SERVER_STAGES for name in wanted):
        with test_server() as server:
            for name, server_stage in SERVER_STAGES.items():
                if name in wanted:
                    with step(f"Tests: {name}"):
                        server_stage(server)
    not_run: dict[str, str] = {}
    for name, stage in BUILT_STAGES.items():
        if name in wanted:
            try:
                with step(f"Tests: {name}"):
                    stage()
            except Unavailable as reason:
                # Whoever asks for it by name, and CI, is told by a failure.
                if names or os.environ.get("CI"):
                    raise
                not_run[name] = str(reason)
    say(f"all tests passed: {', '.join(name for name in STAGES if name in wanted and name not in not_run)}")
    for name, reason in not_run.items():
        say(f"NOT RUN: {name}: {reason}")
