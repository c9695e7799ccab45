"""How sure an answer is, by drawing all numbers of the model: the check on intervals to first order.

Draws weigh as much as they make the evidence probable: a draw that makes what was observed all but impossible
says little about this patient, and counting it fully inflates rare posteriors manyfold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np

from twitchdx.engines import Engine
from twitchdx.errors import EngineError
from twitchdx.network import Network, compile_leniently
from twitchdx.numerics import Array, read_only
from twitchdx.spec import Estimate, ModelSpec
from twitchdx.uncertainty.beliefs import Beliefs
from twitchdx.uncertainty.spread import central

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Networks compiled from drawn numbers.

    Attributes
    ----------
    networks : tuple of Network
        One a draw.
    clashes : int array, shape (draws,)
        How many numbers of each draw could not be converted as published, such as a sensitivity below the
        drawn background: these stand at the nearest possible value.
    """

    networks: tuple[Network, ...]
    clashes: Array


@dataclass(frozen=True, slots=True, eq=False)
class Sampled:
    """Probabilities of some causes over draws of all numbers.

    Attributes
    ----------
    causes : tuple of str
        The causes, C of them.
    probability : float64 array, shape (draws, C)
        P(cause not absent | evidence) in each draw.
    weights : float64 array, shape (draws,)
        Proportional to P(evidence) in each draw; they sum to 1.
    """

    causes: tuple[str, ...]
    probability: Array
    weights: Array

    @property
    def effective_draws(self) -> float:
        """How many equally weighted draws these are worth: 1 / sum of the squared weights."""
        return float(1.0 / (self.weights**2).sum())

    def interval(self, cause: str, share: float = 0.95) -> tuple[float, float]:
        """Central interval of P(cause not absent | evidence)."""
        return central(self.probability[:, self.causes.index(cause)], self.weights, share)

    def mean(self, cause: str) -> float:
        """P(cause not absent | evidence), averaged over what is believed of the numbers."""
        return float(self.weights @ self.probability[:, self.causes.index(cause)])

    def chance_above(self, cause: str, other: str) -> float:
        """The probability that one cause is more probable than another."""
        a, b = (self.probability[:, self.causes.index(each)] for each in (cause, other))
        return float(self.weights @ (a > b) + 0.5 * (self.weights @ (a == b)))


def draw_networks(spec: ModelSpec, beliefs: Beliefs, count: int, seed: int) -> Draws:
    """Compile a model with drawn numbers, again and again.

    Parameters
    ----------
    spec : ModelSpec
        The model.
    beliefs : Beliefs
        From which the numbers are drawn.
    count : int
        How many draws.
    seed : int
        The same seed gives the same draws.
    """
    values = beliefs.draw(count, seed)
    place = {path: number for number, path in enumerate(beliefs.paths)}
    networks, clashes = [], []
    for row in values:
        drawn = {path: float(row[number]) for path, number in place.items()}
        network, problems = compile_leniently(_with_values(spec, drawn))
        networks.append(network)
        clashes.append(problems)
    return Draws(tuple(networks), read_only(clashes))


def sample_posteriors(
    draws: Draws, likelihoods: Mapping[str, Array], causes: Sequence[str], engine: Engine
) -> Sampled:
    """Posteriors of some causes in each draw, weighted by how probable the evidence is in it.

    Raises
    ------
    EngineError
        The evidence is impossible in every draw, or too wide for the engine.
    """
    names = tuple(causes)
    logs = np.full(len(draws.networks), -np.inf)
    probability = np.zeros([len(draws.networks), len(names)])
    for number, network in enumerate(draws.networks):
        answer = engine.answer(network, likelihoods, names)
        logs[number] = answer.log_evidence
        for column, name in enumerate(names):
            if answer.marginals:
                probability[number, column] = answer.marginals[name][1:].sum()
    if not np.isfinite(logs.max()):
        raise EngineError("The evidence is impossible in every draw.", [])
    weights = np.exp(logs - logs.max())
    return Sampled(names, read_only(probability), read_only(weights / weights.sum()))


def _with_values(spec: ModelSpec, values: Mapping[Path, float]) -> ModelSpec:
    """The model with all of some numbers changed, in one walk."""
    changed: ModelSpec = _change(spec, (), values)
    return changed


def _change(node: Any, path: Path, values: Mapping[Path, float]) -> Any:
    if isinstance(node, Estimate):
        duration = None if node.duration is None else _change(node.duration, (*path, "duration"), values)
        value = values.get(path, node.value)
        return (
            node
            if value == node.value and duration is node.duration
            else replace(node, value=value, duration=duration)
        )
    if isinstance(node, dict):
        return {key: _change(part, (*path, key), values) for key, part in node.items()}
    if isinstance(node, tuple):
        return tuple(_change(part, (*path, index), values) for index, part in enumerate(node))
    if is_dataclass(node) and not isinstance(node, type):
        changed = dict(_changed_parts(node, path, values))
        return replace(node, **changed) if changed else node
    return node


# Sections whose numbers no network is made of.
_WITHOUT_NUMBERS = frozenset(
    {"model", "references", "facts", "care_levels", "triage_rules", "steps", "decision"}
)


def _changed_parts(node: Any, path: Path, values: Mapping[Path, float]) -> Iterator[tuple[str, Any]]:
    for each in fields(node):
        part = getattr(node, each.name)
        if (
            isinstance(part, str | int | float | bool)
            or part is None
            or (not path and each.name in _WITHOUT_NUMBERS)
        ):
            continue
        new = _change(part, (*path, each.name), values)
        if new is not part:
            yield each.name, new
