"""The exact engine in numpy: the reference of the compiled core, and what answers where there is none."""

from __future__ import annotations

from twitchdx.engines.numpy_core.engine import NumpyCore

__all__ = ["NumpyCore"]
