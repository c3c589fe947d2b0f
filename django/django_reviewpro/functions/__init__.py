"""The extension's scalar and window functions as expressions: for annotate, filter, order_by, and, where they are
IMMUTABLE, for generated columns, constraints and indexes."""

from __future__ import annotations

from .clusters import (
    ClusterAgglomerative,
    ClusterDBSCAN,
    ClusterEmbeddings,
    ClusterKMeans,
    ClusterReport,
    SilhouetteSamples,
    SilhouetteScore,
)
from .fingerprints import (
    ContentFingerprint,
    Fingerprint,
    LocationFingerprint,
    RepositoryFingerprint,
    ReviewproVersion,
    SarifSummary,
)

__all__ = [
    "ClusterAgglomerative",
    "ClusterDBSCAN",
    "ClusterEmbeddings",
    "ClusterKMeans",
    "ClusterReport",
    "ContentFingerprint",
    "Fingerprint",
    "LocationFingerprint",
    "RepositoryFingerprint",
    "ReviewproVersion",
    "SarifSummary",
    "SilhouetteSamples",
    "SilhouetteScore",
]
