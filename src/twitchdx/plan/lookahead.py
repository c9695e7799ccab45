"""Two steps ahead: whether it is wrong to choose the first thing to learn by itself.

Learning T first, one may then learn U, which may differ from result to result, or stop:

    V2(T) = sum over t of P(t | e) max(G(t), max over U of (sum over u of P(u | e, t) G(t, u) - price of U))
            - price of T,

with G the gain of the best decision over the one that is the best now. A test that tells nothing by itself
can be the best beginning, and one that is the best by itself can be made needless by another.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from twitchdx.errors import Issue, ModelError, OptionError, Where
from twitchdx.plan.foresight import Foreseen, foresee
from twitchdx.plan.information import learnable
from twitchdx.plan.price import is_offered, price_of
from twitchdx.plan.results import Bundle
from twitchdx.plan.standing import Standing, find_standing
from twitchdx.spec import Test
from twitchdx.steps import NEGLIGIBLE
from twitchdx.tables import Column, Records, Tabled
from twitchdx.whatif import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """One thing to learn first."""

    variable: str
    """The variable."""
    label: str
    """What to call it."""
    net: float
    """Value less price, where nothing more is learnt."""
    net_of_two: float
    """The same where something more may be learnt after each result."""
    then: dict[str, str]
    """Result -> what to learn next; left out where it is best to stop."""
    results: tuple[str, ...]
    """Every result that there can be."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LookAhead(Tabled):
    """What to learn first, looking two steps ahead; the best beginning first."""

    unit: str
    """The unit of utility."""
    one_step: str
    """What the value of a single step chooses; empty where nothing is worth its price."""
    two_steps: str
    """What two steps choose; empty as above."""
    misleads: bool
    """Whether the choice by a single step is wrong: whether another beginning, or beginning at all, is worth
    more than it."""
    beginnings: tuple[Beginning, ...]
    """What was looked at."""

    def _title(self) -> str:
        if self.misleads:
            return "What to learn first; one step alone would choose wrongly"
        return "What to learn first; looking two steps ahead changes nothing"

    def _columns(self) -> list[Column]:
        rows = self.beginnings
        return [
            ("to learn first", [each.label for each in rows], str),
            (f"net in {self.unit}", [each.net for each in rows], "{:.3g}".format),
            ("with a second step", [each.net_of_two for each in rows], "{:.3g}".format),
            ("then", [_spoken(each) for each in rows], str),
        ]

    def _records(self) -> Records:
        return Records((Beginning,), [(each,) for each in self.beginnings])

    def _notes(self) -> list[str]:
        return ["Looked at: what is worth most, and what tells most, by itself."]


def _spoken(beginning: Beginning) -> str:
    then = beginning.then
    if len(then) == len(beginning.results) and len(set(then.values())) == 1:
        return f"{next(iter(then.values()))}, whatever it is"
    return "; ".join(f"{state}: {name}" for state, name in then.items()) or "stop"


def look_ahead(subject: Subject, among: Collection[str] | None = None, width: int = 6) -> LookAhead:
    """What to learn first, looking two steps ahead, exactly.

    Parameters
    ----------
    subject : Subject
        The patient.
    among : collection of str, optional
        What can be learnt; left out, whatever can be had at this level of care.
    width : int, optional
        How many of them are looked at: those of the greatest net value by themselves.

    Raises
    ------
    ModelError
        The model states no utilities.
    EvidenceError
        Some of what is named cannot be learnt.
    OptionError
        `width` is no whole number from 2.
    """
    if isinstance(width, bool) or not isinstance(width, int) or width < _LEAST:
        issue = Issue("error", "wrong-option", Where("width"), f"found {width!r}.", "Give 2 or more.")
        raise OptionError("An option cannot be understood.", [issue])
    standing = find_standing(subject)
    if subject.spec.decision is None or standing.choice is None:
        fix = "State `decision`, and delay and burden of the levels of care."
        issue = Issue("error", "no-decision", Where("decision"), "the model states no utilities.", fix)
        raise ModelError("Nothing can be weighed.", [issue])
    names = learnable(subject, among)
    if among is None:
        names = [name for name in names if is_offered(subject, name, standing.level)]
    chosen = _best(subject, standing, names, width)
    pairs, _ = foresee(subject, standing, list(combinations(chosen, 2)))
    joint = {each.results.bundle: each for each in pairs}
    beginnings = tuple(
        sorted(
            (_begin(subject, name, each, chosen, joint) for name, each in chosen.items()),
            key=lambda each: -each.net_of_two,
        )
    )
    return _verdict(subject.spec.decision.unit, beginnings)


_LEAST = 2


def _best(subject: Subject, standing: Standing, names: Sequence[str], width: int) -> dict[str, Foreseen]:
    """Those of the greatest net value by themselves; of several that are worth nothing, the cheapest."""
    found, _ = foresee(subject, standing, [(name,) for name in names])
    found.sort(key=lambda each: price_of(subject, each.results.bundle) - each.value)
    return {each.results.bundle[0]: each for each in found[:width]}


def _begin(
    subject: Subject,
    name: str,
    alone: Foreseen,
    chosen: Mapping[str, Foreseen],
    joint: Mapping[Bundle, Foreseen],
) -> Beginning:
    chance = alone.results.probability
    states = alone.results.states[:, 0]
    best = alone.care_gain + alone.action_gain
    then = np.full(len(chance), "", dtype=object)
    for other in chosen:
        pair = joint.get((name, other)) or joint.get((other, name))
        if other == name or pair is None:
            continue
        price = price_of(subject, (other,), _samples(subject, name))
        column = pair.results.bundle.index(name)
        gains = pair.results.probability * (pair.care_gain + pair.action_gain)
        after = np.array([gains[pair.results.states[:, column] == state].sum() for state in states])
        worth = after / chance - price
        better = worth > best + NEGLIGIBLE
        best, then = np.where(better, worth, best), np.where(better, other, then)
    price = price_of(subject, (name,))
    variable = subject.variables[name]
    return Beginning(
        variable=name,
        label=variable.label,
        net=alone.value - price,
        net_of_two=float(chance @ best) - price,
        then={
            tuple(variable.states)[state]: str(other)
            for state, other in zip(states.tolist(), then, strict=True)
            if other
        },
        results=tuple(tuple(variable.states)[state] for state in states.tolist()),
    )


def _samples(subject: Subject, name: str) -> list[str]:
    """The sample that is taken for a variable."""
    variable = subject.variables[name]
    return [variable.sample] if isinstance(variable, Test) and variable.sample else []


def _verdict(unit: str, beginnings: tuple[Beginning, ...]) -> LookAhead:
    single = max(beginnings, key=lambda each: each.net, default=None)
    one_step = single.variable if single is not None and single.net > 0.0 else ""
    two_steps = beginnings[0].variable if beginnings and beginnings[0].net_of_two > 0.0 else ""
    reached = max((each.net_of_two for each in beginnings if each.variable == one_step), default=0.0)
    most = max((each.net_of_two for each in beginnings), default=0.0)
    return LookAhead(
        unit=unit,
        one_step=one_step,
        two_steps=two_steps,
        misleads=max(most, 0.0) > max(reached, 0.0) + NEGLIGIBLE,
        beginnings=beginnings,
    )
