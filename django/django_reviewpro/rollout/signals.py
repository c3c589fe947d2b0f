"""What happens in a rollout, for those who count or store it."""

from __future__ import annotations

from dataclasses import dataclass

from django.dispatch import Signal


@dataclass(frozen=True)
class Comparison:
    """One call in shadow mode. `error` is what SQL failed with; there are no differences then, and it is not equal."""

    component: str
    key: str
    equal: bool
    differences: tuple[str, ...]
    error: str | None
    python_seconds: float
    sql_seconds: float


# Sent with comparison=Comparison(...) after each call in shadow mode.
shadow_compared = Signal()

# Sent with component=name, key=..., error=exception when Python answers because SQL failed.
fell_back = Signal()
