"""The package as others install it: version, typing marker, what is in it."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

import django_reviewpro
import pytest
from corpus import ROOT

INSTALLED = Path(django_reviewpro.__file__).parent


def version_of_the_extension() -> str:
    found = re.search(r'^\[workspace\.package\]\nversion = "(.+)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)
    assert found
    return found[1]


def test_the_version_is_the_extensions() -> None:
    assert django_reviewpro.__version__ == version_of_the_extension()


def test_what_is_installed_is_what_is_in_the_repository() -> None:
    """Every file of the package, and no other: the tests run on the built wheel."""
    source = ROOT / "django" / "django_reviewpro"

    def files(folder: Path) -> set[str]:
        return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts}

    assert files(INSTALLED) == files(source)
    assert {"py.typed", "management/commands/ingest_sarif.py", "rollout/migrations/0001_initial.py"} <= files(INSTALLED)
    for name in files(source):
        assert (INSTALLED / name).read_bytes() == (source / name).read_bytes()


def test_the_licence_is_in_it() -> None:
    if INSTALLED == ROOT / "django" / "django_reviewpro":
        pytest.skip("an editable installation has no licence file")
    files = importlib.metadata.files("django-reviewpro") or []
    found = [file for file in files if file.name == "LICENSE"]
    assert [file.read_text() for file in found] == [(ROOT / "LICENSE").read_text()]


def test_it_needs_django_and_nothing_else() -> None:
    needed = importlib.metadata.requires("django-reviewpro") or []
    assert [line for line in needed if "extra ==" not in line] == ["django>=5.2"]


@pytest.mark.parametrize("name", sorted(p.stem for p in (ROOT / "django" / "django_reviewpro").glob("*.py")))
def test_modules_say_what_they_are(name: str) -> None:
    text = (ROOT / "django" / "django_reviewpro" / f"{name}.py").read_text()
    assert text.startswith('"""')
    assert len(text.splitlines()) < 600
