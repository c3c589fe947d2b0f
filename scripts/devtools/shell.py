"""Running programs, telling progress, and failing with one clear line."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


class Failure(Exception):
    """Ends the run; its text is the one line that the user reads."""


class Unavailable(Failure):
    """This machine cannot do it at all, for the reason that its text gives."""


def say(text: str) -> None:
    print(f"\033[1m== {text}\033[0m" if sys.stdout.isatty() else f"== {text}", flush=True)


@contextmanager
def step(text: str) -> Iterator[None]:
    """Announces a step and says how long it took."""
    say(text)
    start = time.monotonic()
    yield
    say(f"{text}: done in {time.monotonic() - start:.0f} s")


def run(
    command: Sequence[str | Path],
    *,
    env: dict[str, str] | None = None,
    cwd: Path | None = None,
    user: str | None = None,
    failure: str | None = None,
) -> None:
    """Runs a program whose output the user sees, as another user where one is named."""
    result = subprocess.run([str(part) for part in command], env=env, cwd=cwd, check=False, **_identity(user))
    if result.returncode != 0:
        raise Failure(failure or f"failed with status {result.returncode}: {' '.join(map(str, command))}")


def output(
    command: Sequence[str | Path], *, env: dict[str, str] | None = None, user: str | None = None, lossy: bool = False
) -> str:
    """Runs a program and returns what it printed; its complaint becomes the failure. `lossy`: it may print any bytes."""
    result = subprocess.run(
        [str(part) for part in command],
        env=env,
        text=True,
        errors="replace" if lossy else None,
        capture_output=True,
        check=False,
        **_identity(user),
    )
    if result.returncode != 0:
        lines = (result.stderr or result.stdout).strip().splitlines()
        raise Failure(f"{Path(str(command[0])).name}: {lines[-1] if lines else result.returncode}")
    return result.stdout.strip()


def succeeds(command: Sequence[str | Path], *, env: dict[str, str] | None = None) -> bool:
    try:
        output(command, env=env)
    except (Failure, OSError):
        return False
    return True


def _identity(user: str | None) -> dict[str, object]:
    if user is None:
        return {}
    import pwd

    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def is_root() -> bool:
    return os.geteuid() == 0
