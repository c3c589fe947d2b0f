"""Models that no application has: what a function or a view gives. No table, no content type, no migration comes of them.

Django pickles rows and fields by their place in the registry of all applications, where these are not: here it is by class.
"""

from __future__ import annotations

from typing import Any

from django.apps.registry import Apps
from django.contrib.postgres import fields as postgres_fields
from django.db import models

REGISTRY = Apps()


class DetachedModel(models.Model):
    """A row of such a model. Two are equal when all they say is: an id tells rows of one call apart, not of several."""

    class Meta:
        abstract = True
        app_label = "django_reviewpro"
        apps = REGISTRY
        managed = False
        default_permissions = ()

    def _said(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._said() == other._said()

    def __hash__(self) -> int:
        return hash((type(self), self.pk))

    def __reduce__(self) -> Any:
        reduced: Any = super().__reduce__()
        return _blank, (type(self),), reduced[2]


def _blank(model: type[models.Model]) -> models.Model:
    """Where unpickling begins."""
    return model.__new__(model)


def _field(model: type[models.Model], name: str) -> Any:
    return model._meta.get_field(name)


class _ByClass:
    """A field of such a model."""

    def __reduce__(self) -> Any:
        model = getattr(self, "model", None)
        return (_field, (model, self.name)) if model else super().__reduce__()  # type: ignore[attr-defined]


class TextField(_ByClass, models.TextField):  # type: ignore[type-arg]
    """text"""


class IntegerField(_ByClass, models.IntegerField):  # type: ignore[type-arg]
    """integer"""


class BigIntegerField(_ByClass, models.BigIntegerField):  # type: ignore[type-arg]
    """bigint"""


class FloatField(_ByClass, models.FloatField):  # type: ignore[type-arg]
    """double precision"""


class DecimalField(_ByClass, models.DecimalField):  # type: ignore[type-arg]
    """numeric"""


class BooleanField(_ByClass, models.BooleanField):  # type: ignore[type-arg]
    """boolean"""


class DateTimeField(_ByClass, models.DateTimeField):  # type: ignore[type-arg]
    """timestamp with time zone"""


class JSONField(_ByClass, models.JSONField):
    """jsonb"""


class ArrayField(_ByClass, postgres_fields.ArrayField):  # type: ignore[type-arg]
    """An array"""
