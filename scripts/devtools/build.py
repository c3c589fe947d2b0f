"""The extension, built and laid out as PostgreSQL's extension_control_path wants it."""

from __future__ import annotations

import shutil
from pathlib import Path

from . import house
from .shell import output, run, step


def build() -> None:
    """Builds the release library and its SQL into `extension_dir()`."""
    with step("Building the extension (the first time: several minutes)"):
        package = house.local() / "package"
        _package(package, house.cargo_env())
        _install(package, house.extension_dir())


def build_variant(name: str, env: dict[str, str], *options: str) -> Path:
    """The extension built with another environment or other options of cargo-pgrx; returns a folder like `extension_dir()`."""
    with step(f"Building the extension for {name} (several minutes)"):
        package, target = house.local() / f"package-{name}", house.local() / f"extension-{name}"
        _package(package, env, *options)
        _install(package, target)
        shutil.rmtree(package)
        return target


def _package(package: Path, env: dict[str, str], *options: str) -> None:
    # It would keep the scripts of versions that are gone.
    shutil.rmtree(package, ignore_errors=True)
    command: list[str | Path] = ["cargo", "pgrx", "package", "--pg-config", house.pg_config(), "--out-dir", package]
    run([*command, *options], env=env, cwd=house.ROOT)


def _install(package: Path, target: Path) -> None:
    """Copies what `cargo pgrx package` laid out under the server's own paths."""
    for option, folder in {"--pkglibdir": target / "lib", "--sharedir": target / "share"}.items():
        source = package / output([house.pg_config(), option]).lstrip("/")
        shutil.rmtree(folder, ignore_errors=True)
        # A running server may have the old library mapped: a new file, never new bytes in the old one.
        shutil.copytree(source, folder)
