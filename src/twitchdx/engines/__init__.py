"""Exact inference: the contract, and the engines that fulfil it."""

from __future__ import annotations

from twitchdx.engines.contract import (
    UNOBSERVED,
    Answer,
    Answers,
    Condition,
    Differentiating,
    Engine,
    Hypothesis,
    Rows,
    Slopes,
)
from twitchdx.engines.core import core_status
from twitchdx.engines.exact import ExactEngine
from twitchdx.engines.pgmpy_engine import PgmpyEngine
from twitchdx.engines.sparse import Sparse
from twitchdx.engines.threaded import ThreadedEngine, available_threads
from twitchdx.errors import EngineError, Issue, Where, did_you_mean

__all__ = [
    "DEFAULT_ENGINE",
    "ENGINES",
    "UNOBSERVED",
    "Answer",
    "Answers",
    "Condition",
    "Differentiating",
    "Engine",
    "ExactEngine",
    "Hypothesis",
    "Rows",
    "Slopes",
    "Sparse",
    "ThreadedEngine",
    "available_threads",
    "core_status",
    "get_engine",
]

DEFAULT_ENGINE = "exact"
ENGINES: dict[str, Engine] = {"exact": ExactEngine(), "pgmpy": PgmpyEngine()}


def get_engine(engine: str | Engine) -> Engine:
    """The engine of a name; an engine is itself.

    Raises
    ------
    EngineError
        There is no such engine; the error lists those that there are.
    """
    if isinstance(engine, str):
        if engine in ENGINES:
            return ENGINES[engine]
    elif all(hasattr(engine, each) for each in ("name", "answer", "answer_many")):
        return engine
    fix = f"{did_you_mean(str(engine), ENGINES)} Engines of this version: {', '.join(ENGINES)}.".lstrip()
    issue = Issue("error", "unknown-engine", Where("engine"), f"there is no engine {engine!r}.", fix)
    raise EngineError("The engine is not known.", [issue])
