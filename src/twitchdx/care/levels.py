"""What raises the level of care above the one that the rules ask for: expected utility, then caution.

The level of care is the highest of three: that of the rules, of which a red flag is talked down by nothing;
that with the highest expected utility; and that of each caution rule which fires. So neither a utility nor a
probability ever lowers what a rule asks for.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twitchdx.engines import Differentiating, Engine, ExactEngine, Rows
from twitchdx.engines.contract import likelihoods_of
from twitchdx.errors import EngineError
from twitchdx.network import Network
from twitchdx.numerics import Array
from twitchdx.records import TriageReason
from twitchdx.spec import LEVELS, Level, ModelSpec
from twitchdx.steps import Weighing, compare_levels, usable_decision

Places = NDArray[np.signedinteger[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class BeyondRules:
    """What utility and caution ask for, of many patients.

    Attributes
    ----------
    utility : int array, shape (B,)
        Place in `LEVELS` of the level with the highest expected utility; exact where it is above the level of
        the rules, else at most that.
    caution : mapping of str to bool array, shape (B,)
        Dangerous cause -> for whom its rule fires and raises the level.
    level : int array, shape (B,)
        The level that results.
    wide : bool array, shape (B,)
        For whom it needs too large tables, so that there is no answer.
    """

    utility: Places
    caution: Mapping[str, NDArray[np.bool_]]
    level: Places
    wide: NDArray[np.bool_]


class Care:
    """What raises the level of care of a model, ready for many patients.

    Parameters
    ----------
    spec : ModelSpec
        The model.
    network : Network
        What it compiles to.

    Attributes
    ----------
    weighing : Weighing or None
        The levels by what they are worth; None where the model states no utilities.
    """

    def __init__(self, spec: ModelSpec, network: Network) -> None:
        self.spec = spec
        self._network = network
        self.weighing = Weighing(spec, network) if usable_decision(spec) else None
        self._caution = {} if spec.decision is None else dict(spec.decision.caution)

    def beyond_rules(
        self, engine: Engine, rows: Rows, log_evidence: Array, marginals: Mapping[str, Array], floor: Places
    ) -> BeyondRules:
        """The level of care where the rules alone set a floor under it.

        Parameters
        ----------
        engine : Engine
            Computes what posteriors leave open.
        rows : Rows
            The evidence of B patients, possible.
        log_evidence : float64 array, shape (B,)
            Natural log of P(evidence).
        marginals : mapping of str to float64 array, shape (B, states)
            P(cause | evidence) of every cause.
        floor : int array, shape (B,)
            Place in `LEVELS` of the level that the rules ask for.
        """
        level = floor.astype(np.intp)
        utility = np.zeros_like(level)
        wide = np.zeros(len(level), dtype=np.bool_)
        if self.weighing is not None:
            measure = functools.partial(self.weighing.measure, engine, rows, log_evidence)
            found = compare_levels(self.weighing, marginals, level, measure)
            utility, wide = found.best, found.wide
            level = np.maximum(level, utility)
        fired, level = self.cautious(engine, rows, marginals, level)
        return BeyondRules(utility, fired, level, wide)

    def cautious(
        self, engine: Engine, rows: Rows, marginals: Mapping[str, Array], level: Places
    ) -> tuple[dict[str, NDArray[np.bool_]], Places]:
        """For whom each caution rule fires, and the level that results.

        Parameters
        ----------
        engine, rows, marginals
            As in `beyond_rules`.
        level : int array, shape (B,)
            The level without caution.
        """
        fired = {}
        raised = level
        for cause, rule in self._caution.items():
            place = LEVELS.index(rule.level)
            present = marginals[cause][:, 1:].sum(axis=1)
            fires = (level < place) & (present >= rule.at_least.value)
            for row in np.flatnonzero(fires).tolist():
                states = {name: each[row] for name, each in marginals.items()}
                upper = self._upper(engine, rows, states, row, cause)
                fires[row] = upper >= rule.upper.value
            raised = np.where(fires, np.maximum(raised, place), raised)
            fired[cause] = fires
        return fired, raised

    def _upper(self, engine: Engine, rows: Rows, states: Mapping[str, Array], row: int, cause: str) -> float:
        """Upper end of the interval of one cause; 1 where it cannot be computed, to be on the safe side."""
        likelihoods = likelihoods_of(self._network, rows, rows.codes[row])
        from twitchdx.sureness import upper_end  # beliefs about numbers: what few patients need

        # An engine without slopes has none to give; the level must not hang on which engine was chosen.
        knowing = engine if isinstance(engine, Differentiating) else ExactEngine()
        try:
            return upper_end(self.spec, self._network, likelihoods, states, cause, knowing)
        except EngineError:
            return 1.0

    def reasons(self, beyond: BeyondRules, marginals: Mapping[str, Array], floor: int) -> list[TriageReason]:
        """What raised the level of one patient above the floor that the rules set, as reasons."""
        found = []
        if self.weighing is not None and beyond.utility[0] > floor:
            place = int(beyond.utility[0])
            spared = self.weighing.spared(marginals, place)
            # Nobody looks for what is known.
            dangers = {cause: each for cause, each in spared.items() if marginals[cause][0, 0] > 0.0}
            labels = [self.spec.causes[cause].label for cause in _most(dangers)]
            found.append(_reason("expected_utility", LEVELS[place], _WAITING, _spoken_reason(labels)))
        for cause, fires in beyond.caution.items():
            if fires[0]:
                rule = self.spec.decision.caution[cause] if self.spec.decision is not None else None
                assert rule is not None
                label = f"{self.spec.causes[cause].label} cannot be ruled out"
                found.append(_reason(f"caution.{cause}", rule.level, label, rule.reason))
        return found


_WAITING = "What waiting may cost"
# Causes that a reason names: those that carry this share of what the level spares, and no more than these.
_SHARE, _NAMED = 0.7, 2


def _most(dangers: Mapping[str, float]) -> list[str]:
    """The causes that carry most of what a level of care spares."""
    total = sum(dangers.values())
    named: list[str] = []
    for cause in sorted(dangers, key=lambda each: -dangers[each]):
        if len(named) == _NAMED or sum(dangers[each] for each in named) >= _SHARE * total:
            break
        named.append(cause)
    return named


def _spoken_reason(labels: Sequence[str]) -> str:
    if not labels:
        return "Being seen in this time is worth the trouble; this weighs risks and is no diagnosis."
    return (
        "Being seen in this time is worth the trouble, above all to look early for: "
        f"{', '.join(labels)}; this weighs risks and is no diagnosis."
    )


def _reason(rule: str, level: Level, label: str, reason: str) -> TriageReason:
    return TriageReason(
        rule=rule, label=label, level=level, red_flag=False, reason=reason, action="", sources=()
    )


# A few models are in use at a time, and of an analysis of one model many networks that are used once.
_KEPT = 8
_MADE: dict[tuple[int, int], Care] = {}
_MAKING = threading.Lock()


def get_care(spec: ModelSpec, network: Network) -> Care:
    """What raises the level of care of a model; made once, and kept while few others are asked for."""
    key = (id(spec), id(network))
    with _MAKING:
        # What is kept holds both objects, so that no other has their identity.
        found = _MADE.pop(key, None) or Care(spec, network)
        _MADE[key] = found
        while len(_MADE) > _KEPT:
            del _MADE[next(iter(_MADE))]
    return found
