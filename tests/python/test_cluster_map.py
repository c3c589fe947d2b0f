"""cluster_map's places are numpy's principal components, and its clusters those of cluster_query."""

from __future__ import annotations

import numpy as np
import psycopg
import pytest


def principal_components(rows: np.ndarray) -> np.ndarray:
    """The first two, by singular value decomposition; each axis points to where its largest component is positive."""
    centred = rows - rows.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    axes = axes[:2]
    largest = axes[np.arange(2), np.abs(axes).argmax(axis=1)]
    return centred @ (axes * np.sign(largest)[:, None]).T


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize(("n", "dims"), [(5, 3), (40, 300), (300, 40), (500, 1536)])
@pytest.mark.parametrize("kind", ["real", "double precision"])
def test_places_are_principal_components(
    connection: psycopg.Connection, n: int, dims: int, metric: str, kind: str
) -> None:
    generator = np.random.default_rng(n + dims)
    # Three heaps, so that two directions matter more than the others.
    heaps = generator.normal(size=(3, dims))
    rows = heaps[np.arange(n) % 3] * 2 + generator.normal(size=(n, dims))
    rows = rows.astype(np.float32).astype(np.float64)
    connection.execute(f"CREATE TEMPORARY TABLE vectors (id int, embedding {kind}[])")
    with connection.cursor() as cursor, cursor.copy("COPY vectors FROM STDIN") as copy:
        for i, row in enumerate(rows):
            copy.write_row((i, row.tolist()))
    query = "SELECT id, embedding FROM vectors ORDER BY id"
    options = {"query": query, "metric": metric}
    found = connection.execute(
        "SELECT id::int, cluster, x, y FROM cluster_map(%(query)s, metric => %(metric)s, eps => 0.2)", options
    ).fetchall()
    clusters = connection.execute(
        "SELECT id::int, cluster FROM cluster_query(%(query)s, metric => %(metric)s, eps => 0.2)", options
    ).fetchall()
    assert [row[:2] for row in found] == clusters
    if metric == "cosine":
        rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    expected = principal_components(rows)
    places = np.array([row[2:] for row in found])
    assert places.shape == (n, 2)
    np.testing.assert_allclose(places, expected, atol=1e-6 * np.abs(expected).max())
