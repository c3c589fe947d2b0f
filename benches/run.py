#!/usr/bin/env python3
"""Every comparison in one go: `make bench` starts a durable server, builds the programs and calls this.

usage: run.py SIZE [--record] [BENCH ...]     (SIZE: quick, full; REVIEWPRO_DSN names the database)

The ratios found are compared with those in recorded.json, of the same size; exit status 1 when one of them is worse by
more than its tolerance. `--record` writes them there instead: on an idle machine, when a change is meant.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from record import VARIABLE, read, regressions

HERE = Path(__file__).resolve().parent
RECORDED = HERE / "recorded.json"

# The arguments of each bench, for minutes and for hours.
BENCHES: dict[str, tuple[str, dict[str, list[str]]]] = {
    "sarif": ("bench_sarif.py", {"quick": ["1M", "10M"], "full": ["1k", "100k", "1M", "10M", "100M"]}),
    "fingerprint": ("bench_fingerprint.py", {"quick": ["50000"], "full": ["200000"]}),
    "ingest": ("bench_ingest.py", {"quick": ["1000"], "full": ["100", "1000", "10000"]}),
    "cluster": ("bench_cluster.py", {"quick": ["dbscan", "2000", "384"], "full": []}),
    "cancel": ("bench_cancel.py", {"quick": ["8"], "full": ["60"]}),
    "load": ("bench_load.py", {"quick": ["0.2"], "full": []}),
    "embed": ("bench_embed.py", {"quick": ["1000"], "full": ["5000"]}),
    "dbscan": ("python/dbscan_vs_sklearn.py", {"quick": ["--quick"], "full": ["--large"]}),
    "linkage": ("python/linkage_vs_sklearn.py", {"quick": ["--n", "1500", "--d", "384"], "full": ["--large"]}),
}


def machine() -> str:
    """The processor and how many of it, in words."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return f"{len(os.sched_getaffinity(0))} x {names[0] if names else platform.machine()}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("size", choices=["quick", "full"])
    parser.add_argument("benches", nargs="*", metavar="BENCH", help=", ".join(BENCHES))
    options = parser.parse_intermixed_args()
    unknown = set(options.benches) - set(BENCHES)
    if unknown:
        parser.error(f"there is no bench {', '.join(sorted(unknown))}")
    chosen = options.benches or list(BENCHES)
    with tempfile.TemporaryDirectory(prefix="reviewpro-") as scratch:
        path = Path(scratch, "record")
        for name in chosen:
            script, arguments = BENCHES[name]
            print(f"\n# {script} {' '.join(arguments[options.size])}", flush=True)
            command = [sys.executable, HERE / script, *arguments[options.size]]
            subprocess.run(command, env={**os.environ, VARIABLE: str(path)}, cwd=HERE.parent, check=True)
        found = read(path)
    load = os.getloadavg()[1] / len(os.sched_getaffinity(0))
    print(f"\n{len(found)} comparisons on {machine()}; load {load:.1f} for each processor")
    if not found:
        sys.exit("nothing was compared")
    recorded = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    ours = {name: round(each["ratio"], 3) for name, each in found.items()}
    if options.record:
        kept = recorded.get(options.size, {}).get("ratios", {})
        recorded[options.size] = {"machine": machine(), "load": round(load, 1), "ratios": {**kept, **ours}}
        RECORDED.write_text(json.dumps(recorded, indent=2, sort_keys=True) + "\n")
        return 0
    before = recorded.get(options.size, {"ratios": {}})
    known = {name: ratio for name, ratio in before["ratios"].items() if name.partition(" ")[0] in chosen}
    for name, ratio in ours.items():
        print(f"{name}: {ratio:.2f}x" + (f", recorded {known[name]:.2f}x" if name in known else ", not recorded yet"))
    worse = regressions(found, known)
    for line in worse:
        print(f"WORSE {line}")
    print(f"{len(worse)} of {len(known)} recorded ratios are worse; recorded on {before.get('machine', 'no machine')}")
    return 1 if worse or not known else 0


if __name__ == "__main__":
    sys.exit(main())
