"""Everything of this project lives in `default`; `bare` is a database that knows nothing of it."""

from __future__ import annotations

from typing import Any


class Router:
    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return None if db == "default" else app_label == "contenttypes"
