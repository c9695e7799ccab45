"""The engine: which parts of the network a question needs, and their answers put together."""

from __future__ import annotations

import functools
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from twitchdx.engines.contract import Answer, Answers, Hypothesis, Rows, Slopes, answer_each
from twitchdx.engines.numpy_core.folding import Compiled, compile_network
from twitchdx.engines.numpy_core.planning import MAX_CELLS, TooWide
from twitchdx.engines.numpy_core.problem import Observed, Problem, Solution, observe
from twitchdx.engines.numpy_core.scaling import log_product
from twitchdx.engines.numpy_core.slopes import ByNumbers
from twitchdx.errors import EngineError, Issue, Where
from twitchdx.network import Network
from twitchdx.numerics import Array, read_only

# Priors of all targets come from one elimination where it stays below this; above it each target is asked
# alone, since its own ancestors may be few. Either happens only once a network.
_PRIOR_CELLS = 2**18


class TooWideError(EngineError):
    """Exact inference takes more than the budget.

    Attributes
    ----------
    cells : int
        Cells that are needed, at least.
    """

    cells: int = 0


class NumpyCore:
    """Exact posteriors by elimination of variables and hubs, in numpy.

    Parameters
    ----------
    max_cells : int, optional
        Budget: see `planning.MAX_CELLS`.
    """

    name = "exact"
    # Measured on the shipped model: faster than one cause a network.
    questions_at_once = 64

    def __init__(self, max_cells: int = MAX_CELLS) -> None:
        self.max_cells = max_cells

    def answer(self, network: Network, likelihoods: Mapping[str, Array], targets: Collection[str]) -> Answer:
        """P(target | evidence) for each target, and P(evidence); see `Engine.answer`.

        One elimination over the ancestors of the evidence gives P(evidence), so that it has the same bits
        whatever the targets. Targets that are none of these ancestors, but share some with them, need a
        second one; those that share none keep their priors.
        """
        compiled = compile_network(network)
        observed = observe(compiled, likelihoods)
        needed = _above(compiled.above, observed.weights)
        inside = [name for name in targets if name in needed]
        solution = _solve(Problem(compiled, observed, needed, inside), self.max_cells)
        log_evidence = solution.log_mass + log_product(observed.constants, 0)
        if log_evidence == -math.inf:
            return Answer(log_evidence, {})
        found = dict(solution.marginals)
        beside = [
            name for name in targets if name not in needed and not needed.isdisjoint(compiled.above[name])
        ]
        if beside:
            wider = Problem(compiled, observed, needed | _above(compiled.above, beside), beside)
            found.update(_solve(wider, self.max_cells).marginals)
        apart = [name for name in targets if needed.isdisjoint(compiled.above[name])]
        if apart:
            found.update(_select_priors(compiled, frozenset(targets), apart, self.max_cells))
        return Answer(log_evidence, {name: _spread(compiled, observed, name, found) for name in targets})

    def answer_many(self, network: Network, rows: Rows, targets: Collection[str]) -> Answers:
        """One patient after another; see `Engine.answer_many`."""
        patient = _Patient(self)
        answers = answer_each(patient, network, rows, targets)
        return replace(answers, cells=np.array(patient.cells))

    def differentiate(
        self,
        network: Network,
        likelihoods: Mapping[str, Array],
        hypotheses: Sequence[Hypothesis],
    ) -> Slopes:
        """How P(evidence), and each hypothesis with it, depends on the numbers; see `Differentiating`."""
        compiled = compile_network(network)
        observed = observe(compiled, likelihoods)
        asked = {each.variable for hypothesis in hypotheses for each in hypothesis}
        needed = _above(compiled.above, {*observed.weights, *asked})
        problem = ByNumbers(network, observed, needed, asked)
        try:
            return problem.differentiate(hypotheses, self.max_cells)
        except TooWide as wide:
            raise _too_wide(wide, problem.factors.axes, self.max_cells) from None


class _Patient(NumpyCore):
    """Notes what was too wide, where `NumpyCore` raises an error."""

    def __init__(self, core: NumpyCore) -> None:
        super().__init__(core.max_cells)
        self.cells: list[float] = []

    def answer(self, network: Network, likelihoods: Mapping[str, Array], targets: Collection[str]) -> Answer:
        try:
            answer, cells = super().answer(network, likelihoods, targets), 0.0
        except TooWideError as error:
            answer, cells = Answer(-math.inf, {}), float(error.cells)
        self.cells.append(cells)
        return answer


def _above(above: Mapping[str, frozenset[str]], names: Iterable[str]) -> frozenset[str]:
    return frozenset().union(*(above[name] for name in names))


def _select_priors(
    network: Compiled, targets: frozenset[str], names: Iterable[str], max_cells: int
) -> Mapping[str, Array]:
    """P(name) of some of the targets."""
    together = _priors(network, targets, max_cells)
    if together is not None:
        return {name: together[name] for name in names if name in together}
    return {name: _prior(network, name, max_cells) for name in names if network.sizes[name] > 1}


@functools.lru_cache(maxsize=256)
def _priors(network: Compiled, targets: frozenset[str], max_cells: int) -> Mapping[str, Array] | None:
    """P(target) of all targets at once; None where that takes large tables."""
    try:
        return _prior_problem(network, targets).solve(min(max_cells, _PRIOR_CELLS)).marginals
    except TooWide:
        return None


@functools.lru_cache(maxsize=8192)
def _prior(network: Compiled, name: str, max_cells: int) -> Array:
    """P(target) of one target."""
    return _solve(_prior_problem(network, [name]), max_cells).marginals[name]


def _prior_problem(network: Compiled, targets: Collection[str]) -> Problem:
    return Problem(network, observe(network, {}), _above(network.above, targets), targets)


def _solve(problem: Problem, max_cells: int) -> Solution:
    """The solution, or the error that names what is too wide."""
    try:
        return problem.solve(max_cells)
    except TooWide as wide:
        raise _too_wide(wide, problem.axes, max_cells) from None


def _too_wide(wide: TooWide, axes: Sequence[tuple[str, int]], max_cells: int) -> TooWideError:
    labels = [axes[index][0] for index in wide.clique]
    issue = Issue(
        "error",
        "too-wide",
        Where("evidence"),
        f"exact inference needs {wide.cells:,} cells or more, and {max_cells:,} are the limit. After all "
        f"that is known, the largest table still has {len(labels)} axes: {', '.join(labels)}.",
        "Observe some of these variables, or withdraw some of the findings below them; asking for fewer "
        "variables can help too. No approximate engine is offered, since none reports its error.",
    )
    error = TooWideError("The evidence ties too many variables together for an exact answer.", [issue])
    error.cells = wide.cells
    return error


def _spread(compiled: Compiled, observed: Observed, name: str, found: Mapping[str, Array]) -> Array:
    """A marginal over all states, 0 for those that the evidence excludes."""
    if name not in observed.possible:
        return read_only(found[name])
    spread = np.zeros(compiled.sizes[name])
    spread[list(observed.possible[name])] = found.get(name, 1.0)  # one state is certain
    return read_only(spread)
