"""What the compiled network implies for the figures that were published about the population.

A sensitivity is published as P(finding | cause) in patients who may have other causes too, and the compiler
takes it as the cause together with the background. Beside the other causes of the model the finding is a
little more frequent. How much, a modeller should see.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from twitchdx.network.contraction import joint
from twitchdx.network.conversions import prevalence_from_incidence
from twitchdx.network.network import Network
from twitchdx.numerics import Array
from twitchdx.spec import ROLE_OF_SECTION, Estimate, ModelSpec, Variable, walk_estimates

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Implied:
    """One published figure beside what the network makes of it.

    Attributes
    ----------
    path : str
        The place of the figure in the model.
    meaning : str
        What both are: ``P(palpitations = present | hyperthyroidism = present)``.
    published : float
        The figure; for an incidence, the share of the population that it amounts to.
    implied : float
        The same probability in the compiled network.
    """

    path: str
    meaning: str
    published: float
    implied: float

    @property
    def deviation(self) -> float:
        """|ln(implied / published)|; infinite where one of the two is 0."""
        if self.published == self.implied:
            return 0.0
        if min(self.published, self.implied) <= 0.0:
            return math.inf
        return abs(math.log(self.implied / self.published))


@dataclass(frozen=True, slots=True)
class _Question:
    """P(variable in one of some states | a parent's state)."""

    variable: str
    states: tuple[str, ...]
    at_least: bool
    parent: str = ""
    parent_state: str = ""

    @property
    def meaning(self) -> str:
        relation = ">=" if self.at_least and len(self.states) > 1 else "="
        given = f" | {self.parent} = {self.parent_state}" if self.parent else ""
        return f"P({self.variable} {relation} {self.states[0]}{given})"


def implied_figures(spec: ModelSpec, network: Network) -> tuple[Implied, ...]:
    """Every prevalence, incidence and sensitivity of a model beside its implied value.

    Parameters
    ----------
    spec : ModelSpec
        The model.
    network : Network
        The same, compiled.

    Returns
    -------
    tuple of Implied
        The largest deviation first. Rows of tables are left out: they enter the network as they stand.
        So is P(finding | state of a cause) where that state has probability 0.
    """
    probability = _Probabilities(network)
    found = []
    for path, estimate, question in _questions(spec):
        implied = probability.of(question)
        if implied is not None:
            published = estimate.value
            if estimate.duration is not None:
                published = prevalence_from_incidence(published, estimate.duration.value)
            place = ".".join(str(segment) for segment in path)
            found.append(Implied(path=place, meaning=question.meaning, published=published, implied=implied))
    return tuple(sorted(found, key=lambda each: -each.deviation))


def _questions(spec: ModelSpec) -> Iterator[tuple[Path, Estimate, _Question]]:
    for section in ROLE_OF_SECTION:
        for name, variable in getattr(spec, section).items():
            start = (section, name, "distribution")
            for path, estimate in walk_estimates(variable.distribution, start):
                question = _question(name, variable, path[len(start) :], estimate)
                if question is not None:
                    yield path, estimate, question


def _question(name: str, variable: Variable, place: Path, estimate: Estimate) -> _Question | None:
    """Which probability of the network a number is about; None where it is about a part of one."""
    states = tuple(variable.states)
    match estimate.form, place:
        case "prevalence" | "incidence", ("categorical", _, str(state)) | ("log_linear", _, str(state)):
            return _Question(name, (state,), at_least=False)
        case "prevalence", ("noisy_or", "leak"):
            return _Question(name, states[1:], at_least=True)
        case "prevalence", ("noisy_max", "leak", str(grade)):
            return _Question(name, states[states.index(grade) :], at_least=True)
        case "sensitivity", ("noisy_or", "links", str(parent), str(state)):
            return _Question(name, states[1:], at_least=True, parent=parent, parent_state=state)
        case "sensitivity", ("noisy_max", "links", str(parent), str(state), str(grade)):
            above = states[states.index(grade) :]
            return _Question(name, above, at_least=True, parent=parent, parent_state=state)
        case _:
            return None


class _Probabilities:
    """Answers questions from joints of one or two variables, each computed once."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.joint = functools.cache(functools.partial(joint, network))

    def of(self, question: _Question) -> float | None:
        names = (question.parent, question.variable) if question.parent else (question.variable,)
        values: Array = self.joint(names)
        if question.parent:
            values = values[self.network[question.parent].states.index(question.parent_state)]
        total = float(values.sum())
        if total <= 0.0:
            return None
        order = self.network[question.variable].states
        return float(sum(values[order.index(state)] for state in question.states)) / total
