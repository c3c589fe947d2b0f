"""How components run, from the settings:

REVIEWPRO = {
    "ROLLOUT": {
        "*": {"TIMEOUT": 30},                           # for all
        "ingest": {"MODE": "sql", "PERCENT": 10},       # for one
    },
}

| key | default | meaning |
|---|---|---|
| MODE | "python" | "python": the old way; "sql": the new one; "shadow": the old one, compared with the new one |
| PERCENT | 100 | the share of keys to which MODE applies; the others run in Python |
| TIMEOUT | None | seconds for each statement of the SQL side |
| FALLBACK | True | whether Python answers where SQL fails |
| FAILURES | 5 | failures in a row that open the circuit: Python answers without SQL being asked |
| SUCCESSES | 2 | successes in a row that close it again |
| SECONDS | 60 | how long it stays open before SQL is tried again |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from ..conf import configured

MODES = ("python", "sql", "shadow")
EVERY = "*"
# The least and the most that a number may be.
LIMITS: Mapping[str, tuple[int, int | None]] = {
    "PERCENT": (0, 100),
    "TIMEOUT": (0, None),
    "FAILURES": (1, None),
    "SUCCESSES": (1, None),
    "SECONDS": (0, None),
}


@dataclass(frozen=True)
class ComponentSettings:
    mode: str = "python"
    percent: float = 100
    timeout: float | None = None
    fallback: bool = True
    failures: int = 5
    successes: int = 2
    seconds: float = 60


KEYS = tuple(field.name.upper() for field in fields(ComponentSettings))


def component_settings(name: str) -> ComponentSettings:
    """What the settings say now about a component; what they do not say is the default."""
    rollout: Mapping[str, Mapping[str, Any]] = configured().get("ROLLOUT", {})
    given = {**rollout.get(EVERY, {}), **rollout.get(name, {})}
    problem = next(iter(_problems(name, given)), None)
    if problem:
        raise ImproperlyConfigured(problem)
    return ComponentSettings(**{key.lower(): value for key, value in given.items()})


def problems() -> list[str]:
    """What is wrong with the settings, in sentences."""
    rollout = configured().get("ROLLOUT", {})
    if not isinstance(rollout, Mapping):
        return ["REVIEWPRO['ROLLOUT'] is no dictionary."]
    return [problem for name in rollout for problem in _problems(name, rollout[name])]


def _problems(name: str, given: Any) -> list[str]:
    where = f"REVIEWPRO['ROLLOUT'][{name!r}]"
    if not isinstance(given, Mapping):
        return [f"{where} is no dictionary."]
    found = [f"{where} has the unknown key {key!r}: there are {', '.join(KEYS)}." for key in given if key not in KEYS]
    mode = given.get("MODE", MODES[0])
    if mode not in MODES:
        found.append(f"{where}['MODE'] is {mode!r}: there are {', '.join(MODES)}.")
    for key, (least, most) in LIMITS.items():
        value = given.get(key, least)
        if value is None and key == "TIMEOUT":
            continue
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not value >= least or (most is not None and value > most):
            span = f"from {least} to {most}" if most is not None else f"of at least {least}"
            found.append(f"{where}[{key!r}] is {value!r}, not a number {span}.")
    if not isinstance(given.get("FALLBACK", True), bool):
        found.append(f"{where}['FALLBACK'] is {given['FALLBACK']!r}: there are True and False.")
    return found
