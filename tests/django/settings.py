"""The example project. REVIEWPRO_DSN names the server, REVIEWPRO_SCHEMA the extension's schema,
SERVER_SIDE_BINDING=1 turns on psycopg 3's parameters on the server, DATABASE_ENGINE names another backend."""

from __future__ import annotations

import os
import shlex

_where = dict(part.split("=", 1) for part in shlex.split(os.environ.get("REVIEWPRO_DSN", "")))

_server = {
    "ENGINE": os.environ.get("DATABASE_ENGINE") or "django.db.backends.postgresql",
    "NAME": _where.get("dbname", "postgres"),
    "USER": _where.get("user", ""),
    "HOST": _where.get("host", ""),
    "PORT": _where.get("port", ""),
    "OPTIONS": {"server_side_binding": True} if os.environ.get("SERVER_SIDE_BINDING") else {},
}
DATABASES = {
    "default": {**_server, "TEST": {"NAME": "reviewpro_django"}},
    # A database without the extension.
    "bare": {**_server, "TEST": {"NAME": "reviewpro_django_bare"}},
}
DATABASE_ROUTERS = ["router.Router"]
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.postgres",
    "django_reviewpro",
    "django_reviewpro.rollout",
    "product",
    "examples",
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
SECRET_KEY = "of the tests"
REVIEWPRO = {"SCHEMA": os.environ.get("REVIEWPRO_SCHEMA") or None}
