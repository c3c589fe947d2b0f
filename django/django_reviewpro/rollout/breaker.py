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
    a time does; `successes` in a row close it, one failure opens it anew.
    """

    def __init__(self, limits: Callable[[], ComponentSettings], clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Closed, and nothing counted."""
        with self._lock:
            self._failures = 0
            self._successes = 0
            self._opened: float | None = None
            self._trying = False

    @property
    def state(self) -> State:
        with self._lock:
            return self._state()

    def _state(self) -> State:
        if self._opened is None:
            return State.CLOSED
        return State.OPEN if self._clock() - self._opened < self._limits().seconds else State.HALF_OPEN

    def allows(self) -> bool:
        """Whether a call may go through. It must then be told how it went: succeeded, failed or passed."""
        with self._lock:
            state = self._state()
            if state is State.CLOSED:
                return True
            if state is State.OPEN or self._trying:
                return False
            self._trying = True
            return True

    def succeeded(self) -> None:
        with self._lock:
            self._trying = False
            self._failures = 0
            if self._opened is None:
                return
            self._successes += 1
            if self._successes >= self._limits().successes:
                self._opened = None
                self._successes = 0

    def failed(self) -> None:
        with self._lock:
            self._trying = False
            self._failures += 1
            self._successes = 0
            if self._opened is not None or self._failures >= self._limits().failures:
                self._opened = self._clock()
                self._failures = 0

    def passed(self) -> None:
        """The call said nothing about the health of what is called."""
        with self._lock:
            self._trying = False
