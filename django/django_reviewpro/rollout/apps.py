"""The application that stores what shadow mode found."""

from __future__ import annotations

from django.apps import AppConfig


class RolloutConfig(AppConfig):
    name = "django_reviewpro.rollout"
    label = "reviewpro_rollout"
    verbose_name = "reviewpro_pg rollout"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from .models import store
        from .signals import shadow_compared

        shadow_compared.connect(store, dispatch_uid="reviewpro_rollout.store")
