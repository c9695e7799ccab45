"""How much each number of a model moves its answers: which judgements matter, and which do not."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twitchdx.checks import form_of
from twitchdx.engines import DEFAULT_ENGINE, UNOBSERVED, Engine, Rows, get_engine
from twitchdx.errors import ModelError
from twitchdx.evidence import Evidence, parse_evidence
from twitchdx.model import Model
from twitchdx.network import Network, recompile
from twitchdx.numerics import Array
from twitchdx.spec import (
    Estimate,
    Form,
    Grade,
    ModelSpec,
    Variable,
    replace_estimates,
    walk_estimates,
)

Path = tuple[str | int, ...]

# Numbers that cannot exceed 1 move in odds, the others in ratio.
_BOUNDED: frozenset[Form] = frozenset({"probability", "link", "sensitivity", "prevalence", "multiplier"})
_FACTOR = 2.0
# A change that the rest of the model cannot take (a leak would be negative) is tried again in smaller steps.
_FRACTIONS = (1.0, 0.5, 0.25, 0.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Influence:
    """What one number does to the answers for some patients.

    Attributes
    ----------
    path : str
        Its place in the model; of a shared number, its place in the section `shared`.
    grade : str
        Strength of its source.
    value, low, high : float
        The number and its 95 % interval; None where only a sample size is given.
    note : str
        Rationale or definition.
    shift : float
        Mean over the patients of the largest change of any cause's probability when the odds of the number
        (the number itself, where it is no probability) are doubled or halved: how much the answers rest
        on it.
    swing : float
        The same for the ends of its own interval: how much its stated uncertainty moves the answers.
    cause, patient : str
        Where the swing (without an interval, the shift) is largest.
    """

    path: str
    grade: Grade
    value: float
    low: float | None
    high: float | None
    note: str
    shift: float
    swing: float
    cause: str
    patient: str


def measure_influence(
    model: Model, patients: Mapping[str, Mapping[str, Any]], *, engine: str | Engine = DEFAULT_ENGINE
) -> tuple[Influence, ...]:
    """The influence of every number that the network is made of, the largest swing first.

    Each number is changed by itself, the model compiled anew, and every patient answered again. Where the
    other numbers do not allow a change (a published prevalence would be exceeded), a smaller one in the same
    direction stands for it.

    Parameters
    ----------
    model : Model
        A model with roles.
    patients : mapping of str to mapping
        Name -> evidence.
    engine : str or Engine, optional
        Computes the posteriors.

    Returns
    -------
    tuple of Influence
        One for every number whose grade is not `definition`; a shared one is changed in all places at once.
    """
    spec = model.spec
    if spec is None or not patients:
        return ()
    panel = _Panel(model, spec, patients, get_engine(engine))
    found = [panel.measure(places, estimate) for places, estimate in _numbers_of_network(spec)]
    return tuple(sorted(found, key=lambda each: (-each.swing, -each.shift)))


def _numbers_of_network(spec: ModelSpec) -> Iterator[tuple[list[Path], Estimate]]:
    """Each number with all places where it stands."""
    places: dict[Path | str, list[Path]] = {}
    numbers: dict[Path | str, Estimate] = {}
    for path, estimate in walk_estimates(spec):
        if "distribution" in path and estimate.grade != "definition":
            key = estimate.shared or path
            places.setdefault(key, []).append(path)
            numbers[key] = estimate
    for key, estimate in numbers.items():
        yield places[key], estimate


class _Panel:
    """Some patients, and a model whose numbers are changed one at a time."""

    def __init__(
        self, model: Model, spec: ModelSpec, patients: Mapping[str, Mapping[str, Any]], engine: Engine
    ) -> None:
        variables = {name: variable for name, (_, variable) in spec.variables().items()}
        self.names = tuple(patients)
        self.causes = tuple(spec.causes)
        self.spec = spec
        self.network = model.network
        self.engine = engine
        self.rows = _rows([parse_evidence(each, variables) for each in patients.values()], variables)
        self.base = self.present(model.network)

    def present(self, network: Network) -> Array:
        """P(cause not absent | evidence), shape (B, C)."""
        marginals = self.engine.answer_many(network, self.rows, self.causes).marginals
        return np.stack([marginals[cause][:, 1:].sum(axis=1) for cause in self.causes], axis=1)

    def measure(self, places: list[Path], estimate: Estimate) -> Influence:
        moved = [_moved(places[0], estimate, factor) for factor in (_FACTOR, 1.0 / _FACTOR)]
        shift = self.change(places, estimate, moved)
        ends = [end for end in (estimate.low, estimate.high) if end is not None and end != estimate.value]
        swing = self.change(places, estimate, ends)
        widest = swing if ends else shift
        patient, cause = np.unravel_index(int(widest.argmax()), widest.shape)
        return Influence(
            path=f"shared.{estimate.shared}" if estimate.shared else ".".join(map(str, places[0])),
            grade=estimate.grade,
            value=estimate.value,
            low=estimate.low,
            high=estimate.high,
            note=estimate.note,
            shift=float(shift.max(axis=1).mean()),
            swing=float(swing.max(axis=1).mean()),
            cause=self.causes[cause],
            patient=self.names[patient],
        )

    def change(self, places: list[Path], estimate: Estimate, values: list[float]) -> Array:
        """The larger change of each posterior, shape (B, C), when the number takes one of some values."""
        largest = np.zeros_like(self.base)
        for value in values:
            np.maximum(largest, np.abs(self.answer(places, estimate, value) - self.base), out=largest)
        return largest

    def answer(self, places: list[Path], estimate: Estimate, value: float) -> Array:
        for fraction in _FRACTIONS:
            near = estimate.value + fraction * (value - estimate.value)
            # Only the value counts for the network; the interval need not hold it.
            moved = replace(estimate, value=near)
            changed = replace_estimates(self.spec, dict.fromkeys(places, moved))
            try:
                return self.present(recompile(changed, self.spec, self.network))
            except ModelError:
                continue
        return self.base


def _moved(path: Path, estimate: Estimate, factor: float) -> float:
    """The number with its odds, or itself, multiplied."""
    if form_of(path, estimate) not in _BOUNDED:
        return estimate.value * factor
    value = estimate.value
    return value * factor / (1.0 - value + value * factor)


def _rows(evidence: list[Evidence], variables: Mapping[str, Variable]) -> Rows:
    """The evidence of all patients as engines take it."""
    names = tuple(name for name in variables if any(name in each for each in evidence))
    codes: NDArray[np.int32] = np.full((len(evidence), len(names)), UNOBSERVED, dtype=np.int32)
    soft: list[list[tuple[float, ...]]] = [[] for _ in names]
    for row, each in enumerate(evidence):
        for column, name in enumerate(names):
            if name not in each:
                continue
            observation = each[name]
            if observation.state is not None:
                codes[row, column] = tuple(variables[name].states).index(observation.state)
            else:
                codes[row, column] = UNOBSERVED - 1 - len(soft[column])
                soft[column].append(observation.likelihood)
    likelihoods = tuple(
        np.array(vectors, dtype=np.float64).reshape(len(vectors), len(variables[name].states))
        for name, vectors in zip(names, soft, strict=True)
    )
    return Rows(names, codes, likelihoods)


def better_than_judgement(found: tuple[Influence, ...]) -> tuple[float, float]:
    """The share of numbers that rest on something better than judgement: plain, and weighted by `shift`.

    Returns
    -------
    plain, weighted : float
        Weighted is 0 where no number moves anything.
    """
    sound = [each for each in found if each.grade != "judgement"]
    total = math.fsum(each.shift for each in found)
    plain = len(sound) / len(found) if found else 0.0
    return plain, math.fsum(each.shift for each in sound) / total if total > 0.0 else 0.0
