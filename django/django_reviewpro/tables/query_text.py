"""A queryset as the text of its SQL, for functions that run a query themselves."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, TextField
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLCompiler


class QueryText(Expression):
    """The statement as one parameter. The driver writes the values into it, quoted, on the query's own connection."""

    def __init__(self, query: Query) -> None:
        super().__init__(output_field=TextField())
        self.query = query

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        sql, params = self.query.get_compiler(connection=connection).as_sql()
        # psycopg knows which form of quoting the connection's settings ask for.
        return "%s", (connection.ops.compose_sql(sql, params),)  # type: ignore[attr-defined]
