"""The application's way of storing findings: its model, its loop, and Django's own bulk insert."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

import django
from django.conf import settings
from django.utils import timezone
from psycopg.conninfo import conninfo_to_dict


def model(dsn: str) -> Any:
    """The model over the table app_findings, which exists."""
    where = conninfo_to_dict(dsn)
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
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup()
    from django.db import models

    class Finding(models.Model):
        id = models.UUIDField(primary_key=True, default=uuid.uuid4)
        organization_id = models.UUIDField()
        repository_id = models.UUIDField()
        first_seen_scan_id = models.UUIDField()
        last_seen_scan_id = models.UUIDField()
        fingerprint = models.CharField(max_length=64)
        rule_id = models.CharField(max_length=255)
        rule_name = models.CharField(max_length=512, null=True)
        message = models.TextField()
        severity = models.CharField(max_length=20)
        status = models.CharField(max_length=20, default="open")
        file_path = models.CharField(max_length=1024)
        start_line = models.IntegerField()
        start_column = models.IntegerField(default=1)
        end_line = models.IntegerField(null=True)
        end_column = models.IntegerField(null=True)
        snippet = models.TextField(null=True)
        tool_name = models.CharField(max_length=255)
        tool_version = models.CharField(max_length=100, null=True)
        cwe_ids = models.JSONField(default=list)
        cve_ids = models.JSONField(default=list)
        sarif_data = models.JSONField(null=True)
        occurrence_count = models.IntegerField(default=1)
        first_seen_at = models.DateTimeField(default=timezone.now)
        last_seen_at = models.DateTimeField(auto_now=True)
        fixed_at = models.DateTimeField(null=True)
        created_at = models.DateTimeField(auto_now_add=True)
        updated_at = models.DateTimeField(auto_now=True)

        class Meta:
            app_label = "app"
            db_table = "app_findings"
            managed = False

    return Finding


def loop(finding: Any, rows: Iterable[dict[str, Any]], scan: uuid.UUID) -> None:
    """One look-up and one write per finding, each in a transaction of its own, as the application does."""
    for row in rows:
        found = finding.objects.filter(organization_id=row["organization_id"], fingerprint=row["fingerprint"]).first()
        if found:
            found.occurrence_count += 1
            found.last_seen_scan_id = scan
            found.save()
        else:
            finding.objects.create(first_seen_scan_id=scan, last_seen_scan_id=scan, **row)


def bulk(finding: Any, rows: Iterable[dict[str, Any]], scan: uuid.UUID) -> None:
    """bulk_create, which cannot count: the counter stays as it is."""
    finding.objects.bulk_create(
        [finding(first_seen_scan_id=scan, last_seen_scan_id=scan, **row) for row in rows],
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["organization_id", "fingerprint"],
        update_fields=["last_seen_scan_id", "last_seen_at", "updated_at"],
    )
