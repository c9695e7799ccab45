"""The networks that are timed: the shipped model, a dense synthetic one, the bundled ones, layered ones."""

from __future__ import annotations

import functools
import gzip
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.random import Generator, default_rng

import twitchdx as dx
from twitchdx.network import Network, Node, NoisyMax, Table
from twitchdx.numerics import Array, read_only

#: Networks that pgmpy carries in its wheel, from the smallest to the largest.
BUNDLED = ("asia", "child", "alarm", "insurance", "hepar2", "win95pts", "pathfinder")
STRESS = "munin1"

SHIPPED = "knee_twitching"
DENSE = "dense"


@dataclass(frozen=True, slots=True, eq=False)
class Clinic:
    """A network with roles, as a cohort study sees it.

    Attributes
    ----------
    title : str
        What the tables call it.
    network : Network
        The compiled network.
    causes : tuple of str
        The variables whose posteriors are wanted.
    risk_factors, findings, tests : tuple of str
        The variables that can be observed.
    complaint : str
        The finding that brings a patient in.
    """

    title: str
    network: Network
    causes: tuple[str, ...]
    risk_factors: tuple[str, ...]
    findings: tuple[str, ...]
    tests: tuple[str, ...]
    complaint: str

    @property
    def observable(self) -> tuple[str, ...]:
        """Every variable that a patient can have an observation of."""
        return (*self.risk_factors, *self.findings, *self.tests)


@functools.cache
def clinic(name: str) -> Clinic:
    """The shipped model or the dense synthetic network."""
    return shipped_clinic() if name == SHIPPED else dense_clinic()


def shipped_clinic() -> Clinic:
    """The model that ships."""
    model = dx.load_model(SHIPPED)
    assert model.complaint is not None
    return Clinic(
        "shipped model",
        model.network,
        tuple(model.causes),
        tuple(model.risk_factors),
        tuple(model.findings),
        tuple(model.tests),
        model.complaint,
    )


def bundled_network(name: str) -> Network:
    """A network that pgmpy carries, read by path: its own downloader needs a hub."""
    spec = find_spec("pgmpy")
    assert spec is not None
    assert spec.origin is not None
    packed = Path(spec.origin).parent / "utils" / "example_models" / f"{name}.bif.gz"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.bif"
        path.write_bytes(gzip.decompress(packed.read_bytes()))
        return dx.load_model(path).network


def layered_network(causes: int, findings: int, density: float, seed: int) -> Network:
    """Causes above findings, all of two states, as in QMR-DT.

    Parameters
    ----------
    causes, findings : int
        Size of the two layers.
    density : float
        Probability that a cause has a link to a finding; every finding has at least one.
    seed : int
        Of the random generator.

    References
    ----------
    Shwe et al. (1991), Methods of Information in Medicine 30(4): 534 diseases, 4,040 findings and 40,740
    links, ten parents a finding.
    """
    rng = default_rng(seed)
    above = [f"cause_{index}" for index in range(causes)]
    nodes = [Node(name, _TWO, Table((), read_only([1.0 - p, p]))) for name, p in _rare(rng, above, 1e-4, 0.1)]
    for index in range(findings):
        linked = np.flatnonzero(rng.random(causes) < density)
        chosen = linked if linked.size else rng.integers(causes, size=1)
        parents = tuple(above[each] for each in chosen)
        reach = tuple(read_only([[0.0], [link]]) for link in rng.uniform(0.05, 0.9, len(parents)))
        nodes.append(Node(f"finding_{index}", _TWO, NoisyMax(parents, reach, read_only([_leak(rng)]))))
    return Network(nodes)


_TWO = ("absent", "present")
_GRADES = ("absent", "mild", "severe", "extreme")
#: Causes and findings of one body system are linked more often than others.
_SYSTEMS = 5


