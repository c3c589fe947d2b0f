"""How a set-returning function becomes an ordinary queryset: it takes the place of the table in FROM.

    SELECT ... FROM sarif_findings(%s) WITH ORDINALITY sarif_findings

and, over the rows of another queryset,

    SELECT ... FROM (SELECT ...) source (log, scan_id) CROSS JOIN LATERAL sarif_findings(source.log) WITH ORDINALITY ...

Everything else, from filter() to Subquery, is Django's own. The places that know Django's inner names are here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, TypeVar

from django.db import NotSupportedError, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, F, Field
from django.db.models.expressions import OuterRef
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLCompiler
from django.db.models.sql.datastructures import BaseTable

from ..conf import qualified

Row = TypeVar("Row", bound=models.Model)


class SourceColumn(Expression):
    """A column of the queryset over whose rows a function is called."""

    contains_column_references = True
    possibly_multivalued = False

    def __init__(self, table_alias: str, name: str, output_field: Field[Any, Any]) -> None:
        super().__init__(output_field=output_field)
        self.alias = table_alias
        self.name = name

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        quote = connection.ops.quote_name
        return f"{quote(source_alias(self.alias))}.{quote(self.name)}", ()

    def relabeled_clone(self, change_map: Mapping[str, str]) -> SourceColumn:
        return SourceColumn(change_map.get(self.alias, self.alias), self.name, self.output_field)

    def get_group_by_cols(self, alias: str | None = None) -> list[Any]:
        return [self]


def source_alias(table_alias: str) -> str:
    """Follows the function's alias, which Django renames in subqueries."""
    return f"{table_alias}_source"


class FunctionTable(BaseTable):
    """function(arguments) alias, where Django writes: table alias."""

    def __init__(
        self,
        table_name: str,
        alias: str,
        arguments: Sequence[Any],
        ordinality: bool,
        source: Query | None = None,
    ) -> None:
        super().__init__(table_name, alias)
        self.table_alias: str = alias
        self.arguments = tuple(arguments)
        self.ordinality = ordinality
        self.source = source

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        quote = connection.ops.quote_name
        from_sql = ""
        params: list[Any] = []
        if self.source is not None:
            source_sql, source_params = compiler.compile(self.source)
            columns = ", ".join(quote(name) for name in selected(self.source))
            from_sql = f"{source_sql} {quote(source_alias(self.table_alias))} ({columns}) CROSS JOIN LATERAL "
            params += source_params
        parts = []
        for argument in self.arguments:
            sql, argument_params = compiler.compile(argument)
            parts.append(sql)
            params += argument_params
        call_sql = f"{qualified(self.table_name)}({', '.join(parts)})" + (" WITH ORDINALITY" if self.ordinality else "")
        # As the compiler writes the alias in front of columns: unquoted up to Django 6.0, quoted since.
        quote_alias = getattr(compiler, "quote_name", None) or compiler.quote_name_unless_alias
        return f"{from_sql}{call_sql} {quote_alias(self.table_alias)}", tuple(params)

    def with_arguments(self, arguments: Sequence[Any]) -> FunctionTable:
        return type(self)(self.table_name, self.table_alias, arguments, self.ordinality, self.source)

    def relabeled_clone(self, change_map: Mapping[Any, str]) -> FunctionTable:
        clone = self.with_arguments([argument.relabeled_clone(change_map) for argument in self.arguments])
        clone.table_alias = change_map.get(self.table_alias, self.table_alias)
        return clone

    @property
    def identity(self) -> tuple[Any, ...]:
        return (*super().identity, self.arguments, self.ordinality, id(self.source))


class FunctionQuery(Query):
    """A query over a FunctionTable whose arguments may refer to an outer query."""

    def _tables(self) -> list[tuple[str, FunctionTable]]:
        return [(alias, table) for alias, table in self.alias_map.items() if isinstance(table, FunctionTable)]

    def resolve_expression(self, query: Any = None, *args: Any, **kwargs: Any) -> FunctionQuery:
        clone: FunctionQuery = super().resolve_expression(query, *args, **kwargs)  # type: ignore[assignment]
        for alias, table in clone._tables():
            resolved = [argument.resolve_expression(query, *args, **kwargs) for argument in table.arguments]
            clone.alias_map[alias] = table.with_arguments(resolved)
        # The outer table may have got its alias only now.
        for alias, outer in query.alias_map.items():
            clone.external_aliases.setdefault(alias, outer.table_name != outer.table_alias)
        return clone

    def change_aliases(self, change_map: dict[Any, str]) -> None:
        # Arguments may name the outer query's tables, which are renamed when that becomes a subquery itself.
        others = [alias for alias, _ in self._tables() if alias not in change_map]
        super().change_aliases(change_map)
        for alias in others:
            self.alias_map[alias] = self.alias_map[alias].relabeled_clone(change_map)

    def get_external_cols(self) -> list[Any]:
        # Those of the arguments too: an outer GROUP BY needs them.
        arguments = [argument for _, table in self._tables() for argument in table.arguments]
        columns = [
            column
            for column in self._gen_cols(arguments, include_external=True)  # type: ignore[attr-defined]
            if column.alias in self.external_aliases
        ]
        return super().get_external_cols() + columns


