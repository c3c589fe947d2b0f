"""What all scalar functions of the extension have in common."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, Func
from django.db.models.sql.compiler import SQLCompiler

from ..arguments import check_options, named_arguments
from ..conf import qualified


class Routine(Func):
    """A function of the extension, in the schema that the settings name when the SQL is written.

    Migrations hold the Python call, not the schema. Strings that stand for positional arguments are names of fields,
    as everywhere in Django; options are values, and go by name.
    """

    allowed: ClassVar[type | None] = None

    def __init__(self, *expressions: Any, output_field: Field[Any, Any] | None = None, **given: Any) -> None:
        if self.allowed is None:
            if given:
                raise TypeError(f"{type(self).__name__} has no option {next(iter(given))!r}")
        else:
            check_options(type(self).__name__, given, self.allowed)
        super().__init__(*expressions, *named_arguments(given), output_field=output_field)

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *args: Any, **extra: Any) -> Any:
        assert self.function is not None
        return super().as_sql(compiler, connection, qualified(self.function), *args, **extra)
