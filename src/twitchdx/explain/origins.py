"""From the numbers of a network that was made of another one to those of that other one.

A number of a network with marks is a copy of one original number, a sum of several (grades below that of the
complaint are one there), or 0; in a network with copies of variables it is a copy. By the chain rule the
derivative by an original number is the sum of the derivatives by what that number went into.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twitchdx.explain.reach import Hypothesis, original_states, original_variable
from twitchdx.network import Network, NoisyMax, Table, count_numbers
from twitchdx.numerics import Array

_Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Origins:
    """Which numbers of the network that was made every original number went into.

    Attributes
    ----------
    made, original : int array, shape (pairs,)
        Places of numbers in the order of `numbers_of`, variable after variable.
    size : int
        How many original numbers there are.
    """

    made: _Places
    original: _Places
    size: int

    def apply(self, by_number: Array) -> Array:
        """Derivatives by the original numbers, shape (N,), from those by the numbers that were made."""
        found: Array = np.bincount(self.original, by_number[self.made], self.size).astype(np.float64)
        return found


def find_copied(network: Network, copied: Network, originals: Mapping[str, str]) -> Origins:
    """Where the numbers of a network come from in which variables stand with the mechanisms of others.

    Parameters
    ----------
    network : Network
        The original network.
    copied : Network
        What was made of it.
    originals : mapping of str to str
        Variable of `copied` -> the original one whose mechanism it has, under whatever names of the parents.
        The numbers of others have no origin.
    """
    start, start_of_copies = _starts(network), _starts(copied)
    made = [start_of_copies[name] + np.arange(_size(copied, name)) for name in originals]
    original = [start[each] + np.arange(_size(network, each)) for each in originals.values()]
    return Origins(np.concatenate(made), np.concatenate(original), _total(network))


def find_origins(network: Network, complaint: str, grade: int, hypothesis: Hypothesis) -> Origins:
    """Where the numbers of a hypothesis come from.

    Parameters
    ----------
    network : Network
        The original network.
    complaint : str
        The complaint.
    grade : int
        The grade of the complaint for which the hypothesis was made, by `fix_grade`.
    hypothesis : Hypothesis
        From `suppose_reached` with one source, or from `suppose_unreached`.
    """
    search = _Search(network, complaint, grade, hypothesis)
    pairs = [np.stack(pair) for name in hypothesis.network for pair in search.node(name)]
    made, original = np.concatenate(pairs, axis=1)
    return Origins(made, original, _total(network))


def _size(network: Network, name: str) -> int:
    return count_numbers(network[name].mechanism)


def _total(network: Network) -> int:
    return sum(_size(network, name) for name in network)


def _starts(network: Network) -> dict[str, int]:
    ends = np.cumsum([0, *(_size(network, name) for name in network)]).tolist()
    return dict(zip(network, ends, strict=False))


class _Search:
    """The two networks side by side."""

    def __init__(self, network: Network, complaint: str, grade: int, hypothesis: Hypothesis) -> None:
        self.network, self.with_marks, self.marks = network, hypothesis.network, hypothesis.marked
        self.complaint, self.grade = complaint, grade
        self.start, self.start_with_marks = _starts(network), _starts(hypothesis.network)

    def node(self, name: str) -> Iterator[tuple[_Places, _Places]]:
        """Places in the network with marks, and of the originals, for the numbers of one variable."""
        mechanism = self.with_marks[name].mechanism
        original = self.network[original_variable(name)]
        if isinstance(mechanism, NoisyMax):
            assert isinstance(original.mechanism, NoisyMax)
            yield from self.noisy(name, mechanism, original.name, original.mechanism)
            return
        assert isinstance(original.mechanism, Table)
        shape = original.mechanism.values.shape
        states = [self.states(parent) for parent in mechanism.parents]
        places = np.arange(np.prod(shape, dtype=int)).reshape(shape)
        kept = places[np.ix_(*states, range(shape[-1]))].ravel()
        yield self.start_with_marks[name] + np.arange(kept.size), self.start[name] + kept

    def noisy(
        self, name: str, mechanism: NoisyMax, original_name: str, original: NoisyMax
    ) -> Iterator[tuple[_Places, _Places]]:
        classes = original.leak.size + 1
        grades = self.grades(name, classes)
        at, start = self.start_with_marks[name], self.start[original_name]
        firsts = start + np.cumsum([0, *(len(each) * classes for each in original.reach)])
        for producer in mechanism.producers:
            first = firsts[original.producers.index(producer)]
            states = self.states(producer)
            yield from _block(at, len(grades), first, classes, states, grades)
            at += len(states) * len(grades)
        passes = firsts[-1] + np.cumsum([0, *map(len, original.passes)])
        for inhibitor in mechanism.inhibitors:
            states = self.states(inhibitor)
            first = passes[original.inhibitors.index(inhibitor)]
            yield at + np.arange(len(states)), first + np.array(states)
            at += len(states)
        if name == original_name:  # what is told apart from the complaint has no leak
            yield from _block(at, len(grades), passes[-1], classes, [0], grades)

    def states(self, parent: str) -> Sequence[int]:
        """Of each state of a parent, which original one it is."""
        if parent == self.complaint:
            return [self.grade] * self.with_marks.cardinality(parent)
        if parent in self.marks:
            return original_states(self.network.cardinality(parent))
        return range(self.network.cardinality(parent))

    def grades(self, name: str, classes: int) -> list[Sequence[int]]:
        """Of each grade that may be contributed to a variable, which original ones it is."""
        found: list[Sequence[int]] = [[each] for each in range(classes)]
        if original_variable(name) == self.complaint:
            found = [range(self.grade), [self.grade], range(self.grade + 1, classes)]
            found = [each for each in found if each]
        return [found[each] for each in original_states(len(found))] if name in self.marks else found


def _block(
    at: int, width: int, first: int, classes: int, states: Sequence[int], grades: Sequence[Sequence[int]]
) -> Iterator[tuple[_Places, _Places]]:
    """One contribution: a row a state, a column a grade."""
    rows = np.arange(len(states))
    for column, originals in enumerate(grades):
        for grade in originals:
            yield at + rows * width + column, first + np.array(states) * classes + grade
