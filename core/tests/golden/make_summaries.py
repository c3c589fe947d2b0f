"""Writes summaries.jsonl.gz: what NumPy says of the clusters of generated sets, and how good a k-means should be.

    python make_summaries.py summaries.jsonl.gz

Sets are those of make_linkage.py. The summaries are computed here from their definitions, pair by pair in float64; the inertia is the
best of scikit-learn's k-means with ten starts. Floating-point numbers are written as text that reads back exactly.
"""

import gzip
import json
import sys

import numpy as np
from make_linkage import matrix
from sklearn.cluster import KMeans


def labels_of(n, clusters):
    """The labels that the Rust test makes too: i * i mod (clusters + 1), minus 1, so that -1 is noise."""
    return np.array([i * i % (clusters + 1) - 1 for i in range(n)])


def units(x):
    norms = np.sqrt((x * x).sum(axis=1, keepdims=True))
    return np.divide(x, norms, out=np.zeros_like(x), where=norms > 0)


def summary(x, rows, metric):
    """One cluster by its definition."""
    unit = units(x[rows])
    pairs = [
        float(np.clip(unit[i] @ unit[j], -1, 1))
        for i in range(len(rows))
        for j in range(i)
        if unit[i].any() and unit[j].any()
    ]
    if metric == "cosine":
        centre = units(unit.mean(axis=0)[None])[0]
        distances = np.array([1 - float(row @ centre) for row in unit])
    else:
        centre = x[rows].mean(axis=0)
        distances = np.sqrt(((x[rows] - centre) ** 2).sum(axis=1))
    return {
        "size": len(rows),
        "avg_similarity": repr(float(np.mean(pairs)) if pairs else 0.0),
        "min_similarity": repr(min(pairs, default=0.0)),
        "max_similarity": repr(max(pairs, default=0.0)),
        "avg_distance": repr(float(distances.mean())),
        "std_distance": repr(float(distances.std())),
        "distances": [repr(float(distance)) for distance in distances],
    }


def lines():
    for number in range(60):
        n = 2 + (number * number * 7) % 70
        # In one dimension unit vectors cancel exactly or not, by rounding alone.
        d = [1, 2, 3, 8, 33, 96][number % 6] + (number % 4 < 2)
        kind = ["blobs", "duplicates", "grid"][number % 3]
        seed = number * 1000003 + 17
        x = matrix(kind, seed, n, d, number % 2 == 0).astype(np.float64)
        clusters = 1 + number % 7
        labels = labels_of(n, clusters)
        metric = "cosine" if number % 4 < 2 else "euclidean"
        k = min(n, 1 + number % 9)
        line = {"kind": kind, "seed": seed, "n": n, "d": d, "single": number % 2 == 0}
        line |= {"clusters": clusters, "metric": metric, "k": k}
        line["summaries"] = {
            str(label): summary(x, np.flatnonzero(labels == label), metric) for label in sorted(set(labels) - {-1})
        }
        points = units(x) if metric == "cosine" else x
        line["inertia"] = repr(float(KMeans(k, n_init=10, random_state=0).fit(points).inertia_))
        yield line


def main():
    with gzip.GzipFile(sys.argv[1], "wb", mtime=0) as out:
        for line in lines():
            out.write((json.dumps(line, separators=(",", ":")) + "\n").encode())


if __name__ == "__main__":
    main()
