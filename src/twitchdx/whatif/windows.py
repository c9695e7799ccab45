"""Two windows of time in one network: what is as observed, and what is drawn anew after an action.

Beside the variables as they are stand copies of those downstream of what is acted on, each with the mechanism
of its original. The parents of a copy are copies where there are any, the certain state of what is set, and
otherwise the originals. No arrow leads from a copy back, so that P(evidence) is as before.

A copy and its original may share parents, and share no noise: the second window is a prediction of what
happens next, not a counterfactual about what has happened.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from twitchdx.network import RESERVED, Network, Node, NoisyMax, Table, closure
from twitchdx.numerics import read_only

_ANEW = f"{RESERVED}anew"
_SET = f"{RESERVED}set"

#: Variables that are acted on, each with the index of the state to which it is set, or None where it stays.
Acted = frozenset[tuple[str, int | None]]


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """A network with two windows.

    Attributes
    ----------
    network : Network
        The variables of the first window under their own names, and those of the second.
    complaint : str
        The variable that is the complaint in the second window: a copy, or where nothing that is acted on
        leads to it, the complaint itself.
    drawn_anew : tuple of str
        The variables that have a copy, in the order of the original network.
    originals : mapping of str to str
        Variable of this network -> the one whose mechanism it has. What is set is not among them.
    """

    network: Network
    complaint: str
    drawn_anew: tuple[str, ...]
    originals: Mapping[str, str]


@functools.lru_cache(maxsize=64)
def open_windows(network: Network, complaint: str, acted: Acted) -> Windows:
    """The network as it is, and a second window in which some variables are set.

    Parameters
    ----------
    network : Network
        The compiled network.
    complaint : str
        What is predicted; it is not acted on.
    acted : frozenset of pairs
        What is acted on. What is downstream of it is drawn anew, also where nothing is set.
    """
    states = dict(acted)
    # Through what is acted on nothing passes to the complaint: it is set, or stays as it is.
    needed = closure([complaint], lambda name: () if name in states else network[name].parents)
    drawn = network.descendants(states) & needed - states.keys()
    names = {name: name + _ANEW for name in drawn}
    certain = {name: state for name, state in states.items() if state is not None and name in needed}
    names |= {name: name + _SET for name in certain}
    nodes = [*network.values()]
    nodes += [_copy(network[name], names) for name in network if name in drawn]
    nodes += [_certain(names[name], network[name], certain[name]) for name in network if name in certain]
    originals = {name: name for name in network} | {names[name]: name for name in drawn}
    return Windows(
        Network(nodes),
        names.get(complaint, complaint),
        tuple(name for name in network if name in drawn),
        MappingProxyType(originals),
    )


def _copy(node: Node, names: Mapping[str, str]) -> Node:
    """The same mechanism in the second window."""

    def renamed(parents: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(names.get(each, each) for each in parents)

    match node.mechanism:
        case Table() as table:
            return Node(names[node.name], node.states, replace(table, parents=renamed(table.parents)))
        case NoisyMax() as noisy:
            mechanism = replace(
                noisy, producers=renamed(noisy.producers), inhibitors=renamed(noisy.inhibitors)
            )
            return Node(names[node.name], node.states, mechanism)


def _certain(name: str, node: Node, state: int) -> Node:
    """A variable that is set: no arrow leads into it."""
    return Node(name, node.states, Table((), read_only(np.eye(len(node.states))[state])))
