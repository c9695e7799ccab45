"""What the figures depend on, without a word about whose machine it was."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version

import twitchdx as dx
from twitchdx.engines import DEFAULT_ENGINE, core_status


def require_core() -> None:
    """Refuse to measure numpy under the name of a compiled core that no longer fits its sources.

    Raises
    ------
    RuntimeError
        There is a core, and it cannot be used.
    """
    if core_status() in {"stale", "unusable"}:
        raise RuntimeError("the compiled core does not fit the sources: `pip install -e .` compiles it anew")


_LIBRARIES = ("numpy", "pgmpy", "pyAgrum", "pandas", "pyarrow")


def describe_environment() -> dict[str, str]:
    """Versions, and the number of cores."""
    facts = {"Python": platform.python_version(), "twitchdx": dx.__version__}
    facts["engine"] = f"`{DEFAULT_ENGINE}` (core {core_status()})"
    for library in _LIBRARIES:
        try:
            facts[library] = version(library)
        except PackageNotFoundError:
            facts[library] = "not installed"
    facts["cores"] = str(len(os.sched_getaffinity(0)))
    return facts
