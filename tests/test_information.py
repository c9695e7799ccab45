"""What a question or a test would tell, against answers that are asked for one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest

import twitchdx as dx
from models import write_model
from twitchdx.diagnosis import Diagnosis
from twitchdx.plan import Learnt
from twitchdx.spec import LEVELS

EVIDENCE = {"squeak": "soft", "age": 30}


@pytest.fixture(scope="module")
def hinge(tmp_path_factory: pytest.TempPathFactory) -> dx.Model:
    return dx.load_model(write_model(tmp_path_factory.mktemp("models") / "squeaking_hinge"))


@pytest.fixture(scope="module")
def answer(hinge: dx.Model) -> Diagnosis:
    return hinge.diagnose(EVIDENCE)


def entropy(distribution: dict[str, float]) -> float:
    return -math.fsum(p * math.log2(p) for p in distribution.values() if p > 0.0)


def by_variable(answer: Diagnosis) -> dict[str, Learnt]:
    return {each.variable: each for each in answer.information().learnt}


@pytest.mark.parametrize("engine", ["exact", "pgmpy"])
def test_every_result_is_the_diagnosis_with_it(hinge: dx.Model, engine: str) -> None:
    answer = hinge.diagnose(EVIDENCE, engine=engine)
    found = by_variable(answer)
    observable = {*hinge.findings, *hinge.tests, *hinge.risk_factors} - set(EVIDENCE)
    assert set(found) == observable
    for name, learnt in found.items():
        distribution = answer.distribution(name)
        assert [each.state for each in learnt.results] == [s for s, p in distribution.items() if p > 1e-12]
        for result in learnt.results:
            assert result.probability == pytest.approx(distribution[result.state], rel=1e-9)
            other = hinge.diagnose({**EVIDENCE, name: result.state})
            assert other.triage is not None
            assert result.level == other.triage.level
            assert result.leader == other.differential[0].cause
            assert result.posterior == pytest.approx(dict(other.posterior), rel=1e-9)
        assert learnt.other_level == pytest.approx(
            math.fsum(each.probability for each in learnt.results if each.level != answer.triage.level)  # type: ignore[union-attr]
        )


def test_the_bits_are_the_mutual_information_asked_from_the_other_side(
    hinge: dx.Model, answer: Diagnosis
) -> None:
    # I(T; C) = H(T) - sum over c of P(c) H(T | c): from distributions of T, where the library's are of C.
    for name, learnt in by_variable(answer).items():
        bits = {}
        for cause in hinge.causes:
            states = answer.distribution(cause)
            left = math.fsum(
                p * entropy(hinge.diagnose({**EVIDENCE, cause: state}).distribution(name))
                for state, p in states.items()
                if p > 0.0
            )
            bits[cause] = entropy(answer.distribution(name)) - left
            assert -1e-9 <= bits[cause] <= min(entropy(states), entropy(answer.distribution(name))) + 1e-9
        assert learnt.bits == pytest.approx(math.fsum(bits.values()), abs=1e-9)
        assert learnt.cause_bits == pytest.approx(max(bits.values()), abs=1e-9)


def test_the_posterior_is_the_mean_of_what_it_would_become(answer: Diagnosis) -> None:
    for learnt in by_variable(answer).values():
        weights = [each.probability for each in learnt.results]
        assert math.fsum(weights) == pytest.approx(1.0)
        for cause, now in answer.posterior.items():
            then = [each.posterior[cause] for each in learnt.results]
            assert float(np.dot(weights, then)) == pytest.approx(now, rel=1e-9)


def test_what_is_independent_of_every_cause_tells_nothing() -> None:
    # In the clinic a visit to Asia bears on tuberculosis alone: with that known it tells nothing.
    model = dx.load_model("chest_clinic")
    known = dict.fromkeys(model.causes, False)
    found = by_variable(model.diagnose({**known, "dyspnoea": True}))
    assert found
    assert all(each.bits == pytest.approx(0.0, abs=1e-12) for each in found.values())
    assert all(each.other_leader == 0.0 for each in found.values())


def test_what_may_change_the_level_comes_first_and_then_bits(answer: Diagnosis) -> None:
    found = answer.information()
    assert answer.triage is not None
    assert found.level == answer.triage.level
    keys = [(-each.other_level, -each.bits) for each in found.learnt]
    assert keys == sorted(keys)
    rank = LEVELS.index(found.level)
    for each in found.learnt:
        higher = [r.probability for r in each.results if LEVELS.index(r.level) > rank]
        assert each.higher_level == pytest.approx(math.fsum(higher))
        assert each.higher_level <= each.other_level + 1e-12


def test_only_what_is_named_is_looked_at_and_every_mistake_is_told(answer: Diagnosis) -> None:
    assert [each.variable for each in answer.information(["wobble"]).learnt] == ["wobble"]
    assert answer.information("wobble") == answer.information(["wobble"])
    with pytest.raises(dx.EvidenceError) as caught:
        answer.information(["wobbel", "squeak", "rust"])
    assert [each.where.path for each in caught.value.issues] == ["wobbel", "squeak", "rust"]
    assert "wobble" in caught.value.issues[0].fix


def test_it_shows_as_a_table_a_card_and_a_frame(answer: Diagnosis) -> None:
    found = answer.information()
    assert "another level" in str(found)
    assert ">another level<" in found._repr_html_()
    frame = found.to_frame()
    assert list(frame["variable"]) == [each.variable for each in found.learnt]
    assert {"bits", "other_level", "cause"} <= set(frame.columns)
    assert len(found.to_dict()["learnt"]) == len(found.learnt)


def test_electrolytes_are_what_there_is_to_learn_beside_a_water_tablet() -> None:
    thiazide = {"age": 60, "diuretic_use": True, "muscle_cramps": True, "muscle_twitching": "frequent"}
    found = by_variable(dx.diagnose({**thiazide, "muscle_weakness": True}, "knee_twitching"))
    tests = [name for name, each in found.items() if each.role == "test"]
    assert tests[0] == "serum_potassium"
    assert found["serum_potassium"].cause == "hypokalaemia"
    assert found["serum_potassium"].bits == max(found[name].bits for name in tests)
