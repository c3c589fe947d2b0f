"""Errors of the extension by SQLSTATE, each a kind of the error that Django raises for it, with detail and hint.

| class | kind of | SQLSTATE |
|---|---|---|
| InvalidInput | DataError | class 22: the document, a vector or an option |
| ExtensionMissing | ProgrammingError | 42883: a function of the extension is not there; 3F000: its schema is not |
| UnfitTable | ProgrammingError | 42P01, 42809, 42703, 42P10: the findings table |
| NotPermitted | ProgrammingError | 42501: row-level security or a grant |
| LimitExceeded | OperationalError | class 53, 54: memory, sizes |
| Cancelled | OperationalError | 57014: a time-out or a cancel |
| RetryTransaction | OperationalError | class 40: repeat the transaction, the scan's id makes that safe |
| ReviewproError | DatabaseError | the base of all |

Constraints of the table that a row breaks stay Django's IntegrityError.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, DataError, Error, OperationalError, ProgrammingError

from .conf import FUNCTIONS

__all__ = [
    "Cancelled",
    "ExtensionMissing",
    "InvalidInput",
    "LimitExceeded",
    "NotPermitted",
    "RetryTransaction",
    "ReviewproError",
    "UnfitTable",
    "mapped_errors",
    "sqlstate_of",
]


class ReviewproError(DatabaseError):
    """The extension refused. `message` is one line, `detail` the place, `hint` the way out (None: not given)."""

    def __init__(self, message: str, sqlstate: str = "", detail: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.sqlstate = sqlstate
        self.detail = detail
        self.hint = hint

    def __reduce__(self) -> tuple[type[ReviewproError], tuple[str, str, str | None, str | None]]:
        # A task queue sends errors on to other processes.
        return type(self), (self.message, self.sqlstate, self.detail, self.hint)

    def __str__(self) -> str:
        parts = [self.message]
        if self.detail:
            parts.append(f"DETAIL: {self.detail}")
        if self.hint:
            parts.append(f"HINT: {self.hint}")
        return "\n".join(parts)


class InvalidInput(ReviewproError, DataError):
    """A document, vector or option that cannot be read."""


class ExtensionMissing(ReviewproError, ProgrammingError):
    """The extension is not installed, or not in a schema that is searched."""


class UnfitTable(ReviewproError, ProgrammingError):
    """The findings table is not there, or lacks a column or a unique index."""


class NotPermitted(ReviewproError, ProgrammingError):
    """Row-level security or a missing grant refuses."""


class LimitExceeded(ReviewproError, OperationalError):
    """More memory than reviewpro.max_memory, or more than a field can hold."""


class Cancelled(ReviewproError, OperationalError):
    """A time-out or a cancel request ended it."""


class RetryTransaction(ReviewproError, OperationalError):
    """A serialization failure or a deadlock: the transaction may be repeated as it is."""


_BY_STATE: dict[str, type[ReviewproError]] = {
    "42883": ExtensionMissing,
    "3F000": ExtensionMissing,
    "42P01": UnfitTable,
    "42809": UnfitTable,
    "42703": UnfitTable,
    "42P10": UnfitTable,
    "42501": NotPermitted,
    "57014": Cancelled,
}
_BY_CLASS: dict[str, type[ReviewproError]] = {
    "22": InvalidInput,
    "40": RetryTransaction,
    "53": LimitExceeded,
    "54": LimitExceeded,
}


_WORD = re.compile(r"\w+")


def sqlstate_of(error: BaseException) -> str | None:
    """The SQLSTATE of one of Django's database errors, of ours, or of a driver's; None where the server gave none."""
    for candidate in (error, error.__cause__):
        # psycopg 3 calls it sqlstate, psycopg2 pgcode.
        state = getattr(candidate, "sqlstate", None) or getattr(candidate, "pgcode", None)
        if state:
            return str(state)
    return None


@contextmanager
def mapped_errors() -> Iterator[None]:
    """Within it, Django's database errors that the server gave become the classes above. Others pass as they are."""
    try:
        yield
    except ReviewproError:
        raise
    except Error as error:
        mapped = _mapped(error)
        if mapped is None:
            raise
        raise mapped from error.__cause__


def _mapped(error: Error) -> ReviewproError | None:
    state = sqlstate_of(error)
    kind = (_BY_STATE.get(state) or _BY_CLASS.get(state[:2])) if state else None
    if kind is None or state is None:
        return None
    diagnosis = getattr(error.__cause__, "diag", None)
    message = getattr(diagnosis, "message_primary", None) or str(error).strip()
    if state == "42883" and FUNCTIONS.isdisjoint(_WORD.findall(message)):
        # Somebody else's function or operator.
        return None
    return kind(message, state, getattr(diagnosis, "message_detail", None), getattr(diagnosis, "message_hint", None))
