"""What `cargo pgrx package` laid out: these files and no others, and a library that keeps to itself."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from devtools import debian, house, package

LIBRARY = house.extension_dir() / "lib" / f"{house.EXTENSION}.so"


def readelf(*arguments: str) -> str:
    return subprocess.run(["readelf", *arguments, LIBRARY], check=True, capture_output=True, text=True).stdout


def relative_files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def expected_files() -> set[str]:
    """The library, the control file, this version's script and the scripts that lead to it."""
    name = house.EXTENSION
    upgrades = {path.name for path in (house.ROOT / "sql").glob(f"{name}--*--*.sql")}
    scripts = {f"{name}.control", f"{name}--{house.version()}.sql", *upgrades}
    return {f"lib/{name}.so", *(f"share/extension/{script}" for script in scripts)}


def test_listing() -> None:
    assert relative_files(house.extension_dir()) == expected_files()
    made = relative_files(house.local() / "package")
    assert len(made) == len(expected_files())
    assert {Path(name).name for name in made} == {Path(name).name for name in expected_files()}


def test_control_file() -> None:
    control = (house.extension_dir() / "share" / "extension" / f"{house.EXTENSION}.control").read_text()
    settings = dict(re.findall(r"^(\w+) = '?([^'\n]*)'?$", control, re.MULTILINE))
    comment = settings.pop("comment")
    assert comment
    assert settings == {
        "default_version": house.version(),
        "module_pathname": "reviewpro_pg",
        "relocatable": "true",
        "superuser": "true",
        "trusted": "true",
    }


def test_library_exports_only_what_postgresql_calls() -> None:
    listing = subprocess.run(["nm", "-D", "--defined-only", LIBRARY], check=True, capture_output=True, text=True).stdout
    names = [line.split()[-1] for line in listing.splitlines()]
    assert len(names) > 60
    foreign = [name for name in names if not re.fullmatch(r"_PG_init|Pg_magic_func|pg_finfo_\w+|\w+_wrapper", name)]
    assert foreign == []


def test_library_needs_only_the_c_library() -> None:
    """No path of the machine that built it, no library beside those of every Debian, no executable stack."""
    dynamic = readelf("-d")
    assert "RPATH" not in dynamic
    assert "RUNPATH" not in dynamic
    assert debian.needed(LIBRARY).startswith("libc6 (>= ")
    stack = re.search(r"GNU_STACK.*\n?.*?(RW[E ])", readelf("-lW"))
    assert stack
    assert stack[1] == "RW "


def test_library_keeps_its_debug_information() -> None:
    sections = readelf("-SW")
    assert all(section in sections for section in (".debug_info", ".debug_line", ".symtab", ".note.gnu.build-id"))


def test_install_into_destdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESTDIR", str(tmp_path))
    package.install()
    found = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {Path(name).name for name in expected_files()}


def test_the_second_extension_is_installed_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESTDIR", str(tmp_path))
    package.install_embed()
    found = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    name = house.EMBED_EXTENSION
    assert found == {f"{name}.so", f"{name}.control", f"{name}--{house.version()}.sql", house.EMBED_WORKER}
