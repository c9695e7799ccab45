"""That a cause reaches the complaint, as a union of hypotheses that exclude each other.

In a noisy-MAX a cause reaches a variable where what it contributes, directly or by way of a variable that it
reaches, is the grade of that variable. Written as conditions on contributions and on the grades of what lies
between, this is a sum of probabilities of which the engine gives value and slopes in the network itself,
without a variable added to it. Where chains branch there are many, and a network with marks is quicker; see
`twitchdx.explain.reach`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping

from twitchdx.engines import Condition
from twitchdx.explain.chains import producers
from twitchdx.network import Network, closure

# What an arrow or a variable is allowed: (variable, place of the parent or -1) -> grades.
_Term = Mapping[tuple[str, int], frozenset[int]]


class _TooManyTerms(Exception):  # noqa: N818 - a limit, told to whoever asked
    pass


def reaching_hypotheses(
    network: Network, complaint: str, grade: int, cause: str, most: int
) -> tuple[tuple[Condition, ...], ...] | None:
    """Hypotheses that exclude each other and together say that a cause reaches the complaint at a grade.

    Parameters
    ----------
    network : Network
        The compiled network.
    complaint : str
        A noisy variable.
    grade : int
        Index of its state, above the first; that it has this grade is part of every hypothesis.
    cause : str
        Where the chains begin.
    most : int
        How many hypotheses there may be.

    Returns
    -------
    tuple of tuple of Condition or None
        None where there are more.
    """
    try:
        terms, _ = _Search(network, cause, most).split(complaint, grade)
    except _TooManyTerms:
        return None
    return tuple(
        tuple(Condition(name, tuple(sorted(allowed)), parent) for (name, parent), allowed in term.items())
        for term in terms
    )


class _Search:
    """The chains that begin at one cause."""

    def __init__(self, network: Network, cause: str, most: int) -> None:
        self.network, self.cause, self.most = network, cause, most
        self.split = functools.cache(self._split)

    def _split(self, name: str, grade: int) -> tuple[tuple[_Term, ...], tuple[_Term, ...]]:
        """Terms in which the variable has the grade: those in which it is reached, and the others."""
        reached: list[_Term] = []
        so_far: list[_Term] = [{(name, -1): frozenset([grade])}]
        for place, parent in self.arrows(name):
            edge = (name, place)
            by_it: list[_Term] = []
            not_by_it: list[_Term] = [{edge: frozenset(range(self.network.cardinality(name))) - {grade}}]
            if parent == self.cause:
                by_it.append({edge: frozenset([grade])})
            else:
                for other in range(1, self.network.cardinality(parent)):
                    here: _Term = {edge: frozenset([grade])}
                    by_it += _both([here], self.split(parent, other)[0])
                    not_by_it += _both([here], self.split(parent, other)[1])
            reached += _both(so_far, by_it)
            so_far = _both(so_far, not_by_it)
            if len(reached) > self.most or len(so_far) > 2 * self.most:
                raise _TooManyTerms(self.cause)
        return tuple(reached), tuple(so_far)

    def arrows(self, name: str) -> Iterator[tuple[int, str]]:
        """The noisy arrows on chains: the cause itself first, since it needs the fewest conditions."""
        arrows = enumerate(producers(self.network[name]))
        chained = [(k, each) for k, each in arrows if each == self.cause or self.leads(each)]
        yield from sorted(chained, key=lambda pair: pair[1] != self.cause)

    def leads(self, name: str) -> bool:
        """Whether a chain of noisy arrows leads from the cause to a variable."""

        def above(each: str) -> tuple[str, ...]:
            return () if each == self.cause else producers(self.network[each])

        return self.cause in closure([name], above)


def _both(some: list[_Term], others: list[_Term] | tuple[_Term, ...]) -> list[_Term]:
    """All terms in which one of each holds."""
    found: list[_Term] = []
    for a in some:
        for b in others:
            joined = dict(a)
            for key, allowed in b.items():
                joined[key] = joined[key] & allowed if key in joined else allowed
            if all(joined.values()):
                found.append(joined)
    return found
