"""What each level of care is worth: expected utility over outcomes that several causes can bring about.

With a delay of t days, an outcome comes about unless every cause that is present spares the person,

    P(outcome | causes, t) = 1 - prod over causes k of exp(-hazard_k(state of k) t),

a noisy-OR over the causes in their degrees, so that a harm that two causes share is counted once. Then

    EU(level) = -cost(level) - sum over outcomes o of loss_o P(o | evidence, delay of the level),

with the hazard of a state that is not named being 0, and the causes as probable together as the evidence
makes them.

References
----------
Pauker and Kassirer (1980), The threshold approach to clinical decision making, New England Journal of
Medicine.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

from twitchdx.engines import Engine
from twitchdx.errors import Issue, ModelError, Where
from twitchdx.network import RESERVED, Network, Node, NoisyMax
from twitchdx.numerics import Array, read_only
from twitchdx.spec import LEVELS, Decision, Level, ModelSpec, Outcome
from twitchdx.tables import Column, Records, Tabled, spoken_probability


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeChance:
    """One outcome at one level of care."""

    outcome: str
    """Id of the outcome."""
    label: str
    """What to call it."""
    loss: float
    """How bad it is, in the unit of utility."""
    probability: float
    """P(outcome | evidence, delay of the level)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelUtility:
    """What one level of care is worth."""

    level: Level
    """The level."""
    label: str
    """What to call it."""
    delay_days: float
    """Days until care is had."""
    cost: float
    """Cost and burden, in the unit of utility."""
    expected_loss: float
    """Sum over outcomes of loss times probability."""
    expected_utility: float
    """Less cost, less expected loss."""
    outcomes: tuple[OutcomeChance, ...]
    """Every outcome, in the order of the model."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LevelUtilities(Tabled):
    """The levels of care by what they are worth."""

    unit: str
    """The unit of utility."""
    best: Level
    """The level with the highest expected utility; among equals the lower one."""
    levels: tuple[LevelUtility, ...]
    """Those of which the model states a delay and a cost, the lowest first."""

    def _title(self) -> str:
        return f"Expected utility of the levels of care, in {self.unit}; best: {self.best.replace('_', ' ')}"

    def _columns(self) -> list[Column]:
        rows = self.levels
        columns: list[Column] = [
            ("level", [each.label for each in rows], str),
            ("delay in days", [each.delay_days for each in rows], "{:g}".format),
            ("cost", [each.cost for each in rows], "{:.3g}".format),
        ]
        for place, outcome in enumerate(rows[0].outcomes):
            chances = [each.outcomes[place].probability for each in rows]
            columns.append((outcome.label, chances, spoken_probability))
        return [*columns, ("expected utility", [each.expected_utility for each in rows], "{:.4g}".format)]

    def _records(self) -> Records:
        return Records((LevelUtility,), [(each,) for each in self.levels])

    def _notes(self) -> list[str]:
        return ["Red flags are no part of it: they set the level whatever this says."]


def weigh_levels(
    spec: ModelSpec, network: Network, likelihoods: Mapping[str, Array], engine: Engine
) -> LevelUtilities:
    """The expected utility of every level of care with a stated delay and cost.

    Parameters
    ----------
    spec : ModelSpec
        The model.
    network : Network
        What it compiles to.
    likelihoods : mapping of str to float64 array
        The evidence; it must be possible.
    engine : Engine
        Computes the probabilities.

    Raises
    ------
    ModelError
        The model states no utilities.
    EngineError
        The outcomes tie together more than the engine can compute.
    """
    decision = _require_decision(spec)
    weighing = Weighing(spec, network)
    # Outcome by outcome: together they would tie all of their causes to each other.
    marginals = {
        name: each[None, :]
        for targets in weighing.targets
        for name, each in engine.answer(weighing.network, likelihoods, targets).marginals.items()
    }
    utilities = dict(zip(weighing.levels, weighing.utilities(marginals)[0].tolist(), strict=True))
    found = []
    for level in weighing.levels:
        chances = tuple(
            OutcomeChance(
                outcome=name,
                label=outcome.label,
                loss=outcome.loss.value,
                probability=float(marginals[weighing.target(level, name)][0, 1]),
            )
            for name, outcome in decision.outcomes.items()
        )
        found.append(_utility(spec, level, chances, utilities[level]))
    best = max(found, key=lambda each: (each.expected_utility, -LEVELS.index(each.level)))
    return LevelUtilities(unit=decision.unit, best=best.level, levels=tuple(found))


class Weighing:
    """The network with every outcome at every level of care, ready for many patients.

    Parameters
    ----------
    spec : ModelSpec
        The model.
    network : Network
        What it compiles to.

    Attributes
    ----------
    network : Network
        The variables of the model, and the outcomes.
    levels : tuple of Level
        The levels with a stated delay and cost, the lowest first.
    targets : tuple of tuple of str
        Of each outcome the variables that say whether it comes about, a level each.

    Raises
    ------
    ModelError
        The model states no utilities.
    """

    def __init__(self, spec: ModelSpec, network: Network) -> None:
        self._decision = _require_decision(spec)
        self.levels = _stated_levels(spec)
        nodes = [
            _outcome_node(network, self.target(level, name), outcome, _delay(spec, level))
            for level, (name, outcome) in product(self.levels, self._decision.outcomes.items())
        ]
        self.network = Network([*network.values(), *nodes])
        self.targets = tuple(
            tuple(self.target(level, name) for level in self.levels) for name in self._decision.outcomes
        )
        care = [spec.care_levels[level].burden for level in self.levels]
        self._costs = np.array([each.value for each in care if each is not None])

    def target(self, level: Level, outcome: str) -> str:
        """The variable that says whether an outcome comes about at a level."""
        return f"{outcome}{RESERVED}{level}"

    def utilities(self, marginals: Mapping[str, Array]) -> Array:
        """Expected utilities, shape (B, levels), from the marginals of the targets, each of shape (B, 2)."""
        losses = [
            sum(
                each.loss.value * marginals[self.target(level, name)][:, 1]
                for name, each in self._decision.outcomes.items()
            )
            for level in self.levels
        ]
        found: Array = -self._costs - np.stack(losses, axis=1)
        return found


def usable_decision(spec: ModelSpec) -> bool:
    """Whether the model states what is needed for expected utilities."""
    return spec.decision is not None and bool(spec.decision.outcomes and _stated_levels(spec))


def _utility(
    spec: ModelSpec, level: Level, chances: tuple[OutcomeChance, ...], expected: float
) -> LevelUtility:
    care = spec.care_levels[level]
    assert care.burden is not None
    return LevelUtility(
        level=level,
        label=care.label,
        delay_days=_delay(spec, level),
        cost=care.burden.value,
        expected_loss=-expected - care.burden.value,
        expected_utility=expected,
        outcomes=chances,
    )


def _require_decision(spec: ModelSpec) -> Decision:
    if spec.decision is None or not spec.decision.outcomes:
        issue = Issue(
            "error",
            "no-decision",
            Where("decision"),
            "the model states no outcomes and losses.",
            "Add the section `decision`; the guide to the model format shows how.",
        )
        raise ModelError("The model states no utilities.", [issue])
    if not _stated_levels(spec):
        issue = Issue(
            "error",
            "no-delays",
            Where("care_levels"),
            "no level of care states how long it takes and what it costs.",
            "Give `delay_days` and `burden` for the levels to be compared.",
        )
        raise ModelError("The model states no utilities.", [issue])
    return spec.decision


def _stated_levels(spec: ModelSpec) -> tuple[Level, ...]:
    """The levels of care with a stated delay and cost, the lowest first."""
    care = spec.care_levels
    return tuple(
        level
        for level in LEVELS
        if level in care and care[level].delay_days is not None and care[level].burden is not None
    )


def _delay(spec: ModelSpec, level: Level) -> float:
    delay = spec.care_levels[level].delay_days
    assert delay is not None
    return delay.value


def _outcome_node(network: Network, name: str, outcome: Outcome, delay: float) -> Node:
    """Whether an outcome comes about within a delay."""
    producers, reach = zip(*_reach(network, outcome, delay), strict=True)
    return Node(name, ("no", "yes"), NoisyMax(producers, reach, read_only(np.zeros(1))))


def _reach(network: Network, outcome: Outcome, delay: float) -> Iterator[tuple[str, Array]]:
    for cause, hazards in outcome.hazards.items():
        values = np.zeros([network.cardinality(cause), 1])
        for state, hazard in hazards.items():
            # Of a hazard and a delay the chance is not their product: nobody is struck twice.
            values[network[cause].states.index(state), 0] = -math.expm1(-hazard.value * delay)
        yield cause, read_only(values)
