"""What to do next: when a condition holds, how steps are ranked, and when one is not offered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import twitchdx as dx
from models import spoiled, write_model
from twitchdx.spec import LEVELS, Condition, Threshold
from twitchdx.steps import Situation, predicate


@pytest.fixture
def hinge(tmp_path: Path) -> dx.Model:
    return dx.load_model(write_model(tmp_path / "squeaking_hinge"))


def steps(model: dx.Model, evidence: dict) -> list[str]:
    return [step.id for step in model.diagnose(evidence).next_steps]


SITUATION = Situation({"a": "present", "b": "much"}, {"x": 0.5, "y": 0.1}, {"x": 0.25, "y": 0.0})
YES, NO = Condition(evidence={"a": ("present",)}), Condition(evidence={"a": ("absent",)})


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Condition(), True),
        (YES, True),
        (NO, False),
        (Condition(evidence={"b": ("some", "much")}), True),
        (Condition(evidence={"a": ("present",), "b": ("some",)}), False),
        # Not observed is not absent: neither state holds.
        (Condition(evidence={"c": ("absent", "present")}), False),
        (Condition(posterior={"x": Threshold(at_least=0.5)}), True),
        (Condition(posterior={"x": Threshold(below=0.5)}), False),
        (Condition(posterior={"x": Threshold(at_least=0.5), "y": Threshold(below=0.1)}), False),
        (Condition(responsibility={"x": Threshold(at_least=0.25)}), True),
        (Condition(responsibility={"y": Threshold(below=0.1)}), True),
        (Condition(any=(NO, YES)), True),
        (Condition(any=(NO, NO)), False),
        (Condition(all=(YES, YES)), True),
        (Condition(all=(YES, NO)), False),
        (Condition(evidence={"a": ("present",)}, any=(NO,)), False),
        (Condition(all=(Condition(any=(NO, YES)), Condition(all=(YES,)))), True),
    ],
)
def test_a_condition_holds_when_all_that_it_lists_holds(condition: Condition, expected: bool) -> None:
    assert predicate(condition)(SITUATION) is expected


thresholds = st.builds(Threshold, at_least=st.sampled_from([0.0, 0.1, 0.5])) | st.builds(
    Threshold, below=st.sampled_from([0.1, 0.5])
)
flat_conditions = st.builds(
    Condition,
    evidence=st.dictionaries(
        st.sampled_from("abc"), st.sampled_from([("present",), ("much", "some")]), max_size=2
    ),
    posterior=st.dictionaries(st.sampled_from("xy"), thresholds, max_size=1),
    responsibility=st.dictionaries(st.sampled_from("xy"), thresholds, max_size=1),
)
conditions = st.recursive(
    flat_conditions,
    lambda inner: st.builds(
        lambda flat, every, some: replace(flat, all=tuple(every), any=tuple(some)),
        flat_conditions,
        st.lists(inner, max_size=2),
        st.lists(inner, max_size=3),
    ),
    max_leaves=8,
)


def read_literally(condition: Condition, situation: Situation) -> bool:
    """The meaning of a condition, clause by clause."""

    def within(bound: Threshold, p: float) -> bool:
        return p >= bound.at_least if bound.at_least is not None else p < (bound.below or 0.0)

    clauses = [situation.states.get(name) in states for name, states in condition.evidence.items()]
    clauses += [within(bound, situation.probability[name]) for name, bound in condition.posterior.items()]
    clauses += [
        situation.responsibility is not None and within(bound, situation.responsibility[name])
        for name, bound in condition.responsibility.items()
    ]
    clauses += [read_literally(each, situation) for each in condition.all]
    if condition.any:
        clauses.append(any(read_literally(each, situation) for each in condition.any))
    return all(clauses)


@given(conditions, st.booleans())
def test_a_condition_means_what_it_lists(condition: Condition, explained: bool) -> None:
    situation = SITUATION if explained else replace(SITUATION, responsibility=None)
    assert predicate(condition)(situation) is read_literally(condition, situation)


def test_without_a_complaint_no_bound_on_a_responsibility_holds() -> None:
    situation = Situation({}, {"x": 0.5}, None)
    for bound in (Threshold(at_least=0.0), Threshold(below=1.0)):
        assert not predicate(Condition(responsibility={"x": bound}))(situation)


def test_the_level_is_the_highest_that_fires_and_every_reason_is_told(hinge: dx.Model) -> None:
    quiet = hinge.diagnose({}).triage
    assert quiet is not None
    assert (quiet.level, quiet.reasons, quiet.reason) == ("self_care", (), "It can wait.")
    wobbling = hinge.diagnose({"wobble": True}).triage
    assert wobbling is not None
    assert (wobbling.level, [each.rule for each in wobbling.reasons]) == ("soon", ["wobbling"])
    assert wobbling.action == "Call the carpenter."
    both = hinge.diagnose({"wobble": True, "squeak": "loud", "rust": "severe"}).triage
    assert both is not None
    assert both.level == "emergency"
    assert [each.rule for each in both.reasons] == ["loud_and_wobbling", "wobbling", "likely_rust"]
    # A rule's own action comes before that of its level.
    assert both.action == "Leave the room now."
    assert both.reason == "A loud squeak in a door that wobbles comes before a fall."


def test_a_likely_red_flag_counts_though_it_is_soft_evidence(hinge: dx.Model) -> None:
    likely = hinge.diagnose({"wobble": {"absent": 0.2, "present": 1.0}}).triage
    unlikely = hinge.diagnose({"wobble": {"absent": 1.0, "present": 0.2}}).triage
    assert likely is not None
    assert unlikely is not None
    assert (likely.level, unlikely.level) == ("soon", "self_care")


def test_steps_stand_by_the_weight_of_the_causes_that_they_serve(hinge: dx.Model) -> None:
    answer = hinge.diagnose({"squeak": "loud", "wobble": True, "season": "dry"})
    found = {step.id: step for step in answer.next_steps}
    assert next(iter(found)) == "seek_care"
    # A rule asks for care soon where wear is certain: a danger counts by its probability.
    assert [each.cause for each in answer.differential if each.watched] == ["wear"]
    share = {
        each.cause: each.probability if each.watched else each.responsibility or 0.0
        for each in answer.differential
    }
    assert found["oil_it"].weight == pytest.approx(share["rust"] + share["wear"], rel=1e-12)
    assert found["measure_rust"].weight == pytest.approx(share["rust"], rel=1e-12)
    weights = [step.weight for step in answer.next_steps[1:]]
    assert weights == sorted(weights, reverse=True)
    assert set(found["oil_it"].for_causes) == {"rust", "wear"}
    assert found["oil_it"].try_for_days == 7
    # What needs the care that triage asks for waits as long; the rest can begin today.
    assert found["measure_rust"].urgency == "emergency"
    assert found["oil_it"].urgency == "self_care"


def test_a_step_is_offered_only_where_it_applies(hinge: dx.Model) -> None:
    assert "oil_it" in steps(hinge, {"squeak": "soft"})
    # `when` needs an observation; `unless` is a contraindication.
    assert "oil_it" not in steps(hinge, {"rust": "severe"})
    assert "oil_it" not in steps(hinge, {"squeak": "soft", "season": "damp"})
    # A test is available from `soon`, and not done twice; a question answered is not asked.
    assert "measure_rust" not in steps(hinge, {"squeak": "soft"})
    assert "measure_rust" in steps(hinge, {"squeak": "soft", "wobble": True})
    assert "measure_rust" not in steps(hinge, {"squeak": "soft", "wobble": True, "rust_meter": 3})
    assert "ask_for_wobble" in steps(hinge, {"squeak": "soft"})
    assert "ask_for_wobble" not in steps(hinge, {"squeak": "soft", "wobble": True})


def test_a_step_below_the_threshold_is_not_offered(tmp_path: Path) -> None:
    old = "step_threshold: {value: 0.05, low: 0.01, high: 0.1"
    strict = spoiled((old, "step_threshold: {value: 0.99, low: 0.9, high: 1.0"))
    model = dx.load_model(write_model(tmp_path, strict))
    # A step without causes serves the complaint whatever its cause.
    assert steps(model, {"squeak": "soft"}) == ["ask_for_wobble"]


def test_every_source_that_is_named_is_cited(hinge: dx.Model) -> None:
    answer = hinge.diagnose({"squeak": "loud", "wobble": True, "season": "dry"})
    named = {source for step in answer.next_steps for source in step.sources}
    named |= {source for step in answer.next_steps for effect in step.effects for source in effect.sources}
    assert answer.triage is not None
    named |= {source for reason in answer.triage.reasons for source in reason.sources}
    cited = {source.id: source for source in answer.record.sources}
    assert named == set(cited)
    assert cited["hinge2001"].url == "https://doi.org/10.1000/hinge"
    assert cited["hinge2001"].citation == (
        "Hinge and The Door Group (2001). On hinges. Journal of Doors 3, 1-9."
    )


@pytest.mark.parametrize("highest", ["self_care", "routine", "soon", "urgent", "emergency"])
@pytest.mark.parametrize(
    ("evidence", "level"),
    [
        ({"squeak": "soft"}, "self_care"),
        ({"wobble": True}, "soon"),
        ({"squeak": "loud", "wobble": True}, "emergency"),
    ],
)
def test_a_step_is_offered_up_to_its_greatest_level_of_care(
    tmp_path: Path, highest: str, evidence: dict, level: str
) -> None:
    asks = "    asks: [wobble]\n"
    texts = spoiled((asks, f"    asks: [annoyed_owner]\n    available_to: {highest}\n"))
    model = dx.load_model(write_model(tmp_path / "squeaking_hinge", texts))
    triage = model.diagnose(evidence).triage
    assert triage is not None
    assert triage.level == level
    assert ("ask_for_wobble" in steps(model, evidence)) == (LEVELS.index(level) <= LEVELS.index(highest))


def test_a_step_says_what_it_was_found_to_change(hinge: dx.Model) -> None:
    (oil,) = [step for step in hinge.diagnose({"squeak": "soft"}).next_steps if step.id == "oil_it"]
    assert [(each.cause, each.outcome, each.form) for each in oil.effects] == [
        ("wear", "decibels of the squeak", "difference"),
        ("wear", "a broken pin within a year", "hazard_ratio"),
    ]
    assert [(each.value, each.low, each.high) for each in oil.effects] == [(-6.0, -9.0, 1.0), (0.7, 0.5, 0.9)]
    assert {each.sources for each in oil.effects} == {("hinge2001",)}
