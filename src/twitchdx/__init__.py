"""Bayesian differential diagnosis: posterior probabilities of causes, why, and what to do next.

>>> import twitchdx as dx
>>> model = dx.load_model("knee_twitching")
>>> d = dx.diagnose({"muscle_twitching": "occasional", "strenuous_exercise": True}, model=model)
>>> d.differential[0].cause
'muscle_fatigue_strain'

Not a medical device.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from twitchdx.errors import (
    EngineError,
    EvidenceError,
    ImpossibleEvidenceError,
    Issue,
    ModelError,
    ModelNotFoundError,
    OptionError,
    TwitchdxError,
    UnknownNameError,
)

if TYPE_CHECKING:
    from twitchdx.api import diagnose, load_model
    from twitchdx.diagnosis import Diagnosis
    from twitchdx.interview import Interview
    from twitchdx.loading import available_models
    from twitchdx.model import Model

__version__ = "0.1.0"

__all__ = [
    "Diagnosis",
    "EngineError",
    "EvidenceError",
    "ImpossibleEvidenceError",
    "Interview",
    "Issue",
    "Model",
    "ModelError",
    "ModelNotFoundError",
    "OptionError",
    "TwitchdxError",
    "UnknownNameError",
    "__version__",
    "available_models",
    "diagnose",
    "load_model",
]

# Loaded on first use: numpy, pydantic and the rest are no cost to who only imports the package.
_LAZY = {
    "Diagnosis": "twitchdx.diagnosis",
    "Interview": "twitchdx.interview",
    "Model": "twitchdx.model",
    "available_models": "twitchdx.loading",
    "diagnose": "twitchdx.api",
    "load_model": "twitchdx.api",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(importlib.import_module(_LAZY[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
