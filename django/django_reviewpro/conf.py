"""The settings, all of them in one dictionary: REVIEWPRO = {...}.

| key | default | meaning |
|---|---|---|
| SCHEMA | None | the schema of the extension, without percent signs; None: whatever the search_path finds |
| ROLLOUT | {} | per component, how it runs: see django_reviewpro.rollout |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

EXTENSION = "reviewpro_pg"
KEYS = frozenset({"SCHEMA", "ROLLOUT"})


def configured() -> Mapping[str, Any]:
    """The dictionary as it is now, so that tests may override it."""
    return getattr(settings, "REVIEWPRO", {})


def schema() -> str | None:
    """The schema in which functions are looked up; None leaves it to the search_path."""
    return configured().get("SCHEMA")


def qualified(name: str) -> str:
    """A function's name as SQL, in the extension's schema where one is set."""
    where = schema()
    return f"{quoted(where)}.{name}" if where else name


def quoted(name: str) -> str:
    """An identifier in double quotes."""
    return '"' + name.replace('"', '""') + '"'