def dense_clinic(seed: int = 20) -> Clinic:
    """A synthetic network of the size and density that a complete model of the complaint will have.

    25 risk factors (age of four states and sex above some of the others), 30 causes (six of three states,
    four of four), 10 processes (the last a tendency to report), 60 findings (the complaint and six more in
    grades, three that describe the complaint) and 15 tests. Priors are log-uniform, with causes as rare as
    1e-6; links lie between 0.05 and 0.9.
    """
    grower = _Grower(default_rng(seed))
    risk_factors = grower.risk_factors(25)
    causes = grower.causes(30, risk_factors)
    processes = grower.processes(9, causes)
    grower.nodes["reporting"] = grower.table("reporting", ("typical", "heightened", "reserved"), causes[:1])
    findings = grower.findings(60, causes, processes)
    tests = grower.tests(15, causes, processes)
    network = Network(grower.nodes.values())
    return Clinic("dense synthetic network", network, causes, risk_factors, findings, tests, findings[0])


def _rare(rng: Generator, names: Sequence[str], low: float, high: float) -> list[tuple[str, float]]:
    """A log-uniform probability for each name."""
    return [(name, float(np.exp(rng.uniform(np.log(low), np.log(high))))) for name in names]


def _leak(rng: Generator) -> float:
    return float(np.exp(rng.uniform(np.log(0.003), np.log(0.15))))


