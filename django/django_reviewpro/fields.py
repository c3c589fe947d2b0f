"""Fields for vectors."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import FloatField


class RealField(FloatField):  # type: ignore[type-arg]
    """A number of four bytes: ArrayField(RealField()) is real[], half the size of ArrayField(FloatField())."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        return "real" if connection.vendor == "postgresql" else super().db_type(connection)

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django_reviewpro.fields.RealField", args, kwargs
