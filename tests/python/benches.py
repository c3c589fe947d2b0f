"""What tests share with the benches."""

from __future__ import annotations

import sys

from corpus import ROOT

FOLDER = ROOT / "benches"
sys.path.insert(0, str(FOLDER))

import bench_load
from load.pgbench import Run, pgbench

__all__ = ["FOLDER", "Run", "bench_load", "pgbench"]
