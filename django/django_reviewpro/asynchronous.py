"""Asynchronous forms of functions that use a connection."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import sync_to_async

P = ParamSpec("P")
R = TypeVar("R")


def asynchronous(call: Callable[P, R]) -> Callable[P, Coroutine[Any, Any, R]]:
    """The same in the thread in which Django keeps its connections, with an a in front of its name, as Django's own."""

    @wraps(call)
    async def later(*args: P.args, **kwargs: P.kwargs) -> R:
        return await sync_to_async(call)(*args, **kwargs)

    later.__name__ = later.__qualname__ = f"a{call.__name__}"
    return later
