"""Other people's inference on our networks: pgmpy's variable elimination, pyAgrum's lazy propagation.

Both get tables that the oracle writes out.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from oracle import exact_table
from twitchdx.network import Network, Table
from twitchdx.numerics import Array, log_mass

_SEEN = "seen__"


@functools.cache
def pyagrum() -> Any:
    # Its import warns about its own bindings, and the interpreter crashes where that warning is an error.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pyagrum

        return pyagrum


def _table(network: Network, name: str) -> Array:
    """P(X | parents) as floats, the parents' axes first."""
    mechanism = network[name].mechanism
    if isinstance(mechanism, Table):
        return mechanism.values
    values, denominator = exact_table(network, name)
    floats = [int(each) / denominator for each in values.ravel()]
    return np.reshape(floats, values.shape)


def lazy_propagation(
    network: Network, likelihoods: Mapping[str, Array], targets: Collection[str] | None = None
) -> tuple[float, dict[str, list[float]]]:
    """log P(evidence), and P(variable | evidence) of the targets or of every variable, by pyAgrum."""
    net = _pyagrum_network(network)
    inference = pyagrum().LazyPropagation(net)
    for name, vector in likelihoods.items():
        inference.addEvidence(name, vector.tolist())
    if targets is not None:
        inference.setTargets(set(targets))
    inference.makeInference()
    mass = inference.evidenceProbability() if likelihoods else 1.0
    return log_mass(mass), {name: inference.posterior(name).tolist() for name in targets or network}


@functools.lru_cache(maxsize=4)
def _pyagrum_network(network: Network) -> Any:
    net = pyagrum().BayesNet()
    for name, node in network.items():
        net.add(pyagrum().LabelizedVariable(name, name, list(node.states)))
    for name, node in network.items():
        for parent in node.parents:
            net.addArc(parent, name)
    for name, node in network.items():
        cpt = net.cpt(name)
        axes = [*node.parents, name]
        # The first variable of a pyAgrum table runs fastest.
        order = [axes.index(each) for each in reversed(cpt.names)]
        cpt.fillWith(np.transpose(_table(network, name), order).ravel().tolist())
    return net


def variable_elimination(network: Network, likelihoods: Mapping[str, Array]) -> dict[str, list[float]]:
    """P(variable | evidence) of every variable, by pgmpy's own queries.

    An observation, hard or soft, becomes a child of what it is about that is seen to be present: pgmpy
    refuses to be asked about what it is told.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pgmpy.factors.discrete import TabularCPD
        from pgmpy.inference import VariableElimination
        from pgmpy.models import DiscreteBayesianNetwork

        model = DiscreteBayesianNetwork()
        model.add_nodes_from(network)
        for name, node in network.items():
            model.add_edges_from((parent, name) for parent in node.parents)
            values = _table(network, name)
            cards = [network.cardinality(each) for each in node.parents]
            columns = np.moveaxis(values, -1, 0).reshape(values.shape[-1], -1)
            model.add_cpds(
                TabularCPD(name, len(node.states), columns, list(node.parents) or None, cards or None)
            )
        for name, vector in likelihoods.items():
            model.add_edge(name, _SEEN + name)
            seen = TabularCPD(_SEEN + name, 2, [1.0 - vector, vector], [name], [vector.size])
            model.add_cpds(seen)
        model.check_model()
        inference = VariableElimination(model)
        evidence = {_SEEN + name: 1 for name in likelihoods}
        return {
            name: inference.query([name], evidence, show_progress=False).values.tolist() for name in network
        }
