"""Two windows of time in one network: what is as observed, and what becomes of it after an action.

In the second window nothing happens without a reason: a variable of which no parent is other than before
stays as it is, and every other one is drawn anew from its own mechanism, given its parents as they are then.
No arrow leads from the second window to the first, so that P(evidence) is as before.

A variable V that may be drawn anew takes up to four nodes more:

    anew    the draw: the mechanism of V with the parents as they are in the second window,
    moved   whether any of the parents is other than before: an OR, where several may be,
    then    V in the second window: V itself where nothing moved, else the draw,
    differs whether V is then other than before, where V is the parent of another such variable.

Where it is certain that a parent is set to another state than before, V is then the draw, and only that.

The draw shares no noise with what was: the second window is a prediction of what happens next, not a
counterfactual about what has happened.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from twitchdx.network import RESERVED, Network, Node, NoisyMax, Table, closure
from twitchdx.numerics import Array, read_only

_NO_YES = ("no", "yes")


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable that is set.

    Attributes
    ----------
    variable : str
        Which one.
    state : int
        The index of the state to which it is set.
    changes : bool or None
        Whether that is certainly another state than before (True), certainly the same (False), or neither.
    """

    variable: str
    state: int
    changes: bool | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """A network with two windows.

    Attributes
    ----------
    network : Network
        The variables of the first window under their own names, and those of the second.
    complaint : str
        The variable that is the complaint in the second window; where nothing can change it, the complaint
        itself.
    may_change : tuple of str
        The variables that may be drawn anew and lead to the complaint, in the order of the original network.
    originals : mapping of str to str
        Variable of this network -> the one whose mechanism it has. What is certain or follows from others
        without a number is not among them.
    certain : mapping of str to float64 array
        What is set, to be given to an engine together with the evidence. It is certain anyway; an engine that
        is told so has smaller tables.
    """

    network: Network
    complaint: str
    may_change: tuple[str, ...]
    originals: Mapping[str, str]
    certain: Mapping[str, Array]


def stay(network: Network, complaint: str) -> Windows:
    """Two windows between which nothing happens: they are one."""
    same = {name: name for name in network}
    return Windows(network, complaint, (), MappingProxyType(same), MappingProxyType({}))


@functools.lru_cache(maxsize=64)
def open_windows(network: Network, complaint: str, settings: frozenset[Setting]) -> Windows:
    """The network as it is, and a second window in which some variables are set.

    Parameters
    ----------
    network : Network
        The compiled network.
    complaint : str
        What is predicted; it is not set.
    settings : frozenset of Setting
        What is set, each variable once.
    """
    second = _Second(network, complaint, {each.variable: each for each in settings})
    if complaint not in second.redrawn:
        return stay(network, complaint)
    originals = {name: name for name in network} | {_anew(name): name for name in second.redrawn}
    certain = {second.then[name]: vector for name, vector in second.certain.items()}
    return Windows(
        Network([*network.values(), *second.nodes()]),
        second.then[complaint],
        tuple(second.redrawn),
        MappingProxyType(originals),
        MappingProxyType(certain),
    )


class _Second:
    """The nodes of the second window."""

    def __init__(self, network: Network, complaint: str, settings: Mapping[str, Setting]) -> None:
        self.network, self.settings = network, settings
        # Through what is set nothing passes to the complaint.
        needed = closure([complaint], lambda name: () if name in settings else network[name].parents)
        # Parents stand before children, so that what may move a variable is known when its turn comes. Of
        # each that may be drawn anew, the parents that may be other than before.
        self.redrawn: dict[str, list[str]] = {}
        for name in network:
            movers = [each for each in network[name].parents if self._may_differ(each)]
            if movers and name in needed and name not in settings:
                self.redrawn[name] = movers
        self.surely = {
            name
            for name, movers in self.redrawn.items()
            if any(each in settings and settings[each].changes for each in movers)
        }
        used = {each for name in self.redrawn for each in network[name].parents}
        self.certain = {
            name: read_only(np.eye(network.cardinality(name))[settings[name].state])
            for name in settings
            if name in used
        }
        self.then = {name: f"{name}{RESERVED}set" for name in settings}
        for name in self.redrawn:
            self.then[name] = _anew(name) if name in self.surely else f"{name}{RESERVED}then"

    def _may_differ(self, name: str) -> bool:
        if name in self.settings:
            return self.settings[name].changes is not False
        return name in self.redrawn

    def nodes(self) -> Iterator[Node]:
        """All of them, in any order."""
        asked: set[str] = set()
        for name, movers in self.redrawn.items():
            yield _draw(self.network[name], self.then)
            if name not in self.surely:
                asked.update(movers)
                yield from self._inertia(name, movers)
        for name, vector in self.certain.items():
            yield Node(self.then[name], self.network[name].states, Table((), vector))
        yield from map(self._difference, asked)

    def _inertia(self, name: str, movers: list[str]) -> Iterator[Node]:
        """V where nothing moved it, and else the draw."""
        states = self.network[name].states
        moved = _differs(movers[0])
        if len(movers) > 1:
            moved = f"{name}{RESERVED}moved"
            # Written as an OR, which engines keep small however many parents there are.
            link = read_only([[0.0], [1.0]])
            either = NoisyMax(tuple(map(_differs, movers)), (link,) * len(movers), read_only([0.0]))
            yield Node(moved, _NO_YES, either)
        size = len(states)
        values = np.zeros([size, 2, size, size])
        values[:, 0] = np.eye(size)[:, None, :]
        values[:, 1] = np.eye(size)[None, :, :]
        yield Node(self.then[name], states, _table((name, moved, _anew(name)), values))

    def _difference(self, name: str) -> Node:
        """Whether a variable is in the second window other than in the first."""
        other = 1.0 - np.eye(self.network.cardinality(name))
        parents: tuple[str, ...] = (name, self.then[name])
        if name in self.settings:
            other, parents = other[self.settings[name].state], (name,)
        return Node(_differs(name), _NO_YES, _table(parents, np.stack([1.0 - other, other], axis=-1)))


def _anew(name: str) -> str:
    return f"{name}{RESERVED}anew"


def _differs(name: str) -> str:
    return f"{name}{RESERVED}differs"


def _table(parents: tuple[str, ...], values: Array) -> Table:
    return Table(parents, read_only(values))


def _draw(node: Node, then: Mapping[str, str]) -> Node:
    """The same mechanism in the second window."""

    def renamed(parents: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(then.get(each, each) for each in parents)

    mechanism = node.mechanism
    if isinstance(mechanism, Table):
        return Node(_anew(node.name), node.states, replace(mechanism, parents=renamed(mechanism.parents)))
    producers, inhibitors = renamed(mechanism.producers), renamed(mechanism.inhibitors)
    return Node(_anew(node.name), node.states, replace(mechanism, producers=producers, inhibitors=inhibitors))
