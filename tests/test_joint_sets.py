"""The most probable sets of causes, against the enumeration of all worlds."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Mapping
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import twitchdx as dx
from explaining import case_of, dressed
from oracle import Enumeration
from strategies import possible_evidence, small_networks, two_layers
from twitchdx.engines import ENGINES, Engine
from twitchdx.errors import EngineError
from twitchdx.explain.joint_sets import find_joint_sets
from twitchdx.network import Network


def all_sets(network: Network, causes: Collection[str], likelihoods: Mapping) -> dict[tuple[str, ...], float]:
    """P(exactly these causes are present | evidence), by adding up worlds."""
    masses: defaultdict[tuple[str, ...], list[float]] = defaultdict(list)
    oracle = Enumeration(network)
    for weight, states, _ in oracle._weighted(likelihoods):
        masses[tuple(cause for cause in causes if states[cause] > 0)].append(weight)
    total = oracle.mass(likelihoods)
    return {found: math.fsum(each) / total for found, each in masses.items()}


@given(small_networks(rare=True), st.data())
def test_the_sets_are_the_most_probable_ones(engine: Engine, network: Network, data: st.DataObject) -> None:
    causes = data.draw(st.lists(st.sampled_from(list(network)), unique=True, min_size=1))
    evidence = data.draw(possible_evidence(network))
    count = data.draw(st.integers(1, 9))
    found = find_joint_sets(dressed(network, causes, evidence, engine), count)
    truth = all_sets(network, causes, evidence)
    best = sorted(truth.values(), reverse=True)[:count]
    assert [each.probability for each in found.sets] == pytest.approx(best, rel=1e-8)
    assert len({each.causes for each in found.sets}) == len(found.sets)
    for each in found.sets:
        assert each.probability == pytest.approx(truth[each.causes], rel=1e-8)
    assert found.covered == pytest.approx(math.fsum(best), rel=1e-8)


@given(small_networks(), st.data())
def test_causes_that_are_not_asked_for_are_summed_out(network: Network, data: st.DataObject) -> None:
    causes = list(network)
    among = data.draw(st.lists(st.sampled_from(causes), unique=True, min_size=1))
    evidence = data.draw(possible_evidence(network))
    found = find_joint_sets(dressed(network, causes, evidence, ENGINES["exact"]), 4, among=among)
    truth = all_sets(network, [each for each in causes if each in among], evidence)
    best = sorted(truth.values(), reverse=True)[:4]
    assert [each.probability for each in found.sets] == pytest.approx(best, rel=1e-8)


@given(st.integers(0, 2**32 - 1).map(Random))
def test_twelve_causes_need_few_of_their_sets(random: Random) -> None:
    layers = two_layers(random, 12, 3, density=0.3)
    evidence = {"f0": np.eye(2)[1], "f1": np.eye(2)[0]}
    causes = [f"c{k}" for k in range(12)]
    # Of findings that are not observed nothing is known, and enumeration need not go through them.
    network = Network(node for name, node in layers.network().items() if name != "f2")
    found = find_joint_sets(dressed(network, causes, evidence, ENGINES["exact"]), 3)
    best = sorted(all_sets(network, causes, evidence).values(), reverse=True)[:3]
    assert [each.probability for each in found.sets] == pytest.approx(best, rel=1e-9)
    assert found.answers < 2**12 / 10


def test_beyond_the_budget_it_says_so() -> None:
    layers = two_layers(Random(1), 10, 1)
    case = dressed(layers.network(), [f"c{k}" for k in range(10)], {"f0": np.eye(2)[1]}, ENGINES["exact"])
    needed = find_joint_sets(case, 5).answers
    assert find_joint_sets(case, 5, budget=needed).answers == needed
    with pytest.raises(EngineError) as caught:
        find_joint_sets(case, 5, budget=needed - 1)
    assert caught.value.issues[0].code == "too-many-sets"
    assert "fewer sets" in caught.value.issues[0].fix


def test_wrong_options_and_unknown_causes_are_all_named() -> None:
    case = case_of(dx.load_model("chest_clinic"), {"dyspnoea": True})
    with pytest.raises(dx.TwitchdxError) as caught:
        find_joint_sets(case, 0, budget=True)
    assert [each.where.path for each in caught.value.issues] == ["count", "budget"]
    with pytest.raises(KeyError) as unknown:
        find_joint_sets(case, among=["tuberculosiss", "plague"])
    assert len(unknown.value.issues) == 2  # type: ignore[attr-defined]
    assert "'tuberculosis'" in unknown.value.issues[0].fix  # type: ignore[attr-defined]
