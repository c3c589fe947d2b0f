#!/usr/bin/env python3
"""Clustering against scikit-learn in one run: the same vectors, the same parameters, equal labels.

usage: bench_cluster.py [ALGORITHM ROWS [DIMENSION]]
       (default: dbscan 1000 and 10000, agglomerative 1000 and 5000, dimension 1536; REVIEWPRO_DSN names the database)

scikit-learn gets float64, as the application passes it, and all processors. The extension's vectors lie in a table.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import bench
import numpy as np
from record import record
from sklearn.cluster import DBSCAN, AgglomerativeClustering

DEFAULT = [("dbscan", 1_000), ("dbscan", 10_000), ("agglomerative", 1_000), ("agglomerative", 5_000)]
DIMENSION = 1536
EPS = 0.15


def embeddings(rows: int, dimension: int) -> np.ndarray:
    """Unit vectors like those of findings: many small groups and as many loners, float32."""
    source = np.random.default_rng(7)
    centres = source.normal(size=(rows // 20 + 1, dimension))
    points = centres[source.integers(0, len(centres), size=rows)]
    points = points + source.normal(size=points.shape) * source.choice([0.2, 0.35, 1.2], size=(rows, 1))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


def groups(labels: list[int]) -> frozenset[frozenset[int]]:
    """Labels as a partition, so that both sides can be compared whatever their numbering; noise is one group."""
    members: dict[int, list[int]] = {}
    for index, label in enumerate(labels):
        members.setdefault(label, []).append(index)
    return frozenset(frozenset(m) for m in members.values())


def sklearn_way(algorithm: str, points: np.ndarray) -> Callable[[], frozenset[frozenset[int]]]:
    """scikit-learn's fit, with the application's parameters."""
    wide = points.astype(np.float64)
    if algorithm == "dbscan":
        return lambda: groups(DBSCAN(eps=EPS, min_samples=2, metric="cosine", n_jobs=-1).fit_predict(wide).tolist())
    model = AgglomerativeClustering(n_clusters=None, distance_threshold=EPS, metric="cosine", linkage="average")
    return lambda: groups(model.fit_predict(wide).tolist())


def measure(algorithm: str, rows: int, dimension: int) -> list[object]:
    """One line of the table."""
    points = embeddings(rows, dimension)
    connection = bench.connect()
    connection.execute("DROP TABLE IF EXISTS bench_vectors")
    connection.execute("CREATE TABLE bench_vectors (embeddings real[] STORAGE EXTERNAL)")
    with connection.cursor().copy("COPY bench_vectors FROM STDIN (FORMAT text)") as copy:
        copy.write("{" + ",".join("{" + ",".join(map(repr, row)) + "}" for row in points.tolist()) + "}\n")
    option = "distance_threshold => %s" if algorithm == "agglomerative" else "eps => %s"
    query = f"SELECT cluster_embeddings(embeddings, '{algorithm}', {option}) FROM bench_vectors"
    ours = bench.Contender("ours", lambda: groups(connection.execute(query, [EPS]).fetchone()[0]))
    rival = bench.Contender("scikit-learn", sklearn_way(algorithm, points))
    bench.compare([ours, rival], rounds=5 if rows < 5_000 else 3)
    memory = bench.peak_memory(connection)
    record(f"cluster {algorithm} {rows} x {dimension}: scikit-learn", rival.median, ours.median)
    clusters = len(set(connection.execute(query, [EPS]).fetchone()[0]) - {-1})
    connection.execute("DROP TABLE bench_vectors")
    times = [bench.duration(rival.median), bench.duration(ours.median), bench.ratio(rival.median, ours.median)]
    return [algorithm, f"{rows:,} x {dimension}", f"{clusters:,}", *times, bench.size(memory)]


def main() -> None:
    given = sys.argv[1:]
    cases = [(given[0], int(given[1]))] if given else DEFAULT
    dimension = int(given[2]) if len(given) > 2 else DIMENSION
    header = ["algorithm", "vectors", "clusters", "scikit-learn", "ours", "faster by", "peak memory"]
    bench.print_table("Clustering by cosine distance, medians", header, [measure(a, n, dimension) for a, n in cases])


if __name__ == "__main__":
    main()
