"""How the numbers of a compiled network depend on the published estimates that they were compiled from.

An estimate enters the network in up to two ways: directly, as the number that it is, and through what the
compiler *solves* so that a published figure comes out (the leak behind a prevalence, the intercept of a
`log_linear`, the risk of the unexposed behind an odds ratio). What is solved depends on everything above it,
by the implicit function theorem: for a constraint F = 0 with solution s

    ds = - (sum of dF/dnumber dnumber + dF/destimate destimate) / (dF/ds),

and dF/dnumber are slopes of probabilities of the network without evidence, which the exact engine gives.
Nothing is found by finite differences.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from twitchdx.engines import Condition, Hypothesis, Slopes
from twitchdx.network import Network, NoisyMax, Table, joint, numbers_of
from twitchdx.numerics import Array, read_only
from twitchdx.spec import (
    ROLE_OF_SECTION,
    Categorical,
    Deterministic,
    Estimate,
    LogLinear,
    ModelSpec,
    NoisyOr,
    Variable,
    distribution_of,
    parents_of,
    walk_estimates,
)
from twitchdx.spec import NoisyMax as NoisyMaxSpec
from twitchdx.spec import Table as TableSpec

Path = tuple[str | int, ...]


class Differentiating(Protocol):
    """An engine that knows slopes."""

    def differentiate(
        self,
        network: Network,
        likelihoods: Mapping[str, Array],
        hypotheses: Sequence[Hypothesis],
    ) -> Slopes | None:
        """See `ExactEngine.differentiate`."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Jacobian:
    """Derivatives of all numbers of a network by all estimates of its model.

    d numbers = D d estimates + A d solved, d solved = B d estimates, with D and A sparse.

    Attributes
    ----------
    paths : tuple of tuple
        The estimates, in the order of the columns.
    """

    paths: tuple[Path, ...]
    _direct: Sparse
    _through: Sparse
    _solved: Array

    def by_estimate(self, by_number: Array) -> Array:
        """Slopes by every estimate, shape (H, P), from slopes by every number, shape (H, N)."""
        direct = self._direct.apply(by_number)
        return direct + self._through.apply(by_number) @ self._solved if len(self._solved) else direct


@dataclass(frozen=True, slots=True, eq=False)
class Sparse:
    """A sparse matrix of numbers by something else, column after column."""

    rows: NDArray[np.intp]
    values: Array
    starts: NDArray[np.intp]  # of the columns that are not empty
    columns: NDArray[np.intp]
    width: int

    @classmethod
    def of(cls, entries: Sequence[tuple[int, int, float]], width: int) -> Sparse:
        """From triples of row, column and value."""
        if not entries:
            none = np.zeros(0, dtype=np.intp)
            return cls(none, np.zeros(0), none, none, width)
        rows, columns, values = (np.array(each) for each in zip(*entries, strict=True))
        order = np.argsort(columns, kind="stable")
        columns = columns[order].astype(np.intp)
        starts = np.flatnonzero(np.r_[True, np.diff(columns) > 0])
        return cls(
            rows[order].astype(np.intp), values[order].astype(np.float64), starts, columns[starts], width
        )

    def apply(self, left: Array) -> Array:
        """The product left @ self, for left of shape (H, N)."""
        result = np.zeros([self.width, len(left)])
        if len(self.rows):
            # Row after row of the transpose: each is read and written in one piece.
            taken = np.ascontiguousarray(left.T)[self.rows]
            taken *= self.values[:, None]
            result[self.columns] = np.add.reduceat(taken, self.starts, axis=0)
        return result.T


@dataclass(slots=True)
class _Constraint:
    """What determines one solved quantity.

    F = sum over `terms` of weight * P(hypothesis), plus what depends on estimates and on itself directly.
    """

    terms: list[tuple[int, float]]  # hypothesis, weight
    by_estimate: list[tuple[int, float]]
    by_itself: float = 0.0