class _Grower:
    """Adds the layers of the dense network one after another."""

    def __init__(self, rng: Generator) -> None:
        self.rng = rng
        self.nodes: dict[str, Node] = {}

    def states(self, name: str) -> int:
        return len(self.nodes[name].states)

    def choose(self, names: Sequence[str], low: int, high: int) -> tuple[str, ...]:
        count = min(int(self.rng.integers(low, high + 1)), len(names))
        return tuple(str(each) for each in self.rng.choice(list(names), size=count, replace=False))

    def risk_factors(self, count: int) -> tuple[str, ...]:
        self.nodes["age"] = Node("age", ("young", "middle", "older", "old"), Table((), read_only([0.25] * 4)))
        self.nodes["sex"] = Node("sex", ("female", "male"), Table((), read_only([0.5, 0.5])))
        for index in range(count - 2):
            name = f"risk_{index}"
            parents = [(), ("age",), ("age", "sex")][min(index % 5, 2)]
            self.nodes[name] = self.modified(name, 0.02, 0.3, parents, _TWO)
        return tuple(self.nodes)

    def modified(
        self, name: str, low: float, high: float, parents: Sequence[str], states: Sequence[str]
    ) -> Node:
        """A prior that modifiers multiply, over grades that get rarer: what `log_linear` compiles to."""
        [(_, base)] = _rare(self.rng, [name], low, high)
        shape = [self.states(parent) for parent in parents]
        present = np.full(shape, base)
        for axis, size in enumerate(shape):
            factors = np.exp(self.rng.uniform(np.log(0.4), np.log(4.0), size))
            present = present * factors.reshape([-1 if each == axis else 1 for each in range(len(shape))])
        present = np.minimum(present, 0.6)
        shares = self.rng.dirichlet([3.0 / (grade + 1) for grade in range(len(states) - 1)])
        values = np.concatenate([(1.0 - present)[..., None], present[..., None] * shares], axis=-1)
        return Node(name, tuple(states), Table(tuple(parents), read_only(values)))

    def noisy(
        self, name: str, states: Sequence[str], producers: Sequence[str], *, leak: float, inhibitor: str = ""
    ) -> Node:
        grades = len(states) - 1
        reach = tuple(self.reach(self.states(parent), grades) for parent in producers)
        falling = leak * 0.2 ** np.arange(grades)
        if not inhibitor:
            return Node(name, tuple(states), NoisyMax(tuple(producers), reach, read_only(falling)))
        passes = np.concatenate([[1.0], self.rng.uniform(0.5, 1.0, self.states(inhibitor) - 1)])
        kept = (read_only(passes),)
        return Node(
            name, tuple(states), NoisyMax(tuple(producers), reach, read_only(falling), (inhibitor,), kept)
        )

    def reach(self, states: int, grades: int) -> Array:
        """P(contribution >= g) for each state of a parent: more of the parent does more."""
        strongest = np.sort(self.rng.uniform(0.05, 0.9, states - 1))
        falling = self.rng.uniform(0.1, 0.7, [states - 1, grades - 1])
        weaker = np.cumprod(np.concatenate([np.ones([states - 1, 1]), falling], axis=1), axis=1)
        return read_only(np.concatenate([np.zeros([1, grades]), strongest[:, None] * weaker]))

    def table(self, name: str, states: Sequence[str], parents: Sequence[str]) -> Node:
        """Results that shift with the state of the parents, never impossible."""
        shape = [self.states(parent) for parent in parents]
        severity = np.indices(shape).sum(axis=0) if shape else np.zeros([])
        centre = severity / max(1, int(np.max(severity))) * (len(states) - 1)
        distance = np.abs(np.arange(len(states)) - centre[..., None])
        values = np.exp(-distance * self.rng.uniform(1.0, 2.5)) + 1e-3
        return Node(
            name, tuple(states), Table(tuple(parents), read_only(values / values.sum(-1, keepdims=True)))
        )

    def near(self, names: Sequence[str], system: int, low: int, high: int) -> tuple[str, ...]:
        """Some of the names, nine of ten from one body system: every fifth name belongs to it."""
        own = [name for index, name in enumerate(names) if index % _SYSTEMS == system % _SYSTEMS]
        far = [name for name in names if name not in own]
        count = int(self.rng.integers(low, high + 1))
        outside = min(int(self.rng.binomial(count, 0.1)), len(far))
        return (*self.choose(own, count - outside, count - outside), *self.choose(far, outside, outside))

    def causes(self, count: int, risk_factors: Sequence[str]) -> tuple[str, ...]:
        sizes = [2] * (count - 10) + [3] * 6 + [4] * 4
        self.rng.shuffle(sizes)
        names: list[str] = []
        for index, size in enumerate(sizes):
            name, states = f"cause_{index}", _GRADES[:size]
            if index % 3 < 2:
                parents = (*self.choose(risk_factors[:2], 0, 2), *self.near(risk_factors[2:], index, 0, 1))
                # The ends of the range are there whatever the seed: one cause of each decade.
                low = 10.0 ** -(1 + index % 6)
                self.nodes[name] = self.modified(name, low, 3.0 * low, parents, states)
            else:
                producers = (*self.near(risk_factors[2:], index, 1, 3), *self.near(names, index, 0, 1))
                [(_, leak)] = _rare(self.rng, [name], 1e-5, 1e-2)
                self.nodes[name] = self.noisy(name, states, producers, leak=leak)
            names.append(name)
        return tuple(names)

    def processes(self, count: int, causes: Sequence[str]) -> tuple[str, ...]:
        names = tuple(f"process_{index}" for index in range(count))
        for index, (name, leak) in enumerate(_rare(self.rng, names, 3e-4, 5e-3)):
            self.nodes[name] = self.noisy(name, _TWO, self.near(causes, index, 3, 5), leak=leak)
        return names

    def findings(self, count: int, causes: Sequence[str], processes: Sequence[str]) -> tuple[str, ...]:
        complaint = "finding_0"
        many = (*self.choose(causes, 16, 16), *self.choose(processes, 3, 3))
        self.nodes[complaint] = self.noisy(complaint, _GRADES, many, leak=0.06)
        names = [complaint]
        for index in range(1, count):
            name, states = f"finding_{index}", _GRADES[:3] if index % 10 == 0 else _TWO
            producers = (*self.near(causes, index, 2, 6), *self.near(processes, index, 0, 1))
            if index % 20 == 0:
                producers = (*producers, complaint)
            reported = "reporting" if index % 3 == 0 else ""
            self.nodes[name] = self.noisy(name, states, producers, leak=_leak(self.rng), inhibitor=reported)
            names.append(name)
        return tuple(names)

    def tests(self, count: int, causes: Sequence[str], processes: Sequence[str]) -> tuple[str, ...]:
        names = tuple(f"test_{index}" for index in range(count))
        graded = sorted(causes, key=self.states, reverse=True)
        for index, name in enumerate(names):
            states = ("normal", *(f"level_{level}" for level in range(1, 2 + index % 4)))
            parents = (graded[index], processes[0]) if index % 7 == 6 else (graded[index],)
            self.nodes[name] = self.table(name, states, parents)
        return names


def link_count(network: Network) -> int:
    """Number of arrows."""
    return sum(len(node.parents) for node in network.values())
