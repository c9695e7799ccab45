"""Parent divorcing: a network of tables, none larger than a stated number of cells.

A noisy-MAX of many parents is a chain of partial maxima, each over a few of the parents; the last adds the
leak and the inhibitors. Nothing is approximated, and every marginal is unchanged (Olesen et al. 1989).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod

import numpy as np

from twitchdx.network.network import RESERVED, Network, Node, NoisyMax, Table, noisy_table
from twitchdx.numerics import Array, read_only

#: Tables of noisy nodes up to this size are written out whole. Larger tables slow elimination down
#: more than a helper node costs it.
MAX_CELLS = 256


def split_network(network: Network, max_cells: int = MAX_CELLS) -> Network:
    """The same distribution over the same variables, with tables only.

    Parameters
    ----------
    network : Network
        A compiled network.
    max_cells : int
        Noisy nodes whose table would be larger are split. Explicit tables stay as they are; a chain
        link has at least one parent, so that it can exceed this where that parent has many states.

    Returns
    -------
    Network
        Original names, and helper nodes whose names hold a double underscore.
    """
    nodes: list[Node] = []
    for node in network.values():
        match node.mechanism:
            case NoisyMax():
                sizes = tuple(network.cardinality(parent) for parent in node.parents)
                nodes.extend(_split(node, sizes, max_cells))
            case _:
                nodes.append(node)
    return Network(nodes)


def _split(node: Node, cardinalities: tuple[int, ...], max_cells: int) -> tuple[Node, ...]:
    noisy = node.mechanism
    assert isinstance(noisy, NoisyMax)
    if prod(cardinalities) * len(node.states) <= max_cells:
        table = noisy_table(noisy, noisy.parents, cardinalities)
        return (Node(node.name, node.states, Table(noisy.parents, table)),)
    chain = _partial_maxima(node, noisy, max_cells)
    gates = _gates(node, noisy, max_cells)
    # The last node takes the greatest contribution, the leak, and whether anything suppresses it.
    identity = np.tri(len(node.states), len(node.states) - 1, k=-1)
    parents, reach = (chain[-1].name,), (read_only(identity),)
    if gates:
        last = NoisyMax(parents, reach, noisy.leak, (gates[-1].name,), (read_only([0.0, 1.0]),))
        sizes = [len(node.states), 2]
    else:
        last = NoisyMax(parents, reach, noisy.leak)
        sizes = [len(node.states)]
    table = noisy_table(last, last.parents, sizes)
    return (*chain, *gates, Node(node.name, node.states, Table(last.parents, table)))


def _chunks(sizes: Sequence[int], carried: int, max_cells: int) -> list[range]:
    """Runs of parents that fit beside what is carried over, each with at least one parent."""
    cuts = [0]
    cells = carried * carried
    for index, size in enumerate(sizes):
        if index > cuts[-1] and cells * size > max_cells:
            cuts.append(index)
            cells = carried * carried
        cells *= size
    return [range(start, stop) for start, stop in pairwise([*cuts, len(sizes)])]


def _partial_maxima(node: Node, noisy: NoisyMax, max_cells: int) -> list[Node]:
    grades = len(node.states)
    silent = np.zeros(grades - 1)
    identity = read_only(np.tri(grades, grades - 1, k=-1))
    chain: list[Node] = []
    sizes = [len(each) for each in noisy.reach]
    for number, chunk in enumerate(_chunks(sizes, grades, max_cells), start=1):
        producers = tuple(noisy.producers[i] for i in chunk)
        reach: tuple[Array, ...] = tuple(noisy.reach[i] for i in chunk)
        shape = [sizes[i] for i in chunk]
        if chain:
            producers, reach = (chain[-1].name, *producers), (identity, *reach)
            shape = [grades, *shape]
        table = noisy_table(NoisyMax(producers, reach, silent), producers, shape)
        name = f"{node.name}{RESERVED}max_{number}"
        chain.append(Node(name, node.states, Table(producers, table)))
    return chain


def _gates(node: Node, noisy: NoisyMax, max_cells: int) -> list[Node]:
    if not noisy.inhibitors:
        return []
    gates: list[Node] = []
    sizes = [len(each) for each in noisy.passes]
    for number, chunk in enumerate(_chunks(sizes, 2, max_cells), start=1):
        parents = tuple(noisy.inhibitors[i] for i in chunk)
        passes: tuple[Array, ...] = tuple(noisy.passes[i] for i in chunk)
        shape = [sizes[i] for i in chunk]
        if gates:
            parents, passes, shape = (gates[-1].name, *parents), (read_only([0.0, 1.0]), *passes), [2, *shape]
        opened = NoisyMax((), (), read_only([1.0]), parents, passes)
        table = noisy_table(opened, parents, shape)
        gates.append(
            Node(f"{node.name}{RESERVED}gate_{number}", ("suppressed", "open"), Table(parents, table))
        )
    return gates
