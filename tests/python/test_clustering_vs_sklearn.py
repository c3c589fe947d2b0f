"""cluster_embeddings against scikit-learn over random sets: DBSCAN's labels are equal, linkage's groups are equal."""

from __future__ import annotations

from typing import Any

import numpy as np
import psycopg
import pytest
from sklearn.cluster import DBSCAN, AgglomerativeClustering

SEEDS = range(12)


def clouds(seed: int, count: int = 160) -> np.ndarray:
    """Groups of different density, loners, exact duplicates; float32 as the columns hold them."""
    source = np.random.default_rng(seed)
    dimension = int(source.integers(2, 40))
    centres = source.normal(size=(int(source.integers(2, 9)), dimension)) * 2
    spread = source.uniform(0.05, 0.6, size=len(centres))
    which = source.integers(0, len(centres), size=count)
    points = centres[which] + source.normal(size=(count, dimension)) * spread[which, None]
    points[: count // 10] = points[count // 10 : 2 * (count // 10)]
    points[-(count // 8) :] = source.normal(size=(count // 8, dimension)) * 4
    return source.permutation(points).astype(np.float32)


def labels(connection: psycopg.Connection, points: np.ndarray, options: str, values: list[Any]) -> list[int]:
    """What the extension says."""
    query = f"SELECT cluster_embeddings(%s::real[], {options})"
    return connection.execute(query, [points.tolist(), *values]).fetchone()[0]


def groups(found: list[int] | np.ndarray) -> set[frozenset[int]]:
    """Labels as a partition."""
    members: dict[int, set[int]] = {}
    for index, label in enumerate(found):
        members.setdefault(int(label), set()).add(index)
    return {frozenset(m) for m in members.values()}


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("seed", SEEDS)
def test_dbscan(connection: psycopg.Connection, seed: int, metric: str) -> None:
    points = clouds(seed)
    for eps in (0.02, 0.15, 0.4) if metric == "cosine" else (0.5, 1.5, 3.0):
        for min_samples in (1, 2, 5):
            model = DBSCAN(eps=eps, min_samples=min_samples, metric=metric)
            expected = model.fit_predict(points.astype(np.float64))
            found = labels(connection, points, "'dbscan', %s, %s, metric => %s", [eps, min_samples, metric])
            assert found == expected.tolist(), (eps, min_samples)


def test_dbscan_of_zero_vectors(connection: psycopg.Connection) -> None:
    """A failed batch is stored as zeros: at distance 1 from everything."""
    points = clouds(99)
    points[::7] = 0
    for eps in (0.15, 0.99):
        expected = DBSCAN(eps=eps, min_samples=2, metric="cosine").fit_predict(points.astype(np.float64))
        assert labels(connection, points, "'dbscan', %s, 2", [eps]) == expected.tolist()


@pytest.mark.parametrize("linkage", ["average", "complete", "single", "ward"])
@pytest.mark.parametrize("seed", SEEDS)
def test_agglomerative(connection: psycopg.Connection, seed: int, linkage: str) -> None:
    points = clouds(seed, 90)
    for metric in ("euclidean",) if linkage == "ward" else ("cosine", "euclidean"):
        threshold = 0.15 if metric == "cosine" else 2.0
        cuts: list[dict[str, Any]] = [{"n_clusters": 4}, {"distance_threshold": threshold, "n_clusters": None}]
        for cut in cuts:
            model = AgglomerativeClustering(metric=metric, linkage=linkage, **cut)
            expected = model.fit_predict(points.astype(np.float64))
            options = "'agglomerative', n_clusters => %s, distance_threshold => %s, linkage => %s, metric => %s"
            values = [cut["n_clusters"], cut.get("distance_threshold"), linkage, metric]
            assert groups(labels(connection, points, options, values)) == groups(expected), (metric, cut)


def test_labels_do_not_depend_on_threads(connection: psycopg.Connection) -> None:
    points = clouds(5, 1500)
    found = []
    for threads in (1, 2, 7):
        connection.execute("SELECT set_config('reviewpro.max_threads', %s, false)", [str(threads)])
        found.append(labels(connection, points, "'dbscan', 0.15, 3", []))
    assert found[0] == found[1] == found[2]
    assert len(set(found[0])) > 2
