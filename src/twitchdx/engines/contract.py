"""What every engine takes and gives."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from twitchdx.network import Network
from twitchdx.numerics import Array


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The exact answer for one patient.

    Attributes
    ----------
    log_evidence : float
        Natural log of P(evidence), where soft evidence counts as its likelihood scaled to maximum 1;
        -inf where the evidence is impossible.
    marginals : mapping of str to float64 array
        Target -> P(target | evidence) in the order of its states; empty where the evidence is
        impossible.
    """

    log_evidence: float
    marginals: Mapping[str, Array]


class Engine(Protocol):
    """Computes posterior marginals exactly.

    Attributes
    ----------
    name : str
        What users call it.
    """

    name: str

    def answer(self, network: Network, likelihoods: Mapping[str, Array], targets: Collection[str]) -> Answer:
        """P(target | evidence) for each target, and P(evidence).

        Parameters
        ----------
        network : Network
            The compiled network.
        likelihoods : mapping of str to float64 array
            Variable -> P(observation | state), not negative and not all zero.
        targets : collection of str
            Variables whose marginals are wanted.
        """
        ...
