"""Well-known clinical and technical networks, loaded from their files: exact on every node of every one.

The judge is pyAgrum's lazy propagation. It gets its numbers from a reader of this file's own, since pyAgrum's
keeps them in single precision and refuses states such as `Asy/Patch`.
"""

from __future__ import annotations

import functools
import gzip
import importlib.util
import math
import re
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

import twitchdx as dx
from peers import lazy_propagation
from twitchdx.engines import Engine
from twitchdx.network import Network, Node, Table

NAMES = ("asia", "child", "alarm", "insurance", "hepar2", "win95pts", "pathfinder")


@pytest.fixture(scope="session")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A function from the name of a network to its model and its text."""
    spec = importlib.util.find_spec("pgmpy")
    assert spec is not None
    assert spec.origin is not None
    examples = Path(spec.origin).parent / "utils" / "example_models"
    folder = tmp_path_factory.mktemp("bundled")

    @functools.cache
    def load(name: str) -> tuple[dx.Model, Network]:
        text = gzip.decompress((examples / f"{name}.bif.gz").read_bytes())
        path = folder / f"{name}.bif"
        path.write_bytes(text)
        return dx.load_model(path), read_bif(text.decode())

    return load


def read_bif(text: str) -> Network:
    """The network of a file in the Bayesian interchange format, as far as these files use it."""
    listed = re.findall(r"variable (\S+) \{\s*type discrete \[ \d+ \] \{ (.*?) \};", text)
    states = {name: tuple(each.strip() for each in given.split(",")) for name, given in listed}
    nodes = []
    for head, body in re.findall(r"probability \( (.*?) \) \{(.*?)\n\}", text, re.DOTALL):
        name, *given = (each.strip() for each in re.split(r"[|,]", head))
        values = np.full([*(len(states[each]) for each in given), len(states[name])], np.nan)
        for key, row in re.findall(r"(?:table|\((.*?)\))(.*?);", body, re.DOTALL):
            where = [each.strip() for each in key.split(",")] if key else []
            index = tuple(states[each].index(state) for each, state in zip(given, where, strict=True))
            values[index] = [float(each) for each in row.split(",")]
        assert not np.isnan(values).any()
        values /= values.sum(axis=-1, keepdims=True)
        nodes.append(Node(name, states[name], Table(tuple(given), values)))
    assert {node.name for node in nodes} == set(states)
    return Network(nodes)


def sampled(random: Random, network: Network) -> dict[str, str]:
    """A fifth of the leaves, at least one, in the states of one world."""
    world: dict[str, int] = {}
    for name, node in network.items():
        assert isinstance(node.mechanism, Table)
        row = node.mechanism.values[tuple(world[parent] for parent in node.parents)]
        world[name] = random.choices(range(len(row)), row.tolist())[0]
    leaves = [name for name in network if not network.children[name]]
    chosen = random.sample(leaves, max(1, len(leaves) // 5))
    return {name: network[name].states[world[name]] for name in chosen}


@pytest.mark.parametrize("name", NAMES)
def test_every_node_of_a_network_file(engine: Engine, bundled: Any, name: str) -> None:
    model, network = bundled(name)
    assert {each: model.variables[each].states for each in model.variables} == {
        each: node.states for each, node in network.items()
    }
    random = Random(name)
    for evidence in ({}, sampled(random, network)):
        likelihoods = {
            each: np.eye(network.cardinality(each))[network[each].states.index(state)]
            for each, state in evidence.items()
        }
        log_evidence, marginals = lazy_propagation(network, likelihoods)
        answer = model.diagnose(evidence, engine=engine.name)
        assert answer.log_evidence == pytest.approx(log_evidence, rel=0.0, abs=1e-10)
        assert answer.posterior == {}
        assert answer.differential == ()
        assert answer.triage is None
        for each, expected in marginals.items():
            found = answer.distribution(each)
            assert tuple(found) == network[each].states
            assert list(found.values()) == pytest.approx(expected, rel=1e-10, abs=0.0)


@pytest.mark.parametrize("name", NAMES)
def test_all_marginals_at_once(engine: Engine, bundled: Any, name: str) -> None:
    model, network = bundled(name)
    for seed in range(2):
        random = Random(seed)
        evidence = sampled(random, network)
        likelihoods = {
            each: np.eye(network.cardinality(each))[network[each].states.index(state)]
            for each, state in evidence.items()
        }
        soft = random.choice([each for each in network if each not in evidence])
        likelihoods[soft] = np.array([random.uniform(0.1, 1.0) for _ in network[soft].states])
        likelihoods[soft] /= likelihoods[soft].max()
        log_evidence, marginals = lazy_propagation(network, likelihoods)
        answer = engine.answer(model.network, likelihoods, list(network))
        assert math.isfinite(log_evidence)
        assert answer.log_evidence == pytest.approx(log_evidence, rel=0.0, abs=1e-10)
        for each, expected in marginals.items():
            assert answer.marginals[each].tolist() == pytest.approx(expected, rel=1e-10, abs=0.0)
