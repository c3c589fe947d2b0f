"""Python values as arguments of the extension's functions.

Overloads are chosen by type, so a value whose type matters has it written out: text, bytea, jsonb, double precision[].
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, Func, Model, Value
from django.db.models.sql.compiler import SQLCompiler

if TYPE_CHECKING:
    from django.db.models.expressions import Combinable


class Readable(Protocol):
    """An open file: of text or bytes, a response, gzip.GzipFile."""

    def read(self) -> str | bytes: ...


# A SARIF log: JSON text, bytes as the tool wrote them (UTF-8, UTF-16, gzip), a parsed document, or an open file of
# either kind.
Document: TypeAlias = str | bytes | bytearray | memoryview | Mapping[str, Any] | Sequence[Any] | Readable
# Rows of equal length; anything with tolist(), such as a NumPy array, serves too.
Vectors: TypeAlias = Sequence[Sequence[float]] | Any

NEEDED = "a document is text, bytes, a parsed document or an open file"


class TypedValue(Value):
    """A value with its SQL type."""

    def __init__(self, value: Any, sql_type: str) -> None:
        super().__init__(value)
        self.sql_type = sql_type

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        return f"%s::{self.sql_type}", (self.value,)


class NamedArgument(Func):
    """name => value."""

    template = "%(name)s => %(expressions)s"

    def __init__(self, name: str, value: Expression) -> None:
        super().__init__(value, name=name)


def is_expression(value: Any) -> bool:
    return hasattr(value, "resolve_expression")


def document_value(document: Document) -> tuple[str | bytes, str]:
    """What to send for a document, and as what type. A file is read to its end from where it is."""
    if isinstance(document, os.PathLike):
        raise TypeError(f"{NEEDED}, not the path {document!r}: open it")
    if hasattr(document, "read"):
        document = document.read()
    if isinstance(document, str):
        return document, "text"
    if isinstance(document, (bytes, bytearray, memoryview)):
        return bytes(document), "bytea"
    if isinstance(document, (Mapping, Sequence)):
        # As text: reading it costs less than making jsonb of it. ASCII only, so that lone surrogates stay escapes.
        return json.dumps(document), "text"
    raise TypeError(f"{NEEDED}, not {type(document).__name__}")


def document_argument(document: Document | Combinable) -> Any:
    """A document, or an expression that is one: its own type then chooses the overload."""
    if is_expression(document):
        return document
    value, sql_type = document_value(document)  # type: ignore[arg-type]
    return TypedValue(value, sql_type)


def documents_arguments(*documents: Document | Combinable | None) -> list[Any]:
    """Documents for one call, whose overload wants them of one type; None is no document.

    An expression has its own type: values beside it must be sent as that type already."""
    values = [None if d is None or is_expression(d) else document_value(d) for d in documents]  # type: ignore[arg-type]
    types = {value[1] for value in values if value}
    common = types.pop() if len(types) == 1 else "bytea" if types else "text"
    found: list[Any] = []
    for document, value in zip(documents, values, strict=True):
        if value is None:
            found.append(TypedValue(None, common) if document is None else document)
        else:
            sent = value[0].encode() if common == "bytea" and isinstance(value[0], str) else value[0]
            found.append(TypedValue(sent, common))
    return found


def vectors_argument(vectors: Vectors | Combinable) -> Any:
    """Vectors (n rows of d numbers), or an expression that is an array."""
    if is_expression(vectors):
        return vectors
    rows: Any = vectors.tolist() if hasattr(vectors, "tolist") else vectors
    # Drivers refuse lists that mix integers and floats.
    return TypedValue([[float(x) for x in row] for row in rows], "double precision[]")


def labels_argument(labels: Sequence[int] | Combinable) -> Any:
    """One label per vector, or an expression that is an integer[]."""
    if is_expression(labels):
        return labels
    return TypedValue(labels.tolist() if hasattr(labels, "tolist") else list(labels), "integer[]")  # type: ignore[arg-type]


def objects_argument(objects: Sequence[Mapping[str, Any]] | Combinable) -> Any:
    """An array of objects, or an expression that is a jsonb array."""
    return objects if is_expression(objects) else TypedValue(objects_value(objects), "jsonb")  # type: ignore[arg-type]


def objects_value(objects: Sequence[Mapping[str, Any]]) -> str:
    """An array of objects as JSON. Characters that text in PostgreSQL cannot have (NUL, half a surrogate pair) become
    U+FFFD, as in SARIF logs."""
    if isinstance(objects, (str, bytes, bytearray, Mapping)):
        raise TypeError(f"findings are a sequence of objects, not {type(objects).__name__}")
    objects = list(objects)
    text = json.dumps(objects)
    if _ODD_ESCAPE.search(text):
        text = json.dumps(_storable(objects))
    return text


# May be one: what looks like it after a backslash of its own is none.
_ODD_ESCAPE = re.compile(r"\\u(0000|d[89a-f])")


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, Mapping):
        return {_storable(key): _storable(member) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_storable(element) for element in value]
    return value


def table_argument(table: type[Model] | str) -> Value:
    """A table by its model, or by its name as SQL writes it."""
    return TypedValue(table_name(table), "regclass")


def table_name(table: type[Model] | str) -> str:
    """The name as a regclass is written."""
    if isinstance(table, str):
        return table
    name = table._meta.db_table
    # As Django: a name that is quoted already, perhaps with its schema, stays as it is.
    return name if name.startswith('"') and name.endswith('"') else '"' + name.replace('"', '""') + '"'


def option_value(value: Any) -> tuple[Any, str | None]:
    """What to send for an option's value, and as what type where it has to be said."""
    if isinstance(value, Mapping):
        # Ids in `extra` and the like are told as text.
        return json.dumps(value, default=str), "jsonb"
    if isinstance(value, (list, tuple)):
        return list(value), "text[]"
    if isinstance(value, UUID):
        return str(value), "uuid"
    return value, None


def named_parameters(options: Mapping[str, Any]) -> tuple[list[str], list[Any]]:
    """`name => %s` for each option, and what to send for it: for statements that a cursor runs."""
    parts, params = [], []
    for name, value in options.items():
        sent, sql_type = option_value(value)
        parts.append(f"{name} => %s" + (f"::{sql_type}" if sql_type else ""))
        params.append(sent)
    return parts, params


def plain_argument(value: Any) -> Any:
    """The value of an option. A string is a value, not the name of a field: F("name") is a field."""
    if is_expression(value):
        return value
    sent, sql_type = option_value(value)
    return TypedValue(sent, sql_type) if sql_type else Value(sent)


def named_arguments(options: Mapping[str, Any]) -> list[NamedArgument]:
    """Only what was given: the defaults are the extension's."""
    return [NamedArgument(name, plain_argument(value)) for name, value in options.items()]


def check_options(function: str, options: Mapping[str, Any], allowed: type) -> None:
    """Refuses misspelt options before the server sees them. `allowed` is a TypedDict."""
    known = allowed.__annotations__
    for name in options:
        if name not in known:
            raise TypeError(f"{function} has no option {name!r}: there are {', '.join(sorted(known))}")
