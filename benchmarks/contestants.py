"""Everything that can be timed, behind one interface."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from benchmarks.networks import SHIPPED, clinic
from benchmarks.patients import Hard, likelihoods
from benchmarks.peer_pgmpy import VariableElimination
from benchmarks.peer_pyagrum import LazyPropagation
from twitchdx.engines import DEFAULT_ENGINE, ENGINES, Answer, Engine, ExactEngine
from twitchdx.explain import responsibility
from twitchdx.network import Network
from twitchdx.numerics import Array


class Contestant(Protocol):
    """Answers one patient after another."""

    def question(self, patient: Hard) -> Any:
        """A patient in the words of the contestant; not timed."""
        ...

    def answer(self, question: Any) -> Answer:
        """The answer; timed."""
        ...


@dataclass
class OurEngine:
    """An engine of this package: all posteriors and P(evidence)."""

    engine: Engine
    network: Network
    targets: Collection[str]

    def __post_init__(self) -> None:
        """Have the engine take the network in."""
        self.engine.answer(self.network, {}, list(self.targets)[:1])

    def question(self, patient: Hard) -> Mapping[str, Array]:
        """Likelihood vectors."""
        return likelihoods(self.network, patient)

    def answer(self, question: Mapping[str, Array]) -> Answer:
        """Posteriors of the targets and P(evidence)."""
        return self.engine.answer(self.network, question, self.targets)


class Explaining(OurEngine):
    """The same, and the responsibility of every cause for the complaint on top."""

    def __init__(self, name: str, network: Network, targets: Collection[str]) -> None:
        super().__init__(ENGINES[DEFAULT_ENGINE], network, targets)
        self.complaint = clinic(name).complaint

    def answer(self, question: Mapping[str, Array]) -> Answer:
        """Posteriors, P(evidence) and responsibilities."""
        answer = super().answer(question)
        responsibility(self.network, self.complaint, tuple(self.targets), question, self.engine)
        return answer


class Diagnosing:
    """The whole `Model.diagnose`: understanding, posteriors, responsibilities, triage, next steps."""

    def __init__(self) -> None:
        import twitchdx as dx

        self.model = dx.load_model(SHIPPED)

    def question(self, patient: Hard) -> dict[str, str]:
        """The evidence as a user gives it."""
        return {name: self.model.network[name].states[code] for name, code in patient.items()}

    def answer(self, question: dict[str, str]) -> Answer:
        """The diagnosis, reduced to what is compared."""
        return Answer(self.model.diagnose(question).log_evidence, {})


def _numpy_core(_: str, network: Network, targets: Collection[str]) -> Contestant:
    from twitchdx.engines.numpy_core import NumpyCore

    return OurEngine(NumpyCore(), network, targets)


#: Name -> (title, what makes it of the key of a problem, the network and the targets).
CONTESTANTS: dict[str, tuple[str, Callable[[str, Network, Collection[str]], Contestant]]] = {
    "ours": (
        f"twitchdx, engine `{DEFAULT_ENGINE}`",
        lambda _, network, targets: OurEngine(ENGINES[DEFAULT_ENGINE], network, targets),
    ),
    "ours_wide": (
        f"twitchdx, engine `{DEFAULT_ENGINE}` with a budget of 2^28 cells",
        lambda _, network, targets: OurEngine(ExactEngine(budget=2**28), network, targets),
    ),
    "numpy": ("twitchdx, engine `exact` where there is no C compiler", _numpy_core),
    "pgmpy_engine": (
        "twitchdx, engine `pgmpy`",
        lambda _, network, targets: OurEngine(ENGINES["pgmpy"], network, targets),
    ),
    "responsibility": ("twitchdx, with responsibilities", Explaining),
    "diagnose": ("twitchdx, the whole `Model.diagnose`", lambda *_: Diagnosing()),
    "pyagrum": (
        "pyAgrum LazyPropagation",
        lambda _, network, targets: LazyPropagation(network, targets),
    ),
    "pyagrum_or": (
        "pyAgrum LazyPropagation, noisy-OR nodes kept",
        lambda _, network, targets: LazyPropagation(network, targets, keep=True),
    ),
    "pgmpy": (
        "pgmpy VariableElimination",
        lambda _, network, targets: VariableElimination(network, targets),
    ),
}


def title_of(contestant: str) -> str:
    """What the tables call it."""
    return CONTESTANTS[contestant][0]
