"""The application's way of storing findings: its model, its loop, and Django's own bulk insert."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from psycopg.conninfo import conninfo_to_dict

ROOT = Path(__file__).resolve().parents[1]


def model(dsn: str) -> Any:
    """The application's model, over the table app_findings, which exists and has no foreign keys."""
    where = conninfo_to_dict(dsn)
    # The example project of the companion's tests, and what it imports.
    sys.path += [str(ROOT / "tests" / "django"), str(ROOT / "tests" / "python")]
    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": where["dbname"],
                "USER": where.get("user", ""),
                "HOST": where.get("host", ""),
                "PORT": where.get("port", ""),
            }
        },
        INSTALLED_APPS=["product"],
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup()
    from product.models import Finding

    Finding._meta.db_table = "app_findings"
    return Finding


def loop(finding: Any, rows: Iterable[dict[str, Any]], scan: uuid.UUID) -> None:
    """One look-up and one write per finding, each in a transaction of its own, as the application does."""
    from product.legacy import store_one

    for row in rows:
        store_one(row, scan)


def bulk(finding: Any, rows: Iterable[dict[str, Any]], scan: uuid.UUID) -> None:
    """bulk_create, which cannot count: the counter stays as it is."""
    finding.objects.bulk_create(
        [finding(first_seen_scan_id=scan, last_seen_scan_id=scan, **row) for row in rows],
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["organization_id", "fingerprint"],
        update_fields=["last_seen_scan_id", "last_seen_at", "updated_at"],
    )
