"""What shadow mode found, to be looked at before the percentage grows."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models, router, transaction

from .signals import Comparison


class ShadowComparison(models.Model):
    """One call in shadow mode. It is written in the caller's transaction, and lost when that is rolled back."""

    component = models.CharField(max_length=100)
    key = models.CharField(max_length=255)
    equal = models.BooleanField()
    differences = models.JSONField(default=list)
    error = models.TextField(null=True)
    python_seconds = models.FloatField()
    sql_seconds = models.FloatField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "reviewpro_shadow_comparisons"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["component", "equal", "created_at"], name="reviewpro_shadow_component")
        ]

    def __str__(self) -> str:
        return f"{self.component} {self.key}: {'equal' if self.equal else 'different'}"


def store(sender: object, comparison: Comparison, **kwargs: Any) -> None:
    """Receiver of shadow_compared."""
    # In a savepoint: a missing table must not break the caller's transaction.
    using = router.db_for_write(ShadowComparison)
    with transaction.atomic(using=using):
        ShadowComparison.objects.using(using).create(
            component=comparison.component,
            key=comparison.key[:255],
            equal=comparison.equal,
            differences=list(comparison.differences),
            error=comparison.error,
            python_seconds=comparison.python_seconds,
            sql_seconds=comparison.sql_seconds,
        )
