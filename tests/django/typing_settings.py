"""What the type checker's plugin needs to know: the companion alone."""

from __future__ import annotations

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.postgres",
    "django_reviewpro",
    "django_reviewpro.rollout",
]
SECRET_KEY = "of the type checker"
