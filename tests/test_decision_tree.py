"""Value of information, against the decision tree over every world of a small model."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import twitchdx as dx
from deciding import ACTIONS, CARE, OUTCOMES, RATE, TESTS, deciding_model, deciding_texts
from decision_tree import DecisionTree, Evidence, deciding_evidence
from twitchdx.diagnosis import Diagnosis
from twitchdx.plan.foresight import Foreseen, foresee
from twitchdx.plan.price import price_of
from twitchdx.plan.standing import find_standing
from twitchdx.spec import LEVELS

SITUATIONS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "some": {"squeak": "soft", "age": "old"},
    "forbids an action": {"season": "damp", "rust_meter": "raised"},
    "a red flag and a cause": {"wobble": True, "rust": "mild"},
    "a rule that is no red flag": {"loose_screw": True, "rust": "absent"},
    "a cautious look at the screw": {"shake_test": "rattling", "wobble": False},
    "no cautious look yet": {"shake_test": {"quiet": 0.1, "rattling": 1.0}, "wobble": False},
    "excludes states": {"annoyed_owner": False},
    "the highest red flag": {"squeak": "loud", "wobble": True},
    "soft": {"squeak": {"none": 0.1, "soft": 1.0, "loud": 0.6}, "wobble": {"absent": 1.0, "present": 0.9}},
    "soft causes": {
        "rust": {"absent": 0.4, "mild": 1.0, "severe": 0.2},
        "wear": {"absent": 1.0, "present": 0.3},
    },
}
BUNDLES = [
    *itertools.combinations(TESTS, 2),
    ("rust_meter", "pin_probe", "paper_strip"),
    ("rust_meter", "shake_test", "wobble"),
    ("wobble", "squeak"),
    ("season", "paper_strip"),
]
situations = pytest.mark.parametrize("evidence", list(SITUATIONS.values()), ids=list(SITUATIONS))
engines = pytest.mark.parametrize("engine", ["exact", "pgmpy"])


@pytest.fixture(scope="module")
def hinge(tmp_path_factory: pytest.TempPathFactory) -> dx.Model:
    return deciding_model(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def tree(hinge: dx.Model) -> DecisionTree:
    return DecisionTree(hinge.network, hinge.causes)


def foreseen(answer: Diagnosis, bundles: list[tuple[str, ...]]) -> dict[tuple[str, ...], Foreseen]:
    """What the results of some bundles would do; of bundles whose variables are all unobserved."""
    subject = answer._subject()
    asked = [bundle for bundle in bundles if not set(bundle) & set(answer.evidence)]
    found, refused = foresee(subject, find_standing(subject), asked)
    assert refused == []
    assert [each.results.bundle for each in found] == asked
    return dict(zip(asked, found, strict=True))


# Expected utilities


@engines
@situations
def test_the_levels_are_worth_what_they_are_over_all_worlds(
    hinge: dx.Model, tree: DecisionTree, evidence: Evidence, engine: str
) -> None:
    weights = tree.weights(tree.vectors(evidence))
    found = hinge.diagnose(evidence, engine=engine).expected_utilities()
    expected = tree.levels(weights)
    assert {each.level: each.expected_utility for each in found.levels} == pytest.approx(expected, rel=1e-9)
    assert found.best == max(expected, key=expected.__getitem__)
    for each in found.levels:
        delay, burden, cost = CARE[each.level]
        assert each.price == pytest.approx(burden + cost / RATE, rel=1e-12)
        for outcome in each.outcomes:
            chance = weights @ tree.struck(outcome.outcome, delay) / weights.sum()
            assert outcome.probability == pytest.approx(chance, rel=1e-9, abs=1e-15)


def test_a_hazard_that_is_over_adds_nothing_to_a_longer_delay(hinge: dx.Model) -> None:
    told = {"rust": "severe", "wear": False, "loose_screw": True}
    found = {each.level: each for each in hinge.diagnose(told).expected_utilities().levels}
    fall = {level: each.outcomes[0].probability for level, each in found.items()}
    # Rust for 5 days and the screw for 3, of 20 and of 8.
    assert fall["self_care"] == pytest.approx(-math.expm1(-0.02 * 5 - 0.006 * 3), rel=1e-12)
    assert fall["routine"] == fall["self_care"]
    assert fall["urgent"] == pytest.approx(-math.expm1(-(0.02 + 0.006) * 0.5), rel=1e-12)


def test_what_each_cause_brings_is_added_and_may_exceed_one(hinge: dx.Model) -> None:
    told = {"rust": "severe", "wear": True, "loose_screw": True}
    noise = hinge.diagnose(told).expected_utilities().levels[0].outcomes[2]
    assert noise.outcome == "noise"
    assert noise.probability == pytest.approx(
        -sum(map(math.expm1, (-0.08 * 20, -0.05 * 4, -0.04 * 20))), rel=1e-12
    )
    assert noise.probability > 1.0


# One variable


@engines
@situations
def test_the_value_of_every_variable_is_that_of_the_tree(
    hinge: dx.Model, tree: DecisionTree, evidence: Evidence, engine: str
) -> None:
    vectors = tree.vectors(evidence)
    answer = hinge.diagnose(evidence, engine=engine)
    found = answer.information()
    assert found.unit == "quiet days"
    assert found.not_judged == ()
    assert {"rust_meter", "paper_strip"} <= {each.variable for each in found.learnt} | set(evidence)
    for learnt in found.learnt:
        variable = learnt.variable
        value, price = tree.value(vectors, [variable]), tree.price([variable])
        assert learnt.value == pytest.approx(value, rel=1e-9, abs=1e-9)
        assert learnt.price == pytest.approx(price, rel=1e-12)
        assert learnt.net == pytest.approx(value - price, rel=1e-9, abs=1e-9)
        better = math.fsum(chance for chance, gain in tree.gains(vectors, [variable]) if gain > 1e-9)
        assert learnt.other_action == pytest.approx(better, rel=1e-9, abs=1e-12)


@engines
@situations
def test_the_level_after_every_result_is_the_highest_of_rules_utility_and_caution(
    hinge: dx.Model, tree: DecisionTree, evidence: Evidence, engine: str
) -> None:
    vectors = tree.vectors(evidence)
    found = hinge.diagnose(evidence, engine=engine).information()
    assert found.level == tree.level(vectors, upper_ends(hinge, evidence))
    for learnt in found.learnt:
        other = higher = 0.0
        for (place,), chance, further in tree.branches(vectors, [learnt.variable]):
            state = hinge.network[learnt.variable].states[place]
            (result,) = [each for each in learnt.results if each.state == state]
            level = tree.level(further, upper_ends(hinge, {**evidence, learnt.variable: state}))
            assert result.level == level, (learnt.variable, state)
            assert result.probability == pytest.approx(chance, rel=1e-9)
            assert result.posterior == pytest.approx(tree.present(tree.weights(further)), rel=1e-9)
            other += chance * (level != found.level)
            higher += chance * (LEVELS.index(level) > LEVELS.index(found.level))
        assert learnt.other_level == pytest.approx(other, rel=1e-9, abs=1e-12)
        assert learnt.higher_level == pytest.approx(higher, rel=1e-9, abs=1e-12)


def upper_ends(hinge: dx.Model, evidence: Evidence) -> dict[str, float]:
    return {cause: ends[1] for cause, ends in hinge.diagnose(evidence).intervals.items() if ends is not None}


def test_the_situations_are_hard_enough(hinge: dx.Model, tree: DecisionTree) -> None:
    # Every level, caution, an action that is forbidden, and results that turn each of the two decisions.
    answers = {name: hinge.diagnose(evidence) for name, evidence in SITUATIONS.items()}
    levels = {each.triage.level for each in answers.values() if each.triage is not None}
    reasons = {r.rule for each in answers.values() if each.triage is not None for r in each.triage.reasons}
    assert {"routine", "urgent", "emergency"} <= levels
    assert {"expected_utility", "caution.rust", "wobbling", "loud_and_wobbling"} <= reasons
    assert {len(tree.choices(tree.vectors(each))[1]) for each in SITUATIONS.values()} == {4, 5}
    turned = set()
    for evidence in SITUATIONS.values():
        vectors = tree.vectors(evidence)
        choices = tree.choices(vectors)
        now = set(tree.best(tree.weights(vectors), choices))
        for _, _, further in tree.branches(vectors, ["shake_test"]):
            turned |= now ^ set(tree.best(tree.weights(further), choices))
    assert turned & set(CARE)
    assert turned & set(ACTIONS)
    assert {counts for _, counts, *_ in OUTCOMES.values()} == {"once", "each"}


@given(st.data())
def test_it_is_the_tree_with_any_evidence(hinge: dx.Model, tree: DecisionTree, data: st.DataObject) -> None:
    evidence = data.draw(deciding_evidence(tree))
    vectors = tree.vectors(evidence)
    found = hinge.diagnose(evidence).information()
    perfect = tree.perfect(vectors)
    for learnt in found.learnt:
        assert learnt.value is not None
        assert learnt.value == pytest.approx(tree.value(vectors, [learnt.variable]), abs=2e-6)
        assert 0.0 <= learnt.value <= perfect + 2e-6


# Bundles


@engines
@situations
def test_joint_results_are_those_of_the_enumeration(
    hinge: dx.Model, tree: DecisionTree, evidence: Evidence, engine: str
) -> None:
    vectors = tree.vectors(evidence)
    for bundle, found in foreseen(hinge.diagnose(evidence, engine=engine), BUNDLES).items():
        results = found.results
        place = {tuple(states): row for row, states in enumerate(results.states.tolist())}
        branches = list(tree.branches(vectors, bundle))
        assert set(place) == {states for states, _, _ in branches}
        for states, chance, further in branches:
            row = place[states]
            assert results.probability[row] == pytest.approx(chance, rel=1e-9)
            weights = tree.weights(further)
            for cause in hinge.causes:
                state = tree.state[cause]
                expected = np.bincount(state, weights, hinge.network.cardinality(cause)) / weights.sum()
                assert results.marginals[cause][row] == pytest.approx(expected, rel=1e-9, abs=1e-15)


@engines
@situations
def test_the_joint_value_of_a_bundle_is_that_of_the_tree(
    hinge: dx.Model, tree: DecisionTree, evidence: Evidence, engine: str
) -> None:
    vectors = tree.vectors(evidence)
    for bundle, found in foreseen(hinge.diagnose(evidence, engine=engine), BUNDLES).items():
        assert found.value == pytest.approx(tree.value(vectors, bundle), rel=1e-9, abs=1e-9), bundle
        better = math.fsum(chance for chance, gain in tree.gains(vectors, bundle) if gain > 1e-9)
        assert found.share(found.turned) == pytest.approx(better, rel=1e-9, abs=1e-12)


@situations
def test_the_level_after_every_joint_result_is_that_of_the_tree(
    hinge: dx.Model, tree: DecisionTree, evidence: Evidence
) -> None:
    vectors = tree.vectors(evidence)
    bundles = [("rust_meter", "shake_test"), ("squeak", "wobble"), ("pin_probe", "paper_strip")]
    for bundle, found in foreseen(hinge.diagnose(evidence), bundles).items():
        place = {tuple(states): row for row, states in enumerate(found.results.states.tolist())}
        for states, _, further in tree.branches(vectors, bundle):
            told = {n: hinge.network[n].states[s] for n, s in zip(bundle, states, strict=True)}
            level = tree.level(further, upper_ends(hinge, {**evidence, **told}))
            assert LEVELS[found.levels[place[states]]] == level, told


@given(st.data())
def test_a_bundle_is_worth_no_less_than_its_parts_and_no_more_than_all_causes(
    hinge: dx.Model, tree: DecisionTree, data: st.DataObject
) -> None:
    evidence = data.draw(deciding_evidence(tree))
    open_ = [name for name in (*TESTS, "wobble", "squeak", "age", "season") if name not in evidence]
    chosen = tuple(data.draw(st.lists(st.sampled_from(open_), min_size=1, max_size=3, unique=True)))
    parts = [part for size in range(1, len(chosen) + 1) for part in itertools.combinations(chosen, size)]
    found = foreseen(hinge.diagnose(evidence), parts)
    whole = found[chosen].value
    assert whole == pytest.approx(tree.value(tree.vectors(evidence), chosen), abs=2e-6)
    assert whole <= tree.perfect(tree.vectors(evidence)) + 2e-6
    for part, each in found.items():
        assert each.value >= 0.0
        assert each.value <= whole + 2e-6, part


def test_the_order_within_a_bundle_does_not_matter(hinge: dx.Model) -> None:
    answer = hinge.diagnose({"squeak": "soft", "age": "old"})
    found = foreseen(answer, list(itertools.permutations(("rust_meter", "shake_test", "wobble"))))
    values = [each.value for each in found.values()]
    assert values[0] > 0.0
    assert values == pytest.approx([values[0]] * 6, rel=1e-12)


def test_a_second_test_of_the_same_disorder_adds_less_than_it_is_worth_alone(hinge: dx.Model) -> None:
    found = foreseen(hinge.diagnose({}), [("rust_meter",), ("pin_probe",), ("rust_meter", "pin_probe")])
    meter, probe, both = (each.value for each in found.values())
    assert max(meter, probe) < both < meter + probe


def test_what_is_separated_from_every_cause_is_worth_nothing(hinge: dx.Model) -> None:
    # With all causes told, or the only parent of two tests, nothing is left that they could tell.
    told = {"rust": "mild", "wear": False, "loose_screw": True}
    bundles = [
        ("rust_meter",),
        ("rust_meter", "pin_probe"),
        ("shake_test", "wobble"),
        ("squeak", "paper_strip"),
    ]
    for found in foreseen(hinge.diagnose(told), bundles).values():
        assert found.value == 0.0
        assert not found.turned.any()
    found = foreseen(
        hinge.diagnose({"rust": "mild", "season": "dry"}), [("rust_meter", "pin_probe"), ("paper_strip",)]
    )
    assert [each.value for each in found.values()] == [0.0, 0.0]


# Prices, and what cannot be weighed


@pytest.mark.parametrize("bundle", [*BUNDLES, *((name,) for name in (*TESTS, "wobble", "age"))])
def test_a_sample_is_taken_once_and_every_test_is_paid_for(
    hinge: dx.Model, tree: DecisionTree, bundle: tuple[str, ...]
) -> None:
    subject = hinge.diagnose({})._subject()
    assert price_of(subject, bundle) == pytest.approx(tree.price(bundle), rel=1e-12)
    alone = [price_of(subject, (name,)) for name in bundle]
    assert max(alone) <= price_of(subject, bundle) <= math.fsum(alone) + 1e-12


def test_a_red_flag_above_all_stated_levels_leaves_the_highest_of_them(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    stated = ("self_care", "routine", "urgent")
    model = deciding_model(tmp_path_factory.mktemp("stated"), deciding_texts(stated))
    tree = DecisionTree(model.network, model.causes, stated)
    evidence = {"squeak": "loud", "wobble": True}
    vectors = tree.vectors(evidence)
    answer = model.diagnose(evidence)
    assert answer.triage is not None
    assert answer.triage.level == "emergency"
    for learnt in answer.information().learnt:
        assert learnt.value == pytest.approx(tree.value(vectors, [learnt.variable]), rel=1e-9, abs=1e-9)
        assert learnt.other_level == 0.0
