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
    # Built by a user, installed by root, for whom another folder may count.
    places = [house.extension_dir(), house.ROOT / ".local" / "extension"]
    built = next((place for place in places if (place / "lib").exists()), None)
    if built is None:
        raise Failure("nothing is built: run 'make build' first")
    root = os.environ.get("DESTDIR", "")
    for option, source in {"--pkglibdir": "lib", "--sharedir": "share"}.items():
        target = Path(root + output([house.pg_config(), option]))
        for path in sorted((built / source).rglob("*")):
            if path.is_file():
                place = target / path.relative_to(built / source)
                place.parent.mkdir(parents=True, exist_ok=True)
                # A running server may have the old library mapped: a new file, never new bytes in the old one.
                place.unlink(missing_ok=True)
                shutil.copyfile(path, place)
                place.chmod(0o755 if source == "lib" else 0o644)
                say(str(place))
