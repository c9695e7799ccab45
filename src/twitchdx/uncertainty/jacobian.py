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
from dataclasses import dataclass

import numpy as np

from twitchdx.engines import Differentiating, Sparse
from twitchdx.network import Network, Table, count_numbers
from twitchdx.numerics import Array
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
from twitchdx.uncertainty.building import Build, Constraint, Path
from twitchdx.uncertainty.noisy_slopes import NoisySlopes


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
    _solved: Sparse

    def by_estimate(self, by_number: Array) -> Array:
        """Slopes by every estimate, shape (H, P), from slopes by every number, shape (H, N)."""
        return self._direct.apply(by_number) + self._solved.apply(self._through.apply(by_number))

    def then(self, moves: Sparse) -> Jacobian:
        """By what moves the estimates, instead of by them: `paths` has no meaning then."""
        return Jacobian((), self._direct.then(moves), self._through, self._solved.then(moves))


def differentiate_compilation(spec: ModelSpec, network: Network, engine: Differentiating) -> Jacobian:
    """How the numbers of a network depend on the estimates of its model.

    Parameters
    ----------
    spec : ModelSpec
        The model.
    network : Network
        What it compiles to.
    engine : Differentiating
        Gives slopes.
    """
    build = Build(spec, network)
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
        first += count_numbers(node.mechanism)
    through = Sparse.of(build.through, len(build.constraints))
    direct = Sparse.of(build.direct, len(paths))
    solved = np.zeros([len(build.constraints), len(paths)])
    if build.constraints:
        _solve(build, _slopes_without_evidence(build, engine), direct, through, solved)
    entries = [(int(row), int(column), float(solved[row, column])) for row, column in np.argwhere(solved)]
    return Jacobian(paths, direct, through, Sparse.of(entries, len(paths)))


def _slopes_without_evidence(build: Build, engine: Differentiating) -> Array:
    """Slopes of P(hypothesis) by every number, a row a hypothesis.

    Variable after variable: then only what lies above it is looked at.
    """
    rows: list[Array] = [np.zeros(0)] * len(build.hypotheses)
    about: dict[str, list[int]] = {}
    for number, each in enumerate(build.hypotheses):
        about.setdefault(each.variable, []).append(number)
    for numbers in about.values():
        slopes = engine.differentiate(build.network, {}, [[build.hypotheses[number]] for number in numbers])
        masses = np.exp(slopes.log_mass[1:, None])
        for number, row in zip(numbers, slopes.by_number[1:] * masses, strict=True):
            rows[number] = row
    return np.stack(rows)


def _solve(build: Build, by_number: Array, direct: Sparse, through: Sparse, solved: Array) -> None:
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


def _differentiate_node(build: Build, name: str, path: Path, variable: Variable, first: int) -> None:
    kind = distribution_of(variable)
    if isinstance(kind, Categorical):
        where = (*path, "categorical", "probabilities")
        _row(build, where, variable, kind.probabilities, [first])
    elif isinstance(kind, TableSpec):
        _table(build, path, variable, kind, first)
    elif isinstance(kind, LogLinear):
        _log_linear(build, name, path, variable, kind, first)
    elif isinstance(kind, NoisyOr | NoisyMaxSpec):
        NoisySlopes(build, name, path, variable, kind, first).run()
    else:
        assert isinstance(kind, Deterministic)


def _row(
    build: Build, path: Path, variable: Variable, given: Mapping[str, Estimate], cells: Sequence[int]
) -> None:
    """One distribution, in every cell that has it: the state that is left out gets the rest."""
    states = list(variable.states)
    (rest,) = (index for index, state in enumerate(states) if state not in given)
    for state, estimate in given.items():
        for number, slope in build.value_of((*path, state), estimate):
            for cell in cells:
                build.direct.append((cell + states.index(state), number, slope))
                build.direct.append((cell + rest, number, -slope))


def _table(build: Build, path: Path, variable: Variable, kind: TableSpec, first: int) -> None:
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


def _log_linear(build: Build, name: str, path: Path, variable: Variable, kind: LogLinear, first: int) -> None:
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
        Constraint([(hypothesis, 1.0)], [(number, -by) for number, by in by_marginal])
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
