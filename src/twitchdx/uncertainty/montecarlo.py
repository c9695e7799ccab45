"""How sure an answer is, by drawing all numbers of the model: the check on intervals to first order.

Draws weigh as much as they make the evidence probable: a draw that makes what was observed all but impossible
says little about this patient, and counting it fully inflates rare posteriors manyfold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Literal, get_args

import numpy as np

from twitchdx.engines import Engine
from twitchdx.errors import EngineError, Issue, OptionError, UnknownNameError, Where, suggest_labelled
from twitchdx.network import Network, compile_leniently
from twitchdx.numerics import Array, read_only
from twitchdx.spec import Estimate, ModelSpec
from twitchdx.tables import Column, Records, Tabled, spoken_interval, spoken_probability
from twitchdx.uncertainty.beliefs import Beliefs
from twitchdx.uncertainty.spread import central

Path = tuple[str | int, ...]
Quantity = Literal["probability", "responsibility"]


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
    seed : int
        Where the generator began.
    """

    networks: tuple[Network, ...]
    clashes: Array
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnCause:
    """One cause over the draws."""

    cause: str
    """Name of the cause."""
    label: str
    """What to call it."""
    mean: float
    """P(cause not absent | evidence), averaged over what is believed of the numbers."""
    interval: tuple[float, float]
    """Its central 95 % interval."""
    responsibility_mean: float | None
    """The same of the responsibility; None where that was not asked for."""
    responsibility_interval: tuple[float, float] | None
    """Its central 95 % interval."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Sampled(Tabled):
    """Probabilities of some causes over draws of all numbers.

    Attributes
    ----------
    causes, labels : tuple of str
        The causes, C of them, and what to call them.
    probability : float64 array, shape (draws, C)
        P(cause not absent | evidence) in each draw.
    responsibility : float64 array, shape (draws, C), or None
        Responsibilities in each draw, where they were asked for and there is a complaint to explain.
    weights : float64 array, shape (draws,)
        Proportional to P(evidence) in each draw; they sum to 1.
    seed : int
        The seed of the draws.
    """

    causes: tuple[str, ...]
    labels: tuple[str, ...]
    probability: Array
    responsibility: Array | None
    weights: Array
    seed: int

    @property
    def effective_draws(self) -> float:
        """How many equally weighted draws these are worth: 1 / sum of the squared weights."""
        return float(1.0 / (self.weights**2).sum())

    def interval(self, cause: str, share: float = 0.95, of: Quantity = "probability") -> tuple[float, float]:
        """Central interval of P(cause not absent | evidence), or of the responsibility."""
        return central(self._drawn(cause, of), self.weights, share)

    def mean(self, cause: str, of: Quantity = "probability") -> float:
        """P(cause not absent | evidence), or the responsibility, averaged over what is believed."""
        return float(self.weights @ self._drawn(cause, of))

    def chance_above(self, cause: str, other: str, of: Quantity = "probability") -> float:
        """The probability that one cause is more probable than another, or explains more."""
        self._require_causes((cause, other))
        a, b = (self._drawn(each, of) for each in (cause, other))
        return min(float(self.weights @ (a > b) + 0.5 * (self.weights @ (a == b))), 1.0)

    def _drawn(self, cause: str, of: Quantity) -> Array:
        drawn = self.probability if of == "probability" else self.responsibility
        if drawn is None or of not in get_args(Quantity):
            found = "it was not asked for." if of == "responsibility" else f"found {of!r}."
            fix = 'Sample with `responsibilities=True`, or give `of="probability"`.'
            issue = Issue("error", "wrong-option", Where("of"), found, fix)
            raise OptionError("An option cannot be understood.", [issue])
        self._require_causes((cause,))
        return drawn[:, self.causes.index(cause)]

    def _require_causes(self, names: Iterable[object]) -> None:
        """That all of these were sampled, or the error that names those that were not."""
        spoken = {cause: (label,) for cause, label in zip(self.causes, self.labels, strict=True)}
        issues = [
            Issue(
                "error",
                "unknown-cause",
                Where(str(name)),
                f"there is no cause {name!r}.",
                suggest_labelled(str(name), spoken),
            )
            for name in names
            if name not in self.causes
        ]
        if issues:
            raise UnknownNameError("The cause is not known.", issues)

    def to_dict(self) -> dict[str, Any]:
        """Everything that it holds as plain data."""
        return {
            "causes": self.causes,
            "labels": self.labels,
            "probability": self.probability.tolist(),
            "responsibility": None if self.responsibility is None else self.responsibility.tolist(),
            "weights": self.weights.tolist(),
            "seed": self.seed,
        }

    def _title(self) -> str:
        return (
            f"Posteriors in {len(self.weights)} models with drawn numbers (seed {self.seed}), weighted by "
            f"how probable they make the evidence; worth {self.effective_draws:.0f} draws of equal weight"
        )

    def _drawn_causes(self) -> list[DrawnCause]:
        explained = self.responsibility is not None
        found = [
            DrawnCause(
                cause=cause,
                label=label,
                mean=self.mean(cause),
                interval=self.interval(cause),
                responsibility_mean=self.mean(cause, "responsibility") if explained else None,
                responsibility_interval=self.interval(cause, of="responsibility") if explained else None,
            )
            for cause, label in zip(self.causes, self.labels, strict=True)
        ]
        return sorted(found, key=lambda each: -each.mean)

    def _columns(self) -> list[Column]:
        rows = self._drawn_causes()
        columns: list[Column] = [
            ("cause", [each.label for each in rows], str),
            ("mean", [each.mean for each in rows], spoken_probability),
            ("95 % interval", [each.interval for each in rows], spoken_interval),
        ]
        if self.responsibility is not None:
            explains = [each.responsibility_mean for each in rows]
            around = [each.responsibility_interval for each in rows]
            columns.append(("explains it", explains, spoken_probability))
            columns.append(("its 95 % interval", around, spoken_interval))
        return columns

    def _records(self) -> Records:
        return Records((DrawnCause,), [(each,) for each in self._drawn_causes()])


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
    return Draws(tuple(networks), read_only(clashes), seed)


def sample_posteriors(
    draws: Draws,
    likelihoods: Mapping[str, Array],
    causes: Mapping[str, str],
    engine: Engine,
    explain: Callable[[Network], Mapping[str, float]] | None = None,
) -> Sampled:
    """Posteriors of some causes in each draw, weighted by how probable the evidence is in it.

    Parameters
    ----------
    draws : Draws
        The networks.
    likelihoods : mapping of str to float64 array
        The evidence.
    causes : mapping of str to str
        The causes, with what to call them.
    engine : Engine
        Computes the posteriors.
    explain : callable, optional
        Gives the responsibilities of the causes in a network.

    Raises
    ------
    EngineError
        The evidence is impossible in every draw, or too wide for the engine.
    """
    names = tuple(causes)
    logs = np.full(len(draws.networks), -np.inf)
    probability = np.zeros([len(draws.networks), len(names)])
    responsibility = np.zeros_like(probability)
    for number, network in enumerate(draws.networks):
        answer = engine.answer(network, likelihoods, names)
        logs[number] = answer.log_evidence
        for column, name in enumerate(names):
            if answer.marginals:
                probability[number, column] = answer.marginals[name][1:].sum()
        if explain is not None and answer.marginals:
            responsibility[number] = [*explain(network).values()]
    if not np.isfinite(logs.max()):
        raise EngineError("The evidence is impossible in every draw.", [])
    weights = np.exp(logs - logs.max())
    return Sampled(
        names,
        tuple(causes.values()),
        read_only(probability),
        None if explain is None else read_only(responsibility),
        read_only(weights / weights.sum()),
        draws.seed,
    )


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