@dataclass(slots=True)
class _Build:
    """The Jacobian while it grows, node after node."""

    spec: ModelSpec
    network: Network
    estimate: dict[Path, int] = field(default_factory=dict)
    direct: list[tuple[int, int, float]] = field(default_factory=list)
    through: list[tuple[int, int, float]] = field(default_factory=list)
    constraints: list[_Constraint] = field(default_factory=list)
    hypotheses: list[Condition] = field(default_factory=list)

    def suppose(self, name: str, states: Sequence[int]) -> int:
        """A hypothesis, by its number."""
        self.hypotheses.append(Condition(name, tuple(states)))
        return len(self.hypotheses) - 1

    def value_of(self, path: Path, estimate: Estimate) -> list[tuple[int, float]]:
        """What the probability that an estimate stands for depends on: estimates and slopes."""
        found = [(self.estimate[path], 1.0)]
        if estimate.form == "incidence" and estimate.duration is not None:
            found = [
                (self.estimate[path], estimate.duration.value),
                (self.estimate[(*path, "duration")], estimate.value),
            ]
        return found

    def constrain(self, constraint: _Constraint) -> int:
        self.constraints.append(constraint)
        return len(self.constraints) - 1


def differentiate_compilation(spec: ModelSpec, network: Network, engine: Differentiating) -> Jacobian | None:
    """How the numbers of a network depend on the estimates of its model.

    Parameters
    ----------
    spec : ModelSpec
        The model.
    network : Network
        What it compiles to.
    engine : Differentiating
        Gives slopes.

    Returns
    -------
    Jacobian or None
        None where the engine has no slopes.
    """
    build = _Build(spec, network)
    paths = tuple(path for path, _ in walk_estimates(spec) if "distribution" in path)
    build.estimate = {path: number for number, path in enumerate(paths)}
    place = {}
    for section in ROLE_OF_SECTION:
        for name, variable in getattr(spec, section).items():
            place[name] = ((section, name, "distribution"), variable)
    first = 0
    for name, node in network.items():  # parents before children
        path, variable = place[name]
        _differentiate_node(build, name, path, variable, first)
        first += sum(each.size for each in numbers_of(node.mechanism))
    through = Sparse.of(build.through, len(build.constraints))
    direct = Sparse.of(build.direct, len(paths))
    solved = np.zeros([len(build.constraints), len(paths)])
    if build.constraints:
        by_number = _slopes_without_evidence(build, engine)
        if by_number is None:
            return None
        _solve(build, by_number, direct, through, solved)
    return Jacobian(paths, direct, through, read_only(solved))


def _slopes_without_evidence(build: _Build, engine: Differentiating) -> Array | None:
    """Slopes of P(hypothesis) by every number, a row a hypothesis.

    Variable after variable: then only what lies above it is looked at.
    """
    rows: list[Array] = [np.zeros(0)] * len(build.hypotheses)
    about: dict[str, list[int]] = {}
    for number, each in enumerate(build.hypotheses):
        about.setdefault(each.variable, []).append(number)
    for numbers in about.values():
        slopes = engine.differentiate(build.network, {}, [[build.hypotheses[number]] for number in numbers])
        if slopes is None:
            return None
        masses = np.exp(slopes.log_mass[1:, None])
        for number, row in zip(numbers, slopes.by_number[1:] * masses, strict=True):
            rows[number] = row
    return np.stack(rows)


def _solve(build: _Build, by_number: Array, direct: Sparse, through: Sparse, solved: Array) -> None:
    """Fill in the derivatives of what is solved, in an order in which each depends on earlier ones only."""
    weights = np.zeros([len(build.constraints), len(by_number)])
    for number, each in enumerate(build.constraints):
        for hypothesis, weight in each.terms:
            weights[number, hypothesis] += weight
    slopes = weights @ by_number
    by_direct, by_solved = direct.apply(slopes), through.apply(slopes)
    for number, each in enumerate(build.constraints):
        row = by_direct[number]
        for estimate, slope in each.by_estimate:
            row[estimate] += slope
        row = row + by_solved[number, :number] @ solved[:number]
        solved[number] = -row / (by_solved[number, number] + each.by_itself)


