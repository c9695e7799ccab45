"""What optional actions are worth, against the formula by hand and every world of a small model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import twitchdx as dx
from deciding import ACTIONS, RATE, deciding_model
from decision_tree import DecisionTree, deciding_evidence
from models import write_model
from twitchdx.plan.standing import Standing, find_standing
from twitchdx.steps import Actions

#: The three causes, some of them with a probability between 0 and 1.
CAUSES = ("rust", "wear", "loose_screw")
chances = st.fixed_dictionaries(dict.fromkeys(CAUSES, st.floats(0.0, 1.0)))


@pytest.fixture(scope="module")
def hinge(tmp_path_factory: pytest.TempPathFactory) -> dx.Model:
    return deciding_model(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def tree(hinge: dx.Model) -> DecisionTree:
    return DecisionTree(hinge.network, hinge.causes)


@pytest.fixture(scope="module")
def actions(hinge: dx.Model) -> Actions:
    return Actions(hinge.diagnose({})._subject().spec)


def utilities(actions: Actions, *present: dict[str, float]) -> np.ndarray:
    return actions.utilities({cause: np.array([each[cause] for each in present]) for cause in CAUSES})


def test_every_step_with_a_stated_benefit_is_an_action_and_no_other(actions: Actions) -> None:
    assert set(actions.names) == set(ACTIONS)


@given(chances)
def test_they_are_benefit_times_probability_less_harm_burden_and_cost(
    actions: Actions, present: dict[str, float]
) -> None:
    (found,) = utilities(actions, present)
    for name, utility in zip(actions.names, found.tolist(), strict=True):
        benefit, always, harm, burden, cost, _ = ACTIONS[name]
        gained = sum(each * present[cause] for cause, each in benefit.items())
        assert utility == pytest.approx(gained + always - harm - burden - cost / RATE, rel=1e-9, abs=1e-12)


@given(chances, chances, st.floats(0.0, 1.0))
def test_they_are_linear_in_the_probabilities(
    actions: Actions, some: dict[str, float], other: dict[str, float], share: float
) -> None:
    mixed = {cause: share * some[cause] + (1.0 - share) * other[cause] for cause in CAUSES}
    found = utilities(actions, mixed, some, other)
    assert found[0] == pytest.approx(share * found[1] + (1.0 - share) * found[2], rel=1e-9, abs=1e-9)


@given(st.lists(chances, min_size=2, max_size=6))
def test_a_patient_has_the_same_bits_alone_and_among_others(
    actions: Actions, patients: list[dict[str, float]]
) -> None:
    together = utilities(actions, *patients)
    for row, each in enumerate(patients):
        assert together[row].tolist() == utilities(actions, each)[0].tolist()


@pytest.mark.parametrize(
    ("action", "cause"), [("tighten", "loose_screw"), ("oil_it", "wear"), ("oil_it", "rust")]
)
def test_the_threshold_of_treatment_is_harm_burden_and_cost_over_benefit(
    actions: Actions, action: str, cause: str
) -> None:
    benefit, always, harm, burden, cost, _ = ACTIONS[action]
    threshold = (harm + burden + cost / RATE - always) / benefit[cause]
    assert 0.0 < threshold < 1.0
    nobody = dict.fromkeys(CAUSES, 0.0)
    steps = [threshold - 1e-9, threshold, threshold + 1e-9]
    below, at, above = utilities(actions, *({**nobody, cause: p} for p in steps))[
        :, actions.names.index(action)
    ]
    assert below < 0.0 < above
    assert at == pytest.approx(0.0, abs=1e-12)


def standing(hinge: dx.Model, evidence: dict[str, Any], engine: str = "exact") -> Standing:
    return find_standing(hinge.diagnose(evidence, engine=engine)._subject())


@pytest.mark.parametrize("engine", ["exact", "pgmpy"])
@given(st.data())
def test_they_are_means_over_all_worlds_and_none_is_open_that_the_evidence_forbids(
    hinge: dx.Model, tree: DecisionTree, engine: str, data: st.DataObject
) -> None:
    evidence = data.draw(deciding_evidence(tree))
    vectors = tree.vectors(evidence)
    found = standing(hinge, evidence, engine)
    expected = tree.actions(tree.weights(vectors))
    names = found.actions.names
    worth = dict(zip(names, found.action_utilities.tolist(), strict=True))
    assert worth == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert {names[place] for place in found.open_actions} == set(tree.choices(vectors)[1])


def test_what_is_forbidden_gains_nothing_whatever_is_learnt(hinge: dx.Model) -> None:
    dry, damp = (standing(hinge, {"season": season, "squeak": "soft"}) for season in ("dry", "damp"))
    oiling = dry.actions.names.index("oil_it")
    assert oiling in dry.open_actions
    assert oiling not in damp.open_actions
    # Oil is worth it where wear is certain.
    worn = {"rust": np.array([0.0]), "wear": np.array([1.0]), "loose_screw": np.array([0.0])}
    oil = 2.5 - 0.5 - 0.3 - 30.0 / RATE
    now = {each: worth > 0.0 for each, worth in zip(dry.actions.names, dry.action_utilities, strict=True)}
    assert dry.action_gains(worn)[0] - damp.action_gains(worn)[0] == pytest.approx(
        0.0 if now["oil_it"] else oil
    )


def test_a_model_without_utilities_has_no_actions(tmp_path_factory: pytest.TempPathFactory) -> None:
    plain = dx.load_model(write_model(tmp_path_factory.mktemp("plain") / "squeaking_hinge"))
    assert Actions(plain.diagnose({})._subject().spec).names == ()
    clinic = dx.load_model("chest_clinic").diagnose({"dyspnoea": True})
    found = find_standing(clinic._subject())
    assert found.choice is None
    assert found.action_gains({cause: np.array([0.5]) for cause in clinic.model.causes}).tolist() == [0.0]
