"""What every engine takes and gives."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from twitchdx.network import Network
from twitchdx.numerics import Array

#: Code of a variable that was not observed. Codes from 0 are states; from -2 down, rows of likelihoods.
UNOBSERVED = -1


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The exact answer for one patient.

    Attributes
    ----------
    log_evidence : float
        Natural log of P(evidence), where soft evidence counts as its likelihood scaled to maximum 1;
        -inf where the evidence is impossible.
    marginals : mapping of str to float64 array
        Target -> P(target | evidence) in the order of its states; empty where the evidence is
        impossible.
    """

    log_evidence: float
    marginals: Mapping[str, Array]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The evidence of many patients.

    Attributes
    ----------
    variables : tuple of str
        The variables that some patient has an observation of, each once.
    codes : int32 array, shape (B, variables)
        What was observed: the index of a state; -1 for nothing; -2 - i for row i of the likelihoods.
    likelihoods : tuple of float64 array, each of shape (rows, states of the variable)
        For each variable the likelihood vectors of soft evidence; no rows where there is none.
    """

    variables: tuple[str, ...]
    codes: NDArray[np.int32]
    likelihoods: tuple[Array, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """The exact answers for many patients.

    Attributes
    ----------
    log_evidence : float64 array, shape (B,)
        As in `Answer`; -inf where the evidence is impossible or nothing was computed.
    marginals : mapping of str to float64 array of shape (B, states of the target)
        As in `Answer`; a row of zeros where the evidence is impossible or nothing was computed.
    cells : float64 array, shape (B,)
        Cells of the tables that a patient needs, where they are more than the engine's budget and so
        nothing was computed; infinite where the numbers left the range of a float; else 0.
    """

    log_evidence: Array
    marginals: Mapping[str, Array]
    cells: Array


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a hypothesis.

    Attributes
    ----------
    variable : str
        The variable that it is about.
    allowed : tuple of int
        The states for which it holds; with a parent, the grades of what this parent contributes. At most 64
        of them.
    parent : int
        -1 for the state of the variable; else which of its parents is meant: its place among the producers of
        a noisy variable.
    """

    variable: str
    allowed: tuple[int, ...]
    parent: int = -1


#: Holds where all of its conditions do.
Hypothesis = Sequence[Condition]


@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """How P(evidence), and some hypotheses together with it, depend on the numbers of a network.

    Attributes
    ----------
    log_mass : float64 array, shape (1 + H,)
        Natural log of P(evidence), then of P(evidence and hypothesis) for each hypothesis.
    by_number : float64 array, shape (1 + H, N)
        Derivative of each log by every number of the network, by itself, in the order of `numbers_of`; 0
        where the mass is 0, and where the number is at an edge: where it is 0, or is what an inhibitor lets
        pass and is 1.
    """

    log_mass: Array
    by_number: Array


class Engine(Protocol):
    """Computes posterior marginals exactly.

    Attributes
    ----------
    name : str
        What users call it.
    questions_at_once : int
        Of how many causes it is best asked in one network whether they reach the complaint. 1 where its
        tables would grow with every cause; see `twitchdx.explain.inquiry`.
    """

    name: str
    questions_at_once: int

    def __hash__(self) -> int: ...

    def answer(self, network: Network, likelihoods: Mapping[str, Array], targets: Collection[str]) -> Answer:
        """P(target | evidence) for each target, and P(evidence).

        Parameters
        ----------
        network : Network
            The compiled network.
        likelihoods : mapping of str to float64 array
            Variable -> P(observation | state), not negative and not all zero.
        targets : collection of str
            Variables whose marginals are wanted.

        Raises
        ------
        EngineError
            The tables that exact inference needs are larger than the engine's budget.
        """
        ...

    def answer_many(self, network: Network, rows: Rows, targets: Collection[str]) -> Answers:
        """The same for many patients; each row has the bits that it has alone.

        Runs in the calling thread, and lets others run meanwhile as far as it can.

        Parameters
        ----------
        network : Network
            The compiled network.
        rows : Rows
            The evidence.
        targets : collection of str
            Variables whose marginals are wanted.
        """
        ...


@runtime_checkable
class Differentiating(Protocol):
    """An engine that knows slopes."""

    def differentiate(
        self, network: Network, likelihoods: Mapping[str, Array], hypotheses: Sequence[Hypothesis]
    ) -> Slopes:
        """How P(evidence), and each hypothesis together with it, depends on the numbers of the network.

        Parameters
        ----------
        network : Network
            The compiled network.
        likelihoods : mapping of str to float64 array
            The evidence.
        hypotheses : sequence of sequence of Condition
            Each holds where all of its conditions do.

        Raises
        ------
        EngineError
            As in `Engine.answer`.
        """
        ...


def one_patient(likelihoods: Mapping[str, Array]) -> Rows:
    """The evidence of one patient as rows."""
    codes = np.full([1, len(likelihoods)], UNOBSERVED - 1, dtype=np.int32)
    return Rows(tuple(likelihoods), codes, tuple(each[None, :] for each in likelihoods.values()))


def answer_each(engine: Engine, network: Network, rows: Rows, targets: Collection[str]) -> Answers:
    """`Engine.answer_many`, one patient after another."""
    names = tuple(dict.fromkeys(targets))
    count = len(rows.codes)
    answers = Answers(
        np.full(count, -np.inf),
        {name: np.zeros([count, network.cardinality(name)]) for name in names},
        np.zeros(count),
    )
    for row, codes in enumerate(rows.codes):
        answer = engine.answer(network, likelihoods_of(network, rows, codes), names)
        answers.log_evidence[row] = answer.log_evidence
        for name, marginal in answer.marginals.items():
            answers.marginals[name][row] = marginal
    return answers


def likelihoods_of(network: Network, rows: Rows, codes: NDArray[np.int32]) -> dict[str, Array]:
    """The evidence of one patient, from the codes of one row."""
    found: dict[str, Array] = {}
    for name, code, vectors in zip(rows.variables, codes.tolist(), rows.likelihoods, strict=True):
        if code >= 0:
            found[name] = np.eye(network.cardinality(name))[code]
        elif code < UNOBSERVED:
            found[name] = vectors[UNOBSERVED - 1 - code]
    return found
