"""A rollout from Python to SQL: switches, percentages, shadow mode, fallback.

As an application, "django_reviewpro.rollout" in INSTALLED_APPS stores what shadow mode found in a table; without it
there are the signal and the log.
"""

from __future__ import annotations

from .breaker import CircuitBreaker, State
from .component import Component
from .settings import ComponentSettings
from .signals import Comparison, fell_back, shadow_compared

__all__ = [
    "CircuitBreaker",
    "Comparison",
    "Component",
    "ComponentSettings",
    "State",
    "fell_back",
    "shadow_compared",
]
