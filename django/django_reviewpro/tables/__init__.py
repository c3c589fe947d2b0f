"""Table functions as querysets, and the models of their rows."""

from __future__ import annotations

from . import functions
from .functions import *  # noqa: F403
from .rows import (
    ClusterAssignment,
    ClusteredRow,
    ClusterMember,
    ClusterSummary,
    EpsCandidate,
    FindingFingerprint,
    SarifChange,
    SarifFinding,
    SarifLineHash,
    SarifProblem,
    SarifRule,
    SarifRun,
    ScanChange,
)

__all__ = [
    *functions.__all__,
    "ClusterAssignment",
    "ClusterMember",
    "ClusterSummary",
    "ClusteredRow",
    "EpsCandidate",
    "FindingFingerprint",
    "SarifChange",
    "SarifFinding",
    "SarifLineHash",
    "SarifProblem",
    "SarifRule",
    "SarifRun",
    "ScanChange",
]
