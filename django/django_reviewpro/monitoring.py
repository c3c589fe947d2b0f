"""The extension's views for operators as models, to be read: `FunctionStats.objects.filter(errors__gt=0)`.

Their columns are documented in the extension's docs/operations/monitoring.md. Like the rows of table functions, the models live in a
registry of their own: no content type and no migration comes of them. The schema is that of the settings when this module is imported.
"""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import DEFAULT_DB_ALIAS, NotSupportedError, connections, models

from .conf import qualified, quoted, schema
from .tables.rows import REGISTRY


def _view(name: str) -> str:
    """A view's name as Django takes it: one in double quotes stays as it is."""
    where = schema()
    return f"{quoted(where)}.{quoted(name)}" if where else name


class _View(models.Model):
    """A row that nobody writes."""

    class Meta:
        abstract = True
        app_label = "django_reviewpro"
        apps = REGISTRY
        managed = False
        default_permissions = ()

    def save(self, *args: Any, **given: Any) -> None:
        raise NotSupportedError(f"{type(self).__name__} is a view: it cannot be saved")

    def delete(self, *args: Any, **given: Any) -> tuple[int, dict[str, int]]:
        raise NotSupportedError(f"{type(self).__name__} is a view: it cannot be deleted")


class FunctionStats(_View):
    """The view `reviewpro_stats`: what each function has done on this server since counting began, in all databases."""

    function = models.TextField(primary_key=True)
    calls = models.BigIntegerField()
    errors = models.BigIntegerField()
    rows = models.BigIntegerField()
    bytes = models.BigIntegerField()
    seconds = models.FloatField()
    stats_since = models.DateTimeField()

    class Meta(_View.Meta):
        abstract = False
        db_table = _view("reviewpro_stats")


class Health(_View):
    """The one row of the view `reviewpro_health`: `Health.objects.get().problems` is empty when all is well."""

    status = models.TextField(primary_key=True)
    status_code = models.IntegerField()
    problems = ArrayField(models.TextField())
    library_version = models.TextField()
    sql_version = models.TextField()
    versions_match = models.BooleanField()
    cpu_path = models.TextField()
    threads_limit = models.IntegerField()
    memory_limit = models.BigIntegerField()
    running_calls = models.IntegerField()
    stats_since = models.DateTimeField()

    class Meta(_View.Meta):
        abstract = False
        db_table = _view("reviewpro_health")


def reset_stats(using: str = DEFAULT_DB_ALIAS) -> None:
    """Sets all counters of the server to zero, for all databases. For superusers, and whom they grant it to: others get a
    `ProgrammingError` (42501)."""
    with connections[using].cursor() as cursor:
        cursor.execute(f"SELECT {qualified('reviewpro_stats_reset')}()")
