"""A second opinion by other people's programs: on random networks, and on the shipped model."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import twitchdx as dx
from peers import lazy_propagation, variable_elimination
from strategies import possible_evidence, random_network, sampled_evidence, seeds, small_networks
from twitchdx.engines import ENGINES, Engine
from twitchdx.loading import find_model
from twitchdx.network import Network, split_network
from twitchdx.numerics import Array

CASES = sorted((find_model("knee_twitching") / "cases").glob("*.json"))


def agrees_with_pyagrum(engine: Engine, network: Network, evidence: dict[str, Array]) -> None:
    answer = engine.answer(network, evidence, list(network))
    log_evidence, marginals = lazy_propagation(network, evidence)
    assert answer.log_evidence == pytest.approx(log_evidence, rel=0.0, abs=1e-10)
    for name, expected in marginals.items():
        assert answer.marginals[name].tolist() == pytest.approx(expected, rel=1e-10, abs=0.0)


@given(small_networks(), st.data())
def test_pyagrum_agrees_on_small_networks(engine: Engine, network: Network, data: st.DataObject) -> None:
    agrees_with_pyagrum(engine, network, data.draw(possible_evidence(network)))


@given(seeds, st.integers(10, 40), st.sampled_from((0.0, 0.1, 0.3, 0.6, 1.0)))
def test_pyagrum_agrees_where_worlds_are_too_many(
    engine: Engine, random: Random, size: int, share: float
) -> None:
    network = random_network(random, min(size, 16) if engine.name == "pgmpy" else size)
    agrees_with_pyagrum(engine, network, sampled_evidence(random, network, share))


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_pyagrum_agrees_beyond_sixty_four_nodes(engine: Engine, share: float) -> None:
    random = Random(64)
    network = random_network(random, 80 if engine.name == "pgmpy" else 300, reach=3)
    agrees_with_pyagrum(engine, network, sampled_evidence(random, network, share))


@settings(max_examples=15)
@given(seeds, st.integers(3, 12), st.sampled_from((0.0, 0.3, 0.6)))
def test_the_queries_of_pgmpy_agree(engine: Engine, random: Random, size: int, share: float) -> None:
    network = random_network(random, size)
    evidence = sampled_evidence(random, network, share)
    answer = engine.answer(network, evidence, list(network))
    for name, expected in variable_elimination(network, evidence).items():
        assert answer.marginals[name].tolist() == pytest.approx(expected, rel=1e-10, abs=0.0)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_pyagrum_agrees_on_the_cases_of_the_shipped_model(case: Any) -> None:
    model = dx.load_model("knee_twitching")
    # Age and sex are said of everybody: where they are not known, pyAgrum runs out of memory.
    evidence = {"age": 50, "sex": "female", **json.loads(case.read_text(encoding="utf-8"))["evidence"]}
    answers = [model.diagnose(evidence, engine=engine) for engine in ENGINES]
    # Tables of all the parents of the complaint at once would be too large for pyAgrum: they are split.
    log_evidence, marginals = lazy_propagation(
        split_network(model.network), answers[0].evidence.likelihoods, model.causes
    )
    for answer in answers:
        assert answer.log_evidence == pytest.approx(log_evidence, rel=0.0, abs=1e-10)
        for each in answer.differential:
            assert list(each.states.values()) == pytest.approx(marginals[each.cause], rel=1e-10, abs=0.0)
