"""DBSCAN of this project against scikit-learn's: same data, same machine, same number of threads, one run.

    cargo build --release -p reviewpro-core --example dbscan_bench
    python benches/python/dbscan_vs_sklearn.py [--quick | --large]

Sets: `text` has the geometry of text embeddings (power-law spectrum, mean similarity about 0.25, a third of the
rows in groups of near-duplicates), `tight` is 20 groups of near-duplicates, `uniform` has no groups at all.
scikit-learn gets float64, as lists of floats give it; its labels must be equal.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

THREADS = 2
os.environ.setdefault("OPENBLAS_NUM_THREADS", str(THREADS))
os.environ.setdefault("OMP_NUM_THREADS", str(THREADS))

import numpy as np
import sklearn
from sklearn.cluster import DBSCAN

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benches"))
from record import record

BENCH = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release/examples/dbscan_bench"


def text(n, d, random):
    spectrum = np.arange(1, d + 1) ** -0.45  # similarity of unrelated rows: 0.25 +- 0.09
    spectrum /= np.sqrt((spectrum**2).sum())
    # The axes of the spectrum are not those of the vectors: each dimension carries about as much as any other.
    turn = np.linalg.qr(random.standard_normal((d, d)))[0].astype(np.float32)
    x = np.empty((n, d), dtype=np.float32)
    for at in range(0, n, 10000):
        part = x[at : at + 10000]
        part[:] = (random.standard_normal(part.shape) * spectrum * np.sqrt(0.75)).astype(np.float32) @ turn
    mean = random.standard_normal(d)
    x += (0.5 * mean / np.linalg.norm(mean)).astype(np.float32)
    # Groups of 2 to 20 near-duplicates.
    at = 0
    while at < n // 3:
        size = int(random.integers(2, 21))
        width = random.uniform(0.05, 0.45) / np.sqrt(d)
        group = x[at : min(at + size, n)]
        group[:] = group[0] + random.standard_normal(group.shape, dtype=np.float32) * np.float32(width)
        at += size
    return x[random.permutation(n)]


def tight(n, d, random):
    centres = random.standard_normal((20, d), dtype=np.float32)
    return centres[random.integers(0, 20, n)] + 0.2 * random.standard_normal((n, d), dtype=np.float32)


def uniform(n, d, random):
    return random.uniform(-1, 1, (n, d)).astype(np.float32)


def ours(x, metric, eps, min_samples, repeats):
    with tempfile.TemporaryDirectory() as folder:
        data, labels = pathlib.Path(folder, "data"), pathlib.Path(folder, "labels")
        x.tofile(data)
        n, d = x.shape
        command = [BENCH, "run", data, n, d, metric, eps, min_samples, THREADS, repeats, labels]
        out = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout
        return json.loads(out), np.fromfile(labels, dtype=np.int32)


def theirs(x, metric, eps, min_samples, repeats):
    x = x.astype(np.float64)
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        labels = DBSCAN(eps=eps, min_samples=min_samples, metric=metric).fit(x).labels_
        best = min(best, time.perf_counter() - start)
    return best, labels


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--large", action="store_true", help="also 100,000 x 1536, without scikit-learn")
    parser.add_argument("--quick", action="store_true", help="at most 5,000 rows")
    parser.add_argument("--only", help="names of sets, comma-separated")
    arguments = parser.parse_args()
    peaks = subprocess.run([str(BENCH), "peak"], check=True, capture_output=True, text=True).stdout
    peaks = [json.loads(line) for line in peaks.splitlines()]
    peak = max(entry["gops"] for entry in peaks if entry["threads"] == THREADS)
    print("int8 kernel alone, G operations/s:", peaks)
    print(f"scikit-learn {sklearn.__version__}, {THREADS} threads, eps 0.15 (euclidean: as given), float64")
    print(
        "| set | n x d | metric | eps | min_samples | ours s | share of int8 peak | scikit-learn s | ratio |"
        " clusters | memory beside input MB | labels |"
    )
    sets = [
        (text, 1000, 1536, "cosine", 0.15, 2, True),
        (text, 5000, 1536, "cosine", 0.15, 2, True),
        (text, 10000, 1536, "cosine", 0.15, 2, True),
        (text, 10000, 1536, "cosine", 0.15, 5, True),
        (text, 10000, 384, "cosine", 0.15, 2, True),
        (text, 10000, 768, "cosine", 0.15, 2, True),
        (text, 10000, 3072, "cosine", 0.15, 2, True),
        (text, 10000, 1536, "cosine", 0.6, 2, True),
        (tight, 10000, 1536, "cosine", 0.15, 2, True),
        (uniform, 10000, 1536, "cosine", 0.15, 2, True),
        (uniform, 10000, 1536, "cosine", 0.92, 5, True),
        (text, 10000, 1536, "euclidean", 0.5, 2, True),
        (uniform, 10000, 2, "euclidean", 0.01, 5, True),
        (uniform, 10000, 16, "euclidean", 0.9, 5, True),
        (text, 50000, 384, "cosine", 0.15, 2, True),
    ]
    if arguments.large:
        sets += [(text, 100000, 1536, "cosine", 0.15, 2, False), (uniform, 100000, 1536, "cosine", 0.15, 2, False)]
    for make, n, d, metric, eps, min_samples, compare in sets:
        if arguments.only and make.__name__ not in arguments.only.split(","):
            continue
        if arguments.quick and n > 5000 and d > 16:
            continue
        x = make(n, d, np.random.default_rng(n + d))
        repeats = 5 if n <= 10000 else 1
        answer, labels = ours(x, metric, eps, min_samples, repeats)
        share = n * n * d / answer["seconds"] / 1e9 / peak
        memory = answer["peak_mb"] - answer["before_mb"]
        seconds, ratio, equal = "-", "-", "-"
        if compare:
            reference, expected = theirs(x, metric, eps, min_samples, 1 if n > 1000 else 3)
            seconds, ratio = f"{reference:.3f}", f"{reference / answer['seconds']:.1f}"
            record(
                f"dbscan {make.__name__} {n} x {d} {metric} {eps} {min_samples}: scikit-learn",
                reference,
                answer["seconds"],
            )
            equal = "equal" if (labels == expected).all() else f"{(labels != expected).sum()} DIFFER"
        print(
            f"| {make.__name__} | {n} x {d} | {metric} | {eps} | {min_samples} | {answer['seconds']:.4f} | {share:.0%} |"
            f" {seconds} | {ratio} | {labels.max() + 1} | {memory} | {equal} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
