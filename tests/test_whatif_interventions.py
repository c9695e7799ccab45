"""What becomes of the complaint when a variable is set: against every world of small networks."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import twitchdx as dx
from models import write_model
from oracle import Enumeration
from strategies import possible_evidence, small_networks
from twitchdx.engines import Engine
from twitchdx.errors import EvidenceError
from twitchdx.network import Network
from twitchdx.numerics import Array
from twitchdx.whatif import Intervention, intervene
from twitchdx.whatif.intervention import cut

Question = tuple[Network, dict[str, Array], dict[str, int]]


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """A network, what is set in it, and possible evidence on what is neither set nor downstream."""
    network = draw(small_networks(max_nodes=5))
    chosen = draw(st.lists(st.sampled_from(list(network)), min_size=1, max_size=2, unique=True))
    states = {name: draw(st.integers(0, network.cardinality(name) - 1)) for name in chosen}
    below = network.descendants(chosen)
    evidence = {name: each for name, each in draw(possible_evidence(network)).items() if name not in below}
    return network, evidence, states


def truncated(network: Network, states: Mapping[str, int]) -> list[tuple[float, dict[str, int]]]:
    """Every world in which the variables are set: the product of what is not set (Pearl's truncated factors).

    P(world) / P(x | parents), with the divisor counted from the worlds themselves.
    """
    worlds = [(p, world) for p, world, _ in Enumeration(network).worlds]
    for name, state in states.items():
        above = network[name].parents
        total: defaultdict[tuple[int, ...], float] = defaultdict(float)
        inside: defaultdict[tuple[int, ...], float] = defaultdict(float)
        for p, world, _ in Enumeration(network).worlds:
            row = tuple(world[parent] for parent in above)
            total[row] += p
            inside[row] += p * (world[name] == state)
        # Where x is excluded no world is left to be weighed anew.
        assume(all(inside[row] > 1e-9 * p for row, p in total.items()))
        share = {row: inside[row] / p for row, p in total.items() if p > 0.0}
        worlds = [
            (p / share[tuple(world[parent] for parent in above)], world)
            for p, world in worlds
            if world[name] == state and p > 0.0
        ]
    return worlds


@given(questions())
def test_setting_a_variable_is_dividing_its_own_factor_out(engine: Engine, question: Question) -> None:
    network, evidence, states = question
    weighed = [
        (p * math.prod(float(vector[world[name]]) for name, vector in evidence.items()), world)
        for p, world in truncated(network, states)
    ]
    total = math.fsum(p for p, _ in weighed)
    assume(total > 1e-12)
    answer = engine.answer(cut(network, states), evidence, tuple(network))
    assert math.exp(answer.log_evidence) == pytest.approx(total, rel=1e-9)
    for name in network:
        expected = [
            math.fsum(p for p, world in weighed if world[name] == state) / total
            for state in range(network.cardinality(name))
        ]
        assert answer.marginals[name].tolist() == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(questions())
def test_what_is_known_beforehand_is_as_probable_after_the_action(engine: Engine, question: Question) -> None:
    network, evidence, states = question
    before, after = (
        engine.answer(each, evidence, ()).log_evidence for each in (network, cut(network, states))
    )
    assert after == pytest.approx(before, rel=1e-9, abs=1e-12)


@given(small_networks(max_nodes=5), st.data())
def test_to_set_what_nothing_leads_to_is_to_observe_it(network: Network, data: st.DataObject) -> None:
    root = data.draw(st.sampled_from([name for name in network if not network[name].parents]))
    state = data.draw(st.integers(0, network.cardinality(root) - 1))
    seen = {root: np.eye(network.cardinality(root))[state]}
    whole = Enumeration(network)
    assume(whole.marginal(root, {})[state] > 0.0)
    done = Enumeration(cut(network, {root: state}))
    for name in network:
        assert done.marginal(name, {}) == pytest.approx(whole.marginal(name, seen), rel=1e-9, abs=1e-12)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> dx.Model:
    return dx.load_model(write_model(tmp_path_factory.mktemp("models") / "squeaking_hinge"))


def do(model: dx.Model, evidence: Mapping[str, object], actions: Mapping[str, object]) -> Intervention:
    diagnosis = model.diagnose(evidence)
    return intervene(model._assembled, diagnosis.evidence, actions, diagnosis.engine, "squeak")


def test_an_intervention_tells_what_is_set_and_what_comes_of_it(model: dx.Model) -> None:
    evidence = {"squeak": "soft", "season": "damp"}
    found = do(model, evidence, {"rust": "absent", "wear": False})
    diagnosis = model.diagnose(evidence)
    assert (found.kept, found.dropped) == (("season",), ("squeak",))
    assert found.now == pytest.approx({"none": 0.0, "soft": 1.0, "loud": 0.0})
    assert found.without == pytest.approx(model.diagnose({"season": "damp"}).distribution("squeak"))
    # Nothing but what is set leads from the season to the squeak: to set it is to observe it.
    seen = model.diagnose({"season": "damp", "rust": "absent", "wear": False}).distribution("squeak")
    assert found.after == pytest.approx(seen)
    persists = (found.persists_now, found.persists_without, found.persists_after)
    assert persists == pytest.approx([1.0 - each["none"] for each in (found.now, found.without, found.after)])
    already = {each.variable: each.probability for each in found.actions}
    assert already == pytest.approx({name: diagnosis.distribution(name)["absent"] for name in already})
    assert found.reaches


def test_what_does_not_lead_to_the_complaint_leaves_it_as_it_is() -> None:
    model = dx.load_model("chest_clinic")
    diagnosis = model.diagnose({"dyspnoea": True, "chest_xray": "abnormal"})
    found, apart = (
        intervene(model._assembled, diagnosis.evidence, action, diagnosis.engine, "chest_xray")
        for action in ({"smoking": False}, {"bronchitis": False})
    )
    assert (found.reaches, apart.reaches) == (True, False)
    assert (found.dropped, apart.dropped) == (("dyspnoea", "chest_xray"), ("dyspnoea",))
    assert found.after["abnormal"] < found.without["abnormal"] < found.now["abnormal"] == 1.0
    assert apart.after == apart.without == apart.now == {"normal": 0.0, "abnormal": 1.0}


def test_all_that_cannot_be_set_is_said_at_once(model: dx.Model) -> None:
    wrong = {
        "rost": "absent",
        "squeak": "none",
        "wobble": False,
        "wear": "gone",
        "season": {"dry": 1, "damp": 1},
    }
    with pytest.raises(EvidenceError) as caught:
        do(model, {}, wrong)
    codes = [each.code for each in caught.value.issues]
    assert codes == ["unknown-variable", "not-to-be-set", "not-to-be-set", "unknown-state", "not-a-state"]
    assert "Did you mean 'rust'?" in str(caught.value)
    with pytest.raises(EvidenceError, match="no-action"):
        do(model, {}, {})


def test_what_was_observed_of_what_is_set_is_from_before_the_action(model: dx.Model) -> None:
    found = do(model, {"season": "damp", "rust": "severe", "wobble": True}, {"rust": "absent"})
    assert found.dropped == ("rust",)
    # The wobble does not come from rust, and still counts.
    assert found.kept == ("season", "wobble")
    assert found.after["none"] > found.without["none"] > found.now["none"]
