"""The product's models, as its own migrations make them: the columns that scans, findings and clusters need."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone


class Base(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class Organization(Base):
    name = models.CharField(max_length=255)
    slug = models.SlugField(max_length=255, unique=True)

    class Meta:
        db_table = "organizations"


class Repository(Base):
    organization = models.ForeignKey(Organization, models.CASCADE)
    full_name = models.CharField(max_length=512)
    default_branch = models.CharField(max_length=255, default="main")

    class Meta:
        db_table = "repositories"
        constraints: ClassVar = [models.UniqueConstraint(fields=["organization", "full_name"], name="repository_name")]


class Branch(Base):
    repository = models.ForeignKey(Repository, models.CASCADE)
    name = models.CharField(max_length=255)
    sha = models.CharField(max_length=40)

    class Meta:
        db_table = "branches"
        constraints: ClassVar = [models.UniqueConstraint(fields=["repository", "name"], name="branch_name")]


class Scan(Base):
    organization = models.ForeignKey(Organization, models.CASCADE)
    repository = models.ForeignKey(Repository, models.CASCADE)
    branch = models.ForeignKey(Branch, models.CASCADE, null=True)
    commit_sha = models.CharField(max_length=40)
    status = models.CharField(max_length=20, default="pending")
    total_findings = models.IntegerField(default=0)
    critical_count = models.IntegerField(default=0)
    high_count = models.IntegerField(default=0)
    medium_count = models.IntegerField(default=0)
    low_count = models.IntegerField(default=0)
    info_count = models.IntegerField(default=0)
    tools_used = models.JSONField(default=list)
    # Planned by the product: the log as it came, and what it says of itself.
    log = models.BinaryField(null=True)
    sarif_summary = models.JSONField(null=True)
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    duration_seconds = models.FloatField(null=True)
    error_message = models.TextField(null=True)
    error_details = models.JSONField(null=True)

    class Meta:
        db_table = "scans"


class Finding(models.Model):
    # tests/python/app_findings.sql is the same table without foreign keys.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE)
    repository = models.ForeignKey(Repository, models.CASCADE)
    first_seen_scan = models.ForeignKey(Scan, models.CASCADE, related_name="first_seen_findings")
    last_seen_scan = models.ForeignKey(Scan, models.CASCADE, related_name="last_seen_findings")
    fingerprint = models.CharField(max_length=64, db_index=True)
    rule_id = models.CharField(max_length=255, db_index=True)
    rule_name = models.CharField(max_length=512, null=True)
    message = models.TextField()
    severity = models.CharField(max_length=20, db_index=True)
    status = models.CharField(max_length=20, default="open", db_index=True)
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
    first_seen_at = models.DateTimeField(default=timezone.now, db_index=True)
    last_seen_at = models.DateTimeField(auto_now=True)
    fixed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "findings"
        ordering: ClassVar = ["-severity", "-created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "fingerprint"], name="finding_fingerprint")
        ]
        indexes: ClassVar = [
            models.Index(fields=["organization", "status"], name="finding_organization_status"),
            models.Index(fields=["repository", "status"], name="finding_repository_status"),
            models.Index(fields=["organization", "fingerprint"], name="finding_org_fingerprint"),
            models.Index(fields=["fingerprint"], name="finding_fingerprint_index"),
            models.Index(fields=["rule_id"], name="finding_rule"),
            models.Index(fields=["severity"], name="finding_severity"),
            models.Index(fields=["first_seen_at"], name="finding_first_seen"),
        ]


class FindingEmbedding(models.Model):
    finding = models.OneToOneField(Finding, models.CASCADE, primary_key=True, related_name="embedding")
    vector = ArrayField(models.FloatField())

    class Meta:
        db_table = "finding_embeddings"


class FindingCluster(Base):
    organization = models.ForeignKey(Organization, models.CASCADE)
    cluster_label = models.CharField(max_length=100)
    representative_finding = models.ForeignKey(Finding, models.SET_NULL, null=True)
    size = models.IntegerField(default=0)
    avg_similarity = models.FloatField(default=0.0)
    cohesion_score = models.FloatField(default=0.0)
    algorithm = models.CharField(max_length=50, default="dbscan")
    similarity_threshold = models.FloatField(default=0.85)
    primary_rule_id = models.CharField(max_length=255)
    primary_severity = models.CharField(max_length=20)
    primary_tool = models.CharField(max_length=255)
    statistics = models.JSONField(default=dict)

    class Meta:
        db_table = "finding_clusters"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "cluster_label"], name="finding_cluster_label")
        ]
        indexes: ClassVar = [
            models.Index(fields=["organization", "cluster_label"], name="finding_cluster_lookup"),
            models.Index(fields=["size"], name="finding_cluster_size"),
            models.Index(fields=["created_at"], name="finding_cluster_created"),
        ]


class FindingClusterMembership(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    finding = models.ForeignKey(Finding, models.CASCADE)
    cluster = models.ForeignKey(FindingCluster, models.CASCADE, related_name="memberships")
    distance_to_centroid = models.FloatField(default=0.0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "finding_cluster_memberships"
        constraints: ClassVar = [models.UniqueConstraint(fields=["finding", "cluster"], name="finding_membership")]
        indexes: ClassVar = [
            models.Index(fields=["cluster", "distance_to_centroid"], name="finding_membership_distance")
        ]
