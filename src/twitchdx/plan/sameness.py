"""The same-decision probability: whether the level of care would stay if much more were known.

    SDP = sum over joint results of all X of P(x | e) [level of care after x is what it is now]

Of many variables the sum has too many terms, so that joint results are drawn, each variable in turn from its
exact distribution given the evidence and what was drawn before.

References
----------
Chen, Choi and Darwiche (2014), Algorithms and applications for the same-decision probability, Journal of
Artificial Intelligence Research 49, 601-633.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twitchdx.care import get_care
from twitchdx.engines import UNOBSERVED, Rows
from twitchdx.errors import Issue, OptionError, Where
from twitchdx.explain.case import refuse_wide
from twitchdx.plan.foresight import levels_by_rules
from twitchdx.plan.information import learnable
from twitchdx.plan.results import suppose
from twitchdx.spec import LEVELS, Level
from twitchdx.steps import refuse_weighing
from twitchdx.tables import Column, Records, Tabled, spoken_probability
from twitchdx.whatif import Subject


@dataclass(frozen=True, slots=True)
class LevelShare:
    """How often one level of care results."""

    level: Level
    """The level."""
    share: float
    """The share of the draws."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SameDecision(Tabled):
    """How probably the level of care stays as it is."""

    level: Level
    """The level of care as it is."""
    probability: float
    """The share of the draws in which it stays."""
    standard_error: float
    """Of that share; sqrt(p (1 - p) / draws)."""
    draws: int
    """How many joint results were drawn."""
    levels: dict[Level, float]
    """Level of care -> the share of the draws in which it results."""
    variables: tuple[str, ...]
    """What would be known."""

    def _title(self) -> str:
        stays = f"{spoken_probability(self.probability)} ± {spoken_probability(self.standard_error)}"
        return f"The level of care, {self.level.replace('_', ' ')}, would stay with {stays}"

    def _columns(self) -> list[Column]:
        return [
            ("level of care", [level.replace("_", " ") for level in self.levels], str),
            ("share of the draws", list(self.levels.values()), spoken_probability),
        ]

    def _records(self) -> Records:
        return Records((LevelShare,), [(LevelShare(*each),) for each in self.levels.items()])

    def _notes(self) -> list[str]:
        return [f"{self.draws} joint results of {len(self.variables)} variables were drawn."]


def find_same_decision(
    subject: Subject, among: Collection[str], draws: int = 200, seed: int = 0
) -> SameDecision:
    """The same-decision probability of learning many variables together, from draws.

    Parameters
    ----------
    subject : Subject
        The patient.
    among : collection of str
        What would be known.
    draws, seed : int, optional
        How many joint results are drawn, and where their generator begins.

    Raises
    ------
    EvidenceError
        Some of what is named cannot be learnt.
    EngineError
        Joint results tie together more than the engine can compute.
    OptionError
        An option is no whole number in range.
    """
    for option, given, least in (("draws", draws, 1), ("seed", seed, 0)):
        if isinstance(given, bool) or not isinstance(given, int) or given < least:
            issue = Issue(
                "error", "wrong-option", Where(option), f"found {given!r}.", f"Give {least} or more."
            )
            raise OptionError("An option cannot be understood.", [issue])
    names = learnable(subject, among)
    drawn = _draw(subject, names, draws, seed)
    kinds, counts = np.unique(drawn, axis=0, return_counts=True)
    levels = _levels(subject, names, kinds)
    shares = np.bincount(levels, weights=counts, minlength=len(LEVELS)) / draws
    now = LEVELS.index(subject.outcome.level)
    same = float(shares[now])
    return SameDecision(
        level=subject.outcome.level,
        probability=same,
        standard_error=math.sqrt(same * (1.0 - same) / draws),
        draws=draws,
        levels={level: float(share) for level, share in zip(LEVELS, shares, strict=True) if share > 0.0},
        variables=tuple(names),
    )


def _draw(subject: Subject, names: Sequence[str], draws: int, seed: int) -> NDArray[np.int32]:
    """Joint results, shape (draws, variables)."""
    generator = np.random.default_rng(seed)
    drawn = np.full([draws, len(names)], UNOBSERVED, dtype=np.int32)
    for column, name in enumerate(names):
        kinds, inverse = np.unique(drawn[:, :column], axis=0, return_inverse=True)
        answers = subject.engine.answer_many(subject.network, _rows(subject, names[:column], kinds), (name,))
        refuse_wide(answers)
        cumulative = np.cumsum(answers.marginals[name], axis=1)[inverse.reshape(-1)]
        point = generator.random(draws)[:, None] * cumulative[:, -1:]
        drawn[:, column] = (point >= cumulative).sum(axis=1)
    return drawn


def _rows(subject: Subject, names: Sequence[str], kinds: NDArray[np.int32]) -> Rows:
    return suppose(subject, [tuple(zip(names, each, strict=True)) for each in kinds.tolist()])


def _levels(subject: Subject, names: Sequence[str], kinds: NDArray[np.int32]) -> NDArray[np.intp]:
    """The level of care after each joint result, as its place in `LEVELS`."""
    rows = _rows(subject, names, kinds)
    answers = subject.engine.answer_many(subject.network, rows, subject.causes)
    refuse_wide(answers)
    marginals = {cause: answers.marginals[cause] for cause in subject.causes}
    chance = np.exp(answers.log_evidence - subject.outcome.masses.log_evidence)
    floor, _, wide = levels_by_rules(subject, rows, marginals, chance, explain=False)
    care = get_care(subject.spec, subject.network)
    beyond = care.beyond_rules(subject.engine, rows, answers.log_evidence, marginals, floor)
    if (wide | beyond.wide).any():
        refuse_weighing()
    return beyond.level
