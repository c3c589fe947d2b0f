"""Writes linkage.jsonl.gz: what scikit-learn answers on generated sets.

    python make_linkage.py linkage.jsonl.gz          # write
    python make_linkage.py --check linkage.jsonl.gz  # recompute with the scikit-learn at hand and compare

The committed file was written with scikit-learn 1.4.0 and checked with 1.9.1. The sets themselves are not in the
file: `matrix` below and core/tests/common/sets.rs make the same values from the same numbers, using only
operations that IEEE 754 rounds in one way. Floating-point numbers are written as text that reads back exactly.
"""

import gzip
import json
import sys
import warnings

import numpy as np
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import silhouette_samples, silhouette_score

LINKAGES = [
    ("average", "cosine"),
    ("average", "euclidean"),
    ("complete", "cosine"),
    ("complete", "euclidean"),
    ("single", "cosine"),
    ("single", "euclidean"),
    ("ward", "euclidean"),
]
# Above this the labels are stored as a hash.
WRITTEN_OUT = 60


def mix(seed, index):
    """SplitMix64's output number `index` (an array) for `seed`."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + (np.asarray(index, np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def uniform(seed, index):
    return (mix(seed, index) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def matrix(kind, seed, n, d, single):
    """n rows of d values. kind: blobs, duplicates (a third of the rows copies an earlier one), grid (0, 1, 2)."""
    index = np.arange(n * d, dtype=np.uint64)
    if kind == "grid":
        x = (mix(seed, index) % np.uint64(3)).astype(np.float64).reshape(n, d)
    else:
        centres = 1 + n // 6
        noise = [0.05, 0.5, 1.0][seed % 3]
        row, column = np.divmod(index, np.uint64(d))
        x = uniform(seed + 1, row % np.uint64(centres) * np.uint64(d) + column) - 0.5
        x = (x + noise * (uniform(seed, index) - 0.5)).reshape(n, d)
    if kind == "duplicates":
        for i in range(2, n, 3):
            x[i] = x[int(mix(seed + 2, i) % np.uint64(i))]
    x[~x.any(axis=1), 0] = 1.0
    return x.astype(np.float32) if single else x


def sets():
    number = 0
    for n, d in [(2, 1), (2, 3), (3, 2), (4, 1), (5, 2)]:
        for kind in ("blobs", "grid"):
            yield kind, number, n, d, False
            number += 1
    while number < 165:
        n = 6 + int(mix(7, number) % np.uint64(WRITTEN_OUT - 5))
        kind = ["blobs", "duplicates", "grid", "blobs", "duplicates"][number % 5]
        d = [2, 3, 4][number % 3] if kind == "grid" else [3, 7, 8, 16, 33, 96][number % 6]
        yield kind, number, n, d, number % 2 == 0
        number += 1
    for kind, n, d in [
        ("blobs", 200, 96),
        ("duplicates", 200, 33),
        ("grid", 200, 6),
        ("blobs", 400, 24),
        ("duplicates", 400, 16),
        ("blobs", 24, 3072),
        ("blobs", 40, 1536),
        ("duplicates", 130, 768),
        ("grid", 500, 9),
        ("blobs", 600, 8),
        ("duplicates", 700, 12),
        ("blobs", 1000, 5),
    ]:
        yield kind, number, n, d, number % 2 == 0
        number += 1


def hashed(labels):
    """FNV-1a over the labels, a 64-bit step each."""
    state = 0xCBF29CE484222325
    for label in labels:
        state = ((state ^ int(label)) * 0x100000001B3) % 2**64
    return f"{state:016x}"


def cluster(x, linkage, metric, **how):
    how = {"n_clusters": None, **how}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return AgglomerativeClustering(linkage=linkage, metric=metric, **how).fit(x)


def cases(x, number):
    n = len(x)
    for position, (linkage, metric) in enumerate(LINKAGES):
        if n >= 400 and position not in (0, 2, 5, 6):
            continue
        heights = np.sort(cluster(x, linkage, metric, distance_threshold=0).distances_)
        pick = int(mix(11, number * 7 + position) % np.uint64(n - 1))
        # The middle of two heights, or a height itself: merges at the threshold do not happen.
        lower = heights[pick - 1] if pick else 0.0
        threshold = float(heights[pick] if (number + position) % 3 == 0 else (lower + heights[pick]) / 2)
        k = 1 + int(mix(13, number * 7 + position) % np.uint64(min(n, 200)))
        for how in ({"n_clusters": k}, {"distance_threshold": threshold}):
            labels = cluster(x, linkage, metric, **how).labels_
            case = {"linkage": linkage, "metric": metric}
            case |= {name: repr(value) for name, value in how.items()}
            case["labels" if n <= WRITTEN_OUT else "hash"] = labels.tolist() if n <= WRITTEN_OUT else hashed(labels)
            yield case, labels


def silhouette(x, labels, samples):
    x = x.astype(np.float64)
    for metric in ("cosine", "euclidean", "sqeuclidean"):
        answer = {"metric": metric, "score": repr(float(silhouette_score(x, labels, metric=metric)))}
        if samples:
            answer["samples"] = [repr(float(s)) for s in silhouette_samples(x, labels, metric=metric)]
        yield answer


def lines():
    for kind, number, n, d, single in sets():
        x = matrix(kind, number * 1000003, n, d, single)
        answers = list(cases(x, number))
        line = {"kind": kind, "seed": number * 1000003, "n": n, "d": d, "single": single}
        line["cases"] = [case for case, _ in answers]
        # Identical rows in different clusters leave scikit-learn with rounding noise over rounding noise.
        if kind == "blobs":
            for case, labels in answers:
                if 2 <= labels.max() + 1 <= n - 1:
                    line["silhouette"] = {
                        "case": line["cases"].index(case),
                        "answers": list(silhouette(x, labels, number % 20 == 3)),
                    }
                    break
        yield line


def texts():
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines())


def main():
    if sys.argv[1] == "--check":
        with gzip.open(sys.argv[2], "rt") as file:
            wrong = compare(file.read().splitlines(), texts().splitlines())
        sys.exit(f"{wrong} differences" if wrong else None)
    with open(sys.argv[1], "wb") as file, gzip.GzipFile("", "wb", 9, file, 0) as packed:
        packed.write(texts().encode())


def compare(stored, made):
    """The number of differences; silhouettes may differ by rounding."""
    wrong = abs(len(stored) - len(made))
    for a, b in zip(map(json.loads, stored), map(json.loads, made), strict=False):
        for x, y in zip(a["cases"], b["cases"], strict=False):
            if x != y:
                print(a["kind"], a["seed"], a["n"], a["d"], {k: v for k, v in x.items() if k != "labels"})
                wrong += 1
        for x, y in zip(
            a.get("silhouette", {}).get("answers", []), b.get("silhouette", {}).get("answers", []), strict=False
        ):
            if abs(float(x["score"]) - float(y["score"])) > 1e-12:
                print(a["kind"], a["seed"], x["metric"], x["score"], y["score"])
                wrong += 1
    return wrong


main()
