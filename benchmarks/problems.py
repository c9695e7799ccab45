"""What is asked: a network, its targets, and patients, made again from a key in every process."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.random import default_rng

from benchmarks.networks import BUNDLED, DENSE, SHIPPED, STRESS, bundled_network, clinic, layered_network
from benchmarks.patients import Hard, observe_leaves, simulate_cohort
from twitchdx.network import Network

#: Share of the leaves that are observed in a bundled network.
LEAVES = 0.2
_SEED = 7


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """One network with patients.

    Attributes
    ----------
    network : Network
        The network.
    targets : tuple of str
        The variables whose posteriors are wanted.
    patients : list of mapping of str to int
        Variable -> index of its observed state.
    """

    network: Network
    targets: tuple[str, ...]
    patients: list[Hard]


def make_problem(key: str, count: int) -> Problem:
    """The problem of a key.

    Parameters
    ----------
    key : str
        `knee_twitching` or `dense` (all causes); the name of a bundled network (all variables); or
        `layered:CAUSES:FINDINGS:PARENTS:POSITIVES` (all causes, every other finding negative).
    count : int
        Number of patients.
    """
    if key in {SHIPPED, DENSE}:
        subject = clinic(key)
        cohort = simulate_cohort(subject, count, _SEED)
        return Problem(subject.network, subject.causes, list(cohort.patients()))
    if key in {*BUNDLED, STRESS}:
        network = bundled_network(key)
        return Problem(network, tuple(network), list(observe_leaves(network, LEAVES, count, _SEED)))
    kind, *numbers = key.split(":")
    if kind != "layered":
        raise ValueError(key)
    causes, findings, parents, positives = map(int, numbers)
    network = layered_network(causes, findings, parents / causes, _SEED)
    rng = default_rng(_SEED)
    patients: list[Hard] = []
    for _ in range(count):
        positive = set(rng.choice(findings, size=positives, replace=False).tolist())
        patients.append({f"finding_{index}": int(index in positive) for index in range(findings)})
    return Problem(network, tuple(f"cause_{index}" for index in range(causes)), patients)
