"""The network that tells which sources reach the complaint; see `twitchdx.explain.responsibility`.

A *question* is a set of sources. Every variable on a chain of noisy arrows from a source to the complaint has
*marked* grades: each grade not reached by the sources, and each grade reached. The greatest contribution wins
with its mark, and of equal grades one that is reached. That is a maximum over the chain

    0 < (1, not reached) < (1, reached) < (2, not reached) < (2, reached) < ...

so that a marked variable is a noisy-MAX again, and any engine answers for it.

Several questions share one network through a *selector*, a root with one state for each question: beside
each source stands a node that repeats its state, marked under the questions that name it, and beside the
complaint one that tells the answer to the question selected. Nothing observed depends on the selector, so
that whatever the evidence every question stays equally probable.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twitchdx.engines import UNOBSERVED, Rows
from twitchdx.network import RESERVED, Network, Node, NoisyMax, Table, closure
from twitchdx.numerics import Array, read_only

Question = frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class MarkedNetwork:
    """A network with marked grades.

    Attributes
    ----------
    network : Network
        The variables of the original, and those added for the questions. Summed over the marks, every
        probability is as before.
    marked : frozenset of str
        The variables of the original that have marked grades.
    questions : int
        How many questions it answers.
    target : str
        The variable whose marginal answers them.
    """

    network: Network
    marked: frozenset[str]
    questions: int
    target: str

    def expand(self, likelihoods: Mapping[str, Array]) -> dict[str, Array]:
        """The evidence on the original, as evidence on this network."""
        return {
            name: read_only(_widen(vector)) if name in self.marked else vector
            for name, vector in likelihoods.items()
        }

    def expand_rows(self, rows: Rows) -> Rows:
        """The same for many patients."""
        codes, likelihoods = rows.codes.copy(), list(rows.likelihoods)
        for column, name in enumerate(rows.variables):
            if name in self.marked:
                # A grade is either of its marks: one row of likelihoods for each grade above the first.
                vectors = likelihoods[column]
                grades = np.eye(vectors.shape[1])[1:]
                likelihoods[column] = read_only(_widen(np.concatenate([vectors, grades]), axis=1))
                observed = codes[:, column]
                first = UNOBSERVED - len(vectors)
                codes[:, column] = np.where(observed > 0, first - observed, observed)
        return Rows(rows.variables, codes, tuple(likelihoods))

    def shares(self, marginal: Array) -> Array:
        """The answers, from the marginal of the target.

        Parameters
        ----------
        marginal : float64 array, shape (B, states of the target)
            P(target | evidence) of each patient, or zeros.

        Returns
        -------
        float64 array, shape (B, questions, 2)
            P(complaint present and not reached), P(complaint present and reached).
        """
        if self.questions > 1:
            present = marginal[:, 1:].reshape(len(marginal), self.questions, 2)
        else:
            # Grade by grade, so that the bits do not depend on the number of patients.
            present = np.zeros([len(marginal), 1, 2])
            for state in range(1, marginal.shape[1]):
                reached = bool(self.marked) and state % 2 == 0
                present[:, 0, int(reached)] += marginal[:, state]
        whole = marginal[:, :1] / self.questions + present[..., 0] + present[..., 1]
        shares: Array = present / np.where(whole > 0.0, whole, 1.0)[..., None]
        return shares


def mark_reach(network: Network, complaint: str, questions: Collection[Question]) -> MarkedNetwork:
    """The network that answers which of some sets of sources reach the complaint.

    Parameters
    ----------
    network : Network
        The compiled network.
    complaint : str
        Where the chains end.
    questions : collection of frozenset of str
        Where they begin. From each of several questions a chain must lead to the complaint.
    """
    return _Marking(network, complaint, tuple(questions)).run()


def has_chain(network: Network, complaint: str, sources: Question) -> bool:
    """Whether a chain of noisy arrows leads from one of the sources to the complaint."""
    return complaint in _chains(network, complaint, sources)


def _chains(network: Network, complaint: str, sources: Question) -> frozenset[str]:
    """The noisy variables downstream of the sources and upstream of the complaint, by noisy arrows.

    A source needs no marks of its own: whatever it contributes is reached by it. Only as the complaint
    itself it has them.
    """
    upstream = closure([complaint], lambda name: _producers(network[name]))
    reached: set[str] = set()
    for name in network:  # parents before children
        if name in upstream and any(each in sources or each in reached for each in _producers(network[name])):
            reached.add(name)
    reached -= sources - {complaint}
    return frozenset(reached) if complaint in reached else frozenset()


def _producers(node: Node) -> tuple[str, ...]:
    return node.mechanism.producers if isinstance(node.mechanism, NoisyMax) else ()


class _Marking:
    """The questions about one complaint, and the nodes that answer them."""

    def __init__(self, network: Network, complaint: str, questions: tuple[Question, ...]) -> None:
        self.network, self.complaint, self.questions = network, complaint, questions
        self.marked = frozenset().union(*(_chains(network, complaint, each) for each in questions))
        self.sources = frozenset().union(*questions)
        self.selector = f"{complaint}{RESERVED}question"
        #: Source -> the node beside it from which its chains run, where there is a selector.
        self.beside: dict[str, str] = {}
        if len(questions) > 1:
            begins = {each for name in self.marked for each in _producers(network[name])} & self.sources
            self.beside = {name: f"{name}{RESERVED}selected" for name in network if name in begins}

    def run(self) -> MarkedNetwork:
        nodes = [self.adapt(node) for node in self.network.values()]
        target = self.complaint
        if len(self.questions) > 1:
            count = len(self.questions)
            even = read_only(np.full(count, 1.0 / count))
            nodes.append(Node(self.selector, tuple(f"question_{i}" for i in range(count)), Table((), even)))
            nodes.extend(self.repeat_marked(source) for source in self.beside)
            nodes.append(self.answer())
            target = nodes[-1].name
        return MarkedNetwork(Network(nodes), self.marked, len(self.questions), target)

    def widen(self, parent: str, values: Array, axis: int = 0) -> Array:
        """A table or vector over the states of a parent, over its marked states if it has them."""
        return read_only(_widen(values, axis)) if parent in self.marked else values

    def adapt(self, node: Node) -> Node:
        """A variable of the original, indifferent to the marks of its parents unless it is on a chain."""
        match node.mechanism:
            case NoisyMax() as noisy:
                passes = tuple(map(self.widen, noisy.inhibitors, noisy.passes))
                if node.name in self.marked:
                    producers = tuple(self.beside.get(parent, parent) for parent in noisy.producers)
                    reach = tuple(map(self.mark_contribution, noisy.producers, noisy.reach))
                    leak = _mark(noisy.leak[None, :], np.zeros(1, dtype=np.bool_))[0]
                    states = _marked_states(node.states)
                else:
                    producers, leak, states = noisy.producers, noisy.leak, node.states
                    reach = tuple(map(self.widen, noisy.producers, noisy.reach))
                return Node(node.name, states, NoisyMax(producers, reach, leak, noisy.inhibitors, passes))
            case Table(parents=parents, values=values):
                for axis, parent in enumerate(parents):
                    values = self.widen(parent, values, axis)
                return Node(node.name, node.states, Table(parents, values))

    def mark_contribution(self, parent: str, reach: Array) -> Array:
        """A contribution on a chain: marked when its parent is, or when its parent is the source."""
        if parent in self.marked or parent in self.beside:
            values = _widen(reach)
            return _mark(values, _is_reached(len(values)))
        return _mark(reach, np.full(len(reach), parent in self.sources))

    def repeat_marked(self, source: str) -> Node:
        """The state of a source, marked where the question names it or where its own state is."""
        states = self.network[source].states
        not_reached = np.maximum(2 * np.arange(len(states)) - 1, 0)
        reached = 2 * np.arange(len(states))
        if source in self.marked:
            reached = reached[_original(len(states))]
            not_reached = np.arange(len(reached))
        certain = np.eye(2 * len(states) - 1)
        under = [certain[reached if source in question else not_reached] for question in self.questions]
        table = Table((source, self.selector), read_only(np.stack(under, axis=1)))
        return Node(self.beside[source], _marked_states(states), table)

    def answer(self) -> Node:
        """Complaint absent, then for each question complaint not reached and reached."""
        count, grades = len(self.questions), 2 * self.network.cardinality(self.complaint) - 1
        values = np.zeros([count, grades, 1 + 2 * count])
        values[:, 0, 0] = 1.0
        for index in range(count):
            values[index, 1::2, 1 + 2 * index] = 1.0
            values[index, 2::2, 2 + 2 * index] = 1.0
        states = _marked_states(("absent", *(f"question_{index}" for index in range(count))))
        table = Table((self.selector, self.complaint), read_only(values))
        return Node(f"{self.complaint}{RESERVED}answer", states, table)


def _original(states: int) -> list[int]:
    """Index of the original state of each marked one: 0, 1, 1, 2, 2, ..."""
    return [0, *(grade for grade in range(1, states) for _ in (False, True))]


def _is_reached(marked: int) -> NDArray[np.bool_]:
    """Which marked states are reached: none of the first, and then every other one."""
    reached = np.zeros(marked, dtype=np.bool_)
    reached[2::2] = True
    return reached


def _widen(values: Array, axis: int = 0) -> Array:
    return values.take(_original(values.shape[axis]), axis=axis)


def _marked_states(states: Iterable[str]) -> tuple[str, ...]:
    first, *others = states
    return (first, *(f"{state}{RESERVED}{mark}" for state in others for mark in ("no", "yes")))


def _mark(reach: Array, reached: NDArray[np.bool_]) -> Array:
    """P(contribution >= marked grade), from that of the grades; row i is reached or not by `reached[i]`.

    Each entry is one of the original or zero, so that no digit of a rare grade is lost.
    """
    higher = np.concatenate([reach[:, 1:], np.zeros([len(reach), 1])], axis=1)
    values = np.repeat(reach, 2, axis=1)
    values[:, 1::2] = np.where(reached[:, None], reach, higher)
    return read_only(values)