def _differentiate_node(build: _Build, name: str, path: Path, variable: Variable, first: int) -> None:
    kind = distribution_of(variable)
    if isinstance(kind, Categorical):
        where = (*path, "categorical", "probabilities")
        _row(build, where, variable, kind.probabilities, [first])
    elif isinstance(kind, TableSpec):
        _table(build, path, variable, kind, first)
    elif isinstance(kind, LogLinear):
        _log_linear(build, name, path, variable, kind, first)
    elif isinstance(kind, NoisyOr | NoisyMaxSpec):
        _Noisy(build, name, path, variable, kind, first).run()
    else:
        assert isinstance(kind, Deterministic)


def _row(
    build: _Build, path: Path, variable: Variable, given: Mapping[str, Estimate], cells: Sequence[int]
) -> None:
    """One distribution, in every cell that has it: the state that is left out gets the rest."""
    states = list(variable.states)
    (rest,) = (index for index, state in enumerate(states) if state not in given)
    for state, estimate in given.items():
        for number, slope in build.value_of((*path, state), estimate):
            for cell in cells:
                build.direct.append((cell + states.index(state), number, slope))
                build.direct.append((cell + rest, number, -slope))


def _table(build: _Build, path: Path, variable: Variable, kind: TableSpec, first: int) -> None:
    parents = parents_of(variable)
    shape = [build.network.cardinality(parent) for parent in parents]
    cells = first + np.arange(int(np.prod(shape))).reshape(shape) * len(variable.states)
    for index, row in enumerate(kind.rows):
        if row.probabilities is None:
            continue
        chosen = [
            [
                k
                for k, state in enumerate(build.network[parent].states)
                if state in row.when.get(parent, (state,))
            ]
            for parent in parents
        ]
        covered = cells[np.ix_(*chosen)].ravel().tolist() if parents else [first]
        _row(build, (*path, "table", "rows", index, "probabilities"), variable, row.probabilities, covered)


def _log_linear(
    build: _Build, name: str, path: Path, variable: Variable, kind: LogLinear, first: int
) -> None:
    here = (*path, "log_linear")
    mechanism = build.network[name].mechanism
    assert isinstance(mechanism, Table)
    values = mechanism.values.reshape(-1, len(variable.states))
    present = values[:, 1:].sum(axis=1)
    total = sum(
        each.value * (each.duration.value if each.duration is not None else 1.0)
        for each in kind.marginal.values()
    )
    if total <= 0.0:
        return
    share = np.array(
        [
            each.value * (each.duration.value if each.duration is not None else 1.0) / total
            for each in kind.marginal.values()
        ]
    )
    odds = any(each.form == "odds_ratio" for below in kind.modifiers.values() for each in below.values())
    # d present / d log of the intercept, or of the product of the ratios
    slope = present * (1.0 - present) if odds else present
    by_marginal = [
        (number, by)
        for state, each in kind.marginal.items()
        for number, by in build.value_of((*here, "marginal", state), each)
    ]
    hypothesis = build.suppose(name, range(1, len(variable.states)))
    intercept = build.constrain(
        _Constraint([(hypothesis, 1.0)], [(number, -by) for number, by in by_marginal])
    )
    states = list(kind.marginal)
    for cell in range(len(values)):
        at = first + cell * len(variable.states)
        _spread(build.through, at, intercept, slope[cell], share)
        for j, state in enumerate(states):
            for number, by in build.value_of((*here, "marginal", state), kind.marginal[state]):
                for k in range(len(states)):
                    change = present[cell] * (float(j == k) - share[k]) / total * by
                    build.direct.append((at + 1 + k, number, change))
    for parent, state, estimate in _modifiers(kind):
        number = build.estimate[(*here, "modifiers", parent, state)]
        for cell in _cells_with(build.network, mechanism.parents, parent, state):
            _spread(
                build.direct, first + cell * len(variable.states), number, slope[cell] / estimate.value, share
            )


