"""Worlds drawn from a network, parents before children."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from twitchdx.network import Network, NoisyMax, Table
from twitchdx.numerics import Array

_Ints = NDArray[np.intp]


def draw_worlds(
    network: Network, names: Collection[str], draws: int, random: np.random.Generator
) -> dict[str, _Ints]:
    """States of some variables in worlds drawn from the joint distribution without evidence.

    Parameters
    ----------
    network : Network
        The network.
    names : collection of str
        The variables.
    draws : int
        How many worlds.
    random : numpy.random.Generator
        Where chance comes from.

    Returns
    -------
    dict of str to int array, shape (draws,)
        Variable -> index of its state in each world.
    """
    needed = network.ancestors(names)
    drawn: dict[str, _Ints] = {}
    for name in network:  # parents before children
        if name in needed:
            drawn[name] = _draw(network[name].mechanism, drawn, random.random(draws))
    return {name: drawn[name] for name in names}


def _draw(mechanism: Table | NoisyMax, drawn: Mapping[str, _Ints], chance: Array) -> _Ints:
    """The state above the first that a uniform number reaches."""
    if isinstance(mechanism, NoisyMax):
        at_least = _at_least(mechanism, drawn, len(chance))
    else:
        rows = mechanism.values[tuple(drawn[parent] for parent in mechanism.parents)]
        # From the last state down, so that rare states at the end keep their digits.
        at_least = np.broadcast_to(rows[..., ::-1].cumsum(axis=-1)[..., ::-1], [len(chance), rows.shape[-1]])[
            :, 1:
        ]
    found: _Ints = (chance[:, None] < at_least).sum(axis=1)
    return found


def _at_least(noisy: NoisyMax, drawn: Mapping[str, _Ints], draws: int) -> Array:
    """P(X >= g | parents), shape (draws, G)."""
    below = np.broadcast_to(1.0 - noisy.leak, [draws, noisy.leak.size])
    for parent, reach in zip(noisy.producers, noisy.reach, strict=True):
        below = below * (1.0 - reach)[drawn[parent]]
    found: Array = 1.0 - below
    for parent, passes in zip(noisy.inhibitors, noisy.passes, strict=True):
        found = found * passes[drawn[parent]][:, None]
    return found