class ReadOnlyQuerySet(models.QuerySet[Row]):
    """Rows of a function or a view; they can be read, not written."""

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotSupportedError(f"rows of {self.model._meta.db_table} cannot be written: they are computed")

    create = bulk_create = get_or_create = update_or_create = update = bulk_update = delete = _refuse
    acreate = abulk_create = aget_or_create = aupdate_or_create = aupdate = abulk_update = adelete = _refuse
    # Templates must not call them either.
    _refuse.alters_data = True  # type: ignore[attr-defined]


class FunctionQuerySet(ReadOnlyQuerySet[Row]):
    """Rows of a function."""

    def __and__(self, other: Any) -> Any:
        return super().__and__(self._of_one_call(other))

    def __or__(self, other: Any) -> Any:
        return super().__or__(self._of_one_call(other))

    def __xor__(self, other: Any) -> Any:
        return super().__xor__(self._of_one_call(other))

    def _of_one_call(self, other: Any) -> Any:
        """Django would take the condition, and forget that it is about the rows of another call."""
        if isinstance(other, FunctionQuerySet):
            calls = [list(rows.query._tables()) for rows in (self, other)]  # type: ignore[attr-defined]
            if calls[0] != calls[1]:
                raise NotSupportedError(
                    "only rows of one call can be combined so: use union(), intersection(), difference()"
                )
        return other


class RowManager(models.Manager[Row]):
    """Instead of a table that is not there, a word on what to call."""

    def get_queryset(self) -> NoReturn:
        raise NotSupportedError(
            f"there is no table of {self.model.__name__}: call the function of django_reviewpro.tables that gives them"
        )


def selected(query: Query) -> dict[str, Field[Any, Any]]:
    """What a query with values("name", ...) selects, by name and in order; empty without names."""
    places: Mapping[str, Any] = query.selected or {}
    found = {}
    for name, place in places.items():
        # An annotation by its name, a column by its position.
        chosen = query.annotations[place] if isinstance(place, str) else query.select[place]
        found[name] = chosen.output_field
    return found


def call(
    model: type[Row],
    arguments: Sequence[Any],
    *,
    over: models.QuerySet[Any] | None = None,
    using: str | None = None,
) -> FunctionQuerySet[Row]:
    """The rows of the function that `model` is named after.

    `over` is a queryset with values(...): the function is called for each of its rows, arguments F("name") are its
    columns, and columns that no argument uses are annotations of the result.
    """
    query = FunctionQuery(model)
    alias = query.get_initial_alias()
    source = None
    unused: dict[str, Expression] = {}
    if over is not None:
        source, columns = _source(over, alias)
        used: set[str] = set()
        arguments = [_with_columns(argument, columns, used) for argument in arguments]
        unused = {name: column for name, column in columns.items() if name not in used}
    else:
        arguments = [_resolved(argument, query) for argument in arguments]
    # Where the function has a column of that name itself, the model calls it otherwise.
    ordinality = model._meta.pk is not None and model._meta.pk.name == "ordinality"
    query.alias_map[alias] = FunctionTable(model._meta.db_table, alias, arguments, ordinality, source)
    rows: FunctionQuerySet[Row] = FunctionQuerySet(model, query, using or (over.db if over is not None else None))
    return rows.annotate(**unused) if unused else rows


def _resolved(argument: Any, query: Query) -> Any:
    for part in _flatten(argument):
        if isinstance(part, F) and not isinstance(part, OuterRef):
            raise ValueError(f"{part!r} is a column of no table: give one as over=, or use OuterRef in a subquery")
    return argument.resolve_expression(query)


def _flatten(expression: Any) -> list[Any]:
    if not hasattr(expression, "get_source_expressions"):
        return [expression]
    inner = [part for source in expression.get_source_expressions() if source is not None for part in _flatten(source)]
    return [expression, *inner]


def _source(over: models.QuerySet[Any], alias: str) -> tuple[Query, dict[str, SourceColumn]]:
    query = over.query.clone()
    query.subquery = True
    columns = {name: SourceColumn(alias, name, field) for name, field in selected(query).items()}
    if not columns:
        raise ValueError("over= needs values(...) with the names of the columns that arguments and result use")
    return query, columns


def _with_columns(argument: Any, columns: Mapping[str, SourceColumn], used: set[str]) -> Any:
    """Puts the source's columns in the place of F("name")."""
    if isinstance(argument, F) and not isinstance(argument, OuterRef):
        name: str = argument.name  # type: ignore[attr-defined]
        if name not in columns:
            raise ValueError(f"over= has no column {name!r}: there are {', '.join(columns)}")
        used.add(name)
        return columns[name]
    if not hasattr(argument, "get_source_expressions"):
        return argument
    clone = argument.copy()
    clone.set_source_expressions(
        [part if part is None else _with_columns(part, columns, used) for part in argument.get_source_expressions()]
    )
    return clone
