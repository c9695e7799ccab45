"""Spec to network: every published number converted, every problem reported with its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from graphlib import TopologicalSorter
from types import MappingProxyType

import numpy as np

from twitchdx.errors import Issue, ModelError, Where
from twitchdx.network.contraction import joint
from twitchdx.network.conversions import (
    ConversionError,
    prevalence_from_incidence,
    solve_intercepts,
)
from twitchdx.network.network import Mechanism, Network, Node, Table
from twitchdx.network.noisy import compile_noisy
from twitchdx.numerics import Array, read_only
from twitchdx.spec import (
    ROLE_OF_SECTION,
    Categorical,
    Deterministic,
    Estimate,
    LogLinear,
    ModelSpec,
    NoisyMax,
    NoisyOr,
    Variable,
    distribution_of,
    parents_of,
)
from twitchdx.spec import Table as TableSpec

Path = tuple[str | int, ...]
# Probabilities that are given may exceed 1 in sum by rounding alone.
_ROUNDING = 1e-12


def compile_network(spec: ModelSpec, where: Callable[[Path], Where]) -> Network:
    """Compile a checked model.

    Parameters
    ----------
    spec : ModelSpec
        A model without errors of shape or meaning.
    where : callable
        Path of an entry -> its file and line.

    Returns
    -------
    Network
        One node a variable.

    Raises
    ------
    ModelError
        Numbers that cannot be converted, all of them.
    """
    return _compile(_Compiler(spec, where))


def _compile(compiler: _Compiler) -> Network:
    network = compiler.run()
    if compiler.issues:
        count = len(compiler.issues)
        raise ModelError(
            f"{count} number{'s' * (count > 1)} of the model cannot be converted.", compiler.issues
        )
    return network


def recompile(spec: ModelSpec, before: ModelSpec, network: Network) -> Network:
    """Compile a model of which some numbers have changed, and only what these numbers can reach.

    Parameters
    ----------
    spec : ModelSpec
        The model with changed numbers, made of `before` by `replace_estimates`.
    before : ModelSpec
        The model as it was.
    network : Network
        What `before` compiles to.

    Raises
    ------
    ModelError
        Numbers that cannot be converted, all of them; their places name no file.
    """
    old = {name: variable for name, (_, variable) in before.variables().items()}
    new = {name: variable for name, (_, variable) in spec.variables().items()}
    # What lies upstream of a change keeps its node; a conversion may look at anything above it.
    stale = network.descendants(name for name, variable in new.items() if variable is not old[name])
    known = {name: node for name, node in network.items() if name not in stale}
    return _compile(_Compiler(spec, lambda path: Where(".".join(map(str, path))), known))


def compile_leniently(spec: ModelSpec) -> tuple[Network, int]:
    """Compile a model whose numbers were drawn, and may clash where the published ones do not.

    What cannot be converted stands at the nearest possible value: a leak or a link that would be negative at
    0.

    Returns
    -------
    network : Network
        The network.
    problems : int
        How many numbers could not be converted.
    """
    compiler = _Compiler(spec, lambda path: Where(".".join(map(str, path))))
    return compiler.run(), len(compiler.issues)


class _Compiler:
    def __init__(
        self,
        spec: ModelSpec,
        where: Callable[[Path], Where],
        known: Mapping[str, Node] = MappingProxyType({}),
    ) -> None:
        self.known = known
        self.where = where
        self.issues: list[Issue] = []
        self.variables: dict[str, Variable] = {}
        self.paths: dict[str, Path] = {}
        for section in ROLE_OF_SECTION:
            for name, variable in getattr(spec, section).items():
                self.variables[name] = variable
                self.paths[name] = (section, name, "distribution")
        self.nodes: dict[str, Node] = {}  # parents before children

    def run(self) -> Network:
        graph = {name: parents_of(variable) for name, variable in self.variables.items()}
        for name in TopologicalSorter(graph).static_order():
            variable = self.variables[name]
            self.nodes[name] = self.known.get(name) or Node(
                name, tuple(variable.states), self.mechanism(name, variable)
            )
        return Network(self.nodes[name] for name in self.variables)

    def report(self, path: Path, error: ConversionError) -> None:
        self.issues.append(Issue("error", "cannot-convert", self.where(path), error.message, error.fix))

    def mechanism(self, name: str, variable: Variable) -> Mechanism:
        path = self.paths[name]
        parents = parents_of(variable)
        match distribution_of(variable):
            case Categorical(probabilities=probabilities):
                here = (*path, "categorical", "probabilities")
                return Table((), read_only(self.row(here, variable, probabilities)))
            case LogLinear() as kind:
                return self.log_linear((*path, "log_linear"), parents, kind)
            case NoisyOr() | NoisyMax() as kind:
                return compile_noisy(self.nodes, tuple(variable.states), kind, path, self.report)
            case TableSpec() as kind:
                return self.table((*path, "table"), variable, parents, kind)
            case Deterministic() as kind:
                return self.deterministic(variable, parents, kind)

    def probability(self, path: Path, estimate: Estimate) -> float:
        """The probability that a number stands for, where a probability or an incidence may stand."""
        if estimate.form != "incidence" or estimate.duration is None:
            return estimate.value
        try:
            return prevalence_from_incidence(estimate.value, estimate.duration.value)
        except ConversionError as error:
            self.report(path, error)
            return 0.0

    def row(self, path: Path, variable: Variable, given: Mapping[str, Estimate]) -> Array:
        """One distribution, with the remainder for the state that is left out."""
        row = np.array(
            [self.probability((*path, s), given[s]) if s in given else 0.0 for s in variable.states]
        )
        rest = 1.0 - row.sum()
        if rest < -_ROUNDING:
            message = f"the probabilities sum to {row.sum():.6g}, which leaves nothing for the last state."
            self.report(path, ConversionError(message, "Lower them so that they sum to at most 1."))
        row[[s not in given for s in variable.states]] = max(rest, 0.0)
        return row

    def axes(self, parents: tuple[str, ...]) -> list[tuple[str, ...]]:
        return [tuple(self.variables[parent].states) for parent in parents]

    def log_linear(self, path: Path, parents: tuple[str, ...], kind: LogLinear) -> Table:
        axes = self.axes(parents)
        product = np.ones([len(states) for states in axes])
        for axis, (parent, states) in enumerate(zip(parents, axes, strict=True)):
            ratios = [kind.modifiers[parent][s].value if s in kind.modifiers[parent] else 1.0 for s in states]
            shape = [1] * len(parents)
            shape[axis] = -1
            product = product * np.reshape(ratios, shape)
        marginal = [self.probability((*path, "marginal", s), e) for s, e in kind.marginal.items()]
        odds = any(e.form == "odds_ratio" for each in kind.modifiers.values() for e in each.values())
        weights = joint(self.nodes, parents) if parents else np.ones(())
        try:
            rows = solve_intercepts(np.array(marginal), product.ravel(), weights.ravel(), odds=odds)
        except ConversionError as error:
            self.report(path, error)
            rows = np.eye(1, len(marginal) + 1).repeat(product.size, axis=0)
        return Table(parents, read_only(rows.reshape(*product.shape, -1)))

    def table(self, path: Path, variable: Variable, parents: tuple[str, ...], kind: TableSpec) -> Table:
        axes = self.axes(parents)
        states = tuple(variable.states)
        values = np.zeros([*(len(each) for each in axes), len(states)])
        for index, row in enumerate(kind.rows):
            if row.probabilities is not None:
                here = (*path, "rows", index, "probabilities")
                distribution = self.row(here, variable, row.probabilities)
            else:
                distribution = np.array([float(state == row.state) for state in states])
            values[_cells(parents, axes, row.when)] = distribution
        return Table(parents, read_only(values))

    def deterministic(self, variable: Variable, parents: tuple[str, ...], kind: Deterministic) -> Table:
        axes = self.axes(parents)
        states = tuple(variable.states)
        certain = np.eye(len(states))
        values = np.zeros([*(len(each) for each in axes), len(states)])
        values[...] = certain[states.index(kind.otherwise)]
        for row in reversed(kind.rows):  # the first row that matches is written last
            values[_cells(parents, axes, row.when)] = certain[states.index(row.state)]
        return Table(parents, read_only(values))


def _cells(
    parents: tuple[str, ...], axes: list[tuple[str, ...]], when: Mapping[str, tuple[str, ...]]
) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.intp]], ...]:
    """Index of the cells that a row covers."""
    chosen = [
        [index for index, state in enumerate(states) if state in when.get(parent, states)]
        for parent, states in zip(parents, axes, strict=True)
    ]
    return np.ix_(*chosen)
