"""What is different between two results, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from itertools import islice
from typing import Any

# Enough to see what is wrong; a log of 100,000 findings may differ in each.
LIMIT = 20
WIDTH = 200


def differences(python: Any, sql: Any) -> list[str]:
    """The first differences, with their place; none where both are equal."""
    return list(islice(_differences(python, sql, ""), LIMIT))


def _differences(python: Any, sql: Any, place: str) -> Iterator[str]:
    python, sql = _plain(python), _plain(sql)
    if isinstance(python, Mapping) and isinstance(sql, Mapping):
        for key in sorted({*python, *sql}, key=repr):
            here = f"{place}[{key!r}]"
            if key not in sql:
                yield f"{here}: only in Python: {_short(python[key])}"
            elif key not in python:
                yield f"{here}: only in SQL: {_short(sql[key])}"
            else:
                yield from _differences(python[key], sql[key], here)
    elif _is_list(python) and _is_list(sql):
        if len(python) != len(sql):
            yield f"{place or 'result'}: {len(python)} elements in Python, {len(sql)} in SQL"
        for number, (one, other) in enumerate(zip(python, sql, strict=False)):
            yield from _differences(one, other, f"{place}[{number}]")
    elif python != sql:
        yield f"{place or 'result'}: Python {_short(python)}, SQL {_short(sql)}"


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return value


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 3]}..."
