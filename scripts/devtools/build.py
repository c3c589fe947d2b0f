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
        # It would keep the scripts of versions that are gone.
        shutil.rmtree(package, ignore_errors=True)
        run(
            ["cargo", "pgrx", "package", "--pg-config", house.pg_config(), "--out-dir", package],
            env=house.cargo_env(),
            cwd=house.ROOT,
        )
        install(package)


def install(package: Path) -> None:
    """Copies what `cargo pgrx package` laid out under the server's own paths."""
    target = house.extension_dir()
    for option, folder in {"--pkglibdir": target / "lib", "--sharedir": target / "share"}.items():
        source = package / output([house.pg_config(), option]).lstrip("/")
        shutil.rmtree(folder, ignore_errors=True)
        # A running server may have the old library mapped: a new file, never new bytes in the old one.
        shutil.copytree(source, folder)
