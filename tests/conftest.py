"""Settings of the whole suite: how many examples hypothesis tries, and the engines under test."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from twitchdx.engines import ENGINES, Engine
from twitchdx.engines.numpy_core import NumpyCore

# No deadline: the first example pays for imports, and a busy machine is not a wrong answer.
settings.register_profile(
    "local", max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
# In CI the same examples every time, so that a red build can be repeated.
settings.register_profile("ci", settings.get_profile("local"), derandomize=True, print_blob=True)
# Where each example is slow: on a core that watches every access to memory.
settings.register_profile("brief", settings.get_profile("ci"), max_examples=5)
settings.register_profile("thorough", settings.get_profile("local"), max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "local"))


@pytest.fixture(scope="session", params=list(ENGINES))
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn."""
    return ENGINES[request.param]


@pytest.fixture(scope="session", params=[*ENGINES, "numpy"])
def every_engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn, and what answers where the core of the exact one could not be compiled."""
    return ENGINES.get(request.param) or NumpyCore()
