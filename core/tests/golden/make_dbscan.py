"""Label vectors of scikit-learn's DBSCAN, for core/tests/dbscan_golden.rs.

    python make_dbscan.py dbscan.json

Writes the file, or, where it exists, fails unless this version of scikit-learn gives the same labels, and adds
the version to the file.
Inputs are not stored: a generator of integers that the Rust test has too makes them from (shape, seed).
Labels are stored as runs, [label, count, label, count, ...].
"""

import json
import pathlib
import sys

import numpy as np
import sklearn
from sklearn.cluster import DBSCAN

MASK = (1 << 64) - 1


class Random:
    """splitmix64."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def below(self, n):
        return self.next() % n


def rows(kind, n, d, seed):
    """An n x d matrix. Everything is an integer over a power of two, so both languages get the same bits."""
    random = Random(seed)

    def noise():
        return random.below(2048) - 1024

    if kind == "grid":  # many exact ties
        return np.array([[random.below(4) for _ in range(d)] for _ in range(n)], dtype=np.float64)
    centres = [[noise() for _ in range(d)] for _ in range(max(2, n // 12))]
    spread = {"clusters": 3, "tight": 7, "duplicates": 4, "zeros": 3, "offset": 3}[kind]
    out = []
    for _ in range(n):
        roll = random.below(100)
        if kind == "duplicates" and out and roll < 50:
            out.append(list(out[random.below(len(out))]))
            continue
        if kind == "zeros" and roll < 20:
            out.append([0] * d)
            continue
        centre = centres[random.below(len(centres))]
        row = [c + noise() / (1 << spread) * (1 if roll < 85 else 6) for c in centre]
        if kind == "offset":
            row = [100000 + x for x in row]
        out.append(row)
    return np.array(out, dtype=np.float64)


def distances(x, metric):
    if metric == "cosine":
        norms = np.sqrt((x * x).sum(axis=1))
        u = x / np.where(norms == 0, 1, norms)[:, None]
        return np.clip(1 - u @ u.T, 0, 2)
    return np.sqrt(((x[:, None, :] - x[None, :, :]) ** 2).sum(axis=2)) if x.size * len(x) < 2e7 else None


def runs(labels):
    out = []
    for label in labels.tolist():
        if out and out[-2] == label:
            out[-1] += 1
        else:
            out += [label, 1]
    return out


def main():
    cases = []

    def add(kind, n, d, seed, metric, eps, min_samples):
        x = rows(kind, n, d, seed)
        labels = DBSCAN(eps=eps, min_samples=min_samples, metric=metric).fit(x).labels_
        cases.append(
            {
                "kind": kind,
                "n": n,
                "d": d,
                "seed": seed,
                "metric": metric,
                "eps": eps,
                "min_samples": min_samples,
                "labels": runs(labels),
            }
        )

    shapes = [
        (1, 1),
        (2, 3),
        (5, 1),
        (30, 2),
        (47, 3),
        (48, 4),
        (49, 5),
        (97, 7),
        (150, 15),
        (150, 16),
        (200, 33),
        (300, 64),
        (120, 384),
        (500, 8),
        (60, 1536),
    ]
    seed = 0
    for n, d in shapes:
        for kind in ("clusters", "tight", "duplicates", "zeros", "offset", "grid"):
            x = None
            for metric in ("cosine", "euclidean"):
                seed += 1
                x = rows(kind, n, d, seed)
                dist = distances(x, metric)
                if dist is None or n < 2:
                    radii = [0.15, 0.5]
                else:
                    pairs = np.sort(dist[np.triu_indices(n, 1)])
                    # 0 and what rounding makes of it have no side.
                    pairs = pairs[pairs > 1e-6] if (pairs > 1e-6).any() else np.array([0.5])
                    radii = [float(pairs[int(len(pairs) * q)]) for q in (0.01, 0.05, 0.2)]
                    exact = metric == "euclidean" and (kind == "grid" or d <= 15) and n > 11
                    # Beside a pair's distance; on it only where scikit-learn's own sums are exact.
                    steps = [-1e-3, 1e-3, -1e-6, 1e-9, -1e-11, 1e-11]
                    radii = [r * (1 + steps[(seed + k) % len(steps)]) for k, r in enumerate(radii)]
                    if exact:
                        radii.append(float(pairs[len(pairs) // 30]))
                for k, eps in enumerate(radii):
                    min_samples = (seed + k * 3) % 8 + 1
                    # A zero vector with min_samples 1: scikit-learn disagrees with itself (n_jobs).
                    if min_samples == 1 and metric == "cosine" and eps < 1 and (~x.any(axis=1)).any():
                        min_samples = 2
                    # The expanded square of scikit-learn loses the digits of far-away data.
                    if metric == "euclidean" and d > 15 and kind == "offset":
                        continue
                    add(kind, n, d, seed, metric, eps, min_samples)
    for n, d, eps in ((1500, 96, 0.15), (1000, 256, 0.05), (800, 1536, 0.15)):
        add("clusters", n, d, n, "cosine", 1.0 - 0.85 if eps == 0.15 else eps, 2)
        add("tight", n, d, n + 1, "cosine", eps, 5)
    for eps in (1.0, 1.5, 2.0, 2.5):
        add("zeros", 80, 6, 7, "cosine", eps, 3)
    path = pathlib.Path(sys.argv[1])
    versions = []
    if path.exists():
        stored = json.loads(path.read_text())
        versions = [v for v in stored["scikit-learn"] if v != sklearn.__version__]
        for theirs, ours in zip(stored["cases"], cases, strict=True):
            assert theirs == ours, (theirs, ours)
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    versions = json.dumps(sorted([*versions, sklearn.__version__]))
    path.write_text(f'{{"scikit-learn":{versions},"cases":[\n{lines}\n]}}\n')
    print(len(cases), "cases", versions)


if __name__ == "__main__":
    main()
