"""A circuit breaker: after some failures in a row the failing side is left alone for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import Enum

from .settings import ComponentSettings


class State(Enum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class CircuitBreaker:
    """One per component and process; safe to share between threads.

    Closed: calls go through. Open, after `failures` in a row: none does, for `seconds`. Half-open, after that: one at
    a time does; `successes` in a row close it, one failure opens it anew. A call that began before the circuit was opened
    or closed says nothing about it as it is now, and does not count.
    """

    def __init__(self, limits: Callable[[], ComponentSettings], clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Closed, and nothing counted."""
        with self._lock:
            self._enter(None)

    def _enter(self, opened: float | None) -> None:
        """Begins anew, closed or open since then. Calls of before are told apart by their generation."""
        self._generation: int = getattr(self, "_generation", 0) + 1
        self._failures = 0
        self._successes = 0
        self._opened = opened
        self._trying = False

    @property
    def state(self) -> State:
        with self._lock:
            return self._state()

    def _state(self) -> State:
        if self._opened is None:
            return State.CLOSED
        return State.OPEN if self._clock() - self._opened < self._limits().seconds else State.HALF_OPEN

    def admit(self) -> int | None:
        """The ticket of a call that may go through, or None. How it went must then be told with the ticket: succeeded,
        failed or passed."""
        with self._lock:
            state = self._state()
            if state is State.OPEN or (state is State.HALF_OPEN and self._trying):
                return None
            self._trying = state is State.HALF_OPEN
            return self._generation

    def succeeded(self, ticket: int) -> None:
        with self._lock:
            if ticket != self._generation:
                return
            self._trying = False
            self._failures = 0
            if self._opened is None:
                return
            self._successes += 1
            if self._successes >= self._limits().successes:
                self._enter(None)

    def failed(self, ticket: int) -> None:
        with self._lock:
            if ticket != self._generation:
                return
            self._failures += 1
            if self._opened is not None or self._failures >= self._limits().failures:
                self._enter(self._clock())

    def passed(self, ticket: int) -> None:
        """The call said nothing about the health of what is called."""
        with self._lock:
            if ticket == self._generation:
                self._trying = False
