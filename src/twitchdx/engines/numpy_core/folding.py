"""The evidence folded into the network, node by node: small positive tables over what is unknown.

Known variables are gone from every table. Unknown ones keep the states that the evidence leaves. What a noisy
node becomes is a *hub*: a variable for the greatest contribution so far, with one table for each unknown
parent and one, the *cap*, that says what each class is worth.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from twitchdx.engines.numpy_core.chains import Chain, absorb, chain_of, classes_of
from twitchdx.engines.numpy_core.scaling import scaled
from twitchdx.network import Network, NoisyMax
from twitchdx.numerics import Array

#: States of a variable that the evidence leaves, ascending; None for all of them.
Possible = tuple[int, ...] | None

_Number = TypeVar("_Number", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """One node as the engine wants it; hashed by identity, so that it can be the key of a cache.

    Attributes
    ----------
    name : str
        The variable.
    scope : tuple of str
        The variable, then its parents.
    mechanism : Chain or float64 array
        Contributions, or P(X | parents) with the axis of X first.
    """

    name: str
    scope: tuple[str, ...]
    mechanism: Chain | Array


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """A network as the engine wants it.

    Attributes
    ----------
    position : dict of str to int
        Place of each variable, parents before children.
    sizes : dict of str to int
        Number of states.
    above : dict of str to frozenset of str
        The variable and all its ancestors.
    nodes : dict of str to Prepared
        The nodes.
    certain : dict of str to tuple of int
        Variables of one state, as if observed.
    """

    position: dict[str, int]
    sizes: dict[str, int]
    above: dict[str, frozenset[str]]
    nodes: dict[str, Prepared]
    certain: dict[str, tuple[int, ...]]


# Forgotten with the network.
_COMPILED: weakref.WeakKeyDictionary[Network, Compiled] = weakref.WeakKeyDictionary()


def compile_network(network: Network) -> Compiled:
    """Everything about a network that no evidence changes, worked out once."""
    compiled = _COMPILED.get(network)
    if compiled is None:
        compiled = _COMPILED.setdefault(network, _compile(network))
    return compiled


def _compile(network: Network) -> Compiled:
    above: dict[str, frozenset[str]] = {}
    nodes: dict[str, Prepared] = {}
    for name, node in network.items():
        above[name] = frozenset([name]).union(*(above[parent] for parent in node.parents))
        mechanism = node.mechanism
        nodes[name] = Prepared(
            name,
            (name, *node.parents),
            chain_of(mechanism) if isinstance(mechanism, NoisyMax) else np.moveaxis(mechanism.values, -1, 0),
        )
    return Compiled(
        {name: place for place, name in enumerate(network)},
        {name: network.cardinality(name) for name in network},
        above,
        nodes,
        {name: (0,) for name in network if network.cardinality(name) == 1},
    )


@dataclass(frozen=True, slots=True, eq=False)
class Hub:
    """What is left of a noisy node whose unknown parents interact.

    Attributes
    ----------
    cap : float64 array, shape (L,) or (L, states of X)
        What each class of the greatest contribution is worth, the leak and known parents included; where X
        is unknown, for each of its states.
    parts : list of (str, float64 array of shape (states of the parent, L))
        Parent and P(class of its contribution | its state); two or more.
    """

    cap: Array
    parts: list[tuple[str, Array]]


@dataclass(slots=True, eq=False)
class Piece:
    """A node given the evidence on it and its parents: a product.

    Attributes
    ----------
    tables : list of (tuple of str, float64 array)
        Unknown variables, and a table with one axis for each of them.
    hub : Hub or None
        Contributions still to be joined.
    exponent : int
        A power of two that was taken out.
    """

    tables: list[tuple[tuple[str, ...], Array]] = field(default_factory=list)
    hub: Hub | None = None
    exponent: int = 0

    def add(self, scope: tuple[str, ...], table: Array) -> None:
        """One more factor."""
        self.tables.append((scope, self.scale(table)))

    def scale(self, table: Array) -> Array:
        """The table in ordinary magnitude; the exponent is kept."""
        table, exponent = scaled(table)
        self.exponent += exponent
        return table


# Many patients share what is known of one node and its parents. A piece holds a few small tables.
@functools.lru_cache(maxsize=8192)
def fold_node(node: Prepared, possible: tuple[Possible, ...]) -> Piece:
    """Fold what is known of one node and its parents.

    Parameters
    ----------
    node : Prepared
        The node.
    possible : tuple
        For each variable of its scope, the states that the evidence leaves.
    """
    known = dict(zip(node.scope, possible, strict=True))
    piece = Piece()
    if isinstance(node.mechanism, Chain):
        _fold_chain(piece, node.name, node.mechanism, known)
    else:
        scope = tuple(name for name, states in known.items() if states is None or len(states) > 1)
        piece.add(scope, cut(node.mechanism, possible))
    return piece


def cut(table: NDArray[_Number], possible: Sequence[Possible]) -> NDArray[_Number]:
    """The possible states of every axis; an axis with one of them is dropped."""
    for axis in reversed(range(len(possible))):
        states = possible[axis]
        if states is not None:
            table = table.take(states[0] if len(states) == 1 else states, axis=axis)
    return table


def _fold_chain(piece: Piece, name: str, chain: Chain, known: dict[str, Possible]) -> None:
    states = known[name]
    classes = classes_of(chain.outcome, range(int(chain.outcome.max()) + 1) if states is None else states)
    cap = absorb(classes.gather(chain.leak), classes.cap)
    parts: list[tuple[str, Array]] = []
    for parent, elements in chain.parts.items():
        part = classes.gather(cut(elements, (known[parent],)))
        if part.ndim == 1:
            cap = piece.scale(absorb(part, cap))
        elif part[:, 1:].any():
            parts.append((parent, part))
        else:  # it contributes nothing, or what is excluded
            piece.add((parent,), part[:, 0])
    here = () if cap.ndim == 1 else (name,)
    if not parts:
        piece.add(here, cap[0])
    elif len(parts) == 1:
        parent, part = parts[0]
        piece.add((parent, *here), part @ cap)
    else:
        piece.hub = Hub(cap, parts)
