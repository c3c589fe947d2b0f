"""The extensions, built and laid out as PostgreSQL's extension_control_path wants them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from . import house
from .shell import Failure, output, run, step


def build() -> None:
    """Builds the release library of each extension, and its SQL, into its folder; and the worker."""
    with step("Building the extensions (the first time: several minutes)"):
        for name, package, target in [
            (house.EXTENSION, "package", house.extension_dir()),
            (house.EMBED_EXTENSION, "package-embed", house.extension_dir(house.EMBED_EXTENSION)),
        ]:
            _package(name, house.local() / package, house.cargo_env())
            _install(house.local() / package, target)
        worker = ["cargo", "build", "--profile", "optimized", "--locked", "-p", house.EMBED_WORKER]
        run(worker, env=house.cargo_env(), cwd=house.ROOT)


def build_variant(name: str, env: dict[str, str], *options: str) -> Path:
    """The library built with another environment or other options of cargo, beside the SQL that `build` made: cargo-pgrx cannot
    read that out of a library whose globals have been moved apart. Returns a folder like `extension_dir()`."""
    target = house.local() / f"extension-{name}"
    with step(f"Building the extension for {name} (several minutes)"):
        command = ["cargo", "build", "--lib", "--locked", "-p", house.EXTENSION, *options]
        made = cargo_messages(command, env | {"PGRX_PG_CONFIG_PATH": str(house.pg_config())})
        files = [name for message in made for name in message.get("filenames", ())]
        library = next((name for name in files if Path(name).name.endswith(f"{house.EXTENSION}.so")), None)
        if library is None:
            raise Failure(f"no library was built for {name}")
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(house.extension_dir() / "share", target / "share")
        (target / "lib").mkdir()
        shutil.copy(library, target / "lib" / f"{house.EXTENSION}.so")
    return target


def cargo_messages(command: list[str], env: dict[str, str]) -> list[dict[str, Any]]:
    """What cargo tells programs of what it has built; people see the rest."""
    done = subprocess.run(
        [*command, "--message-format", "json-render-diagnostics"],
        env=env, cwd=house.ROOT, check=False, text=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    if done.returncode != 0:
        raise Failure(f"failed with status {done.returncode}: {' '.join(command)}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def _package(name: str, package: Path, env: dict[str, str]) -> None:
    # It would keep the scripts of versions that are gone.
    shutil.rmtree(package, ignore_errors=True)
    command: list[str | Path] = ["cargo", "pgrx", "package", "-p", name, "--pg-config", house.pg_config()]
    run([*command, "--out-dir", package], env=env, cwd=house.ROOT)


def _install(package: Path, target: Path) -> None:
    """Copies what `cargo pgrx package` laid out under the server's own paths."""
    for option, folder in {"--pkglibdir": target / "lib", "--sharedir": target / "share"}.items():
        source = package / output([house.pg_config(), option]).lstrip("/")
        shutil.rmtree(folder, ignore_errors=True)
        # A running server may have the old library mapped: a new file, never new bytes in the old one.
        shutil.copytree(source, folder)
