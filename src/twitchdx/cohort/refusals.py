"""Why a row has no answer: what `diagnose` would say of the same patient."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from twitchdx.answering import query
from twitchdx.cohort.inquiry import Inquiry
from twitchdx.engines import Answer, Answers, Engine, Rows
from twitchdx.errors import Issue, TwitchdxError
from twitchdx.evidence import Evidence
from twitchdx.explain import responsibility
from twitchdx.network import Network
from twitchdx.numerics import Array

# Small conflicts recur from row to row; large sets of observations do not.
_SMALL = 4
_REMEMBERED = 100_000

_Observations = frozenset[tuple[str, bytes]]


class Refuser:
    """Says why rows have no answer.

    Parameters
    ----------
    inquiry : Inquiry
        What was asked of every row.
    """

    def __init__(self, inquiry: Inquiry) -> None:
        self._inquiry = inquiry
        self._engine = _Remembering(inquiry.engine)

    def issues(self, evidence: Evidence, *, wide: bool) -> list[Issue]:
        """What is wrong with the evidence of one patient: it is impossible, or too wide."""
        inquiry = self._inquiry
        try:
            if not wide:
                query(inquiry.network, evidence, (), self._engine)
            query(inquiry.network, evidence, inquiry.causes, inquiry.engine)
            for name in inquiry.distributions:
                query(inquiry.network, evidence, (name,), inquiry.engine)
            if inquiry.complaint is not None:
                network, causes, vectors = inquiry.network, inquiry.causes, evidence.likelihoods
                responsibility(network, inquiry.complaint, causes, vectors, inquiry.engine)
        except TwitchdxError as error:
            return list(error.issues)
        message = "an engine that has no answer for a patient among many has none for the patient alone"
        raise AssertionError(message)


class _Remembering:
    """An engine that asks another whether evidence is possible only where it cannot tell itself.

    Evidence is impossible where a part of it is. So the answers are those of the other engine, whatever was
    asked before, and a cohort with the same few contradictions over and over takes few questions. It is
    asked about one network, and for no marginal.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.name = engine.name
        self.questions_at_once = engine.questions_at_once
        self._conflicts: list[_Observations] = []
        self._log_evidence: dict[_Observations, float] = {}

    def answer(self, network: Network, likelihoods: Mapping[str, Array], targets: Collection[str]) -> Answer:
        """See `Engine.answer`."""
        observations = frozenset((name, vector.tobytes()) for name, vector in likelihoods.items())
        if any(conflict <= observations for conflict in self._conflicts):
            return Answer(-math.inf, {})
        if observations not in self._log_evidence:
            self._remember(observations, self._engine.answer(network, likelihoods, targets).log_evidence)
        return Answer(self._log_evidence[observations], {})

    def _remember(self, observations: _Observations, log_evidence: float) -> None:
        if len(self._log_evidence) >= _REMEMBERED:
            self._log_evidence.clear()
            self._conflicts.clear()
        self._log_evidence[observations] = log_evidence
        if log_evidence == -math.inf and len(observations) <= _SMALL:
            self._conflicts.append(observations)

    def answer_many(self, network: Network, rows: Rows, targets: Collection[str]) -> Answers:
        """See `Engine.answer_many`."""
        return self._engine.answer_many(network, rows, targets)
