"""The extensions, built and laid out as PostgreSQL's extension_control_path wants them."""

from __future__ import annotations

import shutil
from pathlib import Path

from . import house
from .shell import output, run, step


def build() -> None:
    """Builds the release library of each extension, and its SQL, into its folder; and the worker."""
    with step("Building the extensions (the first time: several minutes)"):
        for name, package, target in [
            (house.EXTENSION, "package", house.extension_dir()),
            (house.EMBED_EXTENSION, "package-embed", house.embed_extension_dir()),
        ]:
            _package(name, house.local() / package, house.cargo_env())
            _install(house.local() / package, target)
        worker = ["cargo", "build", "--profile", "optimized", "--locked", "-p", house.EMBED_WORKER]
        run(worker, env=house.cargo_env(), cwd=house.ROOT)


def build_variant(name: str, env: dict[str, str], *options: str) -> Path:
    """The extension built with another environment or other options of cargo-pgrx; returns a folder like `extension_dir()`."""
    with step(f"Building the extension for {name} (several minutes)"):
        package, target = house.local() / f"package-{name}", house.local() / f"extension-{name}"
        _package(house.EXTENSION, package, env, *options)
        _install(package, target)
        shutil.rmtree(package)
        return target


def _package(name: str, package: Path, env: dict[str, str], *options: str) -> None:
    # It would keep the scripts of versions that are gone.
    shutil.rmtree(package, ignore_errors=True)
    command: list[str | Path] = ["cargo", "pgrx", "package", "-p", name, "--pg-config", house.pg_config()]
    run([*command, "--out-dir", package, *options], env=env, cwd=house.ROOT)


def _install(package: Path, target: Path) -> None:
    """Copies what `cargo pgrx package` laid out under the server's own paths."""
    for option, folder in {"--pkglibdir": target / "lib", "--sharedir": target / "share"}.items():
        source = package / output([house.pg_config(), option]).lstrip("/")
        shutil.rmtree(folder, ignore_errors=True)
        # A running server may have the old library mapped: a new file, never new bytes in the old one.
        shutil.copytree(source, folder)
