"""An engine that answers many rows on several threads."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from twitchdx.engines.contract import Answer, Answers, Differentiating, Engine, Hypothesis, Rows, Slopes
from twitchdx.network import Network
from twitchdx.numerics import Array

# Fewer rows than this are answered in the calling thread.
_WORTH_IT = 16
# Pieces for each thread, since rows differ in what they cost.
_PIECES = 4


class ThreadedEngine:
    """Another engine, with the rows of `answer_many` shared out among threads.

    Each row has the bits that it has alone, so that the answers are the same. For engines that let other
    threads run while they compute.

    Parameters
    ----------
    engine : Engine
        What computes, which knows slopes.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.name = engine.name
        self.questions_at_once = engine.questions_at_once

    def answer(self, network: Network, likelihoods: Mapping[str, Array], targets: Collection[str]) -> Answer:
        """P(target | evidence) for each target, and P(evidence); see `Engine.answer`."""
        return self.engine.answer(network, likelihoods, targets)

    def answer_many(self, network: Network, rows: Rows, targets: Collection[str]) -> Answers:
        """The same for many patients; see `Engine.answer_many`."""
        threads, total = available_threads(), len(rows.codes)
        if threads == 1 or total < _WORTH_IT:
            return self.engine.answer_many(network, rows, targets)
        # Dealt out like cards: neighbours are alike, and so is what they cost.
        pieces = [np.arange(first, total, threads * _PIECES) for first in range(threads * _PIECES)]
        pieces = [each for each in pieces if each.size]

        def ask(chosen: np.ndarray) -> Answers:
            part = Rows(rows.variables, rows.codes[chosen], rows.likelihoods)
            return self.engine.answer_many(network, part, targets)

        with ThreadPoolExecutor(threads) as pool:
            found = list(pool.map(ask, pieces))
        return _together(found, pieces, total)

    def differentiate(
        self, network: Network, likelihoods: Mapping[str, Array], hypotheses: Sequence[Hypothesis]
    ) -> Slopes:
        """Slopes; see `Differentiating.differentiate`."""
        assert isinstance(self.engine, Differentiating)
        return self.engine.differentiate(network, likelihoods, hypotheses)


def available_threads() -> int:
    """How many threads can run at once in this process."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _together(found: Sequence[Answers], pieces: Sequence[np.ndarray], total: int) -> Answers:
    """The answers in the order of the rows."""
    order = np.empty(total, dtype=np.intp)
    order[np.concatenate(pieces)] = np.arange(total)
    marginals = {
        name: np.concatenate([each.marginals[name] for each in found])[order] for name in found[0].marginals
    }
    log_evidence = np.concatenate([each.log_evidence for each in found])[order]
    return Answers(log_evidence, marginals, np.concatenate([each.cells for each in found])[order])
