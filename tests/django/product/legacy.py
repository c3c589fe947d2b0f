"""What the application does in Python today: parse a log, store it finding by finding, cluster embeddings.

Its rules are those that mode => 'compat' reproduces: the first location only, severity from the level only, messages
as they are.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from reference import application as fingerprint

from .models import Finding, FindingCluster, FindingClusterMembership

SEVERITY = {"error": "high", "warning": "medium", "note": "low", "none": "info"}
SIMILARITY_THRESHOLD = 0.85


@dataclass
class Stored:
    """What a stored scan says of itself."""

    total: int = 0
    new: int = 0
    updated: int = 0
    errors: int = 0


def parse(document: dict[str, Any], organization_id: uuid.UUID) -> Iterable[dict[str, Any] | None]:
    """The columns of each result; None for one without a location."""
    for run in document.get("runs", []):
        driver = run.get("tool", {}).get("driver", {})
        for result in run.get("results", []):
            yield row(driver, result, organization_id) if result.get("locations") else None


def row(driver: dict[str, Any], result: dict[str, Any], organization_id: uuid.UUID) -> dict[str, Any]:
    place = result["locations"][0].get("physicalLocation", {})
    region = place.get("region", {})
    said = result.get("message", {})
    message = said.get("text", said.get("markdown", "No description available"))
    properties = result.get("properties", {})
    tags = properties.get("tags", [])
    columns = {
        "rule_id": result.get("ruleId", "unknown"),
        "rule_name": properties.get("rule_name", result.get("ruleIndex")),
        "message": message,
        "severity": SEVERITY.get(result.get("level", "warning"), "medium"),
        "file_path": place.get("artifactLocation", {}).get("uri", "unknown"),
        "start_line": region.get("startLine", 1),
        "start_column": region.get("startColumn", 1),
        "end_line": region.get("endLine"),
        "end_column": region.get("endColumn"),
        "snippet": region["snippet"].get("text") if "snippet" in region else None,
        "tool_name": driver.get("name", "unknown"),
        "tool_version": driver.get("version") or driver.get("semanticVersion", "unknown"),
        "cwe_ids": [tag for tag in tags if tag.startswith("CWE-")],
        "cve_ids": [tag for tag in tags if tag.startswith("CVE-")],
        "sarif_data": result,
    }
    identity = ("rule_id", "file_path", "start_line", "start_column", "message")
    columns["fingerprint"] = fingerprint(str(organization_id), *(columns[name] for name in identity))
    return columns


def store_log(
    document: dict[str, Any], *, organization_id: uuid.UUID, repository_id: uuid.UUID, scan_id: uuid.UUID
) -> Stored:
    """A whole scan, finding by finding."""
    stored = Stored()
    for columns in parse(document, organization_id):
        stored.total += 1
        if columns is None:
            continue
        columns |= {"organization_id": organization_id, "repository_id": repository_id}
        if store_one(columns, scan_id):
            stored.new += 1
        else:
            stored.updated += 1
    return stored


def store_one(columns: dict[str, Any], scan_id: uuid.UUID) -> bool:
    """One look-up and one write; whether the finding is new."""
    found = Finding.objects.filter(
        organization_id=columns["organization_id"], fingerprint=columns["fingerprint"]
    ).first()
    if found:
        found.occurrence_count += 1
        found.last_seen_scan_id = scan_id
        found.save()
        return False
    Finding.objects.create(first_seen_scan_id=scan_id, last_seen_scan_id=scan_id, **columns)
    return True


def embedding_text(finding: Finding) -> str:
    """The text that is embedded."""
    kind = finding.file_path.rsplit(".", 1)[1] if "." in finding.file_path else "unknown"
    lines = [f"Rule: {finding.rule_id}", f"File type: {kind}", f"Description: {finding.message}"]
    if finding.snippet:
        lines.append(f"Code: {finding.snippet[:500]}")
    return "\n".join(lines)


def cluster(vectors: Sequence[Sequence[float]], similarity_threshold: float = SIMILARITY_THRESHOLD) -> list[int]:
    """DBSCAN's labels."""
    import numpy
    from sklearn.cluster import DBSCAN

    model = DBSCAN(eps=1 - similarity_threshold, min_samples=2, metric="cosine")
    return model.fit_predict(numpy.asarray(vectors, dtype=float)).tolist()


def statistics(vectors: Sequence[Sequence[float]]) -> dict[str, float]:
    """The figures of one cluster."""
    import numpy

    matrix = numpy.asarray(vectors, dtype=float)
    distances = numpy.linalg.norm(matrix - matrix.mean(axis=0), axis=1)
    lengths = numpy.linalg.norm(matrix, axis=1)
    unit = matrix[lengths > 0] / lengths[lengths > 0, None]
    pairs = (unit @ unit.T)[numpy.triu_indices(len(unit), 1)]
    return {
        "size": len(matrix),
        "avg_distance_to_centroid": float(distances.mean()),
        "std_distance_to_centroid": float(distances.std()),
        "avg_similarity": float(pairs.mean()) if len(pairs) else 0.0,
        "min_similarity": float(pairs.min()) if len(pairs) else 0.0,
        "max_similarity": float(pairs.max()) if len(pairs) else 0.0,
        "cohesion_score": 1 - float(distances.mean()),
    }


def store_clusters(organization_id: uuid.UUID, findings: Sequence[Finding], vectors: Sequence[Sequence[float]]) -> int:
    """Clusters of an organisation's findings; gives their number. The representative is the one nearest to the
    centroid, as the application means it; its primary columns are the most frequent values."""
    import numpy

    labels = cluster(vectors)
    for label in range(max(labels, default=-1) + 1):
        places = [place for place, found in enumerate(labels) if found == label]
        matrix = numpy.asarray([vectors[place] for place in places], dtype=float)
        distances = numpy.linalg.norm(matrix - matrix.mean(axis=0), axis=1)
        figures = statistics([vectors[place] for place in places])
        members = [findings[place] for place in places]
        stored = FindingCluster.objects.create(
            organization_id=organization_id,
            cluster_label=f"cluster_{label}",
            representative_finding=members[int(distances.argmin())],
            size=len(members),
            avg_similarity=figures["avg_similarity"],
            cohesion_score=figures["cohesion_score"],
            algorithm="dbscan",
            similarity_threshold=SIMILARITY_THRESHOLD,
            primary_rule_id=most_frequent([member.rule_id for member in members]),
            primary_severity=most_frequent([member.severity for member in members]),
            primary_tool=most_frequent([member.tool_name for member in members]),
            statistics=figures,
        )
        FindingClusterMembership.objects.bulk_create(
            FindingClusterMembership(cluster=stored, finding=member, distance_to_centroid=float(distance))
            for member, distance in zip(members, distances, strict=True)
        )
    return max(labels, default=-1) + 1


def most_frequent(values: list[str]) -> str:
    return min(set(values), key=lambda value: (-values.count(value), value))
