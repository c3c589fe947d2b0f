"""A part of the application that moves from Python to SQL, a share of its work at a time."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from inspect import iscoroutinefunction
from typing import Any, Generic, ParamSpec, TypeVar
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import DEFAULT_DB_ALIAS, DataError, Error, IntegrityError, connections, transaction

from ..errors import mapped_errors
from .breaker import CircuitBreaker, State
from .differences import differences
from .settings import ComponentSettings, component_settings
from .signals import Comparison, fell_back, shadow_compared

P = ParamSpec("P")
R = TypeVar("R")

logger = logging.getLogger("django_reviewpro.rollout")


class Component(Generic[P, R]):
    """One task with two ways to do it: `python`, the old one, and `sql`. Both take the same arguments.

    What runs is said by REVIEWPRO["ROLLOUT"][name] (django_reviewpro.rollout.settings), and stays the same for a key.
    The SQL side runs in a transaction, or in a savepoint of the caller's: whatever becomes of it, Python and the caller
    can go on in their own. It has to be done with the database when it returns (a list, not a queryset), and so that
    both sides can read them, arguments are values rather than open files.

    In shadow mode the SQL side runs first and is rolled back, then Python runs and its result is the caller's. What
    both gave is compared by `compare` (a list of differences, in words), after `observe`, which may read back what a
    side has written, has made of each result what is to be compared.
    """

    def __init__(
        self,
        name: str,
        *,
        python: Callable[P, R],
        sql: Callable[P, R],
        observe: Callable[[R], Any] = lambda result: result,
        compare: Callable[[Any, Any], list[str]] = differences,
        using: str = DEFAULT_DB_ALIAS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        for side in (python, sql):
            if iscoroutinefunction(side):
                raise TypeError(f"{name}: {side!r} is a coroutine function: give plain functions, and call arun()")
        self.name = name
        self.python = python
        self.sql = sql
        self.observe = observe
        self.compare = compare
        self.using = using
        self.breaker = CircuitBreaker(lambda: self.settings, clock)

    @property
    def settings(self) -> ComponentSettings:
        return component_settings(self.name)

    def way(self, key: UUID | str | int) -> str:
        """How a key runs: python, sql or shadow. A growing PERCENT only ever adds keys."""
        settings = self.settings
        return settings.mode if share(self.name, key) < settings.percent else "python"

    def run(self, key: UUID | str | int, /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Runs the task for a key, such as the id of an organisation."""
        way = self.way(key)
        ticket = None if way == "python" else self.breaker.admit()
        if ticket is None:
            return self.python(*args, **kwargs)
        if way == "shadow":
            return self._shadow(ticket, key, *args, **kwargs)
        try:
            with self._guarded(ticket):
                return self.sql(*args, **kwargs)
        except Error as error:
            if not self.settings.fallback:
                raise
            connection = connections[self.using]
            if connection.in_atomic_block and connection.needs_rollback:
                # The savepoint is gone with the connection: nothing can go on in this transaction.
                raise
            _renew(self.using)
            logger.warning("%s: Python answers for key %s, SQL failed: %s", self.name, key, error)
            fell_back.send_robust(sender=type(self), component=self.name, key=str(key), error=error)
        return self.python(*args, **kwargs)

    async def arun(self, key: UUID | str | int, /, *args: P.args, **kwargs: P.kwargs) -> R:
        """As run, in the thread in which Django keeps its connections."""
        return await sync_to_async(self.run)(key, *args, **kwargs)

    @contextmanager
    def _guarded(self, ticket: int) -> Iterator[None]:
        """A savepoint and a time limit around the SQL side; the breaker learns how it went."""
        try:
            with (
                mapped_errors(),
                transaction.atomic(using=self.using),
                statement_timeout(self.using, self.settings.timeout),
            ):
                yield
        except Error as error:
            # Bad input says nothing about the extension's health: Python will not like it either.
            if isinstance(error, (DataError, IntegrityError)):
                self.breaker.passed(ticket)
            else:
                self.breaker.failed(ticket)
                if self.breaker.state is State.OPEN:
                    logger.error("%s: the circuit is open, Python answers alone for a while", self.name)
            raise
        except BaseException:
            self.breaker.passed(ticket)
            raise
        else:
            self.breaker.succeeded(ticket)

    def _shadow(self, ticket: int, key: UUID | str | int, /, *args: P.args, **kwargs: P.kwargs) -> R:
        started = time.perf_counter()
        observed, failure = None, None
        try:
            with self._guarded(ticket):
                observed = self.observe(self.sql(*args, **kwargs))
                transaction.set_rollback(True, using=self.using)
        except Exception as error:
            failure = f"{type(error).__name__}: {error}"
        ended = time.perf_counter()
        _renew(self.using)
        result = self.python(*args, **kwargs)
        python_seconds = time.perf_counter() - ended
        try:
            # In a savepoint: what goes wrong here is not the caller's affair.
            with transaction.atomic(using=self.using):
                found = [] if failure else self.compare(self.observe(result), observed)
        except Exception as error:
            found = [f"the comparison failed: {type(error).__name__}: {error}"]
        comparison = Comparison(
            self.name, str(key), not found and failure is None, tuple(found), failure, python_seconds, ended - started
        )
        if not comparison.equal:
            logger.warning("%s: key %s: %s", self.name, key, failure or "; ".join(found))
        shadow_compared.send_robust(sender=type(self), comparison=comparison)
        return result


def _renew(using: str) -> None:
    """A connection that was lost is opened anew; not within a transaction, which would be lost too."""
    if not connections[using].in_atomic_block:
        connections[using].close_if_unusable_or_obsolete()


def share(component: str, key: UUID | str | int) -> float:
    """A number from 0 up to 100 that a component's key always has: by component, so that not the same keys come first
    everywhere."""
    digest = hashlib.sha256(f"{component}|{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 * 100


@contextmanager
def statement_timeout(using: str, seconds: float | None) -> Iterator[None]:
    """Limits each statement, until the end of the block. Within a transaction."""
    if seconds is None:
        yield
        return
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout')")
        before = cursor.fetchone()[0]
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(max(1, round(seconds * 1000)))])
    yield
    # After an error the savepoint's rollback has set it back.
    if not connections[using].needs_rollback:
        with connections[using].cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [before])
