"""META.json, and that every file that repeats the version repeats the one in Cargo.toml."""

from __future__ import annotations

import json
import re
import tomllib
import zipfile
from pathlib import Path

import pytest
from devtools import house, pgxn, release


def test_meta_is_valid() -> None:
    meta = json.loads(pgxn.meta())
    assert pgxn.problems(meta) == []
    provided = meta["provides"][house.EXTENSION]
    assert meta["version"] == provided["version"] == house.version()
    for file in (provided["file"], provided["docfile"]):
        assert (house.ROOT / file).is_file(), f"META.json names {file}"


WRONG = {
    "version": ["1.0", "01.0.0", 1, "1.0.0.0", ""],
    "name": ["a", "a b", "a/b", "a\\b", None],
    "license": ["MIT", [], ["mit", "own"], {"own": 1}, {}],
    "maintainer": ["", [], [1], {}],
    "abstract": [" ", 1],
    "tags": [[], "sarif", ["a/b"], ["x" * 256]],
    "release_status": ["beta"],
    "provides": [{}, [], {"x y": {"file": "f", "version": "1.0.0"}}, {"xy": {"file": "f"}},
                 {"xy": {"file": "f", "version": "1"}}, {"xy": {"file": "f", "version": "1.0.0", "sql": "f"}}],
    "prereqs": [{}, {"run": {"requires": {"PostgreSQL": "18.0.0"}}}, {"runtime": {"needs": {"PostgreSQL": "18.0.0"}}},
                {"runtime": {"requires": {"PostgreSQL": "18"}}}],
    "meta-spec": ["1.0.0", {}, {"version": "2.0.0"}],
}  # fmt: skip


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in WRONG.items() for value in values])
def test_wrong_meta_is_noticed(key: str, value: object) -> None:
    meta = {**json.loads(pgxn.meta()), key: value}
    assert [problem.split(":")[0] for problem in pgxn.problems(meta)] == [key]


@pytest.mark.parametrize("key", sorted(pgxn.REQUIRED))
def test_missing_key_is_noticed(key: str) -> None:
    meta = json.loads(pgxn.meta())
    del meta[key]
    assert pgxn.problems(meta) == [f"{key}: missing"]


def test_foreign_key_is_noticed() -> None:
    meta = json.loads(pgxn.meta())
    assert pgxn.problems({**meta, "licence": "mit"}) == ["licence: not in the specification"]
    assert pgxn.problems({**meta, "x_own": 1}) == []


def test_distribution(tmp_path: Path) -> None:
    """What is committed, under one folder, with META.json; enough to build from."""
    target = pgxn.distribution(tmp_path)
    with zipfile.ZipFile(target) as archive:
        names = archive.namelist()
        root = f"{house.EXTENSION}-{house.version()}/"
        assert target.name == f"{root[:-1]}.zip"
        assert all(name.startswith(root) for name in names)
        assert len(names) == len(set(names))
        assert json.loads(archive.read(f"{root}META.json")) == json.loads(pgxn.meta())
    wanted = ["Makefile", "README.md", "LICENSE", "Cargo.toml", "Cargo.lock", "core/Cargo.toml", "src/lib.rs"]
    assert [name for name in wanted if root + name not in names] == []
    assert not any("/.local/" in name or "/target/" in name for name in names)


def test_places_repeat_the_version() -> None:
    """What cannot be made from Cargo.toml must agree with it; `dev.py bump` changes them together."""
    places = release.places()
    assert {path.name for path, _ in places} >= {"Cargo.toml", "Cargo.lock"}
    for path, pattern in places:
        found = re.search(pattern.format(re.escape(house.version())), path.read_text(), re.MULTILINE)
        assert found, f"{path.relative_to(house.ROOT)} does not name version {house.version()}"
    # Raises where the changelog has no heading for it.
    release.is_released(house.version())


def test_control_takes_the_version_from_cargo() -> None:
    control = (house.ROOT / f"{house.EXTENSION}.control").read_text()
    assert "default_version = '@CARGO_VERSION@'" in control


def test_companion_takes_the_version_from_cargo() -> None:
    settings = tomllib.loads((house.ROOT / "django" / "pyproject.toml").read_text())
    assert "version" in settings["project"]["dynamic"]
    assert "version" not in settings["project"]
    assert "Cargo.toml" in settings["tool"]["hatch"]["version"]["path"]


def test_bump_changes_every_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a copy: afterwards all places name the next version, its script and its heading are there."""
    for path, _ in release.places():
        copy = tmp_path / path.relative_to(house.ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(path.read_text())
    current = house.version()
    (tmp_path / "CHANGELOG.md").write_text(f"# Changelog\n\n## {current} (unreleased)\n\n* x\n")
    (tmp_path / "sql" / "released").mkdir(parents=True)
    (tmp_path / "embed" / "sql").mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr(house, "ROOT", tmp_path)
    monkeypatch.setattr(release, "RELEASED", tmp_path / "sql" / "released")
    with pytest.raises(house.Failure, match="is not released"):
        release.bump("99.0.0")
    for extension in house.EXTENSIONS:
        release.snapshot(current, extension).write_text("")
    (tmp_path / "CHANGELOG.md").write_text(f"# Changelog\n\n## {current} (2026-12-01)\n\n* x\n")
    with pytest.raises(house.Failure, match="does not follow"):
        release.bump(current)
    release.bump("99.0.0")
    house.version.cache_clear()
    try:
        assert house.version() == "99.0.0"
        test_places_repeat_the_version()
        for extension in house.EXTENSIONS:
            assert release.missing_scripts(release.versions(extension), "99.0.0", extension) == []
        assert f"## 99.0.0 (unreleased)\n\n## {current} (2026-12-01)" in (tmp_path / "CHANGELOG.md").read_text()
    finally:
        house.version.cache_clear()
