"""What each level of care is worth to one patient, as records that can be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from twitchdx.engines import Engine
from twitchdx.engines.contract import answer_each, one_patient
from twitchdx.network import Network
from twitchdx.numerics import Array
from twitchdx.spec import LEVELS, Level, ModelSpec
from twitchdx.steps.outcomes import Weighing, refuse_weighing, require_decision
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
    """P(outcome | evidence, delay of the level). Of an outcome that counts for each cause, the expected
    number of causes that bring it about, which may exceed 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelUtility:
    """What one level of care is worth."""

    level: Level
    """The level."""
    label: str
    """What to call it."""
    delay_days: float
    """Days until care is had."""
    burden: float
    """Time, worry and work-up, in the unit of utility."""
    cost: float
    """Money, in the currency of the model."""
    price: float
    """Burden and money together, in the unit of utility."""
    expected_loss: float
    """Sum over outcomes of loss times probability."""
    expected_utility: float
    """Less price, less expected loss."""
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
    """Those of which the model states a delay and a burden, the lowest first."""

    def _title(self) -> str:
        return f"Expected utility of the levels of care, in {self.unit}; best: {self.best.replace('_', ' ')}"

    def _columns(self) -> list[Column]:
        rows = self.levels
        columns: list[Column] = [
            ("level", [each.label for each in rows], str),
            ("delay in days", [each.delay_days for each in rows], "{:g}".format),
            ("price", [each.price for each in rows], "{:.3g}".format),
        ]
        columns += [
            ("expected loss", [each.expected_loss for each in rows], "{:.3g}".format),
            ("most of it", [_most(each) for each in rows], str),
        ]
        return [*columns, ("expected utility", [each.expected_utility for each in rows], "{:.4g}".format)]

    def _records(self) -> Records:
        return Records((LevelUtility,), [(each,) for each in self.levels])

    def _notes(self) -> list[str]:
        return ["Red flags are no part of it: they set the level whatever this says."]


def _most(utility: LevelUtility) -> str:
    """The outcome that loses most, and how probable it is."""
    each = max(utility.outcomes, key=lambda one: one.loss * one.probability)
    chance = spoken_probability(each.probability) if each.probability <= 1.0 else f"{each.probability:.3g}"
    return f"{each.label} ({chance})"


def weigh_levels(
    spec: ModelSpec, network: Network, likelihoods: Mapping[str, Array], engine: Engine
) -> LevelUtilities:
    """The expected utility of every level of care with a stated delay and burden.

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
        The evidence ties together more than the engine can compute.
    """
    decision = require_decision(spec)
    weighing = Weighing(spec, network)
    rows = one_patient(likelihoods)
    answers = answer_each(engine, network, rows, tuple(spec.causes))
    bounds = weighing.bounds(answers.marginals)
    everything = np.ones([1, len(weighing.levels)], dtype=np.bool_)
    chances, wide = weighing.measure(engine, rows, answers.log_evidence, bounds, everything)
    if wide.any():
        refuse_weighing()
    utilities = weighing.utilities(chances)[0].tolist()
    found = tuple(
        _utility(spec, level, chances[0, :, place], price, utilities[place])
        for place, (level, price) in enumerate(zip(weighing.levels, weighing.costs.tolist(), strict=True))
    )
    best = max(found, key=lambda each: (each.expected_utility, -LEVELS.index(each.level)))
    return LevelUtilities(unit=decision.unit, best=best.level, levels=found)


def _utility(spec: ModelSpec, level: Level, chances: Array, price: float, expected: float) -> LevelUtility:
    care = spec.care_levels[level]
    assert spec.decision is not None
    assert care.delay_days is not None
    assert care.burden is not None
    outcomes = tuple(
        OutcomeChance(outcome=name, label=each.label, loss=each.loss.value, probability=chance)
        for (name, each), chance in zip(spec.decision.outcomes.items(), chances.tolist(), strict=True)
    )
    return LevelUtility(
        level=level,
        label=care.label,
        delay_days=care.delay_days.value,
        burden=care.burden.value,
        cost=0.0 if care.cost is None else care.cost.value,
        price=price,
        expected_loss=-expected - price,
        expected_utility=expected,
        outcomes=outcomes,
    )
