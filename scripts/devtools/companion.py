"""The Django companion: built, checked, and tested as a wheel in environments of its own."""

from __future__ import annotations

import os
import shutil
import sys
import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from . import house
from .server import Server
from .setup import install_python_packages
from .shell import Failure, run, say, step, succeeds

PACKAGE = house.ROOT / "django"
TESTS = house.ROOT / "tests" / "django"
DATABASE = "django"

PSYCOPG = "psycopg[binary]==3.3.9"
PSYCOPG2 = "psycopg2-binary==2.9.13"
# Builds the package, and what only one environment needs: the checkers, and the clustering that the application uses.
TOOLS = ["hatchling==1.33.0", "mypy==2.4.1", "django-stubs==6.1.2", "ruff==0.17.6"]
PEER = ["numpy==2.4.6", "scikit-learn==1.9.1"]


@dataclass(frozen=True)
class Environment:
    """A virtual environment, and the settings with which the tests run in it, one run each."""

    name: str
    packages: list[str]
    python: str = sys.executable
    runs: list[dict[str, str]] = field(default_factory=lambda: [{}])

    @property
    def venv(self) -> Path:
        return house.local() / "django" / self.name


def environments() -> list[Environment]:
    """The newest Django of the oldest line with psycopg 3, its first release with psycopg2, and the newest Django."""
    found = [
        Environment(
            "django52",
            ["Django==5.2.19", PSYCOPG, *TOOLS, *PEER],
            runs=[{"REVIEWPRO_COMPLETE": "1"}, {"SERVER_SIDE_BINDING": "1"}, {"REVIEWPRO_SCHEMA": "code review"}],
        ),
        Environment(
            "django52-psycopg2",
            ["Django==5.2", PSYCOPG2, "django-postgres-extra==3.0.1"],
            # The backend that the application uses.
            runs=[{}, {"DATABASE_ENGINE": "psqlextra.backend"}],
        ),
    ]
    newest = newest_python()
    if newest:
        found.append(Environment("django61", ["Django==6.1.3", PSYCOPG], newest))
    else:
        say("Django 6 needs Python 3.12, and this machine has none: the newest Django tested is 5.2.19")
    return found


def newest_python() -> str | None:
    """A Python that Django 6 takes: the running one, one on the PATH, or one that pyenv keeps."""
    if sys.version_info >= (3, 12):
        return sys.executable
    names = ["python3.14", "python3.13", "python3.12"]
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [found for name in names if (found := shutil.which(name))]
    candidates += [str(path) for name in names for path in sorted(kept.glob(f"*/bin/{name}"), reverse=True)]
    return next((path for path in candidates if succeeds([path, "-c", "import ensurepip, ssl, sqlite3"])), None)


def stage_django(server: Server) -> None:
    if sys.version_info < (3, 10):
        raise Failure("Django 5.2 needs Python 3.10 or later")
    server.create_database(DATABASE)
    first, *others = environments()
    for environment in (first, *others):
        install(environment)
    with tempfile.TemporaryDirectory(prefix="reviewpro-") as folder:
        wheel = build_wheel(first, Path(folder))
        check(first, wheel)
        for environment in (first, *others):
            install_wheel(environment, wheel)
            for settings in environment.runs:
                told = " ".join(f"{name}={value}" for name, value in settings.items())
                with step(f"Tests: django, {environment.name} {told}".rstrip()):
                    test(environment, server, settings)


def install(environment: Environment) -> None:
    environment.venv.parent.mkdir(exist_ok=True)
    install_python_packages(
        environment.venv,
        environment.packages,
        f"the companion's environment {environment.name}",
        TESTS / "requirements.txt",
        environment.python,
    )


def build_wheel(environment: Environment, folder: Path) -> Path:
    """The wheel, by way of the source archive: what others build from has to have everything, the version too."""
    python = environment.venv / "bin" / "python"
    run([python, "-m", "hatchling", "build", "-t", "sdist", "-d", folder], cwd=PACKAGE)
    archives = list(folder.glob("*.tar.gz"))
    if len(archives) != 1:
        raise Failure(f"{len(archives)} source archives were built instead of one")
    with tarfile.open(archives[0]) as archive:
        archive.extractall(folder)
    unpacked = folder / archives[0].name.removesuffix(".tar.gz")
    run([python, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=unpacked)
    return next(folder.glob("*.whl"))


def check(environment: Environment, wheel: Path) -> None:
    """ruff over package and tests, mypy over the package and over what its users write."""
    install_wheel(environment, wheel)
    tools = environment.venv / "bin"
    run([tools / "ruff", "check", "--no-cache", PACKAGE, TESTS], cwd=house.ROOT)
    run([tools / "ruff", "format", "--no-cache", "--check", PACKAGE, TESTS], cwd=house.ROOT)
    with tempfile.TemporaryDirectory(prefix="reviewpro-") as cache:
        command = [tools / "mypy", "--cache-dir", cache, "django_reviewpro", TESTS / "typing_examples.py"]
        run(command, cwd=PACKAGE, env=house.plain_env(PYTHONPATH=str(TESTS)))


def install_wheel(environment: Environment, wheel: Path) -> None:
    python = environment.venv / "bin" / "python"
    pip = [python, "-m", "pip"] if succeeds([python, "-m", "pip", "--version"]) else [sys.executable, "-m", "pip"]
    at = [] if pip[0] == python else ["--python", python]
    quiet = ["--quiet", "--disable-pip-version-check"]
    run([*pip, *at, "install", *quiet, "--no-deps", "--no-index", "--force-reinstall", wheel])


def test(environment: Environment, server: Server, settings: dict[str, str]) -> None:
    env = house.plain_env(REVIEWPRO_DSN=server.dsn(DATABASE), PYTHONDONTWRITEBYTECODE="1", **settings)
    python = environment.venv / "bin" / "python"
    run([python, "-m", "pytest", "-q", "-p", "no:cacheprovider", TESTS], env=env, cwd=TESTS)
