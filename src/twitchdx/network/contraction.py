"""Exact expectations over a network, for the compiler: sums of products of small arrays.

A noisy-MAX enters as rank-one terms (Díez and Galán 2003; Savicky and Vomlel 2007): P(X <= g | parents) is a
product of one factor a parent, so that P(X | parents) = sum_a M[x, a] prod_k F_k[x_k, a], and no table of
2^n cells is ever built. The weights M are signed, which costs digits where a grade is rare: the
compiler solves leaks with it to about 1e-10, and no posterior is computed this way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from twitchdx.network.network import Network, NoisyJoin, NoisyMax, Table
from twitchdx.numerics import Array

Factor = tuple[Array, tuple[str, ...]]
Unaries = Mapping[str, Array]


def parent_expectation(network: Network, parents: Sequence[str]) -> Callable[[Unaries], float]:
    """E[prod_k u_k(x_k)] over the joint distribution of some nodes, as a function of the u_k.

    Parameters
    ----------
    network : Network
        Holds the nodes and everything upstream of them.
    parents : sequence of str
        The nodes whose functions will vary.

    Returns
    -------
    callable
        Takes name -> float64 array, shape (states,), for each of `parents`.
    """
    import opt_einsum

    factors = ancestral_factors(network, parents)
    if not factors:
        return lambda _unaries: 1.0
    labels = [*(labels for _, labels in factors), *((name,) for name in parents)]
    shapes = [(network.cardinality(name),) for name in parents]
    expression = opt_einsum.contract_expression(
        _equation(labels, ()),
        *(values for values, _ in factors),
        *shapes,
        constants=range(len(factors)),
        optimize="greedy",
    )
    return lambda unaries: float(expression(*(unaries[name] for name in parents)))


def joint(network: Network, names: Sequence[str]) -> Array:
    """P(names), with one axis a name in their order, from the part of the network above them."""
    import opt_einsum

    factors = ancestral_factors(network, names)
    equation = _equation([labels for _, labels in factors], names)
    result: Array = opt_einsum.contract(equation, *(values for values, _ in factors), optimize="greedy")
    return result


def ancestral_factors(network: Network, names: Sequence[str]) -> list[Factor]:
    """The factors whose product, summed over everything else, is the joint of some nodes."""
    above = network.ancestors(names)
    return [factor for name in network if name in above for factor in _factors(network, name)]


def _factors(network: Network, name: str) -> list[Factor]:
    node = network[name]
    match node.mechanism:
        case Table(parents=parents, values=values):
            return [(values, (*parents, name))]
        case NoisyMax() as noisy:
            return _rank_one(name, noisy)
        case NoisyJoin():
            message = "a compiled network has no joins"
            raise TypeError(message)


def _rank_one(name: str, noisy: NoisyMax) -> list[Factor]:
    """Terms 0 .. G for P(X <= g) times the pass, then the two of "suppressed": 1 and minus the pass."""
    grades = noisy.leak.size
    terms = grades + (3 if noisy.inhibitors else 1)
    hidden = f"{name}__term"
    weights = np.zeros([grades + 1, terms])
    weights[:, : grades + 1] = np.eye(grades + 1) - np.eye(grades + 1, k=-1)
    weights[0, grades + 1 :] = (1.0, -1.0) if noisy.inhibitors else ()
    factors: list[Factor] = [(weights * _silence(noisy.leak[None, :], terms), (name, hidden))]
    factors.extend(
        (_silence(reach, terms), (parent, hidden))
        for parent, reach in zip(noisy.producers, noisy.reach, strict=True)
    )
    for parent, passes in zip(noisy.inhibitors, noisy.passes, strict=True):
        values = np.repeat(passes[:, None], terms, axis=1)
        values[:, grades + 1] = 1.0
        factors.append((values, (parent, hidden)))
    return factors


def _silence(reach: Array, terms: int) -> Array:
    """P(contribution <= g) = 1 - P(contribution >= g + 1), certain for the highest grade."""
    values = np.ones([reach.shape[0], terms])
    values[:, : reach.shape[1]] = 1.0 - reach
    return values


def _equation(inputs: Sequence[Sequence[str]], output: Sequence[str]) -> str:
    """Labels to an einsum equation of single symbols."""
    import opt_einsum

    symbols: dict[str, str] = {}
    for labels in inputs:
        for label in labels:
            symbols.setdefault(label, opt_einsum.get_symbol(len(symbols)))

    def spell(labels: Sequence[str]) -> str:
        return "".join(symbols[label] for label in labels)

    return f"{','.join(spell(labels) for labels in inputs)}->{spell(output)}"
