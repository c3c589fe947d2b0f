"""Functions of the extension where a table keeps their values: generated columns, constraints, indexes."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Concat
from django_reviewpro.fields import RealField
from django_reviewpro.functions import ContentFingerprint, Fingerprint, LocationFingerprint


class Note(models.Model):
    organization_id = models.UUIDField()
    rule_id = models.CharField(max_length=255)
    file_path = models.CharField(max_length=1024)
    start_line = models.IntegerField()
    start_column = models.IntegerField(default=1)
    message = models.TextField()
    tool_name = models.CharField(max_length=255, default="tool")
    stated = models.CharField(max_length=64, null=True)
    identity = models.GeneratedField(
        expression=Fingerprint("organization_id", "rule_id", "file_path", "start_line", "start_column", "message"),
        output_field=models.CharField(max_length=64),
        db_persist=True,
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["identity"], name="note_identity"),
            models.UniqueConstraint(
                ContentFingerprint("tool_name", "rule_id", "file_path", Concat(Value("message:"), F("message"))),
                "start_line",
                name="note_content",
            ),
            models.CheckConstraint(
                condition=Q(stated__isnull=True) | Q(stated=LocationFingerprint("file_path", "start_line", "rule_id")),
                name="note_stated",
            ),
        ]
        indexes: ClassVar = [
            models.Index(LocationFingerprint("file_path", "start_line", "rule_id"), name="note_location")
        ]


class Document(models.Model):
    """A log, once per type of column."""

    name = models.CharField(max_length=100)
    as_text = models.TextField(null=True)
    as_json = models.JSONField(null=True)
    as_bytes = models.BinaryField(null=True)


class Point(models.Model):
    group = models.IntegerField(default=0)
    vector = ArrayField(RealField(), null=True)
    double = ArrayField(models.FloatField(), null=True)
