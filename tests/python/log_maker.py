"""The benches' log generator, for tests that need a log of a given size."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

from corpus import ROOT


def load() -> ModuleType:
    """The module benches/make_log.py."""
    spec = importlib.util.spec_from_file_location("make_log", ROOT / "benches" / "make_log.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


make_log = load().make_log
