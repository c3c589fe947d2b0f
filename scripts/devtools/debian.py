"""A .deb for PostgreSQL 18 as Debian and PGDG lay it out, and one with the debug symbols that belong to it.

Built by dpkg-deb from the tree of `cargo pgrx package`. The library runs on every Debian whose C library is not older
than that of the machine that built it; the package says so in Depends.
"""

from __future__ import annotations

import email.utils
import gzip
import hashlib
import os
import re
import shutil
import tempfile
import textwrap
import time
from pathlib import Path

from . import house
from .shell import Failure, output

PACKAGE = f"postgresql-18-{house.EXTENSION.replace('_', '-')}"
LIBRARY = Path("usr/lib/postgresql/18/lib")
EXTENSION = Path("usr/share/postgresql/18/extension")
# As Debian's own tools have it; who hands packages out sets both.
MAINTAINER = (
    f"{os.environ.get('DEBFULLNAME', 'reviewpro_pg developers')} <{os.environ.get('DEBEMAIL', 'developers@localhost')}>"
)
# What provides the shared libraries that a Rust library may want.
PROVIDERS = {"libc.so.6": "libc6", "libm.so.6": "libc6", "ld-linux": "libc6", "libgcc_s.so.1": "libgcc-s1"}


def build(folder: Path) -> list[Path]:
    """Writes both packages into the folder."""
    for program in ("dpkg-deb", "objcopy"):
        if not shutil.which(program):
            raise Failure(f"{program} is missing: packages for Debian are built on Debian (dpkg, binutils)")
    with tempfile.TemporaryDirectory(prefix="reviewpro-") as scratch:
        main, debug = Path(scratch, "main"), Path(scratch, "debug")
        library = main / LIBRARY / f"{house.EXTENSION}.so"
        library.parent.mkdir(parents=True)
        shutil.copytree(house.extension_dir() / "share" / "extension", main / EXTENSION)
        depends = _split(house.extension_dir() / "lib" / library.name, library, debug)
        _document(main, PACKAGE)
        _document(debug, f"{PACKAGE}-dbgsym")
        return [
            _pack(main, folder, PACKAGE, "database", f"postgresql-18, {depends}", *_description()),
            _pack(
                debug, folder, f"{PACKAGE}-dbgsym", "debug", f"{PACKAGE} (= {revision()})",
                f"debug symbols for {PACKAGE}", "Names, files and lines for the crash reports of a debugger.",
            ),
        ]  # fmt: skip


def revision() -> str:
    return f"{house.version()}-1"


def needed(library: Path) -> str:
    """The packages that hold the shared libraries it wants, with the oldest C library that will do."""
    names = re.findall(r"\(NEEDED\).*\[(.+)\]", output(["readelf", "-d", library]))
    unknown = [name for name in names if not any(name.startswith(known) for known in PROVIDERS)]
    if unknown or not names:
        raise Failure(f"{library.name} wants {unknown or 'nothing'}: which package has it?")
    symbols = re.findall(r"GLIBC_(\d+)\.(\d+)", output(["readelf", "-V", library]))
    glibc = max((int(major), int(minor)) for major, minor in symbols)
    packages = {package for name in names for known, package in PROVIDERS.items() if name.startswith(known)}
    return ", ".join(f"{name} (>= {glibc[0]}.{glibc[1]})" if name == "libc6" else name for name in sorted(packages))


def _split(built: Path, library: Path, debug: Path) -> str:
    """The library without debug information, and that information where debuggers look for it."""
    found = re.search(r"Build ID: ([0-9a-f]{8,})", output(["readelf", "-n", built]))
    if not found:
        raise Failure(f"{built.name} has no build id")
    symbols = debug / "usr/lib/debug/.build-id" / found[1][:2] / f"{found[1][2:]}.debug"
    symbols.parent.mkdir(parents=True)
    output(["objcopy", "--only-keep-debug", "--compress-debug-sections=zlib", built, symbols])
    output(["objcopy", "--strip-unneeded", "--remove-section=.comment", built, library])
    return needed(library)


def _document(tree: Path, name: str) -> None:
    folder = tree / "usr/share/doc" / name
    folder.mkdir(parents=True)
    licence = (house.ROOT / "LICENSE").read_text()
    holder = re.search(r"^Copyright \(c\) (.+)$", licence, re.MULTILINE)
    terms = licence.partition("\n\n")[2].partition("\n\n")[2].strip()
    indented = "\n".join(f" {line or '.'}" for line in terms.splitlines())
    (folder / "copyright").write_text(
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
        f"Upstream-Name: {house.EXTENSION}\n\n"
        f"Files: *\nCopyright: {holder[1] if holder else ''}\nLicense: Expat\n{indented}\n"
    )
    stamp = email.utils.formatdate(_epoch())
    text = (
        f"{PACKAGE} ({revision()}) unstable; urgency=medium\n\n  * Version {house.version()}, see changelog.gz\n\n"
        f" -- {MAINTAINER}  {stamp}\n"
    )
    for file, content in (("changelog.Debian.gz", text), ("changelog.gz", (house.ROOT / "CHANGELOG.md").read_text())):
        (folder / file).write_bytes(gzip.compress(content.encode(), mtime=0))


def _description() -> tuple[str, str]:
    return (
        "code-scan findings inside PostgreSQL 18",
        "Parses SARIF logs of static analysers, gives findings identities that survive moved lines, keeps a table of "
        "findings up to date scan by scan, and clusters embedding vectors.",
    )


def _pack(tree: Path, folder: Path, name: str, section: str, depends: str, title: str, text: str) -> Path:
    files = sorted(path for path in tree.rglob("*") if path.is_file())
    for path in tree.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (_epoch(), _epoch()))
    tree.chmod(0o755)
    control = tree / "DEBIAN"
    control.mkdir()
    architecture = output(["dpkg", "--print-architecture"])
    wrapped = textwrap.fill(text, 78, initial_indent=" ", subsequent_indent=" ")
    size = sum(path.stat().st_size for path in files) // 1024 + 1
    (control / "control").write_text(
        f"Package: {name}\nSource: {PACKAGE.removeprefix('postgresql-18-')}\nVersion: {revision()}\n"
        f"Architecture: {architecture}\nMaintainer: {MAINTAINER}\nInstalled-Size: {size}\nDepends: {depends}\n"
        f"Section: {section}\nPriority: optional\nDescription: {title}\n{wrapped}\n"
    )
    (control / "md5sums").write_text(
        "".join(f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(tree)}\n" for path in files)
    )
    target = folder / f"{name}_{revision()}_{architecture}.deb"
    env = {**os.environ, "SOURCE_DATE_EPOCH": str(_epoch())}
    output(["dpkg-deb", "--root-owner-group", "-Zxz", "--build", tree, target], env=env)
    return target


def _epoch() -> int:
    """The time that all files of the packages bear: of the last commit, else of today's midnight."""
    try:
        return int(output(["git", "-C", house.ROOT, "log", "-1", "--format=%ct"]))
    except (Failure, OSError, ValueError):
        return int(time.time()) // 86400 * 86400
