"""What is handed out: the tree for one server, packages for Debian, the source distribution for PGXN."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from . import debian, house, pgxn
from .shell import Failure, output, say, step


def folder() -> Path:
    return house.local() / "dist"


def package() -> list[Path]:
    """Writes all packages of this version, and SHA256SUMS over them."""
    target = folder()
    with step("Packages"):
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        made = [*debian.build(target), pgxn.distribution(target)]
        sums = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in made)
        (target / "SHA256SUMS").write_text(sums)
    for path in made:
        say(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
    return made


def install() -> None:
    """Copies the built extension into the folders of the server that PG_CONFIG names, under DESTDIR."""
    built = _built(house.extension_dir())
    for option, source in {"--pkglibdir": "lib", "--sharedir": "share"}.items():
        _copy(built / source, option, 0o755 if source == "lib" else 0o644)


def install_embed() -> None:
    """The same for the second extension, and its worker beside the server's programs. Apart: it brings a network."""
    built = _built(house.extension_dir(house.EMBED_EXTENSION))
    for option, source in {"--pkglibdir": "lib", "--sharedir": "share"}.items():
        _copy(built / source, option, 0o755 if source == "lib" else 0o644)
    _copy(house.embed_worker(), "--bindir", 0o755)


def _built(folder: Path) -> Path:
    # Built by a user, installed by root, for whom another folder may count.
    places = [folder, house.ROOT / ".local" / folder.name]
    built = next((place for place in places if (place / "lib").exists()), None)
    if built is None:
        raise Failure("nothing is built: run 'make build' first")
    return built


def _copy(source: Path, option: str, mode: int) -> None:
    """A file, or all files of a folder, into the folder that pg_config names."""
    target = Path(os.environ.get("DESTDIR", "") + output([house.pg_config(), option]))
    files = {path.relative_to(source): path for path in sorted(source.rglob("*")) if path.is_file()}
    for name, path in (files or {Path(source.name): source}).items():
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        # A running server may have the old library mapped: a new file, never new bytes in the old one.
        place.unlink(missing_ok=True)
        shutil.copyfile(path, place)
        place.chmod(mode)
        say(str(place))