def _spread(entries: list[tuple[int, int, float]], at: int, column: int, slope: float, share: Array) -> None:
    """P(any state but the first) rises by `slope`, in stated shares."""
    entries.append((at, column, -slope))
    entries.extend((at + 1 + k, column, slope * each) for k, each in enumerate(share.tolist()))


def _modifiers(kind: LogLinear) -> Iterator[tuple[str, str, Estimate]]:
    for parent, below in kind.modifiers.items():
        for state, estimate in below.items():
            yield parent, state, estimate


def _cells_with(network: Network, parents: Sequence[str], parent: str, state: str) -> list[int]:
    shape = [network.cardinality(each) for each in parents]
    axis = list(parents).index(parent)
    chosen = np.indices(shape)[axis].ravel() == network[parent].states.index(state)
    found: list[int] = np.flatnonzero(chosen).tolist()
    return found


class _Noisy:
    """A noisy node: cumulative quantities, each a function of estimates and of what is solved."""

    def __init__(
        self,
        build: _Build,
        name: str,
        path: Path,
        variable: Variable,
        kind: NoisyOr | NoisyMaxSpec,
        first: int,
    ) -> None:
        mechanism = build.network[name].mechanism
        assert isinstance(mechanism, NoisyMax)
        self.build, self.name, self.kind, self.mechanism = build, name, kind, mechanism
        self.states = tuple(variable.states)
        self.grades = self.states[1:]
        self.path = (*path, "noisy_or" if isinstance(kind, NoisyOr) else "noisy_max")
        self.part: dict[str, int] = {}
        at = first
        for parent, reach in zip(mechanism.producers, mechanism.reach, strict=True):
            self.part[parent] = at
            at += len(reach) * len(self.states)
        self.passes: dict[str, int] = {}
        for parent, each in zip(mechanism.inhibitors, mechanism.passes, strict=True):
            self.passes[parent] = at
            at += len(each)
        self.leak_at = at

    def run(self) -> None:
        for parent, below in self.kind.inhibitors.items():
            states = self.build.network[parent].states
            for state in below:
                number = self.build.estimate[(*self.path, "inhibitors", parent, state)]
                self.build.direct.append((self.passes[parent] + states.index(state), number, 1.0))
        for g, grade in enumerate(self.grades):
            self.grade(g, grade)

    def grade(self, g: int, grade: str) -> None:
        leak, leak_path = self.leak(grade)
        ratios: dict[str, list[tuple[str, Path, Estimate]]] = {}
        sensitivities = []
        for parent, state, place, estimate in self.links(grade):
            if estimate.form == "sensitivity":
                sensitivities.append((parent, state, place, estimate))
            elif estimate.form == "link":
                self.move(self.build.direct, self.cell(parent, state), g, self.build.estimate[place], 1.0)
            else:
                ratios.setdefault(parent, []).append((state, place, estimate))
        for parent, exposed in ratios.items():
            assert leak is not None
            self.ratios(g, parent, exposed, leak, leak_path)
        if leak is None:
            return
        entries, column = self.leak_column(g, leak, leak_path)
        self.move(entries, self.leak_at, g, column, 1.0)
        value = float(self.mechanism.leak[g])
        for parent, state, place, estimate in sensitivities:
            cell = self.cell(parent, state)
            self.move(self.build.direct, cell, g, self.build.estimate[place], 1.0 / (1.0 - value))
            self.move(entries, cell, g, column, -(1.0 - estimate.value) / (1.0 - value) ** 2)

    def leak_column(self, g: int, leak: Estimate, path: Path) -> tuple[list[tuple[int, int, float]], int]:
        """The leak as an estimate, or as what its prevalence makes it."""
        number = self.build.estimate[path]
        if leak.form != "prevalence":
            return self.build.direct, number
        hypothesis = self.build.suppose(self.name, range(g + 1, len(self.states)))
        return self.build.through, self.build.constrain(_Constraint([(hypothesis, 1.0)], [(number, -1.0)]))

    def ratios(
        self,
        g: int,
        parent: str,
        exposed: Sequence[tuple[str, Path, Estimate]],
        leak: Estimate,
        leak_path: Path,
    ) -> None:
        """Links from ratios, by way of p0, the risk of the unexposed."""
        build = self.build
        states = build.network[parent].states
        odds = exposed[0][2].form == "odds_ratio"
        shares = joint(build.network, [parent])
        index = [states.index(state) for state, _, _ in exposed]
        f = np.array([float(shares[k]) for k in index])
        r = np.array([estimate.value for _, _, estimate in exposed])
        reach = self.mechanism.reach[self.mechanism.producers.index(parent)][index, g]
        p0 = _unexposed(f, r, reach, leak.value, odds=odds)
        p, by_p0, by_r = _risk(p0, r, odds=odds)
        terms = [(build.suppose(parent, [k]), each) for k, each in zip(index, (p - p0).tolist(), strict=True)]
        by_estimate = [(build.estimate[leak_path], -1.0)]
        by_estimate += [
            (build.estimate[place], each)
            for (_, place, _), each in zip(exposed, (f * by_r).tolist(), strict=True)
        ]
        risk = build.constrain(_Constraint(terms, by_estimate, 1.0 - f.sum() + float(f @ by_p0)))
        for (state, place, _), one, a, b in zip(
            exposed, p.tolist(), by_p0.tolist(), by_r.tolist(), strict=True
        ):
            cell = self.cell(parent, state)
            self.move(build.direct, cell, g, build.estimate[place], b / (1.0 - p0))
            self.move(build.through, cell, g, risk, a / (1.0 - p0) - (1.0 - one) / (1.0 - p0) ** 2)

    def leak(self, grade: str) -> tuple[Estimate | None, Path]:
        if isinstance(self.kind, NoisyOr):
            return self.kind.leak, (*self.path, "leak")
        return self.kind.leak.get(grade), (*self.path, "leak", grade)

    def links(self, grade: str) -> Iterator[tuple[str, str, Path, Estimate]]:
        for parent, below in self.kind.links.items():
            for state, entry in below.items():
                place = (*self.path, "links", parent, state)
                if isinstance(entry, Estimate):
                    yield parent, state, place, entry
                elif grade in entry:
                    yield parent, state, (*place, grade), entry[grade]

    def cell(self, parent: str, state: str) -> int:
        """Where the contributions of a parent in a state begin."""
        return self.part[parent] + self.build.network[parent].states.index(state) * len(self.states)

    def move(
        self, entries: list[tuple[int, int, float]], cell: int, g: int, column: int, slope: float
    ) -> None:
        """P(contribution >= grade g + 1) rises by `slope`: mass goes from the class below to this one."""
        entries.append((cell + g + 1, column, slope))
        entries.append((cell + g, column, -slope))


def _risk(p0: float, r: Array, *, odds: bool) -> tuple[Array, Array, Array]:
    """Risks of the exposed, and their derivatives by that of the unexposed and by the ratios."""
    if not odds:
        return r * p0, r, np.full_like(r, p0)
    below = 1.0 - p0 + r * p0
    return r * p0 / below, r / below**2, p0 * (1.0 - p0) / below**2


def _unexposed(f: Array, r: Array, reach: Array, prevalence: float, *, odds: bool) -> float:
    """The risk of the unexposed, from the link that was made of it: w = (p1 - p0) / (1 - p0)."""
    if not odds:
        return prevalence / float(1.0 - f.sum() + f @ r)
    # w = p0 (r - 1) / (1 - p0 + r p0), so that p0 = w / ((r - 1) (1 - w)); a ratio of 1 tells nothing.
    telling = int(np.argmax(np.abs(np.log(r))))
    if r[telling] == 1.0:
        return prevalence
    w = float(reach[telling])
    return w / ((float(r[telling]) - 1.0) * (1.0 - w))
