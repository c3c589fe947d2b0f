"""The settings, all of them in one dictionary: REVIEWPRO = {...}.

| key | default | meaning |
|---|---|---|
| SCHEMA | None | the schema of the extension, without percent signs; None: whatever the search_path finds |
| ROLLOUT | {} | per component, how it runs: see django_reviewpro.rollout |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

EXTENSION = "reviewpro_pg"
# Those that are called from here.
FUNCTIONS = frozenset(
    [
        "assign_clusters",
        "cluster_agglomerative",
        "cluster_dbscan",
        "cluster_embeddings",
        "cluster_kmeans",
        "cluster_members",
        "cluster_query",
        "cluster_report",
        "cluster_summaries",
        "content_fingerprint",
        "create_findings_table",
        "findings_report",
        "fingerprint",
        "fingerprint_findings",
        "ingest_findings",
        "ingest_sarif",
        "location_fingerprint",
        "repository_fingerprint",
        "reviewpro_health",
        "reviewpro_progress",
        "reviewpro_stats",
        "reviewpro_stats_reset",
        "reviewpro_version",
        "sarif_changes",
        "sarif_findings",
        "sarif_line_hashes",
        "sarif_rules",
        "sarif_runs",
        "sarif_summary",
        "sarif_validate",
        "scan_changes",
        "silhouette_samples",
        "silhouette_score",
        "suggest_eps",
    ]
)
KEYS = frozenset({"SCHEMA", "ROLLOUT"})


def configured() -> Mapping[str, Any]:
    """The dictionary as it is now, so that tests may override it."""
    return getattr(settings, "REVIEWPRO", {})


def schema() -> str | None:
    """The schema in which functions are looked up; None leaves it to the search_path."""
    return configured().get("SCHEMA")


def qualified(name: str) -> str:
    """A function's name as SQL, in the extension's schema where one is set."""
    where = schema()
    return f"{quoted(where)}.{name}" if where else name


def quoted(name: str) -> str:
    """An identifier in double quotes."""
    return '"' + name.replace('"', '""') + '"'
