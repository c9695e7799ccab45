"""Expected utilities of levels of care, against every world of a small model."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import twitchdx as dx
from models import spoiled, write_model
from oracle import Enumeration
from twitchdx.spec import LEVELS

_CARE = {
    "self_care": ("Do it yourself, action: Look at it., reason: It can wait., sources: [manual]", 30.0, 0.0),
    "routine": ("At the next visit, action: Tell the carpenter., reason: It is no hurry.", 10.0, 0.3),
    "emergency": ("At once, action: Leave the room., reason: The door may fall.", 0.05, 6.0),
}
HAZARDS = {
    "fall": (100.0, {"rust": {"mild": 0.002, "severe": 0.01}, "wear": {"present": 0.004}}),
    "jam": (20.0, {"wear": {"present": 0.03}}),
}


def number(value: float, form: str = "quantity") -> str:
    ends = f"low: {0.5 * value}, high: {2 * value}"
    return f"{{value: {value}, {ends}, form: {form}, grade: judgement, note: a guess}}"


def texts(care: dict[str, tuple[str, float, float]] = _CARE) -> dict[str, str]:
    def timed(text: str, delay: float, cost: float) -> str:
        return f"{{label: {text}, delay_days: {number(delay)}, burden: {number(cost)}}}"

    changes = [(f"{{label: {each[0]}}}", timed(*each)) for each in care.values()]
    written = spoiled(*changes)
    start = written["c_steps.yaml"].index("decision:\n")
    lines = ["decision:", "  unit: quiet days", f"  money_per_unit: {number(60.0)}", "  outcomes:"]
    for name, (loss, hazards) in HAZARDS.items():
        lines += [f"    {name}:", f"      label: A {name}", "      definition: What a guess says."]
        lines += [f"      loss: {number(loss)}", "      hazards:"]
        for cause, states in hazards.items():
            rates = ", ".join(f"{state}: {number(each, 'rate')}" for state, each in states.items())
            lines.append(f"        {cause}: {{{rates}}}")
    return {**written, "c_steps.yaml": written["c_steps.yaml"][:start] + "\n".join(lines) + "\n"}


@pytest.fixture(scope="module")
def hinge(tmp_path_factory: pytest.TempPathFactory) -> dx.Model:
    return dx.load_model(write_model(tmp_path_factory.mktemp("models") / "squeaking_hinge", texts()))


@pytest.mark.parametrize("engine", ["exact", "pgmpy"])
@pytest.mark.parametrize("evidence", [{}, {"squeak": "loud"}, {"wobble": True, "rust": "mild"}])
def test_they_are_means_over_all_worlds(hinge: dx.Model, evidence: dict[str, object], engine: str) -> None:
    answer = hinge.diagnose(evidence, engine=engine)
    found = answer.expected_utilities()
    network = hinge.network
    observed = {name: state.index(1.0) for name, state in _likelihoods(answer).items()}
    worlds = [
        (p, world)
        for p, world, _ in Enumeration(network).worlds
        if all(world[name] == state for name, state in observed.items())
    ]
    total = math.fsum(p for p, _ in worlds)
    assert [each.level for each in found.levels] == [level for level in LEVELS if level in _CARE]
    for each in found.levels:
        _, delay, cost = _CARE[each.level]
        expected = 0.0
        for outcome, (loss, hazards) in HAZARDS.items():
            spared = 0.0
            for p, world in worlds:
                rate = sum(
                    states.get(network[cause].states[world[cause]], 0.0) for cause, states in hazards.items()
                )
                spared += p * math.exp(-rate * delay)
            (chance,) = [one.probability for one in each.outcomes if one.outcome == outcome]
            assert chance == pytest.approx(1.0 - spared / total, rel=1e-9, abs=1e-12)
            expected += loss * (1.0 - spared / total)
        assert each.expected_loss == pytest.approx(expected, rel=1e-9, abs=1e-10)
        assert each.expected_utility == pytest.approx(-cost - expected, rel=1e-9)
    best = max(found.levels, key=lambda each: each.expected_utility)
    assert found.best == best.level


def _likelihoods(answer: dx.Diagnosis) -> dict[str, list[float]]:
    return {name: np.asarray(each).tolist() for name, each in answer.evidence.likelihoods.items()}


def test_a_longer_delay_is_never_safer_and_a_shared_harm_counts_once(hinge: dx.Model) -> None:
    found = hinge.diagnose({"squeak": "loud", "rust": "severe", "wear": True}).expected_utilities()
    by_level = {each.level: each for each in found.levels}
    fall = {level: each.outcomes[0].probability for level, each in by_level.items()}
    assert fall["emergency"] < fall["routine"] < fall["self_care"]
    # Both causes are certain: rates add, and probabilities do not.
    assert fall["self_care"] == pytest.approx(1.0 - math.exp(-(0.01 + 0.004) * 30.0), rel=1e-12)


def test_what_is_dearer_is_worth_it_where_the_danger_is(hinge: dx.Model) -> None:
    calm = hinge.diagnose({"squeak": "none", "rust": "absent", "wear": False}).expected_utilities()
    grave = hinge.diagnose({"squeak": "loud", "rust": "severe", "wear": True}).expected_utilities()
    assert calm.best == "self_care"
    assert grave.best != "self_care"
    assert all(each.expected_loss == 0.0 for each in calm.levels)


def best(answer: dx.Diagnosis) -> float:
    return max(each.expected_utility for each in answer.expected_utilities().levels)


@pytest.mark.parametrize("evidence", [{"squeak": "loud"}, {"squeak": "soft", "age": 30}])
def test_the_value_of_information_is_that_of_the_decision_tree(
    hinge: dx.Model, evidence: dict[str, object]
) -> None:
    answer = hinge.diagnose(evidence)
    found = answer.information()
    assert found.unit == "quiet days"
    # The tree, branch by branch: learn, then take the best level. And the same with every cause told.
    certain = math.fsum(
        p * best(hinge.diagnose({**evidence, **world})) for p, world in _worlds_of_causes(hinge, answer)
    )
    for learnt in found.learnt:
        branches = answer.distribution(learnt.variable)
        expected = math.fsum(
            p * best(hinge.diagnose({**evidence, learnt.variable: state}))
            for state, p in branches.items()
            if p > 0.0
        )
        assert learnt.value == pytest.approx(max(expected - best(answer), 0.0), rel=1e-7, abs=1e-9)
        assert 0.0 <= (learnt.value or 0.0) <= certain - best(answer) + 1e-9
    assert any((each.value or 0.0) > 0.0 for each in found.learnt)


def _worlds_of_causes(hinge: dx.Model, answer: dx.Diagnosis) -> list[tuple[float, dict[str, str]]]:
    observed = {name: state.index(1.0) for name, state in _likelihoods(answer).items()}
    total: dict[tuple[str, ...], float] = {}
    for p, world, _ in Enumeration(hinge.network).worlds:
        if all(world[name] == state for name, state in observed.items()):
            key = tuple(hinge.network[cause].states[world[cause]] for cause in hinge.causes)
            total[key] = total.get(key, 0.0) + p
    whole = math.fsum(total.values())
    return [(p / whole, dict(zip(hinge.causes, key, strict=True))) for key, p in total.items() if p > 0.0]


def test_what_tells_nothing_about_the_causes_is_worth_nothing(hinge: dx.Model) -> None:
    told = hinge.diagnose({"rust": "severe", "wear": True})
    for each in told.information().learnt:
        assert each.value == pytest.approx(0.0, abs=1e-9)


def test_a_model_that_states_none_says_how_to_state_them(tmp_path: Path) -> None:
    plain = dx.load_model("chest_clinic").diagnose({})
    with pytest.raises(dx.ModelError, match="decision"):
        plain.expected_utilities()
    assert plain.information().unit is None
    assert {each.value for each in plain.information().learnt} == {None}
    without = dx.load_model(write_model(tmp_path / "squeaking_hinge"))
    with pytest.raises(dx.ModelError, match="delay_days"):
        without.diagnose({}).expected_utilities()


def test_they_show_as_a_table_and_a_frame(hinge: dx.Model) -> None:
    found = hinge.diagnose({"squeak": "loud"}).expected_utilities()
    assert "quiet days" in str(found)
    assert ">expected utility<" in found._repr_html_()
    frame = found.to_frame()
    assert list(frame["level"]) == [each.level for each in found.levels]
    assert list(frame["expected_utility"]) == [each.expected_utility for each in found.levels]
