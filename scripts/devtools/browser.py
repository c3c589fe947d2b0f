"""The stage `browser`: reports in a real browser, which is fetched by package name and needs nothing of the system."""

from __future__ import annotations

from . import house
from .server import Server
from .setup import install_python_packages
from .shell import run, step

TESTS = house.ROOT / "tests" / "browser"


def stage_browser(server: Server) -> None:
    venv = house.local() / "browser-tests"
    install_python_packages(venv, [], "the browser tests' packages", TESTS / "requirements.txt")
    python = venv / "bin" / "python"
    folder = house.local() / "browser"
    with step("Fetching a browser"):
        run([python, TESTS / "fetch_browser.py", folder], env=house.plain_env(PYTHONDONTWRITEBYTECODE="1"))
    server.create_database("browser")
    env = house.plain_env(
        REVIEWPRO_DSN=server.dsn("browser"), REVIEWPRO_BROWSER=str(folder), PYTHONDONTWRITEBYTECODE="1"
    )
    run([python, "-m", "pytest", "-q", "-p", "no:cacheprovider", TESTS], env=env, cwd=house.ROOT)
