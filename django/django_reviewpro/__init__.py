"""The Django companion of the PostgreSQL extension reviewpro_pg."""

from __future__ import annotations

from importlib.metadata import version

__all__ = ["__version__"]

# That of the extension: both are released together.
__version__ = version("django-reviewpro")
