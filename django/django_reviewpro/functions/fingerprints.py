"""Fingerprints: IMMUTABLE, so they may be in generated columns, constraints and indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import CharField, JSONField, TextField
from django.utils.deconstruct import deconstructible

from .base import Routine

if TYPE_CHECKING:
    from django.db.models.expressions import Combinable

# 64 lower-case hexadecimal digits.
DIGEST_LENGTH = 64


class _Digest(Routine):
    def __init__(self, *expressions: Any, **extra: Any) -> None:
        extra.setdefault("output_field", CharField(max_length=DIGEST_LENGTH))
        super().__init__(*expressions, **extra)


@deconstructible(path="django_reviewpro.functions.Fingerprint")
class Fingerprint(_Digest):
    """The application's identity of a finding: it changes with the line."""

    function = "fingerprint"

    def __init__(
        self,
        organization_id: Combinable | str,
        rule_id: Combinable | str,
        file_path: Combinable | str,
        start_line: Combinable | str,
        start_column: Combinable | str,
        message: Combinable | str,
        **extra: Any,
    ) -> None:
        super().__init__(organization_id, rule_id, file_path, start_line, start_column, message, **extra)


@deconstructible(path="django_reviewpro.functions.ContentFingerprint")
class ContentFingerprint(_Digest):
    """An identity that survives moved lines, version 1. `content_key` is line:..., snippet:... or message:..."""

    function = "content_fingerprint"

    def __init__(
        self,
        tool_name: Combinable | str,
        rule_id: Combinable | str,
        file_path: Combinable | str,
        content_key: Combinable | str,
        occurrence: Combinable | str | None = None,
        **extra: Any,
    ) -> None:
        given = () if occurrence is None else (occurrence,)
        super().__init__(tool_name, rule_id, file_path, content_key, *given, **extra)


@deconstructible(path="django_reviewpro.functions.LocationFingerprint")
class LocationFingerprint(_Digest):
    """Identity by place: path, line, rule."""

    function = "location_fingerprint"

    def __init__(
        self, file_path: Combinable | str, line: Combinable | str, rule_id: Combinable | str, **extra: Any
    ) -> None:
        super().__init__(file_path, line, rule_id, **extra)


@deconstructible(path="django_reviewpro.functions.RepositoryFingerprint")
class RepositoryFingerprint(_Digest):
    """A fingerprint that two repositories do not share."""

    function = "repository_fingerprint"

    def __init__(self, repository_id: Combinable | str, fingerprint: Combinable | str, **extra: Any) -> None:
        super().__init__(repository_id, fingerprint, **extra)


@deconstructible(path="django_reviewpro.functions.SarifSummary")
class SarifSummary(Routine):
    """The scan in one JSON object: tool, invocations, rules, counts. Of a text, json, jsonb or bytea expression."""

    function = "sarif_summary"
    output_field = JSONField()

    def __init__(self, sarif: Combinable | str) -> None:
        super().__init__(sarif)


@deconstructible(path="django_reviewpro.functions.ReviewproVersion")
class ReviewproVersion(Routine):
    """The version of the library that answers."""

    function = "reviewpro_version"
    output_field = TextField()

    def __init__(self) -> None:
        super().__init__()
