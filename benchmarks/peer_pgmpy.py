"""pgmpy's variable elimination as a competent user would run it."""

from __future__ import annotations

import logging
import math
from collections.abc import Collection

import numpy as np

from benchmarks.patients import Hard
from twitchdx.engines import Answer
from twitchdx.network import Network, load_pgmpy, to_pgmpy
from twitchdx.numerics import Array, read_only


class VariableElimination:
    """One inference object, one query a target.

    Asking for several targets at once builds their joint distribution, also with ``joint=False``: for thirty
    causes no machine could hold it. P(evidence) is not among what a query returns; the log evidence is NaN.

    Parameters
    ----------
    network : Network
        The network; `to_pgmpy` divorces the parents of its noisy nodes.
    targets : collection of str
        The variables whose posteriors are wanted.
    """

    name = "pgmpy VariableElimination"

    def __init__(self, network: Network, targets: Collection[str]) -> None:
        self.network = network
        self.targets = tuple(targets)
        logging.getLogger("pgmpy").setLevel(logging.ERROR)
        self.inference = load_pgmpy("inference").VariableElimination(to_pgmpy(network))

    def question(self, patient: Hard) -> dict[str, str]:
        """The evidence with names of states."""
        return {name: self.network[name].states[code] for name, code in patient.items()}

    def answer(self, question: dict[str, str]) -> Answer:
        """Posteriors of the targets."""
        return Answer(math.nan, {name: self._posterior(name, question) for name in self.targets})

    def _posterior(self, name: str, question: dict[str, str]) -> Array:
        if name in question:
            return read_only([state == question[name] for state in self.network[name].states])
        found = self.inference.query([name], evidence=question, show_progress=False)
        order = [found.name_to_no[name][state] for state in self.network[name].states]
        posterior: Array = np.asarray(found.values)[order]
        return posterior
