"""Patients simulated from a network: worlds by forward sampling, and what is observed of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from benchmarks.networks import Clinic
from twitchdx.engines import UNOBSERVED, Rows
from twitchdx.network import Network, NoisyMax, Table
from twitchdx.numerics import Array, read_only

Codes = NDArray[np.int8]
Hard = Mapping[str, int]

#: Bounds of what is observed of a patient.
FEWEST, MOST, MOST_POSITIVE = 3, 25, 12
#: Worlds from which patients are drawn, each with its own pattern of what was observed.
POOL = 100_000


def sample_worlds(network: Network, count: int, rng: Generator) -> dict[str, Codes]:
    """The state of every variable in independent worlds, by forward sampling.

    Returns
    -------
    dict of str to int8 array, shape (count,)
    """
    worlds: dict[str, Codes] = {}
    for name, node in network.items():  # parents before children
        match node.mechanism:
            case Table(parents=parents, values=values):
                rows = values[tuple(worlds[each] for each in parents)] if parents else values[None, :]
                worlds[name] = _draw(rows, count, rng)
            case NoisyMax() as noisy:
                state = _contribution(noisy.leak[None, :], count, rng)
                for parent, reach in zip(noisy.producers, noisy.reach, strict=True):
                    np.maximum(state, _contribution(reach[worlds[parent]], count, rng), out=state)
                for parent, passes in zip(noisy.inhibitors, noisy.passes, strict=True):
                    state[rng.random(count) >= passes[worlds[parent]]] = 0
                worlds[name] = state
            case _:
                raise TypeError("a compiled network has tables and noisy-MAXes")
    return worlds


def _draw(rows: Array, count: int, rng: Generator) -> Codes:
    cumulative = np.cumsum(rows, axis=-1)[..., :-1]
    states: Codes = (rng.random([count, 1]) >= cumulative).sum(axis=-1, dtype=np.int8)
    return states


def _contribution(at_least: Array, count: int, rng: Generator) -> Codes:
    grades: Codes = (rng.random([count, 1]) < at_least).sum(axis=-1, dtype=np.int8)
    return grades


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """Patients with hard evidence.

    Attributes
    ----------
    variables : tuple of str
        The variables that can be observed.
    codes : int8 array, shape (B, variables)
        Index of the observed state; -1 where nothing was observed.
    """

    variables: tuple[str, ...]
    codes: Codes

    def __len__(self) -> int:
        return len(self.codes)

    def patient(self, row: int) -> dict[str, int]:
        """Variable -> index of its state, of what was observed."""
        codes = zip(self.variables, self.codes[row].tolist(), strict=True)
        return {name: code for name, code in codes if code != UNOBSERVED}

    def patients(self) -> Iterator[dict[str, int]]:
        """Every patient in turn."""
        return (self.patient(row) for row in range(len(self)))

    def rows(self, network: Network, start: int = 0, stop: int | None = None) -> Rows:
        """Some of the patients as engines take them."""
        nothing = tuple(np.empty([0, network.cardinality(name)]) for name in self.variables)
        return Rows(self.variables, self.codes[start:stop].astype(np.int32), nothing)


def simulate_cohort(clinic: Clinic, count: int, seed: int) -> Cohort:
    """Patients as they come: most have the complaint, and people mention what they have.

    Each patient is a world of the network. Age and sex are known nearly always, the complaint in nine of
    ten; three of four patients have it. Of the rest between none and twenty-odd variables are observed, a
    positive finding three times as readily as a negative one.
    """
    rng = default_rng(seed)
    variables = clinic.observable
    pool = sample_worlds(clinic.network, min(POOL, 20 * count + 2000), rng)
    worlds = np.stack([pool[name] for name in variables], axis=1)
    complaint = variables.index(clinic.complaint)
    having = np.flatnonzero(worlds[:, complaint] > 0)
    drawn = np.where(
        rng.random(count) < 0.75, rng.choice(having, count), rng.integers(len(worlds), size=count)
    )
    finding = np.isin(variables, clinic.findings)
    codes = np.empty([count, len(variables)], dtype=np.int8)
    for start in range(0, count, 50_000):
        batch = slice(start, start + 50_000)
        codes[batch] = _observe(worlds[drawn[batch]], finding, complaint, rng)
    return Cohort(variables, codes)


def _observe(states: Codes, finding: NDArray[np.bool_], complaint: int, rng: Generator) -> Codes:
    """What is observed of some worlds: -1 where nothing is."""
    count, width = states.shape
    positive = finding & (states > 0)
    # Exponential keys: the smallest are a weighted sample without replacement (Efraimidis and Spirakis 2006).
    weight = np.where(positive, 3.0, np.where(finding, 1.0, 0.7))
    keys = rng.exponential(size=[count, width]) / weight
    keys[:, :2] *= 0.02
    keys[:, complaint] *= 0.005
    rank = np.argsort(np.argsort(keys, axis=1), axis=1)
    size = np.clip(np.round(rng.gamma(4.0, 3.0, count)), FEWEST, MOST)
    chosen = rank < size[:, None]
    # Of the positive findings beyond the twelfth nothing is heard.
    order = np.where(chosen & positive, rank, width)
    excess = np.argsort(np.argsort(order, axis=1), axis=1) >= MOST_POSITIVE
    chosen &= ~(positive & excess)
    return np.where(chosen, states, np.int8(UNOBSERVED)).astype(np.int8)


def observe_leaves(network: Network, share: float, count: int, seed: int) -> list[dict[str, int]]:
    """Random evidence on a share of the leaves, each time from a world of the network."""
    rng = default_rng(seed)
    worlds = sample_worlds(network, count, rng)
    leaves = [name for name in network if not network.children[name]]
    size = max(1, round(share * len(leaves)))
    patients = []
    for row in range(count):
        chosen = rng.choice(len(leaves), size=size, replace=False)
        patients.append({leaves[each]: int(worlds[leaves[each]][row]) for each in sorted(chosen)})
    return patients


def likelihoods(network: Network, patient: Hard) -> dict[str, Array]:
    """A patient as `Engine.answer` takes it."""
    return {name: read_only(np.eye(network.cardinality(name))[code]) for name, code in patient.items()}


def describe(cohort: Cohort, findings: Sequence[str]) -> str:
    """How much is observed, in words."""
    observed = (cohort.codes != UNOBSERVED).sum(axis=1)
    positive = (cohort.codes[:, np.isin(cohort.variables, findings)] > 0).sum(axis=1)
    return (
        f"{int(observed.min())} to {int(observed.max())} observed (median {np.median(observed):g}), "
        f"{int(positive.min())} to {int(positive.max())} positive findings (median {np.median(positive):g})"
    )
