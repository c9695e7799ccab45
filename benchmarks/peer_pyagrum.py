"""pyAgrum's lazy propagation as a competent user would run it."""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Collection
from typing import Any

import numpy as np

from benchmarks.patients import Hard
from twitchdx.engines import Answer
from twitchdx.network import RESERVED, Network, Node, NoisyMax, Table, split_network
from twitchdx.numerics import read_only

#: Tables of noisy nodes that are larger are divorced. Of 8 to 4096 this made pyAgrum fastest.
MAX_CELLS = 256


@functools.cache
def pyagrum() -> Any:
    """The library, without the warnings about its own bindings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pyagrum

        return pyagrum


class LazyPropagation:
    """One inference object, kept from patient to patient.

    Parameters
    ----------
    network : Network
        The network.
    targets : collection of str
        The variables whose posteriors are wanted.
    keep : bool
        Whether two-state noisy-ORs of two-state parents stay noisy-ORs (`addNoisyOR`); the others are
        divorced into tables.
    max_cells : int
        Tables of noisy nodes that are larger are divorced.
    """

    name = "pyAgrum LazyPropagation"

    def __init__(
        self, network: Network, targets: Collection[str], *, keep: bool = False, max_cells: int = MAX_CELLS
    ) -> None:
        self.targets = tuple(targets)
        self.net = to_pyagrum(network, keep=keep, max_cells=max_cells)
        self.inference = pyagrum().LazyPropagation(self.net)
        # Combining all tables is quicker here than looking for the relevant ones (0 = FIND_ALL).
        self.inference.setRelevantTensorsFinderType(0)
        # One thread, as the engines that it is compared with.
        self.inference.setNumberOfThreads(1)

    def question(self, patient: Hard) -> dict[str, int]:
        """The evidence as it stands."""
        return dict(patient)

    def answer(self, patient: dict[str, int]) -> Answer:
        """Posteriors of the targets and P(evidence)."""
        inference = self.inference
        inference.setEvidence(patient)
        # Setting evidence keeps the targets; an observed variable is none.
        inference.setTargets({name for name in self.targets if name not in patient})
        inference.makeInference()
        marginals = {name: np.asarray(inference.posterior(name).toarray()) for name in self.targets}
        evidence = float(inference.evidenceProbability())
        return Answer(math.log(evidence) if evidence > 0.0 else -math.inf, marginals)


def to_pyagrum(network: Network, *, keep: bool, max_cells: int) -> Any:
    """The same network for pyAgrum."""
    gum = pyagrum()
    kept = {name: node for name, node in network.items() if keep and _is_plain_or(network, node)}
    others = {
        name: node for name, node in split_network(network, max_cells).items() if _owner(name) not in kept
    }
    net = gum.BayesNet()
    # With a number of its own each node is added in no time; else pyAgrum looks for a free one among all.
    for number, (name, node) in enumerate({**others, **kept}.items()):
        variable = gum.LabelizedVariable(name, name, list(node.states))
        if name in kept:
            assert isinstance(node.mechanism, NoisyMax)
            net.addNoisyORNet(variable, float(node.mechanism.leak[0]), number)
        else:
            net.add(variable, number)
    for name, node in kept.items():
        assert isinstance(node.mechanism, NoisyMax)
        for parent, reach in zip(node.mechanism.producers, node.mechanism.reach, strict=True):
            net.addWeightedArc(parent, name, float(reach[1, 0]))
    for name, node in others.items():
        for parent in node.parents:
            net.addArc(parent, name)
    for name, node in others.items():
        assert isinstance(node.mechanism, Table)
        cpt = net.cpt(name)
        axes = [*node.parents, name]
        # The first variable of a pyAgrum table runs fastest.
        values = np.transpose(node.mechanism.values, [axes.index(each) for each in reversed(cpt.names)])
        cpt.fillWith(read_only(values).ravel().tolist())
    return net


def _owner(name: str) -> str:
    """The variable that a helper node belongs to."""
    return name.partition(RESERVED)[0]


def _is_plain_or(network: Network, node: Node) -> bool:
    noisy = node.mechanism
    return (
        isinstance(noisy, NoisyMax)
        and not noisy.inhibitors
        and len(node.states) == 2
        and all(network.cardinality(parent) == 2 for parent in noisy.producers)
    )
