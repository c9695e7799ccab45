"""The shipped model: its names, its facts, its sources, and what it says about eight people."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import twitchdx as dx
from twitchdx.engines import get_engine
from twitchdx.evidence import parse_evidence
from twitchdx.loading import find_model
from twitchdx.network import recompile
from twitchdx.numerics import read_only
from twitchdx.spec import LEVELS, Condition, ModelSpec, replace_estimates, walk_estimates
from twitchdx.steps import Situation, TriageRules
from twitchdx.validation import read_validation

HERE = Path(__file__).parent
FACTS = (HERE / "data" / "seed_fact_ids.txt").read_text(encoding="utf-8").split()
CASES = sorted(path.stem for path in (find_model("knee_twitching") / "cases").glob("*.json"))
TRUTH = ("absent", "present")

CAUSES = """
muscle_fatigue_strain benign_fasciculation anxiety_stress dehydration hypokalaemia hypocalcaemia
hypomagnesaemia vitamin_d_deficiency vitamin_b6_deficiency vitamin_b12_deficiency diuretic_effect
corticosteroid_effect estrogen_effect other_drug_effect caffeine_excess stimulant_toxicity als
neuromyotonia other_autoimmune hyperthyroidism lumbar_radiculopathy cervical_myelopathy
peripheral_neuropathy
""".split()
PLAIN_RISK_FACTORS = """
heat_or_sweating vomiting_or_diarrhoea strenuous_exercise diuretic_use corticosteroid_use
estrogen_use amphetamine_use other_stimulant_use family_history_als autoimmune_history thymoma
kidney_disease pregnancy vegan_diet low_sun_exposure alcohol_excess proton_pump_inhibitor_use
metformin_use psychological_stress
""".split()
OTHER_RISK_FACTORS = {
    "sex": ("female", "male"),
    "fluid_intake": ("adequate", "low"),
    "caffeine_intake": ("low", "moderate", "high", "overdose"),
}
PLAIN_FINDINGS = """
twitching_knee_or_thigh twitching_widespread muscle_cramps muscle_pain muscle_weakness
muscle_wasting muscle_stiffness symptoms_progressing trouble_balancing difficulty_swallowing
difficulty_speaking numbness_or_tingling fatigue palpitations tremor excessive_sweating insomnia
thirst dizziness weight_loss confusion chest_pain back_pain examined_weakness examined_wasting
visible_fasciculation brisk_reflexes tongue_fasciculation
""".split()
OTHER_FINDINGS = {
    "muscle_twitching": ("none", "occasional", "frequent", "continuous"),
    "twitching_duration": ("days", "weeks", "months", "over_a_year"),
}
TESTS = """
serum_potassium serum_calcium serum_magnesium vitamin_d_level vitamin_b12_level vitamin_b6_level tsh
creatine_kinase emg caspr2_antibody urine_drug_screen lumbar_mri
""".split()


@functools.cache
def model() -> dx.Model:
    return dx.load_model("knee_twitching")


def spec() -> ModelSpec:
    found = model()._assembled.spec
    assert found is not None
    return found


def evidence_of(case: str) -> dict:
    path = find_model("knee_twitching") / "cases" / f"{case}.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))["evidence"])


@functools.cache
def diagnosis(case: str) -> dx.Diagnosis:
    return model().diagnose(evidence_of(case))


def test_it_ships_and_has_no_warnings() -> None:
    assert "knee_twitching" in dx.available_models()
    assert model().name == "knee_twitching"
    assert model().warnings == ()
    assert model().complaint == "muscle_twitching"


def test_it_has_the_names_and_states_that_others_rely_on() -> None:
    causes, factors, findings, tests = model().causes, model().risk_factors, model().findings, model().tests
    assert set(CAUSES) <= set(causes)
    assert all(cause.states[0] == "absent" for cause in causes.values())
    expected = OTHER_RISK_FACTORS | dict.fromkeys(PLAIN_RISK_FACTORS, TRUTH)
    assert {name: factors[name].states for name in expected} == expected
    expected = OTHER_FINDINGS | dict.fromkeys(PLAIN_FINDINGS, TRUTH)
    assert {name: findings[name].states for name in expected} == expected
    assert set(TESTS) <= set(tests)
    assert factors["age"].unit == "years"
    assert len(causes["als"].states) > 2
    for electrolyte in ("hypokalaemia", "hypocalcaemia", "hypomagnesaemia"):
        assert len(causes[electrolyte].states) > 2


def test_under_eighteen_is_an_error_that_says_so() -> None:
    with pytest.raises(dx.EvidenceError, match="adult"):
        model().diagnose({"age": 17})


@pytest.mark.parametrize(
    ("name", "value", "state"),
    [
        ("age", 18, "from_18_to_39"),
        ("age", "62 years", "from_60_to_79"),
        ("serum_potassium", "3.1 mmol/L", "low"),
        ("serum_potassium", "3.1 mEq/L", "low"),
        ("serum_potassium", 4.2, "normal"),
        ("serum_calcium", "2.4 mmol/L", "normal"),
        # 9.6 mg/dL / 4.008 = 2.395 mmol/L
        ("serum_calcium", "9.6 mg/dL", "normal"),
        ("serum_magnesium", "0.85 mmol/L", "normal"),
        ("tsh", "2 mIU/L", "normal"),
    ],
)
def test_measurements_are_understood(name: str, value: object, state: str) -> None:
    assert parse_evidence({name: value}, model()._specs).states == {name: state}


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_of_the_seed_article_is_answered(fact: str) -> None:
    assert fact in spec().facts
    holders = [
        entry
        for section in (
            "risk_factors",
            "causes",
            "processes",
            "findings",
            "tests",
            "care_levels",
            "triage_rules",
            "steps",
        )
        for entry in getattr(spec(), section).values()
    ]
    assert any(fact in entry.answers for entry in [spec().model, *holders])


def test_the_list_of_facts_is_complete() -> None:
    assert len(FACTS) == len(set(FACTS)) == 59
    assert set(spec().facts) == set(FACTS)


def test_every_number_has_a_source_or_a_rationale_and_its_uncertainty() -> None:
    parameters = model().parameters()
    assert len(parameters) > 300
    for each in parameters:
        assert each.sources or each.note, each.path
        assert set(each.sources) <= set(model().references), each.path
        if each.grade == "judgement":
            assert each.note, each.path
        if each.grade != "definition":
            assert each.n is not None or (each.low is not None and each.high is not None), each.path
        if each.low is not None and each.high is not None:
            assert each.low <= each.value <= each.high, each.path


def test_every_rule_and_step_has_a_source_or_a_note_and_every_reference_is_used() -> None:
    used = {source for parameter in model().parameters() for source in parameter.sources}
    for section in ("care_levels", "triage_rules", "steps"):
        for name, entry in getattr(spec(), section).items():
            assert section == "care_levels" or entry.sources or entry.note, name
            used.update(entry.sources)
    used.update(
        s for _, each in spec().variables().values() if each.measurement for s in each.measurement.sources
    )
    figures = read_validation(find_model("knee_twitching")).figures.values()
    used.update(source for figure in figures for source in figure.sources)
    assert set(model().references) - used == set()


def test_the_card_says_what_the_leak_of_frequent_twitching_does() -> None:
    path = ("findings", "muscle_twitching", "distribution", "noisy_max", "leak", "frequent")
    leak = dict(walk_estimates(spec()))[path]
    card = (find_model("knee_twitching") / "MODEL_CARD.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (0\.\d+) \| ([\d.]+) % \| 1 in ([\d,]+) \| ([\d.]+) % \|$", card, re.MULTILINE)
    assert [float(value) for value, *_ in rows] == [0.003, 0.01, 0.03, 0.1]
    frequent = read_only(np.eye(4)[2])
    for value, often, als, benign in rows:
        changed = replace_estimates(spec(), {path: replace(leak, value=float(value))})
        network = recompile(changed, spec(), model().network)
        beforehand = get_engine("exact").answer(network, {}, ["muscle_twitching"]).marginals
        answer = get_engine("exact").answer(
            network, {"muscle_twitching": frequent}, ["als", "benign_fasciculation"]
        )
        # As precise as it is written: two or three digits.
        assert float(often) == pytest.approx(100 * beforehand["muscle_twitching"][2:].sum(), rel=0.03)
        assert float(als.replace(",", "")) == pytest.approx(1 / answer.marginals["als"][1:].sum(), rel=0.03)
        assert float(benign) == pytest.approx(100 * answer.marginals["benign_fasciculation"][1], rel=0.03)


def test_there_is_a_case_for_each_situation() -> None:
    assert len(CASES) >= 8
    for case in CASES:
        path = find_model("knee_twitching") / "cases" / f"{case}.json"
        content = json.loads(path.read_text(encoding="utf-8"))
        assert content["model"] == "knee_twitching"
        assert content["title"]
        assert content["description"]


def leading(answer: dx.Diagnosis, count: int = 1) -> set[str]:
    assert all(each.responsibility is not None for each in answer.differential)
    return {each.cause for each in answer.differential[:count]}


def offered_tests(answer: dx.Diagnosis) -> list[str]:
    return [test for step in answer.next_steps for test in step.tests]


def test_after_a_hard_run_muscle_fatigue_explains_it() -> None:
    answer = diagnosis("healthy_runner")
    assert leading(answer) == {"muscle_fatigue_strain"}
    assert answer.posterior["als"] < 1e-4
    assert answer.triage is not None
    assert answer.triage.level == "self_care"
    kinds = {step.kind for step in answer.next_steps}
    assert {"self_care", "monitor"} <= kinds
    # No blood test, nor any other, and nobody is sent to a doctor.
    assert not kinds & {"test", "seek_care"}
    assert offered_tests(answer) == []
    # Rest, fluids, and exercise that suits.
    said = " ".join(step.action.casefold() for step in answer.next_steps if step.kind == "self_care")
    assert all(word in said for word in ("rest", "exercise"))
    assert any(word in said for word in ("water", "fluid", "drink"))


def test_after_six_coffees_caffeine_explains_it() -> None:
    answer = diagnosis("six_coffees")
    assert leading(answer) == {"caffeine_excess"}
    assert answer.triage is not None
    assert answer.triage.level == "self_care"
    first = answer.next_steps[0]
    assert first.kind == "self_care"
    assert "caffeine_excess" in first.for_causes
    assert first.try_for_days is not None
    # A doctor, if it persists.
    said = " ".join(f"{step.action} {step.reason}".casefold() for step in answer.next_steps)
    assert "doctor" in said


def test_with_a_thiazide_potassium_and_the_drug_lead_together() -> None:
    answer = diagnosis("thiazide")
    assert leading(answer, 2) == {"hypokalaemia", "diuretic_effect"}
    assert answer.triage is not None
    assert answer.triage.level == "urgent"
    blood = next(step for step in answer.next_steps if step.kind == "test")
    assert {"serum_potassium", "serum_calcium", "serum_magnesium"} <= set(blood.tests)
    review = next(step for step in answer.next_steps if step.kind == "medication_review")
    assert "diuretic_effect" in review.for_causes
    assert review.prescription or "doctor" in review.action.casefold()


def test_examined_weakness_wasting_and_brisk_reflexes_point_at_als() -> None:
    answer = diagnosis("examined_progressive_weakness")
    assert "als" in leading(answer, 2)
    # About 1 in 15,000 at that age, before anything else is known.
    at_62 = model().diagnose({"age": 62}).posterior["als"]
    assert 1 / 30_000 < at_62 < 1 / 8_000
    assert answer.posterior["als"] > 1000 * at_62
    assert answer.triage is not None
    assert answer.triage.level == "urgent"
    offered = offered_tests(answer)
    assert "emg" in offered
    # Root lesion and reversible causes are still tested.
    assert {"lumbar_mri", "creatine_kinase"} <= set(offered)
    assert any("cervical_myelopathy" in step.for_causes for step in answer.next_steps)


def test_the_same_signs_only_reported_by_a_young_person_do_not() -> None:
    answer = diagnosis("reported_weakness_only")
    assert answer.posterior["als"] < 0.05
    assert "als" not in leading(answer, 2)
    assert answer.triage is not None
    # Weakness is a red flag all the same.
    assert LEVELS.index(answer.triage.level) >= LEVELS.index("soon")


def test_caffeine_tablets_with_chest_pain_are_an_emergency_whatever_the_posterior() -> None:
    answer = diagnosis("caffeine_tablets")
    assert answer.triage is not None
    assert answer.triage.level == "emergency"
    assert any(reason.red_flag and reason.level == "emergency" for reason in answer.triage.reasons)
    assert answer.next_steps[0].kind == "seek_care"
    # Nothing was said about twitching, so nothing explains it.
    assert all(each.responsibility is None for each in answer.differential)
    assert answer.unexplained is None


def test_stiff_sweating_and_a_thymoma_point_at_neuromyotonia() -> None:
    answer = diagnosis("thymoma_stiffness")
    assert leading(answer) == {"neuromyotonia"}
    assert {"caspr2_antibody", "emg"} <= set(offered_tests(answer))
    drug = next(step for step in answer.next_steps if "gabapentin" in step.action.casefold())
    assert drug.prescription
    assert drug.kind == "treatment"


def test_a_year_of_twitching_with_normal_strength_is_benign() -> None:
    answer = diagnosis("worried_for_a_year")
    assert leading(answer) == {"benign_fasciculation"}
    assert answer.posterior["als"] < 1e-4
    assert answer.triage is not None
    assert answer.triage.level in ("self_care", "routine")


@pytest.mark.parametrize("case", CASES)
def test_numbers_of_every_case_hold_together(case: str) -> None:
    answer = diagnosis(case)
    assert set(answer.posterior) == set(model().causes)
    for each in answer.differential:
        assert 0.0 <= each.probability <= 1.0
        assert sum(each.states.values()) == pytest.approx(1.0, abs=1e-12)
        if each.interval is not None:
            assert each.interval[0] <= each.probability <= each.interval[1]
        if each.responsibility is not None:
            assert 0.0 <= each.responsibility <= each.probability + 1e-12
    ranks = [
        (each.responsibility if each.responsibility is not None else each.probability)
        for each in answer.differential
    ]
    assert ranks == sorted(ranks, reverse=True)


# Triage: rules are a safety net under the posterior.


def observations(condition: Condition) -> set[tuple[str, str]]:
    """Every observation that a condition looks for."""
    own = {(name, state) for name, states in condition.evidence.items() for state in states}
    return own.union(*(observations(each) for each in (*condition.all, *condition.any)))


@functools.cache
def red_flags() -> tuple[tuple[str, str], ...]:
    rules = [rule for rule in spec().triage_rules.values() if rule.red_flag]
    return tuple(sorted(set().union(*(observations(rule.when) for rule in rules))))


@st.composite
def situations(draw: st.DrawFn, states: dict[str, str]) -> Situation:
    """Some observations with any probabilities at all."""
    share = st.sampled_from((0.0, 0.005, 0.05, 0.3, 0.7, 1.0))
    probability = {cause: draw(share) for cause in spec().causes}
    responsibility = {cause: probability[cause] * draw(share) for cause in probability}
    return Situation(states, probability, draw(st.sampled_from((None, responsibility))))


def level(situation: Situation, *, red_flags_only: bool = False) -> int:
    rules = {name: r for name, r in spec().triage_rules.items() if r.red_flag or not red_flags_only}
    ready = TriageRules(rules, spec().care_levels)
    return LEVELS.index(ready.triage(ready.fired(situation)).level)


@given(st.data())
def test_a_further_red_flag_never_lowers_the_level(data: st.DataObject) -> None:
    flags = data.draw(st.lists(st.sampled_from(red_flags()), unique_by=lambda flag: flag[0]))
    states = dict(flags)
    further = data.draw(st.sampled_from([flag for flag in red_flags() if flag[0] not in states]))
    before = data.draw(situations(states))
    after = Situation(states | dict([further]), before.probability, before.responsibility)
    assert level(after) >= level(before)


@given(st.data())
def test_no_probability_talks_a_red_flag_down(data: st.DataObject) -> None:
    states = dict(
        data.draw(st.lists(st.sampled_from(red_flags()), unique_by=lambda flag: flag[0], min_size=1))
    )
    first, second = data.draw(situations(states)), data.draw(situations(states))
    assert level(first, red_flags_only=True) == level(second, red_flags_only=True)
    assert level(second) >= level(first, red_flags_only=True)


def test_every_red_flag_can_fire_and_every_level_can_be_reached() -> None:
    nothing = dict.fromkeys(spec().causes, 0.0)
    reached = {LEVELS[level(Situation({}, nothing, None))]}
    for name, rule in spec().triage_rules.items():
        # All observations of a rule, one state a variable, tried one after the other where it lists several.
        fired = (
            rule.when.posterior
            or rule.when.responsibility
            or any(level_of(name, states) for states in combinations_of(rule.when))
        )
        assert fired or not rule.red_flag, name
        reached.add(rule.level)
    assert reached == set(LEVELS)


def combinations_of(condition: Condition) -> list[dict[str, str]]:
    """One choice of state for each variable that a condition looks at, by position in its list."""
    found = sorted(observations(condition))
    forward, backward = dict(found), dict(reversed(found))
    return [forward, backward]


def level_of(rule: str, states: dict[str, str]) -> bool:
    nothing = dict.fromkeys(spec().causes, 0.0)
    rules = TriageRules(spec().triage_rules, spec().care_levels)
    decided = rules.triage(rules.fired(Situation(states, nothing, None)))
    return rule in {reason.rule for reason in decided.reasons}
