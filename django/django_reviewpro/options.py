"""The options of functions, as keyword arguments. What is not given is left to the extension's own default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict
from uuid import UUID


class SarifOptions(TypedDict, total=False):
    """Of sarif_findings."""

    mode: Literal["spec", "compat"]
    source_root: str | None
    uri_bases: Mapping[str, str] | None
    kinds: Sequence[str] | None
    suppressed: Literal["include", "exclude", "only"]
    include_absent: bool
    per_location: bool
    fingerprint: Literal["content", "tool", "location", "compat"] | None
    fingerprint_keys: Sequence[str] | None
    organization_id: UUID | str | None
    raw: bool | None
    strict: bool


class IngestSarifOptions(TypedDict, total=False):
    """Of ingest_sarif."""

    mode: Literal["spec", "compat"]
    source_root: str | None
    uri_bases: Mapping[str, str] | None
    kinds: Sequence[str] | None
    suppressed: Literal["include", "exclude", "only"]
    suppressed_status: str
    fingerprint: Literal["content", "tool", "location", "compat"] | None
    fingerprint_keys: Sequence[str] | None
    extra: Mapping[str, Any] | None
    raw: bool | None
    close: bool
    touch: bool
    strict: bool
    notify: str | None


class IngestFindingsOptions(TypedDict, total=False):
    """Of ingest_findings."""

    fingerprint: Literal["content", "location", "compat"]
    suppressed_status: str
    extra: Mapping[str, Any] | None
    raw: bool | None
    close: bool
    touch: bool
    strict: bool
    notify: str | None


class ClusterOptions(TypedDict, total=False):
    """Of cluster_embeddings, cluster_report and cluster_query."""

    algorithm: Literal["dbscan", "agglomerative", "kmeans"]
    eps: float
    min_samples: int
    n_clusters: int | None
    distance_threshold: float | None
    linkage: Literal["average", "complete", "single", "ward"]
    metric: Literal["cosine", "euclidean"]


class DBSCANOptions(TypedDict, total=False):
    """Of cluster_dbscan."""

    eps: float
    min_samples: int
    metric: Literal["cosine", "euclidean"]


class AgglomerativeOptions(TypedDict, total=False):
    """Of cluster_agglomerative."""

    distance_threshold: float | None
    linkage: Literal["average", "complete", "single", "ward"]
    metric: Literal["cosine", "euclidean"]
    n_clusters: int | None


class KMeansOptions(TypedDict, total=False):
    """Of cluster_kmeans."""

    n_clusters: int
    metric: Literal["cosine", "euclidean"]
    seed: int


class SilhouetteOptions(TypedDict, total=False):
    """Of silhouette_score and silhouette_samples."""

    metric: Literal["cosine", "euclidean", "sqeuclidean"]
    include_noise: bool


class SummaryOptions(TypedDict, total=False):
    """Of cluster_summaries and cluster_members: the metric of the distance to the centroid."""

    metric: Literal["cosine", "euclidean"]


class AssignOptions(TypedDict, total=False):
    """Of assign_clusters."""

    max_distance: float
    assign_to: Literal["core", "centroid"]
    min_samples: int
    metric: Literal["cosine", "euclidean"]


class SuggestOptions(TypedDict, total=False):
    """Of suggest_eps."""

    min_samples: int
    metric: Literal["cosine", "euclidean"]


class FingerprintFindingsOptions(TypedDict, total=False):
    """Of fingerprint_findings."""

    kind: Literal["content", "location", "compat"]
    organization_id: UUID | str | None


class ScanChangesOptions(TypedDict, total=False):
    """Of scan_changes."""

    previous_scan_id: UUID | str | None
    branch_id: UUID | str | None


class ReportOptions(TypedDict, total=False):
    """Of findings_report. `embeddings`: the statement that returns id and embedding of the findings on the map."""

    title: str | None
    organization_id: UUID | str | None
    repository_id: UUID | str | None
    scan_id: UUID | str | None
    top: int
    worst: int
    embeddings: str | None
    eps: float
    min_samples: int
    max_points: int


class SarifChangesOptions(TypedDict, total=False):
    """Of sarif_changes; `known` are fingerprints that were seen before the first of the two logs."""

    known: Sequence[str] | None
    mode: Literal["spec", "compat"]
    source_root: str | None
    uri_bases: Mapping[str, str] | None
    kinds: Sequence[str] | None
    suppressed: Literal["include", "exclude", "only"]
    fingerprint: Literal["content", "tool", "location", "compat"] | None
    fingerprint_keys: Sequence[str] | None
    organization_id: UUID | str | None
