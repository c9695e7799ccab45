"""What can go wrong while one waits, and what each level of care is worth, for many patients at once.

With a delay of t days, an outcome comes about unless every cause that is present spares the person,

    P(outcome | causes, t) = 1 - prod over causes k of exp(-hazard_k(state of k) min(t, end of the hazard)),

a noisy-OR over the causes in their degrees, so that a harm that two causes share is counted once. Then

    EU(level) = -burden - cost / rate of money - sum over outcomes o of loss_o P(o | evidence, delay),

with the causes as probable together as the evidence makes them. An outcome that counts for `each` cause has
the sum over the causes in place of the noisy-OR.

One cause alone, and a sum, need nothing but posteriors. Of several causes the posteriors give bounds, and the
exact value is one more P(evidence): that of the evidence and of being spared, which is soft evidence on each
cause and ties nothing together. So it is computed only where the bounds leave something open.

References
----------
Pauker and Kassirer (1980), The threshold approach to clinical decision making, New England Journal of
Medicine 302(20), 1109-1117 (levels of action compared by expected utility); Bonferroni's inequality (the
lower bound).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from twitchdx.engines import UNOBSERVED, Engine, Rows
from twitchdx.errors import EngineError, Issue, ModelError, Where
from twitchdx.network import Network
from twitchdx.numerics import Array, read_only
from twitchdx.spec import LEVELS, Decision, Estimate, Level, ModelSpec, Outcome

Flags = NDArray[np.bool_]
Places = NDArray[np.signedinteger[Any]]


def usable_decision(spec: ModelSpec) -> bool:
    """Whether the model states what is needed for expected utilities."""
    return spec.decision is not None and bool(spec.decision.outcomes and stated_levels(spec))


def stated_levels(spec: ModelSpec) -> tuple[Level, ...]:
    """The levels of care with a stated delay and burden, the lowest first."""
    care = spec.care_levels
    return tuple(
        level
        for level in LEVELS
        if level in care and care[level].delay_days is not None and care[level].burden is not None
    )


def in_units(decision: Decision, burden: Estimate | None, cost: Estimate | None) -> float:
    """Burden and money together, in the unit of utility."""
    total = 0.0 if burden is None else burden.value
    if cost is not None:
        assert decision.money_per_unit is not None, "a cost needs a rate of money"
        total += cost.value / decision.money_per_unit.value
    return total


def require_decision(spec: ModelSpec) -> Decision:
    """The decision section of a model.

    Raises
    ------
    ModelError
        The model states no utilities.
    """
    if spec.decision is None or not spec.decision.outcomes:
        where, found = "decision", "the model states no outcomes and losses."
        fix = "Add the section `decision`; the guide to the model format shows how."
        issue = Issue("error", "no-decision", Where(where), found, fix)
        raise ModelError("The model states no utilities.", [issue])
    if not stated_levels(spec):
        found = "no level of care states how long it takes and what burden it is."
        fix = "Give `delay_days` and `burden` for the levels to be compared."
        issue = Issue("error", "no-delays", Where("care_levels"), found, fix)
        raise ModelError("The model states no utilities.", [issue])
    return spec.decision


@dataclass(frozen=True, slots=True, eq=False)
class _Harm:
    """One outcome: its loss, its causes, and how likely each state of a cause brings it about.

    Attributes
    ----------
    causes : tuple of str
        The causes that can bring it about.
    struck : tuple of float64 array, each of shape (levels, states of the cause)
        For each cause 1 - exp(-hazard x effective delay).
    once : bool
        Whether it is a noisy-OR of several causes, so that posteriors alone do not give its probability.
    grave : bool
        Whether its causes must not be missed.
    """

    loss: float
    causes: tuple[str, ...]
    struck: tuple[Array, ...]
    once: bool
    grave: bool


class Weighing:
    """The levels of care of a model, ready to be weighed for many patients.

    Parameters
    ----------
    spec : ModelSpec
        The model.
    network : Network
        What it compiles to.

    Attributes
    ----------
    levels : tuple of Level
        The levels with a stated delay and burden, the lowest first; L of them.
    places : int array, shape (L,)
        Their places in `LEVELS`.
    costs : float64 array, shape (L,)
        Burden and money of each, in the unit of utility.
    losses : float64 array, shape (O,)
        How bad each outcome is.

    Raises
    ------
    ModelError
        The model states no utilities.
    """

    def __init__(self, spec: ModelSpec, network: Network) -> None:
        decision = require_decision(spec)
        self._network = network
        self.levels = stated_levels(spec)
        self.places = np.array([LEVELS.index(level) for level in self.levels])
        care = [spec.care_levels[level] for level in self.levels]
        self.costs = read_only([in_units(decision, each.burden, each.cost) for each in care])
        delays = [each.delay_days.value for each in care if each.delay_days is not None]
        self._harms = tuple(_harm(network, each, delays) for each in decision.outcomes.values())
        self.losses = read_only([each.loss for each in self._harms])

    def bounds(self, marginals: Mapping[str, Array]) -> tuple[Array, Array]:
        """Bounds of what comes about, from posteriors alone.

        Parameters
        ----------
        marginals : mapping of str to float64 array, shape (B, states)
            P(cause | evidence) of every cause.

        Returns
        -------
        two float64 arrays, shape (B, O, L)
            The least and the greatest that the probability of each outcome can be at each level, the same
            where one cause alone can bring it about. Of an outcome that counts for each cause, the expected
            number of causes that do.
        """
        found = [_bounds(each, marginals) for each in self._harms]
        low, high = (np.stack(each, axis=1) for each in zip(*found, strict=True))
        return low, high

    def utilities(self, chances: Array) -> Array:
        """Expected utilities, shape (B, L), from what comes about, shape (B, O, L)."""
        found: Array = -self.costs - np.add.reduce(self.losses[:, None] * chances, axis=1)
        return found

    def measure(
        self, engine: Engine, rows: Rows, log_evidence: Array, bounds: tuple[Array, Array], wanted: Flags
    ) -> tuple[Array, Flags]:
        """What comes about, exactly, where it is wanted.

        Parameters
        ----------
        engine : Engine
            Computes P(evidence).
        rows : Rows
            The evidence of B patients.
        log_evidence : float64 array, shape (B,)
            Natural log of P(evidence).
        bounds : pair of float64 array, shape (B, O, L)
            From `bounds`.
        wanted : bool array, shape (B, L)
            The levels at which the outcomes are wanted.

        Returns
        -------
        float64 array, shape (B, O, L); bool array, shape (B,)
            The probabilities, the lower bounds where they are not wanted; and whose need too large tables.
        """
        low, high = bounds
        chances = low.copy()
        asked = [
            (int(row), outcome, int(level))
            for outcome, harm in enumerate(self._harms)
            if harm.once
            for row, level in zip(*np.nonzero(wanted & (high[:, outcome] > low[:, outcome])), strict=True)
        ]
        wide = np.zeros(len(rows.codes), dtype=np.bool_)
        if not asked:
            return chances, wide
        answers = engine.answer_many(self._network, self._spared(rows, asked), ())
        at = tuple(np.array(asked).T)
        wide[at[0][answers.cells > 0.0]] = True
        with np.errstate(invalid="ignore"):
            struck = -np.expm1(answers.log_evidence - log_evidence[at[0]])
        # Rounding must not leave the bounds; where they are close, they have more digits.
        chances[at] = np.clip(struck, low[at], high[at])
        return chances, wide

    def spared(self, marginals: Mapping[str, Array], place: int) -> dict[str, float]:
        """What a level spares one patient against the stated level below it, cause by cause.

        Each cause is taken by itself: where several share a harm, their sum is an upper bound.

        Parameters
        ----------
        marginals : mapping of str to float64 array, shape (1, states)
            P(cause | evidence) of every cause.
        place : int
            Place of the level in `LEVELS`.
        """
        level = int(np.flatnonzero(self.places == place)[0])
        found: dict[str, float] = {}
        for harm in self._harms:
            for cause, struck in zip(harm.causes, harm.struck, strict=True):
                less = struck[max(level - 1, 0)] - struck[level]
                loss = harm.loss * float(np.add.reduce(marginals[cause][0] * less))
                found[cause] = found.get(cause, 0.0) + loss
        return found

    def harms(self, marginals: Mapping[str, Array]) -> dict[str, float]:
        """What leaving it until the lowest level acts would cost one patient, by grave cause.

        Parameters
        ----------
        marginals : mapping of str to float64 array, shape (1, states)
            P(cause | evidence) of every cause.

        Returns
        -------
        dict of str to float
            Of every cause of a grave outcome the expected loss over all outcomes, each cause by itself.
        """
        found = dict.fromkeys((cause for harm in self._harms if harm.grave for cause in harm.causes), 0.0)
        for harm in self._harms:
            for cause, struck in zip(harm.causes, harm.struck, strict=True):
                if cause in found:
                    found[cause] += harm.loss * float(np.add.reduce(marginals[cause][0] * struck[0]))
        return found

    def _spared(self, rows: Rows, asked: Sequence[tuple[int, int, int]]) -> Rows:
        """For each patient, outcome and level: the evidence, and that nothing brings the outcome about."""
        names = list(rows.variables)
        source, outcomes, levels = np.array(asked).T
        codes = rows.codes[source].copy()
        vectors = list(rows.likelihoods)
        named = dict.fromkeys(name for place in set(outcomes.tolist()) for name in self._harms[place].causes)
        for name in named:
            if name not in names:
                names.append(name)
                codes = np.column_stack([codes, np.full(len(codes), UNOBSERVED, dtype=np.int32)])
                vectors.append(np.empty([0, self._network.cardinality(name)]))
            column = names.index(name)
            codes[:, column], vectors[column] = self._with_spared(
                name, codes[:, column], vectors[column], outcomes, levels
            )
        return Rows(tuple(names), np.ascontiguousarray(codes, dtype=np.int32), tuple(vectors))

    def _with_spared(
        self,
        cause: str,
        codes: NDArray[np.int32],
        vectors: Array,
        outcomes: NDArray[np.intp],
        levels: NDArray[np.intp],
    ) -> tuple[NDArray[np.int32], Array]:
        """The observation of one cause times the chance that each of its states spares the person."""
        states = self._network.cardinality(cause)
        # Of a code: soft likelihoods from the last to the first, nothing observed, the states.
        observed = np.concatenate([vectors[::-1], np.ones([1, states]), np.eye(states)])
        spares = np.ones([len(self._harms), len(self.levels), states])
        for place, harm in enumerate(self._harms):
            if cause in harm.causes:
                spares[place] = 1.0 - harm.struck[harm.causes.index(cause)]
        bears = np.any(spares < 1.0, axis=(1, 2))[outcomes]
        keys = np.stack([codes - UNOBSERVED + len(vectors), outcomes, levels], axis=1)
        kinds, inverse = np.unique(keys[bears], axis=0, return_inverse=True)
        products = observed[kinds[:, 0]] * spares[kinds[:, 1], kinds[:, 2]]
        new = codes.copy()
        new[bears] = UNOBSERVED - 1 - (len(vectors) + inverse.reshape(-1))
        return new, np.concatenate([vectors, products])


def _harm(network: Network, outcome: Outcome, delays: Sequence[float]) -> _Harm:
    causes = tuple(outcome.hazards)
    struck = []
    for cause, hazards in outcome.hazards.items():
        values = np.zeros([len(delays), network.cardinality(cause)])
        ends = outcome.over_after_days.get(cause, {})
        for state, hazard in hazards.items():
            end = ends[state].value if state in ends else math.inf
            # Of a hazard and a delay the chance is not their product: nobody is struck twice.
            values[:, network[cause].states.index(state)] = [
                -math.expm1(-hazard.value * min(delay, end)) for delay in delays
            ]
        struck.append(read_only(values))
    once = outcome.counts == "once" and len(causes) > 1
    return _Harm(outcome.loss.value, causes, tuple(struck), once, outcome.grave)


def _bounds(harm: _Harm, marginals: Mapping[str, Array]) -> tuple[Array, Array]:
    """Bounds of one outcome, each of shape (B, L)."""
    single = np.stack(
        [
            np.add.reduce(marginals[cause][:, None, :] * struck, axis=2)
            for cause, struck in zip(harm.causes, harm.struck, strict=True)
        ]
    )
    total = np.add.reduce(single)
    if not harm.once:
        return total, total
    # E[q_j q_k] <= min(max q_j E[q_k], max q_k E[q_j]), and by Bonferroni the sum less all pairs is a bound.
    most = np.stack([each.max(axis=1) for each in harm.struck])[:, None, :]
    pairs = np.zeros_like(total)
    for k in range(1, len(single)):
        pairs += np.minimum(most[:k] * single[k], most[k] * single[:k]).sum(axis=0)
    low = np.maximum(single.max(axis=0), total - pairs)
    return np.minimum(low, 1.0), np.minimum(np.maximum(total, low), 1.0)


def refuse_weighing() -> NoReturn:
    """That the evidence ties together too much for the utilities to be exact.

    Raises
    ------
    EngineError
        Always.
    """
    found = "the outcomes that can be expected need tables beyond the budget of the engine."
    fix = "Give `engine=ExactEngine(budget=...)` from `twitchdx.engines`, or less evidence."
    issue = Issue("error", "too-wide", Where("decision"), found, fix)
    raise EngineError("What can go wrong ties too many causes together for an exact answer.", [issue])
