"""Exact inference: the contract, and the engines that fulfil it."""

from __future__ import annotations

from twitchdx.engines.contract import UNOBSERVED, Answer, Answers, Engine, Rows
from twitchdx.engines.core import core_status
from twitchdx.engines.exact import ExactEngine
from twitchdx.engines.pgmpy_engine import PgmpyEngine
from twitchdx.errors import EngineError, Issue, Where, did_you_mean

__all__ = [
    "DEFAULT_ENGINE",
    "ENGINES",
    "UNOBSERVED",
    "Answer",
    "Answers",
    "Engine",
    "Rows",
    "core_status",
    "get_engine",
]

DEFAULT_ENGINE = "exact"
ENGINES: dict[str, Engine] = {"exact": ExactEngine(), "pgmpy": PgmpyEngine()}


def get_engine(name: str) -> Engine:
    """The engine of a name.

    Raises
    ------
    EngineError
        There is no such engine; the error lists those that there are.
    """
    if isinstance(name, str) and name in ENGINES:
        return ENGINES[name]
    fix = f"{did_you_mean(str(name), ENGINES)} Engines of this version: {', '.join(ENGINES)}.".lstrip()
    issue = Issue("error", "unknown-engine", Where("engine"), f"there is no engine {name!r}.", fix)
    raise EngineError("The engine is not known.", [issue])
