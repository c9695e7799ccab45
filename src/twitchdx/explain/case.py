"""What an explanation is about: a model, one patient's evidence, and the engine that answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np

from twitchdx.engines import UNOBSERVED, Answers, Engine, Rows
from twitchdx.errors import EngineError, Issue, UnknownNameError, Where, suggest, suggest_labelled
from twitchdx.evidence import Evidence
from twitchdx.network import Network
from twitchdx.numerics import Array, read_only
from twitchdx.spec import ROLE_OF_SECTION, ModelSpec, Role, Variable

Path = tuple[str | int, ...]


class EstimateSlopes(Protocol):
    """How the numbers of the network depend on the estimates of the model: a `Jacobian`."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """The estimates, in the order of the columns."""
        ...

    def by_estimate(self, by_number: Array) -> Array:
        """Slopes by every estimate, shape (H, P), from slopes by every number, shape (H, N)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One patient before one model.

    Attributes
    ----------
    spec : ModelSpec
        What the model says.
    network : Network
        What it compiles to.
    evidence : Evidence
        What was observed, possible in this model.
    engine : Engine
        Computes posteriors.
    jacobian : EstimateSlopes or None
        How the network depends on the estimates; without it no number is called the weakest.
    deviations : mapping of tuple to float
        Standard deviation of each estimate, by its path. Where it is not given, that of a normal distribution
        with the stated 95 % interval.
    """

    spec: ModelSpec
    network: Network
    evidence: Evidence
    engine: Engine
    jacobian: EstimateSlopes | None = None
    deviations: Mapping[Path, float] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def causes(self) -> tuple[str, ...]:
        """The causes of the model, in its order."""
        return tuple(self.spec.causes)

    def described(self) -> dict[str, tuple[Role, Variable]]:
        """Every variable with its role."""
        return self.spec.variables()

    def present(self, cause: str) -> Array:
        """1 for every state of a cause but the first."""
        return read_only([0.0, *[1.0] * (self.network.cardinality(cause) - 1)])

    def absent(self, cause: str) -> Array:
        """1 for the first state of a cause."""
        return read_only(1.0 - self.present(cause))

    def require_causes(self, names: Iterable[object]) -> None:
        """That all of these are causes; see `require_causes`."""
        require_causes(names, self.described())

    def subsets(self, chosen: np.ndarray, targets: Iterable[str]) -> Answers:
        """The answers to parts of the evidence.

        Parameters
        ----------
        chosen : bool array, shape (B, observations)
            For each row, which observations it has, in the order of the evidence.
        targets : iterable of str
            Variables whose marginals are wanted.

        Raises
        ------
        EngineError
            A part of the evidence ties more together than the engine can compute.
        """
        names = tuple(self.evidence)
        vectors = tuple(self.evidence.likelihoods[name][None, :] for name in names)
        codes = np.where(chosen, UNOBSERVED - 1, UNOBSERVED).astype(np.int32).reshape(len(chosen), len(names))
        for column, name in enumerate(names):
            state = self.evidence[name].state
            if state is not None:
                codes[chosen[:, column], column] = self.network[name].states.index(state)
        answers = self.engine.answer_many(self.network, Rows(names, codes, vectors), tuple(targets))
        refuse_wide(answers)
        return answers


def require_causes(names: Iterable[object], variables: Mapping[str, tuple[Role, Variable]]) -> None:
    """That all names are causes.

    Parameters
    ----------
    names : iterable
        What was given.
    variables : mapping of str to pair
        Every variable of the model with its role.

    Raises
    ------
    UnknownNameError
        Some are not; the error names them all, each with the nearest that is.
    """
    causes = {name: each for name, (role, each) in variables.items() if role == "cause"}
    issues = [
        _no_cause(name, causes, variables)
        for name in names
        if not isinstance(name, str) or name not in causes
    ]
    if issues:
        raise UnknownNameError("The cause is not known.", issues)


def _no_cause(
    name: object, causes: Mapping[str, Variable], variables: Mapping[str, tuple[Role, Variable]]
) -> Issue:
    text = str(name)
    spoken = {each: (variable.label, *variable.aliases) for each, variable in causes.items()}
    message, fix = f"there is no cause {name!r}.", suggest_labelled(text, spoken)
    called = {each.casefold(): each for each in variables}
    for each in (*causes, *variables):
        called.setdefault(variables[each][1].label.casefold(), each)
    own = called.get(text.casefold().strip())
    if own is not None and own not in causes:
        role, variable = variables[own]
        message = f"{own!r} ({variable.label}) is a {role.replace('_', ' ')}, not a cause."
        fix = suggest("", causes)
    return Issue("error", "unknown-cause", Where(text), message, fix)


def suppose_results(
    network: Network, likelihoods: Mapping[str, Array], results: Sequence[tuple[str, int]]
) -> Rows:
    """The evidence, and then the evidence with one result more in each row.

    Parameters
    ----------
    network : Network
        The compiled network.
    likelihoods : mapping of str to float64 array
        The evidence.
    results : sequence of pairs
        A variable that is not observed, and the index of its state.
    """
    names = (*likelihoods, *dict.fromkeys(name for name, _ in results))
    codes = np.full([1 + len(results), len(names)], UNOBSERVED, dtype=np.int32)
    codes[:, : len(likelihoods)] = UNOBSERVED - 1
    for row, (name, state) in enumerate(results, start=1):
        codes[row, names.index(name)] = state
    vectors = tuple(
        likelihoods[name][None, :] if name in likelihoods else np.empty([0, network.cardinality(name)])
        for name in names
    )
    return Rows(names, codes, vectors)


def bearing_part(spec: ModelSpec, network: Network, names: Iterable[str]) -> tuple[ModelSpec, Network]:
    """The part of a model that bears on some variables: these, and whatever is upstream of them."""
    needed = network.ancestors(names)
    sections: dict[str, Any] = {
        section: {name: each for name, each in getattr(spec, section).items() if name in needed}
        for section in ROLE_OF_SECTION
    }
    return replace(spec, **sections), Network(node for name, node in network.items() if name in needed)


def refuse_wide(answers: Answers) -> None:
    """That every row was computed.

    Raises
    ------
    EngineError
        Some were not.
    """
    if answers.cells.any():
        issue = Issue(
            "error",
            "too-wide",
            Where("evidence"),
            f"{np.count_nonzero(answers.cells)} of {len(answers.cells)} parts of the evidence need tables "
            f"beyond the budget of the engine ({answers.cells.max():.2g} cells).",
            "Give `engine=ExactEngine(budget=...)` from `twitchdx.engines`, or explain fewer observations.",
        )
        raise EngineError("Parts of the evidence tie too many causes together for an exact answer.", [issue])
