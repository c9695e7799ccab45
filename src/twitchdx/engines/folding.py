"""Evidence folded into the network: small positive factors over what is still unknown.

States that the evidence excludes are cut away everywhere. What remains of a noisy node depends on what is
known of it: if it is in its first state, its parents do not interact at all; if it is at a known grade, all
that matters of a contribution is whether it is below that grade, at it, or beyond (and so excluded).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from twitchdx.network import RESERVED, Network, Node, NoisyMax, Table, contribution
from twitchdx.numerics import Array, log_mass


@dataclass(frozen=True, slots=True, eq=False)
class Factor:
    """A table over some variables, one axis each."""

    values: Array
    scope: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    """Contributions to one noisy node, of which the greatest is still to be found.

    Attributes
    ----------
    name : str
        The node.
    parts : list of Factor
        P(contribution | scope), its class on the last axis, which the scope does not name.
    classes : int
        Number of classes of contributions, lowest first.
    outcome : int array, shape (states of the node that are possible,)
        The class that stands for each possible state of the node, when it is the greatest.
    """

    name: str
    parts: list[Factor]
    classes: int
    outcome: NDArray[np.intp]


@dataclass(slots=True, eq=False)
class Folded:
    """The network given the evidence.

    Attributes
    ----------
    possible : dict of str to int array
        Variable -> index of the states that the evidence leaves.
    constant : float
        Natural log of what does not depend on any unknown; -inf where the evidence is impossible.
    factors : list of Factor
        Tables over the unknown variables.
    joints : list of Joint
        Noisy nodes whose contributions are still to be joined.
    sizes : dict of str to int
        Number of possible states of each unknown variable, and of each switch that was added.
    """

    possible: dict[str, NDArray[np.intp]]
    constant: float = 0.0
    factors: list[Factor] = field(default_factory=list)
    joints: list[Joint] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)

    def add(self, values: Array, scope: tuple[str, ...]) -> None:
        """Multiply a table over all its variables, known ones included; those have one state left."""
        unknown = tuple(name for name in scope if self.sizes[name] > 1)
        values = values.reshape([self.sizes[name] for name in unknown])
        if unknown:
            self.factors.append(Factor(values, unknown))
        else:
            self.constant += log_mass(float(values))


def fold_evidence(network: Network, likelihoods: Mapping[str, Array], needed: Collection[str]) -> Folded:
    """Fold the evidence into the part of a network that is needed.

    Parameters
    ----------
    network : Network
        Any network.
    likelihoods : mapping of str to float64 array
        The evidence.
    needed : collection of str
        Names of the nodes, with all their ancestors; nodes outside are summed out, to 1.
    """
    possible = {
        name: np.flatnonzero(likelihoods[name])
        if name in likelihoods
        else np.arange(network.cardinality(name))
        for name in network
        if name in needed
    }
    folded = Folded(possible, sizes={name: len(states) for name, states in possible.items()})
    for name in possible:
        if name in likelihoods:
            folded.add(likelihoods[name][possible[name]], (name,))
        node = network[name]
        match node.mechanism:
            case Table(parents=parents, values=values):
                scope = (*parents, name)
                folded.add(values[np.ix_(*(possible[each] for each in scope))], scope)
            case NoisyMax() as noisy:
                _fold_noisy(folded, node, noisy)
    return folded


def _fold_noisy(folded: Folded, node: Node, noisy: NoisyMax) -> None:
    outcomes = folded.possible[node.name]
    gate = _fold_inhibitors(folded, node, noisy, can_be_first=bool((outcomes == 0).any()))
    class_of = _classes(len(node.states), outcomes)
    classes = int(class_of.max()) + 1
    gather = np.eye(classes + 1)[class_of][:, :-1]  # the class -1 is what the evidence excludes

    def part(grades: Array, parents: tuple[str, ...]) -> Factor:
        reduced = grades @ gather
        if not gate:
            return Factor(reduced, parents)
        suppressed = np.broadcast_to(gather[0], reduced.shape)
        return Factor(np.stack([suppressed, reduced]), (*gate, *parents))

    start = part(contribution(noisy.leak[None, :])[0], ())
    parts: list[Factor] = []
    for parent, reach in zip(noisy.producers, noisy.reach, strict=True):
        here = part(contribution(reach)[folded.possible[parent]], (parent,))
        if folded.sizes[parent] > 1:
            parts.append(here)
        else:  # a known parent only shifts the leak
            start = join_parts(start, Factor(here.values.reshape(start.values.shape), gate))
    if classes == 1:
        # Nothing can have contributed: each parent has its own factor, and they do not interact.
        for each in (start, *parts):
            folded.add(each.values, each.scope)
        return
    if parts:
        parts[0] = join_parts(start, parts[0])
    folded.joints.append(Joint(node.name, parts or [start], classes, class_of[outcomes]))


def _fold_inhibitors(folded: Folded, node: Node, noisy: NoisyMax, *, can_be_first: bool) -> tuple[str, ...]:
    """Fold the inhibitors; the name of a switch (suppressed, open) where one is needed."""
    passes = [each[folded.possible[name]] for name, each in zip(noisy.inhibitors, noisy.passes, strict=True)]
    if not can_be_first:
        # The outcome is there, so nothing suppressed it.
        for name, each in zip(noisy.inhibitors, passes, strict=True):
            folded.add(each, (name,))
        return ()
    if all((each == 1.0).all() for each in passes):
        return ()
    opened = np.ones(())
    for each in passes:
        opened = np.multiply.outer(opened, each)
    switch = f"{node.name}{RESERVED}switch"
    folded.sizes[switch] = 2
    folded.add(np.stack([1.0 - opened, opened], axis=-1), (*noisy.inhibitors, switch))
    return (switch,)


def _classes(states: int, outcomes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Class of each contribution: the least that must be kept apart to tell the possible outcomes.

    Contributions above the highest possible outcome are excluded (class -1). Those below the lowest one are
    of one class, each possible outcome is a class, and those between two neighbouring ones are a class.
    """
    above = np.searchsorted(outcomes, np.arange(states))  # possible outcomes that are lower
    _, classes = np.unique(2 * above + np.isin(np.arange(states), outcomes), return_inverse=True)
    return np.where(np.arange(states) > outcomes[-1], -1, classes)


def join_parts(first: Factor, second: Factor) -> Factor:
    """P(the greater of two contributions); what the evidence excludes has lost its mass."""
    scope = tuple(dict.fromkeys((*first.scope, *second.scope)))
    a, b = _aligned(first, scope), _aligned(second, scope)
    lower = np.cumsum(a, axis=-1)
    lower = np.concatenate([np.zeros_like(lower[..., :1]), lower[..., :-1]], axis=-1)
    return Factor(a * np.cumsum(b, axis=-1) + lower * b, scope)


def _aligned(part: Factor, scope: tuple[str, ...]) -> Array:
    """The table of a part with one axis for each name of a larger scope, and the contribution last."""
    order = [part.scope.index(name) for name in scope if name in part.scope]
    values = np.transpose(part.values, [*order, len(part.scope)])
    shape = iter(values.shape)
    return values.reshape([next(shape) if name in part.scope else 1 for name in scope] + [values.shape[-1]])
