"""Two steps, many results together, and other preferences: against every branch of a small tree."""

from __future__ import annotations

import math
from typing import Any

import pytest

import twitchdx as dx
from deciding import TESTS, deciding_model
from decision_tree import DecisionTree

SITUATIONS: list[dict[str, Any]] = [
    {},
    {"squeak": "loud", "age": 30},
    {"squeak": "soft", "season": "damp"},
    {"squeak": "loud", "rust": {"absent": 0.2, "mild": 0.5, "severe": 1.0}},
]


@pytest.fixture(scope="module")
def hinge(tmp_path_factory: pytest.TempPathFactory) -> dx.Model:
    return deciding_model(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def tree(hinge: dx.Model) -> DecisionTree:
    return DecisionTree(hinge.network, tuple(hinge.causes))


def shared_price(tree: DecisionTree, first: str, second: str) -> float:
    """Price of a second thing to learn where the first has been: its sample is there."""
    sample = TESTS.get(second, ("", 0.0, 0.0))[0]
    taken = TESTS.get(first, ("", 0.0, 0.0))[0]
    if sample and sample == taken:
        return tree.price((second,)) - TESTS[second][1]
    return tree.price((second,))


def two_steps(tree: DecisionTree, vectors: dict[str, Any], first: str, others: list[str]) -> float:
    """Net value of learning one thing, and then the best thing or nothing, branch by branch."""
    singles = tree.gains(vectors, (first,))
    states = [states for states, *_ in tree.branches(vectors, (first,))]
    best = [gain for _, gain in singles]
    for other in others:
        if other == first:
            continue
        joint = list(
            zip(tree.branches(vectors, (first, other)), tree.gains(vectors, (first, other)), strict=True)
        )
        price = shared_price(tree, first, other)
        for place, (state,) in enumerate(states):
            after = math.fsum(chance * gain for ((at, _), *_), (chance, gain) in joint if at == state)
            best[place] = max(best[place], after / singles[place][0] - price)
    return math.fsum(chance * each for (chance, _), each in zip(singles, best, strict=True)) - tree.price(
        (first,)
    )


@pytest.mark.parametrize("evidence", SITUATIONS)
def test_two_steps_are_worth_what_the_tree_says(
    hinge: dx.Model, tree: DecisionTree, evidence: dict[str, Any]
) -> None:
    names = [name for name in (*TESTS, "wobble", "season", "age") if name not in evidence]
    answer = hinge.diagnose(evidence)
    found = answer.look_ahead(names, width=len(names))
    vectors = dict(answer.evidence.likelihoods)
    expected = {name: two_steps(tree, vectors, name, names) for name in names}
    assert {each.variable for each in found.beginnings} == set(names)
    for each in found.beginnings:
        assert each.net_of_two == pytest.approx(expected[each.variable], abs=5e-6)
        assert each.net == pytest.approx(
            tree.value(vectors, (each.variable,)) - tree.price((each.variable,)), abs=5e-6
        )
        assert each.net_of_two >= each.net - 5e-6
    order = [each.net_of_two for each in found.beginnings]
    assert order == sorted(order, reverse=True)
    nets = {each.variable: each.net for each in found.beginnings}
    assert found.one_step == (max(nets, key=nets.__getitem__) if max(nets.values()) > 0.0 else "")
    reached = expected.get(found.one_step, 0.0)
    if max(expected.values()) > max(reached, 0.0) * 1.02 + 1e-4:
        assert found.misleads
    if max(*expected.values(), 0.0) <= max(reached, 0.0) * 1.005:
        assert not found.misleads


@pytest.mark.parametrize("evidence", SITUATIONS[:3])
def test_the_same_decision_is_as_probable_as_over_all_joint_results(
    hinge: dx.Model, tree: DecisionTree, evidence: dict[str, Any]
) -> None:
    names = ("rust_meter", "shake_test", "wobble")
    answer = hinge.diagnose(evidence)
    assert answer.triage is not None
    exact: dict[str, float] = {}
    for states, chance, _ in tree.branches(dict(answer.evidence.likelihoods), names):
        told = {name: hinge.network[name].states[state] for name, state in zip(names, states, strict=True)}
        after = hinge.diagnose({**evidence, **told}).triage
        assert after is not None
        exact[after.level] = exact.get(after.level, 0.0) + chance
    found = answer.same_decision(names, draws=3000, seed=5)
    assert math.fsum(found.levels.values()) == pytest.approx(1.0)
    for level, share in found.levels.items():
        spread = math.sqrt(exact[level] * (1.0 - exact[level]) / found.draws)
        assert abs(share - exact[level]) <= 4.5 * spread + 1e-12
    assert found.probability == found.levels.get(answer.triage.level, 0.0)
    assert answer.same_decision(names, draws=50, seed=1) == answer.same_decision(names, draws=50, seed=1)


def test_wrong_options_are_refused_with_what_to_give(hinge: dx.Model) -> None:
    answer = hinge.diagnose({})
    for wrong in (lambda: answer.look_ahead(width=1), lambda: answer.same_decision(draws=0)):
        with pytest.raises(dx.OptionError, match="or more"):
            wrong()
    with pytest.raises(dx.EvidenceError, match="cannot be learnt"):
        answer.look_ahead(["rust", "nothing"])
    with pytest.raises(dx.OptionError, match="list of names"):
        answer.information(5)  # type: ignore[arg-type]


def test_preferences_change_what_things_are_worth_and_no_probability(hinge: dx.Model) -> None:
    evidence = {"squeak": "loud"}
    plain = hinge.diagnose(evidence)
    other = hinge.diagnose(evidence, preferences={"money_per_unit": 1.0})
    assert other.posterior == plain.posterior
    assert (other.model.digest, other.log_evidence) == (
        hinge.with_preferences({"decision.money_per_unit": 1.0}).digest,
        plain.log_evidence,
    )
    assert other.model.digest != plain.model.digest
    # A unit of utility is now worth one of money, so that every cost counts in full.
    before = {each.level: each for each in plain.expected_utilities().levels}
    for each in other.expected_utilities().levels:
        assert each.price == pytest.approx(each.burden + each.cost, rel=1e-12)
        assert each.expected_loss == pytest.approx(before[each.level].expected_loss, rel=1e-12)


@pytest.mark.parametrize(
    ("preferences", "error"),
    [
        ([("money_per_unit", 1.0)], dx.OptionError),
        ({"money_per_unit": 0.0}, dx.ModelError),
        ({"money_per_unit": "much"}, dx.ModelError),
        ({"money": 3.0}, dx.UnknownNameError),
        ({"findings.squeak.distribution.noisy_max.leak.loud": 0.1}, dx.OptionError),
    ],
)
def test_what_is_no_preference_is_refused(hinge: dx.Model, preferences: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        hinge.diagnose({}, preferences=preferences)


def test_a_truth_value_is_no_number_also_after_the_number(hinge: dx.Model) -> None:
    fields = {"value": 1, "low": 1, "high": 1}
    hinge.with_preferences({"money_per_unit": fields})
    with pytest.raises(dx.ModelError):
        hinge.with_preferences({"money_per_unit": {**fields, "value": True}})


def test_the_same_decision_shows_as_a_table_and_a_frame(hinge: dx.Model) -> None:
    found = hinge.diagnose({"squeak": "loud"}).same_decision(("rust_meter",), draws=40)
    assert "would stay with" in str(found)
    assert ">share of the draws<" in found._repr_html_()
    frame = found.to_frame()
    assert dict(zip(frame["level"], frame["share"], strict=True)) == found.levels
